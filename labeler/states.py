"""What the states of labels mean, for the help."""

from flinkci_dashboard.help import Kind
from flinkci_dashboard.help import State as Shown
from labeler.labels import State
from labeler.models import LabelState

MEANINGS = {
    State.RIGHT: ("They are what the ticket's components ask for.", ""),
    State.CHANGE: ("They are to be changed; when observing, they would be.", ""),
    State.DRIFT: (
        "Somebody has changed them by hand, and neither ticket nor title asks for something else since.",
        "None needed. “Settle” gives the pull request its ticket's labels again.",
    ),
    State.NO_TICKET: ("The title names no ticket, so nothing is touched.", "Write FLINK-12345 into the title."),
    State.UNKNOWN: ("Jira has no such ticket, so nothing is touched.", "Correct the number in the title."),
    State.WAITING: ("The ticket has not been read yet.", ""),
}


def kinds() -> list[Kind]:
    """Return the states of a pull request's labels."""
    return [Kind("Labels", [Shown(state, LabelState.STATES[state], *MEANINGS[state]) for state in State])]
