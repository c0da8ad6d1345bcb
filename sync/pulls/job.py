"""`sync_pulls`: apache/flink's pull requests → branches in the CI repository, builds, commands and reports."""

from collections.abc import Callable
from time import monotonic

from django.conf import settings

from agents.builds.observe import observe_builds
from flinkci_dashboard.clients.azure import project as azure_client
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.git.cache import ls_remote
from flinkci_dashboard.clients.github import pulls as github_client
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.jobs.ledger import Ledger
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from sync.models import PullRequest, Repository
from sync.pulls.acts import CancelBuild, PullPlan, QueueBuild, RetryBuild, SettleCommands, Wanted, united
from sync.pulls.branches import HEADS, Branches
from sync.pulls.builds import Builds, settle_commands
from sync.pulls.github import Observer, live_pulls, note_quota, own_login
from sync.pulls.outcome import record_states
from sync.pulls.plan import plan
from sync.pulls.recovery import Recovery
from sync.pulls.replies import Replies
from sync.pulls.reported import read_reported
from sync.pulls.requests import Requests
from sync.pulls.rows import save_branches
from sync.pulls.state import JOB, PullStates
from sync.pulls.values import PullState

BOT = "flinkbot"  # whose reports observe mode looks at, whoever's token it has
SPEAKING = 240.0  # seconds that saying them may take

_looked_at_everything: set[str] = set()  # databases for which this process has looked at all open pull requests


def sync_pulls(current: Pass) -> None:
    """One pass: look, decide, act, decide anew what is to be said, say it, record."""
    by_role = {row.role: row for row in Repository.objects.all()}
    source, target = by_role.get(Repository.Role.SOURCE), by_role.get(Repository.Role.PULL_REQUESTS)
    if source is None or target is None:
        raise ConfigurationError("The repositories are not set up: run manage.py bootstrap.")
    token = github_client.token_fingerprint()
    if settings.SYNC_MODE == "active" and not token:
        raise ConfigurationError("SYNC_MODE is active and there is no GitHub token: store one, or set GITHUB_TOKEN.")
    with github_client.connect(str(source)) as github:
        PullsPass(current, github, source, target, token).run()
        note_quota(github)


class PullsPass:
    """One pass."""

    def __init__(self, current: Pass, github: GitHub, source: Repository, target: Repository, token: str) -> None:
        self.current, self.github, self.token = current, github, token
        self.source, self.target = source, target
        self.azure = azure_client.connect()
        self.active = settings.SYNC_MODE == "active"
        self.requests = Requests(current)
        self.ledger = Ledger(JOB, current.now, forced=current.asked_for_all, asked=self.requests.subjects())
        self.heads: dict[str, str] | None = None  # of the CI repository; None when it does not answer
        self.builds_known = False

    def run(self) -> None:
        """Look at everything; act only on what could be seen."""
        self.builds_known = self._try("Azure", lambda: observe_builds(self.current, self.azure))
        self._look_at_branches()
        try:
            self.observer = Observer(self.current, self.github, self._bot())
            self._look_at_github()
            pulls = live_pulls()
            self.observer.conversations(pulls)
            self.token = self.github.token_fingerprint()  # GitHub has said by now what it may do
        except ServiceError as error:
            self.current.fail(str(error))
            self._only_record()
            return
        self._work(pulls)
        self._try("GitHub", self.observer.check_reports)
        self._try("GitHub", self.observer.history)

    # Looking ----------------------------------------------------------------------------------

    def _bot(self) -> str:
        return own_login(self.github, self.token) if self.active else BOT

    def _look_at_branches(self) -> None:
        try:
            refs = ls_remote(self.target.git_url, (HEADS,), authenticate=True)
        except ServiceError as error:
            self.current.fail(f"{self.target}: {error}")
            return
        self.heads = {ref.removeprefix(HEADS): sha for ref, sha in refs.items()}
        if changed := save_branches(self.heads, self.current.now):
            self.current.count("branches_changed", changed)

    def _look_at_github(self) -> None:
        self.observer.changed_pulls()
        place = str(settings.DATABASES["default"]["NAME"])
        if self.observer.everything_due(at_start=place not in _looked_at_everything):
            self.observer.everything()
            _looked_at_everything.add(place)
        self.observer.comments()
        self.observer.branch_owners()
        self.requests.look(self.observer)
        if self.active:
            Recovery(self.current, self.ledger, self.github, self.azure, self.observer).settle(self.heads)

    def _try(self, who: str, function: Callable[[], None]) -> bool:
        try:
            function()
        except ServiceError as error:
            self.current.fail(str(error))
            return False
        return True

    def _only_record(self) -> None:
        """GitHub can't be read: nothing is done, and what is known of builds is shown."""
        states = PullStates(live_pulls(), self.token)
        found = {pull.number: states.state(pull) for pull in states.pulls}
        record_states(states, {n: plan(state, self.current.now) for n, state in found.items()}, found, self.current.now)
        self.requests.answer_rest("Nothing was done: GitHub does not answer.")

    # Working ----------------------------------------------------------------------------------

    def _work(self, pulls: list[PullRequest]) -> None:
        states = self._states([*pulls, *self.requests.others(pulls)])
        found = {pull.number: states.state(pull) for pull in states.pulls}
        plans = {number: plan(state, self.current.now) for number, state in found.items()}
        wished = self.requests.wanted(found, self.active)
        if self.active:
            self._act(plans, wished)
            touched = [pull.number for pull in pulls if plans[pull.number]]
            touched += [each.act.number for each in wished]
            later, plans_later, found_later = self._speak(touched)
            record_states(later, plans_later, found_later, self.current.now)
            states.pulls = [pull for pull in states.pulls if pull.number not in plans_later]
        record_states(states, plans, found, self.current.now)
        self.requests.answer_rest()

    def _states(self, pulls: list[PullRequest]) -> PullStates:
        states = PullStates(pulls, self.token)
        try:
            more = self.builds_known and read_reported(self.current, self.azure, pulls, states.bodies())
        except ServiceError as error:
            self.current.fail(str(error))
            return states
        return PullStates(pulls, self.token) if more else states

    def _act(self, plans: dict[int, PullPlan], wished: list[Wanted]) -> None:
        planned = [Wanted(act) for each in plans.values() for act in each.acts]
        wanted = united([*planned, *wished])
        builds = Builds(self.current, self.ledger, self.azure)
        for each in wanted if self.builds_known else ():
            if isinstance(each.act, CancelBuild):
                builds.carry_out(each)
        if self.heads is not None:
            Branches(self.current, self.ledger, self.source, self.target, self.token).carry_out(wanted)
        for each in wanted if self.builds_known else ():
            if isinstance(each.act, RetryBuild | QueueBuild):
                builds.carry_out(each)
            elif isinstance(each.act, SettleCommands):
                settle_commands(self.current, each.act)

    def _speak(self, numbers: list[int]) -> tuple[PullStates, dict[int, PullPlan], dict[int, PullState]]:
        """Decide anew for those that something was done for, and say it; returns how they stand then."""
        replies, until = Replies(self.current, self.ledger, self.github, self.token), monotonic() + SPEAKING
        pulls = list(PullRequest.objects.filter(number__in=numbers).order_by("-number"))
        states = PullStates(pulls, self.token)
        for place, pull in enumerate(pulls):
            for word in plan(states.state(pull), self.current.now).words:
                if replies.stopped or monotonic() > until:
                    break
                replies.say(word)
            self.current.progress("reporting", 100 * place // len(pulls))
        later = PullStates(list(PullRequest.objects.filter(number__in=numbers)), self.token)
        found = {pull.number: later.state(pull) for pull in later.pulls}
        return later, {number: plan(state, self.current.now) for number, state in found.items()}, found
