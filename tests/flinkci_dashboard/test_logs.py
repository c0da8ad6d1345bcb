"""Log lines: text or JSON, with the ids of request and run; and what a pass logged, on its page."""

import io
import json
import logging
import logging.config
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured

from flinkci_dashboard import logs
from flinkci_dashboard import settings as real_settings
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.jobs.table import JOBS, Job
from flinkci_dashboard.keys import data_folder, mail_settings
from flinkci_dashboard.logs import AddRunId, JsonLines, log_of
from flinkci_dashboard.models import JobRun, RunLog
from flinkci_dashboard.web.request_ids import AddRequestId

SECRET = "ghp_" + "a1B2" * 9


def job(current):
    """Stand in for a job: what it does, a test says."""
    WORK.pop()(current)


WORK: list = []


@pytest.fixture
def run(db, data_dir, monkeypatch):
    """Return a function that runs one pass, which does what it is given."""
    monkeypatch.setitem(JOBS, "sync_mirrors", Job("sync_mirrors", "Mirror sync", f"{__name__}.job", 15))

    def do(what) -> JobRun:
        WORK.append(what)
        made = run_pass("sync_mirrors", "schedule")
        assert made is not None
        return made

    return do


@contextmanager
def lines_of(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    for each in (AddRequestId(), AddRunId()):
        handler.addFilter(each)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield stream
    finally:
        root.removeHandler(handler)


def test_json_is_one_object_a_line_with_the_run_and_without_secrets():
    with lines_of(JsonLines()) as stream, log_of(42):
        log = logging.getLogger("flinkci_dashboard.x")
        log.warning("two\nlines “é”", extra={"request": object(), "status_code": 500})
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("it failed")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["time"].endswith("+00:00")
    assert {name: first[name] for name in first if name != "time"} == {
        "level": "WARNING",
        "logger": "flinkci_dashboard.x",
        "message": "two\nlines “é”",
        "request_id": None,
        "run_id": 42,
    }
    assert "ValueError" in second["exc_info"] and SECRET not in second["exc_info"]


def test_text_names_the_run_in_every_line():
    form = real_settings.LOGGING["formatters"]["text"]
    with lines_of(logging.Formatter(form["format"], style="{")) as stream:
        logging.getLogger("x").warning("outside")
        with log_of(42):
            logging.getLogger("x").warning("inside")
    outside, inside = stream.getvalue().splitlines()
    assert "[- -] outside" in outside and "[- 42] inside" in inside


def test_no_library_prints_lines_of_its_own():
    import flinkci_dashboard.clients.azure.http
    import flinkci_dashboard.clients.github.http  # noqa: F401

    known = [logging.getLogger(name) for name in real_settings.LOGGING["loggers"]]
    printing = [each.name for each in known if any(isinstance(one, logging.StreamHandler) for one in each.handlers)]
    assert printing == []
    assert not logging.getLogger("github.Requester").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(("name", "told"), [("LOG_FORMAT", "xml"), ("CREDENTIALS_KEYS", "short")])
def test_what_no_setting_means_is_a_mistake_of_the_configuration(name, told, tmp_path):
    environment = os.environ | {name: told, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": real_settings.__name__}
    command = [sys.executable, "manage.py", "bootstrap"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert name in ended.stderr and "Traceback" not in ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1]) == {"job": "bootstrap", "outcome": "failed"}


@pytest.mark.parametrize("address", ["smtp://mail:port", "smtp://", "pigeon://x"])
def test_a_mail_server_that_no_address_names_is_a_mistake_of_the_configuration(address):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        mail_settings(address)


def test_a_folder_that_can_not_be_made_is_a_mistake_of_the_configuration(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        data_folder(tmp_path / "file" / "data")


@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_pass_shows_its_log_while_it_runs(run, member):
    def page(**headers) -> bytes:
        return member.get(f"/jobs/{JobRun.objects.get().pk}/", headers={"hx-request": "true"} | headers)

    def work(current):
        assert "logged nothing yet" in page().content.decode()
        logging.getLogger("sync").warning("a token: %s", SECRET)
        seen.append(page())

    seen: list = []
    made = run(work)
    assert "WARNING a token: ********" in seen[0].content.decode()
    assert member.get(f"/jobs/{made.pk}/").content.decode().count("a token:") == 1


def test_a_pass_that_logs_much_is_shown_once_a_second():
    shown: list[str] = []
    with log_of(42, lambda text: not shown.append(text)) as lines:
        for number in range(100):
            lines.add(f"line {number}")
    assert shown == ["line 0"]


def test_what_another_thread_logs_is_shown_by_the_pass_itself():
    shown: list[str] = []
    with log_of(42, lambda text: not shown.append(text)) as lines:
        thread = Thread(target=lines.add, args=["sent"])
        thread.start()
        thread.join()
        assert not shown
        lines.show()
    assert shown == ["sent"]


def test_the_page_of_a_pass_has_its_log_and_nothing_secret(run, member):
    def work(current):
        logging.getLogger("sync").warning("a token: %s", SECRET)
        current.fail("master: refused")

    made = run(work)
    page = member.get(f"/jobs/{made.pk}/").content.decode()
    assert "WARNING a token: ********" in page
    assert "WARNING sync_mirrors: master: refused" in page
    assert SECRET not in page and SECRET not in RunLog.objects.get().text
    assert f'href="/jobs/{made.pk}/"' in member.get("/jobs/sync_mirrors/").content.decode()


def test_a_pass_that_found_all_in_order_logs_nothing(run, member):
    made = run(lambda current: None)
    assert not RunLog.objects.exists()
    assert "logged nothing" in member.get(f"/jobs/{made.pk}/").content.decode()


def test_of_a_long_log_begin_and_end_are_kept(run):
    def work(current):
        for number in range(logs.FIRST + logs.LAST + 100):
            logging.getLogger("sync").warning("line %d %s", number, "x" * 5000)

    run(work)
    kept = RunLog.objects.get().text.splitlines()
    assert len(kept) == logs.FIRST + logs.LAST + 1
    assert "100 lines more" in kept[logs.FIRST]
    assert "line 0 " in kept[0] and "line 499 " in kept[-1] and max(map(len, kept)) < 2100


def test_lines_of_other_work_are_not_a_passes(run):
    logging.getLogger("sync").warning("before")
    run(lambda current: logging.getLogger("sync").warning("meanwhile"))
    logging.getLogger("sync").warning("after")
    assert [line.split()[-1] for line in RunLog.objects.get().text.splitlines()] == ["meanwhile"]


def test_requests_are_counted_for_the_pass_that_made_them(mirrored):
    assert JobRun.objects.latest("pk").asked["git"] > 1
    first, second = run_pass("sync_pulls", "command"), run_pass("sync_pulls", "command")
    assert first.asked["github"] >= first.asked["github, charged"] > 0
    assert second.asked["github"] > 0 and "github, charged" not in second.asked  # nothing has changed
    assert second.asked_in_all["github"] == first.asked["github"] + second.asked["github"]
