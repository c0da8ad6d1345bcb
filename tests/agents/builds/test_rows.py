"""Builds that a service tells become rows, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from agents.builds.rows import save_builds
from agents.models import Build
from flinkci_dashboard.clients.facts import BuildFacts, Reason, Result, Status

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FACTS = BuildFacts(
    provider="azure",
    external_id=79300,
    number="20261123.4",
    definition_id=1,
    definition="flink-ci.flink-mirror",
    repository="flink-ci/flink-mirror",
    branch="master",
    version="a" * 40,
    message="[FLINK-1] Fix",
    reason=Reason.PUSH,
    status=Status.RUNNING,
    result=Result.NONE,
    queued_at=NOW - timedelta(minutes=9),
    started_at=NOW - timedelta(minutes=8),
    finished_at=None,
    requested_for="flinkbot",
    web_url="https://dev.azure.com/apache-flink/apache-flink/_build/results?buildId=79300",
)


def test_a_new_build_gets_a_row_whose_jobs_are_to_be_read():
    save_builds([FACTS], NOW)
    build = Build.objects.get()
    assert (build.external_id, build.branch, build.status, build.scope) == (79300, "master", "running", "branch")
    assert build.jobs_pending


def test_the_same_build_again_writes_nothing(django_assert_num_queries):
    save_builds([FACTS], NOW)
    with django_assert_num_queries(1):
        assert save_builds([FACTS], NOW) == []


def test_a_build_that_finished_is_updated_and_has_its_jobs_read_again():
    save_builds([FACTS], NOW)
    Build.objects.update(jobs_pending=False, failed_tests=3)
    save_builds([replace(FACTS, status=Status.FINISHED, result=Result.FAILED, finished_at=NOW)], NOW)
    build = Build.objects.get()
    assert (build.status, build.result, build.jobs_pending) == ("finished", "failed", True)
    assert build.failed_tests == 3, "what the jobs said stays until they are read"


def test_a_build_that_only_got_another_name_keeps_its_jobs():
    save_builds([FACTS], NOW)
    Build.objects.update(jobs_pending=False)
    save_builds([replace(FACTS, definition="renamed")], NOW)
    assert Build.objects.get().definition == "renamed"
    assert not Build.objects.get().jobs_pending


def test_a_build_that_is_back_is_no_longer_gone():
    save_builds([FACTS], NOW)
    Build.objects.update(gone_at=NOW)
    save_builds([FACTS], NOW)
    assert Build.objects.get().gone_at is None


@pytest.mark.parametrize(
    "branch, reason, scope, pull",
    [
        (f"ci_29300_{'a' * 40}", Reason.PUSH, "pull", 29300),
        ("refs/pull/12/merge", Reason.OTHER, "pull", None),
        ("master", Reason.PULL_REQUEST, "pull", None),
        ("release-2.1", Reason.SCHEDULE, "branch", None),
        ("ci_fix", Reason.PUSH, "branch", None),
    ],
)
def test_what_a_build_is_about_follows_from_branch_and_reason(branch, reason, scope, pull):
    save_builds([replace(FACTS, branch=branch, reason=reason)], NOW)
    build = Build.objects.get()
    assert (build.scope, build.pull_number) == (scope, pull)


def test_a_build_that_runs_again_says_since_when():
    ended = replace(FACTS, status=Status.FINISHED, result=Result.FAILED, finished_at=NOW, asked_at=NOW)
    save_builds([ended], NOW)
    assert Build.objects.get().retried_at is None
    again = NOW + timedelta(hours=3)
    save_builds([replace(FACTS, asked_at=again)], again + timedelta(seconds=5))
    assert Build.objects.get().retried_at == again


def test_an_older_answer_changes_nothing_whatever_it_says():
    save_builds([replace(FACTS, status=Status.FINISHED, result=Result.FAILED, asked_at=NOW)], NOW)
    assert save_builds([replace(FACTS, asked_at=NOW - timedelta(seconds=1))], NOW) == []
    assert Build.objects.get().result == "failed"
    assert save_builds([replace(FACTS, asked_at=NOW + timedelta(seconds=1))], NOW) != []
    assert Build.objects.get().status == "running"


@pytest.mark.django_db(transaction=True)
def test_what_points_at_a_build_is_written_while_it_changes():
    """Pairs are made anew while builds change: neither may wait for the other, which waits for the commit's mark."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    save_builds([FACTS], NOW)
    other = connection.copy()
    with transaction.atomic():
        save_builds([replace(FACTS, status=Status.FINISHED, result=Result.FAILED, finished_at=NOW)], NOW)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM agents_build FOR KEY SHARE NOWAIT")  # as a foreign key's check does
            assert cursor.fetchall()
    other.close()
