"""Background jobs. Queued tasks and commands find here what they call; the rest stands in the modules."""

from flinkci_dashboard.jobs.run import request, run_pass, work

__all__ = ["request", "run_pass", "work"]
