"""The HTTP plumbing of the sandbox: one server on loopback, a request log, and faults on demand."""

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from flinkci_dashboard.sandbox.bodies import Body, CutShortError
from flinkci_dashboard.sandbox.calls import Answer, Call, Request
from flinkci_dashboard.sandbox.faults import Fault


class Server(ThreadingHTTPServer):
    """Serves each service below its own first path segment."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, services: dict[str, Callable[[Call], Answer]], now: Callable[[], datetime]) -> None:
        self.now = now
        self.services = services
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self.ready = threading.Event()  # requests wait for it: no one sees a world that is half made
        self.ready.set()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def address(self) -> str:
        """Return the address without a trailing slash."""
        return f"http://127.0.0.1:{self.server_port}"

    def fault_for(self, service: str, method: str, target: str) -> Fault | None:
        """Return the first fault that a request runs into."""
        with self.lock:
            return next((fault for fault in self.faults if fault.matches(service, method, target)), None)

    def clear_faults(self) -> None:
        """End all faults; what hangs is let go."""
        with self.lock:
            for fault in self.faults:
                fault.released.set()
            self.faults.clear()

    def note(self, request: Request) -> None:
        """Add to the log."""
        with self.lock:
            self.requests.append(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is nothing to talk about; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | BrokenPipeError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ConnectionDropError(Exception):
    """The connection is to end here, without a further byte."""


class Handler(BaseHTTPRequestHandler):
    """Reads one request after another from a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        service, _, rest = parts.path.lstrip("/").partition("/")
        self._body = Body(self.rfile, self.headers)
        call = Call(
            self.command,
            "/" + unquote(rest),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self._body.read,
            f"{self.server.address}/{service}",
            self.server.address,
        )
        self._sent = 0
        self._record = partial(self._note, service, call)
        try:
            answer = self._answer(service, call, parts.query)
            self._send(answer, self._limit)
        except (ConnectionDropError, CutShortError):
            self._record(0, False)
            self._drop()

    def _note(self, service: str, call: Call, status: int, charged: bool) -> None:
        """Add to the log, before the client has the last byte: who has an answer finds it in the log."""
        what = (service, call.method, call.path, call.query, status, charged, self._sent)
        self.server.note(Request(time.time(), *what))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815

    def _answer(self, service: str, call: Call, query: str) -> Answer:
        self._limit: int | None = None
        self.server.ready.wait()
        fault = self.server.fault_for(service, call.method, f"{call.path}?{query}")
        if fault is None:
            return self._ask(service, call)
        self._limit = fault.truncate
        answer = fault.happen(partial(self._ask, service, call))
        if answer is None:
            raise ConnectionDropError
        return answer

    def _ask(self, service: str, call: Call) -> Answer:
        if service not in self.server.services:
            return Answer(404, {"message": f"The sandbox has no service {service!r}."})
        return self.server.services[service](call)

    def _send(self, answer: Answer, limit: int | None) -> None:
        if answer.stream is None:  # a stream's service is reading the body meanwhile, in a thread of its own
            for _ in self._body.raw():  # what the service did not read must not be taken for the next request
                pass
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.stream is None:
            self._send_whole(answer, limit)
        else:
            self._send_stream(answer, answer.stream, limit)

    def _send_whole(self, answer: Answer, limit: int | None) -> None:
        content = answer.content()
        self.send_header("Content-Length", str(len(content)))
        if isinstance(answer.body, dict | list) or (isinstance(answer.body, str) and answer.body[:1] in "{["):
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if limit is None or len(content) <= limit:
            self._sent = len(content)
            self._record(answer.status, answer.charged)
            self._sent = 0
        self.end_headers()
        if self.command != "HEAD":
            self._write(content, limit)

    def _send_stream(self, answer: Answer, stream: Iterator[bytes], limit: int | None) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in filter(None, stream):
            self.wfile.write(f"{len(part):x}\r\n".encode())
            self._write(part, limit)
            self.wfile.write(b"\r\n")
        self.close_connection = self.close_connection or self._body.unread
        self._record(answer.status, answer.charged)
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, part: bytes, limit: int | None) -> None:
        if limit is not None and self._sent + len(part) > limit:
            self.wfile.write(part[: limit - self._sent])
            self._sent = limit
            raise ConnectionDropError
        self.wfile.write(part)
        self._sent += len(part)

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the world's time, which is what services stamp their answers with."""
        return format_datetime(self.server.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the request log has it."""
