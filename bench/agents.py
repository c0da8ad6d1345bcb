"""Pages about builds and agents over 80,000 builds and 1,000,000 jobs in PostgreSQL; and what an idle pass asks.

Prints the median time of each page and its number of queries, at a hundredth of the size and at full size: the
hundredth are the builds of the last week, as many a day as ever, so that a page has the same things to ask for.
"""

import random
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generate_builds import DAYS, Ids, generate
from measuring import install, measure, point_at, postgresql, report, timed

BUILDS, JOBS = 80_000, 1_000_000
FIGURES = 120  # days whose figures are made
LIMIT = 100.0  # milliseconds


def main() -> None:
    """Generate, measure, print; exits 1 when a page is slower than the limit or its queries grow."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), DATABASE_URL=postgresql(Path(folder)))
        dice, made = random.Random(4), Ids()
        generate(dice, made, BUILDS // 100, JOBS // 100, DAYS / 100)
        known_failures()
        small = {name: measure(path)[1] for name, path in pages().items()}
        started = time.perf_counter()
        generate(dice, made, BUILDS - BUILDS // 100, JOBS - JOBS // 100)
        figures()
        print(f"{BUILDS:,} builds, {made.jobs:,} jobs: made in {time.perf_counter() - started:.0f} s")
        slow = [name for name, path in pages().items() if not report(name, *measure(path), small[name], LIMIT)]
        idle(Path(folder))
    sys.exit(1 if slow else 0)


# Data --------------------------------------------------------------------------------------------


def figures() -> None:
    """Make the figures of the last days, and two weeks of samples."""
    from django.db import connection

    from agents.charts.periods import refresh_stale_days
    from agents.models import StaleDay

    now = datetime.now(UTC)
    StaleDay.objects.bulk_create([StaleDay(day=(now - timedelta(days=n)).date()) for n in range(FIGURES)])
    while refresh_stale_days(now):
        pass
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO agents_sample (at, host, busy, idle, offline, queued) SELECT at, host, 9, 5, 1, 3 FROM "
            "generate_series(now() - interval '14 days', now(), '1 minute') at, (VALUES ('azure'), ('alibaba')) h(host)"
        )
        cursor.execute("ANALYZE")


def known_failures() -> None:
    """Match the failing tests with tickets, as a pass does: one in three is known."""
    from agents.models import Failure, KnownTicket, Test

    facts = {"summary": "T1ITCase.test fails", "status": "Open", "updated_at": datetime.now(UTC)}
    ticket = KnownTicket.objects.get_or_create(jira_id=1, defaults={"key": "FLINK-1", **facts})[0]
    for place, test in enumerate(Test.objects.filter(failure=None)):
        Failure.objects.create(test=test, key=test.key, ticket=None if place % 3 else ticket)


# Measuring ---------------------------------------------------------------------------------------


def pages() -> dict[str, str]:
    """Return the pages to look at, by name."""
    from agents.models import Agent, Build, Test

    agent = Agent.objects.get(name="AlibabaCI001-agent01").pk
    failed = Build.objects.filter(result="failed").order_by("-id")[0]
    middle = Build.objects.order_by("-queued_at")[Build.objects.count() // 2]
    cursor = f"{int(middle.queued_at.timestamp() * 1e6)}_{middle.pk}"
    return {
        "agents": "/agents/",
        "agent": f"/agents/{agent}/",
        "builds": "/builds/",
        "builds, far back": f"/builds/?before={cursor}",
        "builds, filtered": "/builds/?scope=branch&branch=master&state=failed&host=alibaba&reason=schedule",
        "builds, none match": "/builds/?branch=nothing&state=failed",
        "build": failed.get_absolute_url(),
        "failures": "/failures/",
        "a test": Test.objects.earliest("pk").get_absolute_url(),
        "branches": "/branches/",
        "charts, 24 h": "/agents/charts/?range=24h",
        "charts, 30 d": "/agents/charts/?range=30d",
    }


def idle(folder: Path) -> None:
    """Let both polls settle over a sandbox, then count what a pass with nothing new asks."""
    from agents.models import Build
    from flinkci_dashboard.jobs.run import run_pass
    from flinkci_dashboard.sandbox import Sandbox

    Build.objects.filter(status="running").update(status="finished", result="canceled")
    with Sandbox(folder / "world") as world:
        point_at(world)
        world.azure.start_builds = False
        world.azure.queue("flink-ci/flink-mirror", "master", "a" * 40)
        world.azure.move()
        world.clock.advance(minutes=300)
        for job in ("poll_builds", "poll_agents"):
            for _ in range(4):
                run_pass(job, "command")
            mark = world.log_mark()
            seconds = timed(lambda job=job: run_pass(job, "command"))
            calls = len(world.since(mark, "azure"))
            tracemalloc.start()
            run_pass(job, "command")
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            print(f"  {job}, nothing new: {calls} calls, {seconds * 1000:.0f} ms, {peak:.1f} MB at the most")


if __name__ == "__main__":
    main()
