"""The labels that stand on open pull requests, against what their tickets' components ask for."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.comparison import Agreement, Difference, compared
from flinkci_dashboard.web.durations import Lasting
from labeler.labels import JOB, State
from labeler.models import LabelState
from sync.models import PullRequest

JUDGED = (State.RIGHT, State.CHANGE, State.DRIFT)  # the others have no ticket that asks for anything
HAND = "Somebody has changed these labels by hand, which pr-labeler undoes and we leave."


def agreements(now: datetime) -> list[Agreement]:
    """Return what pr-labeler did, or we do."""
    rows = LabelState.objects.filter(pull__state=PullRequest.State.OPEN, state__in=JUDGED).select_related("pull")
    differ = rows.exclude(state=State.RIGHT)
    facts = {"title": "Labels", "job": JOB, "bot": "pr-labeler", "url": f"{reverse('labels')}?tab=todo"}
    return [compared(now, rows, differ, "state_since", _told, **facts)]


def _told(row: LabelState) -> Difference:
    changes = [f"+ {name}" for name in row.add] + [f"− {name}" for name in row.remove]
    reason = HAND if row.state == State.DRIFT else row.problem or row.reason
    words = f"{', '.join(changes)}: {reason}" if changes else reason
    return Difference(str(row.pull), Lasting(words), row.state_since, reverse("pull_request", args=[row.pull.number]))
