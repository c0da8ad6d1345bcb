"""Builds of both services → the pairs that they make. Only commits of which something changed are looked at."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection, transaction

from agents.builds.observe import note
from agents.failures.match import name_of
from agents.failures.touched import docs_only
from agents.migration.agreement import BuildSeen, JobSeen, Verdict, agreement, of_build
from agents.migration.names import JobMap
from agents.migration.pairs import GroupPair, Named, Side, pair_groups, primary
from agents.migration.reasons import Why
from agents.models import (
    Build,
    Failure,
    Job,
    JobRule,
    Pair,
    PairGroup,
    PullHead,
    StaleCommit,
    TestFailure,
    Watermark,
)
from agents.models.builds import BAD_RESULTS, Provider, Result

TOGETHER = 100  # commits that are in memory at the same time
PARTS = 10  # of so many commits, in one pass
REMADE = timedelta(days=90)  # pairs that are made anew after a change of the job map
OWN = ("apache", "flink-ci")  # whose repositories are no forks
PAIR_FIELDS = [
    *("azure", "actions", "in_fork", "at", "agreement", "agreed", "differed", "undecided", "unexplained"),
    *("azure_after", "actions_after"),
]
Subject = tuple[str, str, int]  # sha, branch, number of the pull request


@dataclass(frozen=True)
class _Commit:
    """The builds of a commit of a branch, or of a pull request's head."""

    subject: Subject
    azure: list[Build]
    actions: list[Build]

    @property
    def builds(self) -> list[Build]:
        return [*self.azure, *self.actions]


def refresh_pairs(now: datetime) -> int:
    """Make the pairs anew of commits of which something changed; returns how many were made."""
    rules = list(JobRule.objects.all())
    _notice_rules(rules, now)
    jobs, made = JobMap(rule.value() for rule in rules), 0
    for _ in range(PARTS):
        claimed, pairs = _refresh_some(jobs, now)
        made += pairs
        if not claimed:
            break
    return made


@transaction.atomic
def _refresh_some(jobs: JobMap, now: datetime) -> tuple[int, int]:
    """Claim some commits and look at them; returns how many, and how many pairs they made.

    What changes after the claim is marked again, for the claim has gone by then.
    """
    rows = StaleCommit.objects.order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    claimed = {row.pk: row.sha for row in rows[:TOGETHER]}
    StaleCommit.objects.filter(pk__in=claimed).delete()
    commits = _commits(claimed.values()) if claimed else []
    if commits:
        _save(commits, jobs, now)
    return len(claimed), len(commits)


def _notice_rules(rules: Sequence[JobRule], now: datetime) -> None:
    """After a change of the job map, let all pairs of the last time be made anew."""
    words = "\n".join(f"{rule} {sorted(map(str, rule.gaps))}" for rule in rules)
    fingerprint = sha256(words.encode()).hexdigest()
    mark, is_new = Watermark.objects.get_or_create(name="job map", defaults={"note": fingerprint})
    if not is_new and mark.note != fingerprint:
        StaleCommit.mark(Pair.objects.filter(at__gt=now - REMADE).values_list("sha", flat=True))
        note(mark, fingerprint)


def _commits(shas: Iterable[str]) -> list[_Commit]:
    """Return the commits that both services built."""
    found: dict[Subject, _Commit] = {}
    builds = Build.objects.filter(version__in=list(shas)).exclude(scope=Build.Scope.OTHER)
    for build in builds.defer("message", "requested_for"):
        is_pull = build.scope == Build.Scope.PULL
        subject = (build.version, "" if is_pull else build.branch, build.pull_number or 0)
        if is_pull and not build.pull_number:
            continue
        commit = found.setdefault(subject, _Commit(subject, [], []))
        (commit.azure if build.provider == Provider.AZURE else commit.actions).append(build)
    return [commit for commit in found.values() if commit.azure and commit.actions]


def _save(commits: Sequence[_Commit], jobs: JobMap, now: datetime) -> None:
    builds = [build for commit in commits for build in commit.builds]
    seen = _seen(builds)
    known = _known(seen.values())
    docs = _docs_only(commits)
    groups = {commit.subject: _groups(commit, seen, jobs, known, commit.subject in docs) for commit in commits}
    rows = [_row(commit, groups[commit.subject], seen, now) for commit in commits]
    unique = ["sha", "branch", "pull_number"]
    Pair.objects.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=PAIR_FIELDS)
    _save_groups(Pair.objects.filter(sha__in=[row.sha for row in rows]), groups)


def _save_groups(pairs: Iterable[Pair], groups: dict[Subject, list[GroupPair]]) -> None:
    by_pair = {pair: groups.get((pair.sha, pair.branch, pair.pull_number)) for pair in pairs}
    PairGroup.objects.filter(pair__in=[pair for pair, found in by_pair.items() if found is not None]).delete()
    rows = [_group_row(pair, *each) for pair, found in by_pair.items() for each in enumerate(found or ())]
    PairGroup.objects.bulk_create(rows, batch_size=500)


def _seen(builds: Sequence[Build]) -> dict[int, BuildSeen]:
    """Return the builds with the last attempts of their jobs, and the tests that failed in those."""
    tests: dict[int, list[str]] = defaultdict(list)
    for job, name in TestFailure.objects.filter(build__in=builds).values_list("job_id", "test__name"):
        tests[job].append(name_of(name).key)
    attempts: dict[int, dict[str, list[Job]]] = defaultdict(lambda: defaultdict(list))
    for row in Job.objects.filter(build__in=builds).defer("issues").order_by("stage_key", "order", "key", "attempt"):
        attempts[row.build_id][row.key].append(row)
    return {
        build.pk: BuildSeen(
            build.status,
            _result(build, build.result),
            tuple(_job(build, each, tests[each[-1].pk]) for each in attempts[build.pk].values()),
            jobs_known=not build.jobs_pending,
        )
        for build in builds
    }


def _result(build: Build, result: str) -> str:
    """Return a result as it is compared: what Actions calls neutral neither passed nor failed."""
    neutral = build.provider == Provider.ACTIONS and result == Result.PARTIAL
    return Result.SKIPPED.value if neutral else result


def _job(build: Build, attempts: Sequence[Job], tests: Sequence[str]) -> JobSeen:
    job = attempts[-1]
    failed_before = any(each.result in BAD_RESULTS for each in attempts[:-1])
    return JobSeen(
        name=job.name,
        status=job.status,
        result=_result(build, job.result),
        cause=job.cause,
        ran=bool(job.worker_name or job.started_at or job.log_id),
        key=job.key,
        wait=job.wait_seconds,
        seconds=job.run_seconds,
        tests=tuple(tests),
        flaked=failed_before and job.result == Result.SUCCEEDED,
    )


def _known(builds: Iterable[BuildSeen]) -> set[str]:
    """Return those of the failed tests that a ticket names."""
    tests = {test for build in builds for job in build.jobs for test in job.tests}
    return set(Failure.objects.filter(key__in=tests, ticket__isnull=False).values_list("key", flat=True))


def _docs_only(commits: Iterable[_Commit]) -> set[Subject]:
    """Return the heads of pull requests that change documentation alone, as far as it is known what they change."""
    pulls = {
        (sha, number): (sha, branch, number) for sha, branch, number in (each.subject for each in commits) if number
    }
    heads = PullHead.objects.filter(sha__in=[sha for sha, _ in pulls]) if pulls else ()
    return {
        pulls[head.sha, head.number] for head in heads if (head.sha, head.number) in pulls and docs_only(head.files)
    }


def _groups(commit: _Commit, seen: dict[int, BuildSeen], jobs: JobMap, known: set[str], docs: bool) -> list[GroupPair]:
    azure, actions = (_latest_of_each(builds) for builds in (commit.azure, commit.actions))
    of = [[seen[build.pk] for build in builds] for builds in (azure, actions)]
    return pair_groups(of[0], of[1], jobs, known, any(map(_is_fork, commit.actions)), docs)


def _latest_of_each(builds: Sequence[Build]) -> list[Build]:
    """Return the latest build of each pipeline or workflow, scheduled ones apart: earlier ones were repeated."""
    ordered = sorted(builds, key=lambda build: (build.queued_at.timestamp() if build.queued_at else 0.0, build.pk))
    return list({(build.definition, build.reason == Build.Reason.SCHEDULE): build for build in ordered}.values())


def _is_fork(build: Build) -> bool:
    return build.repository.partition("/")[0] not in OWN


def _named(build: Build) -> Named:
    return Named(build.pk, build.definition, build.reason == Build.Reason.SCHEDULE, build.queued_at)


def _row(commit: _Commit, groups: Sequence[GroupPair], seen: dict[int, BuildSeen], now: datetime) -> Pair:
    by_key = {build.pk: build for build in commit.builds}
    chosen = primary([_named(each) for each in commit.azure], [_named(each) for each in commit.actions])
    azure, actions = by_key[chosen[0]], by_key[chosen[1]]
    at = min((build.queued_at for build in (azure, actions) if build.queued_at), default=now)
    verdicts = [of_build(seen[build.pk]) for build in (azure, actions)]
    counts = [sum(group.agreement == each for group in groups if group.has_both) for each in Pair.Agreement]
    sha, branch, number = commit.subject
    return Pair(
        sha=sha,
        branch=branch,
        pull_number=number,
        azure=azure,
        actions=actions,
        in_fork=_is_fork(actions),
        at=at,
        agreement=agreement(*verdicts),
        agreed=counts[0],
        differed=counts[1],
        undecided=counts[2],
        unexplained=sum(Why.UNEXPLAINED in group.why for group in groups),
        azure_after=_after(at, azure, verdicts[0]),
        actions_after=_after(at, actions, verdicts[1]),
    )


def _after(at: datetime, build: Build, verdict: Verdict) -> int | None:
    if verdict is Verdict.NONE or build.finished_at is None:
        return None
    return max(int((build.finished_at - at).total_seconds()), 0)


def _group_row(pair: Pair, place: int, group: GroupPair) -> PairGroup:
    sides = {name: side for name, side in (("azure", group.azure), ("actions", group.actions)) if side.tests}
    return PairGroup(
        pair=pair,
        at=pair.at,
        order=place,
        group=group.group[:255],
        agreement=group.agreement,
        why=list(group.why),
        both=group.has_both,
        mapped=group.mapped,
        tests={name: list(side.tests) for name, side in sides.items()},
        **_told("azure", group.azure),
        **_told("actions", group.actions),
    )


def _told(name: str, side: Side) -> dict[str, object]:
    facts = {"wait": side.wait, "seconds": side.seconds, "flaked": side.flaked}
    return {name: side.verdict} | {f"{name}_{fact}": value for fact, value in facts.items()}
