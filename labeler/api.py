"""Labels of pull requests, for programs."""

from django.http import HttpRequest
from ninja import Query, Router, Schema

from flinkci_dashboard.api.lists import Listing, Paging, Text, answers, listing
from labeler import labels
from labeler.models import LabelState

router = Router()


class LabelFilters(Schema):
    """What may be asked of labels."""

    state: Text | None = None


class LabelOut(Schema):
    """Where the labels of one pull request stand: whole names, those that begin with `component=` alone."""

    pull: int
    ticket: str | None
    state: str
    wanted: list[str]
    present: list[str]
    reason: str


@router.get("/labels", response=answers(Listing[LabelOut]))
def label_states(request: HttpRequest, filters: Query[LabelFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return where the labels of each pull request stand."""
    rows = LabelState.objects.filter(**filters.dict(exclude_none=True)).select_related("pull", "ticket")
    return listing(request, rows, paging, "pk", _label)


def _label(row: LabelState) -> dict[str, object]:
    present = [name for name in row.pull.labels if labels.is_ours(name)]
    return {
        "pull": row.pull.number,
        "ticket": row.ticket.key if row.ticket else None,
        "state": row.state,
        "wanted": [*(name for name in present if name not in row.remove), *row.add],
        "present": present,
        "reason": row.reason,
    }
