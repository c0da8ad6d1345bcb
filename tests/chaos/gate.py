"""The trust gate: strangers' heads wait for a member's word; who says what, and what may run for it."""

from collections.abc import Iterator

from sync.models import TrustGate
from tests.chaos.town import AUTHORS, MEMBER, STRANGERS, Town

BUILD_FILE = "pom.xml"
APPROVE, TRUST = "@flinkbot approve", "@flinkbot trust"


def set_up(town: Town, files: bool) -> None:
    """Put the gate on in this campaign, for changed build files too."""
    TrustGate.objects.update_or_create(defaults={"mode": "on" if town.gated else "observe", "hold_files": files})


# What people do ---------------------------------------------------------------------------------


def _approve(town: Town) -> None:
    """Somebody lets a head run, by its name or without; some who say so may not."""
    if not town.gated or not (numbers := town.open_numbers()):
        return
    number, login = town.dice.choice(numbers), town.dice.choice((MEMBER, MEMBER, MEMBER, *STRANGERS))
    sha = town.dice.choice((town.head(number), town.head(number), ""))
    _say(town, number, login, f"{APPROVE} {sha}".strip(), sha or "?")


def _trust(town: Town) -> None:
    if town.gated and (numbers := town.open_numbers()):
        number = town.dice.choice(numbers)
        _say(town, number, town.dice.choice((MEMBER, *STRANGERS)), TRUST, "")


def _push_build_file(town: Town) -> None:
    if numbers := town.open_numbers():
        town.push(town.dice.choice(numbers), {BUILD_FILE: f"<project>{town.dice.random()}</project>\n"})


def _say(town: Town, number: int, login: str, words: str, sha: str) -> None:
    town.approvals[town.world.pulls.comment(number, words, login)] = (number, login, sha)


EVENTS = ((_approve, 2.0), (_trust, 0.2), (_push_build_file, 0.5))


# What follows -----------------------------------------------------------------------------------


def may_run(town: Town, number: int, sha: str) -> bool:
    """Tell whether a commit may have a branch, by what anybody ever said; a word without a name may mean any head."""
    if not town.gated or (town.author(number) not in STRANGERS and not _holds_files(town, number, sha)):
        return True
    spoken = [said for said in town.approvals.values() if said[1] == MEMBER]
    if any(where == number and meant in (sha, "?") for where, _, meant in spoken):
        return True
    vouched = any(not meant and town.author(where) == town.author(number) for where, _, meant in spoken)
    return (vouched or town.author(number) in town.merged) and not _holds_files(town, number, sha)


def held(town: Town, number: int) -> bool | None:
    """Tell whether a head has to wait now; None where it depends on what the bot had seen when somebody spoke."""
    sha = town.head(number)
    if not may_run(town, number, sha):
        return True
    if not town.gated or (town.author(number) in AUTHORS and not _holds_files(town, number, sha)):
        return False
    done = {said for id, said in town.approvals.items() if said[1] == MEMBER and "+1" in _answers(town, id)}
    return False if any(where == number and meant == sha for where, _, meant in done) else None


def _holds_files(town: Town, number: int, sha: str) -> bool:
    """Tell whether a head changes build files; of former heads nothing is known."""
    if not TrustGate.current().hold_files or sha != town.head(number):
        return False
    return any(BUILD_FILE in (each.name, each.former) for each in town.world.pulls.changes(number))


def _answers(town: Town, comment: int) -> set[str]:
    return {content for login, content in town.world.pulls.comments[comment].reactions if login == "flinkbot"}


def strangers_wait(town: Town, branches: dict[int, set[str]]) -> Iterator[str]:
    """Nobody's code runs whom the gate holds."""
    for number, found in branches.items():
        for sha in found:
            if not may_run(town, number, sha):
                yield f"#{number} of {town.author(number)} runs at {sha}, and nobody let it"


def approvals_are_answered(town: Town) -> Iterator[str]:
    """Whoever may not approve is refused; every approval has its answer."""
    for id, (number, login, _) in town.approvals.items():
        given = _answers(town, id)
        fine = {"-1", "eyes"} if login in STRANGERS else {"+1", "eyes", "confused"}
        if number not in town.banned and (not given or given - fine or len(given - {"eyes"}) > 1):
            yield f"the word {id} of {login} on #{number} was answered by {given or 'nothing'}"


RULES = (approvals_are_answered,)
