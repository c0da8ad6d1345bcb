"""What admins may change: the rules that tell hosts, and whose machines a pool holds."""

from django.contrib import admin

from agents.migration import admin as migration
from agents.models import HostRule, Pool
from agents.patterns import admin as patterns
from flinkci_dashboard.accounts.admin_site import OrderedAdmin

__all__ = ["HostRuleAdmin", "PoolAdmin", "migration", "patterns"]


@admin.register(HostRule)
class HostRuleAdmin(OrderedAdmin):
    """Rules on worker names, tried in order."""

    list_display = ["order", "pattern", "host", "comment"]
    list_display_links = ["pattern"]


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    """Pools are found by themselves; whose machines they hold is a person's word."""

    list_display = ["name", "host", "hosted", "seen_at", "gone_at"]
    fields = ["name", "host", "parallel_jobs"]
    readonly_fields = ["name"]

    def has_add_permission(self, request) -> bool:
        """Pools come from Azure."""
        return False
