"""Which jobs write outside, and which only observe: SYNC_MODE."""

from django.conf import settings

from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.keys import ACTIVE, OBSERVE, WRITERS, sync_modes


def is_active(job: str) -> bool:
    """Tell whether a job may write outside this dashboard; one that SYNC_MODE does not name only observes."""
    return sync_modes(settings.SYNC_MODE).get(job, OBSERVE) == ACTIVE


def observing() -> list[str]:
    """Return the titles of the jobs that only observe."""
    return [JOBS[job].title for job in WRITERS if not is_active(job)]
