"""Drawings of many small parts, written at once: a template's loop over them would take most of a page's time."""

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from agents.builds.branch_figures import GridCell, GridRow
from agents.charts.drawing import WIDTH, Bar, Chart

register = template.Library()


@register.simple_tag
def bars(shown: Sequence[Bar]) -> SafeString:
    """Draw one row of a bar chart; each bar says on hover what it is, and all together to screen readers."""
    words = "; ".join(bar.words for bar in shown) or "nothing"
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}" y="2" width="{}" height="12"><title>{}</title></rect>',
        ((bar.kind, bar.x, bar.width, bar.words) for bar in shown),
    )
    return format_html(
        '<svg class="chart bars" viewBox="0 0 {} 16" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="axis" d="M0,15.5 H{}"/>{}</svg>',
        WIDTH,
        words,
        WIDTH,
        rects,
    )


@register.simple_tag
def swatch(kind: str) -> SafeString:
    """Draw the square that explains a colour of a chart."""
    box = '<svg class="chart" viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" height="10"/></svg>'
    return format_html(box, kind)


@register.simple_tag
def host_swatch(host: str) -> SafeString:
    """Draw the square of a host's colour; "" is the unknown host."""
    return swatch(f"host-{host or 'unknown'}")


@register.simple_tag
def strips(chart: Chart) -> SafeString:
    """Draw the strips that show a chart's numbers on hover; the script turns their time into the reader's."""
    names = [line.name for line in chart.lines]
    return format_html_join(
        "",
        '<rect class="strip" x="{}" y="0" width="{}" height="{}"><title data-at="{}">{}</title></rect>',
        (
            (
                column.x,
                column.width,
                chart.height,
                column.at.isoformat(),
                "\n".join([f"{column.at:%Y-%m-%d %H:%M} UTC", *map(": ".join, zip(names, column.words, strict=True))]),
            )
            for column in chart.columns
        ),
    )


@register.simple_tag
def cells(row: GridRow) -> SafeString:
    """Draw one job's row of a branch's grid: a sign for the eye, a word on hover and for screen readers."""
    name = escape(row.name)
    drawn = {cell: _cell(name, cell) for cell in set(row.cells)}
    return format_html_join("", "{}", ((drawn[cell],) for cell in row.cells))


CELL = (
    '<td class="{}" title="{}: {}">{}<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>{}</td>'
)


def _cell(name: SafeString, cell: GridCell) -> SafeString:
    words = escape(cell.words)
    opened, closed = (format_html('<a href="{}">', cell.url), SafeString("</a>")) if cell.url else ("", "")
    return format_html(CELL, cell.mark, name, words, opened, cell.symbol, words, closed)
