"""What every app shares: jobs and their runs, acts of the bot and of people, credentials and contacts."""

from flinkci_dashboard.models.accounts import AllowedSignIn, Area, Contact
from flinkci_dashboard.models.alerts import (
    Alert,
    Channel,
    Heartbeat,
    Notice,
    OpenFinding,
    RuleSetting,
    Severity,
    Subscription,
    Summary,
    Telling,
)
from flinkci_dashboard.models.audit import AppendOnlyError, AuditEvent
from flinkci_dashboard.models.credentials import Credential, Exposure, StoredValue
from flinkci_dashboard.models.jobs import Action, JobRequest, JobRun, JobSchedule, RunLog, Worker
from flinkci_dashboard.models.lookups import Has
from flinkci_dashboard.models.saved import SavedView
from flinkci_dashboard.models.switches import Switch
from flinkci_dashboard.models.tokens import ApiToken
from flinkci_dashboard.models.webhooks import Delivery, Refusals

__all__ = [
    "Action",
    "Alert",
    "AllowedSignIn",
    "ApiToken",
    "AppendOnlyError",
    "Area",
    "AuditEvent",
    "Channel",
    "Contact",
    "Credential",
    "Delivery",
    "Exposure",
    "Has",
    "Heartbeat",
    "JobRequest",
    "JobRun",
    "JobSchedule",
    "Notice",
    "OpenFinding",
    "Refusals",
    "RuleSetting",
    "RunLog",
    "SavedView",
    "Severity",
    "StoredValue",
    "Subscription",
    "Summary",
    "Switch",
    "Telling",
    "Worker",
]
