"""Tags about people."""

from django import template

from flinkci_dashboard.people import whom_to_ask as find

register = template.Library()


@register.inclusion_tag("people/_whom_to_ask.html")
def whom_to_ask(area: str) -> dict[str, object]:
    """Name the contacts who can help with what a page shows; `area` is a value of `models.Area`."""
    return {"contacts": find(area)}
