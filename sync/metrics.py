"""What monitoring reads of mirrors and pull requests."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count
from prometheus_client.core import Metric

from flinkci_dashboard.api.metrics import gauge
from sync.mirrors.figures import behind_seconds
from sync.models import MirrorBranch, PullRequest
from sync.pulls.figures import ci_counts, quota


def families(now: datetime) -> Iterable[Metric]:
    """Return how far mirrors are behind, where pull requests stand, and what is left of GitHub's limit."""
    lag = gauge("mirror_lag_seconds", "How long a branch has been behind its source; 0 when in step.", "branch")
    for row in MirrorBranch.objects.filter(selected=True, mirror__enabled=True):
        if (seconds := behind_seconds(row, now)) is not None:
            lag.add_metric([row.name], seconds)
    states = gauge("mirror_branches", "Mirrored branches by state.", "state")
    selected = MirrorBranch.objects.filter(selected=True).order_by().values_list("state").annotate(Count("pk"))
    for state, number in selected:
        states.add_metric([state], number)
    pulls = gauge("pulls_open", "Open pull requests by the state of their CI.", "ci_state")
    for ci_state, number in ci_counts(PullRequest.objects.filter(state=PullRequest.State.OPEN)).items():
        pulls.add_metric([ci_state or PullRequest.CIState.UNKNOWN], number)
    left = gauge("github_requests_left", "Requests that GitHub still answers in this hour, as last told.")
    if mark := quota():
        left.add_metric([], mark.data["remaining"])
    return lag, states, pulls, left
