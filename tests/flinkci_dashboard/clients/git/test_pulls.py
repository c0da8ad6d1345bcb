"""Fetching many pull requests at once."""

import pytest

from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.git.cache import open_cache
from flinkci_dashboard.sandbox.world import PULLS, SOURCE


@pytest.fixture
def cache(world, data_dir):
    with open_cache(data_dir / "git" / "pulls.git") as opened:
        yield opened


def url(world, repo: str = SOURCE) -> str:
    return f"{world.github_git_url}/{repo}.git"


def test_several_are_fetched_in_one_go_and_a_missing_one_is_left_out(world, cache):
    world.commit(message="Start")
    numbers = [world.pulls.open() for _ in range(3)]
    heads = {number: world.pulls.by_number[number].head for number in numbers}
    assert cache.fetch_pulls(url(world), numbers) == heads
    mark = world.log_mark()
    assert cache.fetch_pulls(url(world), [*numbers, 4711]) == heads
    assert cache.fetch_pulls(url(world), [4711]) == {}
    assert world.since(mark, "git")


def test_however_many_are_missing_they_cost_a_few_questions(world, cache):
    world.commit(message="Start")
    number = world.pulls.open()
    mark = world.log_mark()
    found = cache.fetch_pulls(url(world), [number, *range(40_000, 40_300)])
    assert found == {number: world.pulls.by_number[number].head}
    assert len(world.since(mark, "git")) < 12


def test_twelve_thousand_fit_into_one_fetch(world, cache):
    world.commit(message="Start")
    number = world.pulls.open()
    wanted = [number, *range(40_000, 52_000)]
    assert cache.fetch_pulls(url(world), wanted) == {number: world.pulls.by_number[number].head}


def test_twelve_thousand_branches_fit_into_one_push(world, cache):
    sha = world.commit(message="Start")
    world.mirror_all(PULLS)
    cache.fetch_pulls(url(world), [])
    names = [f"ci_{number}_{sha}" for number in range(1, 12_001)]
    world.create_branch(names[7], repo=PULLS)
    results = cache.push(url(world, PULLS), dict.fromkeys(names, ""), leases=dict.fromkeys(names, sha))
    assert [each.ref.removeprefix("refs/heads/") for each in results if each.status.value == "done"] == [names[7]]
    assert {each.status.value for each in results} == {"done", "moved"}, "the others are not there"
    assert len(results) == 12_000
    assert names[7] not in world.heads(PULLS)


def test_parts_are_answered_as_one(world, cache, monkeypatch):
    sha = world.commit(message="Start")
    world.mirror_all(PULLS)
    cache.fetch_pulls(url(world), [])
    world.protect(PULLS, "c")
    monkeypatch.setattr("flinkci_dashboard.clients.git.cache.PART", 2)
    mark = world.log_mark()
    results = cache.push(url(world, PULLS), dict.fromkeys("abcde", sha))
    assert len([each for each in world.since(mark, "git") if each.git_service == "receive-pack"]) >= 3
    assert {each.ref[-1]: each.status.value for each in results} == {
        "a": "done", "b": "done", "c": "rejected", "d": "done", "e": "done",
    }  # fmt: skip


def test_a_force_pushed_head_is_fetched_and_forgotten(world, cache):
    world.commit(message="Start")
    number = world.pulls.open()
    cache.fetch_pulls(url(world), [number])
    head = world.pulls.push(number, force=True)
    assert cache.fetch_pulls(url(world), [number]) == {number: head}
    cache.forget_pulls([number])
    assert cache.pull_refs() == {}


def test_a_repository_without_its_base_is_no_obstacle(world, cache):
    world.commit(message="Start")
    number = world.pulls.open()
    world.delete_branch("master")
    assert list(cache.fetch_pulls(url(world), [number])) == [number]


def test_a_branch_is_deleted_only_where_it_was_seen(world, cache):
    world.commit(message="Start")
    world.mirror_all(PULLS)
    sha = world.create_branch("ci_1_a", repo=PULLS)
    cache.fetch_pulls(url(world), [])
    [refused] = cache.push(url(world, PULLS), {"ci_1_a": ""}, leases={"ci_1_a": "0" * 39 + "1"})
    assert refused.status.value == "moved"
    [done] = cache.push(url(world, PULLS), {"ci_1_a": ""}, leases={"ci_1_a": sha})
    assert done.status.value == "done"
    assert "ci_1_a" not in world.heads(PULLS)


def test_a_service_that_is_down_is_an_error(world, cache):
    world.fault(service="git", status=503, times=None)
    with pytest.raises(ServiceError):
        cache.fetch_pulls(url(world), [1])
