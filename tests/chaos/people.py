"""What people do while the bots work."""

import random
from collections.abc import Callable

from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.sandbox.azure.state import COMPLETED
from tests.chaos import gate, hooks, workflows
from tests.chaos.town import COMPONENTS, MIRRORED, TICKETS, Town, number_of, open_pull

MOST = 9  # open pull requests
KNOWN = ("@flinkbot run azure", "Flaky.\n\n@flinkbot run azure please", "@flinkbot, run azure")


def happen(town: Town) -> None:
    """Let one thing happen."""
    happenings, weights = zip(*EVENTS, strict=True)
    chosen = town.dice.choices(happenings, weights)[0]
    before = snapshot(town)
    chosen(town)
    town.tell(f"people: {chosen.__name__.strip('_')} {sorted(snapshot(town) - before)}")
    town.events[chosen.__name__.strip("_").replace("_", " ")] += 1


def snapshot(town: Town) -> set[str]:
    """Return what shows of pull requests, comments and builds, a line each."""
    world = town.world
    pulls = {f"#{p.number} {p.state} {p.head[:8]}" for p in world.pulls.by_number.values()}
    builds = {f"{b.id} {b.branch[:17]} {b.status} {b.result}" for b in world.azure.builds.values() if b.kept}
    return pulls | builds | {f"{c.number}:{c.id} {c.login} {c.body[:30]!r}" for c in world.pulls.comments.values()}


def _some(town: Town) -> int:
    return town.dice.choice(town.open_numbers() or [open_pull(town)])


def _open(town: Town) -> None:
    if len(town.open_numbers()) < MOST:
        open_pull(town)


def _push(town: Town) -> None:
    number = _some(town)
    town.push(number, force=town.dice.random() < 0.3)


def _go_back(town: Town) -> None:
    number = _some(town)
    if len(heads := town.heads[number]) > 1:
        town.go_to(number, town.dice.choice(heads[:-1]))


def _close(town: Town) -> None:
    if len(town.open_numbers()) > 3:
        town.close(_some(town), merge=town.dice.random() < 0.5)


def _reopen(town: Town) -> None:
    closed = [p.number for p in town.world.pulls.by_number.values() if p.closed_at and not p.merged_at]
    if closed and len(town.open_numbers()) < MOST:
        number = town.dice.choice(closed)
        town.world.pulls.reopen(number)
        town.note_move(number)


def _command(town: Town) -> None:
    number = _some(town)
    for _ in range(town.dice.choice((1, 1, 2))):
        town.ask(number, town.dice.choice(KNOWN))


def _misspell(town: Town) -> None:
    number = _some(town)
    town.unknown[town.world.pulls.comment(number, "@flinkbot run travis", "li")] = number


def _correct(town: Town) -> None:
    """Edit what was not understood into a command."""
    waiting = [id for id in town.unknown if id in town.world.pulls.comments]
    if waiting:
        id = town.dice.choice(waiting)
        town.world.pulls.edit_comment(id, "@flinkbot run azure")
        town.commands[id] = town.unknown.pop(id)
        town.asked[town.commands[id]] += 1


def _talk(town: Town) -> None:
    number = _some(town)
    many = 120 if town.dice.random() < 0.1 else 2
    town.world.pulls.comments_at_once(number, ["LGTM"] * many)


def _take_back(town: Town) -> None:
    if town.commands:
        id = town.dice.choice(list(town.commands))
        del town.commands[id]
        town.world.pulls.delete_comment(id)


def _delete_report(town: Town) -> None:
    reports = town.world.pulls.reports(_some(town))
    if reports:
        town.world.pulls.delete_comment(reports[0].id)


def _finish(town: Town) -> None:
    running = [b for b in town.world.azure.builds.values() if b.status != COMPLETED]
    for build in town.dice.sample(running, min(len(running), 2)):
        if build.status != "cancelling":
            town.world.azure.finish(build.id, town.dice.choice(("succeeded", "failed", "failed")))


def _rerun(town: Town) -> None:
    """Press "Rerun failed jobs" in Azure's own page."""
    live = {0, *town.open_numbers()}
    failed = [b for b in town.world.azure.builds.values() if b.result == "failed" and b.kept and number_of(b) in live]
    if failed:
        town.people_retry(town.dice.choice(failed[-3:]).id)


def _stop(town: Town) -> None:
    """Cancel a build in Azure's own page."""
    number = _some(town)
    for build in town.builds(number):
        if build.status == "inProgress" and build.version == town.head(number):
            town.people_cancel(build.id)
            town.stopped.add(number)


def _expire(town: Town) -> None:
    old = [b for b in town.world.azure.builds.values() if b.status == COMPLETED and b.kept]
    if old:
        town.world.azure.expire(town.dice.choice(old).id)


def _press(town: Town) -> None:
    number = _some(town)
    act = town.dice.choice(("retry", "retry", "sync-pull"))
    for _ in range(town.dice.choice((1, 2))):
        request("sync_pulls", None, act=act, subject=str(number))
        town.asked[number] += act == "retry"


def _commit(town: Town) -> None:
    files = {".github/workflows/ci.yml": f"# {town.dice.random()}\n"} if town.dice.random() < 0.1 else None
    town.world.commit(town.dice.choice(MIRRORED), "[hotfix] Change", files=files)


def _ticket(town: Town) -> None:
    town.world.jira.edit(f"FLINK-{town.dice.choice(TICKETS)}", components=[town.dice.choice(COMPONENTS)])


def _label(town: Town) -> None:
    number = _some(town)
    town.world.pulls.add_labels(number, ["review=description?"])
    town.kept.setdefault(number, set()).add("review=description?")


def _retitle(town: Town) -> None:
    number = _some(town)
    town.world.pulls.edit(number, title=f"[FLINK-{town.dice.choice(TICKETS)}][core] Change {random_tail(town.dice)}")


def random_tail(dice: random.Random) -> str:
    """Return the end of a title, half a pair of surrogates at times."""
    return dice.choice(("more", "less", "\ud83d"))


EVENTS: tuple[tuple[Callable[[Town], None], float], ...] = (
    (_open, 3),
    (_push, 4),
    (_go_back, 2),
    (_close, 2),
    (_reopen, 1),
    (_command, 4),
    (_misspell, 1),
    (_correct, 1),
    (_talk, 1),
    (_take_back, 0.5),
    (_delete_report, 0.5),
    (_finish, 6),
    (_rerun, 1),
    (_stop, 0.3),
    (_expire, 0.5),
    (_press, 2),
    (_commit, 3),
    (_ticket, 2),
    (_label, 1),
    (_retitle, 1),
    *gate.EVENTS,
    *workflows.EVENTS,
    *hooks.EVENTS,
)
