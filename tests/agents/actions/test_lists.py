"""The past of a repository is read by windows of time, however much ran in one of them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from agents.actions.lists import PAST, Lists
from agents.actions.spending import Spending
from agents.actions.values import Source
from agents.models import Followed
from flinkci_dashboard.clients.facts import RUNS_ON_A_PAGE, RUNS_TOLD, BuildFacts, Reason, Result, RunList, Status

NOW = datetime(2026, 11, 26, 12, 0, 0, 700_000, tzinfo=UTC)
REPOSITORY = "apache/flink"


def run(number: int, at: datetime) -> BuildFacts:
    texts = dict.fromkeys(("number", "definition", "branch", "version", "message", "requested_for", "web_url"), "")
    facts = {"provider": "actions", "external_id": number, "definition_id": 1, "repository": REPOSITORY, **texts}
    times = dict.fromkeys(("queued_at", "started_at", "finished_at"), at)
    return BuildFacts(**facts, **times, reason=Reason.PUSH, status=Status.FINISHED, result=Result.SUCCEEDED)


class Github:
    """A list of runs that tells a thousand of a window, as GitHub does: by whole seconds, both ends included."""

    def __init__(self, runs: list[BuildFacts]) -> None:
        self.runs, self.asked, self.quota = runs, 0, None

    def created_between(self, start: datetime, end: datetime, at: str = "") -> RunList:
        self.asked += 1
        first, last = start.replace(microsecond=0), end.replace(microsecond=0)
        found = [each for each in self.runs if first <= each.queued_at <= last]
        place = int(at or 0)
        page = found[:RUNS_TOLD][place : place + RUNS_ON_A_PAGE]
        more = place + RUNS_ON_A_PAGE < min(len(found), RUNS_TOLD)
        return RunList(tuple(page), "", len(found), str(place + RUNS_ON_A_PAGE) if more else "")


def spread(number: int, ago: timedelta, over: timedelta) -> list[datetime]:
    return [(NOW - ago - n * over / number).replace(microsecond=0) for n in range(number)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moments",
    [
        [],
        spread(3000, timedelta(days=2), timedelta(days=1)),
        spread(1300, timedelta(days=5), timedelta(hours=1)),
        spread(1200, timedelta(days=5, hours=3), timedelta(minutes=5)),
        [*spread(2500, timedelta(days=1), timedelta(hours=20)), *spread(40, timedelta(days=9), timedelta(days=60))],
    ],
    ids=["nothing", "3,000 in a day", "1,300 in an hour", "1,200 in five minutes", "many, then few"],
)
def test_of_the_past_nothing_is_left_out(monkeypatch, moments):
    read: set[int] = set()
    monkeypatch.setattr("agents.actions.lists.take_in", lambda _, runs: read.update(run.external_id for run in runs))
    runs = [run(number, at) for number, at in enumerate(moments)]
    Followed.objects.create(repository=REPOSITORY, query="", read_from=NOW)
    for _ in range(6):  # passes
        github = Github(runs)
        Lists(SimpleNamespace(now=NOW), github, Source(REPOSITORY), {}).past(Spending(github))
        if Followed.objects.get().complete:
            break
    assert read == set(range(len(moments)))
    assert Followed.objects.get().read_from < NOW - PAST
