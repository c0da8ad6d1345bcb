"""One pass in a process of its own, to be killed: `python -m tests.chaos.child JOB TIME`."""

import sys
from datetime import UTC, datetime

import time_machine


def main(name: str, at: str) -> None:
    """Run the pass at a time, over the database and the world that the environment names."""
    import django

    django.setup()
    from flinkci_dashboard.jobs.run import run_pass

    with time_machine.travel(datetime.fromtimestamp(float(at), UTC), tick=True):
        run_pass(name, "command")


if __name__ == "__main__":
    main(*sys.argv[1:])
