"""What admins may change: the rules that tell hosts, and whose machines a pool holds."""

from typing import Any

from django.contrib import admin
from django.forms import NumberInput
from django.http import HttpRequest

from agents.migration import admin as migration
from agents.models import HostRule, Pool

__all__ = ["HostRuleAdmin", "PoolAdmin", "migration"]


@admin.register(HostRule)
class HostRuleAdmin(admin.ModelAdmin):
    """Rules on worker names, tried in order."""

    list_display = ["order", "pattern", "host", "comment"]
    list_display_links = ["pattern"]
    list_editable = ["order"]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the fields in the list for screen readers."""
        return super().get_changelist_form(request, widgets={"order": NumberInput({"aria-label": "Order"})}, **kwargs)


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    """Pools are found by themselves; whose machines they hold is a person's word."""

    list_display = ["name", "host", "hosted", "seen_at", "gone_at"]
    fields = ["name", "host", "parallel_jobs"]
    readonly_fields = ["name"]

    def has_add_permission(self, request) -> bool:
        """Pools come from Azure."""
        return False
