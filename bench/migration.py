"""The migration's page over 80,000 builds of Azure, 30,000 runs of Actions with 400,000 jobs, and their pairs.

Prints the median time of each part and its number of queries, what it takes to make pairs and figures anew, and how
much slower pages and passes of Azure alone are beside all that.
"""

import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generate_builds import Ids, generate
from measuring import install, measure, point_at, postgresql, report, timed

sys.path.insert(0, str(Path(__file__).parent.parent))

from flinkci_dashboard.sandbox import Sandbox  # noqa: E402

BUILDS, JOBS = 80_000, 1_000_000
RUNS, JOBS_OF_A_RUN = 30_000, 13
MOVED = 100  # commits whose builds changed
LIMIT = 50.0  # milliseconds
PAGES = {
    "pairs": "/migration/",
    "pairs, far back": "/migration/?page=200",
    "pairs, filtered": "/migration/?of=branch&agreement=differ&groups=unexplained",
    "over time, 14 days": "/migration/?tab=time",
    "over time, 90 days": "/migration/?tab=time&days=90",
    "budget, what if": "/migration/?tab=budget",
    "criteria": "/migration/?tab=criteria",
    "who has the say": "/migration/?tab=authority",
}
OTHERS = {  # pages that are of use without GitHub Actions; charts are left out, for which there is more to draw
    "overview": "/",
    "builds": "/builds/",
    "builds, filtered": "/builds/?scope=branch&branch=master&state=failed&host=alibaba&reason=schedule",
    "branches": "/branches/",
    "agents": "/agents/",
    "failures": "/failures/",
}
SLOWER, NOISE = 1.3, 5.0  # times as slow, and milliseconds, from which on it counts
PASSES = 15
DAYS = 31  # whose figures are made


def main() -> None:
    """Generate, measure, print; exits 1 when a page is slower than the limit or its queries grow."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), DATABASE_URL=postgresql(Path(folder)))
        dice, made = random.Random(4), Ids()
        generate(dice, made, BUILDS // 100, JOBS // 100)
        run_beside(RUNS // 100)
        figures()
        small = {name: measure(path)[1] for name, path in PAGES.items()}
        started = time.perf_counter()
        forget()
        generate(dice, made, BUILDS - BUILDS // 100, JOBS - JOBS // 100)
        figures()
        took = time.perf_counter() - started
        with Sandbox(Path(folder) / "world") as world:
            settle(world)
            of_azure()  # what is slow the first time
            alone = of_azure()
            started = time.perf_counter()
            run_beside(RUNS)
            figures()
            print(f"{BUILDS:,} builds, {RUNS:,} runs: made in {took + time.perf_counter() - started:.0f} s")
            good = [report(name, *measure(path), small[name], LIMIT) for name, path in PAGES.items()]
            anew()
            good += [compare(name, alone[name], after) for name, after in of_azure().items()]
    sys.exit(0 if all(good) else 1)


def settle(world: Sandbox) -> None:
    """Let the poll of Azure's builds come to rest over a sandbox with one build."""
    from agents.models import Build
    from flinkci_dashboard.jobs.run import run_pass

    Build.objects.filter(status="running").update(status="finished", result="canceled")
    point_at(world)
    world.azure.start_builds = False
    world.azure.queue("flink-ci/flink-mirror", "master", "a" * 40)
    world.clock.advance(minutes=300)
    for _ in range(4):
        run_pass("poll_builds", "command")


def of_azure() -> dict[str, float]:
    """Return the least milliseconds of pages and of a pass that know nothing of GitHub Actions.

    Two times are compared that lie minutes apart: by the least of many, so that what else runs then does not count.
    """
    from flinkci_dashboard.jobs.run import run_pass

    found = {name: measure(path, min)[0] for name, path in OTHERS.items()}
    passes = [timed(lambda: run_pass("poll_builds", "command")) * 1000 for _ in range(PASSES)]
    return found | {"poll_builds, idle": min(passes)}


def compare(name: str, alone: float, beside: float) -> bool:
    """Print a line; tells whether it is hardly slower than without GitHub Actions."""
    good = beside <= alone * SLOWER or beside - alone <= NOISE
    verdict = "" if good else "  TOO MUCH"
    print(
        f"  {name:20} {alone:6.1f} ms without GitHub Actions, {beside:6.1f} ms beside: ×{beside / alone:.2f}{verdict}"
    )
    return good


def forget() -> None:
    """Delete what GitHub Actions ran."""
    from agents.models import Build, HostedDay

    Build.objects.filter(provider="actions").delete()
    HostedDay.objects.all().delete()


def figures() -> None:
    """Make the figures of the last days, and those of pairs, as passes do."""
    from agents.charts.periods import refresh_stale_days
    from agents.migration.over_time import refresh_over_time
    from agents.models import StaleDay

    now = datetime.now(UTC)
    days = [(now - timedelta(days=n)).date() for n in range(DAYS)]
    StaleDay.objects.bulk_create([StaleDay(day=day) for day in days], ignore_conflicts=True)
    while refresh_stale_days(now):
        pass
    refresh_over_time(now + timedelta(days=1))


def run_beside(runs: int) -> None:
    """Let Actions have built the commits of the newest builds too, one in twelve with another result, and pair them."""
    from django.db import connection

    with connection.cursor() as cursor:
        for statement, values in ((BESIDE, [runs]), (ITS_JOBS, [JOBS_OF_A_RUN]), (PAIRS, None), (GROUPS, None)):
            cursor.execute(statement, values)
            cursor.execute("ANALYZE agents_build, agents_job, agents_pair, agents_pairgroup")


def anew() -> None:
    """Tell what a pass takes after some commits changed, and after none."""
    from agents.migration.over_time import refresh_over_time
    from agents.migration.rows import refresh_pairs
    from agents.models import JobRule, Pair, StaleCommit

    now = datetime.now(UTC)
    StaleCommit.mark(Pair.objects.order_by("-at").values_list("sha", flat=True)[:MOVED])
    print(f"  {MOVED} commits made anew: {timed(lambda: refresh_pairs(now)) * 1000:.0f} ms")
    print(f"  nothing new: {timed(lambda: refresh_pairs(now)) * 1000:.1f} ms")
    JobRule.objects.filter(azure="test_ci {part}").update(group="unit {part}")
    took = timed(lambda: refresh_pairs(now))
    left = StaleCommit.objects.count()
    print(f"  an edit of the job map: {took:.1f} s in the first pass, {left:,} commits left")
    print(f"  figures of 7 to 90 days made anew: {timed(lambda: refresh_over_time(now + timedelta(days=2))):.1f} s")
    print(f"  nothing new: {timed(lambda: refresh_over_time(now + timedelta(days=2))) * 1000:.1f} ms")


BESIDE = """
    INSERT INTO agents_build (id, provider, external_id, number, definition_id, definition, repository, branch, version,
        message, reason, scope, pull_number, status, result, attempt, queued_at, started_at, finished_at, requested_for,
        web_url, changed_at, jobs_pending, hosts, failed_jobs, failed_tests, workflow, event, head_repository,
        jobs_etag)
    SELECT 1000000 + id, 'actions', 10000000000 + id, '1', 7, 'Flink CI (beta)',
        CASE scope WHEN 'pull' THEN 'ada/flink' ELSE 'apache/flink' END, branch, version, message, reason, scope,
        pull_number, 'finished', CASE WHEN id %% 12 = 0 THEN 'failed' ELSE 'succeeded' END, 1, queued_at,
        coalesce(started_at, queued_at), coalesce(finished_at, queued_at + interval '2 hours'), '', '', queued_at,
        false, 'github', 0, 0, 'ci.yml', 'push', '', ''
    FROM agents_build b WHERE provider = 'azure' ORDER BY queued_at DESC LIMIT %s
"""
ITS_JOBS = """
    INSERT INTO agents_job (id, build_id, key, name, attempt, latest, "order", status, result, started_at, finished_at,
        stage_key, record_id, worker_name, host, queued_at, queued_exactly, wait_seconds, run_seconds, head_read,
        errors, warnings, issues, low_disk, tests_pending, cause, cause_line, failed_step_id)
    SELECT 20 * b.id + n, b.id, 'job ' || n, 'Default (Java 17) / Test (module: m' || n || ')', 1, true, n, 'finished',
        CASE WHEN b.result = 'failed' AND n = 3 THEN 'failed' ELSE 'succeeded' END, b.started_at,
        b.started_at + interval '50 minutes', 'Default (Java 17)', '', 'GitHub Actions 1', 'github', b.queued_at, true,
        60, 3000, true, 0, 0, '[]', false, false, '', '', ''
    FROM agents_build b, generate_series(1, %s) n WHERE b.provider = 'actions'
"""
PAIRS = """
    INSERT INTO agents_pair (sha, branch, pull_number, azure_id, actions_id, in_fork, at, agreement, agreed, differed,
        undecided, unexplained, azure_after, actions_after)
    SELECT a.version, CASE a.scope WHEN 'pull' THEN '' ELSE a.branch END, coalesce(a.pull_number, 0), a.id, b.id,
        a.scope = 'pull', a.queued_at, CASE WHEN a.result = b.result THEN 'agree' ELSE 'differ' END, 12,
        (a.result <> b.result)::int, 0, (a.result <> b.result)::int, 9000, 8000
    FROM agents_build b JOIN agents_build a ON a.id = b.external_id - 10000000000
    WHERE b.provider = 'actions' ON CONFLICT DO NOTHING
"""
GROUPS = """
    INSERT INTO agents_pairgroup (pair_id, at, "order", "group", agreement, why, "both", mapped, tests, azure,
        azure_wait, azure_seconds, azure_flaked, actions, actions_wait, actions_seconds, actions_flaked)
    SELECT p.id, p.at, n, 'test m' || n, CASE WHEN n = 3 THEN p.agreement ELSE 'agree' END,
        CASE WHEN n = 3 AND p.agreement = 'differ' THEN '["unexplained"]' ELSE '[]' END::jsonb, true, true, '{}',
        'passed', 240, 2400, n = 5, CASE WHEN n = 3 AND p.agreement = 'differ' THEN 'failed' ELSE 'passed' END,
        60, 3000, false
    FROM agents_pair p, generate_series(1, 13) n
"""


if __name__ == "__main__":
    main()
