"""A planted secret is looked for wherever it could have gone: pages, logs, rows, reports, dumps, processes, files."""

import base64
import io
import json
import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from django_q.models import OrmQ

from flinkci_dashboard.clients.secrets import MaskSecrets, seal, token
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Credential, StoredValue
from tests.addresses import PAGES

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def planted(world, bootstrapped, admin, monkeypatch) -> list[str]:
    """Enter the sandbox's tokens as stored values through the admin, and take them out of the environment."""
    secrets = []
    for credential in Credential.objects.exclude(serves=""):
        name = f"{credential.serves.upper()}_TOKEN"
        if secret := world.environ().get(name):
            monkeypatch.delenv(name, raising=False)
            admin.post(f"/admin/flinkci_dashboard/credential/{credential.pk}/value/", {"value": secret})
            secrets.append(secret)
    StoredValue.objects.update(role=StoredValue.Role.CURRENT)
    assert secrets
    assert token("github") in secrets
    return secrets


@contextmanager
def watched_log() -> Iterator[io.StringIO]:
    """Catch what the log would hold, through the filter that the settings give it, everything from DEBUG up."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskSecrets())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """Catch the command lines of every process on this machine, as fast as they can be read."""
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in psutil.process_iter(["cmdline"]):
                seen.add(" ".join(process.info["cmdline"] or []))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def found(secrets: list[str], text: str) -> list[str]:
    """Return the planted secrets that a text holds, plain or in base64 as basic authentication has them."""
    forms = [
        (s, (s, base64.b64encode(f":{s}".encode()).decode(), base64.b64encode(s.encode()).decode())) for s in secrets
    ]
    return [secret for secret, spellings in forms if any(spelling in text for spelling in spellings)]


def test_no_job_lets_a_secret_out(planted, admin):
    with watched_log() as log, watched_processes() as processes:
        for job in JOBS:
            run_pass(job, "command")
    assert found(planted, log.getvalue()) == []
    assert found(planted, "\n".join(processes)) == []
    assert found(planted, every_row()) == []
    for page in PAGES:
        assert found(planted, admin.get(page.path).getvalue().decode()) == [], page.path
    for path in settings.DATA_DIR.rglob("*"):
        if path.is_file() and path.stat().st_size < 1_000_000:
            assert found(planted, path.read_bytes().decode(errors="replace")) == [], path


def every_row() -> str:
    """Return every row of every table, task payloads decoded, as text."""
    rows = [json.dumps(list(model._base_manager.values()), default=str) for model in apps.get_models()]
    tasks = [str(row.task) for row in OrmQ.objects.all()]
    return "\n".join([*rows, *tasks])


def test_no_dump_holds_a_secret(planted):
    out = io.StringIO()
    call_command("dumpdata", stdout=out)
    assert "gAAAA" in out.getvalue(), "the encrypted values are there"
    assert found(planted, out.getvalue()) == []


def test_no_error_report_holds_a_secret(planted):
    request = RequestFactory().post("/", {"value": planted[0], "other": planted[0]}, headers={"X-Key": planted[0]})
    reports = []
    try:
        local = {"nested": [f"Basic {planted[0]}"], "sealed": seal(planted[0])}
        raise RuntimeError(f"could not use {len(local)} values")
    except RuntimeError:
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports = [reporter.get_traceback_html(), reporter.get_traceback_text()]
    assert "could not use" in reports[0]
    assert [found(planted, report) for report in reports] == [[], []]


def test_no_traceback_in_the_log_holds_a_secret(planted):
    with watched_log() as log:
        try:
            raise RuntimeError(f"fatal: unable to access 'https://x:{planted[0]}@example.org/'")
        except RuntimeError:
            logging.getLogger("a.library").exception("failed with %s", planted[0])
    assert "Traceback" in log.getvalue()
    assert found(planted, log.getvalue()) == []


def test_no_file_of_the_project_holds_something_that_looks_like_a_token():
    from flinkci_dashboard.clients.secrets import TOKEN_SHAPES

    for folder in ("flinkci_dashboard", "sync", "labeler", "agents", "templates", "static"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".json", ".yaml", ".yml", ".html", ".txt") and path.is_file():
                assert not TOKEN_SHAPES.search(path.read_text()), path
