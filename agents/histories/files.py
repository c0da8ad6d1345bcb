"""Which commits changed the files of tests that fail: read from the repository by whoever has it at hand, as rows.

Nothing is read where no test is new and the branch has not moved.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from agents.builds.commits import told
from agents.failures.match import Name, in_pytest_form, name_of
from agents.models import Failure, FileCommit, TestFailure, TestFile, Watermark
from flinkci_dashboard.clients.git.cache import Cache
from flinkci_dashboard.clients.git.commits import FileChange
from flinkci_dashboard.models.writing import Changes

SOURCE = "apache/flink"  # where Flink's code is
BRANCH = "master"  # whose files and commits are told
LATELY = timedelta(days=30)  # tests that failed since then are looked for
MOST = 200  # new names in one pass
SINCE = timedelta(days=2 * 365)  # commits that are looked through
KEPT = 20  # commits of one file
SOURCES = (".java", ".scala")


def is_due(head: str, now: datetime) -> bool:
    """Tell whether there is anything to read, where the branch stands at `head`: two queries."""
    return _mark().note != head or bool(_new_names(now, 1))


def read_files(cache: Cache, head: str, now: datetime) -> int:
    """Look for the files of new names, and for the commits that changed any of the files; returns rows written.

    `head` is to be in the cache, with its history.
    """
    mark = _mark()
    moved = mark.note != head
    known = list(TestFile.objects.exclude(path="")) if moved else []
    unknown = list(TestFile.objects.filter(path="")) if moved else []
    unknown += [TestFile(name=name) for name in _new_names(now, MOST)]
    changes = _look_for(unknown, cache.paths_at(head) if unknown else [])
    found = [row for row in unknown if row.path]
    whole = cache.changes_of({row.path for row in found}, head, since=now - SINCE)
    later = cache.changes_of({row.path for row in known}, head, since=now - SINCE, after=mark.note)
    with transaction.atomic():
        written = changes.write() + _keep(found, whole) + _keep(known, later)
        Watermark.objects.filter(pk=mark.pk).exclude(note=head).update(note=head)
    return written


def commits_of(key: str) -> tuple[TestFile | None, list[FileCommit]]:
    """Return the file that a test is in, by its key, and the last commits that changed it: two queries."""
    row = TestFile.objects.filter(name=file_name(name_of(key))).first()
    return row, list(FileCommit.objects.filter(file=row).order_by("-at", "-pk")[:KEPT]) if row else []


def file_name(name: Name) -> str:
    """Return what a test's file is looked for by: its outermost class with the package, or pytest's path; or ""."""
    if python := in_pytest_form(name.key):
        return python.partition("::")[0]
    return name.key.partition("#")[0].partition("$")[0] if name.classes and "." in name.key else ""


def _mark() -> Watermark:
    return Watermark.objects.get_or_create(name="test_files")[0]


def _new_names(now: datetime, most: int) -> list[str]:
    """Return the names that no file was looked for yet, of tests that failed lately."""
    recent = TestFailure.objects.filter(at__gt=now - LATELY).values("test")
    keys = Failure.objects.filter(test__in=recent).values_list("key", flat=True)
    known = set(TestFile.objects.values_list("name", flat=True))
    names = {name for key in keys if (name := file_name(name_of(key)))}
    return sorted(names - known)[:most]


def _look_for(rows: Iterable[TestFile], paths: Iterable[str]) -> Changes[TestFile]:
    """Note the path of each name: by its package, else where one file alone is called so; else ""."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_file[path.rpartition("/")[2]].append(path)
    changes: Changes[TestFile] = Changes()
    for row in rows:
        changes.put(row, {"path": _path(row.name, by_file)})
    return changes


def _path(name: str, by_file: dict[str, list[str]]) -> str:
    wanted = [name] if name.endswith(".py") else [name.replace(".", "/") + end for end in SOURCES]
    near = [path for each in wanted for path in by_file.get(each.rpartition("/")[2], ())]
    exact = [path for path in near if any(f"/{path}".endswith(f"/{each}") for each in wanted)]
    return (exact or (near if len(near) == 1 else [""]))[0]


def _keep(files: Collection[TestFile], told: Iterable[FileChange]) -> int:
    """Add commits to files; those beyond the newest go."""
    by_path: dict[str, list[FileChange]] = defaultdict(list)
    for each in told:
        by_path[each.path].append(each)
    rows = [_row(file, each) for file in files for each in by_path[file.path][:KEPT]]
    FileCommit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    for file in {row.file for row in rows}:
        surplus = list(FileCommit.objects.filter(file=file).order_by("-at", "-pk").values_list("pk", flat=True)[KEPT:])
        if surplus:
            FileCommit.objects.filter(pk__in=surplus).delete()
    return len(rows)


def _row(file: TestFile, change: FileChange) -> FileCommit:
    return FileCommit(file=file, sha=change.commit.sha, **told(change.commit))
