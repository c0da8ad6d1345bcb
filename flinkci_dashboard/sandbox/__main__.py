"""`python -m flinkci_dashboard.sandbox`: the sandbox as a process of its own, until SIGTERM or Ctrl-C."""

import argparse
import json
import random
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flinkci_dashboard.sandbox.history import write_history
from flinkci_dashboard.sandbox.life import live
from flinkci_dashboard.sandbox.seed import seed
from flinkci_dashboard.sandbox.world import Sandbox


def main() -> None:
    """Serve; the first line on stdout is the environment that points here, as JSON. The world fills meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--root", type=Path, required=True, help="a folder for the repositories, removed at the end")
    parser.add_argument("--life", action="store_true", help="let things keep happening")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Sandbox(options.root, options.port) as world:
        world.token_expiry = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d %H:%M:%S} UTC"
        world.server.ready.clear()  # who asks already waits until the world is made
        print(json.dumps(world.environ()), flush=True)
        seed(world)
        if options.life:
            write_history(world, random.Random(11))  # noqa: S311
        world.server.ready.set()
        if options.life:
            live(world, ended)
        ended.wait()


if __name__ == "__main__":
    main()
