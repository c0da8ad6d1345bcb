"""Bring up an old database on today's code: `python -m tests.upgrade.upgrade DUMP`; the environment names an empty one.

The old tables are made by the migrations that made them then, and hold the dump's rows. Then an operator's commands
run: `migrate` and `bootstrap`. What is there afterwards is printed as JSON.
"""

import gzip
import json
import sys
from inspect import signature
from typing import Any

import django

Dump = dict[str, Any]
PAGES = (
    *("/", "/mirrors/", "/pulls/", "/pulls/orphans/", "/labels/", "/jobs/", "/jobs/sync_pulls/", "/agents/"),
    *("/agents/charts/", "/builds/", "/branches/", "/branches/master/", "/contacts/", "/credentials/", "/activity/"),
)


def main(path: str) -> None:
    """Do all of it."""
    with gzip.open(path) as file:
        dump = json.load(file)
    django.setup()
    from django.core.management import call_command

    _load(dump)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("bootstrap", verbosity=0, stdout=sys.stderr)
    print(json.dumps({"rows": _rows(dump)} | _facts(), default=str))


def _load(dump: Dump) -> None:
    from django.core.management.color import no_style
    from django.db import connection, transaction
    from django.db.migrations.executor import MigrationExecutor

    last = {app: (app, name) for app, name in dump["migrations"]}
    executor = MigrationExecutor(connection)
    executor.migrate(list(last.values()))
    apps = executor.loader.project_state(list(last.values())).apps
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    with transaction.atomic(), connection.cursor() as cursor:
        for model in models.values():  # what migrations entered stands in the dump, too
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608
        for label, table in dump["rows"].items():
            model = models[label]
            fields = [model._meta.get_field(name) for name in table["fields"]]
            names = [field.attname for field in fields]
            rows = [dict(zip(names, map(_value, fields, row), strict=True)) for row in table["rows"]]
            model._base_manager.bulk_create(model(**row) for row in rows)
        for line in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(line)


def _value(field: Any, value: Any) -> Any:
    return value if value is None else field.to_python(value)


def _rows(dump: Dump) -> Dump:
    """Return today's rows, with those of the dump's columns that are there still."""
    from django.apps import apps
    from django.core.serializers.json import DjangoJSONEncoder

    found = {}
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    for label in models.keys() & dump["rows"].keys():
        model = models[label]
        names = {field.attname for field in model._meta.concrete_fields}
        fields = [name for name in dump["rows"][label]["fields"] if name in names]
        rows = [list(row) for row in model._base_manager.order_by("pk").values_list(*fields)]
        found[label] = {"fields": fields, "rows": json.loads(json.dumps(rows, cls=DjangoJSONEncoder))}
    return found


def _facts() -> Dump:
    """Return what works on the rows: tasks that wait, schedules, who may do what, a secret, and pages."""
    from django.contrib.auth.models import User
    from django.utils.module_loading import import_string
    from django_q.models import OrmQ

    from flinkci_dashboard.clients.secrets import token
    from flinkci_dashboard.jobs.table import JOBS
    from flinkci_dashboard.models import JobSchedule

    tasks = [row.task for row in OrmQ.objects.order_by("pk")]
    names = [user.username for user in User.objects.order_by("pk")]
    return {
        "tasks": [signature(import_string(task["func"])).bind(*task["args"]).arguments for task in tasks],
        "unscheduled": sorted(JOBS.keys() - set(JobSchedule.objects.values_list("job", flat=True))),
        "permissions": {name: sorted(User.objects.get(username=name).get_all_permissions()) for name in names},
        "token": token("azure"),
        "pages": {path: _status(path) for path in (*PAGES, *_details())},
    }


def _status(path: str) -> int:
    from django.contrib.auth.models import User
    from django.test import Client

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.get(username="admin"))
    return browser.get(path, follow=True).status_code


def _details() -> list[str]:
    """Return the addresses, as people have noted them, of some of the dump's rows."""
    from agents.models import Agent, Build
    from sync.models import PullRequest

    return [
        *(f"/pulls/{number}/" for number in PullRequest.objects.values_list("number", flat=True)[:10]),
        *(f"/builds/{number}/" for number in Build.objects.values_list("external_id", flat=True)[:10]),
        *(f"/agents/{pk}/" for pk in Agent.objects.values_list("pk", flat=True)[:5]),
    ]


if __name__ == "__main__":
    main(sys.argv[1])
