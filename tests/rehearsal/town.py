"""The world of a rehearsal, and what is right in it."""

from pathlib import Path

from flinkci_dashboard.sandbox import MIRROR, Sandbox
from flinkci_dashboard.sandbox.azure.state import Build
from sync.pulls.report import is_report
from tests.pulls import ci_branches, name_of, reactions

COMMAND = "@flinkbot run azure"


def found(root: Path) -> Sandbox:
    """Make a world with a few branches; it still has to be entered."""
    world = Sandbox(root)
    world.scopes = frozenset({"repo", "workflow"})
    world.azure.pace = 400.0  # builds end when a test says so
    world.commit("master", count=3)
    for version in ("1.20", "2.0", "2.1"):
        world.cut_release(version)
        world.commit(f"release-{version}", f"Prepare {version}")
        world.release(f"{version}.0")
    return world


def told(world: Sandbox, number: int) -> bool:
    """Tell whether a pull request's head has its branch, its build, and its one report about that."""
    pull = world.pulls.by_number[number]
    reports = [each.body for each in world.pulls.reports(number) if is_report(each.body)]
    return name_of(world, number) in ci_branches(world) and len(reports) == 1 and pull.head in reports[0]


def mirrored(world: Sandbox) -> bool:
    """Tell whether master is the same in source and mirror."""
    return world.heads(MIRROR).get("master") == world.heads()["master"]


def answered(world: Sandbox, comment: int) -> bool:
    """Tell whether a command was taken."""
    return "+1" in reactions(world, comment)


def doubled(world: Sandbox) -> list[str]:
    """Say what was done twice, of all that may be done once."""
    wrong = []
    for number, pull in world.pulls.by_number.items():
        reports = [each for each in world.pulls.reports(number) if is_report(each.body)]
        if len(reports) > 1:
            wrong.append(f"#{number} has {len(reports)} reports")
        again = sum(_reruns(build) for build in world.azure.of(name_of(world, number)))
        asked = sum(each.body == COMMAND for each in world.pulls.comments.values() if each.number == number)
        if again > asked:
            wrong.append(f"#{number} was built again {again} times for {asked} commands")
        if pull.state == "open" and sum(each.startswith(f"ci_{number}_") for each in ci_branches(world)) > 2:
            wrong.append(f"#{number} has branches beside its head's and the one before")
    return wrong


def _reruns(build: Build) -> int:
    return (build.reason == "manual") + max(job.attempt for job in build.jobs) - 1
