"""What the overview says of the workers."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.models import Area, Worker
from flinkci_dashboard.web.durations import duration
from flinkci_dashboard.web.tiles import Tile


def tiles(now: datetime) -> list[Tile]:
    """Return the workers' tile."""
    workers = list(Worker.objects.all())
    state, label = ("ok", "working") if workers else ("none", "none")
    lines = [f"{worker.host}, up for {duration(now - worker.started_at)}" for worker in workers]
    seen = max((worker.seen_at for worker in workers), default=None)
    words = "host" if len(workers) == 1 else "hosts"
    nobody = ["No worker has ever reported. Start manage.py qcluster."]
    figure = str(len(workers))
    return [Tile("Workers", reverse("jobs"), figure, words, Area.HOSTING, state, label, seen, lines or nobody)]
