"""The activity page: who did what, when, and for admins from where; and the same as a file."""

import json

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from flinkci_dashboard.accounts import activity
from flinkci_dashboard.accounts.roles import may_administer, signed_in
from flinkci_dashboard.web.exports import attachment, csv_text

PAGE = 50
EXPORT_LIMIT = 20_000  # rows; a filter reaches the others
may_see = permission_required("flinkci_dashboard.view_auditevent", raise_exception=True)


class SearchForm(forms.Form):
    """The filter, whose state is the page's address."""

    words = forms.CharField(required=False, max_length=100, label="Words", strip=True)
    who = forms.ChoiceField(required=False, label="Who", choices=lambda: _who())
    since = forms.DateField(required=False, label="From (UTC day)", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="To (UTC day)", widget=forms.DateInput({"type": "date"}))

    def search(self) -> activity.Search:
        """Return what is asked for; a field that makes no sense restricts nothing, and says so on the page."""
        self.is_valid()
        return activity.Search(**{name: value for name, value in self.cleaned_data.items() if value})


@require_safe
@may_see
def show(request: HttpRequest) -> HttpResponse:
    """List what was done."""
    form = SearchForm(request.GET)
    page = Paginator(activity.find(form.search()), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "entries": activity.load(page.object_list),
        "query": query.urlencode(),
        "with_addresses": may_administer(signed_in(request)),
    }
    return render(request, "accounts/activity.html", context)


@require_safe
@may_see
def export(request: HttpRequest) -> HttpResponse:
    """Give the filtered list as CSV."""
    entries = activity.load(activity.find(SearchForm(request.GET).search())[:EXPORT_LIMIT])
    header = ["at", "who", "act", "subject", "from", "before", "after", "request"]
    seen = may_administer(signed_in(request))
    rows = (
        [
            *(entry.at.isoformat(), entry.who, entry.act, entry.subject, entry.address if seen else ""),
            *(_json(entry.before), _json(entry.after), entry.request_id),
        ]
        for entry in entries
    )
    return attachment(csv_text(header, rows), "text/csv", "activity", "csv", timezone.now())


def _who() -> list[tuple[str, str]]:
    return [("", "anybody"), (activity.BOT, "the bot"), *((name, name) for name in activity.names())]


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
