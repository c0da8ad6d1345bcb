"""What CI services do not show to our tokens, for the page about tokens, which finds this by its name."""

from agents.models import Watermark


def notes() -> list[str]:
    """Return a sentence for each thing that a token may not read while everything else goes on without it."""
    marks = Watermark.objects.filter(name__startswith="tests:").exclude(note="").order_by("name")
    return list(marks.values_list("note", flat=True))
