"""Admin of jobs: the schedule can be changed, the record can be looked at."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from flinkci_dashboard.models import (
    Action,
    ApiToken,
    Delivery,
    JobRequest,
    JobRun,
    JobSchedule,
    Refusals,
    Switch,
    Worker,
)


@admin.register(JobSchedule)
class JobScheduleAdmin(admin.ModelAdmin):
    """When jobs run. The rows are made by `bootstrap`, one for each job."""

    list_display = ["job", "enabled", "interval", "next_run_at"]
    list_filter = ["enabled"]
    search_fields = ["job"]
    readonly_fields = ["job"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a job is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: JobSchedule | None = None) -> bool:
        """Refuse: a job is disabled, not deleted."""
        return False


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """Passes."""

    list_display = ["job", "outcome", "started_at", "ended_at", "trigger", "host", "counts"]
    list_filter = ["job", "outcome", "trigger"]
    search_fields = ["error"]
    date_hierarchy = "started_at"


@admin.register(JobRequest)
class JobRequestAdmin(ReadOnlyAdmin):
    """What people asked for."""

    list_display = ["job", "act", "subject", "requested_by", "requested_at", "settled_at", "answer"]
    list_filter = ["job", "act"]
    search_fields = ["subject", "answer"]
    list_select_related = ["requested_by"]


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    """What the bot did outside, or would have done."""

    list_display = ["job", "kind", "subject", "state", "created_at", "settled_at", "answer"]
    list_filter = ["job", "kind", "state"]
    search_fields = ["key", "subject", "answer"]
    date_hierarchy = "created_at"


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Hosts that run background work."""

    list_display = ["host", "pid", "started_at", "seen_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Who reads the API with what. Deleting a token revokes it."""

    list_display = ["name", "owner", "made_at", "last_used_at"]
    search_fields = ["name", "owner__username"]
    list_select_related = ["owner"]
    exclude = ["sha256"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those revoke who may."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What webhooks told, and which jobs ran sooner for it."""

    list_display = ["received_at", "service", "event", "jobs", "delivery_id"]
    list_filter = ["service", "event"]
    search_fields = ["delivery_id"]
    date_hierarchy = "received_at"


@admin.register(Refusals)
class RefusalsAdmin(ReadOnlyAdmin):
    """Deliveries that were not signed with our secret."""

    list_display = ["service", "number", "last_at"]


@admin.register(Switch)
class SwitchAdmin(admin.ModelAdmin):
    """What the bot does only where somebody wants it."""

    list_display = ["title", "on", "explanation"]
    fields = ["title", "explanation", "on"]
    readonly_fields = ["title", "explanation"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: what can be switched is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Switch | None = None) -> bool:
        """Refuse: it is switched off, not deleted."""
        return False
