"""What a change of the rules would do to the labels that pull requests have now."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from labeler import labels
from labeler.models import LabelRule, LabelState, Ticket
from labeler.rows import parts
from sync.models import PullRequest

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """One pull request whose labels would change."""

    pull: PullRequest
    components: list[str]
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass
class Preview:
    """How many pull requests would change, and the newest of them."""

    total: int = 0
    open: int = 0
    lines: list[Line] = field(default_factory=list)


def rules_with(candidate: LabelRule) -> list[labels.Rule]:
    """Return the rules as they would be with a new rule, or with a changed one."""
    return [*rules_without(candidate), candidate.value()]


def rules_without(rule: LabelRule) -> list[labels.Rule]:
    """Return the rules as they would be without one of them."""
    return [other.value() for other in LabelRule.objects.exclude(pk=rule.pk)]


def preview(rules: Sequence[labels.Rule]) -> Preview:
    """Return what would change if these were the rules."""
    now = [rule.value() for rule in LabelRule.objects.all()]
    found: dict[int, list[str]] = {}
    for pk, components in Ticket.objects.filter(known=True).values_list("pk", "components").iterator():
        if labels.labels_of(components, now) != labels.labels_of(components, rules):
            found[pk] = components
    result = Preview()
    for part in parts(sorted(found)):
        for row in LabelState.objects.filter(ticket__in=part).select_related("pull").order_by("-pull__number"):
            components = found[row.ticket_id or 0]
            add, remove = labels.difference(labels.labels_of(components, rules), row.pull.labels)
            if add or remove:
                result.lines.append(Line(row.pull, components, add, remove))
    result.total = len(result.lines)
    result.open = sum(line.pull.state == PullRequest.State.OPEN for line in result.lines)
    result.lines = sorted(result.lines, key=lambda line: -line.pull.number)[:SHOWN]
    return result
