"""What pull requests of the past changed, and what of it they broke: code and tests lie in the same packages."""

import random
from collections.abc import Iterable
from datetime import timedelta

from flinkci_dashboard.sandbox.azure.causes import Break, Cause, Truth
from flinkci_dashboard.sandbox.azure.history import BROKEN
from flinkci_dashboard.sandbox.azure.pipeline import TESTS

# Where code lies; the module whose job tests it; its package.
AREAS = (
    ("flink-runtime", "core", "org.apache.flink.runtime.jobmaster"),
    ("flink-runtime", "core", "org.apache.flink.runtime.rest.handler"),
    ("flink-runtime", "core", "org.apache.flink.runtime.checkpoint"),
    ("flink-table/flink-table-planner", "table", "org.apache.flink.table.planner.plan.rules"),
    ("flink-table/flink-table-planner", "table", "org.apache.flink.table.planner.runtime.stream.sql"),
    ("flink-table/flink-table-runtime", "table", "org.apache.flink.table.runtime.operators"),
    ("flink-connectors/flink-connector-files", "connect", "org.apache.flink.connector.file.sink"),
    ("flink-connectors/flink-connector-base", "connect", "org.apache.flink.connector.base.source"),
    ("flink-tests", "tests", "org.apache.flink.test.checkpointing"),
    ("flink-yarn", "misc", "org.apache.flink.yarn"),
)
DEPENDENT = {"core": ("core", "table", "connect", "tests"), "table": ("table", "connect")}  # what code there can break
BREAKS = 0.35  # share of pull requests whose first commit breaks something
OWN_PACKAGE, ELSEWHERE, COMPILE = 0.6, 0.15, 0.1  # shares of those; the rest break the style
FLAKY_TOO = 0.15  # share of the tests broken in one's own package that are flaky ones


def area(dice: random.Random) -> tuple[str, str, str]:
    """Return where a pull request changes code."""
    return dice.choice(AREAS)


def file_in(place: tuple[str, str, str], number: int) -> str:
    """Return the path of a file there."""
    folder, _, package = place
    return f"{folder}/src/main/java/{package.replace('.', '/')}/Pull{number}.java"


def broken_by(dice: random.Random, place: tuple[str, str, str], number: int) -> tuple[Break, ...]:
    """Return what a pull request's first commit breaks: mostly nothing."""
    if dice.random() >= BREAKS:
        return ()
    kind = dice.random()
    if kind < OWN_PACKAGE:
        _, module, package = place
        flaky = [test for test in TESTS[module] if test.startswith(f"{package}.")]
        new = f"{package}.Changed{number}Test.testChanged"
        return (_test(module, dice.choice(flaky) if flaky and dice.random() < FLAKY_TOO else new),)
    if kind < OWN_PACKAGE + ELSEWHERE:
        module = dice.choice(DEPENDENT.get(place[1], (place[1],)))
        return (_test(module, f"org.apache.flink.far.away{number}.FarTest.testFar"),)
    if kind < OWN_PACKAGE + ELSEWHERE + COMPILE:
        return (Break("compile_ci", Truth.OWN, Cause.COMPILE),)
    return (Break("license_check", Truth.OWN, Cause.STYLE),)


def inherited(base: str, ago: timedelta) -> Iterable[Break]:
    """Return what was broken on a branch that long ago: what starts there fails in the same way."""
    for branch, job, since, until in BROKEN:
        if branch == base and until <= ago < since:
            yield Break(job, Truth.MASTER)


def _test(module: str, test: str) -> Break:
    return Break(f"test_ci.{module}", Truth.OWN, test=test)
