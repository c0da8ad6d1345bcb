"""Admin of alerts: rules can be set, channels entered; alerts and messages can be looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from flinkci_dashboard.alerts.collect import rules
from flinkci_dashboard.alerts.forms import ChannelForm, RuleForm
from flinkci_dashboard.alerts.limits import set_by
from flinkci_dashboard.models import Alert, Channel, Notice, RuleSetting

SEEN = ("service", "fingerprint", "sent_at", "problem", "problem_since", "failures")


@admin.register(RuleSetting)
class RuleSettingAdmin(admin.ModelAdmin):
    """When a rule finds something. The rows are made by `bootstrap`, one for each rule."""

    list_display = ["title", "enabled", "in_force", "acknowledge"]
    list_filter = ["enabled"]
    form = RuleForm
    readonly_fields = ["rule", "title", "in_force", "second_in_force"]
    fields = ["title", "rule", "in_force", "enabled", "limit", "second_in_force", "second", "acknowledge"]

    @admin.display(description="what it finds", ordering="rule")
    def title(self, row: RuleSetting) -> str:
        """Return the rule in words."""
        rule = rules().get(row.rule)
        return rule.title if rule else row.rule

    @admin.display(description="limit in force")
    def in_force(self, row: RuleSetting) -> str:
        """Return the limit with its unit."""
        rule = rules().get(row.rule)
        if rule is None or rule.limit is None:
            return "–"
        return f"{set_by(row, rule).limit or 0:g} {rule.unit}"

    @admin.display(description="second limit in force")
    def second_in_force(self, row: RuleSetting) -> str:
        """Return the second limit, with what it says."""
        rule = rules().get(row.rule)
        if rule is None or rule.second is None:
            return "–"
        return f"{set_by(row, rule).second or 0:g} {rule.second_unit}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a rule is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RuleSetting | None = None) -> bool:
        """Refuse: a rule is switched off, not deleted."""
        return False


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin):
    """Where alerts are sent. An address goes in and never comes out; members' own are not shown."""

    form = ChannelForm
    list_display = ["name", "service", "enabled", "contact", "sent_at", "problem"]
    list_filter = ["enabled", "service"]
    readonly_fields = SEEN
    fieldsets = [
        (None, {"fields": ["name", "address", "enabled"]}),
        ("What it gets", {"fields": ["areas", "severities", "quiet_from", "quiet_to", "time_zone"]}),
        ("Whose it is", {"fields": ["contact", "mailing_list"]}),
        ("How it goes", {"fields": SEEN}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """Leave out what members made for themselves."""
        return super().get_queryset(request).filter(member=None)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts."""

    list_display = ["began_at", "ended_at", "rule", "subject", "severity", "acknowledged_by"]
    list_filter = ["rule", "severity"]
    search_fields = ["subject", "text"]
    date_hierarchy = "began_at"


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Messages."""

    list_display = ["created_at", "place", "title", "state", "tries", "answer"]
    list_filter = ["state", "severity"]
    search_fields = ["title", "body", "place"]
    date_hierarchy = "created_at"
