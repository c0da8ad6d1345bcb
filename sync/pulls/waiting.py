"""Why a pull request is where it is, in one sentence. PURE"""

from dataclasses import replace
from datetime import datetime

from sync.pulls.values import (
    Branch,
    Build,
    BuildStatus,
    PullState,
    Waiting,
    Why,
    blocked,
    build_refused,
    deciding_build,
    held,
    push_due,
)


def waiting_reason(state: PullState, now: datetime) -> Why:
    """Say what the pull request waits for, or how its build ended."""
    if not state.open:
        return Why(Waiting.CLOSED, "closed")
    if (state.actions.alone or _runs_speak(state)) and not held(state):
        return _of_runs(state)
    branch = next((branch for branch in state.branches if branch.sha == state.head), None)
    if branch is None:
        return _without_branch(state, now)
    if not state.conversation_known and not state.hidden:
        return Why(Waiting.READING, "its conversation is about to be read")
    build = deciding_build(state)
    return _with_build(build) if build else _without_build(state, branch)


def _runs_speak(state: PullState) -> bool:
    """Tell whether both services have the say, and heads are not pushed any more to where the other builds them."""
    pushed = state.actions.pushing or any(branch.sha == state.head for branch in state.branches)
    return state.actions.speaks and not pushed and state.actions.deciding is not None


def _of_runs(state: PullState) -> Why:
    """Say how the runs of GitHub Actions stand, which alone have something to say."""
    build = deciding_build(state)
    if build is None:
        text = "no run of GitHub Actions is known yet; the author's fork runs it where Actions are switched on"
        return Why(Waiting.BUILD, text)
    why = _with_build(build)
    return replace(why, text=f"GitHub Actions: {why.text}")


def _without_branch(state: PullState, now: datetime) -> Why:
    if state.hold and held(state):
        text = (
            f"waits for approval for {{time}}: {_plain(state.hold.reason)}; a committer may write “@flinkbot approve”"
        )
        return Why(Waiting.APPROVAL, text, state.hold.since)
    if not state.actions.pushing:
        return Why(Waiting.PUSH, "its head is not pushed: an operator has switched that off")
    refusal = state.refusal
    if refusal and blocked(state):
        text = (
            "blocked for {time}: it changes .github/workflows/ and the GitHub token lacks the workflow scope; "
            "store a token that has it, or leave those files alone"
        )
        return Why(Waiting.BLOCKED, text, refusal.tried_at)
    due = push_due(state)
    if state.ref_problem:
        text = f"its head was first seen {{time}} ago and can’t be fetched yet: {_plain(state.ref_problem)[:200]}"
        return Why(Waiting.REFUSED if due and due > now else Waiting.PUSH, text, state.head_seen_at)
    if refusal and due and due > now:
        return Why(Waiting.REFUSED, f"not pushed: GitHub said “{refusal.words[:200]}” {{time}} ago", refusal.tried_at)
    return Why(Waiting.PUSH, "its head has no branch yet")


def _without_build(state: PullState, branch: Branch) -> Why:
    if build_refused(state):
        text = f"pushed {{time}} ago; no build can be queued: {_plain(state.build_problem)[:300]}"
    elif state.head in state.queued:
        text = "pushed {time} ago; no build came by itself, so one was queued"
    else:
        text = "pushed {time} ago, no build seen yet"
    return Why(Waiting.BUILD, text, branch.pushed_at or branch.seen_at)


def _plain(words: str) -> str:
    return words.replace("{", "(").replace("}", ")")


def _with_build(build: Build) -> Why:
    if build.pending:
        return _pending(build)
    if build.status is BuildStatus.SUCCESS:
        return Why(
            Waiting.PASSED, "build succeeded {time} ago" if build.finished_at else "build succeeded", build.finished_at
        )
    if build.status is BuildStatus.FAILURE:
        jobs = f": {', '.join(build.failed_jobs[:5])}" if build.failed_jobs else ""
        when = " {time} ago" if build.finished_at else ""
        return Why(Waiting.FAILED, f"build failed{when}{jobs}", build.finished_at)
    if build.unapproved:
        return Why(Waiting.APPROVAL, "waits for {time} for somebody to approve its run on GitHub", build.queued_at)
    if build.gone and not build.finished:
        return Why(Waiting.CANCELED, "its build is gone from the CI service; “@flinkbot run azure” starts a new one")
    return Why(
        Waiting.CANCELED, "build canceled {time} ago" if build.finished_at else "build canceled", build.finished_at
    )


def _pending(build: Build) -> Why:
    if build.cancelling and build.cancels > 1:
        text = "its build does not stop: it and its stages were asked to for the last time {time} ago"
        return Why(Waiting.CANCELLING, text, build.cancel_asked_at)
    if build.cancelling:
        return Why(Waiting.CANCELLING, "its build is being canceled")
    if build.started_at:
        return Why(Waiting.RUNNING, "build running for {time}", build.started_at)
    ahead = f", {build.ahead} build{'' if build.ahead == 1 else 's'} ahead" if build.ahead is not None else ""
    return Why(Waiting.AGENT, f"waiting for an agent for {{time}}{ahead}", build.queued_at)
