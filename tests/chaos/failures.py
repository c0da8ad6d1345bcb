"""What fails in a pass: each failure sets itself up, and is over when the pass is, or when `recover` says so."""

from flinkci_dashboard.sandbox import PULLS, Fault
from tests.chaos.faults import answers, lies, meanwhile, rights
from tests.chaos.machine import Machine
from tests.chaos.town import Town

FAILURES = (*answers.FAILURES, *lies.FAILURES, *rights.FAILURES, *meanwhile.FAILURES)


def name_of(function: object) -> str:
    """Return a failure's name in words."""
    return function.__name__.strip("_").replace("_", " ")  # type: ignore[attr-defined]


def fail(town: Town, machine: Machine) -> None:
    """Let some things go wrong in the next pass."""
    names = []
    for _ in range(town.dice.choice((0, 1, 1, 2, 3))):
        failure = town.dice.choice(FAILURES)
        failure(town, machine)
        names.append(name_of(failure))
    town.failures.update(names)
    town.tell(f"failures: {', '.join(names)} {[_shown(fault) for fault in town.world.server.faults]}")


def _shown(fault: Fault) -> str:
    facts = {name: value for name, value in vars(fault).items() if value and name not in ("released", "times")}
    return f"{facts} x{fault.times}"


def recover(town: Town, machine: Machine) -> None:
    """End what goes wrong within a pass; what lasts goes on with some probability."""
    town.world.clear_faults()
    machine.patient()
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
    machine.patient()
    rights.restore(town)
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
