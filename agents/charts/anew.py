"""What is counted from builds and jobs, made anew after a pass that changed them, by one pass at a time."""

from datetime import datetime

from agents.builds.nightly_rows import refresh_streaks
from agents.charts.pace_rows import refresh_slow_jobs
from agents.charts.periods import refresh_stale_days
from agents.migration.readiness import refresh_migration
from flinkci_dashboard.jobs.locks import exclusive


def make_anew(now: datetime) -> None:
    """Make figures of days, the ledger of red, pairs and criteria anew; another pass that does so is left to it.

    What changed after that one looked is marked still, and comes next time.
    """
    with exclusive("figures") as ours:
        if ours:
            refresh_stale_days(now)
            refresh_streaks(now)
            refresh_migration(now)
            refresh_slow_jobs(now)
