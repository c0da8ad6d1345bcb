"""Where most of a module's tests fail, one thing fails: what they have in common. PURE"""

import re
from collections.abc import Iterable

FEW = 20  # tests: of fewer, most may fail for as many reasons
SHARE = 0.8
# [ERROR] Tests run: 812, Failures: 700, Errors: 20, Skipped: 3 – of a module; what a class tells ends with its name
OF_MODULE = re.compile(
    r"^\[[A-Z]+\] Tests run: (\d{1,7}), Failures: (\d{1,7}), Errors: (\d{1,7}), Skipped: \d{1,7}(?:, Flakes: \d{1,7})?$"
)


def most_failed(run: int, failed: int) -> bool:
    """Tell whether so many tests failed of so many that ran that they are one failure."""
    return run >= FEW and failed > SHARE * run


def most_failed_in_log(lines: Iterable[str]) -> bool:
    """Tell whether the summaries of the modules that failed say so; clocks and colours are to be off the lines."""
    run = failed = 0
    for line in lines:
        if found := OF_MODULE.match(line):
            bad = int(found[2]) + int(found[3])
            run, failed = run + (int(found[1]) if bad else 0), failed + bad
    return most_failed(run, failed)


def title(job: str) -> str:
    """Return what that failure is called."""
    return f"most tests of {job}"
