"""How often the outside is looked at, and that looking costs nothing while nothing happens."""

from importlib import import_module

import pytest
from django.apps import apps

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobSchedule

POLLING = ("sync_mirrors", "sync_pulls", "poll_builds")
pytestmark = pytest.mark.usefixtures("bootstrapped")


def test_what_carries_code_and_results_looks_every_fifteen_seconds():
    assert set(JobSchedule.objects.filter(job__in=POLLING).values_list("interval", flat=True)) == {15}


def test_an_upgrade_looks_as_often_but_where_an_admin_has_said_otherwise():
    JobSchedule.objects.filter(job="sync_mirrors").update(interval=30)
    JobSchedule.objects.filter(job="sync_pulls").update(interval=300)
    import_module("flinkci_dashboard.migrations.0015_poll_often").poll_often(apps, None)
    found = dict(JobSchedule.objects.filter(job__in=POLLING).values_list("job", "interval"))
    assert found == {"sync_mirrors": 15, "sync_pulls": 300, "poll_builds": 15}


def test_an_idle_pass_is_charged_nothing(mirrored):
    mirrored.pulls.open("[FLINK-1] One")
    for _ in range(3):
        for build in list(mirrored.azure.builds.values()):
            mirrored.azure.finish(build.id, "succeeded")
        for job in POLLING:
            run_pass(job, "schedule")
    mark = mirrored.log_mark()
    for job in POLLING:
        run = run_pass(job, "schedule")
        assert run.counts == {} and "github, charged" not in run.asked
    asked = mirrored.since(mark)
    assert [each for each in asked if each.charged] == []
    assert len([each for each in asked if each.service == "azure"]) <= 6
