"""The labels that stand on open pull requests, against what their tickets' components ask for."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.comparison import GRACE, SHOWN, Agreement, Difference
from labeler.labels import JOB, State
from labeler.models import LabelState
from sync.models import PullRequest

JUDGED = (State.RIGHT, State.CHANGE, State.DRIFT)  # the others have no ticket that asks for anything
HAND = "Somebody has changed these labels by hand, which pr-labeler undoes and we leave."


def agreements(now: datetime) -> list[Agreement]:
    """Return what pr-labeler did, or we do."""
    rows = LabelState.objects.filter(pull__state=PullRequest.State.OPEN, state__in=JUDGED)
    differ = rows.exclude(state=State.RIGHT)
    lasting = differ.filter(state_since__lt=now - GRACE)
    told = [_told(row) for row in lasting.select_related("pull").order_by("state_since")[:SHOWN]]
    count = lasting.count()
    url = f"{reverse('labels')}?tab=todo"
    return [Agreement("Labels", JOB, "pr-labeler", rows.count(), count, differ.count() - count, told, url)]


def _told(row: LabelState) -> Difference:
    changes = [f"+ {name}" for name in row.add] + [f"− {name}" for name in row.remove]
    reason = HAND if row.state == State.DRIFT else row.problem or row.reason
    words = f"{', '.join(changes)}: {reason}" if changes else reason
    return Difference(str(row.pull), words, row.state_since, reverse("pull_request", args=[row.pull.number]))
