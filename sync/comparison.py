"""What stands outside of mirrored branches, CI branches, reports and commands, against what we would have there."""

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef
from django.urls import reverse

from flinkci_dashboard.comparison import Agreement, Difference, compared
from flinkci_dashboard.web.durations import Lasting
from sync.mirrors.plan import MEANINGS
from sync.mirrors.values import BranchState
from sync.models import CIBranch, CommandComment, MirrorBranch, PullRequest
from sync.pulls.figures import say_why

COMMANDS = timedelta(days=14)  # that are looked back on


def agreements(now: datetime) -> list[Agreement]:
    """Return what git-repo-sync and ci-bot did, or we do."""
    return [_mirrored(now), _branches(now), _reports(now), _commands(now)]


def _mirrored(now: datetime) -> Agreement:
    rows = MirrorBranch.objects.filter(selected=True)
    differ = rows.exclude(state=BranchState.IN_SYNC)
    facts = {"title": "Mirrored branches", "job": "sync_mirrors", "bot": "git-repo-sync", "url": reverse("mirrors")}
    return compared(now, rows, differ, "state_since", _branch, **facts)


def _branches(now: datetime) -> Agreement:
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    differ = rows.filter(~Exists(CIBranch.objects.filter(number=OuterRef("number"), sha=OuterRef("head_sha"))))
    tell = partial(_pull, since="head_seen_at")
    return compared(now, rows, differ, "head_seen_at", tell, **_by_ci_bot("Branches of open pull requests"))


def _reports(now: datetime) -> Agreement:
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    differ = rows.filter(report_due_since__isnull=False)
    tell = partial(_pull, since="report_due_since")
    return compared(now, rows, differ, "report_due_since", tell, **_by_ci_bot("CI reports"))


def _commands(now: datetime) -> Agreement:
    rows = CommandComment.objects.filter(commented_at__gt=now - COMMANDS, known=True).select_related("pull")
    differ = rows.filter(state=CommandComment.State.WAITING)
    return compared(now, rows, differ, "commented_at", _command, **_by_ci_bot("Commands of the last 14 days"))


def _by_ci_bot(title: str) -> dict[str, str]:
    return {"title": title, "job": "sync_pulls", "bot": "ci-bot", "url": reverse("pull_requests")}


def _branch(row: MirrorBranch) -> Difference:
    reason = Lasting(row.detail or MEANINGS[BranchState(row.state)].meaning)
    return Difference(row.name, reason, row.state_since, reverse("mirrors"))


def _pull(row: PullRequest, since: str) -> Difference:
    reason = Lasting("; ".join(row.plan)) if row.plan else say_why(row)
    return Difference(str(row), reason, getattr(row, since), _at(row))


def _command(row: CommandComment) -> Difference:
    why = say_why(row.pull)
    reason = Lasting(f"“{row.words}” waits: {why.text}", why.since)
    return Difference(str(row.pull), reason, row.commented_at, _at(row.pull))


def _at(pull: PullRequest) -> str:
    return reverse("pull_request", args=[pull.number])
