"""All of the project's repositories count in the budget, without anybody naming them."""

from datetime import timedelta

import pytest

from agents.actions.values import Source, some
from agents.models import Build, Followed
from flinkci_dashboard.clients.github.owners import RepositoryFacts, RepositoryList
from sync.models import Repository
from tests.runs import asked, poll, row, start

KAFKA, WEB, OLD = "apache/flink-connector-kafka", "apache/flink-web", "apache/flink-statefun"
OTHERS = {KAFKA: False, WEB: False, OLD: True, "apache/kafka": False}


def a_day_later():
    Followed.objects.filter(query__startswith="repositories").update(next_at=None)


@pytest.fixture
def project(world, bootstrapped):
    world.actions.others |= OTHERS
    return world


def test_the_projects_repositories_are_found_read_and_switched_off(project, member):
    before = project.clock.now() - timedelta(hours=2)
    run = start(project, "push_pr.yml", "main", "e" * 40, repo=KAFKA, at=before)
    project.actions.finish(run.id, "failure", {run.jobs[0].name: ()})
    mark = project.log_mark()
    assert poll().counts["repositories_found"] == 3
    assert (row(run).scope, row(run).jobs.filter(tests_pending=True).count()) == ("other", 0)
    read = {request.repo for request in asked(project, mark, "/actions/runs")}
    assert {KAFKA, WEB} <= read and not {OLD, "apache/kafka"} & read
    assert not asked(project, mark, f"{KAFKA}/actions/workflows") and not asked(project, mark, "/logs")
    assert KAFKA in member.get("/api/v1/budget").json()["by_repository"]
    Repository.objects.filter(name="flink-connector-kafka").update(followed=False, description="Not ours.")
    project.actions.others["apache/flink-new"] = False
    mark = project.log_mark()
    a_day_later()
    assert poll().counts["repositories_found"] == 1
    assert KAFKA not in {request.repo for request in asked(project, mark, "/actions/runs")}
    assert Repository.objects.get(name="flink-connector-kafka").description == "Not ours."


def test_looking_again_costs_nothing_while_nothing_is_new(project):
    poll()
    poll()
    a_day_later()
    mark = project.log_mark()
    poll()
    assert [(request.status, request.charged) for request in asked(project, mark, "/orgs/apache/repos")] == [
        (304, False)
    ]
    mark = project.log_mark()
    poll()
    assert not asked(project, mark, "/orgs/") and not any(request.charged for request in asked(project, mark))


@pytest.mark.parametrize("status", [404, 403, 422])
def test_a_github_that_lists_nothing_fails_no_pass_and_the_page_says_so(world, bootstrapped, member, status):
    world.fault(service="github", path="/orgs/", status=status, body='{"message": "No."}', times=None)
    poll()
    page = member.get("/migration/?tab=budget").content.decode()
    assert "can't be read, and is missing here" in page and "No." in page


def test_a_repository_that_is_gone_fails_no_pass(project):
    Repository.objects.create(owner="apache", name="flink-gone", role=Repository.Role.OTHER)
    poll()
    assert not Build.objects.filter(repository="apache/flink-gone").exists()


def test_one_pass_asks_for_all_that_test_flink_and_for_some_others_in_turn():
    sources = [Source("a"), *(Source(f"other {n}", aside=True) for n in range(5))]
    seen = [[each.repository for each in some(sources, place, 2)] for place in (0, 2, 4)]
    assert seen == [["a", "other 0", "other 1"], ["a", "other 2", "other 3"], ["a", "other 4", "other 0"]]


@pytest.mark.parametrize(
    ("names", "past"),
    [
        (["apache/abc", "apache/flink-web"], False),
        (["apache/flink-web", "apache/fluo"], True),
        (["apache/abc"], False),
        (["apache/zeppelin", "apache/abc"], False),  # not in order: nothing can be told
        (["apache/Zeppelin"], True),
        ([], False),
    ],
)
def test_a_list_by_names_ends_early(names, past):
    page = RepositoryList(tuple(RepositoryFacts(name, False, "") for name in names), "")
    assert page.is_past("apache/flink") is past
