"""What pages about failures say in each of many rows, written at once."""

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.failures.figures import Figures
from flinkci_dashboard.web.addresses import address
from flinkci_dashboard.web.escaped import written

register = template.Library()


@register.simple_tag
def where(seen: Figures) -> SafeString:
    """Say where something failed: on which branches, whether on pull requests, and on which services."""
    places = [*map(_link, seen.branches), *(["pull requests"] if seen.on_pulls else [])]
    return format_html("{}<br><small>{}</small>", written(places, ", "), ", ".join(seen.services))


@lru_cache(1000)
def _link(branch: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address("branch", branch), branch)
