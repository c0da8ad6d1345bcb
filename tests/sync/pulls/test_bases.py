"""Where a failed head left its base, of which we pushed no branch: GitHub tells it once, in whatever mode."""

import pytest

from agents.models import Build, PullHead
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import PullRequest
from tests.pulls import sync

FILES = {"flink-core/src/main/java/a/Foo.java": "x\n", "docs/a.md": "y\n"}


def compared(world, mark):
    return [each for each in world.since(mark) if "/compare/" in each.path]


def red(world, **facts):
    """A pull request whose head failed in a build that the bot before us had pushed a branch for."""
    number = world.pulls.open(files=FILES, **facts)
    head = world.pulls.by_number[number].head
    world.repositories.copy_objects("apache/flink", PULLS)
    world.repositories.set_ref(PULLS, f"refs/heads/ci_{number}_{head}", head)
    return number, head


@pytest.fixture(autouse=True)
def observing(flink, settings):
    """Write nothing outside."""
    settings.SYNC_MODE = "observe"


def test_github_tells_once_where_a_failed_head_left_its_base(flink):
    base = flink.heads()["master"]
    number, head = red(flink)
    well = flink.pulls.open()
    flink.commit("master")
    made = flink.azure.queue(PULLS, f"ci_{number}_{head}", head)
    flink.azure.finish(made.id, "failed", ["test_ci.core"])
    sync()
    Build.objects.update(failed_jobs=1)  # as `poll_builds` finds out
    mark = flink.log_mark()
    sync()
    assert len(compared(flink, mark)) == 1
    row = PullHead.objects.get()
    assert (row.number, row.sha, row.base_sha, sorted(row.files)) == (number, head, base, sorted(FILES))
    mark = flink.log_mark()
    sync()
    assert compared(flink, mark) == [] and PullRequest.objects.filter(number=well).exists()


def test_what_github_can_not_tell_is_asked_once_and_known_to_nobody(flink):
    number, head = red(flink)
    made = flink.azure.queue(PULLS, f"ci_{number}_{head}", head)
    flink.azure.finish(made.id, "failed", ["test_ci.core"])
    sync()
    Build.objects.update(failed_jobs=1)
    flink.fault(path="/compare/", status=404, body='{"message": "Not Found"}', times=9)
    mark = flink.log_mark()
    for _ in range(2):
        sync()
    assert len(compared(flink, mark)) == 1
    assert PullHead.of(number, head) is None
