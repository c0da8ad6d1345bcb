"""What the pages show of pull requests, from rows alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.urls import reverse

from agents.failures.evidence import Judged, judge_pull
from agents.models import Build
from agents.models.builds import Status
from flinkci_dashboard.jobs.deeds import deed
from flinkci_dashboard.models import Action, JobRequest, JobRun
from flinkci_dashboard.web.durations import Lasting
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment, TrustGate, Watermark
from sync.pulls.reporting import is_current
from sync.pulls.state import PullStates
from sync.pulls.values import Waiting

JOB = "sync_pulls"
MAX_EVENTS = 120
MAX_REQUESTS = 10
SETTLED = timedelta(days=2)  # after its end, by when its branches are gone
# What the buttons ask for, in the job's words, and in people's.
ACTS = {
    "sync-pull": "Sync now",
    "retry": "Retry",
    "cancel": "Cancel its builds",
    "delete-branches": "Delete old branches",
    "approve-head": "Let this head run",
    "trust-author": "Trust its author",
}
CI_WORDS = (
    *(("success", "succeeded"), ("failure", "failed"), ("pending", "pending")),
    *(("canceled", "canceled"), ("blocked", "blocked")),
)


@dataclass(frozen=True)
class Event:
    """Something that happened to a pull request; `took` is how long it had been under way."""

    at: datetime
    text: str
    url: str = ""
    took: timedelta | None = None
    note: str = ""


@dataclass(frozen=True)
class Button:
    """An act that applies now; one that can't be taken back asks first."""

    act: str
    title: str
    warning: str = ""


WARNINGS = {
    "cancel": "What these builds have done so far is lost; a retry starts them anew.",
    "delete-branches": "They are deleted in the CI repository, and so is what only they hold.",
    "approve-head": "The code of {head} runs on the build machines. Look at what it changes first.",
    "trust-author": "All that its author pushes from now on runs on the build machines, looked at or not.",
}


@dataclass(frozen=True)
class PullRow:
    """A pull request in a list, and in a sentence why it is where it is."""

    pull: PullRequest
    why: Lasting

    @property
    def marks(self) -> list[str]:
        """Return what sets it apart from an open one against master."""
        marks = ["draft"] if self.pull.draft else []
        marks += [str(self.pull.state)] if self.pull.state != PullRequest.State.OPEN else []
        return marks + ([self.pull.base] if self.pull.base != "master" else [])


def load_rows(pulls: Iterable[PullRequest]) -> list[PullRow]:
    """Return pull requests as a list shows them."""
    return [PullRow(pull, say_why(pull)) for pull in pulls]


def shown_state(pull: PullRequest) -> tuple[str, str]:
    """Return where the CI of an open pull request stands, and its words; of a closed one the sentence says enough."""
    if pull.state != PullRequest.State.OPEN or not pull.ci_state:
        return "", ""
    return pull.ci_state, pull.get_ci_state_display()


def say_running_bot(pull: PullRequest, branches: Iterable[CIBranch], report: ReportComment | None) -> str:
    """Say how the bot that runs now did with an open pull request, against what we would do."""
    if pull.state != PullRequest.State.OPEN:
        return ""
    branch = "there" if any(each.sha == pull.head_sha for each in branches) else "missing"
    return f"its branch of this head is {branch}; its report {_compared(pull, report)}"


def _compared(pull: PullRequest, report: ReportComment | None) -> str:
    if report is None:
        return "is missing"
    return (
        "says what ours would" if is_current(PullStates([pull], pull.push_token).state(pull)) else "differs from ours"
    )


def say_why(pull: PullRequest) -> Lasting:
    """Return the sentence that says why a pull request is where it is."""
    if pull.state != PullRequest.State.OPEN:
        return Lasting(f"{pull.state} {{time}} ago" if pull.closed_at else str(pull.state), pull.closed_at)
    return Lasting(pull.why or "not looked at yet", pull.why_since)


def ci_counts(rows: QuerySet[PullRequest]) -> dict[str, int]:
    """Count pull requests by where their CI stands."""
    return dict(rows.order_by().values_list("ci_state").annotate(Count("pk")))


def ci_words(counts: dict[str, int]) -> str:
    """Say how many pull requests stand where: each is in one of the numbers."""
    others = sum(number for state, number in counts.items() if state not in dict(CI_WORDS))
    shown = [*((counts.get(state, 0), words) for state, words in CI_WORDS), (others, "without a build")]
    return ", ".join(f"{number:,} {words}" for number, words in shown)


def is_final(pull: PullRequest, now: datetime) -> bool:
    """Tell a pull request of which nothing is to be expected any more."""
    return bool(pull.closed_at and pull.state != PullRequest.State.OPEN and now - pull.closed_at > SETTLED)


def report_of(pull: PullRequest) -> ReportComment | None:
    """Return the report that stands on GitHub."""
    return pull.reports.filter(gone=False).first()


def builds_of(pull: PullRequest) -> list[Build]:
    """Return the builds of a pull request's branches, newest first."""
    return list(Build.objects.filter(pull_number=pull.number).order_by("-queued_at", "-pk")[:50])


def gate_note(pull: PullRequest, branches: Iterable[CIBranch]) -> str:
    """Return why a head runs that the trust gate would hold; "" where it would not, or does."""
    if not pull.held or pull.waiting == Waiting.APPROVAL:
        return ""
    if TrustGate.current().mode == TrustGate.Mode.OBSERVE:
        return f"The trust gate only observes. It would hold this head: {pull.held}."
    if pull.head_sha in {branch.sha for branch in branches}:
        return f"This head had its branch before the trust gate came, and keeps it; the next push waits: {pull.held}."
    return ""


def judged(pull: PullRequest) -> list[Judged]:
    """Return what failed on its head, and whether that seems to be its own fault."""
    own = PullRequest.objects.filter(author=pull.author).values_list("number", flat=True)
    return judge_pull(pull.number, pull.head_sha, {pull.number, *own})


def buttons(pull: PullRequest, builds: Iterable[Build], branches: Iterable[CIBranch]) -> list[Button]:
    """Return the acts that would do something for a pull request, as `requests` would decide in the next pass."""
    is_open = pull.state == PullRequest.State.OPEN
    heads = {branch.sha for branch in branches}
    going = any(build.status != Status.FINISHED and not build.gone_at for build in builds)
    applies = {
        "sync-pull": True,
        "retry": is_open and not going and pull.head_sha in heads,
        "cancel": going,
        "delete-branches": bool(heads - ({pull.head_sha} if is_open else set())),
        **dict.fromkeys(("approve-head", "trust-author"), is_open and bool(pull.held)),
    }
    asks = {act: text.format(head=pull.head_sha[:10]) for act, text in WARNINGS.items()}
    return [Button(act, title, asks.get(act, "")) for act, title in ACTS.items() if applies[act]]


def branches_of(pull: PullRequest) -> list[CIBranch]:
    """Return its branches in the CI repository."""
    return list(CIBranch.objects.filter(number=pull.number))


def timeline(pull: PullRequest, builds: Iterable[Build], report: ReportComment | None) -> list[Event]:
    """Return what happened to a pull request, newest first; at one moment, what follows stands above its cause."""
    events = [Event(pull.created_at, f"opened by {pull.author or 'a deleted account'}")]
    events.append(Event(pull.head_seen_at, f"head {pull.head_sha[:10]} seen"))
    for asked in JobRequest.objects.filter(job=JOB, subject=str(pull.number)).order_by("-pk")[:MAX_REQUESTS]:
        events += _request_events(asked)
    commands = list(pull.commands.all()[:MAX_EVENTS])
    events += [Event(each.commented_at, f"{each.author or 'somebody'} asked: {each.words}") for each in commands]
    events += map(_action_event, Action.objects.filter(job=JOB, subject=f"#{pull.number}")[:MAX_EVENTS])
    for build in sorted(builds, key=lambda build: build.external_id):
        events += _build_events(build)
    events += [_answer_event(each, each.settled_at) for each in commands if each.settled_at]
    if report:
        events.append(Event(report.written_at, "CI report last written"))
    if pull.closed_at:
        events.append(Event(pull.closed_at, "merged" if pull.merged_at else "closed"))
    return sorted(events, key=lambda event: event.at)[: -MAX_EVENTS - 1 : -1]


def _request_events(asked: JobRequest) -> list[Event]:
    """Say what somebody asked for by a button, and what came of that very request."""
    title = ACTS.get(asked.act, asked.act)
    waits = "" if asked.settled_at else "waits for a pass"
    events = [Event(asked.requested_at, f"{asked.requested_by or 'somebody'} pressed “{title}”", note=waits)]
    if asked.settled_at:
        run = JobRun.objects.filter(job=JOB, started_at__lte=asked.settled_at).values_list("pk", flat=True).first()
        url = reverse("run", args=[run]) if run else ""
        took = asked.settled_at - asked.requested_at
        events.append(Event(asked.settled_at, f"answered “{title}”: {asked.answer}", url, took))
    return events


def _answer_event(command: CommandComment, at: datetime) -> Event:
    return Event(at, f"answered: {command.get_state_display()}", command.build_url, at - command.commented_at)


def _build_events(build: Build) -> list[Event]:
    url, name = build.get_absolute_url(), f"build {build.external_id}"
    events = [Event(build.queued_at, f"{name} queued", url)] if build.queued_at else []
    if build.started_at:
        waited = build.started_at - build.queued_at if build.queued_at else None
        events.append(Event(build.started_at, f"{name} started", url, waited, "waited"))
    if build.finished_at:
        ran = build.finished_at - build.started_at if build.started_at else None
        events.append(Event(build.finished_at, f"{name} {build.get_result_display()}", url, ran, "ran"))
    return events


def _action_event(action: Action) -> Event:
    """Say what the bot did; what was its reason then need not be so any more, and is told as past."""
    notes = {
        Action.State.DONE: action.answer or (f"Reason then: {action.reason}" if action.reason else ""),
        Action.State.FAILED: action.answer or action.reason,
    }
    note = notes.get(Action.State(action.state), action.reason)
    return Event(action.settled_at or action.created_at, f"bot: {deed(action.kind, action.state)}", note=note)


def history_mark() -> dict[str, int]:
    """Return how far the backfill of closed pull requests has come: {"done": int, "total": int, "complete": bool}."""
    mark = Watermark.objects.filter(name="history").first()
    return mark.data if mark else {}


def quota() -> Watermark | None:
    """Return what is left of GitHub's hourly limit, as last told."""
    return Watermark.objects.filter(name="quota").first()
