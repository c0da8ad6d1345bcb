"""What the pages say of labels: figures by component, lists by state."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from labeler import labels
from labeler.models import LabelRule, LabelState
from sync.models import PullRequest

OPEN = PullRequest.State.OPEN


@dataclass
class ComponentLine:
    """The open pull requests of one component, by what their CI says."""

    component: str
    label: str
    open: int = 0
    ci: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """Return the component's name, or say that there is none."""
        return self.component or "without component"

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Return CI state, its words, and how many are in it; in the model's order."""
        choices = PullRequest.CIState.choices
        return [(state or "none", words, self.ci[state]) for state, words in choices if self.ci[state]]


def component_lines() -> list[ComponentLine]:
    """Return the components that open pull requests are about, the most frequent first."""
    rules = [rule.value() for rule in LabelRule.objects.all()]
    lines: dict[str, ComponentLine] = {}
    pulls = PullRequest.objects.filter(state=OPEN, label_state__ticket__known=True)
    for ci_state, components in pulls.values_list("ci_state", "label_state__ticket__components").iterator():
        for name in components or [""]:
            if name not in lines:
                lines[name] = ComponentLine(name, labels.labels_of([name] if name else [], rules)[0])
            lines[name].open += 1
            lines[name].ci[ci_state] += 1
    return sorted(lines.values(), key=lambda line: (-line.open, line.component.casefold()))


def state_counts(everything: bool) -> dict[str, int]:
    """Return how many pull requests are in each state; open ones, or all."""
    rows = LabelState.objects.all() if everything else LabelState.objects.filter(pull__state=OPEN)
    return dict(rows.order_by().values_list("state").annotate(number=Count("pk")))


def in_state(states: Iterable[str], everything: bool, words: str) -> QuerySet[LabelState]:
    """Return where pull requests stand that are in some states, and that `words` are found in; newest first."""
    rows = LabelState.objects.filter(state__in=states).select_related("pull", "ticket").order_by("-pull__number")
    if not everything:
        rows = rows.filter(pull__state=OPEN)
    for word in words.split():
        match = Q(pull__title__has=word) | Q(ticket__key__iexact=word)
        number = word.lstrip("#")
        rows = rows.filter(match | Q(pull__number=int(number)) if _is_number(number) else match)
    return rows


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
