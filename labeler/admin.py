"""Admin of the label rules, and a look at what the labeler remembers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from flinkci_dashboard.accounts.admin_site import PreviewedAdmin, ReadOnlyAdmin
from labeler.models import LabelChange, LabelRule, LabelState, Ticket
from labeler.preview import Preview, preview, rules_with, rules_without


@admin.register(LabelRule)
class LabelRuleAdmin(PreviewedAdmin):
    """Rules beside the built-in ones. A change counts from the next pass on; look at its preview first."""

    list_display = ["component", "label"]
    search_fields = ["component", "label"]
    effect_template = "admin/_label_effect.html"
    delete_confirmation_template = "admin/label_rule_delete.html"
    actions = None  # rules are deleted one by one, each with its preview

    def effect(self, rule: LabelRule) -> Preview:
        """Return which pull requests would get other labels."""
        return preview(rules_with(rule))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask before a rule is deleted, and show what that would change."""
        rule = self.get_object(request, object_id) if request.method == "GET" else None
        effect = {"effect": preview(rules_without(rule))} if rule else {}
        return super().delete_view(request, object_id, (extra_context or {}) | effect)


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """Tickets as Jira last told them."""

    list_display = ["key", "known", "summary", "status", "assignee", "updated_at", "fetched_at"]
    list_filter = ["known"]
    search_fields = ["key", "summary", "assignee"]


@admin.register(LabelState)
class LabelStateAdmin(ReadOnlyAdmin):
    """Where the labels of each pull request stand."""

    list_display = ["pull", "state", "ticket", "reason", "state_since"]
    list_filter = ["state"]
    search_fields = ["pull__number", "pull__title", "ticket__key"]
    list_select_related = ["pull", "ticket"]


@admin.register(LabelChange)
class LabelChangeAdmin(ReadOnlyAdmin):
    """What the labeler has changed."""

    list_display = ["pull", "at", "key", "added", "removed", "reason"]
    search_fields = ["pull__number", "key", "reason"]
    date_hierarchy = "at"
    list_select_related = ["pull"]
