"""Rows → the state of each pull request, and back: why each is where it is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Q

from agents.models import Build as BuildRow
from agents.models import Job
from agents.models.builds import BAD_RESULTS, Result, Status
from flinkci_dashboard.clients.providers import BUILDS_PULLS, build_page
from flinkci_dashboard.models import Action
from flinkci_dashboard.names import branch_name, build_number, head_of
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment
from sync.pulls.actions.rows import ActionsRows
from sync.pulls.actions.values import section
from sync.pulls.commands import RUN_ACTIONS, granted
from sync.pulls.report import MANUAL, build_id, normalized, parse
from sync.pulls.trust.rows import Gate
from sync.pulls.values import (
    Branch,
    Build,
    BuildStatus,
    Command,
    CommandState,
    PullState,
    Refusal,
    ReportText,
    deciding_build,
    status_of,
)

JOB = "sync_pulls"
CANCEL, RETRY, QUEUE_MISSING = "cancel-build", "retry-build", "queue-missing"  # kinds of actions that a state remembers
NO_REF = "GitHub’s refs/pull/"  # what is said of a head that can't be fetched begins so
CHUNK = 500  # values in one query
parse_known = lru_cache(maxsize=4096)(parse)


class PullStates:
    """The states of some pull requests, read with a handful of queries."""

    def __init__(self, pulls: Sequence[PullRequest], token: str) -> None:
        self.pulls, self.token = pulls, token
        self._ids = [pull.pk for pull in pulls]
        self._branches = self._by_number(CIBranch.objects.filter(sha__gt="", orphan=False))
        self._reports = _grouped(ReportComment.objects.all(), "pull_id", self._ids)
        self._commands = _grouped(CommandComment.objects.all(), "pull_id", self._ids)
        self._builds = self._read_builds()
        self._ahead = _ahead()
        self._failed = _failed_jobs([row for rows in self._builds.values() for row in rows])
        self._cancels = self._read_cancels()
        self._queued = self._queued_heads()
        self._gate = Gate(pulls)
        self._actions = ActionsRows(pulls, _status)

    def state(self, pull: PullRequest) -> PullState:
        """Put together what is known of one pull request."""
        actions = self._actions.of(pull)
        sections = pull.sections | {"actions": section(actions)}
        return PullState(
            number=pull.number,
            head=pull.head_sha,
            open=pull.state == PullRequest.State.OPEN,
            conversation_known=pull.conversation_read_at is not None,
            branches=tuple(_branch(row) for row in self._branches[pull.number] if row.tip == row.sha),
            builds=tuple(self._builds_of(pull)),
            commands=tuple(_command(row, self._gate) for row in self._commands[pull.pk]),
            reports=tuple(ReportText(row.comment_id, row.body) for row in self._present(pull.pk)),
            former_reports=tuple(row.body for row in reversed(self._reports[pull.pk]) if row.gone),
            refusal=_refusal(pull),
            build_problem=pull.build_problem if pull.build_problem_head == pull.head_sha else "",
            hidden=bool(pull.read_problem),
            token=self.token,
            head_seen_at=pull.head_seen_at,
            ref_problem=_ref_problem(pull),
            gate_open=self._gate.is_open,
            hold=self._gate.hold(pull),
            queued=frozenset(sha for number, sha in self._queued if number == pull.number),
            actions=actions,
            sections=tuple(sorted((name, text) for name, text in sections.items() if text)),
        )

    def settle_served(self) -> None:
        """Note that commands which a report holds were settled by the bot that wrote it."""
        before = CommandComment.State.BEFORE
        served = [row for rows in self._commands.values() for row in rows if self._is_served(row)]
        for row in served:
            row.state, row.recorded = before, True
        if served:
            CommandComment.objects.filter(pk__in=[row.pk for row in served]).update(state=before, recorded=True)

    def _is_served(self, row: CommandComment) -> bool:
        waits = row.state == CommandComment.State.WAITING and not row.recorded
        texts = [report.body for report in self._present(row.pull_id)] if waits else []
        return any(str(row.comment_id) in _served(text) for text in texts)

    def bodies(self) -> dict[int, list[str]]:
        """Return the texts of the reports, by the pull request's key."""
        return {pk: [row.body for row in self._present(pk)] for pk in self._reports}

    def _present(self, pk: int) -> list[ReportComment]:
        """Return a pull request's reports that are there still."""
        return [row for row in self._reports[pk] if not row.gone]

    def latest_row(self, state: PullState) -> BuildRow | None:
        """Return the row of the build that says how the head stands."""
        build = deciding_build(state)
        if build and build.is_run:
            return self._actions.row(state.number, build.id)
        rows = self._builds[state.number] if build else []
        return next((row for row in rows if build and row.external_id == build.id), None)

    # Reading ----------------------------------------------------------------------------------

    def _by_number(self, rows: Any) -> dict[int, list[CIBranch]]:
        return _grouped(rows, "number", [pull.number for pull in self.pulls])

    def _read_builds(self) -> dict[int, list[BuildRow]]:
        names = {branch_name(pull.number, sha) for pull in self.pulls for sha in self._shas(pull)}
        named = {id for pk in self._reports for row in self._present(pk) for id in _builds_in(row.body)}
        rows: dict[int, BuildRow] = {}
        fields = BuildRow.objects.filter(provider=BUILDS_PULLS).defer("message", "requested_for", "hosts")
        for chunk in _chunks(sorted(names)):
            rows |= {row.external_id: row for row in fields.filter(branch__in=chunk)}
        for chunk in _chunks(sorted(named - set(rows))):
            rows |= {row.external_id: row for row in fields.filter(external_id__in=chunk)}
        unfinished = fields.filter(~Q(status=Status.FINISHED), scope=BuildRow.Scope.PULL)
        rows |= {row.external_id: row for row in unfinished}
        return _by_head(rows.values())

    def _shas(self, pull: PullRequest) -> set[str]:
        return {pull.head_sha, *(row.sha for row in self._branches[pull.number])}

    def _builds_of(self, pull: PullRequest) -> list[Build]:
        builds = [self._build(row) for row in self._builds[pull.number]]
        have = {build.id for build in builds}
        return [*self._lost_builds(pull, have), *builds]

    def _lost_builds(self, pull: PullRequest, have: set[int]) -> list[Build]:
        """Builds that only a report tells of any more."""
        lost = lost_ids(pull, BUILDS_PULLS) - have
        if not lost:
            return []
        entries = [e for row in self._reports[pull.pk] if not row.gone for e in _entries(row.body)]
        known = {e.build_id: e for e in entries if e.build_id in lost and e.status in set(BuildStatus)}
        return [Build(id, e.hash, BuildStatus(e.status), e.url, gone=True) for id, e in sorted(known.items()) if id]

    def _build(self, row: BuildRow) -> Build:
        head, pending = head_of(row.branch), row.status != Status.FINISHED
        cancels = self._cancels.get(row.external_id, [])
        return Build(
            id=row.external_id,
            sha=head.sha if head else row.version,
            status=_status(row),
            url=build_url(row),
            queued_at=row.queued_at,
            started_at=row.started_at,
            finished_at=None if pending else row.finished_at,
            cancelling=row.status == Status.CANCELLING,
            cancel_asked_at=cancels[-1].settled_at if cancels and pending else None,
            cancels=len(cancels),
            superseded=bool(cancels) and not any(action.payload.get("by_person", True) for action in cancels),
            gone=row.gone_at is not None,
            ahead=self._ahead.get(row.external_id),
            failed_jobs=self._failed.get(row.pk, ()),
        )

    def _read_cancels(self) -> dict[int, list[Action]]:
        """Return for each build that may matter yet how often we asked this run of it to stop; a retry begins anew."""
        rows = [row for rows in self._builds.values() for row in rows]
        stopped = [row for row in rows if row.status != Status.FINISHED or row.result == Result.CANCELED]
        subjects = {f"#{head.number}" for row in stopped if (head := head_of(row.branch))}
        cancels: dict[int, list[Action]] = defaultdict(list)
        for chunk in _chunks(sorted(subjects)):
            asked = Action.objects.filter(kind__in=(CANCEL, RETRY), subject__in=chunk, state=Action.State.DONE)
            for action in asked.order_by("settled_at", "pk"):
                build = action.payload["build"]
                cancels[build] = [*cancels[build], action] if action.kind == CANCEL else []
        return cancels

    def _queued_heads(self) -> set[tuple[int, str]]:
        built = {row.branch for rows in self._builds.values() for row in rows}
        keys = {queue_key(pull.number, pull.head_sha): (pull.number, pull.head_sha) for pull in self.pulls}
        bare = [key for key, head in keys.items() if branch_name(*head) not in built]
        heads: set[tuple[int, str]] = set()
        for chunk in _chunks(sorted(bare)):
            done = Action.objects.filter(key__in=chunk, state=Action.State.DONE)
            heads |= {keys[key] for key in done.values_list("key", flat=True)}
        return heads


def queue_key(number: int, sha: str) -> str:
    """Return the key of the build that is queued for a head because none came."""
    return f"queue:{branch_name(number, sha)}"


def lost_ids(pull: PullRequest, provider: str) -> set[int]:
    """Return the ids of a pull request's builds that a service does not have any more."""
    return {number for name in pull.lost_builds if (number := build_number(name, provider)) is not None}


def build_url(row: BuildRow) -> str:
    """Return a build's address as reports have it."""
    return normalized(row.web_url) if row.web_url else build_page(row.provider, row.external_id)


def _branch(row: CIBranch) -> Branch:
    return Branch(row.sha, row.seen_at, row.pushed_at, build_number(row.after_build, BUILDS_PULLS) or 0)


def _command(row: CommandComment, gate: Gate) -> Command:
    grants = granted(row.words) if row.known else set()
    return Command(
        id=row.comment_id,
        head=row.head_sha,
        at=row.commented_at,
        known=row.known,
        state=CommandState(row.state),
        url=row.build_url,
        reaction=row.reaction,
        replied=row.replied,
        recorded=row.recorded,
        approves="approve" in grants,
        trusts="trust" in grants,
        gha=row.known and row.words == RUN_ACTIONS,
        author=f"{row.author or 'a deleted account'} ({row.author_association or 'unknown'})",
        may=bool(grants) and gate.may(row),
    )


def _status(row: BuildRow) -> BuildStatus:
    return status_of(row.status == Status.FINISHED, row.result, row.gone_at is not None)


def _ref_problem(pull: PullRequest) -> str:
    return pull.push_problem if pull.push_problem.startswith(NO_REF) else ""


def _refusal(pull: PullRequest) -> Refusal | None:
    if not pull.push_head or pull.push_tried_at is None:
        return None
    return Refusal(
        pull.push_head, pull.push_problem, pull.push_workflow, pull.push_token, pull.push_tried_at, pull.push_tries
    )


def _ahead() -> dict[int, int]:
    """Return for each build that waits for an agent how many were queued before it."""
    waiting = BuildRow.objects.filter(provider=BUILDS_PULLS, status=Status.QUEUED).order_by("queued_at", "external_id")
    return {id: place for place, id in enumerate(waiting.values_list("external_id", flat=True))}


def _failed_jobs(rows: Iterable[BuildRow]) -> dict[int, tuple[str, ...]]:
    failed: dict[int, list[str]] = defaultdict(list)
    bad = [row.pk for row in rows if row.result in (*BAD_RESULTS, Result.PARTIAL)]
    for chunk in _chunks(bad):
        jobs = Job.objects.filter(build_id__in=chunk, latest=True, result__in=BAD_RESULTS).order_by("order", "name")
        for build, name in jobs.values_list("build_id", "name"):
            failed[build].append(name.removeprefix("test_ci ").removeprefix("test_ci_"))
    return {build: tuple(names) for build, names in failed.items()}


def _grouped(rows: Any, field: str, keys: Sequence[int]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for chunk in _chunks(keys):
        for row in rows.filter(**{f"{field}__in": chunk}):
            groups[getattr(row, field)].append(row)
    return groups


def _by_head(rows: Iterable[BuildRow]) -> dict[int, list[BuildRow]]:
    """Group builds, oldest first, by the pull request that their branch is of."""
    by_number: dict[int, list[BuildRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.external_id):
        if head := head_of(row.branch):
            by_number[head.number].append(row)
    return by_number


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]


def _entries(body: str) -> tuple[Any, ...]:
    report = parse_known(body).report
    return report.known if report else ()


def _served(body: str) -> set[str]:
    return {entry.trigger_id for entry in _entries(body) if entry.trigger_type == MANUAL}


def _builds_in(body: str) -> set[int]:
    return {number for entry in _entries(body) if (number := build_id(entry.url))}
