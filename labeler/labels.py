"""Which labels a pull request should have, what has to change for that, and why.

The rules are pr-labeler's (`PullUpdater.java`), which people rely on; what is new stands at `decide`.

PURE
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from flinkci_dashboard.names import ticket_in

JOB = "label_pulls"
SETTLE = "settle-labels"  # give a pull request its ticket's labels although somebody has changed them
PREFIX = "component="
COLOR = "175fb7"
NO_COMPONENT = f"{PREFIX}<none>"
MAX_LENGTH = 50  # characters that GitHub allows in a label's name


class State(StrEnum):
    """Where the labels of a pull request stand."""

    RIGHT = "right"  # as they should be
    CHANGE = "change"  # they have to change: will be done, or in observe mode would be
    DRIFT = "drift"  # a person has changed them, and neither ticket nor title asks for something else since
    NO_TICKET = "no_ticket"  # the title names none: nothing is touched
    UNKNOWN = "unknown"  # Jira has no such ticket: nothing is touched
    WAITING = "waiting"  # the ticket has not been fetched yet


@dataclass(frozen=True)
class Rule:
    """An admin's rule: tickets of a component get this label. `Formats*` is every component that begins so."""

    component: str
    label: str

    def covers(self, component: str) -> bool:
        """Tell whether the rule is about a component; case does not matter."""
        name, wanted = component.casefold(), self.component.casefold()
        return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


FORMATS = Rule("Formats*", f"{PREFIX}Formats")


@dataclass(frozen=True)
class Ticket:
    """What Jira says of the ticket that a title names; `key` is another one when the ticket has moved."""

    key: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Basis:
    """What labels were derived from, and what came out."""

    title: str
    key: str
    components: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Pull:
    """A pull request as last seen, and its ticket: None while Jira has not been asked, or knows none."""

    title: str
    labels: tuple[str, ...]
    ticket: Ticket | None
    fetched: bool


@dataclass(frozen=True)
class Decision:
    """Where the labels stand, and the difference between what is and what should be."""

    state: State
    basis: Basis | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reason: str = ""


def label_of(component: str, rules: Iterable[Rule] = ()) -> str:
    """Return the label of a component; admins' rules go first."""
    for rule in (*rules, FORMATS):
        if rule.covers(component):
            return rule.label
    return (PREFIX + component.replace(" ", ""))[:MAX_LENGTH]


def labels_of(components: Sequence[str], rules: Iterable[Rule] = ()) -> tuple[str, ...]:
    """Return the labels of a ticket with these components, sorted, each once however it is spelled."""
    rules = tuple(rules)
    by_name = {label.casefold(): label for label in (label_of(component, rules) for component in components)}
    return tuple(sorted(by_name.values())) or (NO_COMPONENT,)


def is_ours(label: str) -> bool:
    """Tell whether a label is for us to set and remove. GitHub's label names know no case."""
    return label.casefold().startswith(PREFIX)


def difference(wanted: Iterable[str], present: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels to add and those to remove; what is not ours stays out of it."""
    should = {label.casefold(): label for label in wanted}
    has = {label.casefold(): label for label in present if is_ours(label)}
    add = sorted(should[name] for name in should.keys() - has.keys())
    remove = sorted(has[name] for name in has.keys() - should.keys())
    return tuple(add), tuple(remove)


def decide(pull: Pull, last: Basis | None, rules: Sequence[Rule] = (), settle: bool = False) -> Decision:
    """Decide about one pull request. `last` is what its labels were last set or found right for.

    A difference although nothing that labels follow from has changed since is a person's doing: that is drift, and
    it is left alone unless `settle` says otherwise. What labels follow from is the title, and the ticket's components
    with the rules; a comment on the ticket is no reason to undo a person's work.
    """
    if not (named := ticket_in(pull.title)):
        return Decision(State.NO_TICKET)
    if not pull.fetched:
        return Decision(State.WAITING)
    if pull.ticket is None:
        return Decision(State.UNKNOWN, reason=f"Jira has no ticket {named}.")
    basis = Basis(pull.title, named, pull.ticket.components, labels_of(pull.ticket.components, rules))
    add, remove = difference(basis.labels, pull.labels)
    if not add and not remove:
        return Decision(State.RIGHT, basis, reason=standing(basis, pull.ticket))
    if last and not settle and (last.title, last.labels) == (basis.title, basis.labels):
        return Decision(State.DRIFT, basis, add, remove, _drift(add, remove))
    return Decision(State.CHANGE, basis, add, remove, _cause(last, basis, pull.ticket))


def standing(basis: Basis, ticket: Ticket) -> str:
    """Say in a sentence why a pull request has its labels."""
    name = basis.key if ticket.key == basis.key else f"{basis.key}, now {ticket.key},"
    return f"{name} is about {_listed(basis.components)}." if basis.components else f"{name} has no component."


def _cause(last: Basis | None, now: Basis, ticket: Ticket) -> str:
    """Say in a sentence what made labels change."""
    if last is None:
        return standing(now, ticket)
    if last.key != now.key:
        return f"The title names {now.key} instead of {last.key}."
    if set(last.components) != set(now.components):
        return _moved(last, now)
    if last.labels != now.labels:
        return f"The rules give {_listed(now.components) or 'no component'} another label."
    if last.title != now.title:
        return f"The title changed; {standing(now, ticket)}"
    return standing(now, ticket)


def _moved(last: Basis, now: Basis) -> str:
    gone = [each for each in last.components if each not in now.components]
    new = [each for each in now.components if each not in last.components]
    if gone and new:
        return f"{now.key} moved from {_listed(gone)} to {_listed(new)}."
    if gone:
        return f"{now.key} is no longer about {_listed(gone)}."
    return f"{now.key} is now about {_listed(new)} too." if last.components else f"{now.key} got {_listed(new)}."


def _drift(add: Sequence[str], remove: Sequence[str]) -> str:
    """Say in a sentence what a person did."""
    done = [f"removed {_listed(add)}"] if add else []
    done += [f"added {_listed(remove)}"] if remove else []
    return f"Somebody {' and '.join(done)}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
