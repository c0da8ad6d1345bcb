"""The world of a campaign, and what is remembered of it to judge the bots by."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flinkci_dashboard.sandbox import MIRROR, PULLS, Sandbox
from flinkci_dashboard.sandbox.azure.state import Build

VERSIONS = ("1.9", "2.0", "2.1", "2.2")
MIRRORED = ("master", "release-2.0", "release-2.1", "release-2.2")
COMPONENTS = ("Runtime / REST", "Tests", "Table SQL / API", "fs", "API / Core")
TICKETS = range(1, 9)
GOING_ON = ("notStarted", "inProgress")
SLOW = 400.0  # jobs end when somebody lets them, not by themselves
SCOPES = frozenset({"repo", "workflow"})
AUTHORS = ("ada", "li", "chidi", None)
STRANGERS = ("mallory", "trudy")  # whose heads wait where the trust gate is on
MEMBER = "grace"
FLAKY = "JobMasterTest.testSlotRequestTimeout"  # a test that a ticket knows


@dataclass
class Town:
    """A world with its dice, and the facts that invariants are about."""

    world: Sandbox
    dice: random.Random
    gated: bool = False  # the trust gate is on
    passes: Counter[str] = field(default_factory=Counter)  # how passes ended, and how often
    events: Counter[str] = field(default_factory=Counter)  # what people did
    failures: Counter[str] = field(default_factory=Counter)  # what failed
    violations: list[str] = field(default_factory=list)
    heads: dict[int, list[str]] = field(default_factory=dict)  # of each pull request, every head that it had
    moved: dict[int, datetime] = field(default_factory=dict)  # when its head or state changed last
    commands: dict[int, int] = field(default_factory=dict)  # comment → pull request, as first written
    unknown: dict[int, int] = field(default_factory=dict)  # the same of what nobody understands
    asked: Counter[int] = field(default_factory=Counter)  # what may be a reason to run a build again
    reruns: Counter[int] = field(default_factory=Counter)  # builds that the bot ran again, by pull request
    approvals: dict[int, tuple[int, str, str]] = field(default_factory=dict)  # comment → pull request, login, commit
    actions_asked: dict[int, int] = field(default_factory=dict)  # comment about GitHub Actions → pull request
    repeats: Counter[int] = field(default_factory=Counter)  # runs that the bot ran again
    merged: set[str] = field(default_factory=set)  # logins of whom something was merged
    cuts: Counter[str] = field(default_factory=Counter)  # passes that did not end by themselves, by job
    heard: Counter[tuple[str, str]] = field(default_factory=Counter)  # messages that arrived
    deliveries: list[tuple[str, str, bytes]] = field(default_factory=list)  # webhooks that were taken
    refused: Counter[str] = field(default_factory=Counter)  # webhooks that were not, by service
    banned: set[int] = field(default_factory=set)  # pull requests that were hidden for a while
    stopped: set[int] = field(default_factory=set)  # pull requests whose builds people canceled
    kept: dict[int, set[str]] = field(default_factory=dict)  # labels that people gave
    memories: dict[str, Any] = field(default_factory=dict)  # what services were like a while ago
    people_cancel: Callable[[int], None] = lambda id: None  # what people press in Azure's own page
    people_retry: Callable[[int], None] = lambda id: None
    story: list[str] = field(default_factory=list)  # what happened, for who replays a seed
    lying: bool = False  # Azure or GitHub tell something else than what is, in this pass

    def open_numbers(self) -> list[int]:
        """Return the open pull requests."""
        return [pull.number for pull in list(self.world.pulls.by_number.values()) if pull.state == "open"]

    def head(self, number: int) -> str:
        """Return a pull request's head."""
        return self.world.pulls.by_number[number].head

    def builds(self, number: int) -> list[Build]:
        """Return every build of a pull request that is kept, oldest first."""
        found = self.world.azure.builds.values()
        return [build for build in found if build.branch.startswith(f"ci_{number}_") and build.kept]

    def note_move(self, number: int) -> None:
        """Remember that a pull request's head or state has changed."""
        heads = self.heads.setdefault(number, [])
        self.asked[number] += self.head(number) in heads  # it has come back: our cancel is undone
        if not heads or heads[-1] != self.head(number):
            heads.append(self.head(number))
        self.moved[number] = self.world.clock.now()

    def push(self, number: int, files: Mapping[str, str] | None = None, force: bool = False) -> None:
        """Push a commit to a pull request."""
        self.world.pulls.push(number, files, force)
        self.note_move(number)

    def pusher(self, number: int) -> Callable[[], None]:
        """Return what pushes a commit to a pull request when it is called."""
        return lambda: self.push(number)

    def close(self, number: int, merge: bool) -> None:
        """Close a pull request; who had one merged is no stranger any more."""
        self.world.pulls.close(number, merge=merge)
        self.merged |= {self.author(number)} if merge else set()
        self.note_move(number)

    def author(self, number: int) -> str:
        """Return who opened a pull request; "" for a deleted account."""
        return self.world.pulls.by_number[number].login or ""

    def go_to(self, number: int, sha: str) -> None:
        """Force a pull request to a commit that it had before."""
        if self.head(number) != sha and number in self.open_numbers():
            self.world.pulls.set_head(number, sha)
            self.note_move(number)

    def ask(self, number: int, words: str) -> None:
        """Write a command that is to be understood."""
        self.commands[self.world.pulls.comment(number, words, "li")] = number
        self.asked[number] += 1

    def cut(self, job: str, how: str) -> None:
        """Note that a pass was ended from outside, or may have been."""
        self.passes[how] += 1
        self.cuts[job] += 1

    def tell(self, what: str) -> None:
        """Put something into the story."""
        self.story.append(f"{self.world.clock.now():%H:%M:%S} {what}")

    def violate(self, rule: str, what: str) -> None:
        """Note that something is wrong, under the name of the rule that it breaks."""
        what = f"{rule}: {what}"
        if what not in self.violations:
            self.violations.append(what)
            self.tell(f"WRONG: {what}")


def found(world: Sandbox, dice: random.Random, gated: bool = False) -> Town:
    """Give a world its branches, tickets and first pull requests."""
    town = Town(world, dice, gated)
    for repo in (MIRROR, PULLS):
        with (world.repositories.path(repo) / "config").open("a") as config:
            config.write("[core]\n\tlogAllRefUpdates = always\n")
    world.scopes = SCOPES
    world.azure.pace = SLOW
    world.commit("master", count=3)
    for version in VERSIONS:
        world.cut_release(version)
        world.commit(f"release-{version}", f"Prepare {version}")
        if version != VERSIONS[-1]:
            world.release(f"{version}.0")
    for number in TICKETS:
        world.jira.create(f"FLINK-{number}", [dice.choice(COMPONENTS)])
    world.jira.create("FLINK-99", ["Tests"], f"{FLAKY} fails at times", labels=["test-stability"])
    world.pulls.accounts.associate("FIRST_TIME_CONTRIBUTOR", *STRANGERS)
    world.pulls.accounts.associate("MEMBER", MEMBER)
    for _ in range(4):
        open_pull(town)
    _watch_azure(town)
    return town


def open_pull(town: Town) -> int:
    """Open a pull request about one of the tickets, or about none."""
    title = f"[FLINK-{town.dice.choice(TICKETS)}][tests] Change" if town.dice.random() < 0.8 else "[hotfix] Change"
    login = town.dice.choice((*AUTHORS, *STRANGERS * town.gated))
    number = town.world.pulls.open(title, login=login)
    town.note_move(number)
    return number


def _watch_azure(town: Town) -> None:
    """See what is asked of Azure: people act through `by_people`, everything else is the bot's."""
    azure = town.world.azure
    cancel, queue, retry = azure.cancel, azure.queue, azure.retry

    def watched_cancel(id: int, stages: bool = False) -> None:
        build = azure.builds[id]
        number = number_of(build)
        live = number in town.open_numbers() and town.head(number) == build.version
        if live and town.moved[number] < build.queued_at and number not in town.stopped:
            town.violate("no live build", f"the build {id} of #{number}'s live head was canceled")
        cancel(id, stages)

    def watched_queue(repo: str, branch: str, version: str, reason: str = "manual", *more: object) -> Build:
        running = [b for b in azure.builds.values() if (b.branch, b.version) == (branch, version)]
        if reason == "manual" and not town.lying and any(b.status in GOING_ON and b.kept for b in running):
            town.violate("reruns", f"a second build of {branch} was queued beside a running one")
        town.reruns[_number_in(branch)] += reason == "manual"
        return queue(repo, branch, version, reason, *more)  # type: ignore[arg-type]

    def watched_retry(id: int) -> None:
        town.reruns[number_of(azure.builds[id])] += 1
        retry(id)

    town.people_cancel, town.people_retry = cancel, retry
    azure.cancel, azure.queue = watched_cancel, watched_queue  # type: ignore[method-assign,assignment]
    azure.retry = watched_retry  # type: ignore[method-assign]


def number_of(build: Build) -> int:
    """Return the pull request that a build is of; 0 for a branch's."""
    return _number_in(build.branch)


def _number_in(branch: str) -> int:
    return int(branch.split("_")[1]) if branch.startswith("ci_") else 0
