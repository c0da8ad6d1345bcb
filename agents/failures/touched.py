"""Is a failing test in code that a pull request changes? By the paths of the changed files and the test's name. PURE"""

import re
from collections.abc import Iterable

from agents.failures.match import in_pytest_form

DEEP = 5  # parts of two packages that are to be the same, where one holds the other: org.apache.flink.table.planner
SOURCES = re.compile(r"(?:^|/)src/(?:main|test|it|e2e)[^/]*/(?:java|scala|java-generated|resources)/(.+)/[^/]+$")
# Flink's modules by the job that tests them (tools/ci/stage.sh), and which jobs code of a module can make fail.
MODULES = (
    *(("flink-table/", "table"), ("flink-python/", "python"), ("flink-tests/", "tests")),
    *(("flink-connectors/", "connect"), ("flink-formats/", "connect"), ("flink-filesystems/", "connect")),
    *(("flink-end-to-end-tests/", "misc"), ("flink-yarn", "misc"), ("flink-kubernetes/", "misc"), ("docs/", "")),
)
CORE = "core"
REACHES = {
    CORE: ("core", "python", "table", "connect", "tests", "misc"),
    "table": ("table", "python", "connect", "misc"),
    "connect": ("connect", "python", "misc"),
}
END_TO_END = "flink-end-to-end-tests/"
PYTHON = "flink-python/"
DOCS = ("docs/", "README", "CONTRIBUTING")


def touched(key: str, files: Iterable[str]) -> str:
    """Return which changed part a test is of, in words: its own file, or its package; "" where none is.

    `key` is `package.Class#method`, or the title of an end-to-end test.
    """
    paths = list(files)
    if inside := in_pytest_form(key).partition("::")[0]:
        return _python(inside, paths)
    owner = key.partition("#")[0]
    if " " in owner:
        return "end-to-end tests" if any(path.startswith(END_TO_END) for path in paths) else ""
    package, _, name = owner.rpartition(".")
    return _java(package, name, paths) if package else ""


def reaches(job: str, files: Iterable[str]) -> bool:
    """Tell whether what is changed can make the tests of a job fail, by its module: "core", "table", …"""
    return any(job in REACHES.get(module, (module,)) for module in {_module(path) for path in files})


def docs_only(files: Iterable[str]) -> bool:
    """Tell whether documentation alone is changed: then Flink's builds leave most tests out, and pass."""
    paths = list(files)
    return bool(paths) and all(path.startswith(DOCS) for path in paths)


def _module(path: str) -> str:
    return next((module for start, module in MODULES if path.startswith(start)), "" if path.endswith(".md") else CORE)


def _java(package: str, name: str, paths: list[str]) -> str:
    file = f"{package.replace('.', '/')}/{name.partition('$')[0]}"
    if any(path.endswith((f"{file}.java", f"{file}.scala")) for path in paths):
        return "the test's own file"
    parts = package.split(".")
    near = (found[1].split("/") for path in paths if (found := SOURCES.search(path)))
    return next((".".join(each) for each in near if _is_near(parts, each)), "")


def _is_near(one: list[str], other: list[str]) -> bool:
    """Tell whether two packages are the same, or one of them, far from the root, holds the other."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= DEEP and longer[: len(shorter)] == shorter)


def _python(inside: str, paths: list[str]) -> str:
    if any(PYTHON in path and path.endswith(inside) for path in paths):
        return "the test's own file"
    part = inside.partition("/tests/")[0]  # pyflink/table/tests/test_udf.py is about pyflink/table
    return part if part != inside and any(path.startswith(f"{PYTHON}{part}/") for path in paths) else ""
