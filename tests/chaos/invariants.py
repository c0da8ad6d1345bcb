"""What is right when everything works again, whatever has been."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator

from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox import MIRROR, PULLS
from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build
from sync.pulls.report import Report, is_report, parse
from tests.chaos import alarms, gate, hooks, processes, workflows
from tests.chaos.town import MIRRORED, Town, number_of

STATUS = {"succeeded": "SUCCESS", "failed": "FAILURE", "canceled": "CANCELED", None: "PENDING"}
HIDDEN = "DELETED"
ANSWER = re.compile(r"<!-- answer to (\d+) -->")
MARK = re.compile(r"Reported by the CI dashboard for \S+ on \S+\.")
WAITS = "**Waits for approval:**"


def check(town: Town) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, each by the name of a rule and a sentence."""
    for rule in RULES:
        for wrong in rule(town):
            yield name_of(rule), wrong


def name_of(rule: Callable) -> str:
    """Return a rule's name in words."""
    return rule.__name__.strip("_").replace("_", " ")


def branches_of(town: Town) -> dict[int, set[str]]:
    """Return pull request → the commits of its branches in the CI repository."""
    found: dict[int, set[str]] = {}
    for name in town.world.heads(PULLS):
        if name.startswith("ci_"):
            _, number, sha = name.split("_")
            found.setdefault(int(number), set()).add(sha)
    return found


def report_of(town: Town, number: int) -> Report | None:
    """Return a pull request's report, if it has exactly one."""
    found = [each.body for each in town.world.pulls.reports(number) if is_report(each.body)]
    return parse(found[0]).report if len(found) == 1 else None


def _mirror(town: Town) -> Iterator[str]:
    """Every mirrored branch is where its source is, and nothing else is mirrored."""
    source, mirror = town.world.heads(), town.world.heads(MIRROR)
    for branch in MIRRORED:
        if mirror.get(branch) != source[branch]:
            yield f"{branch} is at {mirror.get(branch)}, not at {source[branch]}"
    for name in mirror.keys() - set(MIRRORED):
        yield f"{name} was never to be mirrored"


def _nothing_forced(town: Town) -> Iterator[str]:
    """No mirrored branch ever went back or aside; every CI branch is at its commit."""
    folder = town.world.repositories.path(MIRROR)
    for log in (folder / "logs/refs/heads").glob("*"):
        for line in log.read_text().splitlines():
            old, new = line.split()[:2]
            ancestry = ["git", "--git-dir", str(folder), "merge-base", "--is-ancestor", old, new]
            if set(old) != {"0"} and subprocess.run(ancestry, capture_output=True).returncode:
                yield f"{log.name} went from {old} to {new}"
    for name, sha in town.world.heads(PULLS).items():
        if not name.endswith(sha):
            yield f"{name} is at {sha}"


def _branches(town: Town) -> Iterator[str]:
    """Every open pull request has a branch for its head, unless it waits for approval; closed ones have none."""
    found, live = branches_of(town), set(town.open_numbers())
    for number in live:
        waits = gate.held(town, number)
        if waits is False and town.head(number) not in found.get(number, ()):
            yield f"#{number} has no branch for its head"
        if waits and not any(WAITS in each.body for each in town.world.pulls.reports(number)):
            yield f"#{number} waits for approval, and its report does not say so"
        others = found.get(number, set()) - {town.head(number)}
        if len(others) > 1 or (others and _latest(town, number, COMPLETED)):
            yield f"#{number} has branches for former heads: {others}"
    for number in found.keys() - live:
        yield f"#{number} is closed and has a branch"


def _latest(town: Town, number: int, status: str = "") -> Build | None:
    builds = [b for b in town.builds(number) if b.version == town.head(number) and status in ("", b.status)]
    return builds[-1] if builds else None


def _reports(town: Town) -> Iterator[str]:
    """Every open pull request has one report, no other more than one."""
    for number in town.world.pulls.by_number:
        count = sum(is_report(each.body) for each in town.world.pulls.reports(number))
        if count > 1 or (number in town.open_numbers() and count != 1):
            yield f"#{number} has {count} reports"


def _truth(town: Town) -> Iterator[str]:
    """Reports say of each build what it is."""
    for number in town.open_numbers():
        report = report_of(town, number)
        if report:
            told = {entry.build_id: entry.status for entry in report.known if entry.build_id}
            yield from _lies(town, number, told)
            latest = _latest(town, number)
            if latest and told.get(latest.id, HIDDEN) == HIDDEN:
                yield f"#{number} does not tell of {latest.id}, its head's latest build"


def _lies(town: Town, number: int, told: dict[int, str]) -> Iterator[str]:
    for id, status in told.items():
        build = town.world.azure.builds.get(id)
        if build is None or number_of(build) != number:
            yield f"#{number} tells of build {id}, which is another's"
        elif status not in (HIDDEN, STATUS[build.result]) and build.kept:
            yield f"#{number} tells {status} of build {id}, which is {build.status} {build.result}"


def _superseded(town: Town) -> Iterator[str]:
    """Builds of what is no pull request's head are canceled."""
    live = {number: town.head(number) for number in town.open_numbers()}
    for build in town.world.azure.builds.values():
        number = number_of(build)
        if number and build.kept and build.status != COMPLETED and live.get(number) != build.version:
            yield f"build {build.id} of #{number} goes on, for nobody"


def _builds(town: Town) -> Iterator[str]:
    """Every head has its build, and none that we canceled."""
    for number in town.open_numbers():
        latest = _latest(town, number)
        if latest and latest.result == "canceled" and number not in town.stopped:
            yield f"#{number} is left with its head's build {latest.id} canceled"
        if latest is None and gate.held(town, number) is False and not _expired(town, number):
            yield f"#{number} has no build of its head"


def _expired(town: Town, number: int) -> bool:
    name = f"ci_{number}_{town.head(number)}"
    return any(b.branch == name and not b.kept for b in town.world.azure.builds.values())


def _commands(town: Town) -> Iterator[str]:
    """Every command is answered exactly once."""
    for id, number in town.commands.items():
        given = _reactions(town, id)
        silent = not given & {"eyes", "+1"} and number not in town.banned
        if silent or given - {"eyes", "+1", "confused"}:
            yield f"command {id} on #{number} was answered by {given or 'nothing'}"
        report = report_of(town, number)
        held = sum(entry.trigger_id == str(id) for entry in report.known) if report else 0
        if held > 1:
            yield f"command {id} stands in the report of #{number} {held} times"


def _misunderstood(town: Town) -> Iterator[str]:
    """What nobody understands is said so, exactly once."""
    for id, number in town.unknown.items():
        given = _reactions(town, id)
        replies = sum(f"answer to {id}" in each.body for each in town.world.pulls.reports(number))
        if number not in town.banned and (given != {"confused"} or replies != 1):
            yield f"what {id} says on #{number} was answered by {given} and {replies} replies"


def _reactions(town: Town, comment: int) -> set[str]:
    return {content for login, content in town.world.pulls.comments[comment].reactions if login == "flinkbot"}


def _reruns(town: Town) -> Iterator[str]:
    """Each reason runs a build again once at most; one that was missing is a reason of its own."""
    for number, count in town.reruns.items():
        missing = Action.objects.filter(kind="queue-missing", subject=f"#{number}").count()
        if number and count > town.asked[number] + missing:
            yield f"the builds of #{number} were run again {count} times, for {town.asked[number]} reasons"


def _labels(town: Town) -> Iterator[str]:
    """Labels are those of the ticket's components, and those that people gave."""
    for number in town.world.pulls.by_number:
        pull = town.world.pulls.by_number[number]
        ours = {name for name in pull.labels if name.startswith("component=")}
        ticket = town.world.jira.find(pull.title[1:].partition("]")[0]) if pull.title.startswith("[FLINK-") else None
        wanted = {f"component={each.replace(' ', '')}" for each in ticket.components} if ticket else ours
        if pull.state == "open" and ours != wanted:
            yield f"#{number} ({pull.title!r}) has {ours}, not {wanted}"
        if missing := town.kept.get(number, set()) - set(pull.labels):
            yield f"#{number} lost {missing}, which people gave"


def _replies(town: Town) -> Iterator[str]:
    """Nobody is answered twice in words."""
    words = [
        found
        for each in town.world.pulls.comments.values()
        if each.login == "flinkbot"
        for found in ANSWER.findall(each.body)
    ]
    for comment, count in Counter(words).items():
        if count > 1:
            yield f"the comment {comment} has {count} replies"


def _spoken(town: Town) -> Iterator[str]:
    """A ticket of a known failure is commented on once a day at most."""
    for ticket in town.world.jira.by_id.values():
        marks = Counter(found for each in ticket.comments for found in MARK.findall(each.body))
        for mark, count in marks.items():
            if count > 1:
                yield f"{ticket.key} has {count} comments of one day: {mark}"


CRASH, LIVE, KEPT, REST = "no crash", "no live build", "no live branch", "rest"
MEANWHILE = {  # what is looked at while it happens, and not in the end
    CRASH: "No pass raises anything, and each ends.",
    LIVE: "No build of a live head is canceled.",
    KEPT: "No branch of a live head is deleted.",
    REST: "A pass over a settled world writes nothing.",
    name_of(gate.strangers_wait): str(gate.strangers_wait.__doc__),
}
RULES = (
    _mirror,
    _nothing_forced,
    _branches,
    _reports,
    _truth,
    _superseded,
    _builds,
    _commands,
    _misunderstood,
    _replies,
    _reruns,
    _labels,
    _spoken,
    *gate.RULES,
    *workflows.RULES,
    *alarms.RULES,
    *hooks.RULES,
    *processes.RULES,
)


def names() -> dict[str, str]:
    """Return each invariant and what it says."""
    return MEANWHILE | {name_of(rule): str(rule.__doc__).splitlines()[0] for rule in RULES}
