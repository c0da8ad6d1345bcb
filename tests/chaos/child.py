"""One pass in a process of its own, to be killed: `python -m tests.chaos.child JOB TIME [QUERY before|after]`.

With a query, the process kills itself at its so manieth, before that reaches the database or after.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count
from typing import Any

import time_machine


def main(name: str, at: str, query: str = "0", when: str = "before") -> None:
    """Run the pass at a time, over the database and the world that the environment names."""
    import django

    django.setup()
    from django.db import connection

    from flinkci_dashboard.jobs.run import run_pass
    from tests.chaos.machine import sleeping_by

    then = datetime.fromtimestamp(float(at), UTC)
    with (
        time_machine.travel(then, tick=True),
        sleeping_by(lambda seconds: None),
        connection.execute_wrapper(Killer(int(query), when == "after")),
    ):
        run_pass(name, "command")


class Killer:
    """Ends this process at a query."""

    def __init__(self, at: int, after: bool) -> None:
        self.at, self.after, self.numbers = at, after, count(1)

    def __call__(self, execute: Any, *query: Any) -> Any:
        is_last = next(self.numbers) == self.at
        if is_last and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = execute(*query)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
