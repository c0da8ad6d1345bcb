"""What the states of mirrored branches and pull requests mean, for the help."""

from flinkci_dashboard.help import Kind, State
from sync.mirrors.plan import MEANINGS
from sync.mirrors.values import BranchState
from sync.models import MirrorBranch, PullRequest

CI = PullRequest.CIState
CI_MEANINGS = {
    CI.NONE: ("It was closed before its CI was looked at.", ""),
    CI.UNKNOWN: ("Its head has no build yet.", "Its page says whether the push or the build is being waited for."),
    CI.PENDING: ("A build of its head waits or runs.", ""),
    CI.SUCCESS: ("The last build of its head succeeded.", ""),
    CI.FAILURE: (
        "The last build of its head failed.",
        "Look at the failed jobs on its page. The Retry button, or a comment with the bot's command, runs them again.",
    ),
    CI.CANCELED: (
        "The last build of its head was canceled.",
        "The Retry button, or a comment with the bot's command, starts it again.",
    ),
    CI.BLOCKED: (
        "It waits for a committer's approval, or it changes files in .github/workflows/, which our token may not push.",
        "Its page says which. A committer comments with the bot's command “approve”, or an operator presses “Let this "
        "head run”; or an admin stores a GitHub token with the “workflow” scope.",
    ),
}


def kinds() -> list[Kind]:
    """Return the states of branches and of pull requests."""
    branches = [
        State(state, MirrorBranch.State(state).label, MEANINGS[state].meaning, MEANINGS[state].remedy)
        for state in BranchState
    ]
    pulls = [State(state, state.label, *CI_MEANINGS[state]) for state in CI]
    return [Kind("Branches of a mirror", branches), Kind("CI of a pull request", pulls)]
