"""What people ask of the migration's pages, and decide there."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents.migration.authority import CHOICES
from agents.migration.over_time import LENGTHS
from agents.models import Authority

DAYS = {str(days): f"{days} days" for days in LENGTHS}
USUAL_DAYS = 14


class WhatIfForm(forms.Form):
    """Which load moves; nonsense moves all of it."""

    percent = forms.IntegerField(min_value=0, max_value=100)

    @property
    def share(self) -> int:
        """Return how much of the chosen load moves, in per cent."""
        return self.cleaned_data["percent"] if self.is_valid() else 100


class DecisionForm(forms.Form):
    """Who has the say, and why."""

    branch = forms.CharField(required=False, max_length=255)
    purpose = forms.ChoiceField(choices=Authority.Purpose.choices)
    choice = forms.ChoiceField(choices=Authority.Choice.choices)
    reason = forms.CharField(max_length=500, strip=True)

    def clean(self) -> dict[str, Any]:
        """Refuse what is no choice for its purpose."""
        found = super().clean() or {}
        purpose, choice = found.get("purpose"), found.get("choice")
        if purpose and choice and choice not in CHOICES[Authority.Purpose(purpose)]:
            raise ValidationError("That is no choice there.")
        return found
