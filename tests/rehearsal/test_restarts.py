"""Database and broker go away for a while: pages say so, workers wait, and all goes on when they are back."""

import time

import pytest

from tests.pulls import end
from tests.rehearsal.hosts import until
from tests.rehearsal.town import COMMAND, answered, doubled, mirrored, told

AWAY = 6.0  # seconds


def test_postgresql_is_restarted_under_way(hosts, town, database):
    (only,) = hosts(1)
    number = town.pulls.open()
    only.start_worker()
    only.start_web()
    until(lambda: told(town, number) and mirrored(town), what="the first report")
    town.pulls.push(number)
    database.stop()
    status, reason = only.get("/readyz")
    assert status == 503
    assert "database" in str(reason)
    assert only.get("/healthz")[0] == 200
    time.sleep(AWAY)
    database.start()
    until(lambda: told(town, number), what="going on")
    end(town, number, "failed")
    command = town.pulls.comment(number, COMMAND)
    until(lambda: answered(town, command), what="the answer")
    assert only.alive()
    assert doubled(town) == []


@pytest.mark.parametrize("queue", ["Redis as broker"], indirect=True)
def test_redis_is_restarted_and_forgets(hosts, town, queue):
    (only,) = hosts(1)
    number = town.pulls.open()
    only.start_worker()
    only.start_web()
    until(lambda: told(town, number) and mirrored(town), what="the first report")
    queue.stop()
    assert only.get("/healthz")[0] == 200
    assert only.get("/accounts/login/")[0] == 200
    town.pulls.push(number)
    time.sleep(AWAY)
    queue.start()
    until(lambda: told(town, number), seconds=90, what="going on")
    assert only.alive()
    assert doubled(town) == []
