"""Builds of both services become pairs, as programs read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from agents.builds.rows import save_builds
from agents.migration.budget.usage import refresh_hosted_day
from agents.migration.edits import job_map
from agents.migration.readiness import refresh_migration
from agents.migration.rows import refresh_pairs
from agents.models import Criterion, HostedDay, JobRule, Pair, PairGroup, StaleCommit, StaleDay
from flinkci_dashboard.clients.facts import BuildFacts, Reason, Result, Status
from tests.machines import make_build, make_job
from tests.migration import CI, NIGHTLY, SHA, make_hosted, make_run, pair_up
from tests.reading import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
PULL = {"branch": f"ci_7_{SHA}", "pull_number": 7, "scope": "pull", "version": SHA}
IN_FORK = {"branch": "patch", "pull_number": 7, "scope": "pull", "repository": "ada/flink"}


@pytest.fixture(autouse=True)
def fresh_counters(db):
    cache.clear()


def asked(member, query=""):
    answer = member.get(f"/api/v1/migration{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def two(result="succeeded", ours="succeeded", **facts):
    azure, actions = make_build(1, version=SHA, result=result, **facts), make_run(2, result=ours)
    make_job(azure, "test_ci core", result)
    make_job(actions, "Default (Java 17) / Test (module: core)", ours, host="github")
    return azure, actions


@pytest.mark.parametrize(
    ("azure", "actions", "agreement", "groups"),
    [
        ("succeeded", "succeeded", "agree", (1, 0, 0)),
        ("failed", "failed", "agree", (1, 0, 0)),
        ("failed", "succeeded", "differ", (0, 1, 0)),
        ("succeeded", "canceled", "no verdict", (0, 0, 1)),
        ("succeeded", "timed_out", "differ", (0, 1, 0)),
        ("succeeded", "partial", "no verdict", (0, 0, 1)),  # what Actions calls neutral
        ("partial", "succeeded", "differ", (0, 1, 0)),
    ],
)
def test_programs_read_what_both_said(member, azure, actions, agreement, groups):
    pair_up(*two(azure, actions))
    (one,) = asked(member)
    assert (one["branch"], one["pull"], one["sha"], one["agreement"]) == ("master", None, SHA, agreement)
    assert one["azure"] == {"id": 1, "result": azure, "seconds": pytest.approx(1800)}
    assert (one["actions"]["id"], one["actions"]["result"]) == (2, actions)
    assert (one["groups_agreed"], one["groups_differed"], one["groups_undecided"]) == groups


def test_a_failure_for_infrastructure_alone_is_no_verdict(member):
    azure, actions = make_build(1, version=SHA), make_run(2, result="failed")
    make_job(actions, "Default (Java 17) / Compile", "failed", cause="docker")
    pair_up(azure, actions)
    assert asked(member)[0]["agreement"] == "no verdict"


def test_a_pull_requests_head_is_paired_with_the_run_in_its_authors_fork(member):
    pair_up(make_build(1, **PULL), make_run(2, **IN_FORK))
    (one,) = asked(member)
    assert (one["branch"], one["pull"], one["in_fork"]) == (None, 7, True)


@pytest.mark.parametrize(
    "facts",
    [
        {"branch": "release-2.2"},
        {"sha": "d" * 40},
        {"scope": "other"},
        IN_FORK,
    ],
)
def test_what_belongs_to_another_branch_commit_or_head_makes_no_pair(member, facts):
    pair_up(make_build(1, version=SHA), make_run(2, **facts))
    assert asked(member) == []


def test_of_several_builds_the_last_of_the_same_kind_count(member):
    early, late = make_run(2, ago=50, result="failed"), make_run(3, ago=20)
    nightly = make_run(4, ago=10, result="failed", definition=NIGHTLY)
    pair_up(make_build(1, version=SHA), early, late, nightly)
    assert [(each["azure"]["id"], each["actions"]["id"]) for each in asked(member)] == [(1, 3)]


def test_a_workflow_that_was_renamed_is_the_same_one(member):
    azure = make_build(1, version=SHA)
    make_job(azure, "test_ci core")
    name, file = "Default (Java 17) / Test (module: core)", {"workflow": "ci.yml"}
    early, late = make_run(2, ago=50, result="failed", **file), make_run(3, ago=20, definition="CI", **file)
    make_job(early, name, "failed", host="github")
    make_job(late, name, host="github")
    nightly = make_run(4, ago=5, definition="All variants", workflow="nightly.yml", result="failed")
    pair_up(azure, early, late, nightly)
    (one,) = asked(member)
    assert (one["actions"]["id"], one["groups_agreed"], one["groups_differed"]) == (3, 1, 0)


@pytest.mark.parametrize(
    ("attempts", "agreement", "flaked"),
    [
        (["canceled", "succeeded"], (1, 0, 0), False),
        (["failed", "succeeded"], (1, 0, 0), True),
        (["failed", "canceled"], (0, 0, 1), False),
        (["succeeded", "failed"], (0, 1, 0), False),
        (["failed", ""], (0, 0, 1), False),  # the second one runs
    ],
)
def test_the_last_attempt_of_a_job_counts(member, attempts, agreement, flaked):
    azure, run = make_build(1, version=SHA), make_run(2)
    make_job(azure, "test_ci core")
    for number, result in enumerate(attempts, 1):
        status = "finished" if result else "running"
        name = "Default (Java 17) / Test (module: core)"
        make_job(run, name, result, attempt=number, key="core", host="github", status=status)
    pair_up(azure, run)
    (one,) = asked(member)
    assert (one["groups_agreed"], one["groups_differed"], one["groups_undecided"]) == agreement
    assert PairGroup.objects.get().actions_flaked is flaked


def test_lists_are_filtered_by_branch_and_age(member):
    pair_up(make_build(1, version=SHA), make_run(2))
    old = {"branch": "release-2.2", "ago": 3 * 24 * 60}
    pair_up(make_build(3, version="e" * 40, **old), make_run(4, "e" * 40, **old))
    assert [each["branch"] for each in asked(member)] == ["release-2.2", "master"]
    assert [each["branch"] for each in asked(member, "?branch=release-2.2")] == ["release-2.2"]
    assert [each["branch"] for each in asked(member, "?days=2")] == ["master"]
    assert member.get("/api/v1/migration?days=nonsense").status_code == 422


def test_a_pair_follows_its_builds_and_what_does_not_change_costs_nothing(member, django_assert_num_queries):
    pair_up(*two("failed", "succeeded"))
    now = timezone.now()
    told = {"provider": "azure", "external_id": 1, "branch": "master", "version": SHA, "reason": Reason.PUSH}
    told |= dict.fromkeys(("number", "definition", "repository", "message", "requested_for", "web_url"), "")
    told |= dict.fromkeys(("queued_at", "started_at", "finished_at"), now)
    facts = {**told, "definition_id": None, "status": Status.FINISHED, "result": Result.SUCCEEDED}
    save_builds([BuildFacts(**facts)], now)
    assert refresh_pairs(now) == 1
    assert asked(member)[0]["agreement"] == "agree"
    with django_assert_num_queries(5):  # the rules, their mark, and nothing claimed in a transaction
        assert refresh_pairs(now) == 0


def test_a_changed_job_map_makes_pairs_anew(member):
    pair_up(*two("failed", "succeeded"))
    JobRule.objects.filter(azure="test_ci {part}").update(actions="")
    refresh_pairs(timezone.now())
    assert (asked(member)[0]["groups_differed"], StaleCommit.objects.count()) == (0, 0)
    assert Pair.objects.get().agreement == "differ"


@pytest.mark.parametrize(
    ("rule", "edit", "touched"),
    [
        ("test_ci {part}", {"group": "unit {part}"}, {SHA}),
        ("test_ci {part}", {"gaps": []}, {SHA}),
        ("test_ci {part}", {"order": 900}, {SHA}),  # behind one that has no counterpart
        ("license_check_ci", {"group": "licensing"}, {"d" * 40}),
        ("license_check_ci", {"comment": "as ever"}, set()),
        ("compile_ci", {"group": "build"}, set()),  # no such job was seen
    ],
)
def test_an_edit_of_the_job_map_touches_only_commits_whose_jobs_change_place(rule, edit, touched):
    JobRule.objects.create(order=500, group="rest {part}", azure="test_{part}")
    pair_up(*two())
    other = make_build(5, version="d" * 40), make_run(6, "d" * 40)
    make_job(other[0], "license_check_ci")
    pair_up(*other)
    JobRule.objects.filter(azure=rule).update(**edit)
    job_map(timezone.now())
    assert set(StaleCommit.objects.values_list("sha", flat=True)) == touched


def test_the_page_says_that_an_edit_is_being_carried_out_and_criteria_wait(member, monkeypatch):
    pair_up(*two("failed", "succeeded"))
    Criterion.objects.exclude(kind="agreement").delete()
    JobRule.objects.filter(azure="test_ci {part}").update(actions="")
    with monkeypatch.context() as patch:
        patch.setattr("agents.migration.rows.PARTS", 0)
        refresh_migration(timezone.now())
    assert "1 commit left to compare anew" in text(member, "/migration/")
    assert Criterion.objects.get().figure == ""
    refresh_migration(timezone.now())
    assert "compare anew" not in text(member, "/migration/")
    assert Criterion.objects.get().figure == "no pair yet"


def test_groups_that_stay_the_same_are_not_written_and_those_that_went_are_deleted(member):
    azure, actions = two("failed", "succeeded")
    make_job(azure, "compile_ci")
    make_job(actions, "Default (Java 17) / Compile", host="github")
    pair_up(azure, actions)
    before = dict(PairGroup.objects.values_list("group", "pk"))
    JobRule.objects.filter(azure="compile_ci").update(azure="", group="other")
    pair_up(azure)
    after = dict(PairGroup.objects.values_list("group", "pk"))
    assert after["test core"] == before["test core"] and {"compile_ci", "other"} <= set(after)
    azure.jobs.filter(name="compile_ci").delete()
    pair_up(azure)
    assert set(PairGroup.objects.values_list("group", flat=True)) == {"test core", "other"}


def budget(member):
    answer = member.get("/api/v1/budget")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_without_runs_nothing_is_used(member):
    used = budget(member)
    assert (used["minutes_week"], used["minutes_worst_5_days"], used["peak_jobs"]) == (0, 0, 0)
    assert (used["limit_week"], used["limit_5_days"], used["limit_jobs"]) == (250_000, 216_000, 20)
    assert datetime.fromisoformat(used["week_from"]).weekday() == 0


def test_hosted_jobs_of_the_project_count_each_attempt_once(member, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    run, kafka = make_run(1), make_run(2, repository="apache/flink-connector-kafka", definition="CI")
    for name, attempt in (("a", 1), ("b", 1), ("a", 2)):
        make_hosted(run, name, 30, ended=5 if attempt == 2 else 60, attempt=attempt)
    make_hosted(run, "a", 30, ended=60, attempt=3)  # told again by a later attempt, as it had ended before
    make_hosted(kafka, "c", 20)
    make_hosted(make_run(3, repository="ada/flink"), "fork", 999)
    make_job(run, "alibaba")
    used = budget(member)
    assert used["by_repository"] == {"apache/flink": 90, "apache/flink-connector-kafka": 20}
    assert used["by_workflow"] == {CI: 90, "CI": 20}
    assert (used["minutes_week"], used["minutes_worst_5_days"], used["peak_jobs"]) == (110, 110, 2)


def test_days_that_are_over_are_read_from_their_rows_until_something_of_them_changes(member, time_machine):
    now = datetime(2026, 11, 19, 12, tzinfo=UTC)  # a Thursday
    time_machine.move_to(now, tick=False)
    run, monday = make_run(1, ago=0), now - timedelta(days=3)
    make_hosted(run, "a", 60, ended=3 * 24 * 60)
    StaleDay.objects.all().delete()
    assert budget(member)["minutes_week"] == 0  # nothing says that the day's rows are missing
    StaleDay.objects.create(day=monday.date())
    assert budget(member)["minutes_week"] == 60
    refresh_hosted_day(monday.date(), now)
    StaleDay.objects.all().delete()
    assert (budget(member)["minutes_week"], HostedDay.objects.count()) == (60, 1)


def test_running_jobs_count_up_to_now_and_last_week_apart(member, time_machine):
    now = datetime(2026, 11, 23, 1, tzinfo=UTC)  # a Monday: the last week ended an hour ago
    time_machine.move_to(now, tick=False)
    run = make_run(1, ago=0)
    make_hosted(run, "a", 120, ended=0, finished_at=None, status="running", result="", run_seconds=None)
    used = budget(member)
    assert (used["minutes_week"], used["minutes_worst_5_days"]) == (60, 120)
