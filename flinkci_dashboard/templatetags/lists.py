"""What stands around a list: its filter, the heads that sort it, its place and its files."""

from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django import forms, template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from flinkci_dashboard.accounts.logins import github_logins
from flinkci_dashboard.accounts.roles import signed_in
from flinkci_dashboard.accounts.saved import canonical, views_of
from flinkci_dashboard.web.filters import MOST, in_words, misunderstood
from flinkci_dashboard.web.tables import Head, Shown

MINE = canonical("author=@me&state=open")
register = template.Library()


@register.simple_tag
def heads(table: Shown) -> SafeString:
    """Write the head of a table, whose columns sort it."""
    return format_html(
        "<thead><tr>{}</tr></thead>", format_html_join("", "{}", ((_head(each),) for each in table.heads))
    )


@register.inclusion_tag("lists/_foot.html")
def foot(table: Shown) -> dict[str, object]:
    """Show where one is in a list, and the ways on: other pages, files."""
    return {"table": table}


@register.simple_tag
def files(table: Shown) -> SafeString:
    """Link a table's files."""
    link = '<a href="{}" download aria-label="{} of {}">{}</a>'
    return format_html_join(" ", link, ((url, kind, table.table.name, kind) for kind, url in table.files))


@register.inclusion_tag("lists/_filters.html", takes_context=True)
def filters(context: dict[str, Any], table: Shown, form: forms.Form) -> dict[str, object]:
    """Show the form that filters a list; what the address holds beside it is kept."""
    query = context["request"].GET
    kept = [(name, query[name]) for name in ("tab", "show") if name in query and name not in form.fields]
    told = {"set": in_words(form), "wrong": _wrong(table, form), "reset": f"?{urlencode(kept)}"}
    return {"table": table, "form": form, "kept": kept, "filtered": any(map(query.get, form.fields)), **told}


@register.inclusion_tag("lists/_nothing.html", takes_context=True)
def nothing(context: dict[str, Any], things: str, form: forms.Form) -> dict[str, object]:
    """Say that nothing fits the filter, and what that is set to."""
    return {"things": things, "set": in_words(form), "path": context["request"].path}


@register.inclusion_tag("lists/_views.html", takes_context=True)
def views(context: dict[str, Any], page: str) -> dict[str, object]:
    """Show the views that a member has saved of a list, by the name of its address, and let them save this one."""
    request = context["request"]
    address, shown, member = reverse(page), canonical(request.GET.urlencode()), signed_in(request)
    found = [("All", address, "")] + [(view.name, view.url, view.query) for view in views_of(member, page)]
    if page == "pull_requests" and (settings.GITHUB_LOGIN_CLIENT_ID or github_logins(member)):
        found.insert(1, ("Mine", f"{address}?{MINE}", MINE))
    tabs = [(title, url, query == shown) for title, url, query in found]
    return {"request": request, "csrf_token": context["csrf_token"], "page": page, "query": shown, "tabs": tabs}


@register.simple_tag
def suggestions(field: forms.BoundField) -> SafeString | str:
    """Write the values that a field suggests."""
    values = getattr(field.field, "suggested", None)
    if values is None:
        return ""
    options = format_html_join("", '<option value="{}">', ((value,) for value in islice(values(), MOST)))
    return format_html('<datalist id="suggest-{}">{}</datalist>', field.name, options)


def _wrong(table: Shown, form: forms.Form) -> list[str]:
    return misunderstood(form) + (["The order is not understood here."] if table.misunderstood else [])


def _head(head: Head) -> SafeString:
    column = head.column
    title: SafeString | str = column.title
    if title.startswith("("):
        title = format_html('<span class="visually-hidden">{}</span>', title.strip("()"))
    if head.url:
        title = format_html('<a href="{}">{}</a>', head.url, title)
    kind = SafeString(' class="num"') if column.number else ""
    state = format_html(' aria-sort="{}"', head.state) if head.state else ""
    return format_html('<th scope="col"{}{}>{}</th>', kind, state, title)
