"""What fails in a pass: each failure sets itself up, and is over when the pass is, or when `recover` says so."""

from collections.abc import Callable
from datetime import timedelta

from flinkci_dashboard.sandbox import PULLS, Fault
from tests.chaos.machine import START, Machine
from tests.chaos.town import Town

SERVICES = ("github", "github", "azure", "azure", "git", "jira")
PAST = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000000"}
PAGE = "<html><head><title>Unicorn!</title></head><body>This page is taking too long to load.</body></html>"
DAY = 86_400.0
BEHIND = timedelta(minutes=3)  # the most that a replica is


def fail(town: Town, machine: Machine) -> list[str]:
    """Let some things go wrong in the next pass; returns their names."""
    names = []
    for _ in range(town.dice.choice((0, 1, 1, 2, 3))):
        failure = town.dice.choice(FAILURES)
        failure(town, machine)
        names.append(failure.__name__.strip("_"))
    town.events.update(names)
    town.tell(f"failures: {', '.join(names)} {[_shown(fault) for fault in town.world.server.faults]}")
    return names


def _shown(fault: Fault) -> str:
    facts = {name: value for name, value in vars(fault).items() if value and name not in ("released", "times")}
    return f"{facts} x{fault.times}"


def recover(town: Town, machine: Machine) -> None:
    """End what goes wrong within a pass; what lasts goes on with some probability."""
    town.world.clear_faults()
    town.lying = False
    town.world.azure.lists_nothing, town.world.azure.hidden = False, set()
    town.world.azure.catch_up()
    town.world.github.catch_up()
    if town.dice.random() < 0.5:
        calm(town, machine)


def calm(town: Town, machine: Machine) -> None:
    """End everything that goes wrong."""
    world = town.world
    world.clear_faults()
    world.scopes = frozenset({"repo", "workflow"})
    world.azure.scopes = {"build", "test", "pools"}
    world.azure.retry_takes_no_body = False
    world.azure.cancel_sticks = ""
    world.azure.lists_nothing, world.azure.hidden, town.lying = False, set(), False
    world.azure.catch_up()
    world.github.catch_up()
    world.github.last_page = 0
    world.jira.login_fails = False
    world.pulls.refs_catch_up()
    world.pulls.blocking = set()
    world.rules(PULLS).lift()
    for number in list(world.pulls.hidden):
        world.pulls.show(number)
    for build in world.azure.builds.values():
        if build.status == "cancelling":
            town.people_cancel(build.id)
    machine.set_wrong(0)


def _once(town: Town, **facts: object) -> None:
    """Let a few requests to one service run into a fault, some way into the pass."""
    dice = town.dice
    town.world.fault(service=dice.choice(SERVICES), skip=dice.randrange(12), times=dice.randrange(1, 6), **facts)


def _server_error(town: Town, machine: Machine) -> None:
    _once(town, status=town.dice.choice((500, 502, 503, 504)))


def _outage(town: Town, machine: Machine) -> None:
    town.world.fault(service=town.dice.choice(SERVICES), status=503, times=None)


def _limit(town: Town, machine: Machine) -> None:
    """A refusal for the sake of limits, of each kind."""
    kind = town.dice.choice(("403", "429", "wait", "long", "past", "secondary"))
    facts: dict[str, object] = {
        "403": {"status": 403},
        "429": {"status": 429},
        "wait": {"status": 429, "retry_after": 5},
        "long": {"status": 403, "retry_after": 300},
        "past": {"status": 403, "headers": PAST, "body": '{"message": "API rate limit exceeded for user ID 1."}'},
        "secondary": {"rate_limit": "secondary"},
    }[kind]
    _once(town, **facts)


def _reset(town: Town, machine: Machine) -> None:
    _once(town, reset=True)


def _hang(town: Town, machine: Machine) -> None:
    _once(town, delay=0.2, reset=True)


def _truncate(town: Town, machine: Machine) -> None:
    _once(town, truncate=town.dice.randrange(200))


def _page(town: Town, machine: Machine) -> None:
    _once(town, status=200, body=PAGE)


def _empty(town: Town, machine: Machine) -> None:
    """200 with nothing, for lists of GitHub."""
    town.lying = True
    path = town.dice.choice((r"/pulls\?", r"/issues/comments\?", r"/issues/\d+/comments\?", r"/labels\?"))
    town.world.fault(service="github", method="GET", path=path, status=200, body="[]", times=town.dice.randrange(1, 4))


def _not_found(town: Town, machine: Machine) -> None:
    """404 for what exists."""
    town.lying = True
    path = town.dice.choice((r"/pulls/\d+\?", r"/issues/\d+/comments\?", r"builds/\d+\?", "timeline", r"/issues/\d+\?"))
    town.world.fault(path=path, status=404, skip=town.dice.randrange(3), times=town.dice.randrange(1, 4))


def _stale(town: Town, machine: Machine) -> None:
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
        town.world.pulls.push(number)
        town.note_move(number)


def _lost_ref(town: Town, machine: Machine) -> None:
    town.world.pulls.lose_ref(town.dice.choice(town.open_numbers()))


def _lost_answer(town: Town, machine: Machine) -> None:
    """What is asked is done, and the answer gets lost."""
    odd: dict[str, object] = town.dice.choice(({"reset": True}, {"status": 502}, {"status": 200, "body": "null"}))
    method, service = town.dice.choice((("POST", "github"), ("PATCH", "github"), ("PATCH", "azure"), ("POST", "azure")))
    town.world.fault(service=service, method=method, acted=True, times=town.dice.randrange(1, 4), **odd)


def _lost_push(town: Town, machine: Machine) -> None:
    town.world.fault(service="git", method="POST", path="git-receive-pack", acted=True, reset=True)


def _refused_token(town: Town, machine: Machine) -> None:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
    town.world.fault(service="git", path="service=git-receive-pack", status=401, headers=headers)


def _lost_scope(town: Town, machine: Machine) -> None:
    town.world.scopes = town.dice.choice((frozenset({"repo"}), frozenset({"workflow"}), frozenset()))


def _lost_azure_scope(town: Town, machine: Machine) -> None:
    town.world.azure.scopes = town.world.azure.scopes - {town.dice.choice(("test", "pools"))}


def _blind_lists(town: Town, machine: Machine) -> None:
    town.lying = True
    town.world.azure.lists_nothing = True


def _short_lists(town: Town, machine: Machine) -> None:
    town.lying = True
    known = list(town.world.azure.builds)
    town.world.azure.hidden = set(town.dice.sample(known, len(known) // 2))


def _picky_retry(town: Town, machine: Machine) -> None:
    town.world.azure.retry_takes_no_body = True


def _quick_person(town: Town, machine: Machine) -> None:
    """Somebody presses "Rerun failed jobs" an instant before us."""
    azure = town.world.azure
    failed = [b.id for b in azure.builds.values() if b.result == "failed" and b.kept]
    if failed:
        chosen = town.dice.choice(failed[-3:])
        town.world.fault(service="azure", path=f"builds/{chosen}.*retry=true", before=lambda: town.people_retry(chosen))


def _returning_head(town: Town, machine: Machine) -> None:
    """A head is replaced, and is back while its build is being canceled."""
    number = town.dice.choice(town.open_numbers())
    former = town.head(number)
    town.world.pulls.push(number)
    town.note_move(number)
    town.world.fault(service="azure", method="PATCH", before=lambda: town.go_to(number, former))


def _late_command(town: Town, machine: Machine) -> None:
    """Somebody asks for a re-run after the comments were read, and before the pass is over."""
    number = town.dice.choice(town.open_numbers())
    path = town.dice.choice(("git-receive-pack", "_apis/build/builds", r"issues/comments/\d+\?"))
    town.world.fault(path=path, before=lambda: town.ask(number, "@flinkbot run azure"))


def _slow_cancel(town: Town, machine: Machine) -> None:
    town.world.azure.cancel_sticks = town.dice.choice(("stages", "ever"))


def _deep_pages(town: Town, machine: Machine) -> None:
    town.world.github.last_page = 2


def _banned(town: Town, machine: Machine) -> None:
    number = town.dice.choice(town.open_numbers())
    town.world.pulls.hide(number, listed=town.dice.random() < 0.5)
    town.banned.add(number)


def _blocked(town: Town, machine: Machine) -> None:
    town.world.pulls.blocking = {town.dice.choice(("ada", "li"))}


def _jira(town: Town, machine: Machine) -> None:
    if town.dice.random() < 0.3:
        town.world.jira.login_fails = True
    else:
        facts: dict[str, object] = town.dice.choice(({"status": 503}, {"status": 429, "body": PAGE}, {"reset": True}))
        town.world.fault(service="jira", times=None, **facts)


def _wrong_clock(town: Town, machine: Machine) -> None:
    machine.set_wrong(town.dice.choice((3 * DAY, 7200.0, 300.0, -300.0, -7200.0, -DAY)))


def _shifting_pages(town: Town, machine: Machine) -> None:
    number = town.dice.choice(town.open_numbers())
    town.world.fault(
        service="github", path="/issues/comments", after=lambda: town.world.pulls.comments_at_once(number, ["hm"] * 3)
    )


def _declined_push(town: Town, machine: Machine) -> None:
    """One pull request brings a file that GitHub does not take, until the rule is lifted."""
    town.world.rules(PULLS).decline("secret.txt", town.dice.choice(("GH013", "GH001")))
    number = town.dice.choice(town.open_numbers())
    town.world.pulls.push(number, {"secret.txt": str(town.dice.random())})
    town.note_move(number)


FAILURES: tuple[Callable[[Town, Machine], None], ...] = (
    _server_error,
    _server_error,
    _outage,
    _limit,
    _limit,
    _reset,
    _hang,
    _truncate,
    _page,
    _empty,
    _not_found,
    _not_found,
    _stale,
    _stale,
    _lagging_refs,
    _lost_ref,
    _lost_answer,
    _lost_answer,
    _lost_push,
    _refused_token,
    _lost_scope,
    _lost_azure_scope,
    _blind_lists,
    _short_lists,
    _picky_retry,
    _quick_person,
    _returning_head,
    _returning_head,
    _late_command,
    _slow_cancel,
    _deep_pages,
    _banned,
    _blocked,
    _jira,
    _wrong_clock,
    _shifting_pages,
    _declined_push,
)
