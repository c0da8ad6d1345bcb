"""A believable world to start from: Flink's branches and tags, and a mirror a little behind."""

import random
from dataclasses import dataclass

from flinkci_dashboard.sandbox.git.repositories import Batch
from flinkci_dashboard.sandbox.world import MIRROR, SOURCE, Sandbox

PUBLISHED = (
    "1.9",
    "1.10",
    "1.11",
    "1.12",
    "1.13",
    "1.14",
    "1.15",
    "1.16",
    "1.17",
    "1.18",
    "1.19",
    "1.20",
    "2.0",
    "2.1",
    "2.2",
)
UNPUBLISHED = "2.3"
OTHER_BRANCHES = ("release-japicmp", "release-2.2-rc1", "dependabot/npm_and_yarn/web-dashboard")
AUTHORS = (
    "Ada Example <ada@example.org>",
    "Björn Beispiel <bjoern@example.org>",
    "Chidi Mfano <chidi@example.org>",
    "Dana Primer <dana@example.org>",
    "李例 <li@example.org>",
)
AREAS = (
    "runtime",
    "table-planner",
    "connectors/kafka",
    "python",
    "docs",
    "state/forst",
    "checkpointing",
    "rest",
    "tests",
    "k8s",
)
SUBJECTS = (
    "Fix a race when a task is cancelled during recovery",
    "Release buffers when the input gate closes",
    "Support nested rows in the changelog normalizer",
    "Do not retry after a fatal error in the coordinator",
    "Document the new checkpoint options",
    "Deduplicate watermarks per split",
    "Harden the timeout in the end-to-end test",
    "Report the number of in-flight records",
    "Upgrade the shaded dependencies",
    "Avoid a copy of the key group range",
    "Clean up local state of a failed attempt",
    "Keep the order of projected columns",
)


@dataclass(frozen=True)
class Change:
    """What somebody commits."""

    message: str
    author: str
    files: dict[str, str]


def change(dice: random.Random) -> Change:
    """Make up a commit as Flink's history has them."""
    area, subject = dice.choice(AREAS), dice.choice(SUBJECTS)
    kind = "[hotfix]" if dice.random() < 0.2 else f"[FLINK-{dice.randrange(36000, 39900)}]"
    body = f"{kind}[{area}] {subject}\n\nThis closes #{dice.randrange(27000, 29400)}.\n"
    path = f"flink-{area.replace('/', '-')}/src/main/java/Change{dice.randrange(400)}.java"
    return Change(body, dice.choice(AUTHORS), {path: f"// {dice.random()}\n"})


def commit(world: Sandbox, branch: str, dice: random.Random) -> str:
    """Put one made-up commit on a branch of the source; returns its SHA."""
    made = change(dice)
    return world.commit(branch, made.message, made.author, made.files)


def seed(world: Sandbox, dice: random.Random | None = None, commits: int = 3) -> None:
    """Fill the source with Flink's branches and tags, `commits` between two releases, and mirror all but the latest."""
    dice = dice or random.Random(42)  # noqa: S311
    with world.repositories.batch(SOURCE) as batch:
        batch.commit("refs/heads/master", "[hotfix] Start", files={"README.md": "# A small Apache Flink\n"})
        for version in (*PUBLISHED, UNPUBLISHED):
            for _ in range(commits):
                _commit(batch, "master", dice)
            _release(batch, version, dice)
        for branch in OTHER_BRANCHES:
            batch.set(f"refs/heads/{branch}", "refs/heads/master")
    heads = world.heads()
    world.repositories.copy_objects(SOURCE, MIRROR)
    mirrored = {f"refs/heads/{branch}": sha for branch, sha in heads.items() if branch not in OTHER_BRANCHES}
    world.repositories.set_refs(MIRROR, mirrored)
    with world.repositories.batch(SOURCE) as batch:
        for branch in ("master", "master", "release-2.2"):
            _commit(batch, branch, dice)


def _release(batch: Batch, version: str, dice: random.Random) -> None:
    branch = f"refs/heads/release-{version}"
    batch.set(branch, "refs/heads/master")
    _commit(batch, f"release-{version}", dice)
    batch.set(f"refs/tags/release-{version}.0-rc1", branch)
    if version != UNPUBLISHED:
        batch.set(f"refs/tags/release-{version}.0", branch)


def _commit(batch: Batch, branch: str, dice: random.Random) -> None:
    made = change(dice)
    batch.commit(f"refs/heads/{branch}", made.message, made.author, made.files)
