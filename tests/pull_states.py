"""Pull requests as values, for the tables of what is decided about them."""

from datetime import UTC, datetime, timedelta

from sync.pulls.report import Entry
from sync.pulls.values import Branch, Build, BuildStatus, Command, PullState, Refusal

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


A, B, C = "a" * 40, "b" * 40, "c" * 40


SUCCESS, FAILURE, CANCELED, PENDING = (
    BuildStatus.SUCCESS,
    BuildStatus.FAILURE,
    BuildStatus.CANCELED,
    BuildStatus.PENDING,
)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def url(number: int) -> str:
    return f"https://dev.azure.com/apache-flink/x/_build/results?buildId={number}"


def build(number: int, sha: str = A, status: BuildStatus = PENDING, **facts) -> Build:
    times = {"queued_at": ago(100 - number), "finished_at": None if status is PENDING else ago(90 - number)}
    return Build(number, sha, status, url(number), **(times | facts))


def branch(sha: str = A, minutes: float = 200, pushed: bool = True, **facts) -> Branch:
    return Branch(sha, ago(minutes), ago(minutes) if pushed else None, **facts)


def command(number: int = 7, head: str = A, **facts) -> Command:
    return Command(number, head, ago(1), **facts)


def pull(**facts) -> PullState:
    return PullState(5, **({"head": A, "branches": (branch(),)} | facts))


REFUSED = Refusal(A, "refusing to allow", True, "t1", ago(60))


def manual(comment: int, sha: str, status: str, number: int | None = None) -> Entry:
    return Entry(sha, status, url(number) if number else "TBD", str(comment), "MANUAL")
