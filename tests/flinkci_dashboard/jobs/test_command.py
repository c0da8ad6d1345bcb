"""How commands end, and what bootstrap and migrations prepare."""

import json
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from flinkci_dashboard.jobs.run import ConfigurationError
from flinkci_dashboard.models import JobSchedule, RuleSetting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("test_job")]


BOOTSTRAP = "flinkci_dashboard.management.commands.bootstrap"


@pytest.mark.parametrize(
    ("engine", "status", "outcome"),
    [
        (lambda current: current.count("pushed"), 0, "ok"),
        (lambda current: current.fail("no"), 1, "failed"),
        (lambda current: (current.count("pushed"), current.fail("no")), 1, "partial"),
    ],
)
def test_the_command_prints_one_json_line_and_exits_by_outcome(test_job, engine, status, outcome):
    test_job(engine)
    stdout, stderr, code = _command()
    assert code == status
    assert json.loads(stdout.splitlines()[-1])["outcome"] == outcome
    assert stderr.splitlines() == ([] if status == 0 else ["no"])


def test_the_command_says_when_the_configuration_is_wrong(test_job):
    def engine(current):
        raise ConfigurationError("No mirror is set up: run manage.py bootstrap.")

    test_job(engine)
    stdout, stderr, code = _command()
    assert code == 2
    assert "run manage.py bootstrap" in stderr
    assert json.loads(stdout.splitlines()[-1]) == {"job": "try", "outcome": "failed"}


def test_bootstrap_ends_as_every_job_does(monkeypatch):
    call_command("bootstrap", stdout=(said := StringIO()))
    assert json.loads(said.getvalue().splitlines()[-1]) == {"job": "bootstrap", "outcome": "ok", "channels_refused": 0}

    def create() -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr(f"{BOOTSTRAP}.create_roles", create)
    with pytest.raises(SystemExit) as end:
        call_command("bootstrap", stdout=(said := StringIO()), stderr=(told := StringIO()))
    assert end.value.code == 2 and "is it migrated?" in told.getvalue()
    assert json.loads(said.getvalue()) == {"job": "bootstrap", "outcome": "failed"}


def test_migrating_is_enough_for_the_caches_rows():
    made = import_module("flinkci_dashboard.migrations.0019_cache_table").create
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_cache")
    for _ in ("new", "old"):
        made(None, SimpleNamespace(connection=connection))
        assert "django_cache" in connection.introspection.table_names()


def test_bootstrap_costs_few_queries_and_again_fewer_and_what_an_admin_changed_stays(django_assert_max_num_queries):
    with django_assert_max_num_queries(90):
        call_command("bootstrap", stdout=StringIO())
    JobSchedule.objects.filter(job="sync_pulls").update(interval=77)
    RuleSetting.objects.filter(rule="worker").update(limit=5)
    with django_assert_max_num_queries(50):
        call_command("bootstrap", stdout=StringIO())
    assert JobSchedule.objects.get(job="sync_pulls").interval == 77
    assert RuleSetting.objects.get(rule="worker").limit == 5


def test_bootstrap_collects_the_pages_files_where_the_web_server_has_none(monkeypatch):
    called: list[str] = []
    monkeypatch.setattr(f"{BOOTSTRAP}.call_command", lambda name, **options: called.append(name))
    for files in ({}, {"site.css": "site.1.css"}):
        monkeypatch.setattr(f"{BOOTSTRAP}.staticfiles_storage", SimpleNamespace(hashed_files=files))
        call_command("bootstrap", stdout=StringIO())
    assert called == ["collectstatic"]


def _command() -> tuple[str, str, int]:
    from flinkci_dashboard.management.job_command import JobCommand

    class Command(JobCommand):
        job = "try"

    stdout, stderr = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command(Command(), stdout=stdout, stderr=stderr, verbosity=2, no_color=True)
    return stdout.getvalue(), stderr.getvalue(), end.value.code
