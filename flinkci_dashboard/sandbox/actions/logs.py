"""Logs of jobs, in the shapes that Flink's have; and the store that keeps them, which takes a link and no token."""

import secrets
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.actions.data import Job
from flinkci_dashboard.sandbox.actions.engine import Actions
from flinkci_dashboard.sandbox.calls import Answer, Call

VALID = timedelta(minutes=1)
KEPT = timedelta(days=90)
PAGE = {"Content-Type": "application/xml"}


class Store:
    """Where logs are: addresses that work for a minute. Who shows a token there has leaked it, and is refused."""

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self.links: dict[str, tuple[int, datetime]] = {}  # key → job, and until when
        self.padding = 0  # bytes before the log's own lines
        self.first = self.last = ""  # lines before those, and after them

    def link(self, job: Job, address: str) -> str:
        """Return where a job's log can be read from now on."""
        key = secrets.token_urlsafe(24)
        self.links[key] = (job.id, self.actions.clock.now() + VALID)
        return f"{address}/store/logs/{job.id}?sig={key}"

    def __call__(self, call: Call) -> Answer:
        """Answer one call."""
        if "authorization" in call.headers:
            return Answer(400, "<Error><Code>InvalidAuthenticationInfo</Code></Error>", PAGE)
        id, until = self.links.get(call.query.get("sig", ""), (0, self.actions.clock.now()))
        if call.method != "GET" or call.path != f"/logs/{id}" or self.actions.clock.now() >= until:
            return Answer(403, "<Error><Code>AuthenticationFailed</Code></Error>", PAGE)
        found = next(job for run in self.actions.runs.values() for each in run.attempts for job in each if job.id == id)
        content = b"x" * 99 + b"\n"
        padding = content * (self.padding // 100)
        content = self.first.encode() + padding + text_of(found).encode() + self.last.encode()
        asked = call.headers.get("range", "")
        if not asked.startswith("bytes=") or not asked.endswith("-"):
            return Answer(200, content, {"Content-Type": "text/plain"})
        return Answer(206, content[int(asked[6:-1]) :], {"Content-Type": "text/plain"})


def text_of(job: Job) -> str:
    """Return a job's log: stamped by the service, by Flink's watchdog, and by Maven."""
    at = job.begins_at
    lines = [
        f"Runner name: '{job.runner}'",
        "##[group]Run tools/ci/test_controller.sh",
        "[INFO] Scanning for projects...",
    ]
    for test in job.tests:
        name, _, method = test.rpartition(".")
        lines += [
            f"[INFO] Running {name}",
            f"[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 4.2 s <<< FAILURE! -- in {name}",
            f"[ERROR] {name}.{method} -- Time elapsed: 1.2 s <<< FAILURE!",
            "org.opentest4j.AssertionFailedError: expected: <1> but was: <2>",
        ]
    if job.conclusion == "failure":
        lines += ["[INFO] BUILD FAILURE", "##[error]Process completed with exit code 1."]
    return "".join(f"{_stamp(at, n)} {line}\n" for n, line in enumerate(lines))


def _stamp(at: datetime, second: int) -> str:
    return f"{at + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.1234567Z"
