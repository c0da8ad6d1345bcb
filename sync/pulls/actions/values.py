"""What GitHub Actions has to do with a pull request: runs of its head, who has the say, what is said of it. PURE"""

import re
from dataclasses import dataclass
from datetime import datetime

RANK = ("FAILURE", "PENDING", "CANCELED", "SUCCESS")  # of several runs, the first of these tells
ODD = re.compile(r"[^\w ().,/+-]")  # in a name that others chose


@dataclass(frozen=True)
class Run:
    """The latest run of a workflow over the head. `status` is a `values.BuildStatus`."""

    id: int
    repository: str
    workflow: str
    status: str
    url: str
    attempt: int = 1
    ours: bool = False  # in a repository where the bot may run it again
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    unapproved: bool = False  # it has not begun: somebody has to let it, on GitHub


@dataclass(frozen=True)
class Actions:
    """Runs of the head, and what operators decided."""

    runs: tuple[Run, ...] = ()
    speaks: bool = False  # it has the say over pull requests, alone or beside the other service
    alone: bool = False
    pushing: bool = True  # heads are pushed to where the other service builds them
    checks: str = ""  # the page on which GitHub shows all runs of the head

    @property
    def deciding(self) -> Run | None:
        """Return the run that tells how all of them stand."""
        return min(self.runs, key=lambda run: (RANK.index(run.status), run.workflow), default=None)

    @property
    def to_repeat(self) -> list[Run]:
        """Return the runs whose failed jobs the bot may run again."""
        return [run for run in self.runs if run.ours and run.status in ("FAILURE", "CANCELED")]

    @property
    def under_way(self) -> Run | None:
        """Return a run of ours that will come to something."""
        return next((run for run in self.runs if run.ours and run.status == "PENDING"), None)

    @property
    def link(self) -> str:
        """Return where a person can run failed jobs again."""
        failed = self.deciding
        return failed.url if failed and failed.url else self.checks


def section(actions: Actions) -> str:
    """Return the section of a report; "" while the other service alone has the say."""
    if not actions.speaks:
        return ""
    who = "GitHub Actions decides" if actions.alone else "GitHub Actions decides, too,"
    head = f"### GitHub Actions\n\n{who} about this pull request."
    if not actions.runs:
        return f"{head} No run of its last commit is known yet: it runs in the author's fork, with Actions switched on."
    lines = [
        f"* {ODD.sub('', run.workflow)}: [{run.status}]({run.url}) in {ODD.sub('', run.repository)}"
        for run in sorted(actions.runs, key=lambda run: (run.workflow, run.id))
    ]
    return "\n".join([f"{head}\n", *lines])


def answer(url: str) -> str:
    """Return the answer to somebody who wants failed jobs to run again where the bot may not do that."""
    return (
        "Failed jobs of GitHub Actions are run again by those who may write to the repository that they ran in, which "
        f"this bot may not: please press “Re-run failed jobs” at {url}."
    )
