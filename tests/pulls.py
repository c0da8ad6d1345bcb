"""What the tests of the pull request job share: a pass, and a look at the world after it."""

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.sandbox.world import PULLS
from sync.pulls.report import Report, is_report, parse


def run() -> JobRun:
    """Run a pass, whatever comes of it."""
    passed = run_pass("sync_pulls", "command")
    assert passed is not None
    return passed


def sync(expected: str = "ok") -> JobRun:
    passed = run()
    assert passed.outcome == expected, passed.error
    return passed


def settle(passes: int = 4) -> None:
    for _ in range(passes):
        sync()


def reports(world, number: int) -> list[str]:
    return [comment.body for comment in world.pulls.reports(number) if is_report(comment.body)]


def report(world, number: int) -> Report:
    found = reports(world, number)
    assert len(found) == 1
    parsed = parse(found[0]).report
    assert parsed
    return parsed


def statuses(world, number: int) -> dict[str, str]:
    return {entry.hash: entry.status for entry in report(world, number).known if entry.trigger_type == "PUSH"}


def ci_branches(world) -> set[str]:
    return {name for name in world.heads(PULLS) if name.startswith("ci_")}


def name_of(world, number: int) -> str:
    return f"ci_{number}_{world.pulls.by_number[number].head}"


def builds(world, number: int, sha: str = "") -> list:
    return world.azure.of(f"ci_{number}_{sha or world.pulls.by_number[number].head}")


def end(world, number: int, result: str = "succeeded") -> None:
    world.azure.finish(builds(world, number)[-1].id, result)


def reactions(world, comment: int) -> set[str]:
    return {content for login, content in world.pulls.comments[comment].reactions if login == "flinkbot"}
