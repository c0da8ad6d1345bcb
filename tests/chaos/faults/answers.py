"""What services answer when they are ill, at the level of HTTP."""

from collections.abc import Callable

from tests.chaos.machine import Machine
from tests.chaos.town import Town

SERVICES = ("github", "github", "azure", "azure", "git", "jira", "sink")  # the last takes alerts
PAST = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000000"}
PAGE = "<html><head><title>Unicorn!</title></head><body>This page is taking too long to load.</body></html>"
LIMIT = '{"message": "API rate limit exceeded for user ID 1."}'


def _once(town: Town, services: tuple[str, ...] = SERVICES, **facts: object) -> None:
    """Let a few requests to one service run into a fault, some way into the pass."""
    dice, service = town.dice, town.dice.choice(services)
    skip = 0 if service == "sink" else dice.randrange(12)
    town.world.fault(service=service, skip=skip, times=dice.randrange(1, 6), **facts)


def _server_error(town: Town, machine: Machine) -> None:
    _once(town, status=town.dice.choice((500, 502, 503, 504)))


def _outage(town: Town, machine: Machine) -> None:
    town.world.fault(service=town.dice.choice(SERVICES), status=503, times=None)


def _limit(town: Town, machine: Machine) -> None:
    """A refusal for the sake of limits, of each kind: with and without a time, and with one that is past."""
    kinds: tuple[dict[str, object], ...] = (
        {"status": 403},
        {"status": 429},
        {"status": 429, "retry_after": 5},
        {"status": 403, "retry_after": 300},
        {"status": 403, "headers": PAST, "body": LIMIT},
        {"status": 429, "headers": PAST, "body": LIMIT},
        {"rate_limit": "primary"},
        {"rate_limit": "secondary"},
    )
    _once(town, **town.dice.choice(kinds))


def _reset(town: Town, machine: Machine) -> None:
    _once(town, reset=True)


def _late_reset(town: Town, machine: Machine) -> None:
    _once(town, delay=0.2, reset=True)


def _hang(town: Town, machine: Machine) -> None:
    """One request is never answered; whoever asks gives up sooner than in earnest."""
    machine.impatient()
    town.world.fault(service=town.dice.choice(SERVICES), skip=town.dice.randrange(6), times=1, hang=True)


def _truncate(town: Town, machine: Machine) -> None:
    _once(town, truncate=town.dice.randrange(200))


def _page(town: Town, machine: Machine) -> None:
    """A page of a proxy in the place of an answer, with 200."""
    _once(town, SERVICES[:-1], status=200, body=PAGE)


def _lost_answer(town: Town, machine: Machine) -> None:
    """What is asked is done, and the answer gets lost."""
    odd: dict[str, object] = town.dice.choice(({"reset": True}, {"status": 502}, {"status": 200, "body": "null"}))
    acts = ("POST", "github"), ("PATCH", "github"), ("PATCH", "azure"), ("POST", "azure"), ("POST", "sink")
    method, service = town.dice.choice((*acts, ("POST", "jira")))
    path = "/comment" if service == "jira" else ""  # a search is asked for by POST, too
    town.world.fault(service=service, method=method, path=path, acted=True, times=town.dice.randrange(1, 4), **odd)


def _lost_push(town: Town, machine: Machine) -> None:
    town.world.fault(service="git", method="POST", path="git-receive-pack", acted=True, reset=True)


def _jira_down(town: Town, machine: Machine) -> None:
    if town.dice.random() < 0.3:
        town.world.jira.login_fails = True
    else:
        facts: dict[str, object] = town.dice.choice(({"status": 503}, {"status": 429, "body": PAGE}, {"reset": True}))
        town.world.fault(service="jira", times=None, **facts)


def _sink_down(town: Town, machine: Machine) -> None:
    town.world.fault(service="sink", times=None, status=town.dice.choice((401, 404, 500, 503)))


def _picky_retry(town: Town, machine: Machine) -> None:
    town.world.azure.retry_takes_no_body = True


FAILURES: tuple[Callable[[Town, Machine], None], ...] = (
    _server_error,
    _server_error,
    _outage,
    _limit,
    _limit,
    _reset,
    _late_reset,
    _hang,
    _truncate,
    _page,
    _lost_answer,
    _lost_answer,
    _lost_push,
    _jira_down,
    _sink_down,
    _picky_retry,
)
