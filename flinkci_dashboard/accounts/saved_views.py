"""The page of one's saved views, and the buttons that save, rename and delete them."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from flinkci_dashboard.accounts import audit, saved
from flinkci_dashboard.accounts.roles import signed_in
from flinkci_dashboard.models import SavedView
from flinkci_dashboard.web.live import page_or_file
from flinkci_dashboard.web.tables import Column, Table, own

VIEWS = Table(
    "views",
    (
        own("view", "View", lambda line: line[0].name),
        own("list", "List", lambda line: line[1]),
        Column("name", "Name"),
        own("start", "Start page", lambda line: line[0].start, falling=True),
        Column("address", "", lambda line: line[0].url),
        Column("delete", "(Delete)"),
    ),
)


@require_safe
def saved_views(request: HttpRequest) -> HttpResponseBase:
    """List one's own views."""
    rows = SavedView.objects.filter(member=signed_in(request))
    lines = [(row, saved.LISTS.get(row.page, (row.page, ""))[0]) for row in rows]
    return page_or_file(
        request, "accounts/saved_views.html", {"table": VIEWS.of(request, lines), "most": saved.MAX_VIEWS}
    )


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save a list as it is shown, and go back to it."""
    page, name, query = (request.POST.get(each, "") for each in ("page", "name", "query"))
    try:
        view = saved.save_view(signed_in(request), page, name, query, bool(request.POST.get("start")))
    except saved.SavedViewError as error:
        messages.error(request, str(error))
        known = page in saved.LISTS
        return redirect(f"{reverse(page)}?{saved.canonical(query)}" if known else reverse("saved_views"))
    audit.record(request, "save view", view.name, None, {"page": page, "query": view.query})
    messages.success(request, f"“{view.name}” is saved{', and is your start page' if view.start else ''}.")
    return redirect(view.url)


@require_POST
def change(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Rename or delete one of one's own views, or let the dashboard start with it, or no longer."""
    view = get_object_or_404(SavedView, pk=pk, member=signed_in(request))
    if act not in ACTS:
        raise Http404(f"There is no act {act}.")
    before = view.name
    try:
        ACTS[act](view, request.POST.get("name", ""))
    except saved.SavedViewError as error:
        messages.error(request, str(error))
    else:
        audit.record(request, f"{act} view", before, None, {"name": view.name} if act == "rename" else None)
        messages.success(request, f"“{view.name}”: {DONE[act]}.")
    return redirect("saved_views")


ACTS = {
    "rename": saved.rename,
    "delete": lambda view, _: view.delete(),
    "start": lambda view, _: saved.start_with(view),
    "unstart": lambda view, _: saved.start_with(view, False),
}
DONE = {
    "rename": "its name from now on",
    "delete": "deleted",
    "start": "your start page",
    "unstart": "your start page no longer; that is the overview again",
}
