"""`/feed.atom` and `/badges/<branch>.svg`: for everybody where the status page is public, else for members."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from flinkci_dashboard.alerts import figures
from flinkci_dashboard.alerts.standing import GOOD, standing
from flinkci_dashboard.models import Alert
from flinkci_dashboard.parts import parts

ENTRIES = 50
WORDS = {"good": "passing", "warn": "worth a look", "bad": "failing", "unknown": "not known"}
WIDTH = 6.6  # of a letter of the badge's font, in its units
FILLS = {"good": "#1f7a45", "warn": "#8a5300", "bad": "#b42330", "unknown": "#6b7280"}  # white words are read on them
SPACE = 12  # before and after a word
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@require_safe
@login_not_required
@cache_control(max_age=30, private=True)
def feed(request: HttpRequest) -> HttpResponse:
    """Return the alerts as they began and ended, the latest first."""
    if not _may_read(request):
        return redirect_to_login(request.get_full_path())
    now = timezone.now()
    rows = list(figures.alerts().order_by("-changed_at", "-pk")[:ENTRIES])
    home = settings.PUBLIC_URL.rstrip("/")
    atom = Atom1Feed(
        title="Flink CI: alerts",
        link=f"{home}/alerts/",
        description="What is wrong with Flink's CI, as it begins and ends.",
        feed_url=f"{home}/feed.atom",
        language="en",
    )
    for row in rows:
        atom.add_item(**_entry(row, home, request.user.is_authenticated, now))
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@require_safe
@login_not_required
@cache_control(max_age=30, private=True)
def badge(request: HttpRequest, branch: str) -> HttpResponse:
    """Draw a branch's state in words and colour, from the list of what is wrong."""
    if not _may_read(request):
        return redirect_to_login(request.get_full_path())
    if not branch.isprintable() or len(branch) > 255:
        raise Http404("There is no such branch.")
    state = standing(timezone.now()).tagged(f"branch:{branch}")
    if state == GOOD and not any(part.knows(branch) for part in parts("branches")):
        state = "unknown"
    left, right = (round(len(words) * WIDTH + SPACE) for words in (branch, WORDS[state]))
    sizes = {"left": left, "right": right, "width": left + right, "centre": left / 2, "middle": left + right / 2}
    context = {"branch": branch, "words": WORDS[state], "fill": FILLS[state], **sizes}
    return render(request, "api/badge.svg", context, content_type="image/svg+xml")


def _may_read(request: HttpRequest) -> bool:
    return settings.PUBLIC_STATUS or request.user.is_authenticated


def _entry(row: Alert, home: str, member: bool, now: datetime) -> dict[str, Any]:
    """Return an entry; who is not signed in reads no person and no machine, so the area alone."""
    what = row.subject if member else row.get_area_display() or row.rule
    return {
        "title": _told(f"{'Over' if row.ended_at else row.get_severity_display().capitalize()}: {what}"),
        "link": f"{home}{row.url}" if row.url else f"{home}/alerts/",
        "description": _told(figures.sentence(row, now)) if member else "",
        "unique_id": f"{home}/alerts/#{row.pk}-{'ended' if row.ended_at else row.turns}",
        "pubdate": row.began_at,
        "updateddate": row.changed_at,
    }


def _told(text: str) -> str:
    """Return a text as XML can hold it: lines of logs bring colours along, which are control characters."""
    return NOT_IN_XML.sub("\ufffd", text)
