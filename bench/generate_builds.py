"""Builds, jobs and machines of Flink's size and shape, as rows in PostgreSQL."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

DAYS = 730  # that the builds are spread over: 110 a day, three times Flink's rate of 2026
OPEN = 30  # builds that wait or run now
MODULES = ("core", "python", "table", "connect", "tests", "misc")
RELEASES = ("release-2.1", "release-2.2", "release-2.3", "release-1.20")
BUILD_COLUMNS = (
    "id", "provider", "external_id", "number", "definition_id", "definition", "repository", "branch", "version",
    "message", "reason", "scope", "pull_number", "status", "result", "attempt", "queued_at", "started_at",
    "finished_at", "requested_for", "web_url", "changed_at", "jobs_pending", "hosts", "failed_jobs", "failed_tests",
    "workflow", "event", "head_repository", "jobs_etag",
)  # fmt: skip
JOB_COLUMNS = (
    "id", "build_id", "key", "name", "attempt", "latest", '"order"', "status", "result", "started_at", "finished_at",
    "stage_key", "record_id", "pool_id", "queue_id", "worker_name", "agent_id", "host", "queued_at", "queued_exactly",
    "wait_seconds", "run_seconds", "log_id", "head_read", "errors", "warnings", "issues", "low_disk", "tests_pending",
    "cause", "cause_line", "failed_step_id",
)  # fmt: skip
Row = tuple


class Ids:
    """Running numbers."""

    def __init__(self) -> None:
        self.builds = 0
        self.jobs = 0


def generate(dice: random.Random, made: Ids, builds: int, jobs: int, days: float = DAYS) -> None:
    """Copy builds with their jobs into the tables, spread over some days until now; some wait and run now."""
    from django.db import connection

    agents = machines()
    now = datetime.now(UTC)
    plan = [
        build_row(dice, made, now - timedelta(days=days) * (1 - n / builds), n >= builds - 30) for n in range(builds)
    ]
    with connection.cursor() as cursor:
        copy(cursor, "agents_build", BUILD_COLUMNS, iter(plan))
        copy(cursor, "agents_job", JOB_COLUMNS, job_rows(dice, made, plan, jobs, agents))
        cursor.execute("SELECT setval('agents_build_id_seq', max(id)) FROM agents_build")
        cursor.execute("SELECT setval('agents_job_id_seq', max(id)) FROM agents_job")
        fail_tests(cursor)
        cursor.execute("ANALYZE")


def machines() -> dict[str, list[tuple[int, str, int]]]:
    """Return agents (key, name, pool) by host, made when there are none yet."""
    from agents.models import Agent, Pool

    now = datetime.now(UTC)
    found: dict[str, list[tuple[int, str, int]]] = {}
    named = {
        "alibaba": [f"AlibabaCI{machine:03}-agent{n:02}" for machine in range(1, 8) for n in range(1, 5)],
        "azure": [f"Azure Pipelines {n}" for n in range(1, 11)],
    }
    for number, (host, names) in enumerate(named.items(), 1):
        facts = {"name": "Default" if host == "alibaba" else "Azure Pipelines", "host": host, "hosted": host == "azure"}
        pool, _ = Pool.objects.get_or_create(external_id=number, defaults=facts | {"seen_at": now})
        for name in names:
            Agent.objects.get_or_create(pool=pool, name=name, defaults={"host": host, "state": "idle", "seen_at": now})
        found[host] = [(agent.pk, agent.name, pool.pk) for agent in pool.agents.all()]
    return found


def build_row(dice: random.Random, made: Ids, queued: datetime, is_open: bool) -> Row:
    """Make up one build: three in four are of pull requests."""
    made.builds += 1
    number = made.builds
    pull = dice.random() < 0.75
    sha = f"{dice.getrandbits(160):040x}"
    pull_number = 9000 + number // 3 if pull else None
    branch = f"ci_{pull_number}_{sha}" if pull else dice.choices(["master", *RELEASES], [6, 1, 1, 1, 1])[0]
    reason = "push" if pull or dice.random() < 0.8 else "schedule"
    result = dice.choices(["succeeded", "failed", "canceled"], [70, 25, 5])[0]
    started = queued + timedelta(seconds=dice.expovariate(1 / 300))
    ended = (started + timedelta(seconds=dice.gauss(9000, 1500)), result, "finished")
    finished, result, status = (None, "", "running") if is_open else ended
    source = "flink-ci/flink" if pull else "flink-ci/flink-mirror"
    web = f"https://dev.azure.com/apache-flink/_build/results?buildId={number}"
    return (
        number, "azure", number, f"{queued:%Y%m%d}.{number % 40}", 1 + (not pull), source.replace("/", "."), source,
        branch, sha, f"[FLINK-{number}] Change something", reason, "pull" if pull else "branch", pull_number,
        status, result, 1,
        queued, started, finished, "GitHub", web, queued, False, "alibaba,azure", int(result == "failed"), 0,
        "", "", "", "",
    )  # fmt: skip


def job_rows(dice: random.Random, made: Ids, builds: list[Row], jobs: int, agents: dict) -> Iterator[Row]:
    """Make up the jobs of the builds: `jobs` in all, evenly."""
    each = jobs / len(builds)
    for n, build in enumerate(builds):
        amount = int((n + 1) * each) - int(n * each)
        for order in range(amount):
            made.jobs += 1
            yield job_row(dice, made.jobs, build, order, agents)


def job_row(dice: random.Random, number: int, build: Row, order: int, agents: dict) -> Row:
    """Make up one job: two in three on Alibaba's machines."""
    facts = dict(zip(BUILD_COLUMNS, build, strict=True))
    module = MODULES[order % len(MODULES)]
    key = f"ci.test_ci_{order // len(MODULES)}.{module}"
    host = "azure" if order % 3 == 2 else "alibaba"
    agent, worker, pool = dice.choice(agents[host])
    queued = facts["started_at"] + timedelta(seconds=60 * order)
    wait, run = int(dice.expovariate(1 / 240)), int(dice.uniform(600, 5400))
    started = queued + timedelta(seconds=wait)
    failed = facts["result"] == "failed" and order == number % 12
    result, status, finished = "failed" if failed else "succeeded", "finished", started + timedelta(seconds=run)
    if facts["status"] == "running":
        result, status, finished = "", "running" if order < 5 else "queued", None
    if status == "queued":
        started, worker, agent, wait = None, "", None, None
    return (
        number, build[0], key, f"test_ci {module}", 1, True, order, status, result, started, finished, "ci",
        f"record-{number}", pool, 10 + pool, worker, agent, host, queued, True, wait, run if finished else None,
        order + 10, False, int(failed), 0, "[]", False, False,
        "", "", "",
    )  # fmt: skip


def copy(cursor, table: str, columns: list[str], rows: Iterator[Row]) -> None:
    """Write rows by COPY."""
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as sink:
        for row in rows:
            sink.write_row(row)


def fail_tests(cursor) -> None:
    """Give each failed job a failing test: one of 200."""
    cursor.execute("""
        INSERT INTO agents_test (name) SELECT 'org.apache.flink.T' || n || 'ITCase.test' FROM generate_series(1, 200) n
        ON CONFLICT DO NOTHING
    """)
    cursor.execute("""
        INSERT INTO agents_testfailure (test_id, job_id, build_id, at, message, source, "case")
        SELECT (SELECT min(id) FROM agents_test) + id * id % 200, id, build_id, finished_at, 'boom', 'log', ''
        FROM agents_job WHERE result = 'failed' ON CONFLICT DO NOTHING
    """)
