"""What the bot may do for a pull request: acts and texts. PURE"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sync.pulls.values import CommandState, Reaction


@dataclass(frozen=True)
class PushBranch:
    """Push the head as ci_<number>_<sha>."""

    number: int
    sha: str
    reason: str
    alone: bool = False  # this commit, and no newer one that is the head by now: nobody has let that run


@dataclass(frozen=True)
class DeleteBranch:
    """Delete ci_<number>_<sha>."""

    number: int
    sha: str
    reason: str


@dataclass(frozen=True)
class CancelBuild:
    """Ask a build to stop; `again` when it has been asked before and goes on: then its stages are asked, too."""

    number: int
    build_id: int
    again: bool
    reason: str
    by_person: bool = False  # somebody wants it, whatever the head is


@dataclass(frozen=True)
class RetryBuild:
    """Run the failed jobs of a build again, for the sake of these commands."""

    number: int
    build_id: int
    sha: str
    commands: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class QueueBuild:
    """Queue a new build of a head: for commands, or because none came by itself."""

    number: int
    sha: str
    commands: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class RerunRun:
    """Run the failed jobs of a run of GitHub Actions again, for the sake of these commands."""

    number: int
    run_id: int
    repository: str
    attempt: int  # the one that failed
    url: str
    commands: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class AnswerCommands:
    """Answer commands to GitHub Actions with where a person can do what the bot may not."""

    number: int
    commands: tuple[int, ...]
    url: str
    reason: str


@dataclass(frozen=True)
class SettleCommands:
    """Note what became of commands for which nothing needs to be done."""

    number: int
    commands: tuple[int, ...]
    state: CommandState
    url: str
    reason: str


@dataclass(frozen=True)
class Grant:
    """Let a head run (`sha`), or all heads of its pull request's author (`trust`), on somebody's word."""

    number: int
    sha: str
    trust: bool
    by: str  # who may do so
    comment_id: int | None  # in which it was asked for; None: by a button
    reason: str


@dataclass(frozen=True)
class Deny:
    """Note that somebody who may not asked to let a head run."""

    number: int
    by: str
    comment_id: int
    reason: str


@dataclass(frozen=True)
class WriteReport:
    """Change the report, or write the first one (`comment_id` None)."""

    number: int
    comment_id: int | None
    body: str
    recorded: tuple[int, ...]  # the commands that the text holds
    reason: str


@dataclass(frozen=True)
class DeleteReport:
    """Delete a second report; the first one holds what it held."""

    number: int
    comment_id: int
    reason: str


@dataclass(frozen=True)
class React:
    """React to a comment that holds a command."""

    number: int
    comment_id: int
    reaction: Reaction
    reason: str


@dataclass(frozen=True)
class Reply:
    """Answer a command that is not understood."""

    number: int
    comment_id: int
    body: str
    reason: str


Act = (
    PushBranch
    | RerunRun
    | AnswerCommands
    | DeleteBranch
    | CancelBuild
    | RetryBuild
    | QueueBuild
    | SettleCommands
    | Grant
    | Deny
)


Word = WriteReport | DeleteReport | React | Reply


@dataclass(frozen=True)
class PullPlan:
    """What to do. Words tell what acts have done, so they are planned anew after the acts."""

    acts: tuple[Act, ...] = ()
    words: tuple[Word, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.acts or self.words)


@dataclass(frozen=True)
class Wanted:
    """An act, and the requests of people that it answers."""

    act: Act
    causes: tuple[str, ...] = ()


def united(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Let one act serve all who want the same: one re-run for each head, one cancel for each build."""
    by_target: dict[tuple[object, ...], Wanted] = {}
    for each in wanted:
        target = _target(each.act)
        by_target[target] = _joined(by_target[target], each) if target in by_target else each
    return list(by_target.values())


def _target(act: Act) -> tuple[object, ...]:
    match act:
        case RetryBuild() | QueueBuild():
            return ("re-run", act.number, act.sha)
        case CancelBuild():
            return ("cancel", act.build_id)
        case PushBranch() | DeleteBranch():
            return (type(act), act.number, act.sha)
    return (act,)


def _joined(first: Wanted, second: Wanted) -> Wanted:
    act, other = first.act, second.act
    if isinstance(act, RetryBuild | QueueBuild) and isinstance(other, RetryBuild | QueueBuild):
        act = replace(act, commands=(*act.commands, *other.commands))
    elif isinstance(act, CancelBuild) and isinstance(other, CancelBuild):
        act = replace(act, again=act.again or other.again, by_person=act.by_person or other.by_person)
    return Wanted(act, (*first.causes, *second.causes))
