"""Drawings of many small parts, written at once: a template's loop over them would take most of a page's time."""

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from agents.builds.branch_figures import GridCell, GridColumn, GridRow
from agents.charts.drawing import WIDTH, Bar, Chart, Column
from flinkci_dashboard.templatetags.dashboard import ago, moment
from flinkci_dashboard.web.escaped import written

register = template.Library()


@register.simple_tag
def bars(shown: Sequence[Bar]) -> SafeString:
    """Draw one row of a bar chart; each bar says on hover what it is, and all together to screen readers."""
    said = [escape(bar.words) for bar in shown]
    words = written(said, "; ") or "nothing"
    rects = written(map(_rect, shown, said))
    return format_html(
        '<svg class="chart bars" viewBox="0 0 {} 16" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="axis" d="M0,15.5 H{}"/>{}</svg>',
        WIDTH,
        words,
        WIDTH,
        rects,
    )


def _rect(bar: Bar, words: SafeString) -> str:
    box = f'x="{bar.x}" y="2" width="{bar.width}" height="12"'
    return f'<rect class="{bar.kind}" {box}><title>{words}</title></rect>'


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
    return written(_strip(column, chart.height, names) for column in chart.columns)


def _strip(column: Column, height: int, names: Sequence[str]) -> str:
    words = escape("\n".join(map(": ".join, zip(names, column.words, strict=True))))
    title = f'<title data-at="{column.at.isoformat()}">{column.at:%Y-%m-%d %H:%M} UTC\n{words}</title>'
    return f'<rect class="strip" x="{column.x}" y="0" width="{column.width}" height="{height}">{title}</rect>'


@register.simple_tag
def figures(chart: Chart) -> SafeString:
    """Write a chart's numbers as the rows of a table."""
    rows = ((moment(column.at), _figures(column)) for column in chart.columns)
    return format_html_join("", '<tr><th scope="row" class="nowrap">{}</th>{}</tr>', rows)


def _figures(column: Column) -> SafeString:
    return format_html_join("", '<td class="num">{}</td>', ((word,) for word in column.words))


@register.simple_tag
def cells(row: GridRow) -> SafeString:
    """Draw one job's row of a branch's grid: a sign for the eye, a word on hover and for screen readers."""
    name = escape(row.name)
    drawn = {cell: _cell(name, cell) for cell in set(row.cells)}
    return written(drawn[cell] for cell in row.cells)


@register.simple_tag
def grid_heads(columns: Sequence[GridColumn]) -> SafeString:
    """Write the heads of a branch's grid: each build's commit, and when that was."""
    return format_html_join("", HEAD, map(_head, columns))


def _head(column: GridColumn) -> tuple[object, ...]:
    build, author = column.build, column.author
    told = f"Build {build.external_id}, {build.state}: {column.subject} ({author})"
    written = format_html("<bdi>{}</bdi>: ", author) if author else ""
    sha = build.version[:7] or build.external_id
    return build.get_absolute_url(), told, sha, ago(column.at), written, column.subject


HEAD = (
    '<th scope="col"><a href="{}" title="{}"><span><span class="mono">{}</span> {}</span>'
    "<small>{}<bdi>{}</bdi></small></a></th>"
)
CELL = (
    '<td class="{}" title="{}: {}">{}<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>{}</td>'
)


def _cell(name: SafeString, cell: GridCell) -> SafeString:
    words = escape(cell.words)
    opened, closed = (format_html('<a href="{}">', cell.url), SafeString("</a>")) if cell.url else ("", "")
    return format_html(CELL, cell.mark, name, words, opened, cell.symbol, words, closed)
