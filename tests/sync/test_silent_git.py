"""A repository that answers 200 with nothing, for a pass: the next one goes on as if nothing had been."""

import pytest

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.sandbox import MIRROR
from sync.models import CIBranch, Mirror, MirrorBranch
from tests.pulls import ci_branches, name_of, settle

PLACES = (  # what answers with nothing: how it is asked, and the type that it gives
    ("GET", "service=git-upload-pack", "application/x-git-upload-pack-advertisement"),
    ("GET", "service=git-upload-pack", "text/plain"),
    ("POST", "git-upload-pack", "application/x-git-upload-pack-result"),
    ("GET", "service=git-receive-pack", "application/x-git-receive-pack-advertisement"),
    ("GET", "service=git-receive-pack", "text/plain"),
    ("POST", "git-receive-pack", "application/x-git-receive-pack-result"),
)


def silent(world, method: str, path: str, kind: str) -> None:
    world.fault(
        service="git", method=method, path=path, status=200, body="", headers={"Content-Type": kind}, times=None
    )


@pytest.mark.parametrize("job", ["sync_mirrors", "sync_pulls"])
def test_the_pass_after_silence_makes_all_right(flink, job):
    numbers = [flink.pulls.open()]
    assert run_pass(job, "command").outcome == "ok"
    for place in PLACES:
        flink.commit("master")
        numbers.append(flink.pulls.open())
        silent(flink, *place)
        run_pass(job, "command")
        assert not MirrorBranch.objects.filter(state="gone").exists(), place
        flink.clear_faults()
        assert run_pass(job, "command").outcome == "ok", place
        if job == "sync_mirrors":
            assert flink.heads(MIRROR)["master"] == flink.heads()["master"], place
            assert not Mirror.objects.exclude(source_problem="", target_problem="").exists()
        else:
            assert {name_of(flink, number) for number in numbers} <= ci_branches(flink), place


def test_one_empty_answer_is_not_the_end_of_all_branches(flink):
    number = flink.pulls.open()
    settle(2)
    kept = CIBranch.objects.get()
    flink.fault(service="git", path="flink-ci/flink.git/info/refs", status=200, body="")
    settle(1)
    assert CIBranch.objects.get().pk == kept.pk and name_of(flink, number) in ci_branches(flink)
