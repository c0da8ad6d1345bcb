"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Return the facts that the frame around every page shows."""
    return {"observing": settings.SYNC_MODE == "observe"}
