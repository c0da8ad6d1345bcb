"""Where admins enter patterns of known failures, and see what came of their previews."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from agents.models import Pattern
from agents.patterns.expressions import PatternError, compiled
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.jobs.run import request as ask


class PatternForm(forms.ModelForm):
    """A pattern that RE2 takes, with a build to try it on."""

    class Meta:
        model = Pattern
        fields = ["name", "lines", "ticket", "sample"]

    def clean_lines(self) -> str:
        """Refuse what is no regular expression."""
        try:
            compiled(self.cleaned_data["lines"])
        except PatternError as error:
            raise forms.ValidationError(str(error)) from error
        return self.cleaned_data["lines"]


@admin.register(Pattern)
class PatternAdmin(admin.ModelAdmin):
    """Patterns of known failures. Each is tried on kept logs first, and is in use only when nothing speaks against it.

    The preview is made by `match_failures`, since logs of green jobs are read for it.
    """

    form = PatternForm
    list_display = ["name", "ticket", "state", "preview", "previewed_at"]
    raw_id_fields = ["sample"]
    readonly_fields = ["state", "preview", "previewed_at"]

    def save_model(self, request: HttpRequest, obj: Pattern, form: Any, change: bool) -> None:
        """Let a pattern that changed wait for its preview."""
        obj.state, obj.preview, obj.previewed_at = Pattern.State.NEW, "", None
        super().save_model(request, obj, form, change)
        ask("match_failures", request.user, subject=obj.name)  # type: ignore[arg-type]
        promise(
            request,
            "match_failures",
            "Its preview was asked for",
            "it is in use once the preview finds nothing against it",
        )
