"""Where heads left their base branch that failed and that we never pushed: GitHub is asked once for each."""

from django.db.models import Exists, OuterRef

from agents.failures.heads import remember_head
from agents.models import Build, PullHead
from flinkci_dashboard.clients.errors import NotFoundError, RefusedError
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.jobs.run import Pass
from sync.models import PullRequest

MOST = 5  # in one pass


def read_bases(current: Pass, github: GitHub) -> None:
    """Note what the failed heads of open pull requests change. Raises the errors of `clients.errors`.

    What a push of ours fetched is known already; others have run elsewhere, or were pushed by the bot before us.
    """
    failed = Build.objects.filter(version=OuterRef("head_sha"), failed_jobs__gt=0)
    known = PullHead.objects.filter(number=OuterRef("number"), sha=OuterRef("head_sha"))
    pulls = PullRequest.objects.filter(Exists(failed), ~Exists(known), state=PullRequest.State.OPEN)
    for number, base, sha in pulls.order_by("-number").values_list("number", "base", "head_sha")[:MOST]:
        try:
            fork = github.fork(base, sha)
        except (NotFoundError, RefusedError):  # the branch or the commit is gone, or they have nothing in common
            remember_head(number, sha, "", current.now, (), current.now)
            continue
        remember_head(number, sha, fork.sha, fork.at, fork.files, current.now)
        current.count("bases_read")
