"""The sandbox speaks GitHub: driven here by PyGithub and plain git, as the bots drive it."""

import json
import time

import pytest
import requests
from github import Auth, BadCredentialsException, Github, GithubException, UnknownObjectException


@pytest.fixture
def github(sandbox):
    client = Github(
        base_url=sandbox.github_api_url,
        auth=Auth.Token(sandbox.github_token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    yield client
    client.close()


@pytest.fixture
def flink(github):
    return github.get_repo("apache/flink")


def test_a_pull_request_is_listed_with_its_head_author_and_labels(sandbox, flink):
    number = sandbox.pulls.open("[FLINK-1] A title", login="ada")
    sandbox.pulls.add_labels(number, ["review=approved"])
    (pull,) = flink.get_pulls(state="open")
    assert (pull.number, pull.title, pull.user.login) == (number, "[FLINK-1] A title", "ada")
    assert pull.head.sha == sandbox.repositories.refs("apache/flink", "refs/pull/")[f"{number}/head"]
    assert [label.name for label in pull.labels] == ["review=approved"]


def test_changes_move_a_pull_request_to_the_top_of_the_updated_list(sandbox, flink):
    first, second = sandbox.pulls.open("one"), sandbox.pulls.open("two")
    sandbox.pulls.push(first)
    listed = flink.get_pulls(state="all", sort="updated", direction="desc")
    assert [pull.number for pull in listed] == [first, second]
    sandbox.pulls.close(second, merge=True)
    listed = list(flink.get_pulls(state="all", sort="updated", direction="desc"))
    assert [(pull.number, pull.state, pull.merged_at is None) for pull in listed] == [
        (second, "closed", False),
        (first, "open", True),
    ]


def test_an_unchanged_list_is_answered_by_304_and_is_free(sandbox, github):
    sandbox.pulls.open()
    path, query = "/repos/apache/flink/pulls", {"state": "all", "sort": "updated", "direction": "desc"}
    _, headers, _ = github.requester.requestJson("GET", path, parameters=query)
    left = github.rate_limiting[0]
    mark = sandbox.log_mark()
    tag = {"If-None-Match": headers["etag"]}
    assert github.requester.requestJson("GET", path, parameters=query, headers=tag)[0] == 304
    assert not sandbox.since(mark)[0].charged
    sandbox.pulls.open()
    tag = {"If-None-Match": headers["etag"]}
    assert github.requester.requestJson("GET", path, parameters=query, headers=tag)[0] == 200
    assert github.rate_limiting[0] == left - 1


def test_comments_are_found_by_time_and_edited_only_by_their_author(sandbox, flink):
    number = sandbox.pulls.open()
    sandbox.pulls.comment(number, "first", login=None)
    mine = flink.get_issue(number).create_comment("report")
    mine.edit("better report")
    assert [comment.body for comment in flink.get_issues_comments(since=mine.created_at)] == ["better report"]
    other = flink.get_issue(number).get_comments()[0]
    assert other.user is None
    with pytest.raises(GithubException) as refusal:
        other.edit("mine now")
    assert refusal.value.status == 403


def test_a_comment_beyond_the_limit_is_refused(sandbox, flink):
    issue = flink.get_issue(sandbox.pulls.open())
    with pytest.raises(GithubException) as refusal:
        issue.create_comment("x" * 65_537)
    assert "65536" in str(refusal.value)


def test_a_reaction_counts_once(sandbox, flink):
    number = sandbox.pulls.open()
    id = sandbox.pulls.comment(number, "hello")
    comment = flink.get_issue(number).get_comment(id)
    assert comment.create_reaction("eyes").id == comment.create_reaction("eyes").id
    assert sandbox.pulls.comments[id].reactions.keys() == {("flinkbot", "eyes")}


def test_labels_ignore_case_and_have_a_longest_name(sandbox, flink):
    flink.create_label("component=API/Core", "175fb7")
    with pytest.raises(GithubException, match="already_exists"):
        flink.create_label("Component=api/core", "175fb7")
    with pytest.raises(GithubException, match="too long"):
        flink.create_label("x" * 51, "175fb7")
    issue = flink.get_issue(sandbox.pulls.open())
    issue.add_to_labels("component=api/core", "new")
    assert [label.name for label in issue.get_labels()] == ["component=API/Core", "new"]
    issue.remove_from_labels("component=API/Core")
    assert [label.name for label in issue.get_labels()] == ["new"]
    with pytest.raises(GithubException, match="does not exist"):
        issue.remove_from_labels("gone")


def test_what_is_unknown_is_refused(sandbox, github, flink):
    with pytest.raises(UnknownObjectException):
        flink.get_pull(1).title  # noqa: B018
    assert github.requester.requestJson("GET", "/nowhere")[0] == 404
    assert github.requester.requestJson("GET", "/repos/apache/flink/pulls", parameters={"colour": "red"})[0] == 422
    with pytest.raises(BadCredentialsException):
        Github(base_url=sandbox.github_api_url, auth=Auth.Token("ghp_wrong"), retry=None).get_user().login  # noqa: B018


def test_faults_happen_as_often_as_asked(sandbox, github):
    sandbox.fault(service="github", path="/user", status=502, times=1)
    sandbox.fault(service="github", path="/user", rate_limit="primary", times=1)
    statuses = [github.requester.requestJson("GET", "/user")[0] for _ in range(3)]
    assert statuses == [502, 403, 200]


def test_thirty_thousand_pull_requests_are_listed_by_the_hundred(sandbox, flink):
    sandbox.pulls.many(opened=1000, closed=29_000)
    began = time.process_time()
    assert len(list(flink.get_pulls(state="open"))) == 1000
    assert time.process_time() - began < 10


def test_beyond_the_hourly_limit_everything_is_refused_until_the_hour_is_over(sandbox, github):
    sandbox.github.limit = 1
    assert github.requester.requestJson("GET", "/user")[0] == 200
    mark = sandbox.log_mark()
    status, headers, body = github.requester.requestJson("GET", "/user")
    assert (status, headers["x-ratelimit-remaining"]) == (403, "0")
    assert "API rate limit exceeded" in body
    assert not sandbox.since(mark)[0].charged
    assert github.get_rate_limit().resources.core.remaining == 0
    sandbox.github.reset_at = 0
    assert github.requester.requestJson("GET", "/user")[0] == 200


def test_an_object_is_asked_for_again_only_when_it_has_changed(sandbox, flink):
    pull = flink.get_pull(sandbox.pulls.open())
    assert pull.title
    assert pull.last_modified
    assert pull.update() is False
    sandbox.pulls.edit(pull.number, title="Another")
    assert pull.update() is True
    assert pull.title == "Another"


def test_a_token_without_scopes_sees_but_does_not_write(sandbox, flink):
    issue = flink.get_issue(sandbox.pulls.open())
    sandbox.scopes = frozenset()
    with pytest.raises(UnknownObjectException):
        issue.create_comment("hello")


def test_a_merge_lands_on_the_base(sandbox, flink):
    number = sandbox.pulls.open("[FLINK-2] Land me")
    before = sandbox.heads()["master"]
    landed = sandbox.pulls.merge(number)
    assert [commit.sha for commit in flink.get_commit(landed).parents] == [before]
    assert flink.get_branch("master").commit.sha == landed
    assert flink.get_pull(number).merged


def test_checks_of_a_commit_lead_to_its_build(sandbox, github):
    sha = sandbox.commit("ci_1_a", repo="flink-ci/flink")
    build = sandbox.azure.queue("flink-ci/flink", "ci_1_a", sha, "individualCI")
    sandbox.azure.finish(build.id, "failed", ["test_ci.core"])
    runs = list(github.get_repo("flink-ci/flink").get_commit(sha).get_check_runs())
    assert {run.app.slug for run in runs} == {"azure-pipelines"}
    assert all(f"buildId={build.id}" in run.details_url for run in runs)
    assert {run.conclusion for run in runs} == {"success", "failure"}


def test_links_to_other_pages_keep_what_was_asked(sandbox, github):
    for _ in range(3):
        sandbox.pulls.comment(sandbox.pulls.open(), "hello")
    query = {"since": "2020-01-01T00:00:00+00:00", "per_page": "1"}
    _, headers, _ = github.requester.requestJson("GET", "/repos/apache/flink/issues/comments", parameters=query)
    following = headers["link"].partition(">")[0].lstrip("<").removeprefix(sandbox.github_api_url)
    assert "2020-01-01T00%3A00%3A00%2B00%3A00" in following
    assert github.requester.requestJson("GET", following)[0] == 200


def test_an_answer_may_carry_a_wish_to_wait(sandbox, github):
    sandbox.fault(service="github", retry_after=7)
    status, headers, _ = github.requester.requestJson("GET", "/user")
    assert (status, headers["retry-after"]) == (200, "7")


def test_labels_are_for_those_who_triage(sandbox, flink):
    issue = flink.get_issue(sandbox.pulls.open())
    sandbox.creates_labels = False
    with pytest.raises(GithubException) as refusal:
        flink.create_label("component=fs", "175fb7")
    assert refusal.value.status == 403
    sandbox.pulls.create_label("component=fs")
    issue.add_to_labels("component=fs")
    sandbox.triages = frozenset()
    with pytest.raises(GithubException) as refusal:
        issue.remove_from_labels("component=fs")
    assert refusal.value.status == 403


@pytest.mark.parametrize("body", ["[]", "7", "{"])
def test_a_body_that_is_no_object_is_refused(sandbox, body):
    number = sandbox.pulls.open()
    url = f"{sandbox.github_api_url}/repos/apache/flink/issues/{number}/comments"
    answer = requests.post(url, data=body, headers={"Authorization": f"token {sandbox.github_token}"}, timeout=5)
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    assert answer.json()["documentation_url"]


def test_writes_beyond_the_secondary_limit_are_to_wait(sandbox, flink, github):
    sandbox.github.writes_per_minute = 1
    issue = flink.get_issue(sandbox.pulls.open())
    issue.create_comment("one")
    mark = sandbox.log_mark()
    with pytest.raises(GithubException) as refusal:
        issue.create_comment("two")
    assert "secondary rate limit" in str(refusal.value)
    assert 0 < int(refusal.value.headers["retry-after"]) <= 60
    assert not sandbox.since(mark)[0].charged
    assert github.requester.requestJson("GET", "/user")[0] == 200


def test_roles_are_told_as_they_are(sandbox, github, flink):
    assert flink.get_collaborator_permission("flinkbot") == "read"
    assert flink.get_collaborator_role_name("flinkbot") == "triage"
    assert github.get_repo("flink-ci/flink").get_collaborator_permission("flinkbot") == "write"
    status, _, body = github.requester.requestJson("GET", "/repos/apache/flink")
    assert (status, json.loads(body)["permissions"]["push"]) == (200, False)


def test_a_protected_branch_says_so(sandbox, flink):
    sandbox.protect("apache/flink", "master")
    assert flink.get_branch("master").protected
    with pytest.raises(GithubException):
        flink.get_branch("none")


def test_an_organisation_lists_its_repositories_by_name_with_those_that_are_archived(sandbox, github):
    sandbox.actions.others |= {"apache/flink-web": False, "apache/flink-old": True, "apache/aardvark": False}
    found = [(each.full_name, each.archived) for each in github.get_organization("apache").get_repos(sort="full_name")]
    assert found == [
        ("apache/aardvark", False),
        ("apache/flink", False),
        ("apache/flink-old", True),
        ("apache/flink-web", False),
    ]
    with pytest.raises(UnknownObjectException):
        list(github.get_organization("nobody").get_repos())
    with pytest.raises(GithubException):
        github.requester.requestJsonAndCheck("GET", "/orgs/apache/repos", {"visibility": "all"})
