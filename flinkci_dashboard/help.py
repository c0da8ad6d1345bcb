"""The help: what stands in `docs/`, and what each state means, from the very tables that pages use.

Each app has a module `states` with `kinds() -> list[Kind]`, found by its name.
"""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.markdown import render_markdown

# Address → title; each is `docs/<address>.md`.
TEXTS = {
    "jobs": "The jobs",
    "take-over": "Taking over from the old bots",
    "operations": "Operations",
    "migration": "The migration to GitHub Actions",
    "metrics": "Metrics",
    "glossary": "Words",
}
OTHER_TEXT = re.compile(r"\]\(([a-z-]+)\.md\)")  # a link from one to another


@dataclass(frozen=True)
class State:
    """One state: its badge and label, what it says, and what a person can do about it ("" when nothing need be)."""

    value: str
    label: str
    meaning: str
    remedy: str = ""


@dataclass(frozen=True)
class Kind:
    """The states of one kind of thing."""

    title: str
    states: list[State]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what there is to read, and the meaning of every state."""
    kinds = [kind for part in parts("states") for kind in part.kinds()]
    return render(request, "help/index.html", {"texts": TEXTS, "kinds": kinds})


@require_safe
def text(request: HttpRequest, name: str) -> HttpResponse:
    """Show one text."""
    if name not in TEXTS:
        raise Http404(f"There is no help on “{name}”.")
    return render(request, "help/text.html", {"title": TEXTS[name], "text": _rendered(name), "texts": TEXTS})


@cache
def _rendered(name: str) -> SafeString:
    source = (settings.BASE_DIR / "docs" / f"{name}.md").read_text()
    return render_markdown(OTHER_TEXT.sub(r"](/help/\1/)", source))
