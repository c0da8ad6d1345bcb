"""Admin of the map of jobs, of the criteria, and a look at what was decided."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone

from agents.migration.preview import preview, rules_with
from agents.models import Authority, Criterion, JobRule
from flinkci_dashboard.accounts.admin_site import OrderedAdmin, ReadOnlyAdmin


@admin.register(JobRule)
class JobRuleAdmin(OrderedAdmin):
    """Which jobs of one service are which of the other. A change counts from the next pass on, for old pairs too."""

    list_display = ["order", "group", "azure", "actions", "gaps", "comment"]
    list_display_links = ["group"]
    search_fields = ["group", "azure", "actions"]
    change_form_template = "admin/job_rule_change_form.html"

    def get_urls(self) -> list:
        """Add the preview."""
        page = self.admin_site.admin_view(self.show_preview)
        return [path("preview/", page, name="job_rule_preview")] + super().get_urls()

    def show_preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the rule in the form would change, and change nothing."""
        old = get_object_or_404(JobRule, pk=request.POST["pk"]) if request.POST.get("pk", "").isdigit() else None
        if not (self.has_change_permission(request, old) if old else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, old)(request.POST or None, instance=old)
        context: dict[str, Any] = self.admin_site.each_context(request) | {"form": form, "opts": self.opts, "old": old}
        if request.method == "POST" and form.is_valid():
            context["lines"] = preview(rules_with(form.save(commit=False)), timezone.now())
        target = "agents_jobrule_change" if old else "agents_jobrule_add"
        context["save_url"] = reverse(f"admin:{target}", args=[old.pk] if old else [])
        return render(request, "admin/job_rule_preview.html", context)


@admin.register(Criterion)
class CriterionAdmin(OrderedAdmin):
    """What has to be so before the other service can be relied on; each turns green by itself."""

    list_display = ["order", "__str__", "days", "figure", "met_since"]
    list_display_links = ["__str__"]


@admin.register(Authority)
class AuthorityAdmin(ReadOnlyAdmin):
    """What was decided; decisions are taken on the migration's page."""

    list_display = ["branch", "purpose", "choice", "by", "at", "reason"]
    list_filter = ["purpose", "choice"]
