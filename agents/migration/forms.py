"""What people ask of the migration's pages, and decide there."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents.migration.authority import CHOICES
from agents.migration.over_time import LENGTHS
from agents.models import Authority

PERCENT = re.compile(r"[0-9]{1,2}|100")
DAYS = {str(days): f"{days} days" for days in LENGTHS}
USUAL_DAYS = 14


def moving(asked: Mapping[str, str], of: str) -> dict[str, int]:
    """Return how much is to move, in per cent, by name: of "branch.master=50" it is 50. Nonsense is left out."""
    told = {name.partition(".")[2]: value for name, value in asked.items() if name.startswith(f"{of}.")}
    return {name: int(value) for name, value in told.items() if PERCENT.fullmatch(value)}


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
