"""The whole system over a small world of its own: `python -m flinkci_dashboard.demo` (what `make demo` starts)."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from flinkci_dashboard.launch import Group, start_site

LOGINS = (("pmc", "pmc-demo", "a PMC member"), ("admin", "admin-demo", "an admin"))
FIRST_PORT = 8000


def main() -> int:
    """Start the sandbox, prepare a fresh database, run the site until a signal; returns the exit status."""
    group = Group()
    try:
        _prepare_environment(group)
        _prepare_database()
        port = _free_port(int(os.environ.get("PORT", FIRST_PORT)))
        os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        start_site(group, f"127.0.0.1:{port}")
        _announce(port)
        return group.wait()
    finally:
        group.stop()


def _prepare_environment(group: Group) -> None:
    folder = Path(os.environ.get("DATA_DIR", "var")).absolute() / "demo"
    _take_lock(folder.with_name("demo.lock"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [
        sys.executable,
        "-m",
        "flinkci_dashboard.sandbox",
        "--port",
        "0",
        "--root",
        str(folder / "world"),
        "--life",
    ]
    sandbox = group.start("sandbox", command, stdout=subprocess.PIPE, text=True)
    world = sandbox.stdout.readline() if sandbox.stdout else ""
    if not world:
        raise SystemExit("The sandbox did not start; its own message stands above.")
    for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_HTTPS"):
        os.environ.pop(name, None)  # the demo touches nothing but its own folder
    os.environ.setdefault("PUBLIC_STATUS", "1")
    os.environ |= json.loads(world) | {
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder.parent / "static"),
        "SYNC_MODE": "active",
        "REQUIRE_SECOND_FACTOR": "0",
        "DJANGO_SETTINGS_MODULE": "flinkci_dashboard.settings",
    }


def _take_lock(path: Path) -> None:
    """Keep a second demo from this one's folder; the lock goes with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("A demo runs in this folder already. Stop it, or name another: DATA_DIR=… make demo") from None


def _prepare_database() -> None:
    """Make a fresh database; a migrated empty one is kept beside it, so that the next start is quick."""
    import django  # the settings read the environment that was prepared just now

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from flinkci_dashboard.jobs.health import pending_migrations
    from flinkci_dashboard.models import JobSchedule, RuleSetting
    from flinkci_dashboard.parts import parts

    folder = Path(os.environ["DATA_DIR"])
    database, template = folder / "flinkci.sqlite3", folder.with_name("demo-template.sqlite3")
    if template.exists():
        shutil.copy(template, database)
    if pending_migrations():
        call_command("migrate", verbosity=0)
        connection.close()
        shutil.copy(database, template)
    call_command("bootstrap", verbosity=0)
    for name, password, _ in LOGINS:
        user = User(
            username=name, email=f"{name}@flink.example.org", is_staff=name == "admin", is_superuser=name == "admin"
        )
        user.set_password(password)
        user.save()
        user.groups.add(Group.objects.get(name="admin" if user.is_staff else "member"))
    for part in parts("demo"):
        part.prepare(timezone.now())
    JobSchedule.objects.filter(interval__lt=900).update(interval=15)  # so that one can watch
    RuleSetting.objects.filter(rule__startswith="service_").update(limit=0.5)  # minutes: who breaks something waits
    connection.close()


def _free_port(first: int) -> int:
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port from {first} to {first + 99}. Set PORT to another one.")


def _announce(port: int) -> None:
    print(f"\n  flinkci-dashboard demo: http://127.0.0.1:{port}/\n")
    for name, password, who in LOGINS:
        print(f"  sign in as {who}: {name} / {password}")
    sink = os.environ["GITHUB_API_URL"].removesuffix("/github") + "/sink/"
    print(f"\n  alerts and mail come, and things break, at {sink}")
    print("\n  Ctrl-C stops everything.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
