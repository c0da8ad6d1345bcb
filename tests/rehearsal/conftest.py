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


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """Return a dump of what `migrate` makes, which takes longer than to put it in each test's place."""
    folder = tmp_path_factory.mktemp("migrated")
    with postgres() as server:
        host(folder / "host", server.url, {}).manage("migrate", "--verbosity", "0")
        (folder / "dump").write_bytes(server.run("pg_dump", "--format=custom", server.url))
    return folder / "dump"


@pytest.fixture(params=["the database as broker", "Redis as broker"])
def queue(request) -> Iterator[Redis | None]:
    """Return the Redis that carries the tasks; None where the database does."""
    with ExitStack() as stack:
        yield stack.enter_context(broker()) if request.param.startswith("Redis") else None


@pytest.fixture
def hosts(
    tmp_path: Path, town: Sandbox, database: Postgres, queue: Redis | None, migrated: Path
) -> Iterator[Callable[[int], list[Host]]]:
    """Set up so many hosts over one database; all of their processes end with the test."""
    made: list[Host] = []

    def setup(count: int) -> list[Host]:
        redis = queue.url if queue else ""
        made.extend(host(tmp_path / f"host{each}", database.url, town.environ(), redis) for each in range(count))
        database.run("pg_restore", "--dbname", database.url, str(migrated))
        made[0].manage("bootstrap")
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(FAST)
        return made

    yield setup
    for each in made:
        each.die()
