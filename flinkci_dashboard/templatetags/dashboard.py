"""What templates say in many places: states, times, durations, commits, pages."""

import re
from datetime import datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from flinkci_dashboard.jobs.deeds import deed
from flinkci_dashboard.jobs.history import HEIGHT, WIDTH, Bar, tally
from flinkci_dashboard.jobs.table import title_of
from flinkci_dashboard.models import Action, JobRun
from flinkci_dashboard.names import head_of
from flinkci_dashboard.web import trends
from flinkci_dashboard.web.durations import TIME, Lasting, duration, told
from flinkci_dashboard.web.escaped import written
from flinkci_dashboard.web.tones import MOVING, tone, word
from flinkci_dashboard.web.trends import Trend
from flinkci_dashboard.web.words import counted, tallied

register = template.Library()
COPY = (
    '<button type="button" class="copy" data-copy="{}" title="Copy {}">'
    '<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">'
    '<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 3.5v-1h-8v8h1"/></svg>'
    '<span class="visually-hidden">Copy {}</span></button>'
)
register.filter("duration", duration)
register.filter("counted", counted)
register.filter("tone", tone)
register.filter("job_title", title_of)

SEEN, NOTHING = SafeString(" data-seen"), SafeString("")
ICONS = {"good": "✓", "info": "●", "warn": "!", "bad": "✕", "muted": "–"}


@register.simple_tag
def badge(state: object, label: str = "") -> SafeString:
    """Show a state as icon and word."""
    return _badge(str(state), str(label))


@lru_cache(1000)
def _badge(state: str, label: str) -> SafeString:
    its = tone(state)
    kind = f"{its} running" if state.lower() in MOVING else its
    text = label or word(state)
    return format_html('<span class="badge {}"><i aria-hidden="true">{}</i>{}</span>', kind, ICONS[its], text)


@register.simple_tag
def columns(*names: str) -> SafeString:
    """Write the head of a table: "#Ran" is a column of numbers, "(Act)" is said to screen readers alone."""
    return format_html("<thead><tr>{}</tr></thead>", format_html_join("", "{}", ((_head(name),) for name in names)))


def _head(name: str) -> SafeString:
    if name.startswith("("):
        return format_html('<th scope="col"><span class="visually-hidden">{}</span></th>', name.strip("()"))
    if name.startswith("#"):
        return format_html('<th scope="col" class="num">{}</th>', name[1:])
    return format_html('<th scope="col">{}</th>', name)


@register.simple_tag
def linked(url: str, text: str) -> SafeString | str:
    """Show text as a link, or as it is where there is no page to lead to."""
    return format_html('<a href="{}">{}</a>', url, text) if url else text


@register.filter
def ago(at: datetime | None, form: str = "ago") -> SafeString | str:
    """Show how long ago it was ("ago"), has lasted ("since") or is to come ("due"); the script keeps it true."""
    return _time(at, form)


@register.simple_tag
def lasting(sentence: Lasting, url: str = "") -> SafeString | str:
    """Show a sentence, as a link where there is a page; how long it has been so, the script keeps true."""
    age, (head, cause) = _time(sentence.since, "since"), sentence.halves
    words, detail = (format_html_join(age, "{}", ((part,) for part in half.split(TIME))) for half in (head, cause))
    return linked(url, words + format_html('<span class="detail">{}</span>', detail) if cause else words)


@register.simple_tag(takes_context=True)
def seen(context: dict, at: datetime | None, job: str) -> SafeString | str:
    """Show when a job last told something; after 3 of its intervals that is worth a look, and after 10 a fault."""
    every = context["intervals"].get(job) if at and "intervals" in context else None
    return (
        _time(at, "ago", format_html(' data-seen data-every="{}"', every) if every else SEEN) if at else "never so far"
    )


@register.simple_tag(takes_context=True)
def read(context: dict, things: str, at: datetime | None, job: str) -> SafeString | str:
    """Say when a job last read some things."""
    if at is None:
        return f"{things} have not been read yet."
    return format_html("{} were read {}.", things, seen(context, at, job))


def _time(at: datetime | None, form: str, more: SafeString = NOTHING) -> SafeString | str:
    if not at:
        return "–"
    words = told(form, (timezone.now() - at).total_seconds())
    # None of these parts holds a sign that HTML would read, and a page has hundreds of them.
    iso, stamp = at.isoformat(), f"{at:%Y-%m-%d %H:%M}"
    return written([f'<time datetime="{iso}" data-relative="{form}"{more} title="{stamp} UTC">{words}</time>'])


@register.filter
@lru_cache(5000)
def breakable(name: str) -> SafeString:
    """Let a long name such as a test's break after its dots and the like, rather than inside a word."""
    parts = re.split(r"(?<=[.#/:_])(?=[^.#/:_])", name)
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def head(branch: str) -> str:
    """Name a branch, in brief: that of a pull request's head by its number."""
    found = head_of(branch)
    return f"pull request {found.number}" if found else Truncator(branch).chars(32)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """Show a date and time, in the reader's zone where there is a script."""
    if not at:
        return "–"
    return written([f'<time datetime="{at.isoformat()}" data-local>{at:%Y-%m-%d %H:%M} UTC</time>'])


@register.simple_tag
def commit(repository: object, sha: str) -> SafeString | str:
    """Link a commit of a repository (owner/name) by the first ten digits of its SHA; say it where that is unknown."""
    if not sha:
        return "–"
    if not repository:
        return format_html('<span class="mono">{}</span>', sha[:10])
    address = f"{settings.GITHUB_GIT_URL}/{repository}/commit/{sha}"
    return format_html('<a class="mono nowrap" href="{}" title="{}">{}</a>', address, sha, sha[:10])


@register.simple_tag
def copy(text: str, what: str) -> SafeString | str:
    """Show a button that puts a text on the clipboard; without a script it is not there."""
    if not text:
        return ""
    return format_html(COPY, text, what, what)


@register.filter
def counts(values: dict[str, int]) -> str:
    """Say what a run counted: "2 branches pushed, 1 build changed"."""
    return ", ".join(tallied(name, number) for name, number in (values or {}).items() if number)


@register.filter
def said(action: Action) -> str:
    """Say what an act of the bot did, or how far it has come."""
    return deed(action.kind, action.state)


@register.simple_tag
def took(run: JobRun) -> SafeString | str:
    """Say how long a pass took, or has taken so far."""
    return duration(run.seconds) if run.ended_at else format_html("{} so far", ago(run.started_at, "since"))


@register.simple_tag(takes_context=True)
def checked(context: dict, last: JobRun | None) -> SafeString | str:
    """Say when a job last looked."""
    return format_html("Checked {}", seen(context, last.ended_at, last.job)) if last else "Not checked yet"


@register.simple_tag
def passes(bars: list[Bar]) -> SafeString | str:
    """Draw the last passes of a job, the newest to the right, as high as they were long."""
    if not bars:
        return ""
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="4" height="{}" rx="1"><title data-at="{}">{}</title></rect>',
        ((bar.kind, bar.x, HEIGHT - bar.height, bar.height, bar.at.isoformat(), _said(bar)) for bar in bars),
    )
    box = f"0 0 {WIDTH} {HEIGHT}"
    words = f"Of the last {len(bars)}: {tally(bars)}"
    return format_html('<svg class="strip-chart" viewBox="{}" role="img" aria-label="{}">{}</svg>', box, words, rects)


@register.simple_tag
def trend(drawn: Trend | None) -> SafeString | str:
    """Draw the last day of something, the newest to the right."""
    if drawn is None:
        return ""
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title data-at="{}">{}</title></rect>',
        (
            (bar.step.kind, bar.x, trends.HEIGHT - bar.height, trends.WIDTH, bar.height, bar.step.at.isoformat(),
             f"{bar.step.at:%Y-%m-%d %H:%M} UTC\n{bar.step.words}")
            for bar in drawn.bars
        ),
    )  # fmt: skip
    box = f"0 0 {trends.STEP * len(drawn.bars)} {trends.HEIGHT}"
    picture = (
        '<svg class="strip-chart trend" viewBox="{}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    )
    return format_html(picture, box, drawn.words, rects)


def _said(bar: Bar) -> str:
    did = counts(bar.counts) or ("" if bar.outcome == "running" else "nothing to do")
    ended = f"{word(bar.outcome)} after {duration(bar.seconds)}" + (f": {did}" if did else "")
    return f"{bar.at:%Y-%m-%d %H:%M} UTC\n{ended}"
