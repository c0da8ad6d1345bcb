"""The sandbox's Jira answers, and refuses, as the real one does."""

from datetime import timedelta

import pytest
import requests

pytestmark = pytest.mark.usefixtures("world")


def ask(world, jql, **more):
    return requests.post(f"{world.jira_url}/rest/api/2/search", json={"jql": jql} | more, timeout=5)


def keys(world, jql, **more):
    return [issue["key"] for issue in ask(world, jql, **more).json()["issues"]]


def test_tickets_are_found_by_key_project_and_time(world):
    for number in (1, 2, 3):
        world.jira.create(f"FLINK-{number}", ["Runtime / REST"])
    world.jira.create("OTHER-1")
    world.clock.advance(hours=1)
    world.jira.edit("FLINK-2", components=["Tests"])
    assert keys(world, "key in (FLINK-1, flink-3) order by key asc") == ["FLINK-1", "FLINK-3"]
    assert keys(world, "project = FLINK AND updated >= -10m ORDER BY updated DESC, key ASC") == ["FLINK-2"]
    assert len(keys(world, "project = FLINK")) == 3


def test_an_unknown_key_refuses_the_whole_query(world):
    world.jira.create("FLINK-1")
    answer = ask(world, "key in (FLINK-1, FLINK-8, FLINK-9)")
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == [
        "An issue with key 'FLINK-8' does not exist for field 'key'.",
        "An issue with key 'FLINK-9' does not exist for field 'key'.",
    ]


@pytest.mark.parametrize(
    "jql",
    [
        "watchers = x",
        "labels ~ x",
        "labels",
        "key in FLINK-1",
        "updated >= yesterday",
        "project = FLINK AND",
        "project = NONE",
        "key ~ 1",
        "; --",
    ],
)
def test_what_it_does_not_know_is_refused(world, jql):
    assert ask(world, jql).status_code == 400


def test_pages_are_as_long_as_the_server_likes(world):
    world.jira.many(25)
    world.jira.page_limit = 10
    first = ask(world, "project = FLINK ORDER BY key ASC", maxResults=1000).json()
    assert (first["startAt"], first["maxResults"], first["total"], len(first["issues"])) == (0, 10, 25, 10)
    assert len(keys(world, "project = FLINK ORDER BY key ASC", startAt=20, maxResults=1000)) == 5


def test_dates_in_queries_are_of_the_servers_zone(world):
    world.jira.create("FLINK-1")
    world.jira.utc_offset = 5.5
    local = world.clock.now() + timedelta(hours=5.5)
    assert keys(world, f'updated >= "{local - timedelta(minutes=2):%Y/%m/%d %H:%M}"') == ["FLINK-1"]
    assert keys(world, f'updated >= "{local + timedelta(minutes=2):%Y/%m/%d %H:%M}"') == []
    issue = requests.get(f"{world.jira_url}/rest/api/2/issue/FLINK-1?fields=updated", timeout=5).json()
    assert issue["fields"]["updated"].endswith("+0530")


def test_a_moved_ticket_answers_to_its_old_key(world):
    world.jira.create("FLINK-1")
    world.jira.move("FLINK-1", "FLINK-2")
    assert requests.get(f"{world.jira_url}/rest/api/2/issue/FLINK-1", timeout=5).json()["key"] == "FLINK-2"
    assert keys(world, "key in (FLINK-1)") == ["FLINK-2"]
    world.jira.search_finds_moved = False
    assert ask(world, "key in (FLINK-1)").status_code == 400


def test_a_wrong_token_is_refused_with_a_page_and_a_reason(world):
    answer = requests.get(f"{world.jira_url}/rest/api/2/myself", headers={"Authorization": "Bearer wrong"}, timeout=5)
    assert answer.status_code == 401
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    right = {"Authorization": f"Bearer {world.jira_token}"}
    assert requests.get(f"{world.jira_url}/rest/api/2/myself", headers=right, timeout=5).json()["name"] == "flinkbot"


@pytest.mark.parametrize("validate", [False, "warn"])
def test_an_unknown_key_is_a_warning_where_the_query_is_not_validated(world, validate):
    world.jira.create("FLINK-1")
    answer = ask(world, "key in (FLINK-1, FLINK-8)", validateQuery=validate)
    assert [issue["key"] for issue in answer.json()["issues"]] == ["FLINK-1"]
    assert answer.json()["warningMessages"] == ["An issue with key 'FLINK-8' does not exist for field 'key'."]
    assert ask(world, "key in FLINK-8", validateQuery=validate).status_code == 400


def test_a_component_has_the_same_id_everywhere(world):
    world.jira.create("FLINK-1", ["Runtime / REST"])
    listed = requests.get(f"{world.jira_url}/rest/api/2/project/FLINK/components", timeout=5).json()
    issue = requests.get(f"{world.jira_url}/rest/api/2/issue/FLINK-1", timeout=5).json()
    assert issue["fields"]["components"][0] in listed
    assert len({each["id"] for each in listed}) == len(listed)


def test_a_failed_login_may_be_answered_as_nobodys(world):
    world.jira.create("FLINK-1")
    world.jira.login_fails = True
    right = {"Authorization": f"Bearer {world.jira_token}"}
    answer = requests.get(f"{world.jira_url}/rest/api/2/issue/FLINK-1", headers=right, timeout=5)
    assert (answer.status_code, answer.json()["key"]) == (200, "FLINK-1")
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert requests.get(f"{world.jira_url}/rest/api/2/myself", headers=right, timeout=5).status_code == 401


def test_it_may_be_down_or_busy(world):
    page = "<html><body>Too Many Requests</body></html>"
    world.fault(service="jira", status=429, body=page, retry_after=7)
    world.fault(service="jira", reset=True)
    answer = ask(world, "project = FLINK")
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (429, "7", page)
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.ConnectionError):
        ask(world, "project = FLINK")


def test_tickets_are_found_by_label_and_show_it(world):
    world.jira.create("FLINK-1", labels=["test-stability", "starter"])
    world.jira.create("FLINK-2", labels=["starter"])
    world.jira.create("OTHER-3", labels=["test-stability"])
    assert keys(world, 'project = FLINK AND labels = "test-stability"') == ["FLINK-1"]
    assert len(keys(world, "project = FLINK AND labels in (test-stability, starter)")) == 2
    assert keys(world, "labels = nobody-has-it") == []
    (issue,) = ask(world, "key = FLINK-1", fields=["labels"]).json()["issues"]
    assert issue["fields"] == {"labels": ["starter", "test-stability"]}


def test_comments_are_taken_from_who_has_signed_in_and_listed(world):
    world.jira.create("FLINK-1")
    address = f"{world.jira_url}/rest/api/2/issue/FLINK-1/comment"
    signed = {"Authorization": f"Bearer {world.jira_token}"}
    assert requests.post(address, json={"body": "x"}, timeout=5).status_code == 401
    for body in ({"body": " "}, {"body": "x" * 40_000}, {"text": "x"}):
        assert requests.post(address, json=body, headers=signed, timeout=5).status_code == 400
    elsewhere = address.replace("FLINK-1", "FLINK-2")
    assert requests.post(elsewhere, json={"body": "x"}, headers=signed, timeout=5).status_code == 404
    for body in ("first", "second"):
        assert requests.post(address, json={"body": body}, headers=signed, timeout=5).status_code == 201
    page = requests.get(f"{address}?startAt=1&maxResults=5", timeout=5).json()
    assert page["total"] == 2 and [each["body"] for each in page["comments"]] == ["second"]
    assert page["comments"][0]["author"]["name"] == "flinkbot"
