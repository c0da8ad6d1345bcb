"""The migration's pages, its map of jobs, and who has the say."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.charts.periods import mark_stale, refresh_stale_days
from agents.migration.over_time import refresh_over_time
from agents.migration.readiness import refresh_criteria, refresh_migration
from agents.models import (
    Criterion,
    Failure,
    Job,
    JobRule,
    KnownTicket,
    Pair,
    PairFigures,
    Test,
    TestFailure,
)
from tests.machines import make_build, make_job
from tests.migration import NIGHTLY, make_hosted, make_run, pair_up
from tests.reading import read, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
TABS = ("pairs", "time", "budget", "criteria", "authority")


def commit(number, azure="succeeded", actions="succeeded", hours=1, **facts):
    """Let both services build one commit of master; a failure is a test's."""
    sha, ago = f"{number:040x}", hours * 60
    ours, theirs = (
        make_build(number, version=sha, result=azure, ago=ago),
        make_run(number, sha, result=actions, ago=ago),
    )
    jobs = [make_job(ours, "test_ci core", azure), make_job(theirs, "Default (Java 17) / Test (module: core)", actions)]
    for job in jobs:
        if job.result == "failed":
            test, _ = Test.objects.get_or_create(name="a.FooITCase.testBar")
            TestFailure.objects.create(test=test, job=job, build=job.build, at=job.finished_at, source="log")
    pair_up(ours, theirs)


@pytest.mark.parametrize("tab", TABS)
def test_every_part_says_what_is_missing_while_nothing_is_known(member, tab):
    assert "No commit of the last 14 days" in read(member, "migration", query=f"?tab={tab}")


def test_pairs_show_what_both_said_and_why_they_differ(member):
    commit(1, "failed", "succeeded")
    commit(2)
    ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-77", updated_at=timezone.now())
    Failure.objects.create(key="a.FooITCase#testBar", test=Test.objects.get(), ticket=ticket)
    page = read(member, "migration")
    assert "Azure Pipelines" in page and "GitHub Actions" in page
    assert "50.0 % of the groups" in page and "a.FooITCase#testBar" in page and "FLINK-77" in page
    assert "FooITCase" not in read(member, "migration", query="?agreement=agree")
    assert "No pair fits: Branch: release-9.9" in read(member, "migration", query="?branch=release-9.9")


def test_pairs_are_sorted_filtered_and_given_as_files(member):
    commit(1, "failed", "succeeded", hours=30)
    commit(2, hours=2)

    def shas(query):
        return [each["sha"][-1] for each in json.loads(text(member, reverse("migration") + query + "&format=json"))]

    assert [shas(each) for each in ("?", "?sort=at", "?sort=-groups_differ")] == [["2", "1"], ["1", "2"], ["1", "2"]]
    assert [shas(each) for each in ("?days=7", "?agreement=differ", "?of=pull")] == [["2", "1"], ["1"], []]
    lines = text(member, reverse("migration") + "?format=csv&agreement=differ").splitlines()
    assert len(lines) == 2 and "test core: another JDK or Hadoop profile" in lines[1]
    assert "1–2 of 2" in read(member, "migration")
    assert "is not understood here" in read(member, "migration", query="?days=3")


def test_a_pair_shows_its_groups_side_by_side(member):
    commit(1, "failed", "succeeded")
    address = member.get(reverse("migration")).context["table"].lines[0].pair.pk
    page = read(member, "migration_pair", address)
    assert "test core" in page and "another JDK or Hadoop profile" in page


def test_over_time_tells_which_service_erred(member):
    commit(1, "succeeded", "failed", hours=9)
    commit(2, hours=5)
    commit(3, "failed", "succeeded", hours=4)
    commit(4, "failed", "failed", hours=2)
    assert "No figures were made yet" in read(member, "migration", query="?tab=time")
    refresh_over_time(timezone.now())
    page = read(member, "migration", query="?tab=time&days=7")
    assert "it passed on the next commit" in page and "it failed on the next commit again" in page
    azure, actions = member.get(reverse("migration") + "?tab=time").context["time"].whole
    assert (azure.false_red, actions.false_red, actions.false_green) == (0, 1, 1)


def test_a_page_makes_no_figures_and_a_pass_makes_them_when_pairs_have_changed(member, django_assert_max_num_queries):
    now = timezone.now()
    commit(1)
    refresh_over_time(now)
    made = PairFigures.objects.get(days=14)
    refresh_over_time(now + timedelta(minutes=1))
    assert PairFigures.objects.get(days=14).made_at == made.made_at
    commit(2)
    refresh_over_time(now + timedelta(minutes=2))
    assert PairFigures.objects.get(days=14).made_at == now + timedelta(minutes=2)
    PairFigures.objects.filter(days=14).update(took=60)
    commit(3)
    refresh_over_time(now + timedelta(minutes=50))  # what takes a minute rests for an hour
    assert PairFigures.objects.get(days=14).made_at == now + timedelta(minutes=2)
    refresh_over_time(now + timedelta(minutes=63))
    assert member.get(reverse("migration") + "?tab=time").context["time"].groups[0].agreed == 3


def test_the_budget_names_what_costs_and_what_if_moves_the_rest(member):
    nightly = make_build(8, reason="schedule", version="8" * 40, ago=90)
    for job in (make_job(nightly, f"test_cron_jdk11 {part}") for part in ("core", "misc")):
        mark_stale([job])
    commit(1)
    make_hosted(make_run(9, "9" * 40), "Compile", 30, ended=1)
    make_hosted(make_run(10, "8" * 40, definition=NIGHTLY), "Java 11 / Compile", 50, ended=1)
    mark_stale(Job.objects.all())
    refresh_stale_days(timezone.now())
    refresh_over_time(timezone.now())
    page = read(member, "migration", query="?tab=budget")
    assert "Flink CI (beta)" in page and "250,000" in page and "216,000" in page
    asked = {
        "whole": "",
        "none": "?branch.master=0",
        "half": "?branch.master=50",
        "core": "?group.Java+11:+test+core=0&group.Java+11:+test+misc=0",
        "both": "?branch.master=50&group.Java+11:+test+core=0&group.Java+11:+test+misc=0",
        "nonsense": "?branch.master=500&group.=x&branch.=1&group.test+core=",
    }
    found = {name: member.get(reverse("migration_what_if") + query).context["moving"] for name, query in asked.items()}
    assert {name: each.added for name, each in found.items()} == {
        "whole": 90,
        "none": 0,
        "half": 45,
        "core": 30,
        "both": 15,
        "nonsense": 90,
    }
    seven, week, five, jobs = found["whole"].lines
    assert (seven.now, seven.then, five.then, five.limit, jobs.then) == (80, 170, 170, 216_000, 2)
    assert week.limit == 250_000 and found["none"].lines[3].then == 1
    [night] = found["whole"].nights
    assert (night.branch, night.moved, night.actual) == ("master", 60, 50)
    page = read(member, "migration_what_if", query=asked["both"])
    assert page.count('type="range"') == 4 and "50 %" in page


def test_the_budget_says_of_which_workflow_too_many_jobs_work_at_once(member, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    for number, (workflow, jobs) in enumerate({"Few": 15, "Many": 16, "Most": 21}.items()):
        run = make_run(number, f"{number:040x}", definition=workflow)
        for job in range(jobs):
            make_hosted(run, f"job {job}", 30)
    page = member.get(reverse("migration") + "?tab=budget")
    assert {each.workflow: each.peak for each in page.context["used"].runs} == {"Few": 15, "Many": 16, "Most": 21}
    shown = [re.sub(r"<[^>]+>|\s+", " ", each) for each in re.findall(r"(?s)<tr>.*?</tr>", page.content.decode())]
    said = {name: [row for row in shown if f" {name} " in row][-1] for name in ("Few", "Many", "Most")}
    assert "many" not in said["Few"] and "too many" in said["Most"]
    assert "many" in said["Many"] and "too many" not in said["Many"]


def test_criteria_turn_green_with_their_day_and_red_again(member):
    Criterion.objects.exclude(kind="agreement").delete()
    commit(1)
    refresh_criteria(timezone.now() - timedelta(days=0), news=True)
    day = Criterion.objects.get().met_since
    assert f"since {day:%Y-%m-%d}" in read(member, "migration", query="?tab=criteria")
    refresh_criteria(timezone.now() + timedelta(minutes=1), news=True)
    assert Criterion.objects.get().met_since == day
    commit(2, "failed", "succeeded")
    refresh_criteria(timezone.now(), news=True)
    lost = Criterion.objects.get()
    assert (lost.met_since, lost.lost_since) == (None, day)
    assert f"after it had been met since {day:%Y-%m-%d}" in read(member, "migration", query="?tab=criteria")


def test_a_criterion_that_turns_green_again_has_the_new_day_and_says_when_it_had_fallen_back(member):
    Criterion.objects.exclude(kind="agreement").delete()
    now = timezone.now()
    days = [now - timedelta(days=n) for n in (9, 8, 6, 5)]
    seen = []
    commit(1)
    for at, differed in zip(days, (0, 1, 1, 0), strict=True):
        Pair.objects.update(differed=differed)
        refresh_criteria(at, news=True)
        row = Criterion.objects.get()
        seen.append((row.met_since, row.lost_since, row.lost_at))
    assert seen == [
        (days[0], None, None),
        (None, days[0], days[1]),
        (None, days[0], days[1]),
        (days[3], days[0], days[1]),
    ]
    page = read(member, "migration", query="?tab=criteria")
    assert f"since {days[3]:%Y-%m-%d}" in page and f"fell back on {days[1]:%Y-%m-%d}" in page


def test_a_criterion_that_an_admin_changes_begins_anew(member, admin):
    Criterion.objects.exclude(kind="agreement").delete()
    commit(1)
    refresh_criteria(timezone.now() - timedelta(days=3), news=True)
    row = Criterion.objects.get()
    form = {"order": 5, "kind": row.kind, "threshold": row.threshold, "days": row.days, "excepted": ""}
    admin.post(f"/admin/agents/criterion/{row.pk}/change/", form)
    assert Criterion.objects.get().met_since == row.met_since
    admin.post(f"/admin/agents/criterion/{row.pk}/change/", form | {"threshold": 50})
    assert Criterion.objects.get().met_since is None
    refresh_migration(now := timezone.now())
    assert Criterion.objects.get().met_since == now


PREVIEW = "/admin/agents/jobrule/preview/"


def test_a_change_of_the_job_map_is_shown_before_it_is_made(admin):
    commit(1)
    rule = JobRule.objects.get(azure="test_ci {part}")
    form = {"pk": rule.pk, "order": 1, "group": "unit {part}", "azure": rule.azure, "actions": "", "gaps": "[]"}
    page = admin.post(PREVIEW, form).content.decode()
    assert "unit core" in page and "test core" in page
    assert f'value="Preview again" formaction="{PREVIEW}"' in page
    assert JobRule.objects.get(pk=rule.pk).group == "test {part}"
    assert "at most 4 wildcards" in admin.post(PREVIEW, form | {"azure": "*****"}).content.decode()
    assert f'formaction="{PREVIEW}"' in admin.get("/admin/agents/jobrule/add/").content.decode()


def test_more_pairs_take_no_more_queries(member):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            member.get(reverse("migration"))
        return len(asked)

    commit(1, "failed", "succeeded")
    queries()
    few = queries()
    for number in range(2, 6):
        commit(number, "failed", "succeeded")
    assert queries() == few
