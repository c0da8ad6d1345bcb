"""Filters of lists: text that contains, values to suggest, and what of the address is not understood."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.db.models import Q

MOST = 100  # values that are suggested
LONGEST = 255  # characters of a text to look for


class FilterForm(forms.Form):
    """A filter whose state is the page's address. A value that is not understood filters nothing, and is told."""

    def asked(self) -> dict[str, Any]:
        """Return what is set and understood, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class Text(forms.CharField):
    """Some text to look for."""

    def __init__(self, label: str) -> None:
        super().__init__(required=False, max_length=LONGEST, label=label)


class Choice(forms.ChoiceField):
    """One of some values, or any."""

    def __init__(self, label: str, choices: Iterable[tuple[str, str]], any_: str = "any") -> None:
        super().__init__(required=False, label=label, choices=[("", any_), *choices])


def contains(text: str, *fields: str) -> Q:
    """Return what finds a text in any of some fields, without regard to case; in quotes, the whole of the field."""
    wanted, exact = unquoted(text)
    lookup = "iexact" if exact else "has"
    return Q.create([(f"{field}__{lookup}", wanted) for field in fields], connector=Q.OR)


def quoted(text: str) -> str:
    """Return what a filter takes for exactly this text."""
    return f'"{text}"'


def unquoted(text: str) -> tuple[str, bool]:
    """Return a text without the quotes around it, and whether there were any."""
    exact = len(text) > 2 and text[0] == text[-1] == '"'
    return (text[1:-1], True) if exact else (text, False)


def suggest(form: forms.Form, name: str, values: Callable[[], Iterable[str]]) -> None:
    """Let a field suggest values: only a page that shows the form asks for them."""
    field = form.fields[name]
    field.widget.attrs |= {"list": f"suggest-{name}", "autocomplete": "off"}
    field.suggested = values  # type: ignore[attr-defined]


def in_words(form: forms.Form) -> list[str]:
    """Say what the filter is set to: "CI: failure"."""
    return [
        f"{field.label}: {_words(form.fields[name], value)}" for name, value, field in _set(form, form.errors, False)
    ]


def misunderstood(form: forms.Form) -> list[str]:
    """Say which values of the address are not understood, and so filter nothing."""
    return [
        f"{field.label}: “{value[:60]}” is not understood here." for _, value, field in _set(form, form.errors, True)
    ]


def _set(form: forms.Form, errors: dict, wrong: bool) -> Iterable[tuple[str, str, forms.BoundField]]:
    for field in form:
        value = str(field.value() or "")
        if value and not field.is_hidden and (field.name in errors) == wrong:
            yield field.name, value, field


def _words(field: forms.Field, value: str) -> str:
    return str(dict(getattr(field, "choices", ())).get(value, value))
