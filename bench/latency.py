"""A real worker on its usual schedule: what idling costs, and how soon a push has its branch and a command its answer.

    python bench/latency.py [--opened 300] [--idle 45] [--tries 5]

The sandbox and the webhooks' deliveries run in this process, the worker in one of its own.
"""

import argparse
import hashlib
import hmac
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from measuring import install

sys.path.insert(0, str(Path(__file__).parent.parent))

from flinkci_dashboard.sandbox import PULLS, Sandbox  # noqa: E402

POLLED, HOOKED = 20.0, 5.0  # seconds that a push may take by polling, and anything by a webhook
IDLE = 0.05  # of a core
SECRET = "bench"  # noqa: S105


def main() -> None:
    """Measure, print, and exit with 1 when a figure is above its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--opened", type=int, default=300)
    parser.add_argument("--idle", type=float, default=45)
    parser.add_argument("--tries", type=int, default=5)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name, Sandbox(Path(name) / "world") as world:
        prepare(Path(name), world, wanted.opened)
        worker = subprocess.Popen([sys.executable, "manage.py", "qcluster"], cwd=Path(__file__).parent.parent)
        try:
            settle(world, wanted.opened)
            browser()
            good = [
                idle(world, worker, wanted.idle),
                measure(world, "push → branch, polling", push, POLLED, wanted.tries),
                measure(world, "push → branch, webhook", hooked(push, "pull_request"), HOOKED, wanted.tries),
                measure(world, "command → answer, webhook", hooked(command, "issue_comment"), HOOKED, wanted.tries),
            ]
        finally:
            worker.kill()  # its children end with it
            worker.wait()
    sys.exit(0 if all(good) else 1)


def prepare(folder: Path, world: Sandbox, opened: int) -> None:
    """Set up an installation in active mode, with its own database."""
    install(folder, **world.environ(), SYNC_MODE="active", GITHUB_WEBHOOK_SECRET=SECRET)
    world.commit(message="[hotfix] Start")
    world.mirror_all(PULLS)
    world.pulls.many(opened=opened, closed=10 * opened)


def settle(world: Sandbox, opened: int) -> None:
    """Wait until the worker has taken over: every head has its branch, its report and was looked for in its fork."""
    from agents.models import Followed
    from flinkci_dashboard.models import Action, JobRun

    print("the worker takes over …", flush=True)
    while True:
        mark = world.log_mark()
        time.sleep(15)
        world.github.used = 0
        Action.objects.filter(texts__gt=0).update(texts=0)
        for build in list(world.azure.builds.values()):
            if build.result is None and "ci_" in build.branch:
                world.azure.finish(build.id, "succeeded")
        last = list(JobRun.objects.filter(job="sync_pulls").exclude(ended_at=None)[:3])
        looked = Followed.objects.filter(query__startswith="head_sha=").exclude(asked_at=None).count()
        quiet = len(last) == 3 and not any(run.did_something for run in last) and not charged(world, mark)
        if quiet and looked >= opened:
            return


def idle(world: Sandbox, worker: subprocess.Popen, seconds: float) -> bool:
    """Let nothing happen, and say what that costs."""
    mark, before = world.log_mark(), cpu(worker)
    time.sleep(seconds)
    asked = world.since(mark)
    share, spent = (cpu(worker) - before) / seconds, charged(world, mark)
    print(
        f"idle: {len(asked) * 60 / seconds:.0f} requests a minute, {spent} charged (0), {share:.1%} of a core (≤ 5 %)"
    )
    return spent == 0 and share <= IDLE


def charged(world: Sandbox, mark: int) -> int:
    """Return how many requests GitHub has charged since."""
    return len([each for each in world.since(mark) if each.service == "github" and each.charged])


def cpu(worker: subprocess.Popen) -> float:
    """Return the seconds of CPU that the worker's processes have used."""
    root = psutil.Process(worker.pid)
    times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


Act = Callable[[Sandbox, int], Callable[[], bool]]


def push(world: Sandbox, number: int) -> Callable[[], bool]:
    """Push to a pull request; returns what tells whether its branch is there."""
    world.pulls.push(number)
    return lambda: f"ci_{number}_{world.pulls.by_number[number].head}" in world.heads(PULLS)


def command(world: Sandbox, number: int) -> Callable[[], bool]:
    """Ask for a build; returns what tells whether somebody was told."""
    mark = world.log_mark()
    world.pulls.comment(number, "@flinkbot run azure")
    return lambda: any(each.service == "github" and each.method != "GET" for each in world.since(mark))


def hooked(act: Act, event: str) -> Act:
    """Return an act that is told to us by a webhook."""

    def do(world: Sandbox, number: int) -> Callable[[], bool]:
        done = act(world, number)
        deliver(event)
        return done

    return do


def deliver(event: str) -> None:
    """Deliver a webhook as GitHub does."""
    body = b"{}"
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": os.urandom(8).hex(), "X-Hub-Signature-256": signature}
    start = time.perf_counter()
    answer = browser().post("/webhooks/github", body, content_type="application/json", headers=headers)
    if answer.status_code != 202 or time.perf_counter() - start > 0.1:
        print(f"a delivery was answered {answer.status_code} after {time.perf_counter() - start:.3f} s (≤ 0.1)")


@cache
def browser() -> Any:
    """Return what speaks to our web server, which has served before."""
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.get("/healthz")
    return client


def measure(world: Sandbox, what: str, act: Act, limit: float, tries: int) -> bool:
    """Do something some times, at any moment of the worker's round, and say how long it took."""
    numbers = sorted(number for number, pull in world.pulls.by_number.items() if pull.state == "open")[-tries:]
    took = []
    for number in numbers:
        time.sleep(random.uniform(3, 15))  # noqa: S311
        start, done = time.perf_counter(), act(world, number)
        while not done() and time.perf_counter() - start < 3 * limit:
            time.sleep(0.1)
        took.append(time.perf_counter() - start)
    print(f"{what}: {', '.join(f'{each:.1f}' for each in sorted(took))} s (≤ {limit:.0f})", flush=True)
    return max(took) <= limit


if __name__ == "__main__":
    main()
