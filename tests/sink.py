"""A place that takes alerts, for tests: a small web server that keeps what it was sent, and may fail."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from flinkci_dashboard.alerts.channels import set_address
from flinkci_dashboard.models import Channel


class Sink:
    """Takes messages on loopback. `status` is what it answers; `on_message` runs before it answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.asked: list[str] = []  # paths of GET requests
        self.status, self.location = 200, ""
        self.on_message: Callable[[], None] = lambda: None
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.messages.append(json.loads(body) | {"path": self.path})
                sink.on_message()
                self.answer()

            def do_GET(self) -> None:
                sink.asked.append(self.path)
                self.answer()

            def answer(self) -> None:
                self.send_response(sink.status)
                if sink.location:
                    self.send_header("Location", sink.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def place(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def address(self) -> str:
        """Return the address of a channel that leads here."""
        return f"json://user:secretword@{self.place}/hook/topsecret"

    @property
    def texts(self) -> list[str]:
        """Return title and text of every message, in one."""
        return [f"{message['title']}\n{message['message']}" for message in self.messages]


def make_channel(settings, sink: Sink, name: str = "sink", **facts: Any) -> Channel:
    """Make a channel that leads to a sink on loopback."""
    settings.ALERT_PRIVATE_ADDRESSES = True
    made = Channel(name=name, **facts)
    set_address(made, sink.address)
    made.save()
    return made
