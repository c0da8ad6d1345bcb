"""The network between a host and the rest is cut: what it held is free within a minute, and it comes back by itself."""

import time

import psycopg
import pytest

from tests.rehearsal.cable import HERE, cable, may_lay
from tests.rehearsal.hosts import Host, host, until
from tests.rehearsal.town import doubled, mirrored, told

MINUTE = 75.0  # seconds that the other host may take: until the dead session is ended, and a pass

pytestmark = pytest.mark.skipif(not may_lay(), reason="only root may lay cables, on Linux")


@pytest.fixture
def queue() -> None:
    """Let the database be the broker."""


@pytest.fixture
def laid():
    with cable() as made:
        yield made


def test_a_host_that_is_cut_off_frees_its_lock_and_comes_back(hosts, town, database, laid, tmp_path):
    outside = database.listen(HERE)
    (near,) = hosts(1)
    far = host(tmp_path / "far", outside, town.environ())
    far.prefix = laid.prefix()
    laid.carry(int(town.environ()["GITHUB_API_URL"].split(":")[2].split("/")[0]))
    try:
        alone_then_cut(near, far, town, database, laid)
    finally:
        far.die()


def alone_then_cut(near: Host, far: Host, town, database, laid) -> None:
    number = town.pulls.open()
    far.start_worker()
    until(lambda: told(town, number) and mirrored(town), what="the first report")
    town.fault(service="github", hang=True, times=None)
    until(lambda: running(database) >= 1, what="a pass under way")
    laid.pull()
    town.clear_faults()
    town.pulls.push(number)
    town.commit("master")
    near.start_web()
    near.start_worker()
    took = until(lambda: told(town, number) and mirrored(town), seconds=MINUTE, what="the other host's going on")
    print(f"The other host went on after {took:.0f} s.")
    assert near.get("/readyz")[0] == 200
    laid.plug()
    until(lambda: alive(database) == 2, seconds=MINUTE, what="the host's coming back")
    town.pulls.push(number)
    until(lambda: told(town, number), what="the third head")
    until(lambda: doubled(town) == [], what="deleting the branch of the first one")
    time.sleep(5)
    assert doubled(town) == []
    assert far.alive()
    assert near.alive()


def running(database) -> int:
    return ask(
        database, "SELECT count(*) FROM flinkci_dashboard_jobrun WHERE outcome = 'running' AND job = 'sync_pulls'"
    )


def alive(database) -> int:
    """Return how many workers have reported in the last seconds."""
    return ask(database, "SELECT count(*) FROM flinkci_dashboard_worker WHERE seen_at > now() - interval '15 seconds'")


def ask(database, question: str) -> int:
    with psycopg.connect(database.url) as connection:
        return connection.execute(question).fetchone()[0]
