"""A place that takes alerts, and mail, and shows them: a page with what came, and buttons that break and mend."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

MOST = 200  # messages that are kept
router = Router()
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Alerts that came</title><style>body{{font:15px system-ui;max-width:60rem;margin:2rem auto}}
li{{margin:.5rem 0;white-space:pre-wrap}}button{{margin-right:.5rem}}</style>
<h1>Alerts that came</h1><p>Break something, and watch.</p>{buttons}<ol reversed>{messages}</ol></html>"""


@dataclass
class Sink:
    """What came, the oldest first; and what can be broken or mended, by name."""

    verbs: Mapping[str, Callable[[], None]]
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer:
        """Answer one call; anybody may."""
        route, values, _ = router.find(call)
        return route.answer(self, call, **values) if route else Answer(404, "There is no such page.")

    def keep(self, message: dict[str, Any]) -> None:
        """Keep a message: its `title`, its `message`."""
        self.messages = [*self.messages, message][-MOST:]


@router.route("POST", "/hook")
def take(sink: Sink, call: Call) -> Answer:
    """Take a message."""
    sink.keep(call.json())
    return Answer(200, {"taken": len(sink.messages)})


@router.route("GET", "/messages")
def messages(sink: Sink, call: Call) -> Answer:
    """Tell what came."""
    return Answer(200, sink.messages)


@router.route("GET", "/")
def page(sink: Sink, call: Call) -> Answer:
    """Show what came, the newest first, with the buttons."""
    buttons = "".join(_button(name) for name in sink.verbs)
    shown = "".join(
        f"<li><b>{html.escape(each.get('title', ''))}</b>\n{html.escape(each.get('message', ''))}</li>"
        for each in reversed(sink.messages)
    )
    return Answer(200, PAGE.format(buttons=buttons, messages=shown), {"Content-Type": "text/html; charset=utf-8"})


@router.route("POST", "/verbs/{name}")
def do(sink: Sink, call: Call, name: str) -> Answer:
    """Break something, or mend it."""
    if name not in sink.verbs:
        return Answer(404, f"The verbs are {', '.join(sink.verbs)}.")
    sink.verbs[name]()
    return Answer(303, "", {"Location": "../"})


def _button(name: str) -> str:
    words = name.replace("-", " ")
    return f'<form method="post" action="verbs/{name}" style="display:inline"><button>{words}</button></form>'
