"""What happens while a pass is under way, at the worst instant; and to the machine's clock."""

from collections.abc import Callable

from tests.chaos.machine import Machine
from tests.chaos.town import Town

DAY = 86_400.0


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
    town.push(number)
    town.world.fault(service="azure", method="PATCH", before=lambda: town.go_to(number, former))


def _head_moves(town: Town, machine: Machine) -> None:
    """A head moves between the look at it and the push of its branch."""
    number = town.dice.choice(town.open_numbers())
    town.world.fault(service="git", path=town.dice.choice(("upload-pack", "receive-pack")), before=town.pusher(number))


def _late_command(town: Town, machine: Machine) -> None:
    """Somebody asks for a re-run after the comments were read, and before the pass is over."""
    number = town.dice.choice(town.open_numbers())
    path = town.dice.choice(("git-receive-pack", "_apis/build/builds", r"issues/comments/\d+\?"))
    town.world.fault(path=path, before=lambda: town.ask(number, "@flinkbot run azure"))


def _slow_cancel(town: Town, machine: Machine) -> None:
    town.world.azure.cancel_sticks = town.dice.choice(("stages", "ever"))


def _shifting_pages(town: Town, machine: Machine) -> None:
    """Comments come in, and one is deleted, between two pages of a list."""
    number = town.dice.choice(town.open_numbers())
    pulls = town.world.pulls

    def shift() -> None:
        [first, *_] = pulls.comments_at_once(number, ["hm"] * 3)
        pulls.delete_comment(first)

    town.world.fault(service="github", path="/issues/comments", after=shift)


def _wrong_clock(town: Town, machine: Machine) -> None:
    machine.set_wrong(town.dice.choice((3 * DAY, 7200.0, 300.0, -300.0, -7200.0, -DAY)))


FAILURES: tuple[Callable[[Town, Machine], None], ...] = (
    _quick_person,
    _returning_head,
    _returning_head,
    _head_moves,
    _late_command,
    _slow_cancel,
    _shifting_pages,
    _wrong_clock,
)
