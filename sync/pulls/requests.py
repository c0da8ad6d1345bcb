"""What people asked for by a button: a fresh look, a retry, a cancel, deleted branches."""

from collections.abc import Mapping

from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import JobRequest
from flinkci_dashboard.names import head_of
from sync.models import CIBranch, PullRequest
from sync.pulls.acts import Act, CancelBuild, DeleteBranch, QueueBuild, RetryBuild
from sync.pulls.github import Observer
from sync.pulls.values import BuildStatus, PullState, latest_build

SYNC, RETRY, CANCEL, DELETE_BRANCHES, DELETE_ORPHAN = "sync-pull", "retry", "cancel", "delete-branches", "delete-orphan"
ACTS = (SYNC, RETRY, CANCEL, DELETE_BRANCHES, DELETE_ORPHAN)
OBSERVING = "Nothing was done: this installation only observes (SYNC_MODE=observe)."


class Wishes:
    """The requests of one pass. The subject is a pull request's number, or an orphan's name."""

    def __init__(self, current: Pass, observer: Observer | None) -> None:
        self.current, self.observer = current, observer
        self.requests = [request for request in current.requests if request.act in ACTS]
        self._answers: dict[int, str] = {}
        self._done: dict[int, bool] = {}

    def look(self) -> None:
        """Read anew what somebody waits for. Raises the errors of `clients.errors`."""
        for number in self._numbers():
            if self.observer:
                self.observer.look_up([number])
                pull = PullRequest.objects.filter(number=number).first()
                if pull:
                    self.observer.conversation(pull)

    def others(self, pulls: list[PullRequest]) -> list[PullRequest]:
        """Return pull requests that are asked for and are not looked at anyhow."""
        have = {pull.number for pull in pulls}
        return list(PullRequest.objects.filter(number__in=[n for n in self._numbers() if n not in have]))

    def acts(self, states: Mapping[int, PullState], active: bool) -> list[tuple[Act, str]]:
        """Decide what to do for each request: acts, each with the request as its cause."""
        found: list[tuple[Act, str]] = []
        for request in self.requests:
            acts = _orphan(request) if request.act == DELETE_ORPHAN else _wanted(request, states)
            if isinstance(acts, str) or not active:
                self._answers[request.pk] = acts if isinstance(acts, str) else OBSERVING
            else:
                found += [(act, f"request-{request.pk}") for act in acts]
        return found

    def note(self, cause: str, done: bool) -> None:
        """Note whether an act that somebody asked for was done."""
        if cause:
            self._done[int(cause.rpartition("-")[2])] = done

    def answer_rest(self, text: str = "") -> None:
        """Answer every request with what was done for it."""
        for request in self.requests:
            answer = text or self._answers.get(request.pk)
            if not answer and self._done.get(request.pk, True) and not self.current.errors:
                answer = "Done."
            errors = " ".join(self.current.errors[-3:])
            self.current.answer(request, answer or f"Not all of it was done. {errors}".strip())

    def _numbers(self) -> list[int]:
        subjects = {request.subject for request in self.requests if request.act != DELETE_ORPHAN}
        return sorted(int(subject) for subject in subjects if subject.isdecimal() and len(subject) < 10)


def _wanted(request: JobRequest, states: Mapping[int, PullState]) -> list[Act] | str:
    state = states.get(int(request.subject)) if request.subject.isdecimal() else None
    if state is None:
        return f"There is no pull request {request.subject}."
    reason = f"{request.requested_by or 'Somebody'} asked for it."
    match request.act:
        case "retry":
            return _retry(state, reason)
        case "cancel":
            pending = [build for build in state.builds if build.pending]
            acts: list[Act] = [CancelBuild(state.number, build.id, True, reason, by_person=True) for build in pending]
            return acts or "No build is waiting or running."
        case "delete-branches":
            branches = [branch for branch in state.branches if not (state.open and branch.sha == state.head)]
            return [DeleteBranch(state.number, branch.sha, reason) for branch in branches] or "There is none to delete."
    return []


def _retry(state: PullState, reason: str) -> list[Act] | str:
    build = latest_build(state)
    if not state.open:
        return "The pull request is closed."
    if build and build.pending:
        return "A build is waiting or running already."
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
