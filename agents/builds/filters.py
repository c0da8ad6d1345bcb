"""What people may ask of the builds' list; the URL holds it."""

from collections.abc import Iterable
from typing import Any

from django import forms

from agents.models import Build, Host
from agents.models.builds import Result, Status

STATES = [
    *((value, label) for value, label in Status.choices if value != Status.FINISHED),
    *((value, label) for value, label in Result.choices if value in ("succeeded", "partial", "failed", "canceled")),
]


class BuildFilter(forms.Form):
    """The filter of the builds' list. What is not understood does not filter."""

    scope = forms.ChoiceField(required=False, label="Of", choices=[("", "everything"), *Build.Scope.choices])
    branch = forms.CharField(required=False, max_length=255, label="Branch")
    state = forms.ChoiceField(required=False, label="Result", choices=[("", "any"), *STATES])
    reason = forms.ChoiceField(required=False, label="Reason", choices=[("", "any"), *Build.Reason.choices])
    host = forms.ChoiceField(
        required=False, label="Host", choices=[("", "any"), *(choice for choice in Host.choices if choice[0])]
    )
    definition = forms.ChoiceField(required=False, label="Pipeline")

    def __init__(self, data: Any, branches: Iterable[str], definitions: Iterable[str]) -> None:
        super().__init__(data)
        self.branches = list(branches)
        self.fields["branch"].widget.attrs |= {"list": "branches", "autocomplete": "off"}
        named = [(name, name) for name in definitions if name]
        self.fields["definition"].choices = [("", "any"), *named]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, str]:
        """Return the filters that are set and understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
