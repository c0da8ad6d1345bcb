"""What the overview says of labels."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.jobs.history import last_achieved
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.tiles import Part, Tile
from labeler.figures import state_counts
from labeler.labels import JOB, State
from labeler.models import JiraContact


def tiles(now: datetime) -> list[Tile]:
    """Return the labels' tile: of the open pull requests, how many have their ticket's labels."""
    counts = state_counts(everything=False)
    right, total = counts.get(State.RIGHT, 0), sum(counts.values())
    jira = JiraContact.load()
    seen = last_achieved(JOB)
    state, label = ("ok", "right") if not counts.get(State.CHANGE) else ("pending", "being set")
    if seen is None:
        state, label = "none", "no pass yet"
    words = "open pull requests have their ticket's labels"
    figure, lines = f"{right} of {total}", _lines(counts, jira)
    url = reverse("labels")
    return [Tile("Labels", url, figure, words, Area.LABELS, state, label, seen, lines, job=JOB, place=70)]


def _lines(counts: dict[str, int], jira: JiraContact) -> list[Part]:
    texts = (
        (State.CHANGE, "todo", "to be changed"),
        (State.DRIFT, "drift", "changed by hand"),
        (State.UNKNOWN, "unknown", "with an unknown ticket"),
        (State.NO_TICKET, "no-ticket", "without a ticket"),
    )
    url = reverse("labels")
    lines = [Part(f"{counts[state]} {text}", f"{url}?tab={tab}") for state, tab, text in texts if counts.get(state)]
    silent = Part("Jira has been silent for {time}", since=jira.silent_since)
    return [silent, *lines] if jira.silent_since else lines
