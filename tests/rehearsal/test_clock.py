"""A host's clock is set back by an hour, put right, and set forward: work goes on, and people are told."""

import psycopg
import pytest

from tests.pulls import end
from tests.rehearsal.hosts import until
from tests.rehearsal.town import COMMAND, answered, doubled, mirrored, told

HOUR = 3600.0  # seconds


@pytest.fixture
def queue() -> None:
    """Let the database be the broker."""


@pytest.mark.parametrize("wrong_by", [-HOUR, HOUR])
def test_work_goes_on_whatever_the_clock_does(hosts, town, database, wrong_by):
    (only,) = hosts(1)
    only.set_clock(0)
    number = town.pulls.open()
    only.start_worker()
    only.start_web()
    until(lambda: told(town, number) and mirrored(town), what="the first report")

    for setting in (wrong_by, 0.0):
        only.set_clock(setting)
        town.pulls.push(number)
        town.commit("master")
        until(lambda: told(town, number) and mirrored(town), what=f"going on at {setting:+.0f} s")
        end(town, number, "failed")
        command = town.pulls.comment(number, COMMAND)
        until(lambda: answered(town, command), what="the answer")  # noqa: B023
        until(lambda: only.get("/readyz")[0] == 200, what="being ready")
    until(lambda: clock_alerts(database), what="telling of the clock")  # each is set back once: marks lie ahead then
    assert doubled(town) == []
    assert only.alive()
    assert "Traceback" not in only.log()


def clock_alerts(database) -> int:
    with psycopg.connect(database.url) as connection:
        return connection.execute("SELECT count(*) FROM flinkci_dashboard_alert WHERE rule = 'clock'").fetchone()[0]
