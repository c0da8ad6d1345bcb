"""`python -m flinkci_dashboard.sandbox`: the sandbox as a process of its own, until SIGTERM or Ctrl-C."""

import argparse
import json
import random
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from flinkci_dashboard.sandbox.history import write_history
from flinkci_dashboard.sandbox.life import live
from flinkci_dashboard.sandbox.seed import seed
from flinkci_dashboard.sandbox.world import Sandbox

ENDING = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Serve; the first line on stdout is the environment that points here, as JSON. The world fills meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--root", type=Path, required=True, help="a folder for the repositories, removed at the end")
    parser.add_argument("--life", action="store_true", help="let things keep happening")
    options = parser.parse_args()
    for number in ENDING:
        signal.signal(number, _end)
    with Sandbox(options.root, options.port) as world:
        world.token_expiry = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d %H:%M:%S} UTC"
        world.server.ready.clear()  # who asks already waits until the world is made
        print(json.dumps(world.environ() | world.alert_environ()), flush=True)
        seed(world)
        if options.life:
            write_history(world, random.Random(11))  # noqa: S311
        world.server.ready.set()
        if options.life:
            live(world)
        signal.pause()


def _end(number: int, frame: FrameType | None) -> None:
    """Leave by an exception: a handler that takes a lock could find it held by the very code that it interrupts."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # one is enough: nothing disturbs the tidying
    sys.exit()


if __name__ == "__main__":
    main()
