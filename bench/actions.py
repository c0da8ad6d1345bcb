"""GitHub Actions: what the first, an idle and a busy pass of poll_actions ask, with heads of pull requests in forks.

    python bench/actions.py [--runs 300] [--open 300]

The figures are read from the sandbox's request log. It runs in this process, so its own work counts in our times.
"""

import argparse
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from measuring import install

sys.path.insert(0, str(Path(__file__).parent.parent))

from flinkci_dashboard.sandbox import SOURCE, Request, Sandbox  # noqa: E402

CHANGED, MOST = 100, 110  # runs that moved, and the questions that this may take
SETTLED = 40  # passes in which a first start comes to an end


def main() -> None:
    """Measure, print, and exit with 1 when a figure is above its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--open", type=int, default=300)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name, Sandbox(Path(name) / "world") as world:
        install(Path(name), **world.environ())
        fill(world, wanted.runs, wanted.open)
        print(f"{wanted.runs} runs, {wanted.open} open pull requests without a run")
        settle(world)
        good = idle(world) & changed(world)
    sys.exit(0 if good else 1)


def fill(world: Sandbox, runs: int, opened: int) -> None:
    """Let runs have happened over the last days, and pull requests be open in whose forks nothing ran."""
    from django.utils import timezone

    from sync.models import PullRequest

    now = world.clock.now()
    for number in range(runs):
        at = now - timedelta(minutes=30 + number * 20)
        world.actions.start(SOURCE, "docs-check.yml", f"b{number}", f"{number:040x}", at=at)
    moment = timezone.now()
    facts = {"title": "x", "base": "master", "head_label": "ada:x", "created_at": moment, "updated_at": moment}
    world.commit("master")
    world.pulls.open("x", login="ada")  # whose fork is there
    PullRequest.objects.bulk_create(
        PullRequest(number=10_000 + n, head_sha=f"{n:039x}f", head_repository="ada/flink", **facts)
        for n in range(opened)
    )


def settle(world: Sandbox) -> None:
    """Let a first start read everything."""
    mark, asked, passes = world.log_mark(), -1, 0
    while asked and passes < SETTLED:
        before = world.log_mark()
        run()
        asked, passes = sum(request.charged for request in world.since(before, "github")), passes + 1
    requests = world.since(mark, "github")
    print(f"  a first start: {len(requests)} questions in {passes} passes")


def idle(world: Sandbox) -> bool:
    """Measure a pass without news."""
    requests, seconds = measured(world)
    return report("idle", requests, seconds, charged=0)


def changed(world: Sandbox) -> bool:
    """Measure a pass in which a hundred runs moved."""
    for number in range(CHANGED):
        world.actions.start(SOURCE, "docs-check.yml", f"c{number}", f"{number:039x}c")
    run()
    world.clock.advance(minutes=30)
    requests, seconds = measured(world)
    return report(f"{CHANGED} runs that moved", requests, seconds, charged=MOST)


def measured(world: Sandbox) -> tuple[list[Request], float]:
    """Return what a pass asks, and its seconds."""
    mark, began = world.log_mark(), time.perf_counter()
    run()
    return world.since(mark, "github"), time.perf_counter() - began


def run() -> None:
    """Run a pass."""
    from flinkci_dashboard.jobs.run import run_pass

    passed = run_pass("poll_actions", "command")
    if passed is None or passed.outcome != "ok":
        raise SystemExit(f"The pass did not succeed: {passed and passed.error}")


def report(name: str, requests: list[Request], seconds: float, charged: int) -> bool:
    """Print a line; tells whether it is within the limit."""
    paid = sum(request.charged for request in requests)
    good = paid <= charged and len(requests) <= MOST
    print(f"  {name}: {len(requests)} questions, {paid} charged, {seconds:.2f} s{'' if good else '  TOO MUCH'}")
    return good


if __name__ == "__main__":
    main()
