"""The days before: commits, pull requests with their tickets and comments, and the builds that all this started."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from flinkci_dashboard.sandbox.actions import history as actions
from flinkci_dashboard.sandbox.areas import area, broken_by, file_in, inherited
from flinkci_dashboard.sandbox.azure.causes import Break
from flinkci_dashboard.sandbox.azure.history import Start, live_through
from flinkci_dashboard.sandbox.azure.pipeline import TESTS
from flinkci_dashboard.sandbox.git.repositories import Batch
from flinkci_dashboard.sandbox.github.ci_bot import report
from flinkci_dashboard.sandbox.github.data import Pull
from flinkci_dashboard.sandbox.github.pulls import BOT
from flinkci_dashboard.sandbox.jira.tickets import COMPONENTS
from flinkci_dashboard.sandbox.seed import PUBLISHED, UNPUBLISHED, Change, change
from flinkci_dashboard.sandbox.world import MIRROR, PULLS, SOURCE, Sandbox

DAYS = 9
FORKS_RUN = 0.4  # share of authors who let Actions run in their fork
COMMITS_A_DAY, BACKPORTS_A_DAY, PULLS_A_DAY = 6, 2, 8
FIRST_NUMBER = 29_150
MARK = re.compile(r":\d+")  # of a commit that is not written yet
QUIET = timedelta(minutes=4)  # before now: what comes later has not been mirrored yet
LABELER_STOPPED = timedelta(days=4)  # ago, without anyone noticing
BOT_STOPPED = timedelta(hours=3)  # ago: newer pull requests have no report and no branch
LOGINS = ("ada", "bjoern", "chidi", "dana", "li", "marama", "nuria", "otto")
ODD_TITLES = (
    "[hotfix] Fix a typo in the docs",
    "[FLINK-] Correct the link to the training",
    '[FLINK-x][docs] Explain <script>alert(1)</script> & "quotes" in comments',
    "Bump the pinned version of a plugin",
)
TALK = (
    "Thanks, left a few comments.",
    "LGTM, +1 from my side.",
    "Could you add a test for the case without state?",
    "The failure looks unrelated, see the ticket.",
    "> @flinkbot run azure\n\nNo need, it is green.",
)


@dataclass
class Story:
    """What happened to a pull request."""

    number: int
    title: str
    login: str | None
    base: str
    files: dict[str, str]
    draft: bool
    opened: datetime
    pushes: list[tuple[datetime, str]] = field(default_factory=list)  # when, and the commit's mark
    ended: datetime | None = None
    merged: bool = False
    components: tuple[str, ...] | None = None
    breaks: tuple[Break, ...] = ()  # what its first commit makes fail

    @property
    def author(self) -> str:
        """Return who wrote the commits, as git has it."""
        login = self.login or "somebody"
        return f"{login} <{login}@example.org>"


def write_history(world: Sandbox, dice: random.Random, days: int = DAYS) -> None:
    """Let the last days happen: first the commits, then what GitHub, Azure and Jira remember of them."""
    now = world.clock.now()
    with world.repositories.batch(SOURCE) as batch:
        past = _Past(world, batch, dice, now, days)
        for at, happen in sorted(past.plan(), key=lambda event: event[0]):
            happen(at)
    _mirror(world, past, batch.shas)
    for story in past.stories:
        _recall(world, story, batch.shas, dice)
    _push_branches(world, past.stories, batch.shas, now)
    live_through(world.azure, [_with_shas(start, batch.shas) for start in past.builds], dice)
    actions.live_through(world.actions, _runs(past, batch.shas, dice), dice)
    for repo in (MIRROR, PULLS):
        world.azure.seen(repo, world.heads(repo))
    for story in past.stories:
        _write_report(world, story, batch.shas, now)
    _know_some(world)


def _know_some(world: Sandbox) -> None:
    """Open a ticket for every other flaky test, as people have done by then."""
    names = [name for tests in TESTS.values() for name in tests]
    for number, name in enumerate(names[::2]):
        owner, _, method = name.rpartition(".")
        summary = f"{owner.rpartition('.')[2]}.{method} fails at times"
        world.jira.create(f"FLINK-{39_950 + number}", ["Tests"], summary, labels=["test-stability"])


def open_pull(world: Sandbox, dice: random.Random) -> int:
    """Open a pull request about a ticket of its own, at times a hotfix without one; returns its number."""
    made = _propose(world, dice, world.clock.now(), 0)
    return world.pulls.open(made.title, made.login, made.base, made.files, draft=made.draft)


def _propose(world: Sandbox, dice: random.Random, at: datetime, number: int) -> Story:
    subject = change(dice).message.partition("\n")[0]
    if dice.random() < 0.08:
        subject = dice.choice(ODD_TITLES)
    components = _file_ticket(world, subject, dice, at)
    base = "master" if dice.random() < 0.85 else f"release-{PUBLISHED[-1]}"
    title = subject if base == "master" else f"[BP-{PUBLISHED[-1]}]{subject}"
    place, mark = area(dice), dice.randrange(10_000)
    files = {file_in(place, mark): f"// {dice.random()}\n"}
    if dice.random() < 0.06:
        files[".github/workflows/nightly.yml"] = f"# {dice.random()}\n"
    login = None if dice.random() < 0.02 else dice.choice(LOGINS)
    breaks = broken_by(dice, place, mark)
    return Story(number, title, login, base, files, dice.random() < 0.1, at, components=components, breaks=breaks)


def _file_ticket(world: Sandbox, subject: str, dice: random.Random, at: datetime) -> tuple[str, ...] | None:
    """Open the ticket that a subject names; a few name one that does not exist. Returns its components."""
    key = subject[1:].partition("]")[0]
    if not key.removeprefix("FLINK-").isdigit() or world.jira.find(key) or dice.random() < 0.04:
        return None
    components = dice.sample(COMPONENTS, dice.choice((0, 1, 1, 1, 1, 2)))
    summary, status = subject.rpartition("]")[2].strip(), dice.choice(("Open", "In Progress", "In Review"))
    ticket = world.jira.create(key, components, summary, status, dice.choice(LOGINS), [f"{UNPUBLISHED}.0"])
    ticket.created = ticket.updated = at
    return ticket.components


class _Past:
    """Writes commits into a batch, and remembers who wrote them and which builds they started."""

    def __init__(self, world: Sandbox, batch: Batch, dice: random.Random, now: datetime, days: int) -> None:
        self.world, self.batch, self.dice, self.now, self.days = world, batch, dice, now, days
        self.since = now - timedelta(days=days)
        self.stories: list[Story] = []
        self.builds: list[Start] = []  # with marks where SHAs belong
        self.mirrored: dict[str, str] = {}  # branch → mark

    def plan(self) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        """Yield what happens when, in no order."""
        for _ in range(self.days * COMMITS_A_DAY):
            yield self._sometime(), partial(self._commit, "master", change(self.dice))
        for _ in range(self.days * BACKPORTS_A_DAY):
            version = self.dice.choice((*PUBLISHED[-2:], UNPUBLISHED))
            yield self._sometime(), partial(self._commit, f"release-{version}", change(self.dice))
        for number in range(self.days * PULLS_A_DAY):
            yield from self._pull_request(FIRST_NUMBER + number)
        for day in range(self.days):
            night = (self.now - timedelta(days=day)).replace(hour=0, minute=0, second=5)
            yield night, partial(self._build_nightly, "master")
        for minutes in (3, 1):
            yield self.now - timedelta(minutes=minutes), partial(self._commit, "master", change(self.dice))

    def _sometime(self) -> datetime:
        return self.since + (self.now - timedelta(minutes=6) - self.since) * self.dice.random()

    def _pull_request(self, number: int) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        opened = self.since + (self.now - self.since) * (
            (number - FIRST_NUMBER + self.dice.random()) / self.days / PULLS_A_DAY
        )
        story = _propose(self.world, self.dice, opened, number)
        self.stories.append(story)
        ended = opened + timedelta(hours=self.dice.uniform(3, 70))
        if self.dice.random() < 0.8 and ended < self.now - timedelta(minutes=30):
            story.ended, story.merged = ended, self.dice.random() < 0.75
            yield ended, partial(self._end, story)
        yield opened, partial(self._push, story)
        for _ in range(self.dice.choice((0, 0, 1, 1, 2, 3))):
            at = opened + timedelta(hours=self.dice.uniform(0.3, 50))
            if at < (story.ended or self.now):
                yield at, partial(self._push, story)

    def _commit(self, branch: str, made: Change, at: datetime) -> None:
        mark = self.batch.commit(f"refs/heads/{branch}", made.message, made.author, made.files, at=at)
        if at < self.now - QUIET:
            self.mirrored[branch] = mark
            start = Start(at + timedelta(minutes=1), MIRROR, branch, mark, message=made.message)
            self.builds.append(start)

    def _build_nightly(self, branch: str, at: datetime) -> None:
        if branch in self.mirrored and at > self.since:
            self.builds.append(Start(at, MIRROR, branch, self.mirrored[branch], "schedule", "Nightly build"))

    def _push(self, story: Story, at: datetime) -> None:
        ref = f"refs/pull/{story.number}"
        parent = "" if story.pushes else f"refs/heads/{story.base}"
        mark = self.batch.commit(f"{ref}/head", story.title, story.author, story.files, parent, at)
        self.batch.merge(f"{ref}/merge", f"refs/heads/{story.base}", mark)
        replaces = f"ci_{story.number}_{story.pushes[-1][1]}" if story.pushes else ""
        story.pushes.append((at, mark))
        if at < self.now - BOT_STOPPED:
            when, branch = at + timedelta(minutes=2), f"ci_{story.number}_{mark}"
            breaks = (
                *(story.breaks if len(story.pushes) == 1 else ()),
                *inherited(story.base, self.now - story.opened),
            )
            self.builds.append(Start(when, PULLS, branch, mark, "individualCI", story.title, breaks, replaces))

    def _end(self, story: Story, at: datetime) -> None:
        if story.merged:
            message = f"{story.title}\n\nThis closes #{story.number}.\n"
            self._commit(story.base, Change(message, story.author, story.files), at)


def _runs(past: _Past, shas: dict[str, str], dice: random.Random) -> Iterator[actions.Push]:
    """Yield what GitHub Actions runs: what was pushed, the nights, and in some forks the heads of pull requests."""
    for start in past.builds:
        if start.repo == MIRROR:
            nightly = start.reason == "schedule"
            at = start.at + timedelta(hours=2) if nightly else start.at
            yield actions.Push(at, SOURCE, start.branch, shas[start.version], start.message, nightly)
    for story in past.stories:
        if story.login and dice.random() < FORKS_RUN:
            for at, mark in story.pushes:
                fork = f"{story.login}/flink"
                yield actions.Push(at, fork, f"pull-{story.number}", shas[mark], story.title, author=story.login)


def _with_shas(start: Start, shas: dict[str, str]) -> Start:
    """Put SHAs where a build has marks."""
    branch, version, replaces = (
        MARK.sub(lambda found: shas[found[0]], text) for text in (start.branch, start.version, start.replaces)
    )
    return replace(start, branch=branch, version=version, replaces=replaces)


def _mirror(world: Sandbox, past: _Past, shas: dict[str, str]) -> None:
    world.repositories.copy_objects(SOURCE, MIRROR)
    refs = {f"refs/heads/{branch}": shas[mark] for branch, mark in past.mirrored.items()}
    world.repositories.set_refs(MIRROR, refs)


def _recall(world: Sandbox, story: Story, shas: dict[str, str], dice: random.Random) -> None:
    """Let GitHub know a pull request, its labels and what people said about it."""
    last, mark = story.pushes[-1]
    pull = Pull(story.number, story.title, story.login, shas[mark], story.base, story.opened, last, draft=story.draft)
    pull.closed_at, pull.merged_at = story.ended, story.ended if story.merged else None
    pull.updated_at = story.ended or last
    world.pulls.recall(pull)
    if story.components is not None and story.opened < world.clock.now() - LABELER_STOPPED:
        for name in [_label(component) for component in story.components] or ["component=<none>"]:
            pull.labels.append(world.pulls.create_label(name, "175fb7").name)
    for _ in range(dice.choice((0, 0, 1, 2))):
        said = min(last + timedelta(minutes=dice.randrange(9, 90)), world.clock.now() - timedelta(minutes=1))
        world.pulls.comment(story.number, dice.choice(TALK), dice.choice(LOGINS), said)


def _label(component: str) -> str:
    short = "Formats" if component.startswith("Formats") else component
    return f"component={short.replace(' ', '')}"[:50]


def _push_branches(world: Sandbox, stories: list[Story], shas: dict[str, str], now: datetime) -> None:
    """Leave the branches that ci-bot would have left, and two that it forgot when it was restarted."""
    world.repositories.copy_objects(SOURCE, PULLS)
    forgotten = [story for story in stories if story.ended][:2]
    kept = [story for story in stories if not story.ended] + forgotten
    refs = {}
    for story in kept:
        at, mark = story.pushes[-1]
        if at < now - BOT_STOPPED and not any(path.startswith(".github/") for path in story.files):
            refs[f"refs/heads/ci_{story.number}_{shas[mark]}"] = shas[mark]
    world.repositories.set_refs(PULLS, refs)


def _write_report(world: Sandbox, story: Story, shas: dict[str, str], now: datetime) -> None:
    """Let ci-bot have reported on the pull requests that it saw."""
    if story.opened > now - BOT_STOPPED:
        return
    found = [(shas[mark], world.azure.of(f"ci_{story.number}_{shas[mark]}")) for _, mark in story.pushes]
    body = report([(sha, builds[-1]) for sha, builds in found if builds], f"{world.azure_url}/apache-flink")
    world.pulls.comment(story.number, body, BOT, story.opened + timedelta(minutes=10))
