"""Answers that look fine and are not true."""

from collections.abc import Callable
from datetime import timedelta

from tests.chaos.machine import START, Machine
from tests.chaos.town import Town

BEHIND = timedelta(minutes=3)  # the most that a replica is
LISTS = (  # addresses of lists, each with an empty one
    ("github", "GET", r"/pulls\?", "[]"),
    ("github", "GET", r"/issues/comments\?", "[]"),
    ("github", "GET", r"/issues/\d+/comments\?", "[]"),
    ("github", "GET", r"/labels\?", "[]"),
    ("github", "GET", r"/actions/runs\?", '{"total_count": 0, "workflow_runs": []}'),
    ("github", "GET", r"/actions/runs/\d+/.*jobs\?", '{"total_count": 0, "jobs": []}'),
    ("git", "GET", "info/refs", ""),
    ("jira", "", "/search", '{"startAt": 0, "maxResults": 50, "total": 0, "issues": []}'),
)
EXISTING = (  # addresses of what exists
    *(r"/pulls/\d+\?", r"/issues/\d+/comments\?", r"/issues/\d+\?", r"/pulls/\d+/files"),
    *(r"builds/\d+\?", "timeline", "/agents", r"/actions/runs/\d+", "/actions/workflows"),
)


def _empty_list(town: Town, machine: Machine) -> None:
    """200 with nothing."""
    town.lying = True
    service, method, path, body = town.dice.choice(LISTS)
    times = town.dice.randrange(1, 4)
    town.world.fault(service=service, method=method, path=path, status=200, body=body, times=times)


def _not_found(town: Town, machine: Machine) -> None:
    """404 for what exists."""
    town.lying = True
    path, skip = town.dice.choice(EXISTING), town.dice.randrange(3)
    town.world.fault(path=path, status=404, skip=skip, times=town.dice.randrange(1, 4))


def _stale_read(town: Town, machine: Machine) -> None:
    """Answers of a replica that is behind, to some questions."""
    town.lying = True
    name = town.dice.choice(("github", "azure"))
    service = getattr(town.world, name)
    at, then = town.memories.get(name, (START, None))
    recent = town.world.clock.now() - at < BEHIND and town.dice.random() < 0.5
    service.lag(then if recent else None, times=town.dice.randrange(1, 8))
    town.memories[name] = town.world.clock.now(), service.remembered()


def _lagging_refs(town: Town, machine: Machine) -> None:
    town.world.pulls.refs_lag = True
    for number in town.open_numbers()[:2]:
        town.push(number)


def _lost_ref(town: Town, machine: Machine) -> None:
    town.world.pulls.lose_ref(town.dice.choice(town.open_numbers()))


def _blind_lists(town: Town, machine: Machine) -> None:
    town.lying = True
    town.world.azure.lists_nothing = True


def _short_lists(town: Town, machine: Machine) -> None:
    town.lying = True
    known = list(town.world.azure.builds)
    town.world.azure.hidden = set(town.dice.sample(known, len(known) // 2))


def _deep_pages(town: Town, machine: Machine) -> None:
    town.world.github.last_page = 2


def _banned_author(town: Town, machine: Machine) -> None:
    number = town.dice.choice(town.open_numbers())
    town.world.pulls.hide(number, listed=town.dice.random() < 0.5)
    town.banned.add(number)


FAILURES: tuple[Callable[[Town, Machine], None], ...] = (
    _empty_list,
    _empty_list,
    _not_found,
    _not_found,
    _stale_read,
    _stale_read,
    _lagging_refs,
    _lost_ref,
    _blind_lists,
    _short_lists,
    _deep_pages,
    _banned_author,
)
