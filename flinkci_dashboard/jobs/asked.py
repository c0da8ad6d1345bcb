"""What a person is told who presses a button: that it was heard, and whether anybody is there to do it."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from flinkci_dashboard.jobs.alerts import silent_worker


def promise(request: HttpRequest, heard: str, soon: str) -> None:
    """Say what was heard, and what comes `soon`; without a worker, that it waits, and since when."""
    if silent := silent_worker(timezone.now()):
        ever = f"since {silent.since:%Y-%m-%d %H:%M:%S} UTC" if silent.since and silent.cause_of else "yet"
        messages.warning(request, f"{heard}; it waits: no worker has reported {ever}.")
    else:
        messages.info(request, f"{heard}; {soon}.")
