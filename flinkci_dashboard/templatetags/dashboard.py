"""What templates say in many places: states, times, durations, commits, pages."""

from datetime import datetime, timedelta

from django import template
from django.core.paginator import Page
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Every state that a page shows, with its tone. The word is always there too: colour alone says nothing.
TONES = {
    "good": ("ok", "in_sync", "done", "success", "succeeded", "online", "idle", "works"),
    "info": ("running", "behind", "new", "pending", "queued", "planned", "cancelling", "busy", "open"),
    "warn": (
        "partial",
        "gone",
        "unreachable",
        "diverged",
        "blocked",
        "abandoned",
        "offline",
        "drift",
        "unknown",
        "canceled",
    ),
    "bad": ("failed", "failure", "rejected", "not_authorized", "overdue"),
}
TONE_OF = {state: tone for tone, states in TONES.items() for state in states}
ICONS = {"good": "✓", "info": "●", "warn": "!", "bad": "✕", "muted": "–"}
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@register.simple_tag
def badge(state: object, label: str = "") -> SafeString:
    """Show a state as icon and word."""
    tone = TONE_OF.get(str(state).lower(), "muted")
    text = label or str(state).replace("_", " ")
    return format_html('<span class="badge {}"><i aria-hidden="true">{}</i>{}</span>', tone, ICONS[tone], text)


@register.filter
def ago(at: datetime | None, form: str = "ago") -> SafeString | str:
    """Show how long ago it was ("ago") or has lasted ("since"); the script keeps it true, the title has the date."""
    if not at:
        return "–"
    text = "{:%Y-%m-%d %H:%M} UTC"
    return format_html('<time datetime="{}" data-relative="{}">{}</time>', at.isoformat(), form, text.format(at))


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """Show a date and time, in the reader's zone where there is a script."""
    if not at:
        return "–"
    return format_html('<time datetime="{}" data-local>{} UTC</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M}")


@register.filter
def duration(length: timedelta | float | str | None) -> str:
    """Say a length of time in its two largest units: "2 h 5 min"; seconds below ten with a decimal."""
    if length is None or isinstance(length, str):  # a missing value is an empty text to a template
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = int(seconds)
    place = next(place for place, (size, _) in enumerate(UNITS) if whole >= size)
    size, unit = UNITS[place]
    rest = whole % size // UNITS[place + 1][0] if place < 3 else 0
    return f"{whole // size} {unit}" + (f" {rest} {UNITS[place + 1][1]}" if rest and place < 3 else "")


@register.simple_tag
def commit(repository: object, sha: str) -> SafeString | str:
    """Link a commit by the first ten digits of its SHA."""
    if not sha:
        return "–"
    address = f"{repository.web_url}/commit/{sha}"  # type: ignore[attr-defined]
    return format_html('<a class="mono" href="{}" title="{}">{}</a>', address, sha, sha[:10])


@register.filter
def counts(values: dict[str, int]) -> str:
    """Say what a run counted: "2 pushed, 1 fetched"."""
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in (values or {}).items() if number)


@register.inclusion_tag("_pages.html", takes_context=True)
def pages(context: dict, page: Page) -> dict[str, object]:
    """Show where one is in a long list; links keep the filter."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    return {"page": page, "query": query.urlencode()}
