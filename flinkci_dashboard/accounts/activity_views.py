"""The activity page: who did what, when, and for admins from where; and the same as a file."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from flinkci_dashboard.accounts import activity
from flinkci_dashboard.accounts.roles import may_administer, needs, signed_in
from flinkci_dashboard.web.filters import Choice, FilterForm, Text
from flinkci_dashboard.web.live import page_or_file
from flinkci_dashboard.web.tables import Column, Table

may_see = needs("flinkci_dashboard.view_auditevent")


class SearchForm(FilterForm):
    """The filter, whose state is the page's address. Days are those of the reader's time zone."""

    words = Text("Words")
    who = Choice("Who", ())
    since = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        people = ((name, name) for name in activity.names())
        self.fields["who"].choices = [("", "anybody"), (activity.BOT, "the bot"), *people]  # type: ignore[attr-defined]


@require_safe
@may_see
def show(request: HttpRequest, kind: str = "") -> HttpResponseBase:
    """List what was done."""
    form = SearchForm(request.GET)
    seen = may_administer(signed_in(request))
    table = _table(seen).of(request, activity.find(activity.Search(**form.asked())))
    context = {"form": form, "table": table, "with_addresses": seen}
    return page_or_file(request, "accounts/activity.html", context, kind)


def _table(with_addresses: bool) -> Table:
    return Table(
        "activity",
        (
            Column("at", "When", lambda entry: entry.at, "when", falling=True),
            Column("who", "Who", lambda entry: entry.who),
            Column("act", "Did", lambda entry: entry.act),
            Column("subject", "To", lambda entry: entry.subject),
            Column("from", "", lambda entry: entry.address if with_addresses else ""),
            Column("change", "Before → after"),
            Column("before", "", lambda entry: entry.before),
            Column("after", "", lambda entry: entry.after),
            Column("request", "", lambda entry: entry.request_id),
        ),
        "-at",
        ties=("source", "-pk"),
        load=activity.load,
    )
