"""What people asked for by a button: a fresh look, a retry, a cancel, deleted branches."""

from collections.abc import Mapping, Sequence

from flinkci_dashboard.jobs.ledger import acts_for
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action, JobRequest
from flinkci_dashboard.names import head_of
from sync.models import CIBranch, PullRequest
from sync.pulls.acts import Act, CancelBuild, DeleteBranch, Grant, QueueBuild, RetryBuild, Wanted
from sync.pulls.github.conversations import Conversations
from sync.pulls.values import BuildStatus, PullState, held, latest_build

SYNC, RETRY, CANCEL, DELETE_BRANCHES, DELETE_ORPHAN = "sync-pull", "retry", "cancel", "delete-branches", "delete-orphan"
APPROVE, TRUST = "approve-head", "trust-author"
ACTS = (SYNC, RETRY, CANCEL, DELETE_BRANCHES, DELETE_ORPHAN, APPROVE, TRUST)
UNKNOWN = "There was no answer: the next pass looks what became of it."
UNTRIED = "A service did not answer in this pass: ask again later."
OBSERVING = "Nothing was done: this installation only observes (SYNC_MODE=observe)."


class Requests:
    """The requests of one pass. The subject is a pull request's number, or an orphan's name."""

    def __init__(self, current: Pass) -> None:
        self.current = current
        self.requests = [request for request in current.requests if request.act in ACTS]
        self._answers: dict[int, str] = {}
        self._expected: dict[int, int] = {}  # how many acts each wants

    def subjects(self) -> set[str]:
        """Return the subjects of acts whose back-offs are lifted, since somebody waits for them."""
        return {subject for request in self.requests if (subject := _subject(request))}

    def look(self, conversations: Conversations) -> None:
        """Read anew what somebody waits for. Raises the errors of `clients.errors`."""
        numbers = self._numbers()
        conversations.observer.look_up(numbers)
        conversations.read_again(PullRequest.objects.filter(number__in=numbers))

    def others(self, pulls: list[PullRequest]) -> list[PullRequest]:
        """Return pull requests that are asked for and are not looked at anyhow."""
        have = {pull.number for pull in pulls}
        return list(PullRequest.objects.filter(number__in=[n for n in self._numbers() if n not in have]))

    def wanted(self, states: Mapping[int, PullState], active: bool) -> list[Wanted]:
        """Decide what to do for each request. What a killed pass has done for it already is not done again."""
        wanted: list[Wanted] = []
        for request in self.requests:
            acts = _orphan(request) if request.act == DELETE_ORPHAN else _wanted(request, states)
            if request.act == RETRY and any(action.settled for action in _tried(request)):
                continue  # a killed pass has seen to it; its build may have ended since
            if isinstance(acts, str) or not active:
                self._answers[request.pk] = acts if isinstance(acts, str) else OBSERVING
            else:
                self._expected[request.pk] = len(acts)
                wanted += [Wanted(act, (_cause(request),)) for act in acts]
        return wanted

    def answer_rest(self, text: str = "") -> None:
        """Answer every request with what was done for it: by its own acts, whoever else's failed in this pass."""
        for request in self.requests:
            answer = text or self._answers.get(request.pk)
            self.current.answer(request, answer or _outcome(_tried(request), self._expected.get(request.pk, 0)))

    def _numbers(self) -> list[int]:
        subjects = {request.subject for request in self.requests if request.act != DELETE_ORPHAN}
        return sorted(int(subject) for subject in subjects if subject.isdecimal() and len(subject) < 10)


def _cause(request: JobRequest) -> str:
    return f"request-{request.pk}"


def _subject(request: JobRequest) -> str:
    """Return the subject of a request's acts."""
    if request.act == DELETE_ORPHAN:
        head = head_of(request.subject)
        return f"#{head.number}" if head else ""
    return f"#{int(request.subject)}" if request.subject.isdecimal() else ""


def _tried(request: JobRequest) -> list[Action]:
    return acts_for(_cause(request), _subject(request))


def _outcome(tried: Sequence[Action], expected: int) -> str:
    missed = [action for action in tried if action.state != Action.State.DONE]
    if not missed and len(tried) >= expected:
        return "Done."
    words = dict.fromkeys(action.answer or UNKNOWN for action in missed)
    return " ".join(["Not all of it was done.", *words] if missed else ["Not all of it was tried.", UNTRIED])


def _wanted(request: JobRequest, states: Mapping[int, PullState]) -> list[Act] | str:
    state = states.get(int(request.subject)) if request.subject.isdecimal() else None
    if state is None:
        return f"There is no pull request {request.subject}."
    reason = f"{request.requested_by or 'Somebody'} asked for it."
    match request.act:
        case "retry":
            return _retry(state, reason)
        case "cancel":
            return _cancel(state, reason) or "No build is waiting or running."
        case "delete-branches":
            return _delete(state, reason) or "There is none to delete."
        case "approve-head" | "trust-author":
            return _grant(request, state, reason)
    return []


def _grant(request: JobRequest, state: PullState, reason: str) -> list[Act] | str:
    """Let run what waits: a commit only when it is the head still that was looked at."""
    trust = request.act == TRUST
    if state.gate_open or not state.hold:
        return "It does not wait for approval."
    if not trust and request.payload.get("sha") != state.head:
        return "There is a newer head: look at that one first."
    return [Grant(state.number, "" if trust else state.head, trust, str(request.requested_by or ""), None, reason)]


def _cancel(state: PullState, reason: str) -> list[Act]:
    pending = [build for build in state.builds if build.pending]
    return [CancelBuild(state.number, build.id, True, reason, by_person=True) for build in pending]


def _delete(state: PullState, reason: str) -> list[Act]:
    branches = [branch for branch in state.branches if not (state.open and branch.sha == state.head)]
    return [DeleteBranch(state.number, branch.sha, reason) for branch in branches]


def _retry(state: PullState, reason: str) -> list[Act] | str:
    build = latest_build(state)
    if not state.open:
        return "The pull request is closed."
    if build and build.pending:
        return "A build is waiting or running already."
    if held(state):
        return "It waits for approval first."
    if not any(branch.sha == state.head for branch in state.branches):
        return "Its branch is not there yet; it is pushed first."
    if build and not build.gone and build.status in (BuildStatus.FAILURE, BuildStatus.CANCELED):
        return [RetryBuild(state.number, build.id, state.head, (), reason)]
    return [QueueBuild(state.number, state.head, (), reason)]


def _orphan(request: JobRequest) -> list[Act] | str:
    """Only what is a branch of ours by its name, and belongs to no pull request, is deleted."""
    row = CIBranch.objects.filter(name=request.subject, orphan=True).first()
    head = head_of(request.subject)
    if row is None or head is None:
        return f"{request.subject} is not an orphan that may be deleted here."
    return [DeleteBranch(head.number, head.sha, f"{request.requested_by or 'Somebody'} asked for it.")]
