"""How a pull request stands after a pass, as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.models import Build as BuildRow
from flinkci_dashboard.models.writing import Changes
from sync.models import PullRequest
from sync.pulls.acts import PullPlan, WriteReport
from sync.pulls.state import PullStates
from sync.pulls.trust.rules import UNREAD
from sync.pulls.values import BuildStatus, PullState, Waiting, blocked, branch_of, deciding_build, held
from sync.pulls.waiting import waiting_reason


@dataclass(frozen=True)
class Decision:
    """What is known of a pull request, and what follows from it."""

    state: PullState
    plan: PullPlan


def record_states(states: PullStates, decided: Mapping[int, Decision], now: datetime) -> int:
    """Write why each pull request is where it is, and what is still to be done; returns how many changed."""
    changes = Changes[PullRequest]()
    for pull in (pull for pull in states.pulls if pull.number in decided):
        state, plan = decided[pull.number].state, decided[pull.number].plan
        changes.put(pull, _shown(pull, state, plan, states.latest_row(state), now))
    return changes.write()


def describe(plan: PullPlan) -> list[str]:
    """Say in words what is to be done."""
    return [f"{_label(act)}: {act.reason}" for act in (*plan.acts, *plan.words)]


def _label(act: Any) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(act).__name__).strip()
    sha, build = getattr(act, "sha", ""), getattr(act, "build_id", "")
    return f"{words} {sha[:10]}{build}".strip()


def _shown(
    pull: PullRequest, state: PullState, plan: PullPlan, build: BuildRow | None, now: datetime
) -> dict[str, Any]:
    why = waiting_reason(state, now)
    settled = not plan and not any(each.pending for each in state.builds)
    waiting = why.waiting if state.open or settled else Waiting.CANCELLING
    return {
        "ci_state": _ci_state(state),
        "waiting": str(waiting),
        "why": why.text[:500],
        "why_since": why.since,
        "held": _held(state)[:300],
        "plan": describe(plan),
        "report_due_since": (pull.report_due_since or now) if _changes_report(plan) else None,
        "build_id": build.pk if build else (None if state.open else pull.build_id),
    }


def _held(state: PullState) -> str:
    """Return why the gate holds the head, or would: if it did not only observe, or the head had no branch by then."""
    reason = state.hold.reason if state.hold else ""
    return "" if reason == UNREAD and branch_of(state, state.head) else reason


def _changes_report(plan: PullPlan) -> bool:
    return any(isinstance(word, WriteReport) for word in plan.words)


def _ci_state(state: PullState) -> str:
    if blocked(state) or held(state):
        return PullRequest.CIState.BLOCKED
    build = deciding_build(state)
    if build is None:
        return PullRequest.CIState.UNKNOWN if state.open else PullRequest.CIState.NONE
    if build.unapproved:
        return PullRequest.CIState.BLOCKED
    status = BuildStatus.CANCELED if build.gone and not build.finished else build.status
    return PullRequest.CIState(status.lower())
