"""The sandbox speaks GitHub: driven here by PyGithub and plain git, as the bots drive it."""

import time

import pytest
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
