"""The demo's world: a past that holds together, and a life that goes on."""

import json
import random
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
import requests

from flinkci_dashboard.sandbox import MIRROR, PULLS, SOURCE, Sandbox
from flinkci_dashboard.sandbox.azure.history import DISABLED, FULL, OFF, SICK
from flinkci_dashboard.sandbox.history import write_history
from flinkci_dashboard.sandbox.life import EVENTS, happen
from flinkci_dashboard.sandbox.seed import OTHER_BRANCHES, PUBLISHED, UNPUBLISHED, seed
from sync.pulls.report import parse


def dice(start=3):
    return random.Random(start)  # noqa: S311


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A world with a past; the tests only look at it."""
    with Sandbox(tmp_path_factory.mktemp("lived")) as world:
        seed(world)
        write_history(world, dice())
        yield world


def test_the_seed_has_flinks_branches_and_a_mirror_a_little_behind(sandbox):
    seed(sandbox, commits=1)
    releases = {f"release-{version}" for version in (*PUBLISHED, UNPUBLISHED)}
    assert sandbox.heads().keys() == {"master", *releases, *OTHER_BRANCHES}
    assert sandbox.heads(MIRROR).keys() == {"master", *releases}
    behind = {branch for branch, sha in sandbox.heads(MIRROR).items() if sandbox.heads()[branch] != sha}
    assert behind == {"master", "release-2.2"}
    tags = sandbox.repositories.refs(SOURCE, "refs/tags/")
    assert {"release-1.9.0", "release-2.2.0", "release-2.3.0-rc1"} <= tags.keys()
    assert "release-2.3.0" not in tags


def test_nothing_of_the_past_lies_in_the_future(lived):
    now = lived.clock.now()
    for build in lived.azure.builds.values():
        times = [at for at in (build.queued_at, build.started_at, build.finished_at) if at]
        assert [*times, now] == sorted([*times, now]), build  # one that was canceled in the queue never started
        for job in build.jobs:
            times = [at for at in (build.queued_at, job.ready_at, job.started_at, job.finished_at) if at]
            assert times == sorted(times) or job.result == "skipped", job
    for pull in lived.pulls.by_number.values():
        assert pull.created_at <= pull.updated_at <= now
    assert all(comment.created_at <= now for comment in lived.pulls.comments.values())


def test_what_was_built_exists(lived):
    for build in list(lived.azure.builds.values())[-30:]:
        assert lived.repositories.commit_facts(build.repo, build.version), build


def test_open_pull_requests_have_their_heads_and_most_their_branch_and_report(lived):
    refs = lived.repositories.refs(SOURCE, "refs/pull/")
    branches = lived.heads(PULLS)
    opened = [pull for pull in lived.pulls.by_number.values() if pull.state == "open"]
    assert len(opened) > 10
    assert all(refs[f"{pull.number}/head"] == pull.head for pull in opened)
    with_branch = [pull for pull in opened if f"ci_{pull.number}_{pull.head}" in branches]
    assert len(opened) * 0.6 < len(with_branch) < len(opened)
    for pull in with_branch:
        (comment,) = lived.pulls.reports(pull.number)
        report = parse(comment.body).report
        assert report.known[-1].hash == pull.head


def test_ci_bot_has_forgotten_branches_of_closed_pull_requests(lived):
    numbers = {int(branch.split("_")[1]) for branch in lived.heads(PULLS)}
    assert any(lived.pulls.by_number[number].closed_at for number in numbers)


def test_machines_have_their_stories(lived):
    jobs = [job for build in lived.azure.builds.values() for job in build.jobs if job.agent and job.plan.module]
    failed = {job.agent.name: [] for job in jobs}
    for job in jobs:
        failed[job.agent.name].append(job.result == "failed")
    share = {name: sum(results) / len(results) for name, results in failed.items()}
    assert share[SICK] > 2 * sorted(share.values())[len(share) // 2]
    assert not any(lived.azure.agent(name).online for name in OFF)
    assert not lived.azure.agent(DISABLED).enabled
    assert lived.azure.agent(FULL).full_disk
    assert any(job.low_disk for job in jobs)
    assert any(job.attempt > 1 for job in jobs)
    assert any(job.started_at - job.ready_at > timedelta(minutes=10) for job in jobs)


def test_there_are_nightly_builds_of_all_reasons_and_results(lived):
    seen = {(build.reason, build.result) for build in lived.azure.builds.values()}
    assert {"individualCI", "schedule"} == {reason for reason, _ in seen}
    assert {"succeeded", "failed", "canceled"} <= {result for _, result in seen}


def test_each_event_can_happen_and_life_goes_on(sandbox):
    seed(sandbox, commits=1)
    write_history(sandbox, dice())
    chance = dice(5)
    before = (sandbox.heads(), len(sandbox.pulls.by_number), len(sandbox.pulls.comments))
    for event, _ in EVENTS:
        event(sandbox, chance)
    for _ in range(15):
        happen(sandbox, chance)
    after = (sandbox.heads(), len(sandbox.pulls.by_number), len(sandbox.pulls.comments))
    assert all(new != old for new, old in zip(after, before, strict=True))


def test_as_a_process_it_tells_where_it_is_and_ends_at_a_signal(tmp_path, settings):
    command = [sys.executable, "-m", "flinkci_dashboard.sandbox", "--root", str(tmp_path / "world"), "--life"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        settings.GITHUB_API_URL = json.loads(process.stdout.readline())["GITHUB_API_URL"]
        answer = requests.get(f"{settings.GITHUB_API_URL}/repos/apache/flink/pulls", timeout=30)
        assert answer.json(), "who asks before the world is made waits for it"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stdout.close()
    assert not (tmp_path / "world").exists()
