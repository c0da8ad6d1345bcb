"""The labeler over 30,000 pull requests and 20,000 tickets: what the first, an idle and a busy pass ask, and the pages.

`python bench/labels.py [postgresql|sqlite]`. The sandbox answers at once and Jira is asked without pauses, so that the
times are our own; the real Jira is asked once a second at most.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measuring import install, postgresql

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox import Request, Sandbox

PULLS, TICKETS, OPEN = 30_000, 20_000, 1_000
UNKNOWN, HOTFIX_EVERY = 20, 25  # titles with a key that Jira does not know; every so many without any
CHANGED = 50  # tickets that get another component before the busy pass
FIRST_LIMIT = 250  # requests
PAGE_LIMIT = 100.0  # milliseconds
REPEATS = 11
COMPONENTS = [f"Area {number % 9} / Part {number}" for number in range(60)]
START = datetime(2020, 1, 1, tzinfo=UTC)


def main() -> None:
    """Generate, measure, print; exits 1 when a limit is broken."""
    database = sys.argv[1] if len(sys.argv) > 1 else "postgresql"
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), database)
        from flinkci_dashboard.sandbox import Sandbox

        with Sandbox(Path(folder) / "world") as world:
            connect(world)
            generate(world)
            print(f"{PULLS:,} pull requests, {TICKETS:,} tickets, {database}")
            results = [first(world), idle(world), busy(world), *pages()]
    sys.exit(0 if all(results) else 1)


def prepare(folder: Path, database: str) -> None:
    """Lay out a database of our own."""
    install(folder, **({"DATABASE_URL": postgresql(folder)} if database == "postgresql" else {}))


def connect(world: "Sandbox") -> None:
    """Point this process at the sandbox, in active mode."""
    from django.conf import settings

    from flinkci_dashboard.clients import jira

    for name, value in world.environ().items():
        if name.endswith("_TOKEN"):
            os.environ[name] = value
        else:
            setattr(settings, name, value)
    settings.SYNC_MODE = "active"
    jira.PAUSE = 0.0


def generate(world: "Sandbox") -> None:
    """Make tickets, and pull requests that have the labels they should have."""
    from labeler.labels import COLOR, labels_of
    from sync.models import PullRequest

    for number in range(1, TICKETS + 1):
        world.jira.create(f"FLINK-{number}", components_of(number))
    for name in COMPONENTS:
        world.pulls.create_label(labels_of([name])[0], COLOR)
    world.clock.advance(hours=3)  # nothing of it is news
    rows = []
    for number in range(1, PULLS + 1):
        key = number % TICKETS + 1
        title, labels = f"[FLINK-{key}][runtime] Change number {number}", list(labels_of(components_of(key)))
        if number % HOTFIX_EVERY == 0:
            title, labels = f"[hotfix] Change number {number}", []
        elif number <= UNKNOWN:
            title, labels = f"[FLINK-{900_000 + number}] Mistyped", []
        at = START + timedelta(hours=number)
        state = "open" if number > PULLS - OPEN else "merged"
        facts = {"title": title, "labels": labels, "state": state, "created_at": at, "updated_at": at}
        rows.append(PullRequest(number=number, base="master", head_sha=f"{number:040d}", ci_state="success", **facts))
    PullRequest.objects.bulk_create(rows, batch_size=1000)


def components_of(key: int) -> list[str]:
    """Return a ticket's components: one for most, two for some."""
    return [COMPONENTS[key % 60]] + ([COMPONENTS[(key + 7) % 60]] if key % 5 == 0 else [])


def first(world: "Sandbox") -> bool:
    """Measure the first full pass, with nothing to change."""
    run, requests, seconds, _ = one_pass(world)
    changed = run.counts.get("pulls_labelled", 0)
    asked = Counter(each.service for each in requests)
    print(f"first pass: {len(requests)} requests {dict(asked)}, {seconds:.1f} s, {changed} changed, {run.outcome}")
    return len(requests) <= FIRST_LIMIT and not changed and run.outcome == "ok"


def idle(world: "Sandbox") -> bool:
    """Measure passes that find nothing new."""
    passes = [one_pass(world) for _ in range(REPEATS)]
    asked = {tuple(f"{each.method} {each.service}" for each in requests) for _, requests, _, _ in passes}
    milliseconds = median(seconds for _, _, seconds, _ in passes) * 1000
    print(f"idle pass: {asked}, {milliseconds:.0f} ms at the median, {passes[-1][3]} database queries")
    return asked == {("POST jira",)} and all(run.counts == {} for run, *_ in passes)


def busy(world: "Sandbox") -> bool:
    """Measure a pass in which some tickets have another component."""
    from flinkci_dashboard.sandbox.github.data import Pull
    from labeler.models import LabelState
    from sync.models import PullRequest

    keys = range(101, 101 + CHANGED)
    rows = PullRequest.objects.filter(label_state__ticket__key__in=[f"FLINK-{key}" for key in keys])
    for row in rows:
        at = row.updated_at
        pull = Pull(row.number, row.title, "ada", "0" * 40, "master", at, at, labels=list(row.labels))
        world.pulls.by_number[row.number] = pull
    for key in keys:
        world.jira.edit(f"FLINK-{key}", components=[COMPONENTS[(key + 1) % 60]])
    run, requests, seconds, _ = one_pass(world)
    writes = [each for each in requests if each.service == "github" and each.method != "GET"]
    changed = run.counts["pulls_labelled"]
    print(
        f"busy pass: {changed} pull requests changed by {len(writes)} writes, {len(requests)} requests, {seconds:.1f} s"
    )
    wrong = LabelState.objects.filter(state="change").count()
    return changed == rows.count() and len(writes) <= 2 * changed and not wrong and run.outcome == "ok"


def one_pass(world: "Sandbox") -> tuple[Any, list["Request"], float, int]:
    """Run a pass; returns its record, the requests, the seconds and the database queries that it took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from flinkci_dashboard.jobs.run import run_pass

    mark, started = world.log_mark(), time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        run = run_pass("label_pulls", "command")
    return run, world.since(mark), time.perf_counter() - started, len(queries)


def pages() -> list[bool]:
    """Measure every list of the labels page, and the preview of a rule."""
    from django.contrib.auth.models import User
    from django.test import Client

    browser = Client()
    browser.force_login(User.objects.create_superuser("bench"))
    tabs = (
        "components",
        "changes",
        "todo",
        "drift",
        "no-ticket&pulls=all",
        "unknown&pulls=all",
        "no-ticket&pulls=all&q=9",
    )
    results = [
        measured(f"labels, {tab}", lambda tab=tab: browser.get(f"/labels/?tab={tab}"), PAGE_LIMIT) for tab in tabs
    ]
    rule = {"component": "Area 3*", "label": "component=Area3"}
    preview = lambda: browser.post("/admin/labeler/labelrule/preview/", rule)  # noqa: E731
    return [*results, measured("preview of a rule", preview, 20 * PAGE_LIMIT)]


def measured(name: str, ask: Any, limit: float) -> bool:
    """Print a page's median time; returns whether it is within the limit."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.status_code  # noqa: S101
    print(f"{name}: {median(times):.0f} ms at the median")
    return median(times) <= limit


if __name__ == "__main__":
    main()
