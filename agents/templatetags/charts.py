"""Drawings of many small parts, written at once: a template's loop over them would take most of a page's time."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
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
    return format_html_join("", "{}", ((_cell(row.name, cell),) for cell in row.cells))


def _cell(name: str, cell: GridCell) -> SafeString:
    said = '<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'
    words = format_html(said, cell.symbol, cell.words)
    inner = format_html('<a href="{}">{}</a>', cell.url, words) if cell.url else words
    return format_html('<td class="{}" title="{}: {}">{}</td>', cell.mark, name, cell.words, inner)
