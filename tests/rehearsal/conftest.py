"""Hosts over a PostgreSQL, with and without a Redis, before a world."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from flinkci_dashboard.sandbox import Sandbox
from tests.rehearsal.hosts import Host, host
from tests.rehearsal.servers import Postgres, Redis, broker, postgres
from tests.rehearsal.town import found

FAST = """UPDATE flinkci_dashboard_jobschedule SET interval = 2,
    enabled = job IN ('sync_mirrors', 'sync_pulls', 'poll_builds', 'send_alerts')"""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Sandbox]:
    """Start a world of one's own."""
    with found(tmp_path / "world") as world:
        yield world


@pytest.fixture
def database() -> Iterator[Postgres]:
    """Start a PostgreSQL of one's own."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["the database as broker", "Redis as broker"])
def queue(request) -> Iterator[Redis | None]:
    """Return the Redis that carries the tasks; None where the database does."""
    with ExitStack() as stack:
        yield stack.enter_context(broker()) if request.param.startswith("Redis") else None


@pytest.fixture
def hosts(
    tmp_path: Path, town: Sandbox, database: Postgres, queue: Redis | None
) -> Iterator[Callable[[int], list[Host]]]:
    """Set up so many hosts over one database; all of their processes end with the test."""
    made: list[Host] = []

    def setup(count: int) -> list[Host]:
        redis = queue.url if queue else ""
        made.extend(host(tmp_path / f"host{each}", database.url, town.environ(), redis) for each in range(count))
        made[0].manage("migrate", "--verbosity", "0")
        made[0].manage("bootstrap")
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(FAST)
        return made

    yield setup
    for each in made:
        each.die()
