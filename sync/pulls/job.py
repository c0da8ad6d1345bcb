"""`sync_pulls`: apache/flink's pull requests → branches in the CI repository, builds, commands and reports."""

import logging
from collections.abc import Callable, Iterable
from time import monotonic

from agents.builds.observe import observe_builds
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.git.refs import ls_remote
from flinkci_dashboard.clients.github import pulls as github_client
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.clients.providers import BUILDS_PULLS, connect
from flinkci_dashboard.jobs.clocks import were_ahead
from flinkci_dashboard.jobs.ledger import Ledger, settle_in_past
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from sync.merging.rows import refresh_sections
from sync.models import CIBranch, PullRequest, Repository
from sync.pulls.actions.reruns import Reruns
from sync.pulls.acts import CancelBuild, PullPlan, QueueBuild, RetryBuild, SettleCommands, Wanted, united
from sync.pulls.branches import HEADS, Branches
from sync.pulls.builds import Builds, read_reported, settle_commands
from sync.pulls.github.bases import read_bases
from sync.pulls.github.conversations import Conversations
from sync.pulls.github.pulls import Budget, Observer, note_quota, own_login
from sync.pulls.outcome import Decision, record_states
from sync.pulls.plan import plan
from sync.pulls.recovery import Recovery
from sync.pulls.replies import Replies, failed_texts
from sync.pulls.requests import Requests
from sync.pulls.rows import live_pulls, move_times_back, save_branches
from sync.pulls.settled import Settled
from sync.pulls.state import JOB, PullStates
from sync.pulls.trust.gate import FilesReader, note_holds, settle_grants

BOT = "flinkbot"  # whose reports observe mode looks at, whoever's token it has
SPEAKING = 240.0  # seconds that saying them may take

log = logging.getLogger(__name__)


def sync_pulls(current: Pass) -> None:
    """One pass: look, decide, act, decide anew what is to be said, say it, record."""
    by_role = {row.role: row for row in Repository.objects.all()}
    source, target = by_role.get(Repository.Role.SOURCE), by_role.get(Repository.Role.PULL_REQUESTS)
    if source is None or target is None:
        raise ConfigurationError("The repositories are not set up: run manage.py bootstrap.")
    token = github_client.token_fingerprint()
    if is_active("sync_pulls") and not token:
        raise ConfigurationError("SYNC_MODE is active and there is no GitHub token: store one, or set GITHUB_TOKEN.")
    with github_client.connect(str(source)) as github:
        PullsPass(current, github, source, target, token).run()
        note_quota(github)


class PullsPass:
    """One pass."""

    def __init__(self, current: Pass, github: GitHub, source: Repository, target: Repository, token: str) -> None:
        self.current, self.github, self.token = current, github, token
        self.source, self.target = source, target
        self.service = connect(BUILDS_PULLS)
        self.active = is_active("sync_pulls")
        self.requests = Requests(current)
        self.ledger = Ledger(JOB, current.now, forced=current.asked_for_all, asked=self.requests.subjects())
        self.heads: dict[str, str] | None = None  # of the CI repository; None when it does not answer
        self.builds_known = self.heard = False  # whether Azure's builds, and GitHub's comments, could be read
        self.all_known = False  # whether the builds that reports name are known, too

    def run(self) -> None:
        """Look at everything; act only on what could be seen."""
        if were_ahead(self.current.now):
            move_times_back(self.current.now)
            settle_in_past(self.current.now)
        self.builds_known = self._try(lambda: observe_builds(self.current, self.service))
        self._look_at_branches()
        try:
            conversations = self._look_at_github()
        except ServiceError as error:
            self.current.fail(str(error))
            self._only_record()
            return
        if changed := refresh_sections(self.current.fail):
            self.current.count("sections_changed", changed)
        self._work(conversations)
        self._try(conversations.check_all)
        self._try(conversations.observer.history)

    # Looking ----------------------------------------------------------------------------------

    def _look_at_branches(self) -> None:
        try:
            refs = self._branches()
        except ServiceError as error:
            self.current.fail(f"{self.target}: {error}")
            return
        self.heads = {ref.removeprefix(HEADS): sha for ref, sha in refs.items()}
        if changed := save_branches(self.heads, self.current.now):
            self.current.count("branches_changed", changed)

    def _branches(self) -> dict[str, str]:
        """List the branches; git takes an answer without a byte for an empty repository, so that one is asked again."""
        found = ls_remote(self.target.git_url, (HEADS,), authenticate=True)
        if not found and CIBranch.objects.exists():
            found = ls_remote(self.target.git_url, (HEADS,), authenticate=True)
        return found

    def _look_at_github(self) -> Conversations:
        """Read what GitHub has to tell. Without the list of what changed, nothing is done; all else can wait."""
        budget = Budget(self.github)
        observer = Observer(self.current, self.github, budget)
        bot = own_login(self.github, self.token) if self.active else BOT
        conversations = Conversations(self.current, self.github, bot, observer, budget)
        observer.changed_pulls()
        if observer.everything_due():
            self._try(observer.everything)
        self.heard = self._try(conversations.stream)
        self._try(observer.branch_owners)
        self.requests.look(conversations)
        if self.active:
            Recovery(self.current, self.ledger, self.github, self.service, conversations).settle(self.heads)
        conversations.read_new(live_pulls().filter(conversation_read_at=None))
        self._try(FilesReader(self.current, self.github, budget).read)
        self._try(lambda: read_bases(self.current, self.github))
        self.token = self.github.token_fingerprint()  # GitHub has said by now what it may do
        return conversations

    def _try(self, function: Callable[[], object]) -> bool:
        try:
            function()
        except ServiceError as error:
            self.current.fail(str(error))
            return False
        return True

    def _only_record(self) -> None:
        """GitHub can't be read: nothing is done, and what is known of builds is shown."""
        states = PullStates(list(live_pulls()), self.token)
        record_states(states, self._decide(states), self.current.now)
        self.requests.answer_rest("Nothing was done: GitHub does not answer.")

    # Deciding ---------------------------------------------------------------------------------

    def _states(self, pulls: list[PullRequest]) -> PullStates:
        states = PullStates(pulls, self.token)
        states.settle_served()
        try:
            more = self.builds_known and read_reported(self.current, self.service, pulls, states.bodies())
        except ServiceError as error:
            self.current.fail(str(error))
            return states
        self.all_known = self.builds_known and not more
        return PullStates(pulls, self.token) if more else states

    def _decide(self, states: PullStates) -> dict[int, Decision]:
        """Decide for each pull request. One that can't be understood does not stop the others."""
        decided: dict[int, Decision] = {}
        for pull in states.pulls:
            try:
                state = states.state(pull)
                decided[pull.number] = Decision(state, plan(state, self.current.now))
            except Exception as error:
                log.exception("#%s can't be understood", pull.number)
                self.current.fail(f"#{pull.number}: {type(error).__name__}: {error}")
        return decided

    # Working ----------------------------------------------------------------------------------

    def _work(self, conversations: Conversations) -> None:
        settled = Settled(self.current.now, self.token, self.active)
        pulls = settled.moved()
        states = self._states([*pulls, *self.requests.others(pulls)])
        decided = self._decide(states)
        wished = self.requests.wanted({number: each.state for number, each in decided.items()}, self.active)
        if self.active:
            states, decided = self._at_the_gate(states, decided, wished)
            self._act([each.plan for each in decided.values()], wished, conversations.observer)
            touched = {number for number, each in decided.items() if each.plan} | {each.act.number for each in wished}
            replies = Replies(self.current, self.ledger, self.github, self.token)
            later = self._speak(touched, replies)
            if bare := conversations.check_changed(replies.reported):
                touched |= bare
                later = self._speak(touched, replies)
            decided_later = self._decide(later)
            record_states(later, decided_later, self.current.now)
            states.pulls = [pull for pull in states.pulls if pull.number not in touched]
        record_states(states, decided, self.current.now)
        if self.all_known:
            settled.note(decided, self.active)
        self.requests.answer_rest()

    def _at_the_gate(
        self, states: PullStates, decided: dict[int, Decision], wished: Iterable[Wanted]
    ) -> tuple[PullStates, dict[int, Decision]]:
        """Let run what people let run, before anything is pushed, and note what waits; returns how all stand then."""
        planned = [Wanted(act) for each in decided.values() for act in each.plan.acts]
        if settle_grants(self.current, self.ledger, [*planned, *wished]):
            states = PullStates(states.pulls, self.token)
            decided = self._decide(states)
        note_holds(self.ledger, [each.state for each in decided.values()])
        return states, decided

    def _act(self, plans: Iterable[PullPlan], wished: list[Wanted], observer: Observer) -> None:
        planned = [Wanted(act) for each in plans for act in each.acts]
        wanted = united([*planned, *wished])
        builds = Builds(self.current, self.ledger, self.service)
        for each in wanted if self.builds_known else ():
            if isinstance(each.act, CancelBuild):
                builds.carry_out(each)
        if self.heads is not None:
            repositories = (self.source, self.target)
            branches = Branches(self.current, self.ledger, *repositories, self.token, observer.heads_now)
            branches.carry_out(wanted)
        for each in wanted if self.builds_known else ():
            if isinstance(each.act, RetryBuild | QueueBuild):
                builds.carry_out(each)
            elif isinstance(each.act, SettleCommands):
                settle_commands(self.current, each.act)
        Reruns(self.current, self.ledger).serve(wanted)

    def _speak(self, numbers: set[int], replies: Replies) -> PullStates:
        """Decide anew for those that something was done for, and say it; returns how they stand then."""
        until = monotonic() + SPEAKING
        states = PullStates(list(PullRequest.objects.filter(number__in=numbers).order_by("-number")), self.token)
        decided = self._decide(states) if self.heard else {}
        failed = failed_texts()
        for place, number in enumerate(sorted(decided, key=lambda number: (number in failed, -number))):
            for word in decided[number].plan.words:
                if replies.stopped or monotonic() > until:
                    break
                replies.say(word)
            self.current.progress("reporting", 100 * place // len(decided))
        return PullStates(list(PullRequest.objects.filter(number__in=numbers)), self.token)
