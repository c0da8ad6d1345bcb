"""A database of the code before the rooms comes up with every row, queued task, schedule and permission."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

HERE = Path(__file__).parent
DUMP = HERE / "before_the_move.json.gz"
OLD = json.loads(gzip.decompress(DUMP.read_bytes()))
SECRETS = {"CREDENTIALS_KEYS": "dGhlIGR1bXAgb2YgdGhlIG9sZCBjb2RlLCAzMiBieXQ=", "DJANGO_SECRET_KEY": "of the dump alone"}


def change_test(row: dict) -> dict:
    """Expect pytest's form of a name to be JUnit's."""
    return {"name": row["name"].replace(".py::", ".").replace("/", ".")} if ".py::" in row["name"] else {}


def change_watermark(row: dict) -> dict:
    """Each CI service has marks of its own."""
    return {"name": f"{row['name']}:azure"} if row["name"] in ("builds", "history") else {}


def change_action(row: dict) -> dict:
    """The latest turn bears an act's key, not the first; what happens once says so; builds are named with services."""
    key, payload = row["key"].split("#")[0], row["payload"]
    if payload.get("turns", 1) > 1:
        key = f"{row['key']}#{row['id']}."
    elif row["kind"] in ("mail", "queue-missing"):
        payload = payload | {"once": True}
    if row["job"] == "sync_pulls" and row["kind"] in ("cancel-build", "retry-build", "queue-build", "queue-missing"):
        payload = payload | {"provider": "azure"}
        key = re.sub(r"^(cancel|retry):", r"\1:azure:", key)
    if row["kind"] == "push-branch" and "after_build" in payload:
        payload = payload | {"after_build": name_build(payload["after_build"])}
    return {"key": key, "payload": payload}


def name_build(number: int) -> str:
    return f"azure:{number}" if number else ""


def change_branch(row: dict) -> dict:
    """The build before a push is named with its service."""
    return {"after_build": name_build(row["after_build"])}


def change_pull(row: dict) -> dict:
    """A lost build is named with its service."""
    return {"lost_builds": [f"azure:{number}" for number in row["lost_builds"]]}


def change_mark(row: dict) -> dict:
    """The lists of open pull requests are read once more, for what they tell of the authors."""
    return {"data": row["data"] | {"at": None, "pages": {}}} if row["name"] == "everything" else {}


# What becomes of an old row, where it does not stay as it was.
CHANGED: dict[str, Callable[[dict], dict]] = {
    "agents.Test": change_test,
    "agents.Watermark": change_watermark,
    "flinkci_dashboard.Action": change_action,
    "sync.CIBranch": change_branch,
    "sync.PullRequest": change_pull,
    "sync.Watermark": change_mark,
}
# Columns that are no more.
GONE: dict[str, set[str]] = {}
# Tables that get further rows, of what is new.
GROWN = {
    *("contenttypes.ContentType", "auth.Permission", "auth.Group_permissions", "flinkci_dashboard.JobSchedule"),
    "agents.Watermark",  # what bootstrap sets up once has a mark
}


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """Bring the old database up, once for all tests here; gives what is there then."""
    folder = tmp_path_factory.mktemp("upgrade")
    url, name = os.environ["DATABASE_URL"], f"upgrade_{os.getpid()}"
    if url.startswith("sqlite"):
        return bring_up(folder, f"sqlite:///{folder / 'old.sqlite3'}")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            parts = urlsplit(url)
            return bring_up(folder, urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, "")))
        finally:
            server.execute(f"DROP DATABASE {name}")


def bring_up(folder: Path, url: str) -> dict:
    environment = os.environ | SECRETS | {"DATABASE_URL": url, "DATA_DIR": str(folder)}
    environment["DJANGO_SETTINGS_MODULE"] = "flinkci_dashboard.settings"
    command = [sys.executable, "-m", "tests.upgrade.upgrade", str(DUMP)]
    done = subprocess.run(command, env=environment, cwd=HERE.parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def by_key(table: dict, fields: list[str]) -> dict[int, dict]:
    """Return the values of some columns, by the row's id."""
    rows = [dict(zip(table["fields"], row, strict=True)) for row in table["rows"]]
    return {row["id"]: {name: row[name] for name in fields} for row in rows}


def expected(label: str, fields: list[str]) -> dict[int, dict]:
    """Return a table's old rows, with what is known to change changed."""
    change = CHANGED.get(label, lambda row: {})
    return {key: row | change(row) for key, row in by_key(OLD["rows"][label], fields).items()}


def test_every_row_is_there_as_it_was(new):
    for label, table in OLD["rows"].items():
        fields = [name for name in table["fields"] if name not in GONE.get(label, ())]
        old, now = expected(label, fields), by_key(new["rows"][label], fields)
        assert {key: now.get(key) for key in old} == old, label
        assert label in GROWN or now.keys() == old.keys(), label


def test_queued_tasks_find_what_they_call(new):
    jobs = [(task["name"], task["trigger"]) for task in new["tasks"]]
    assert jobs == [("sync_pulls", "button"), ("sync_mirrors", "button"), ("label_pulls", "button")]


def test_every_job_has_its_schedule(new):
    assert new["unscheduled"] == []


def test_everybody_may_do_what_they_could(new):
    may = {name: set(permissions) for name, permissions in new["permissions"].items()}
    assert {"flinkci_dashboard.operate", "flinkci_dashboard.view_action"} <= may["operator"]
    assert "flinkci_dashboard.administer" not in may["operator"]
    assert "flinkci_dashboard.operate" not in may["pmc"]
    assert "flinkci_dashboard.administer" in may["admin"]


def test_a_stored_secret_can_be_read(new):
    assert new["token"] == "not-a-token"


def test_every_page_opens(new):
    assert {path: status for path, status in new["pages"].items() if status != 200} == {}
