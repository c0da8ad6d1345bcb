"""Admin of the label rules, and a look at what the labeler remembers."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from labeler.models import LabelChange, LabelRule, LabelState, Ticket
from labeler.preview import preview, rules_with, rules_without


@admin.register(LabelRule)
class LabelRuleAdmin(admin.ModelAdmin):
    """Rules beside the built-in ones. A change counts from the next pass on; look at its preview first."""

    list_display = ["component", "label"]
    search_fields = ["component", "label"]
    change_form_template = "admin/label_rule_change_form.html"
    delete_confirmation_template = "admin/label_rule_delete.html"
    actions = None  # rules are deleted one by one, each with its preview

    def get_urls(self) -> list:
        """Add the preview."""
        page = self.admin_site.admin_view(self.show_preview)
        return [path("preview/", page, name="label_rule_preview")] + super().get_urls()

    def show_preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the rule in the form would change, and change nothing."""
        old = get_object_or_404(LabelRule, pk=request.POST["pk"]) if request.POST.get("pk", "").isdigit() else None
        if not (self.has_change_permission(request, old) if old else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, old)(request.POST or None, instance=old)
        context: dict[str, Any] = self.admin_site.each_context(request) | {"form": form, "opts": self.opts, "old": old}
        if request.method == "POST" and form.is_valid():
            context["preview"] = preview(rules_with(form.save(commit=False)))
        target = "labeler_labelrule_change" if old else "labeler_labelrule_add"
        context["save_url"] = reverse(f"admin:{target}", args=[old.pk] if old else [])
        return render(request, "admin/label_rule_preview.html", context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask before a rule is deleted, and show what that would change."""
        rule = self.get_object(request, object_id) if request.method == "GET" else None
        effect = {"preview": preview(rules_without(rule))} if rule else {}
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
