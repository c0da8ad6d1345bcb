"""What is known of a pull request and its CI, as values. PURE"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sync.pulls.actions.values import RANK, Actions
from sync.pulls.trust.rules import Hold


class BuildStatus(StrEnum):
    """What a build says, in ci-bot's words, whichever service it ran on."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"  # also one that succeeded with issues
    CANCELED = "CANCELED"
    PENDING = "PENDING"  # waits, runs, or is being cancelled
    UNKNOWN = "UNKNOWN"  # no build seen yet


PUSH_AGAIN = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))  # after the 1st, 2nd, later refusals
STATUSES = {  # of a finished build, whichever service it ran on; all others say nothing
    "succeeded": BuildStatus.SUCCESS,
    **dict.fromkeys(("partial", "failed", "abandoned", "timed_out", "startup_failure"), BuildStatus.FAILURE),
}
FINAL = frozenset({BuildStatus.SUCCESS, BuildStatus.FAILURE, BuildStatus.CANCELED})


class CommandState(StrEnum):
    """How far a command has come; see `CommandComment.State`."""

    WAITING = "waiting"
    RERUN = "rerun"
    RUNNING = "running"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"
    BEFORE = "before"
    REFUSED = "refused"
    GRANTED = "granted"
    DENIED = "denied"
    UNBOUND = "unbound"
    NEEDLESS = "needless"
    ANSWERED = "answered"


class Waiting(StrEnum):
    """Why a pull request is where it is: what it waits for, or how it ended."""

    READING = "reading"  # its conversation has not been read yet
    PUSH = "push"  # its head has no branch yet
    APPROVAL = "approval"  # the trust gate holds its head until somebody lets it run
    BLOCKED = "blocked"  # GitHub refuses the branch until the head or the token changes
    REFUSED = "refused"  # GitHub refused the branch; it is tried again
    BUILD = "build"  # pushed, no build seen yet
    AGENT = "agent"  # a build waits for an agent
    RUNNING = "running"
    CANCELLING = "cancelling"
    FAILED = "failed"
    CANCELED = "canceled"
    PASSED = "passed"
    CLOSED = "closed"


class Reaction(StrEnum):
    """How the bot acknowledges a command."""

    SEEN = "eyes"  # seen: it waits, or there was nothing to re-run
    DONE = "+1"  # a build was started for it
    CONFUSED = "confused"  # not understood, or no build can be queued: the report says why
    DENIED = "-1"  # who wrote it may not do that


@dataclass(frozen=True)
class Build:
    """A build of one of the pull request's heads."""

    id: int
    sha: str
    status: BuildStatus
    url: str
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancelling: bool = False
    cancel_asked_at: datetime | None = None  # when we last asked to cancel this run of it
    cancels: int = 0  # how often we asked
    superseded: bool = False  # it was we who canceled it, because another commit was the head
    gone: bool = False  # the service does not have it any more
    ahead: int | None = None  # builds that wait for an agent and were queued before it
    failed_jobs: tuple[str, ...] = ()
    is_run: bool = False  # of GitHub Actions
    unapproved: bool = False  # it has not begun: somebody has to let it

    @property
    def pending(self) -> bool:
        """Tell whether it may still come to something."""
        return self.status is BuildStatus.PENDING and not self.gone

    @property
    def finished(self) -> bool:
        """Tell whether it has an outcome."""
        return self.status in FINAL


@dataclass(frozen=True)
class Branch:
    """A branch `ci_<number>_<sha>` that exists."""

    sha: str
    seen_at: datetime
    pushed_at: datetime | None = None  # when we pushed it; None when somebody else did
    after_build: int = 0  # the head's latest build when we pushed: earlier builds are of a branch that was deleted


@dataclass(frozen=True)
class Command:
    """A comment that tells the bot to do something."""

    id: int  # the comment's
    head: str  # the head when it was first seen; of an approval the one that was meant, "" where that is not sure
    at: datetime
    known: bool = True
    approves: bool = False  # lets its head run
    trusts: bool = False  # lets all heads of the author run
    gha: bool = False  # wants GitHub Actions' failed jobs to run again
    author: str = ""
    may: bool = False  # its author may approve and trust
    state: CommandState = CommandState.WAITING
    url: str = ""  # of the build that serves it
    reaction: str = ""  # the last one that we gave
    replied: bool = False
    recorded: bool = False  # a report that holds it has been written

    @property
    def grants(self) -> bool:
        """Tell whether it wants to let something run, and re-runs nothing."""
        return self.approves or self.trusts


@dataclass(frozen=True)
class ReportText:
    """A comment of the bot that is a CI report."""

    id: int
    body: str


@dataclass(frozen=True)
class Refusal:
    """GitHub's refusal of a branch."""

    head: str
    words: str
    workflow: bool  # for want of the workflow scope
    token: str  # fingerprint of the token that was refused
    tried_at: datetime
    tries: int = 1


@dataclass(frozen=True)
class PullState:
    """Everything that decides what happens to one pull request."""

    number: int
    head: str
    open: bool = True
    conversation_known: bool = True
    branches: tuple[Branch, ...] = ()
    builds: tuple[Build, ...] = ()  # oldest first
    commands: tuple[Command, ...] = ()  # oldest first
    reports: tuple[ReportText, ...] = ()  # oldest first
    former_reports: tuple[str, ...] = ()  # the texts of reports that were deleted, until one holds what they held
    refusal: Refusal | None = None
    build_problem: str = ""  # why the CI service queues no build of the head, in its words
    hidden: bool = False  # GitHub does not show its conversation
    token: str = ""  # fingerprint of the current token
    head_seen_at: datetime | None = None
    ref_problem: str = ""  # GitHub does not give the head out yet: its words, or ours
    gate_open: bool = True  # the trust gate is off
    hold: Hold | None = None  # why the gate wants somebody to let the head run
    queued: frozenset[str] = field(default_factory=frozenset)  # heads that a build was queued for because none came
    actions: Actions = field(default_factory=Actions)
    sections: tuple[tuple[str, str], ...] = ()  # what the report says apart from ci-bot's format, by name


@dataclass(frozen=True)
class Why:
    """Why a pull request is where it is: a sentence in which `{time}` stands for the time since `since`."""

    waiting: Waiting
    text: str
    since: datetime | None = None


def status_of(finished: bool, result: str, gone: bool) -> BuildStatus:
    """Return what a build says; one that was deleted before its end was seen has not come to it."""
    if not finished or (gone and not result):
        return BuildStatus.PENDING
    return STATUSES.get(result, BuildStatus.CANCELED)


def latest_build(state: PullState) -> Build | None:
    """Return the head's latest build, whoever started it."""
    builds = [build for build in state.builds if build.sha == state.head]
    return max(builds, key=queue_order, default=None)


def deciding_build(state: PullState) -> Build | None:
    """Return the build that says how the head stands, of the service that has the say; of two, the worse one."""
    azure, run = latest_build(state), state.actions.deciding if state.actions.speaks else None
    if run is None:
        return None if state.actions.alone else azure
    status = BuildStatus(run.status)
    ran = Build(
        *(run.id, state.head, status, run.url, run.queued_at, run.started_at, run.finished_at),
        is_run=True,
        unapproved=run.unapproved,
    )
    if azure is None or state.actions.alone:
        return ran
    return min(ran, azure, key=lambda build: RANK.index(build.status) if build.status in RANK else 0)


def held(state: PullState) -> bool:
    """Tell whether the head waits for somebody to let it run. One that has its branch is past the gate, and one that
    is not to get any runs on no machine of ours.
    """
    waits = state.hold and not state.hold.observed and not branch_of(state, state.head)
    return bool(state.open and waits and state.actions.pushing)


def blocked(state: PullState) -> bool:
    """Tell whether GitHub refuses the head for want of the workflow scope, and neither head nor token has changed."""
    refusal = state.refusal
    return bool(
        state.open
        and refusal
        and refusal.workflow
        and (refusal.head, refusal.token) == (state.head, state.token)
        and not branch_of(state, state.head)
    )


def refused(state: PullState) -> bool:
    """Tell whether the head has no branch because GitHub refused it, for another reason than its token's scopes."""
    refusal = state.refusal
    now = bool(refusal and refusal.head == state.head and not refusal.workflow)
    return state.open and now and not branch_of(state, state.head)


def build_refused(state: PullState) -> bool:
    """Tell whether the CI service refused to queue a build of the head: it has none, or none for a command."""
    build = latest_build(state)
    asked = any(command.state is CommandState.REFUSED and command.head == state.head for command in state.commands)
    return bool(state.open and state.build_problem and (build is None or (asked and not build.pending)))


def push_due(state: PullState) -> datetime | None:
    """Return when a refused head may be pushed again; None when nothing holds it back."""
    refusal = state.refusal
    if not refusal or refusal.head != state.head or refusal.workflow:
        return None
    return refusal.tried_at + PUSH_AGAIN[min(refusal.tries, len(PUSH_AGAIN)) - 1]


def retained(state: PullState) -> set[str]:
    """Return the commits whose branches and lines stay: the head, and until its own build has finished what has the
    newest finished one. A canceled build says little: it counts after all others.
    """
    finished = [build for build in state.builds if build.finished and not build.gone]
    if any(build.sha == state.head for build in finished):
        return {state.head}
    best = max(finished, key=lambda build: (build.status is not BuildStatus.CANCELED, queue_order(build)), default=None)
    return {state.head, best.sha if best else state.head}


def branch_of(state: PullState, sha: str) -> Branch | None:
    """Return the branch of a commit, if there is one."""
    return next((branch for branch in state.branches if branch.sha == sha), None)


def queue_order(build: Build) -> tuple[float, int]:
    """Return what sorts builds by when they were queued."""
    return (build.queued_at.timestamp() if build.queued_at else 0.0, build.id)
