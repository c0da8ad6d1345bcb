"""Memory of web server and worker after many passes and pages, over PostgreSQL.

    python bench/memory.py [--minutes 2]

Every job runs each second in a lively world, where more happens in a minute than at Flink in an hour, and every page is
asked for. PSS is what a process has alone, and its share of what it shares.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from viewers import PAGES, memory, prepare, start, wait_for_web

MEMORY = 150.0  # MB of a process
ROUNDS = 4


def main() -> None:
    """Measure, print, and exit with 1 when a process is above its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=2)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name:
        world = start([sys.executable, "-m", "flinkci_dashboard.sandbox", "--root", f"{name}/world", "--life"])
        site = None
        try:
            (cookie, *_) = prepare(Path(name), json.loads(world.stdout.readline()))
            hurry()
            site = start([sys.executable, "-m", "flinkci_dashboard.launch"])
            wait_for_web()
            largest = max(watch(site, cookie, minutes * 60 / ROUNDS) for _ in range(ROUNDS))
        finally:
            for process in filter(None, (site, world)):
                process.terminate()
                process.wait()
    sys.exit(0 if largest <= MEMORY else 1)


def hurry() -> None:
    """Let every job be due each second."""
    from django.db import connection

    from flinkci_dashboard.models import JobSchedule

    JobSchedule.objects.update(interval=1)
    connection.close()


def watch(site, cookie: str, seconds: float) -> float:
    """Ask for pages for a while, print how much memory there is then, and return the largest process's."""
    until = time.monotonic() + seconds
    asked = 0
    while time.monotonic() < until:
        for path in PAGES:
            ask(path, cookie)
            asked += 1
        time.sleep(0.2)
    sizes = memory(site)
    told = ", ".join(f"{name} {' + '.join(f'{each:.0f}' for each in each)}" for name, each in sizes.items())
    print(f"{passes():6,} passes, {asked:,} pages: {told}; together {sum(map(sum, sizes.values())):.0f} MB", flush=True)
    return max(map(max, sizes.values()))


def ask(path: str, cookie: str) -> None:
    """Ask for a page; one of a branch is there after its first build."""
    headers = {"Cookie": f"sessionid={cookie}"}
    with (
        suppress(HTTPError),
        urlopen(Request(f"http://{os.environ['BIND']}{path}", headers=headers), timeout=60) as answer,
    ):  # noqa: S310
        answer.read()


def passes() -> int:
    """Return how many passes there have been."""
    from django.db import connection

    from flinkci_dashboard.models import JobRun

    try:
        return JobRun.objects.count()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
