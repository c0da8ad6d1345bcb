"""Builds of both services → the pairs that they make. Only commits of which something changed are looked at."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction

from agents.migration.agreement import Verdict, agreement, of_build
from agents.migration.edits import job_map
from agents.migration.names import JobMap
from agents.migration.pairs import GroupPair, Named, Side, pair_groups, primary
from agents.migration.reasons import Why
from agents.migration.seen import BuildSeen, Commit, commits, known_tests, of_documents, seen
from agents.models import Build, Pair, PairGroup, StaleCommit, Watermark
from agents.models.builds import Provider
from flinkci_dashboard.models.writing import Changes

TOGETHER = 100  # commits that are in memory at the same time
PARTS = 30  # of so many commits, in one pass
OWN = ("apache", "flink-ci")  # whose repositories are no forks
NEWEST = "pairs"  # the mark that tells when pairs changed last


def refresh_pairs(now: datetime) -> int:
    """Make the pairs anew of commits of which something changed; returns how many were made."""
    jobs, made, changed = job_map(now), 0, 0
    for _ in range(PARTS):
        claimed, pairs, written = _refresh_some(jobs, now)
        made, changed = made + pairs, changed + written
        if not claimed:
            break
    if changed:
        Watermark.objects.update_or_create(name=NEWEST, defaults={"at": now})
    return made


@transaction.atomic
def _refresh_some(jobs: JobMap, now: datetime) -> tuple[int, int, int]:
    """Claim some commits and look at them; returns how many, how many pairs they make, and how many rows changed.

    What changes after the claim is marked again, for the claim has gone by then.
    """
    rows = StaleCommit.objects.order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    claimed = {row.pk: row.sha for row in rows[:TOGETHER]}
    if not claimed:
        return 0, 0, 0
    StaleCommit.objects.filter(pk__in=claimed).delete()
    found = commits(claimed.values())
    return len(claimed), len(found), _save(found, jobs, now) if found else 0


def _save(found: Sequence[Commit], jobs: JobMap, now: datetime) -> int:
    """Write what changed of pairs and their groups; returns how many rows that were."""
    of_builds = seen([build for commit in found for build in commit.builds])
    known, docs = known_tests(of_builds.values()), of_documents(found)
    groups = {each.subject: _groups(each, of_builds, jobs, known, each.subject in docs) for each in found}
    shas = [commit.subject[0] for commit in found]
    rows = {(row.sha, row.branch, row.pull_number): row for row in Pair.objects.filter(sha__in=shas)}
    changes: Changes[Pair] = Changes()
    for commit in found:
        sha, branch, number = commit.subject
        pair = rows.setdefault(commit.subject, Pair(sha=sha, branch=branch, pull_number=number))
        changes.put(pair, _values(commit, groups[commit.subject], of_builds, now))
    return changes.write() + _save_groups([(rows[subject], each) for subject, each in groups.items()])


def _save_groups(found: Sequence[tuple[Pair, Sequence[GroupPair]]]) -> int:
    before: dict[int, dict[int, PairGroup]] = defaultdict(dict)
    for row in PairGroup.objects.filter(pair__in=[pair for pair, _ in found]):
        before[row.pair_id][row.order] = row
    changes: Changes[PairGroup] = Changes()
    for pair, groups in found:
        rows = before[pair.pk]
        for place, group in enumerate(groups):
            row = rows.pop(place) if place in rows else PairGroup(pair=pair, order=place)
            changes.put(row, _group_values(pair, group))
    left = [row.pk for rows in before.values() for row in rows.values()]
    if left:
        PairGroup.objects.filter(pk__in=left).delete()
    return changes.write() + len(left)


def _groups(
    commit: Commit, of_builds: dict[int, BuildSeen], jobs: JobMap, known: Collection[str], docs: bool
) -> list[GroupPair]:
    azure, actions = (
        [of_builds[build.pk] for build in _latest_of_each(builds)] for builds in (commit.azure, commit.actions)
    )
    return pair_groups(azure, actions, jobs, known, any(map(_is_fork, commit.actions)), docs)


def _latest_of_each(builds: Sequence[Build]) -> list[Build]:
    """Return the latest build of each pipeline or workflow, scheduled ones apart: earlier ones were repeated.

    A workflow is its file, a pipeline its number: both may be called otherwise from one day to the next.
    """
    ordered = sorted(builds, key=lambda build: (build.queued_at.timestamp() if build.queued_at else 0.0, build.pk))
    return list({(_what(build), build.reason == Build.Reason.SCHEDULE): build for build in ordered}.values())


def _what(build: Build) -> str:
    return build.workflow or str(build.definition_id or build.definition)


def _is_fork(build: Build) -> bool:
    return build.repository.partition("/")[0] not in OWN


def _named(builds: Iterable[Build]) -> list[Named]:
    return [
        Named(
            build.pk,
            f"{build.definition} {build.workflow}",
            build.reason == Build.Reason.SCHEDULE,
            build.queued_at,
        )
        for build in builds
    ]


def _values(
    commit: Commit, groups: Sequence[GroupPair], of_builds: dict[int, BuildSeen], now: datetime
) -> dict[str, object]:
    by_key = {build.pk: build for build in commit.builds}
    azure, actions = (by_key[pk] for pk in primary(_named(commit.azure), _named(commit.actions)))
    at = min((build.queued_at for build in (azure, actions) if build.queued_at), default=now)
    verdicts = [of_build(of_builds[build.pk]) for build in (azure, actions)]
    counts = [sum(group.agreement == each for group in groups if group.has_both) for each in Pair.Agreement]
    return {
        "azure_id": azure.pk,
        "actions_id": actions.pk,
        "in_fork": _is_fork(actions),
        "at": at,
        "agreement": agreement(*verdicts),
        **dict(zip(("agreed", "differed", "undecided"), counts, strict=True)),
        "unexplained": sum(Why.UNEXPLAINED in group.why for group in groups),
        "azure_after": _after(at, azure, verdicts[0]),
        "actions_after": _after(at, actions, verdicts[1]),
    }


def _after(at: datetime, build: Build, verdict: Verdict) -> int | None:
    if verdict is Verdict.NONE or build.finished_at is None:
        return None
    return max(int((build.finished_at - at).total_seconds()), 0)


def _group_values(pair: Pair, group: GroupPair) -> dict[str, object]:
    sides = ((Provider.AZURE, group.azure), (Provider.ACTIONS, group.actions))
    return {
        "at": pair.at,
        "group": group.group[:255],
        "agreement": group.agreement,
        "why": list(group.why),
        "both": group.has_both,
        "mapped": group.mapped,
        "tests": {name.value: list(side.tests) for name, side in sides if side.tests},
        **_told("azure", group.azure),
        **_told("actions", group.actions),
    }


def _told(name: str, side: Side) -> dict[str, object]:
    facts = {"wait": side.wait, "seconds": side.seconds, "flaked": side.flaked}
    return {name: side.verdict} | {f"{name}_{fact}": value for fact, value in facts.items()}
