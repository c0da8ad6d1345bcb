"""What monitoring reads of labels."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count
from prometheus_client.core import Metric

from flinkci_dashboard.api.metrics import gauge
from labeler.models import LabelState
from sync.models import PullRequest


def families(now: datetime) -> Iterable[Metric]:
    """Return where the labels of open pull requests stand."""
    states = gauge("label_states", "Open pull requests by where their labels stand.", "state")
    rows = LabelState.objects.filter(pull__state=PullRequest.State.OPEN).order_by()
    for state, number in rows.values_list("state").annotate(Count("pk")):
        states.add_metric([state], number)
    return (states,)
