"""Runs in the forks of open pull requests: who is asked for, how often, and what a run there belongs to."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.actions.values import LONGEST, Head, in_turn, pause, silence
from agents.models import Build, Followed
from flinkci_dashboard.sandbox import SOURCE
from tests.pulls import sync
from tests.runs import asked, poll, row, start

NOW = timezone.now()
FORK = "ada/flink"


def head(pull: int) -> Head:
    return Head(pull, FORK, f"{pull:040x}")


def key(pull: int) -> tuple[str, str]:
    return FORK, head(pull).query


@pytest.mark.parametrize(
    ("tries", "minutes"), [(0, 2), (1, 2), (2, 4), (5, 32), (8, 256), (9, 360), (1000, 360)], ids=str
)
def test_a_head_without_a_run_is_asked_for_ever_more_rarely(tries, minutes):
    assert pause(tries) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("looks", "hours"), [(1, 0), (2, 6), (3, 12), (6, 96), (7, 168), (1000, 168)], ids=str)
def test_a_fork_that_is_not_there_is_left_alone_ever_longer(looks, hours):
    assert silence(looks) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("next_at", "turn"),
    [
        ({}, [3, 2, 1]),
        ({key(3): NOW - timedelta(1), key(2): NOW - timedelta(2)}, [1, 2, 3]),
        ({key(3): NOW + timedelta(minutes=1), key(2): NOW}, [1, 2]),
        ({key(1): NOW + LONGEST + timedelta(1)}, [3, 2, 1]),  # noted by a clock that was wrong
    ],
    ids=["new ones first", "then those that waited longest", "not before their time", "a wrong clock holds up none"],
)
def test_heads_take_turns(next_at, turn):
    assert [each.pull for each in in_turn([head(3), head(2), head(1)], next_at, NOW)] == turn


@pytest.fixture
def pull(flink) -> int:
    number = flink.pulls.open("[FLINK-1] Change", login="ada")
    sync()
    return number


def fork_run(world, number: int, **facts):
    sha = world.pulls.by_number[number].head
    return start(world, branch="patch", sha=sha, repo=FORK, **facts)


def test_a_run_in_the_authors_fork_belongs_to_the_pull_request(flink, pull):
    run = fork_run(flink, pull)
    poll()
    build = row(run)
    assert (build.repository, build.pull_number, build.scope) == (FORK, pull, "pull")
    assert build.jobs.exists()


def test_a_head_is_left_alone_once_a_run_has_ended(flink, pull):
    run = fork_run(flink, pull)
    poll()
    flink.actions.finish(run.id)
    Followed.objects.update(next_at=None)
    poll()
    assert row(run).result == "succeeded"
    Followed.objects.update(next_at=None)
    mark = flink.log_mark()
    poll()
    assert asked(flink, mark, FORK) == []


def test_a_run_is_seen_to_its_end_though_the_pull_request_has_another_head(flink, pull):
    run = fork_run(flink, pull)
    poll()
    flink.pulls.push(pull)
    sync()
    flink.actions.finish(run.id)
    Followed.objects.update(next_at=None)
    poll()
    assert row(run).result == "succeeded"


def test_a_run_goes_with_its_fork(flink, pull):
    run = fork_run(flink, pull)
    poll()
    flink.actions.unknown.add(FORK)
    for _ in range(3):
        assert row(run).gone_at is None or row(run).status == "finished"
        Followed.objects.update(next_at=None)
        poll()
    assert row(run).gone_at


def test_a_head_without_a_run_is_not_asked_for_in_each_pass(flink, pull):
    poll()
    mark = flink.log_mark()
    poll()
    assert asked(flink, mark, FORK) == []


def test_a_fork_that_was_deleted_is_no_failure(flink, pull):
    flink.actions.unknown.add(FORK)
    poll()
    assert Followed.objects.get(repository=FORK, pull_number=pull).problem


def test_a_fork_that_was_renamed_is_found_and_tells_of_no_other_commit(flink, pull):
    run = fork_run(flink, pull)
    other = start(flink, branch="other", sha="d" * 40, repo=FORK)
    flink.repositories.create(FORK)
    flink.rename(FORK, "ada/flink-2")
    poll()
    assert (row(run).repository, row(run).pull_number) == ("ada/flink-2", pull)
    assert row(run).jobs.exists()
    assert not Build.objects.filter(external_id=other.id).exists()
    flink.actions.finish(run.id)
    Followed.objects.update(next_at=None)
    poll()
    assert row(run).result == "succeeded"


def let_time_pass(**since: float) -> None:
    """Let what was put off be due sooner."""
    for mark in Followed.objects.exclude(next_at=None):
        mark.next_at -= timedelta(**since)
        mark.save()


def test_a_fork_that_is_not_there_costs_two_questions_and_one_more_for_each_new_head(flink, pull):
    flink.actions.unknown.add(FORK)
    for _ in range(2):
        poll()
        let_time_pass(minutes=5)
    mark = flink.log_mark()
    for _ in range(4):
        poll()
        let_time_pass(minutes=60)
    assert asked(flink, mark, FORK) == []
    assert [each for each in flink.since(mark, "github") if each.charged] == []
    flink.pulls.push(pull)
    sync()
    mark = flink.log_mark()
    for _ in range(4):
        poll()
        let_time_pass(minutes=60)
    assert len(asked(flink, mark, FORK)) == 1


def test_a_fork_that_is_there_again_is_read_as_ever(flink, pull):
    flink.actions.unknown.add(FORK)
    for _ in range(2):
        poll()
        let_time_pass(minutes=5)
    flink.actions.unknown.clear()
    run = fork_run(flink, pull)
    let_time_pass(hours=6)
    poll()
    assert row(run).pull_number == pull
    assert not Followed.objects.filter(repository=FORK, query="fork")


def test_a_run_of_a_pull_request_in_our_repository_finds_it_by_the_head(flink, pull):
    sha = flink.pulls.by_number[pull].head
    run = start(flink, "docs-check.yml", "patch", sha, event="pull_request", head_repo=FORK)
    poll()
    assert (row(run).repository, row(run).pull_number, row(run).scope) == (SOURCE, pull, "pull")
    assert row(run).head_repository == FORK


def test_the_past_is_read_by_windows_until_all_is_known(flink):
    now = flink.clock.now()
    for day in range(1, 8):
        for n in range(25):
            start(
                flink,
                "stale.yml",
                sha=f"{day:020x}{n:020x}",
                event="schedule",
                at=now - timedelta(days=day, hours=n % 9),
            )
    for _ in range(4):
        poll()
    assert Build.objects.filter(repository=SOURCE).count() == 175
    assert Followed.objects.get(repository=SOURCE, query="").complete
