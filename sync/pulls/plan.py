"""One pull request's state → what to do. Rules that ci-bot had are kept where people rely on them. PURE"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sync.pulls.acts import (
    Act,
    AnswerCommands,
    CancelBuild,
    DeleteBranch,
    Deny,
    Grant,
    PullPlan,
    PushBranch,
    QueueBuild,
    RerunRun,
    RetryBuild,
    SettleCommands,
)
from sync.pulls.reporting import ANSWERED, words
from sync.pulls.values import (
    Branch,
    Build,
    BuildStatus,
    Command,
    CommandState,
    PullState,
    blocked,
    branch_of,
    held,
    latest_build,
    push_due,
    retained,
)

NO_BUILD = timedelta(minutes=15)  # after a push without a build, one is queued
CANCEL_AGAIN = timedelta(minutes=5)  # after asking, while the build goes on


def plan(state: PullState, now: datetime) -> PullPlan:
    """Decide what to do for one pull request. A settled one gets an empty plan.

    Words (report, reactions, replies) tell what acts have come to, so plan them anew after the acts.
    """
    acts = tuple(_acts(state, now))
    served = {id for act in acts for id in getattr(act, "commands", ())}
    served |= {act.comment_id for act in acts if isinstance(act, Grant | Deny) and act.comment_id}
    return PullPlan(acts, tuple(words(state, now, served)))


def changes_at(state: PullState, now: datetime) -> datetime | None:
    """Return when the plan may change next though nothing else does; None when no time matters."""
    times = [push_due(state)]
    times += [command.at + wait for command in state.commands for wait in (CANCEL_AGAIN, ANSWERED)]
    times += [build.cancel_asked_at + CANCEL_AGAIN for build in state.builds if build.cancel_asked_at]
    times += [(branch.pushed_at or branch.seen_at) + NO_BUILD for branch in state.branches]
    return min((at for at in times if at and at > now), default=None)


# Acts -----------------------------------------------------------------------------------------


def _acts(state: PullState, now: datetime) -> Iterator[Act]:
    yield from _cancels(state, now)
    if state.open:
        yield from _pushes(state, now)
    yield from _deletions(state)
    if state.conversation_known:
        yield from _grants(state)
        yield from _repeats(state)
        yield from _commands(state, now)
        yield from _missing_build(state, now)


def _pushes(state: PullState, now: datetime) -> Iterator[PushBranch]:
    due = push_due(state)
    if held(state) or not state.actions.pushing:
        return
    if not branch_of(state, state.head) and not blocked(state) and (due is None or now >= due):
        reason = "The head has no branch yet." if due is None else "GitHub refused it before; this is another try."
        yield PushBranch(state.number, state.head, reason, alone=not state.gate_open)


def _cancels(state: PullState, now: datetime) -> Iterator[CancelBuild]:
    for build in state.builds:
        if build.pending and (act := _cancel(state, build, now)):
            yield act


def _cancel(state: PullState, build: Build, now: datetime) -> CancelBuild | None:
    wanted = state.open and build.sha == state.head
    asked = build.cancel_asked_at or (_waited_for(state) if build.cancelling and wanted else None)
    if asked and (build.cancelling or not wanted):
        words = "It was asked to stop before, and goes on."
        return CancelBuild(state.number, build.id, True, words) if now - asked >= CANCEL_AGAIN else None
    if wanted or build.cancelling:
        return None
    reason = "There is a newer head." if state.open else "The pull request is closed."
    return CancelBuild(state.number, build.id, False, reason)


def _waited_for(state: PullState) -> datetime | None:
    """Return since when a command has waited for the end of a build that somebody else cancels."""
    return min((command.at for command in _current_commands(state)), default=None)


def _deletions(state: PullState) -> Iterator[DeleteBranch]:
    keep = retained(state) | {build.sha for build in state.builds if build.pending} if state.open else set()
    reason = "A newer commit has been built, or waits for it." if state.open else "The pull request is closed."
    for branch in state.branches:
        if branch.sha not in keep:
            yield DeleteBranch(state.number, branch.sha, reason)


def _commands(state: PullState, now: datetime) -> Iterator[Act]:
    current = _current_commands(state)
    waiting = _waiting_commands(state)
    unknown = [command for command in waiting if not command.known]
    stale = [command for command in waiting if command not in unknown and command not in current]
    if unknown:
        yield _settle(state, unknown, CommandState.UNKNOWN, "There is no such command.")
    if stale:
        reason = "A newer push came before it." if state.open else "The pull request is closed."
        yield _settle(state, stale, CommandState.SUPERSEDED, reason)
    if current:
        yield from _rerun(state, current, now)
    else:
        yield from _undo_cancel(state)


def _waiting_commands(state: PullState) -> list[Command]:
    waiting = (each for each in state.commands if each.state is CommandState.WAITING)
    return [each for each in waiting if not each.grants and not each.gha]


def _current_commands(state: PullState) -> list[Command]:
    return [each for each in _waiting_commands(state) if each.known and state.open and each.head == state.head]


def _repeats(state: PullState) -> Iterator[Act]:
    """Serve commands to GitHub Actions: where the bot may not run failed jobs again, it says who may, and where."""
    waiting = [each for each in state.commands if each.state is CommandState.WAITING and each.gha]
    current = [each for each in waiting if state.open and each.head == state.head]
    if stale := [each for each in waiting if each not in current]:
        reason = "A newer push came before it." if state.open else "The pull request is closed."
        yield _settle(state, stale, CommandState.SUPERSEDED, reason)
    if current:
        yield from _repeat(state, current)


def _repeat(state: PullState, commands: list[Command]) -> Iterator[Act]:
    if held(state):
        return  # remembered until somebody lets the head run
    ids, actions = tuple(command.id for command in commands), state.actions
    for run in actions.to_repeat:
        reason = f"Its last run ended as {run.status}."
        yield RerunRun(state.number, run.id, run.repository, run.attempt, run.url, ids, reason)
    if actions.to_repeat:
        return
    if going := actions.under_way:
        yield _settle(state, commands, CommandState.RUNNING, "A run is waiting or running already.", going.url)
    else:
        yield AnswerCommands(state.number, ids, actions.link, "The bot may not run these jobs again.")


def _grants(state: PullState) -> Iterator[Act]:
    for command in state.commands:
        if command.grants and command.state is CommandState.WAITING:
            yield _judged(state, command)


def _judged(state: PullState, command: Command) -> Act:
    """Decide about a comment that wants to let a head, or an author, run."""
    if state.gate_open or not state.open:
        return _settle(state, [command], CommandState.NEEDLESS, "Nothing waits for that.")
    if not command.may:
        return Deny(state.number, command.author, command.id, "Who wrote it may not approve.")
    if command.approves and not command.head:
        reason = "It is not sure which commit it means."
        return _settle(state, [command], CommandState.UNBOUND, reason)
    if command.approves and command.head != state.head:
        return _settle(state, [command], CommandState.SUPERSEDED, "It means another commit than the head.")
    sha = state.head if command.approves else ""
    return Grant(state.number, sha, command.trusts, command.author, command.id, f"{command.author} asked for it.")


def _undo_cancel(state: PullState) -> Iterator[RetryBuild]:
    """A commit that is the head again, after we had canceled its build for another one's sake, has that build back."""
    build, branch = latest_build(state), branch_of(state, state.head)
    if state.open and build and build.superseded and branch and _can_be_retried(build, branch):
        reason = "We canceled it while another commit was the head."
        yield RetryBuild(state.number, build.id, state.head, (), reason)


def _rerun(state: PullState, commands: list[Command], now: datetime) -> Iterator[Act]:
    build, branch = latest_build(state), branch_of(state, state.head)
    ids = tuple(command.id for command in commands)
    if (build is None and not state.build_problem) or (build and _stopping(build, now)):
        return  # remembered until there is one, or until that one has ended
    if build and build.pending:
        yield _settle(state, commands, CommandState.RUNNING, "A build is waiting or running already.", build.url)
    elif branch is None:
        return  # it is pushed first, which may start a build
    elif build and _can_be_retried(build, branch):
        yield RetryBuild(state.number, build.id, state.head, ids, f"The last build ended as {build.status}.")
    elif state.build_problem:
        yield _settle(state, commands, CommandState.REFUSED, "The CI service has refused this commit before.")
    else:
        yield QueueBuild(state.number, state.head, ids, _why_new(build))


def _stopping(build: Build, now: datetime) -> bool:
    """Tell whether a build is about to end as canceled; one that goes on long after it was asked to stop is not."""
    asked = build.cancel_asked_at
    return build.pending and (build.cancelling or (asked is not None and now - asked < CANCEL_AGAIN))


def _can_be_retried(build: Build, branch: Branch) -> bool:
    failed = build.status in (BuildStatus.FAILURE, BuildStatus.CANCELED)
    return failed and not build.gone and build.id > branch.after_build


def _canceled_before(build: Build, branch: Branch) -> bool:
    """Tell whether we canceled a build while its branch went away: the branch that came back has none then."""
    return build.superseded and build.finished and build.id <= branch.after_build


def _why_new(build: Build | None) -> str:
    if build is None:
        return "The CI service refused to queue one before, and somebody asks again."
    if build.gone:
        return "The last build is gone."
    if build.status is BuildStatus.SUCCESS:
        return "The last build succeeded: nothing in it can be retried."
    return "The branch had been deleted since the last build."


def _missing_build(state: PullState, now: datetime) -> Iterator[QueueBuild]:
    branch = branch_of(state, state.head)
    if not state.open or branch is None or state.head in state.queued or state.build_problem:
        return
    if (build := latest_build(state)) and not _canceled_before(build, branch):
        return
    if now - (branch.pushed_at or branch.seen_at) >= NO_BUILD:
        reason = f"No build has come in the {NO_BUILD.total_seconds() / 60:.0f} minutes since the push."
        yield QueueBuild(state.number, state.head, (), reason)


def _settle(
    state: PullState, commands: list[Command], settled: CommandState, reason: str, url: str = ""
) -> SettleCommands:
    return SettleCommands(state.number, tuple(command.id for command in commands), settled, url, reason)
