"""A burst of webhooks: how soon each is answered, while the worker's processes write to the same SQLite file.

    python bench/webhooks.py [--deliveries 50] [--rounds 5]

The web server runs as `make run` starts it; the writer takes SQLite's one lock for 20 ms, leaves it for 10, and again.
"""

import argparse
import asyncio
import hashlib
import hmac
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import install

ROOT = Path(__file__).parent.parent
SECRET = "bench"  # noqa: S105
LIMIT = 100.0  # milliseconds, of each
WRITER = """
import os, sqlite3, sys, time
rows = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
while True:
    rows.execute("BEGIN IMMEDIATE")
    rows.execute("UPDATE flinkci_dashboard_jobschedule SET interval = interval")
    time.sleep(0.02)
    rows.execute("COMMIT")
    time.sleep(0.01)
"""
SERVER = ("gunicorn", "flinkci_dashboard.wsgi", "--preload", "--worker-class", "gthread", "--workers", "2", "--threads")


def main() -> None:
    """Measure, print, and exit with 1 when an answer came too late."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--deliveries", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        install(Path(name), GITHUB_WEBHOOK_SECRET=SECRET, DJANGO_ALLOWED_HOSTS="127.0.0.1")
        from django.conf import settings

        file = settings.DATABASES["default"]["NAME"]
        begin = [[sys.executable, "-m", *SERVER, "8", "--bind", address], [sys.executable, "-c", WRITER, str(file)]]
        running = [subprocess.Popen(each, cwd=ROOT) for each in begin]
        try:
            time.sleep(5)
            good = [asyncio.run(burst(address, wanted.deliveries, each)) for each in range(wanted.rounds)]
        finally:
            for process in running:
                process.terminate()
                process.wait()
        sys.exit(0 if all(good) else 1)


async def burst(address: str, number: int, turn: int) -> bool:
    """Send deliveries at once; tells whether each was answered in time."""
    took = await asyncio.gather(*(deliver(address, f"{turn}-{each}") for each in range(number)))
    print(f"burst {turn}: p50 {statistics.median(took):.0f} ms, latest {max(took):.0f} ms (≤ {LIMIT:.0f})", flush=True)
    return max(took) <= LIMIT


async def deliver(address: str, name: str) -> float:
    """Send one delivery; returns the milliseconds until its answer."""
    body = b'{"ref": "refs/heads/master"}'
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = f"POST /webhooks/github HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    head += f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {name}\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(head.encode() + body)
    first = await reader.readline()
    took = (time.perf_counter() - began) * 1000
    writer.close()
    if b" 202 " not in first:
        raise SystemExit(f"A delivery was answered {first!r}.")
    return took


if __name__ == "__main__":
    main()
