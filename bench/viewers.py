"""500 people with a page open, as browsers poll it, over PostgreSQL, with the worker at work; and memory.

    python bench/viewers.py [--viewers 500] [--seconds 60] [--lively]

Builds run in the world meanwhile; with --lively it is the demo's, where more happens in a minute than at Flink in an
hour. The viewers run in this process; its own work is not counted. They have looked for a while when counting begins:
a web process that has just started has every template still to read.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from measuring import install, postgresql

ROOT = Path(__file__).parent.parent

PAGES = ("/", "/", "/pulls/", "/builds/", "/agents/", "/mirrors/", "/failures/", "/branches/master/")
ACCOUNTS = 20
PAGE_EVERY, BANNER_EVERY = 5.0, 15.0  # seconds, as the pages' own attributes have it
WARM = 15.0  # seconds of looking before anything is counted
LIMIT, CORES, MEMORY = 150.0, 1.0, 150.0  # milliseconds at p95, of CPU, MB of a process


def main() -> None:
    """Measure, print, and exit with 1 when a figure is above its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--lively", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name:
        options = ["--root", f"{name}/world", *(["--life"] if wanted.lively else [])]
        world = start([sys.executable, "-m", "flinkci_dashboard.sandbox", *options])
        site = None
        try:
            cookies = prepare(Path(name), json.loads(world.stdout.readline()))
            site = start([sys.executable, "-m", "flinkci_dashboard.launch"])
            good = measure(site, cookies, wanted.viewers, wanted.seconds)
        finally:
            for process in filter(None, (site, world)):
                process.terminate()
                process.wait()
    sys.exit(0 if good else 1)


def start(command: list[str]) -> subprocess.Popen:
    """Start a process of which we read what it prints."""
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def prepare(folder: Path, world: dict[str, str]) -> list[str]:
    """Set up an installation over a PostgreSQL; returns session cookies of people who are signed in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    install(folder, **world, DATABASE_URL=postgresql(folder), BIND=address, SYNC_MODE="active")
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], cwd=ROOT, check=True
    )
    from django.contrib.auth.models import Group, User
    from django.db import connection
    from django.test import Client

    cookies = []
    for number in range(ACCOUNTS):
        user = User.objects.create_user(f"viewer{number}")
        user.groups.add(Group.objects.get(name="member"))
        browser = Client()
        browser.force_login(user)
        cookies.append(browser.cookies["sessionid"].value)
    connection.close()
    return cookies


def measure(site: subprocess.Popen, cookies: list[str], viewers: int, seconds: float) -> bool:
    """Let the viewers look, and print what they saw and what it cost; tells whether all was within its limits."""
    site.stdout.readline()
    wait_for_web()
    time.sleep(30)  # the first passes
    asyncio.run(look(cookies, viewers, WARM, [], Counter()))
    before, took, statuses = cpu(site), [], Counter()
    began = time.perf_counter()
    asyncio.run(look(cookies, viewers, seconds, took, statuses))
    used = {name: (after - before.get(name, 0)) / (time.perf_counter() - began) for name, after in cpu(site).items()}
    cuts = statistics.quantiles(took, n=100)
    print(f"{viewers} viewers, {len(took) / seconds:.0f} requests a second, answers {dict(statuses)}")
    print(f"p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms (≤ {LIMIT:.0f}), p99 {cuts[98]:.0f} ms")
    print(f"CPU of web {used['web']:.2f} cores (≤ {CORES}), of the worker {used['worker']:.2f}")
    sizes = memory(site)
    told = ", ".join(f"{name} {' + '.join(f'{each:.0f}' for each in each)}" for name, each in sizes.items())
    total = sum(sum(each) for each in sizes.values())
    print(f"memory that is theirs alone or their share of it, MB: {told} (≤ {MEMORY:.0f} each); together {total:.0f}")
    largest = max(max(each) for each in sizes.values())
    return cuts[94] <= LIMIT and used["web"] <= CORES and largest <= MEMORY and not set(statuses) - {200, 304}


def wait_for_web() -> None:
    """Wait until the web server listens."""
    host, port = os.environ["BIND"].split(":")
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.1)


async def look(cookies: list[str], viewers: int, seconds: float, took: list[float], statuses: Counter) -> None:
    """Let everybody poll one page and the banner."""
    until = time.perf_counter() + seconds
    dice = random.Random(7)  # noqa: S311
    people = []
    for number in range(viewers):
        cookie, page = cookies[number % len(cookies)], PAGES[number % len(PAGES)]
        for path, every in ((page, PAGE_EVERY), ("/alerts/banner/", BANNER_EVERY)):
            people.append(poll(path, cookie, every, dice.uniform(0, every), until, took, statuses))
    await asyncio.gather(*people)


async def poll(
    path: str, cookie: str, every: float, first: float, until: float, took: list[float], statuses: Counter
) -> None:
    """Ask for a fragment again and again, with the tag of what was last seen."""
    await asyncio.sleep(first)
    host, port = os.environ["BIND"].split(":")
    tag = ""
    while (began := time.perf_counter()) < until:
        reader, writer = await asyncio.open_connection(host, int(port))  # the server ends idle ones after 2 s
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: sessionid={cookie}\r\nHX-Request: true\r\n"
        head += "Accept-Encoding: gzip\r\nConnection: close\r\n" + (f"If-None-Match: {tag}\r\n" if tag else "")
        writer.write(f"{head}\r\n".encode())
        status, tag = await answer(reader, tag)
        writer.close()
        took.append((time.perf_counter() - began) * 1000)
        statuses[status] += 1
        await asyncio.sleep(max(0, every - (time.perf_counter() - began)))


async def answer(reader: asyncio.StreamReader, tag: str) -> tuple[int, str]:
    """Read an answer to its end; returns its status and tag."""
    head = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    tags = [line.split(": ", 1)[1] for line in head if line.lower().startswith("etag: ")]
    return int(head[0].split()[1]), tags[0] if tags else tag


def families(site: subprocess.Popen) -> dict[str, list[psutil.Process]]:
    """Return the processes of the web server and of the worker."""
    found: dict[str, list[psutil.Process]] = {}
    for child in psutil.Process(site.pid).children():
        name = "worker" if "qcluster" in child.cmdline() else "web"
        found[name] = [child, *child.children(recursive=True)]
    return found


def cpu(site: subprocess.Popen) -> dict[str, float]:
    """Return the seconds of CPU that each family has used."""
    times = {name: [each.cpu_times() for each in family] for name, family in families(site).items()}
    return {
        name: sum(each.user + each.system + each.children_user + each.children_system for each in used)
        for name, used in times.items()
    }


def memory(site: subprocess.Popen) -> dict[str, list[float]]:
    """Return the proportional set sizes in MB: what is shared counts for each by its share."""
    return {
        name: sorted((each.memory_full_info().pss / 1e6 for each in family), reverse=True)
        for name, family in families(site).items()
    }


if __name__ == "__main__":
    main()
