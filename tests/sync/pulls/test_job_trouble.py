"""Passes while services fail, answers get lost, limits end words and texts are hostile."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action
from sync.models import Watermark
from tests.pulls import builds, ci_branches, end, name_of, reports, settle, statuses, sync

HOSTILE = "\u202e<script>alert(1)</script>\x1b[31m' OR 1=1 -- \U0001f4a9" + "x" * 300


def test_the_hourly_look_heals_what_was_missed(flink):
    number = flink.pulls.open()
    settle(2)
    [comment] = flink.pulls.reports(number)
    flink.pulls.delete_comment(comment.id)
    flink.pulls.by_number[number].closed_at = flink.pulls.by_number[number].created_at  # and GitHub tells nobody
    mark = Watermark.objects.get(name="everything")
    mark.data["at"] = (timezone.now() - timedelta(hours=2)).isoformat()
    mark.save()
    settle(2)
    assert not ci_branches(flink)


@pytest.mark.parametrize("service", ["github", "azure", "git"])
def test_a_service_that_is_down_fails_the_pass_and_heals(flink, service, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.pacing.PAUSES", ())
    number = flink.pulls.open()
    flink.fault(service=service, status=503, times=None)
    run = run_pass("sync_pulls", "command")
    assert run and run.error and flink.github_token not in run.error
    flink.clear_faults()
    settle(3)
    assert ci_branches(flink) == {name_of(flink, number)}
    assert len(builds(flink, number)) == 1
    assert list(statuses(flink, number).values()) == ["PENDING"]


def test_hostile_text_harms_nothing(flink):
    number = flink.pulls.open(HOSTILE, login=None)
    flink.pulls.by_number[number].branch = HOSTILE
    flink.pulls.comment(number, HOSTILE + "\n@flinkbot run " + "a" * 5000, login=None)
    flink.pulls.comment(number, "<!--\nMeta data\n" + '{"a":' * 9000 + "-->\n## CI report:\n\n", login="flinkbot")
    flink.pulls.add_labels(number, ["<b>"])
    settle(3)
    assert len(reports(flink, number)) == 1
    assert len(builds(flink, number)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "github", "method": "POST", "path": "comments", "truncate": 20},
        {"service": "github", "method": "POST", "path": "comments", "status": 502},
        {"service": "github", "method": "POST", "path": "reactions", "truncate": 5},
        {"service": "azure", "method": "PATCH", "truncate": 20},
        {"service": "azure", "method": "PATCH", "status": 500},
        {"service": "git", "method": "POST", "path": "git-receive-pack", "truncate": 10},
        {"service": "git", "method": "POST", "path": "git-receive-pack", "reset": True},
    ],
    ids=str,
)
def test_a_lost_answer_doubles_nothing(flink, fault):
    failed = flink.pulls.open()
    settle(2)
    end(flink, failed, "failed")
    settle(1)
    flink.pulls.comment(failed, "@flinkbot run azure")
    fresh = flink.pulls.open()
    flink.fault(**fault)
    run_pass("sync_pulls", "command")
    settle(3)
    assert [max(job.attempt for job in build.jobs) for build in builds(flink, failed)] == [2]
    assert name_of(flink, fresh) in ci_branches(flink)
    # A push whose answer is cut off starts no build in the sandbox.
    shown = "PENDING" if builds(flink, fresh) else "UNKNOWN"
    assert len(builds(flink, fresh)) <= 1
    assert list(statuses(flink, failed).values()) + list(statuses(flink, fresh).values()) == ["PENDING", shown]
    assert not Action.objects.filter(state="pending").exists()


def test_a_limit_stops_the_words_and_a_later_pass_says_the_rest(flink):
    numbers = [flink.pulls.open() for _ in range(4)]
    sync()
    for number in numbers:
        flink.pulls.push(number)
    limit = flink.fault(
        service="github", method="PATCH", rate_limit="secondary", headers={"retry-after": "900"}, times=None
    )
    mark = flink.log_mark()
    sync("partial")
    assert len([each for each in flink.since(mark, "github") if each.status == 403]) == 1
    mark = flink.log_mark()
    run_pass("sync_pulls", "command")
    assert not [each for each in flink.since(mark, "github") if each.method != "GET"]  # reading goes on
    assert {name_of(flink, number) for number in numbers} <= ci_branches(flink)
    limit.times = 0
    cache.clear()
    settle(3)
    for number in numbers:
        assert flink.pulls.by_number[number].head in statuses(flink, number)
    assert not Action.objects.filter(state="pending").exists()
