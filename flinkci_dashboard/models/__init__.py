"""What every app shares: jobs and their runs, acts of the bot, and acts of people."""

from flinkci_dashboard.models.audit import AuditEvent
from flinkci_dashboard.models.jobs import Action, JobRequest, JobRun, JobSchedule, Worker

__all__ = ["Action", "AuditEvent", "JobRequest", "JobRun", "JobSchedule", "Worker"]
