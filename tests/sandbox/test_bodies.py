"""A request's body is its own, whenever and by whomever it is read."""

import http.client
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.http import Server


class Kept:
    """A service that reads the body of a GET long after it has answered, and any other at once."""

    def __init__(self) -> None:
        self.late: list[Call] = []
        self.bodies: list[bytes] = []

    def __call__(self, call: Call) -> Answer:
        if call.method == "GET":
            self.late.append(call)
        else:
            self.bodies.append(b"".join(call.body() for call in self.late) + b"|" + call.body())
        return Answer(200, {})


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Serve one, and speak to it over one connection."""
    service = Kept()
    server = Server(0, {"kept": service}, lambda: datetime.now(UTC))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    service.connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    yield service
    service.connection.close()
    server.shutdown()
    server.server_close()


def ask(kept: Kept, method: str, *more, **options) -> None:
    kept.connection.request(method, "/kept/x", *more, **options)
    kept.connection.getresponse().read()


def test_a_body_that_is_read_late_takes_nothing_of_the_next_request(kept):
    ask(kept, "GET")
    ask(kept, "POST", b"0014command=ls-refs\n0000")
    assert kept.bodies == [b"|0014command=ls-refs\n0000"]


def test_bodies_come_whole_in_chunks_zipped_and_after_one_that_nobody_read(kept):
    zipped = zlib.compressobj(wbits=31)
    packed = zipped.compress(b"have " * 9000) + zipped.flush()
    ask(kept, "GET", b"unread")
    ask(kept, "POST", iter([b"one ", b"two"]), encode_chunked=True)
    ask(kept, "POST", iter([packed[:9], packed[9:]]), {"Content-Encoding": "gzip"}, encode_chunked=True)
    assert kept.bodies == [b"|one two", b"|" + b"have " * 9000]
