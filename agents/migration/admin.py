"""Admin of the map of jobs, of the criteria, and a look at what was decided."""

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from agents.migration.edits import Line, preview, rules_with
from agents.migration.readiness import judge_soon
from agents.models import Authority, Criterion, JobRule
from flinkci_dashboard.accounts.admin_site import OrderedAdmin, PreviewedAdmin, ReadOnlyAdmin


@admin.register(JobRule)
class JobRuleAdmin(OrderedAdmin, PreviewedAdmin):
    """Which jobs of one service are which of the other. A change counts from the next pass on, for old pairs too."""

    list_display = ["order", "group", "azure", "actions", "gaps", "comment"]
    list_display_links = ["group"]
    search_fields = ["group", "azure", "actions"]
    effect_template = "admin/_job_rule_effect.html"

    def effect(self, rule: JobRule) -> list[Line]:
        """Return which jobs of the last weeks would change place."""
        return preview(rules_with(rule), timezone.now())


@admin.register(Criterion)
class CriterionAdmin(OrderedAdmin):
    """What has to be so before the other service can be relied on; each turns green by itself."""

    list_display = ["order", "__str__", "days", "figure", "met_since"]
    list_display_links = ["__str__"]

    def save_model(self, request: HttpRequest, obj: Criterion, form: ModelForm, change: bool) -> None:
        """Let a criterion that is another one now begin anew: the day on which the old one turned green is not its."""
        if set(form.changed_data) - {"order"}:
            obj.met_since = obj.lost_since = obj.lost_at = None
            obj.figure = ""
            judge_soon()
        super().save_model(request, obj, form, change)


@admin.register(Authority)
class AuthorityAdmin(ReadOnlyAdmin):
    """What was decided; decisions are taken on the migration's page."""

    list_display = ["branch", "purpose", "choice", "by", "at", "reason"]
    list_filter = ["purpose", "choice"]
