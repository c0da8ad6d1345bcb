"""The sandbox's GitHub can be as difficult as the real one: each fault as its reports tell it."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from flinkci_dashboard.sandbox import PULLS, SOURCE


@pytest.fixture
def ask(sandbox):
    """Return a function that asks an address below the API, with the token."""

    def send(path, method="GET", **more):
        headers = {"Authorization": f"token {sandbox.github_token}"} | more.pop("headers", {})
        address = path if path.startswith("http") else f"{sandbox.github_api_url}{path}"
        return requests.request(method, address, headers=headers, timeout=5, **more)

    return send


@pytest.fixture
def number(sandbox):
    return sandbox.pulls.open()


def issue(number):
    return f"/repos/{SOURCE}/issues/{number}"


def comment(ask, number, body="hello"):
    return ask(f"{issue(number)}/comments", "POST", json={"body": body})


def numbers(answer):
    return [each["number"] for each in answer.json()]


def test_a_live_pull_request_is_not_found_once(sandbox, ask, number):
    path = f"/repos/{SOURCE}/pulls/{number}"
    sandbox.fault(service="github", path=rf"/pulls/{number}\?", status=404)
    assert [ask(path).status_code for _ in range(2)] == [404, 200]


@pytest.mark.parametrize("listed", [True, False])
def test_what_a_banned_account_opened_is_found_nowhere(sandbox, ask, number, listed):
    id = sandbox.pulls.comment(number, "hello")
    sandbox.pulls.hide(number, listed=listed)
    paths = (f"/repos/{SOURCE}/pulls/{number}", issue(number), f"{issue(number)}/comments")
    assert [ask(path).status_code for path in paths] == [404, 404, 404]
    assert ask(f"/repos/{SOURCE}/issues/comments/{id}").status_code == 404
    assert comment(ask, number).status_code == 404
    assert numbers(ask(f"/repos/{SOURCE}/pulls")) == ([number] if listed else [])
    sandbox.pulls.show(number)
    assert ask(paths[0]).status_code == 200
    assert numbers(ask(f"/repos/{SOURCE}/pulls")) == [number]


def test_an_author_who_has_blocked_the_bot_is_not_spoken_to(sandbox, ask, number):
    other = sandbox.pulls.open(login="li")
    id = sandbox.pulls.comment(other, "@flinkbot run azure", login="ada")
    sandbox.pulls.blocking = {"ada"}
    reaction = ask(f"/repos/{SOURCE}/issues/comments/{id}/reactions", "POST", json={"content": "eyes"})
    for refused in (comment(ask, number), reaction):
        assert (refused.status_code, refused.json()["message"]) == (422, "Validation Failed")
        assert refused.json()["errors"][0]["message"] == "User is blocked"
    assert comment(ask, other).status_code == 201


def test_writing_has_a_limit_an_hour_while_reading_goes_on(sandbox, ask, number):
    sandbox.github.writes_per_hour = 2
    assert [comment(ask, number).status_code for _ in range(3)] == [201, 201, 403]
    refused = comment(ask, number)
    assert "secondary rate limit" in refused.json()["message"]
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert ask(issue(number)).status_code == 200
    sandbox.clock.advance(seconds=3601)
    assert comment(ask, number).status_code == 201


def test_deep_pages_are_read_by_cursor(sandbox, ask):
    for _ in range(5):
        sandbox.pulls.open()
    sandbox.github.last_page = 3
    path = f"/repos/{SOURCE}/pulls"
    refused = ask(path, params={"per_page": 1, "page": 3})
    assert refused.status_code == 422
    assert refused.json()["message"].startswith(
        "Pagination with the page parameter is not supported for large datasets"
    )
    answer, seen = ask(path, params={"per_page": 2}), []
    while "next" in answer.links:
        seen += numbers(answer)
        assert "page=" not in answer.links["next"]["url"].replace("per_page=", "")
        answer = ask(answer.links["next"]["url"])
    assert len(set(seen + numbers(answer))) == 5


def test_a_renamed_repository_leads_to_its_lasting_address(sandbox, ask, number):
    sandbox.rename(SOURCE, "apache/flink-renamed")
    moved = ask(f"/repos/{SOURCE}/pulls?state=open", allow_redirects=False)
    assert (moved.status_code, moved.json()["message"]) == (301, "Moved Permanently")
    assert numbers(ask(moved.headers["Location"])) == [number]
    refused = ask(f"{issue(number)}/comments", "POST", json={"body": "hello"}, allow_redirects=False)
    assert refused.status_code == 307
    assert ask(refused.headers["Location"], "POST", json={"body": "hello"}).status_code == 201
    assert ask("/repos/apache/flink-renamed").json()["full_name"] == "apache/flink-renamed"


def test_each_answer_names_the_scopes_of_now(sandbox, ask, number):
    tag = ask(issue(number)).headers["ETag"]
    sandbox.scopes = frozenset({"repo", "workflow"})
    answer = ask(issue(number), headers={"If-None-Match": tag})
    assert (answer.status_code, answer.headers["X-OAuth-Scopes"]) == (304, "repo, workflow")
    sandbox.scopes = frozenset()
    assert comment(ask, number).headers["X-OAuth-Scopes"] == ""


def test_half_a_pair_is_an_escape_on_the_wire(sandbox, ask):
    number = sandbox.pulls.open("half a title \ud83d")
    sandbox.pulls.comment(number, "half a comment \udc00")
    assert rb"half a title \ud83d" in ask(f"/repos/{SOURCE}/pulls/{number}").content
    answer = ask(f"{issue(number)}/comments")
    assert rb"half a comment \udc00" in answer.content
    assert answer.json()[0]["body"] == "half a comment \udc00"


def test_a_replica_answers_the_old_list_and_says_that_it_is_unchanged(sandbox, ask, number):
    path = f"/repos/{SOURCE}/pulls"
    tag, then = ask(path).headers["ETag"], sandbox.github.remembered()
    new = sandbox.pulls.push(number)
    assert ask(path).json()[0]["head"]["sha"] == new
    sandbox.github.lag(then, path=r"/pulls\?")
    assert ask(path, headers={"If-None-Match": tag}).status_code == 304
    assert ask(path).json()[0]["head"]["sha"] != new, "older than what was answered before"
    assert ask(f"{path}/{number}").json()["head"]["sha"] == new
    sandbox.github.catch_up()
    assert ask(path).json()[0]["head"]["sha"] == new


def test_a_replica_lags_for_some_questions_only(sandbox, ask, number):
    sandbox.github.lag(path="comments", times=1)
    assert comment(ask, number).status_code == 201
    assert [len(ask(f"{issue(number)}/comments").json()) for _ in range(2)] == [0, 1]


def test_many_comments_have_the_same_second(sandbox, ask, number):
    ids = sandbox.pulls.comments_at_once(number, [f"comment {n}" for n in range(150)])
    found = ask(f"/repos/{SOURCE}/issues/comments", params={"per_page": 100}).json()
    assert len({each["created_at"] for each in found}) == 1
    assert [each["id"] for each in found] == ids[:100]


def test_pages_shift_while_they_are_read(sandbox, ask, number):
    first = sandbox.pulls.comments_at_once(number, "abcd")
    path = f"/repos/{SOURCE}/issues/comments?sort=updated&direction=desc&per_page=2&page="
    sandbox.fault(service="github", path="page=1", after=lambda: sandbox.pulls.comment(number, "meanwhile"))
    pages = [[each["id"] for each in ask(f"{path}{page}").json()] for page in (1, 2)]
    assert pages == [[first[3], first[2]], [first[2], first[1]]], "one is told twice"


def test_answers_are_dated_by_the_worlds_clock(sandbox, ask):
    sandbox.clock.advance(days=3)
    told = parsedate_to_datetime(ask("/user").headers["Date"])
    assert abs(told - sandbox.clock.now()) < timedelta(seconds=2)
    sandbox.clock.advance(days=-3)
    assert abs(parsedate_to_datetime(ask("/user").headers["Date"]) - sandbox.clock.now()) < timedelta(seconds=2)


def test_a_limit_may_have_been_reset_already(sandbox, ask):
    past = {"x-ratelimit-reset": "1000000000", "Retry-After": "0"}
    sandbox.fault(service="github", rate_limit="primary", headers=past)
    assert ask("/user").headers["x-ratelimit-reset"] == "1000000000"
    sandbox.fault(service="github", status=429)
    assert "Retry-After" not in ask("/user").headers


def test_a_fault_may_wait_its_turn_or_answer_a_page(sandbox, ask):
    sandbox.fault(service="github", path="/user", skip=1, status=502, body="<html>Bad Gateway</html>")
    answers = [ask("/user") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 502, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")


def test_a_comment_may_be_written_although_the_answer_is_lost(sandbox, ask, number):
    sandbox.fault(service="github", method="POST", acted=True, status=502)
    assert comment(ask, number).status_code == 502
    assert [each.body for each in sandbox.pulls.reports(number)] == ["hello"]


def test_checks_are_told_of_repositories_with_builds(sandbox, ask):
    sha = sandbox.commit("ci_1_a", repo=PULLS)
    assert ask(f"/repos/{PULLS}/commits/{sha}/check-runs").json() == {"total_count": 0, "check_runs": []}
