"""The pages about builds and branches: what people read there."""

import re

import pytest
from django.urls import reverse

from agents.builds.nightly_rows import refresh_streaks
from agents.models import Commit, Failure, KnownTicket, Streak, Test, TestFailure
from sync.models import Mirror, MirrorBranch
from tests.machines import make_agent, make_build, make_job, minutes
from tests.reading import read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", {1, 2, 3, 4}),
        ("?branch=mast", {1, 3}),
        ("?branch=%22mast%22", set()),
        ("?reason=schedule", {3}),
        ("?state=failed", {2, 3}),
        ("?state=running", {4}),
        ("?host=azure", {1}),
        ("?scope=pull", {4}),
        ("?branch=master&state=failed", {3}),
        ("?definition=one", {1}),
        ("?state=nonsense&host=%00&before=x", {1, 2, 3, 4}),
        ("?upto=99999999999999999999999_1", {1, 2, 3, 4}),
    ],
)
def test_the_list_is_filtered_by_the_address(member, query, shown):
    make_build(1, hosts="alibaba,azure", definition="one")
    make_build(2, branch="release-2.1", result="failed")
    make_build(3, reason="schedule", result="failed")
    make_build(4, branch=f"ci_29300_{'a' * 40}", scope="pull", status="running", result="", finished_at=None)
    text = read(member, "builds", query=query)
    assert {number for number in range(1, 5) if f'href="{reverse("build", args=["azure", number])}"' in text} == shown


def test_the_list_is_walked_without_missing_or_doubling_a_build(member):
    at = minutes(10)
    for number in range(1, 109):
        make_build(number, queued_at=at)
    seen, address = [], "?"
    while address:
        table = member.get(reverse("builds") + address).context["table"]
        seen += [build.external_id for build in table.lines]
        address = table.next
        make_build(1000 + len(seen), queued_at=minutes(-1))  # what arrives meanwhile
    assert seen == list(range(108, 0, -1))


@pytest.mark.parametrize(("sort", "first"), [("queued", 1), ("-queued", 3), ("branch", 2), ("-reason", 3)])
def test_the_list_is_sorted_by_its_heads(member, sort, first):
    make_build(1, queued_at=minutes(30), branch="master")
    make_build(2, queued_at=minutes(20), branch="a")
    make_build(3, queued_at=minutes(10), branch="master", reason="schedule")
    assert member.get(f"/builds/?sort={sort}").context["table"].lines[0].external_id == first


def test_an_empty_list_says_what_to_expect(member):
    assert "No build is known yet." in read(member, "builds")
    assert "No build fits: Branch: x." in read(member, "builds", query="?branch=x")


def test_a_build_shows_waiting_and_running_apart_by_host(member, pool):
    build = make_build()
    make_job(build, agent=make_agent(pool))
    make_job(build, "e2e_1", host="azure")
    text = read(member, "build", "azure", build.external_id)
    assert 'class="wait"' in text and 'class="host-azure"' in text and 'class="host-alibaba"' in text
    assert "waited 1 min; ran 30 min on Alibaba-hosted" in text
    assert f"{build.web_url}&amp;view=logs&amp;j=record-" in text


def test_a_build_says_first_why_it_failed_and_leads_to_the_line(member):
    build = make_build(result="failed")
    line = {"cause": "timeout", "cause_line": "Process produced no <output>.", "cause_line_number": 812}
    make_job(build, "core", result="failed", record_id="j1", failed_step_id="t1", **line)
    make_job(build, "old", result="failed", latest=False, cause="compile")
    make_job(build, "style", result="failed", cause="style", cause_line="License Check failed.")
    text = read(member, "build", "azure", build.external_id)
    assert "Why: style or licence" in text and "does not compile" not in text
    assert "timed out or hung" in text and "Process produced no &lt;output&gt;." in text
    assert f"{build.web_url}&amp;view=logs&amp;j=j1&amp;t=t1&amp;l=812" in text
    assert text.index("License Check failed.") < text.index("Jobs over time")


def test_a_build_links_its_commit_on_github(member):
    build = make_build(repository="flink-ci/flink-mirror")
    link = f'href="https://github.com/flink-ci/flink-mirror/commit/{build.version}"'
    assert link in read(member, "build", "azure", build.external_id)
    assert link in read(member, "builds")


def test_a_commit_of_an_unknown_repository_is_no_link(member):
    build = make_build()
    assert f'<span class="mono">{build.version[:10]}</span>' in read(member, "build", "azure", build.external_id)


def test_a_build_shows_every_attempt(member):
    build = make_build(attempt=2)
    make_job(build, result="failed", latest=False)
    make_job(build, attempt=2)
    text = read(member, "build", "azure", build.external_id)
    assert "attempt 1" in text and "attempt 2" in text


def test_a_failing_test_says_whether_it_was_seen_before(member):
    test = Test.objects.create(name="org.apache.flink.FooTest.testBar")
    fresh = Test.objects.create(name="org.apache.flink.NewTest.testBar")
    for number, ago in ((1, 3000), (2, 2000), (3, 60)):
        build = make_build(number, ago, result="failed")
        job = make_job(build, result="failed")
        TestFailure.objects.create(test=test, job=job, build=build, at=build.finished_at, message="boom", source="log")
    TestFailure.objects.create(test=fresh, job=job, build=build, at=build.finished_at, source="results")
    text = read(member, "build", "azure", 3)
    assert "2 times, last" in text
    assert text.count("never before") == 1
    assert "never before" in read(member, "build", "azure", 1)


def test_warnings_of_a_job_can_be_read(member):
    build = make_build()
    make_job(build, warnings=1, issues=[{"error": False, "message": "Free disk space on / is lower than 5%"}])
    assert "Free disk space on / is lower than 5%" in read(member, "build", "azure", build.external_id)


def test_a_build_without_jobs_or_times_is_shown(member):
    build = make_build(queued_at=None, started_at=None, finished_at=None, status="queued", result="", jobs_pending=True)
    assert "Its jobs have not been read yet." in read(member, "build", "azure", build.external_id)


def test_a_build_that_azure_deleted_says_so(member):
    make_build(gone_at=minutes(5))
    assert "Azure Pipelines does not have this build any more" in read(member, "build", "azure", 79300)


def test_the_grid_tells_new_from_lasting_failures(member):
    for number, result in ((1, "succeeded"), (2, "failed"), (3, "failed")):
        make_job(make_build(number, 300 - number, result=result), result=result)
    text = read(member, "branches")
    assert text.count('<td class="new"') == 1
    assert text.count('<td class="still"') == 1
    assert text.count('<td class="good"') == 1


def test_nightly_builds_stand_apart(member):
    make_job(make_build(1, result="failed"), result="failed")
    make_job(make_build(2, reason="schedule"), "cron_jdk17")
    response = member.get(reverse("branches"))
    pushes, nights = (grid for grid, _ in response.context["grids"])
    assert (pushes.key, nights.key) == ("push", "nightly")
    assert nights.streak == 1
    assert [row.name for row in pushes.rows] == ["test_ci core"]


def test_branches_stand_in_order_and_pull_requests_are_none(member):
    for number, branch in enumerate(["release-1.20", "release-2.10", "master", "release-2.9", "feature"]):
        make_build(number + 1, branch=branch)
    make_build(9, branch="ci_1_ab", scope="pull")
    tabs = member.get(reverse("branches")).context["tabs"]
    assert [tab.name for tab in tabs] == ["master", "release-2.10", "release-2.9", "release-1.20", "feature"]


def test_an_unknown_branch_is_not_found(member):
    assert member.get(reverse("branch", args=["nothing"])).status_code == 404


def test_the_address_that_a_build_had_before_there_were_two_services_leads_to_it(member):
    build = make_build(79300)
    response = member.get("/builds/79300/")
    assert (response.status_code, response["Location"]) == (301, build.get_absolute_url())
    assert build.get_absolute_url() == "/builds/azure/79300/"
    assert member.get("/builds/5/").status_code == 404


def test_a_build_of_another_service_is_another_build(member):
    make_build(79300)
    assert member.get("/builds/actions/79300/").status_code == 404


# What is to be expected, and a branch's own page ------------------------------------------------


def test_a_running_build_says_when_it_should_end_and_a_waiting_one_where_it_stands(member):
    for number in range(1, 5):
        make_job(make_build(number, 500 + number, definition_id=1), run_seconds=600)
    running = make_build(5, 10, definition_id=1, status="running", result="", finished_at=None)
    make_job(running, status="running", result="", finished_at=None)
    text = read(member, "build", "azure", 5)
    assert "Should end" in text and "in 20 min" in text and "builds like it run 30 min" in text
    assert "usually 10 min" in text
    for number in (6, 7):
        make_build(number, 10 - number, status="queued", result="", started_at=None, finished_at=None)
    assert re.search(r"Place in the queue</dt>\s*<dd>\s*2 of 2", read(member, "build", "azure", 7))


def test_what_has_ended_is_not_asked_for_again(member):
    make_build(1)
    make_build(2, jobs_pending=True)
    assert "data-final" in read(member, "build", "azure", 1)
    assert "data-final" not in read(member, "build", "azure", 2)


def test_a_build_names_its_commit_and_who_wrote_it(member):
    build = make_build(message="")
    Commit.objects.create(branch="master", order=1, sha=build.version, author="Ada", subject="[FLINK-1] Mend it")
    text = read(member, "build", "azure", build.external_id)
    assert "<bdi>[FLINK-1] Mend it</bdi>" in text and "<bdi>Ada</bdi>" in text
    assert "<bdi>[FLINK-1] Mend it</bdi>" in read(member, "branches")


def test_the_grid_folds_what_is_green_and_leads_to_the_failing_test(member):
    for number in (1, 2):
        build = make_build(number, 300 - number)
        jobs = [make_job(build, name) for name in ("core", "table", "python")]
        red = make_job(build, "misc", result="failed")
    test = Test.objects.create(name="org.apache.flink.FooTest.testBar")
    failure = TestFailure.objects.create(test=test, job=red, build=build, at=build.finished_at, source="log")
    text = read(member, "branches")
    assert "3 jobs that succeeded" in text and jobs[0].name not in text
    assert f'<a href="/builds/azure/2/#test-{failure.pk}">' in text
    assert f'id="test-{failure.pk}"' in read(member, "build", "azure", 2)
    assert "core" in read(member, "branches", query="?unfolded")


def test_a_release_branch_says_since_when_it_is_green_and_what_is_known_to_fail(member, bootstrapped):
    green = make_build(1, 3 * 24 * 60, branch="release-1.9")
    red = make_build(2, branch="release-1.9", result="failed")
    whole = {"branch": "release-1.9", "kind": "nightly", "provider": "azure", "latest": red}
    Streak.objects.create(red_runs=2, red_nights=2, first_red=red, last_green=green, **whole)
    for key, status in (("FLINK-7", "Open"), ("FLINK-8", "Closed")):
        test = Test.objects.create(name=f"org.apache.flink.FooTest.test{key}")
        ticket = KnownTicket.objects.create(jira_id=key[-1], key=key, status=status, updated_at=minutes(1))
        Failure.objects.create(key=test.name, test=test, ticket=ticket)
        job = make_job(red, key, result="failed")
        TestFailure.objects.create(test=test, job=job, build=red, at=red.finished_at, source="log")
    mirror = Mirror.objects.get()
    MirrorBranch.objects.create(mirror=mirror, name="release-1.9", state="behind")
    text = read(member, "branch", "release-1.9")
    assert "2 days since it succeeded" in text
    assert ">FLINK-7</a>" in text and ">FLINK-8</a>" not in text
    assert f"Mirror in {mirror.target}" in text and "Whom to ask" in text


def test_a_mirrored_branch_without_builds_has_its_page(member, bootstrapped):
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="release-9.9", state="new")
    assert "new on source" in read(member, "branch", "release-9.9")


def test_a_red_build_and_branch_explain_themselves(member):
    for number, result in ((1, "succeeded"), (2, "failed")):
        row = make_build(number, 300 - number, result=result)
        job = make_job(row, "test_ci core", result, cause="test" if result == "failed" else "", cause_line="why")
    test = Test.objects.create(name="org.apache.flink.FooTest.testBar")
    TestFailure.objects.create(test=test, job=job, build=row, at=row.finished_at, source="log")
    refresh_streaks(minutes(0))
    for text in (read(member, "branches"), read(member, "build", "azure", 2)):
        for words in ("why", "not in Jira", "1, 7, 30 days", "FooTest%23testBar"):
            assert words in text
    assert f"-Dtest.randomization.seed={row.version}" in text and "-Dtest=&#x27;FooTest#testBar&#x27;" in text


@pytest.mark.parametrize(
    ("results", "state", "label"),
    [
        (["succeeded", "failed"], "failed", "new failures"),
        (["failed", "failed"], "failed", "failed"),
        (["failed", "partial"], "partial", ""),
        (["failed", "succeeded", "canceled"], "succeeded", ""),
        (["canceled"], "none", "none has ended"),
    ],
)
def test_a_grid_is_called_as_its_last_build_that_says_something(member, results, state, label):
    for number, result in enumerate(results):
        make_job(make_build(number + 1, 300 - number, result=result), result=result)
    grid, _ = member.get(reverse("branches")).context["grids"][0]
    assert (grid.state, grid.label) == (state, label)
