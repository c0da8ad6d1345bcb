"""Pull request sync at 1,000 open and 29,000 closed pull requests: what a pass asks of GitHub and Azure, and its time;
and what a worker costs there that finds nothing to do, with all jobs at their usual intervals.

    python bench/pulls.py [--open 1000] [--closed 29000]

The figures are read from the sandbox's request log. It runs in this process, so its own work counts in our times.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from latency import charged, idle
from measuring import install

sys.path.insert(0, str(Path(__file__).parent.parent))

from flinkci_dashboard.sandbox import (
    PULLS,  # noqa: E402
    Request,  # noqa: E402
    Sandbox,  # noqa: E402
)

CHANGED = 200
SECONDS = 20.0  # that 200 changed heads may take
FEW = 10
DAY = 86_400  # seconds
ROUNDS = 100  # passes in which a job comes to rest
START, IDLE = 90.0, 60.0  # seconds in which each process of a worker has looked once, and that it is watched


def main() -> None:
    """Measure, print, and exit with 1 when a figure is above its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", type=int, default=1000)
    parser.add_argument("--closed", type=int, default=29_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name, Sandbox(Path(name) / "world") as world:
        prepare(Path(name), world)
        bench = Bench(world)
        world.pulls.many(opened=wanted.open, closed=wanted.closed)
        settle_labels(world)
        bench.first(wanted.open)
        bench.idle()
        bench.changed(FEW)
        bench.settle()
        bench.changed(CHANGED, SECONDS)
        bench.settle()
        bench.commanded(FEW)
        bench.settle()
        bench.idle()
        bench.worker()
    sys.exit(1 if bench.missed else 0)


def prepare(folder: Path, world: Sandbox) -> None:
    """Set up an installation in active mode."""
    install(folder, **world.environ(), SYNC_MODE="active")
    world.commit(message="[hotfix] Start")
    world.mirror_all(PULLS)


def settle_labels(world: Sandbox) -> None:
    """Give each pull request a ticket, and the labels that it should have."""
    from labeler.labels import COLOR, labels_of

    labels = list(labels_of(["Tests"]))
    world.pulls.create_label(labels[0], COLOR)
    for pull in world.pulls.by_number.values():
        pull.labels = labels.copy()
    for key in {pull.title[1:].partition("]")[0] for pull in world.pulls.by_number.values()}:
        world.jira.create(key, ["Tests"])


class Bench:
    """Passes, and what they asked for."""

    def __init__(self, world: Sandbox) -> None:
        self.world = world
        self.missed = 0

    def pass_once(self) -> tuple[float, list[Request], dict[str, int]]:
        """Run one pass as the worker does; returns its seconds, its requests and its counts."""
        from flinkci_dashboard.jobs.run import run_pass

        mark, start = self.world.log_mark(), time.perf_counter()
        run = run_pass("sync_pulls", "schedule")
        if run is None or run.outcome != "ok":
            raise SystemExit(f"The pass failed: {run and run.error}")
        return time.perf_counter() - start, self.world.since(mark), run.counts

    def settle(self) -> int:
        """Run passes until one finds nothing to do; returns how many there were."""
        for number in range(100):
            self.an_hour_later()
            if not self.pass_once()[2]:
                return number
        raise SystemExit("The passes do not come to rest.")

    def an_hour_later(self) -> None:
        """Let GitHub's hourly limits begin anew, and what was written count no more."""
        from django.db.models import F

        from flinkci_dashboard.models import Action

        self.world.github.used = 0
        Action.objects.filter(texts__gt=0).update(tried_at=F("tried_at") - timedelta(hours=1))

    def first(self, opened: int) -> None:
        """Take over: every conversation is read, every head pushed, every report written."""
        start, mark = time.perf_counter(), self.world.log_mark()
        passes = self.settle()
        charged = len(_charged(self.world.since(mark)))
        for build in list(self.world.azure.builds.values()):
            self.world.azure.finish(build.id, "succeeded")
        self.settle()
        print(f"first sync of {opened:,}: {passes} passes, {time.perf_counter() - start:.1f} s, {charged:,} charged")

    def idle(self) -> None:
        """Nothing has happened."""
        figures = [self.pass_once() for _ in range(5)]
        seconds = sorted(each[0] for each in figures)[2]
        charged = max(len(_charged(each[1])) for each in figures)
        azure = max(len([r for r in each[1] if r.service == "azure"]) for each in figures)
        self._print("idle pass", seconds, None, charged, 0, f"{azure} Azure calls (≤ 2)")
        self.missed += azure > 2

    def changed(self, number: int, limit: float | None = None) -> None:
        """Some heads have moved."""
        numbers = sorted(self.world.pulls.by_number)[-number:]
        for each in numbers:
            self.world.pulls.push(each)
        self.an_hour_later()
        seconds, requests, counts = self.pass_once()
        posts = [request.path for request in requests if request.service == "git" and request.method == "POST"]
        pushes = len([path for path in posts if path.endswith("git-receive-pack")])
        heads = {f"ci_{each}_{self.world.pulls.by_number[each].head}" for each in numbers}
        there = len(heads & set(self.world.heads(PULLS)))
        said = counts.get("reports_written", 0)
        self._print(
            f"{number} changed heads", seconds, limit, len(_charged(requests)), 3 + 2 * number,
            f"{pushes} push (1), {there} branches, {said} reports",
        )  # fmt: skip
        self.missed += pushes != 1 or there != number or said != number

    def commanded(self, number: int) -> None:
        """Some builds have failed, and somebody asks for another try of each."""
        numbers = sorted(self.world.pulls.by_number)[-number:]
        self.world.clock.advance(hours=1)  # so many texts had a second each that their times ran ahead of it
        for each in numbers:
            self.world.azure.finish(
                self.world.azure.of(f"ci_{each}_{self.world.pulls.by_number[each].head}")[-1].id, "failed"
            )
        self.settle()
        for each in numbers:
            self.world.pulls.comment(each, "@flinkbot run azure")
        seconds, requests, counts = self.pass_once()
        retried = counts.get("builds_retried", 0)
        self._print(f"{number} commands", seconds, None, len(_charged(requests)), 3 + 2 * number, f"{retried} retried")
        self.missed += retried != number

    def worker(self) -> None:
        """Let a worker run all jobs, once they have read everything."""
        self.rest()
        process = subprocess.Popen([sys.executable, "manage.py", "qcluster"], cwd=Path(__file__).parent.parent)
        try:
            time.sleep(START)
            print("a worker, ", end="")
            self.missed += not idle(self.world, process, IDLE)
        finally:
            process.kill()  # its children end with it
            process.wait()

    def rest(self) -> None:
        """Run passes of each job until one finds nothing to do, and asks for nothing that GitHub charges."""
        from flinkci_dashboard.clients import jira
        from flinkci_dashboard.jobs.run import run_pass
        from flinkci_dashboard.jobs.table import JOBS

        jira.PAUSE = 0.0  # in this process; the worker asks as slowly as in earnest
        self.world.clock.advance(
            hours=1
        )  # a thousand builds do not end within the last ten minutes, which are read again
        self.world.azure.finish(self.world.azure.queue(PULLS, "master", "a" * 40).id, "succeeded")
        for job in (each for each in JOBS.values() if each.interval < DAY):  # daily ones ask each time
            for _ in range(ROUNDS):
                mark, run = self.world.log_mark(), run_pass(job.name, "schedule")
                self.an_hour_later()
                if run and not run.did_something and not charged(self.world, mark):
                    break
            else:
                raise SystemExit(f"{job.title}: its passes do not come to rest.")

    def _print(self, what: str, seconds: float, limit: float | None, charged: int, allowed: int, rest: str) -> None:
        late = limit is not None and seconds > limit
        self.missed += late or charged > allowed
        times = f"{seconds:6.2f} s" + (f" (≤ {limit:.0f})" if limit else "")
        print(f"{what:18} {times:16} {charged:4} charged (≤ {allowed}), {rest}", flush=True)


def _charged(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.service == "github" and request.charged]


if __name__ == "__main__":
    main()
