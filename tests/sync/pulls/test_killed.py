"""The pass is killed at each of its steps towards the outside; the next ones lose nothing and do nothing twice."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest

from flinkci_dashboard.clients.azure.http import Transport as AzureTransport
from flinkci_dashboard.clients.git.cache import Cache
from flinkci_dashboard.clients.github.http import Transport as GitHubTransport
from flinkci_dashboard.jobs.ledger import Ledger
from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Action, JobRequest
from sync.pulls.requests import Requests
from tests.pulls import builds, ci_branches, end, name_of, reactions, report, reports, settle, statuses

STEPS = 18  # requests and pushes of the pass that Cast prepares


class KilledError(BaseException):
    """The process is gone."""


class Steps:
    """Counts calls that change the outside world, and dies at one of them, before or after it has its effect."""

    def __init__(self, monkeypatch) -> None:
        self.count, self.die_at, self.after = 0, 0, False
        for owner, name, changes in (
            (GitHubTransport, "write", lambda *_: True),
            (Cache, "push", lambda *_: True),
            (AzureTransport, "call", lambda method, *_: method != "GET"),
        ):
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name), changes))

    @contextmanager
    def dying(self, step: int, after: bool):
        self.count, self.die_at, self.after = 0, step, after
        yield
        self.die_at = 0

    def _wrapped(self, original: Callable, changes: Callable) -> Callable:
        def call(owner, *args, **options):
            if not changes(*args):
                return original(owner, *args, **options)
            self.count += 1
            dies = self.count == self.die_at
            if dies and not self.after:
                raise KilledError
            answer = original(owner, *args, **options)
            if dies:
                raise KilledError
            return answer

        return call


class Cast:
    """Pull requests in every situation that needs a step."""

    def __init__(self, world) -> None:
        self.world = world
        pulls = world.pulls
        self.moved, self.failed, self.passed, self.closed, self.pressed, self.stopped = (pulls.open() for _ in range(6))
        settle(2)
        self.old_head = pulls.by_number[self.moved].head
        end(world, self.failed, "failed")
        end(world, self.pressed, "failed")
        end(world, self.passed)
        settle(1)
        self.attempts = max(job.attempt for job in builds(world, self.failed)[0].jobs)
        pulls.push(self.moved)
        pulls.close(self.closed)
        self.retry = pulls.comment(self.failed, "@flinkbot run azure")
        self.again = pulls.comment(self.passed, "@flinkbot run azure")
        self.new = pulls.open()
        self.question = pulls.comment(self.new, "@flinkbot run travis")
        request("sync_pulls", None, "retry", str(self.pressed))
        request("sync_pulls", None, "cancel", str(self.stopped))

    def check(self) -> None:
        world = self.world
        numbers = (self.moved, self.failed, self.passed, self.new, self.pressed, self.stopped)
        assert {name_of(world, number) for number in numbers} <= ci_branches(world)
        assert not [name for name in ci_branches(world) if name.startswith(f"ci_{self.closed}_")]
        for number in (*numbers, self.closed):
            assert len(reports(world, number)) == 1, number
        assert [b.result for b in builds(world, self.moved, self.old_head)] == ["canceled"]
        assert builds(world, self.closed)[0].result == "canceled"
        assert len(builds(world, self.moved)) == len(builds(world, self.new)) == 1
        for number in (self.failed, self.pressed):
            [retried] = builds(world, number)
            assert max(job.attempt for job in retried.jobs) == self.attempts + 1
        assert [build.result for build in builds(world, self.stopped)] == ["canceled"]
        assert set(JobRequest.objects.values_list("answer", flat=True)) <= {"Done.", "No build is waiting or running."}
        assert len(builds(world, self.passed)) == 2
        for number, comment in ((self.failed, self.retry), (self.passed, self.again)):
            held = [entry.trigger_id for entry in report(world, number).known if entry.trigger_type == "MANUAL"]
            assert held == [str(comment)]
        assert reactions(world, self.retry) == reactions(world, self.again) == {"+1"}
        assert reactions(world, self.question) == {"confused"}
        assert len(world.pulls.reports(self.new)) == 2  # the report and one reply
        assert list(statuses(world, self.closed).values()) == ["CANCELED"]
        assert not Action.objects.filter(state="pending").exists()


def test_a_pass_has_its_steps(flink, monkeypatch):
    steps = Steps(monkeypatch)
    cast = Cast(flink)
    with steps.dying(0, False):
        settle(1)
        assert steps.count == STEPS, "each is a place to die at, below"
    settle(2)
    cast.check()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_pass_killed_at_any_step_is_finished_by_the_next_ones(flink, monkeypatch, step, after):
    steps = Steps(monkeypatch)
    cast = Cast(flink)
    with steps.dying(step, after), pytest.raises(KilledError):
        run_pass("sync_pulls", "command")
    forget_answers()
    settle(2)
    cast.check()


@pytest.mark.parametrize("settled", [False, True], ids=["before it was settled", "after it was settled"])
def test_a_button_s_retry_is_not_repeated_although_its_build_has_failed_again(flink, monkeypatch, settled):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    settle(1)
    asked = request("sync_pulls", None, "retry", str(number))
    place = (Requests, "answer_rest") if settled else (Ledger, "done")

    def die(*args, **more):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(*place, die)
        with pytest.raises(KilledError):
            run_pass("sync_pulls", "button")
    forget_answers()
    end(flink, number, "failed")
    settle(2)
    [build] = builds(flink, number)
    assert max(job.attempt for job in build.jobs) == 2
    asked.refresh_from_db()
    assert asked.answer == "Done."


def test_a_button_s_retry_that_never_left_us_is_made_by_the_next_pass(flink, monkeypatch):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    settle(1)
    asked = request("sync_pulls", None, "retry", str(number))
    steps = Steps(monkeypatch)
    with steps.dying(1, after=False), pytest.raises(KilledError):
        run_pass("sync_pulls", "button")
    forget_answers()
    with steps.dying(1, after=False), pytest.raises(KilledError):
        run_pass("sync_pulls", "button")  # a pass that has looked, and is killed as well
    forget_answers()
    settle(1)
    [build] = builds(flink, number)
    assert max(job.attempt for job in build.jobs) == 2
    asked.refresh_from_db()
    assert asked.answer == "Done."


def forget_answers() -> None:
    """A process that is gone has answered nobody; the pass that was ended here did."""
    JobRequest.objects.update(settled_at=None, answer="")
