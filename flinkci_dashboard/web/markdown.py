"""Markdown as HTML that a page may hold."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {"a", "blockquote", "br", "code", "details", "em", "h1", "h2", "h3", "li", "ol", "p", "pre", "strong", "summary"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td", "ul"}
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def render_markdown(text: str) -> SafeString:
    """Render Markdown with the few tags that texts need and nothing else, whoever wrote it; links to the web alone."""
    html = nh3.clean(
        MARKDOWN.render(text), tags=TAGS | TABLES, attributes={"a": {"href"}}, url_schemes={"https", "http"}
    )
    return mark_safe(html)  # noqa: S308 - cleaned just now  # nosec B703, B308
