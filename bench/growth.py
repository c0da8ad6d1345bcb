"""How the database grows in a month at Flink's rate (33 builds and 9 pull requests a day), and at 100 times that.

Rows of the shapes and numbers that passes leave are written by the thousand, on SQLite and on PostgreSQL (100 times the
rate on PostgreSQL alone: it is none for one file), and then pruned as the jobs prune. Passes come at their intervals,
whatever the rate; of those that found all in order three days are written, for they are pruned each hour. Printed are
the bytes of each table with its indexes, in MB, and what pruning leaves of its rows.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generate_builds import BUILD_COLUMNS, JOB_COLUMNS, Ids, build_row, job_rows, machines
from measuring import install, postgresql

DAYS, BUILDS, PULLS = 30, 33, 9  # a day has so many builds and new pull requests
IDLE_DAYS = 3  # of passes
JOBS = 12.5  # of a build
BUSY = 40  # passes that do something, for each build: pushes, reports, each time that a build moves
SHOWN = 12  # tables
LIMIT = 1000.0  # MB after a month at Flink's rate
REPORT = "<!--\nMeta data\n" + '{"version": 1, "metaDataEntries": []}' * 60 + "\n-->\n## CI report:\n" + "* line\n" * 40
LOG = "2026-11-24T10:11:12 [ERROR] Tests run: 12, Failures: 1 -- in org.apache.flink.runtime.SomeITCase\n" * 80
NOW = datetime.now(UTC)
DICE = random.Random(16)  # noqa: S311
Make = Callable[[int], dict[str, Any]]


def main() -> None:
    """Measure each database at each rate in a process of its own; exits with 1 when one grows beyond the limit."""
    if len(sys.argv) > 1:
        sys.exit(0 if one(sys.argv[1], int(sys.argv[2])) else 1)
    cases = [("sqlite", 1), ("postgresql", 1), ("postgresql", 100)]
    command = [sys.executable, "-W", "ignore", __file__]
    failed = [case for case in cases if subprocess.run([*command, case[0], str(case[1])], check=False).returncode]
    sys.exit(1 if failed else 0)


def one(database: str, rate: int) -> bool:
    """Fill a database of a kind with a month, print what it holds, prune it, and print what is left."""
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name:
        folder = Path(name)
        install(folder, **({"DATABASE_URL": postgresql(folder)} if database == "postgresql" else {}))
        fill(rate)
        before = sizes()
        counts = {table: rows(table) for table in before}
        prune()
        after, left = sizes(), {table: rows(table) for table in before}
        total = sum(before.values())
        print(f"\n{database}, {rate} × Flink's rate: {total:,.0f} MB in {DAYS} days, {sum(after.values()):,.0f} pruned")
        for table in sorted(before, key=before.__getitem__, reverse=True)[:SHOWN]:
            kept = f"{counts[table]:9,} rows → {left[table]:9,}"
            print(f"  {table:32} {before[table]:9,.1f} MB → {after[table]:9,.1f}  {kept}")
    return rate > 1 or total <= LIMIT


# Filling -----------------------------------------------------------------------------------------


def fill(rate: int) -> None:
    """Write a month."""
    from django.db import connection

    builds = DAYS * BUILDS * rate
    write_builds(builds)
    write_pulls(DAYS * PULLS * rate, builds)
    write_passes(builds)
    write_machines()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def when(place: int, many: int) -> datetime:
    """Spread things over the month."""
    return NOW - timedelta(days=DAYS) * (1 - place / many)


def write_builds(many: int) -> None:
    """Write builds with their stages, jobs, failing tests and logs."""
    from agents.models import Failure, Job, LogExtract, Stage, Test, TestFailure

    made = Ids()
    plan = [build_row(DICE, made, when(place, many), False) for place in range(many)]
    insert("agents_build", BUILD_COLUMNS, plan)
    insert("agents_job", JOB_COLUMNS, job_rows(DICE, made, plan, int(many * JOBS), machines()))
    bulk(Stage, 2 * many, lambda n: {"build_id": 1 + n // 2, "key": f"s{n % 2}", "name": "CI build", "order": n % 2})
    tests = [f"org.apache.flink.runtime.Case{n}ITCase.testSomething" for n in range(300)]
    bulk(Test, 300, lambda n: {"name": tests[n]})
    bulk(Failure, 300, lambda n: {"key": tests[n], "test_id": n + 1})
    failed = list(Job.objects.filter(result="failed").values_list("pk", "build_id", "finished_at"))
    bulk(LogExtract, len(failed), lambda n: {"job_id": failed[n][0], "at": failed[n][2], "text": LOG})
    message = "java.lang.AssertionError: expected <1> but was <2>" * 4
    bulk(TestFailure, len(failed), lambda n: {"test_id": 1 + n % 300, "message": message} | _of(failed[n]))


def _of(failed: tuple) -> dict[str, Any]:
    return {"job_id": failed[0], "build_id": failed[1], "at": failed[2]}


def write_pulls(many: int, builds: int) -> None:
    """Write pull requests with their reports, commands, labels, and all that was done for them."""
    from agents.models import PullHead
    from flinkci_dashboard.models import Action
    from labeler.models import LabelChange, LabelState, Ticket
    from sync.models import CIBranch, CommandComment, PullRequest, ReportComment

    times = [when(place, many) for place in range(many)]
    title = "[FLINK-{}][runtime] Change something in the runtime"
    bulk(PullRequest, many, lambda n: {"number": n + 1, "title": title.format(n), "author": "ada"} | _pull(n, times[n]))
    keys = list(PullRequest.objects.order_by("pk").values_list("pk", flat=True))
    bulk(ReportComment, many, lambda n: {"comment_id": n + 1, "pull_id": keys[n], "body": REPORT, **_at(times[n])})
    bulk(CommandComment, many, lambda n: {"comment_id": n + 1, "pull_id": keys[n], **_command(times[n])})
    bulk(CIBranch, many // 3, lambda n: {"name": f"ci_{n}_{_sha()}", "number": n, "seen_at": times[n]})
    bulk(Ticket, many, lambda n: {"key": f"FLINK-{n}", "summary": title, "components": ["Runtime"], "fetched_at": NOW})
    bulk(LabelState, many, lambda n: {"pull_id": keys[n], "state": "ok", "state_since": NOW, "seen_at": NOW})
    bulk(LabelChange, many, lambda n: {"pull_id": keys[n], "at": times[n], "key": f"FLINK-{n}", "added": ["component"]})
    heads = builds * 3 // 4
    files = [f"flink-runtime/src/main/java/org/apache/flink/runtime/Some{n}.java" for n in range(20)]
    bulk(PullHead, heads, lambda n: {"number": n % many, "sha": _sha(), "files": files, **_head(when(n, heads))})
    # A head is pushed and its predecessor deleted; its report is written at the push, at the start and at the end.
    bulk(Action, 6 * heads, lambda n: _act(n, when(n, 6 * heads)))


def _pull(n: int, at: datetime) -> dict[str, Any]:
    state = "closed" if n % 10 else "open"
    facts = {"head_sha": _sha(), "state": state, "created_at": at, "updated_at": at, "head_seen_at": at}
    return facts | {"why": "build failed 3 h ago: test_ci core, test_ci table", "waiting": "failed", "labels": ["a=b"]}


def _at(at: datetime) -> dict[str, Any]:
    return {"written_at": at, "etag": 'W/"0123456789abcdef0123456789abcdef"'}


def _command(at: datetime) -> dict[str, Any]:
    return {"author": "ada", "words": "run azure", "head_sha": _sha(), "commented_at": at, "state": "rerun"}


def _head(at: datetime) -> dict[str, Any]:
    return {"base_sha": _sha(), "base_at": at, "seen_at": at}


def _act(n: int, at: datetime) -> dict[str, Any]:
    kind = ("push-branch", "delete-branch", *("change-report",) * 4)[n % 6]
    payload = {"number": n, "branch": f"ci_{n}_{_sha()}", "sha": _sha(), "after_build": "azure:79300"}
    facts = {"key": f"{kind}:{n}:{_sha()}", "job": "sync_pulls", "kind": kind, "subject": f"#{n // 6}"}
    return facts | {"reason": "The head has no branch yet.", "payload": payload, "state": "done", **_settled(at)}


def _settled(at: datetime) -> dict[str, Any]:
    return {"tried_at": at, "created_at": at, "settled_at": at}


def write_passes(builds: int) -> None:
    """Write the passes of all jobs, most of which found all in order, and the logs of those that did something."""
    from flinkci_dashboard.jobs.table import JOBS as TABLE
    from flinkci_dashboard.models import JobRun, RunLog

    for job in TABLE.values():
        many = IDLE_DAYS * 86_400 // job.interval
        bulk(JobRun, many, lambda n, job=job: _run(job.name, NOW - timedelta(seconds=n * job.interval), {}))
    busy = min(builds * BUSY, DAYS * 86_400 // 15 * 2)  # two jobs can't do more
    bulk(JobRun, busy, lambda n: _run("sync_pulls", when(n, busy), {"reports_changed": 1, "branches_changed": 1}))
    keys = list(JobRun.objects.filter(counts__has_key="reports_changed").values_list("pk", flat=True))
    line = "12:13:14 INFO sync_pulls ended ok after 1.2 s: reports_changed 1, branches_changed 1, github 3"
    bulk(RunLog, busy, lambda n: {"run_id": keys[n], "text": line})


def _run(job: str, at: datetime, counts: dict[str, int]) -> dict[str, Any]:
    asked = {"github": 3, "azure": 2}
    before = {"github": 123_456, "github, charged": 2345, "azure": 98_765}
    facts = {"job": job, "trigger": "schedule", "host": "ci-dashboard-1", "outcome": "ok", "counts": counts}
    return facts | {"started_at": at, "ended_at": at + timedelta(seconds=1), "asked": asked, "asked_before": before}


def write_machines() -> None:
    """Write samples and figures of machines and builds."""
    from agents.models import Agent, AgentDay, BuildPeriod, HostPeriod, Sample

    hosts = ("azure", "alibaba", "github")
    minutes, hours = DAYS * 1440, DAYS * 24
    numbers = {"busy": 9, "idle": 5, "offline": 1, "queued": 3}
    bulk(Sample, 3 * minutes, lambda n: {"at": when(n // 3, minutes), "host": hosts[n % 3], **numbers})
    bulk(HostPeriod, 3 * hours, lambda n: {"step": "hour", "start": when(n // 3, hours), "host": hosts[n % 3]})
    bulk(BuildPeriod, 2 * hours, lambda n: {"step": "hour", "start": when(n // 2, hours), "scope": f"s{n % 2}"})
    agents = list(Agent.objects.values_list("pk", flat=True))
    days = [(when(day, DAYS).date(), agent) for day in range(DAYS) for agent in agents]
    bulk(AgentDay, len(days), lambda n: {"day": days[n][0], "agent_id": days[n][1]})


def _sha() -> str:
    return f"{DICE.getrandbits(160):040x}"


def bulk(model: Any, many: int, make: Make) -> None:
    """Write so many rows of a model."""
    for start in range(0, many, 5000):
        model.objects.bulk_create([model(**make(n)) for n in range(start, min(start + 5000, many))], batch_size=1000)


def insert(table: str, columns: tuple[str, ...], rows: Iterable[tuple]) -> None:
    """Write rows as they are, without models."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as sink:
                for row in rows:
                    sink.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", _plain(rows))  # noqa: S608


def _plain(rows: Iterable[tuple]) -> Iterator[tuple]:
    """Give times as SQLite keeps them."""
    for row in rows:
        yield tuple(str(each.replace(tzinfo=None)) if isinstance(each, datetime) else each for each in row)


# Measuring ---------------------------------------------------------------------------------------


def prune() -> None:
    """Prune as both jobs do, and give the room back as the databases do in time."""
    from django.db import connection

    from flinkci_dashboard.jobs.run import run_pass

    for job in ("prune", "prune_samples"):
        run = run_pass(job, "command")
        if run is None or run.outcome != "ok":
            raise SystemExit(f"{job} failed: {run and run.error}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL" if connection.vendor == "postgresql" else "VACUUM")


def sizes() -> dict[str, float]:
    """Return the MB of each table with its indexes."""
    from django.db import connection

    ours = connection.introspection.table_names()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            question = "SELECT pg_total_relation_size(%s::regclass)"
            return {table: _first(cursor, question, f'"{table}"') / 1e6 for table in ours}
        cursor.execute(
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY 1"
        )
        found = dict(cursor.fetchall())
    return {table: found.get(table, 0) / 1e6 for table in ours}


def rows(table: str) -> int:
    """Return how many rows a table has."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
        return cursor.fetchone()[0]


def _first(cursor: Any, question: str, value: str) -> int:
    cursor.execute(question, [value])
    return cursor.fetchone()[0]


if __name__ == "__main__":
    main()
