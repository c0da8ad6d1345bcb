"""Every address of the project, for tests that go to all of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

ARGUMENTS = {"pk": "1", "job": "sync_mirrors", "number": "1", "app_label": "flinkci_dashboard", "content_type_id": "1"}
ARGUMENTS |= {"provider": "azure", "build_id": "1", "service": "github"}


@dataclass(frozen=True)
class Page:
    """One address."""

    path: str
    name: str
    part: str  # "admin", "accounts" or "": which rules apply


def pages() -> Iterator[Page]:
    """Return every address of the project, with arguments filled in."""
    for route, pattern in _walk(get_resolver().url_patterns, ""):
        if "format>" in route or route.endswith("(?P<url>.*)$"):
            continue  # the admin's catch-all
        part = route.split("/")[0] if route.startswith(("admin/", "accounts/")) else ""
        yield Page("/" + _fill(route), pattern.name or route, part)


def _walk(patterns: list, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def _fill(route: str) -> str:
    route = re.sub(r"\(\?P<(\w+)>\((.*?)\)?[^)]*\)", lambda m: ARGUMENTS.get(m[1], "x"), route)
    route = re.sub(r"<(?:(\w+):)?(\w+)>", lambda m: ARGUMENTS.get(m[2], "1" if m[1] == "int" else "x"), route)
    return route.replace("$", "").replace("^", "").replace("\\Z", "")


PAGES = list(pages())
