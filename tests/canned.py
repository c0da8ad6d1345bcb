"""A web server on loopback that gives prepared answers, for calls that the sandbox has no world for."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Canned:
    """Answers by path (the longest prefix counts): a body alone, or status, body and headers. Keeps what was asked."""

    address: str
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers

    def find(self, path: str) -> tuple[int, object, dict[str, str]]:
        """Return status, body and headers for a path."""
        for prefix in sorted(self.answers, key=len, reverse=True):
            if path.startswith(prefix):
                answer = self.answers[prefix]
                return answer if isinstance(answer, tuple) else (200, answer, {})
        return 404, {"message": "Not Found"}, {}


@contextmanager
def canned() -> Iterator[Canned]:
    """Serve until the end of the block."""
    world = Canned("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server asks for
            world.asked.append((self.command, self.path, dict(self.headers)))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, headers = world.find(self.path)
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response_only(status)
            usual = {"Content-Type": "application/json", "Date": self.date_time_string()}
            for name, value in (usual | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
