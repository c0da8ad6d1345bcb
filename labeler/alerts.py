"""What is wrong with labels and with Jira; and, for those who asked, the pull requests of a component that are red."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.models import Area
from labeler.figures import state_counts
from labeler.labels import State
from labeler.models import JiraContact, LabelState
from sync.models import PullRequest

RULES = (
    Rule("service_jira", "Jira does not answer", 2, "minutes", acknowledge=240),
    Rule("labels_drift", "Labels were changed by hand", 10, "labels"),
    Rule("pull_red", "A pull request turned red (told to those who subscribe to its component)"),
)
FED_BY = ("worker", "job:label_pulls", "service:github", "token:github")


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Return what is wrong with labels, and each open pull request that is red."""
    drift = state_counts(everything=False).get(State.DRIFT, 0)
    found = [service(JiraContact.load(), now, limits.length("service_jira")), drifted(drift, limits["labels_drift"])]
    pulls = PullRequest.objects.filter(state=PullRequest.State.OPEN, ci_state=PullRequest.CIState.FAILURE)
    tickets = LabelState.objects.filter(pull__in=pulls, ticket__known=True)
    components = dict(tickets.values_list("pull_id", "ticket__components"))
    found += [red(pull, components.get(pull.pk, ())) for pull in pulls]
    return [each for each in found if each]


def service(jira: JiraContact, now: datetime, patience: timedelta) -> Finding | None:
    """Judge how long Jira has given no usable answer."""
    if jira.silent_since is None or now - jira.silent_since < patience:
        return None
    return Finding(
        "service_jira",
        "Jira",
        Severity.BAD,
        f"Jira has not answered for {{time}}: {jira.problem or 'no reason is known'}",
        jira.silent_since,
        url=reverse("labels"),
        area=Area.LABELS,
        ends_when="it answers",
        cause_of=("service:jira",),
        under=("worker", "token:jira"),
    )


def drifted(number: int, limit: float) -> Finding | None:
    """Judge on how many open pull requests a person changed the labels against their ticket."""
    if number <= limit:
        return None
    whose = f"the labels of {number} open pull requests"
    text = f"{whose} were changed by hand and differ from their tickets, too many for {{time}}"
    ends = f"no more than {limit:g} differ"
    facts: dict[str, Any] = {
        "url": reverse("labels"),
        "area": Area.LABELS,
        "under": (*FED_BY, "service:jira", "token:jira"),
    }
    return Finding("labels_drift", "labels", Severity.WARN, text, ends_when=ends, **facts)


def red(pull: PullRequest, components: Iterable[str]) -> Finding:
    """Return that a pull request is red, for those who want to hear of it."""
    tags = (*(f"component:{name}" for name in components), f"author:{pull.author}")
    return Finding(
        "pull_red",
        str(pull),
        Severity.INFO,
        f"{pull} {pull.title[:120]}: {pull.why or 'its build failed {time} ago'}",
        pull.why_since,
        url=reverse("pull_request", args=[pull.number]),
        area=Area.PULLS,
        ends_when="its next build succeeds",
        under=("worker", "job:sync_pulls"),
        tags=tags,
    )
