"""The demo's world lives: things keep happening, at a pace that one can watch."""

import random
import time
from collections.abc import Callable
from typing import NoReturn

from flinkci_dashboard.sandbox.actions.workflows import CI
from flinkci_dashboard.sandbox.history import LOGINS, open_pull
from flinkci_dashboard.sandbox.jira.tickets import COMPONENTS
from flinkci_dashboard.sandbox.seed import PUBLISHED, UNPUBLISHED, commit
from flinkci_dashboard.sandbox.world import SOURCE, Sandbox

PAUSE = (6.0, 14.0)  # seconds between two events
MOST_OPEN = 36


def live(world: Sandbox) -> NoReturn:
    """Let things happen, for as long as the process lives."""
    dice = random.Random()  # noqa: S311
    while True:
        time.sleep(dice.uniform(*PAUSE))
        happen(world, dice)


def happen(world: Sandbox, dice: random.Random) -> None:
    """Let one thing happen."""
    events, weights = zip(*EVENTS, strict=True)
    dice.choices(events, weights)[0](world, dice)


def _commit(world: Sandbox, dice: random.Random) -> None:
    branch = "master" if dice.random() < 0.7 else f"release-{dice.choice((*PUBLISHED[-2:], UNPUBLISHED))}"
    sha = commit(world, branch, dice)
    world.actions.start(SOURCE, CI, branch, sha)


def _nightly(world: Sandbox, dice: random.Random) -> None:
    world.actions.nightly(SOURCE, "master", world.heads()["master"])


def _run_in_fork(world: Sandbox, dice: random.Random) -> None:
    """Let an author's fork run what was pushed to it."""
    pull = world.pulls.by_number[dice.choice(_open_numbers(world))]
    if pull.login and not any(run.sha == pull.head for run in list(world.actions.runs.values())):
        fork = f"{pull.login}/flink"
        world.actions.start(fork, CI, f"pull-{pull.number}", pull.head, actor=pull.login, message=pull.title)


def _open(world: Sandbox, dice: random.Random) -> None:
    if len(_open_numbers(world)) < MOST_OPEN:
        open_pull(world, dice)


def _push(world: Sandbox, dice: random.Random) -> None:
    world.pulls.push(dice.choice(_open_numbers(world)), force=dice.random() < 0.3)


def _command(world: Sandbox, dice: random.Random) -> None:
    text = dice.choice(("@flinkbot run azure", "Flaky again.\n\n@flinkbot run azure", "@flinkbot run travis"))
    world.pulls.comment(dice.choice(_open_numbers(world)), text, dice.choice(LOGINS))


def _talk(world: Sandbox, dice: random.Random) -> None:
    text = dice.choice(("Thanks, left a few comments.", "> @flinkbot run azure\n\nNo need, it is green.", "LGTM"))
    world.pulls.comment(dice.choice(_open_numbers(world)), text, dice.choice(LOGINS))


def _close(world: Sandbox, dice: random.Random) -> None:
    numbers = _open_numbers(world)
    if len(numbers) > MOST_OPEN // 3:
        number = dice.choice(numbers)
        if dice.random() < 0.7:
            world.pulls.merge(number)
        else:
            world.pulls.close(number)


def _ticket(world: Sandbox, dice: random.Random) -> None:
    ticket = dice.choice(list(world.jira.by_id.values()))
    world.jira.edit(ticket.key, components=dice.sample(COMPONENTS, 1))


def _label(world: Sandbox, dice: random.Random) -> None:
    number = dice.choice(_open_numbers(world))
    ours = [name for name in world.pulls.by_number[number].labels if name.startswith("component=")]
    if ours and dice.random() < 0.4:
        world.pulls.remove_label(number, ours[0])  # the labels page calls it drift
    else:
        world.pulls.add_labels(number, ["review=description?"])


def _machine(world: Sandbox, dice: random.Random) -> None:
    name = f"AlibabaCI007-agent{dice.randint(1, 4):02}"
    world.azure.set_online(name, not world.azure.agent(name).online)


def _disk(world: Sandbox, dice: random.Random) -> None:
    agent = world.azure.agent(f"AlibabaCI002-agent{dice.randint(1, 4):02}")
    agent.full_disk = not agent.full_disk


def _break(world: Sandbox, dice: random.Random) -> None:
    module = dice.choice(("misc", "table"))
    world.azure.broken ^= {("master", f"test_ci.{module}")}
    if dice.random() < 0.8:
        world.actions.broken ^= {("master", f"Default (Java 17) / Test (module: {module})")}


def _rerun(world: Sandbox, dice: random.Random) -> None:
    """Let somebody press "Rerun failed jobs" in Azure's own page."""
    failed = [build.id for build in list(world.azure.builds.values())[-60:] if build.result == "failed"]
    if failed:
        world.azure.retry(dice.choice(failed))
    now = world.clock.now()
    runs = [run.id for run in list(world.actions.runs.values())[-40:] if run.outcome(now) == "failure"]
    if runs:
        world.actions.rerun(dice.choice(runs))


def _rename(world: Sandbox, dice: random.Random) -> None:
    number = dice.choice(_open_numbers(world))
    pull = world.pulls.by_number[number]
    world.pulls.edit(number, title=pull.title.rstrip(".") + ".", draft=not pull.draft if dice.random() < 0.5 else None)


def _reopen(world: Sandbox, dice: random.Random) -> None:
    closed = [p.number for p in list(world.pulls.by_number.values()) if p.closed_at and not p.merged_at]
    if closed:
        world.pulls.reopen(dice.choice(closed[-10:]))


def _change_words(world: Sandbox, dice: random.Random) -> None:
    """Let somebody edit a comment of a while ago, or take it back."""
    said = [c for n in _open_numbers(world) for c in world.pulls.conversation(n) if c.login in LOGINS]
    if said:
        comment = dice.choice(said)
        if dice.random() < 0.3:
            world.pulls.delete_comment(comment.id)
        else:
            world.pulls.edit_comment(comment.id, f"{comment.body}\n\n@flinkbot run azure")


def _open_numbers(world: Sandbox) -> list[int]:
    return [pull.number for pull in list(world.pulls.by_number.values()) if pull.state == "open"]


Event = Callable[[Sandbox, random.Random], None]
EVENTS: tuple[tuple[Event, float], ...] = (
    (_commit, 6),
    (_open, 3),
    (_push, 3),
    (_command, 3),
    (_talk, 2),
    (_close, 2),
    (_ticket, 2),
    (_label, 1),
    (_nightly, 0.15),
    (_run_in_fork, 2),
    (_machine, 0.5),
    (_disk, 0.2),
    (_break, 0.3),
    (_rerun, 0.7),
    (_rename, 0.5),
    (_reopen, 0.4),
    (_change_words, 0.7),
)
