"""What the sandbox's services and their server say to each other: calls, answers, and the log of requests."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

CHUNK = 65_536


@dataclass(frozen=True)
class Request:
    """One answered request, as the log keeps it. Never holds an Authorization value."""

    at: float
    service: str  # git, github, azure, jira
    method: str
    path: str  # below the service's own address
    query: dict[str, str]
    status: int  # 0 when the connection was dropped without an answer
    charged: bool  # counts against GitHub's rate limit
    sent: int  # bytes of the answer's body

    @property
    def repo(self) -> str:
        """Return the repository's full name, for requests to one."""
        found = re.match(r"/([^/]+/[^/]+)\.git/" if self.service == "git" else r"/repos/([^/]+/[^/]+)", self.path)
        return found[1] if found else ""

    @property
    def git_service(self) -> str:
        """Return git's service: upload-pack or receive-pack, or info-refs for the look before either."""
        return self.path.rpartition("/")[2].removeprefix("git-") if "info/refs" not in self.path else "info-refs"

    def __str__(self) -> str:
        return f"{self.method} {self.service}{self.path} {self.query or ''} → {self.status}"


@dataclass
class Answer:
    """What a service answers: JSON, bytes or a stream of bytes."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None
    charged: bool = False

    def content(self) -> bytes:
        """Return the whole body of an answer that is no stream."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


@dataclass
class Call:
    """A request as a service sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    read: Callable[[], Iterator[bytes]]
    address: str  # of the service, for links
    host: str = ""  # the address that all services stand below
    last_page: int = 0  # from this page on, GitHub's lists want a cursor

    @property
    def target(self) -> str:
        """Return path and query, as one would write them."""
        return f"{self.path}?{'&'.join(f'{name}={value}' for name, value in self.query.items())}"

    def body(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.read())

    def json(self) -> dict:
        """Return the body as a JSON object. Raises ValueError."""
        found = self.parsed()
        if not isinstance(found, dict):
            raise ValueError("The body is no JSON object.")
        return found

    def parsed(self) -> Any:
        """Return the body as JSON of any kind. Raises ValueError."""
        return json.loads(self.body() or b"{}")
