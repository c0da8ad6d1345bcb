"""GitHub Actions: runs that start and fail, people who ask for their re-run, and rows that say the same."""

from collections import Counter
from collections.abc import Iterator

from agents.models import Build
from flinkci_dashboard.sandbox import PULLS, SOURCE
from flinkci_dashboard.sandbox.actions.data import COMPLETED
from tests.chaos.town import Town

RESULTS = {"success": "succeeded", "failure": "failed", "cancelled": "canceled", "skipped": "skipped"}
ENDED = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled", "partiallySucceeded": "partial"}


def watch(town: Town) -> None:
    """Count which runs the bot runs again."""
    actions = town.world.actions
    rerun = actions.rerun

    def watched(id: int, everything: bool = False, actor: str = "", *more: object) -> None:
        rerun(id, everything, actor, *more)  # type: ignore[arg-type]
        town.repeats[id] += actor == "flinkbot"

    actions.rerun = watched  # type: ignore[method-assign]


def _start_run(town: Town) -> None:
    """A run begins: of a pull request's head in our repository or in its own, or of master."""
    if not (numbers := town.open_numbers()):
        return
    number = town.dice.choice(numbers)
    head = town.head(number)
    place = town.dice.choice(
        (
            (PULLS, f"ci_{number}_{head}", head),
            (SOURCE, "patch", head),
            (SOURCE, "master", town.world.heads()["master"]),
        )
    )
    town.world.actions.start(place[0], "ci.yml", *place[1:])


def _finish_run(town: Town) -> None:
    now = town.world.clock.now()
    if going := [run for run in town.world.actions.runs.values() if run.status(now) != COMPLETED]:
        town.world.actions.finish(town.dice.choice(going).id, town.dice.choice(("success", "failure")))


def _ask_for_runs(town: Town) -> None:
    if numbers := town.open_numbers():
        number = town.dice.choice(numbers)
        town.actions_asked[town.world.pulls.comment(number, "@flinkbot run gha", "li")] = number


EVENTS = ((_start_run, 1.5), (_finish_run, 1.5), (_ask_for_runs, 0.7))


def runs_again(town: Town) -> Iterator[str]:
    """A run of GitHub Actions is run again once at most for each comment that asks; every comment is answered once."""
    asked = Counter(town.actions_asked.values())
    for id, times in town.repeats.items():
        branch = town.world.actions.runs[id].branch
        number = int(branch.split("_")[1]) if branch.startswith("ci_") else 0
        if times > asked[number]:
            yield f"the run {id} of #{number} was run again {times} times, for {asked[number]} comments"
    for id, number in town.actions_asked.items():
        comment = town.world.pulls.comments[id]
        given = {content for login, content in comment.reactions if login == "flinkbot"}
        if number not in town.banned and (not given or given - {"eyes", "+1"}):
            yield f"the comment {id} on #{number}, about runs, was answered by {given or 'nothing'}"


def rows(town: Town) -> Iterator[str]:
    """What is kept of builds and runs is what they are."""
    kept = {(row.provider, row.external_id): row for row in Build.objects.all()}
    for build in town.world.azure.builds.values():
        row = kept.get(("azure", build.id))
        if build.kept and (row is None or row.result != ENDED.get(build.result or "", "")):
            yield f"build {build.id} is {build.status} {build.result}, and kept as {row and (row.status, row.result)}"
    now = town.world.clock.now()
    for run in town.world.actions.runs.values():
        row, outcome = kept.get(("actions", run.id)), run.outcome(now)
        if row is None or row.result != RESULTS.get(outcome or "", ""):
            yield f"run {run.id} ended as {outcome}, and is kept as {row and (row.status, row.result)}"


RULES = (runs_again, rows)
