"""What an attempt took over from the one before, told from what ran again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.actions.jobs import without_inherited
from agents.builds.timelines import Known
from agents.models import Job
from flinkci_dashboard.clients.facts import JobFacts, Result, Status, Timeline

MADE = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEGAN, ENDED = MADE + timedelta(minutes=1), MADE + timedelta(minutes=30)
LATER = ENDED + timedelta(hours=1)
FIRST = JobFacts(
    *("Compile", "11", "Compile", "", 1, 0, Status.FINISHED, Result.SUCCEEDED, MADE, BEGAN, ENDED, "GitHub Actions 5"),
    *(None, 11, (), 0, 0, ()),
)
SKIPPED = replace(FIRST, worker_name="", started_at=None, finished_at=MADE, result=Result.SKIPPED)
CASES = [
    ("the very same job", FIRST, {"ready_at": MADE}, False),
    ("a copy that was made when the run was repeated", FIRST, {"record_id": "12", "ready_at": LATER}, False),
    ("a copy that says when the first was made", FIRST, {"record_id": "12"}, False),
    ("a copy of one that never had a machine", SKIPPED, {"record_id": "12", "ready_at": LATER}, False),
    ("another machine in the same seconds", FIRST, {"record_id": "12", "worker_name": "GitHub Actions 6"}, True),
    ("made after the first, begun after that", FIRST, {"record_id": "12", "ready_at": BEGAN}, True),
    ("other seconds", FIRST, {"record_id": "12", "started_at": LATER, "finished_at": LATER}, True),
    ("one that runs", FIRST, {"record_id": "12", "finished_at": None, "status": Status.RUNNING}, True),
]


def names(timeline: Timeline) -> list[str]:
    return [job.key for job in timeline.jobs]


def as_row(facts: JobFacts) -> Job:
    told = {name: getattr(facts, name) for name in ("key", "attempt", "record_id", "worker_name", "finished_at")}
    return Job(queued_at=facts.ready_at, started_at=facts.started_at, **told)


@pytest.mark.parametrize(
    ("first", "changed", "ran_again"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_a_copy_is_left_out_and_what_ran_again_counts(first, changed, ran_again):
    second = Timeline((), (replace(first, attempt=2, **changed),), ())
    expected = ["Compile"] if ran_again else []
    assert names(without_inherited(second, Known({}, {("Compile", 1): as_row(first)}), [second])) == expected
    assert names(without_inherited(second, Known({}, {}), [second, Timeline((), (first,), ())])) == expected


def test_a_first_attempt_is_no_copy_of_a_later_one():
    first, second = (Timeline((), (replace(FIRST, attempt=number),), ()) for number in (1, 2))
    assert names(without_inherited(first, Known({}, {}), [second, first])) == ["Compile"]
    assert names(without_inherited(second, Known({}, {}), [second, first])) == []
