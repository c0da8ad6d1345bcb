"""Writing only what changed: right rows cost nothing, changed ones their changed fields, new ones are made."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flinkci_dashboard.models import JobSchedule, Worker
from flinkci_dashboard.models.writing import Changes

pytestmark = pytest.mark.django_db


def worker(host: str, pid: int = 1) -> Worker:
    return Worker(host=host, pid=pid, started_at=timezone.now(), seen_at=timezone.now())


def test_rows_that_are_right_cost_no_query():
    row = JobSchedule.objects.create(job="try", interval=30)
    changes = Changes[JobSchedule]()
    assert not changes.put(row, {"interval": 30, "enabled": True})
    with CaptureQueriesContext(connection) as queries:
        assert changes.write() == 0
    assert (len(queries), bool(changes)) == (0, False)


def test_only_changed_fields_are_written():
    row = JobSchedule.objects.create(job="try", interval=30)
    JobSchedule.objects.update(enabled=False)  # somebody else, in the meantime
    changes = Changes[JobSchedule]()
    assert changes.put(row, {"interval": 60, "enabled": True})
    assert changes.write() == 1
    row.refresh_from_db()
    assert (row.interval, row.enabled) == (60, False)


def test_new_and_changed_rows_are_written_together_in_few_queries():
    Worker.objects.bulk_create(worker(f"host-{number}") for number in range(50))
    changes = Changes[Worker]()
    for row in Worker.objects.all():
        changes.put(row, {"pid": 2})
    for number in range(50, 60):
        changes.put(worker(f"host-{number}"), {"pid": 2})
    with CaptureQueriesContext(connection) as queries:
        assert changes.write() == 60
    assert len(queries) <= 6
    assert Worker.objects.filter(pid=2).count() == 60


def test_a_row_that_changes_twice_is_written_once_as_it_is_at_the_end():
    Worker.objects.bulk_create([worker("host")])
    row, changes = Worker.objects.get(), Changes[Worker]()
    changes.put(row, {"pid": 2})
    changes.put(row, {"pid": 3})
    assert changes.write() == 1
    assert Worker.objects.get().pid == 3
