"""Failed jobs of GitHub Actions, run again for the sake of commands."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial

from django.db import transaction

from agents.builds.rows import save_builds
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, RefusedError
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.clients.providers import connect_runs
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from sync.models import CommandComment
from sync.pulls.acts import AnswerCommands, RerunRun, Wanted
from sync.pulls.values import CommandState

RERUN = "rerun-run"


class Reruns:
    """Re-runs. Where GitHub does not let us, the commands are answered instead."""

    def __init__(self, current: Pass, ledger: Ledger) -> None:
        self.current, self.ledger = current, ledger
        self._attempts = Attempts(current, ledger)

    def serve(self, wanted: Iterable[Wanted]) -> None:
        """Do what is wanted of GitHub Actions, and note what is to be answered instead."""
        for each in wanted:
            if isinstance(each.act, RerunRun):
                self._carry_out(each.act, each.causes)
            elif isinstance(each.act, AnswerCommands):
                self._note(each.act.commands, each.act.url, CommandState.ANSWERED)

    def _carry_out(self, act: RerunRun, causes: tuple[str, ...]) -> None:
        facts = {"number": act.number, "run": act.run_id, "repository": act.repository, "attempt": act.attempt}
        payload = facts | {"url": act.url, "commands": list(act.commands)}
        key = f"rerun:{act.run_id}:{act.attempt}"
        intent = Intent(key, RERUN, f"#{act.number}", act.reason, payload, causes)
        self._attempts.attempt(intent, partial(self._rerun))

    def settle_lost(self, action: Action) -> bool:
        """Look whether a run that a killed pass wanted to repeat has gone on since; tells whether it has."""
        with closing(connect_runs()) as github:
            build = github.of(action.payload["repository"]).build(action.payload["run"])
        went_on = build.attempt > action.payload["attempt"] or build.status != "finished"
        if went_on:
            self._settle(action, build)
        return went_on

    def _rerun(self, action: Action) -> None:
        facts = action.payload
        try:
            with closing(connect_runs()) as github:
                build = github.of(facts["repository"]).retry_build(facts["run"])
        except (NotAuthorizedError, NotFoundError, RefusedError) as error:
            with transaction.atomic():
                self._note(facts["commands"], facts["url"], CommandState.ANSWERED)
                self.ledger.failed(action, answer=str(error))
            self.current.count("reruns_refused")
            return
        self._settle(action, build)
        self.current.count("runs_repeated")

    def _settle(self, action: Action, build: BuildFacts) -> None:
        with transaction.atomic():
            save_builds([build], self.current.now)
            self._note(action.payload["commands"], action.payload["url"], CommandState.RERUN)
            self.ledger.done(action, answer=f"attempt {build.attempt} of run {build.external_id}")

    def _note(self, commands: Sequence[int], url: str, state: CommandState) -> None:
        waiting = CommandComment.objects.filter(comment_id__in=commands, state=CommandState.WAITING)
        settled = waiting.update(state=state, build_url=url, settled_at=self.current.now)
        self.current.count("commands_settled", settled)
