"""Sets the clock of a process: the file that REHEARSAL_CLOCK names holds by how many seconds it is wrong, from now on.

Python imports this by itself, where the folder is on PYTHONPATH. Git and the database keep the right time.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

FILE = Path(os.environ["REHEARSAL_CLOCK"])
_sleep = time.sleep


def wrong_by() -> float:
    """Return the seconds."""
    return float(FILE.read_text() or 0)


def follow(coordinates: time_machine.Traveller, set_to: float) -> None:
    """Move the clock whenever the file says so."""
    while True:
        if (wanted := wrong_by()) != set_to:
            coordinates.shift(wanted - set_to)
            set_to = wanted
        _sleep(0.2)


def watch() -> None:
    """Follow the file in this process; a fork has no threads."""
    threading.Thread(target=follow, args=(COORDINATES, SET_TO), daemon=True).start()


SET_TO = wrong_by()
COORDINATES = time_machine.travel(time.time() + SET_TO, tick=True).start()
os.register_at_fork(after_in_child=watch)
watch()
