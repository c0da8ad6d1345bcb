"""What a person is told who presses a button: that it was heard, and whether anybody is there to do it."""

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from flinkci_dashboard.jobs.alerts import silent_worker
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.web.durations import duration


def promise(request: HttpRequest, job: str, heard: str, soon: str) -> None:
    """Say what was heard, what comes `soon`, and where the passes of the job are; without a worker, that it waits."""
    passes = format_html('<a href="{}?show=all">the passes of {}</a>', reverse("job", args=[job]), JOBS[job].title)
    now = timezone.now()
    if silent := silent_worker(now):
        ever = f"for {duration(now - silent.since)}" if silent.since and silent.cause_of else "yet"
        messages.warning(request, format_html("{}; it waits: no worker has reported {}. See {}.", heard, ever, passes))
    else:
        messages.info(request, format_html("{}; {}. See {}.", heard, soon, passes))
