"""The GitHub client over the sandbox: what it reads, what it costs, and what it does when things go wrong."""

import time

import pytest

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.clients.github.pulls import GitHub, connect, read_pull


@pytest.fixture
def repo(world):
    """Open the sandbox's apache/flink as flinkbot; waiting takes no time, and is written down."""
    world.commit(message="Start")
    slept: list[float] = []
    transport = Transport(world.github_api_url, world.github_token, sleep=slept.append)
    client = GitHub(transport, "apache/flink")
    client.slept = slept
    yield client
    transport.close()


def test_pull_requests_are_listed_and_an_unchanged_list_is_free(world, repo):
    first, second = world.pulls.open("One"), world.pulls.open("[FLINK-1] Two <b>", login=None)
    page = repo.pulls("all", "updated", "desc")
    assert [(pull.number, pull.author, pull.is_open) for pull in page.items] == [
        (second, "", True),
        (first, "ada", True),
    ]
    mark = world.log_mark()
    assert not repo.pulls("all", "updated", "desc", etag=page.etag).changed
    assert [request.charged for request in world.since(mark, "github")] == [False]


def test_pages_are_followed(world, repo):
    world.pulls.many(opened=130, closed=0)
    page = repo.pulls("open", "created", "asc")
    assert (len(page.items), page.has_next) == (100, True)
    assert not repo.pulls("open", "created", "asc", page=2).has_next


def test_comments_are_written_changed_and_deleted_once(world, repo):
    number = world.pulls.open()
    made = repo.create_comment(number, "hello")
    assert repo.update_comment(made.id, "world").body == "world"
    repo.react(made.id, "eyes")
    repo.react(made.id, "eyes")
    assert [comment.body for comment in repo.conversation(number)] == ["world"]
    assert repo.login() == made.author == "flinkbot"
    repo.delete_comment(made.id)
    repo.delete_comment(made.id)
    with pytest.raises(NotFoundError):
        repo.comment(made.id)


def test_an_unchanged_comment_is_free(world, repo):
    made = repo.create_comment(world.pulls.open(), "hello")
    comment, etag = repo.comment(made.id)
    assert comment and comment.body == "hello"
    assert repo.comment(made.id, etag) == (None, etag)


def test_a_write_is_never_repeated_when_its_fate_is_unknown(world, repo):
    number = world.pulls.open()
    world.fault(service="github", method="POST", status=502)
    mark = world.log_mark()
    with pytest.raises(UnavailableError):
        repo.create_comment(number, "hello")
    assert len(world.since(mark)) == 1


def test_a_read_is_tried_three_times(world, repo):
    number = world.pulls.open()
    world.fault(service="github", status=502, times=1)
    world.fault(service="github", reset=True, times=1)
    assert repo.pull(number).number == number
    assert repo.slept == [1.0, 4.0]


@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_a_short_limit_is_waited_out_writes_too(world, repo, kind):
    number = world.pulls.open()
    world.fault(service="github", rate_limit=kind)
    repo.create_comment(number, "hello")
    assert len(world.pulls.conversation(number)) == 1
    assert len(repo.slept) == 1 and 0 < repo.slept[0] <= 4


def test_a_long_limit_is_left_to_a_later_pass_which_asks_nothing_before_its_time(world, repo):
    world.fault(service="github", rate_limit="secondary", headers={"retry-after": "900"})
    with pytest.raises(ThrottledError):
        repo.login()
    mark = world.log_mark()
    with pytest.raises(ThrottledError) as refusal, connect("apache/flink") as later:
        later.login()
    assert 800 < refusal.value.seconds <= 900
    assert not world.since(mark)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, NotAuthorizedError),
        ({"status": 403}, NotAuthorizedError),
        ({"status": 404}, NotFoundError),
        ({"status": 422, "body": '{"message": "Validation Failed"}'}, RefusedError),
        ({"status": 500, "times": None}, UnavailableError),
        ({"status": 200, "body": "<html>", "times": None}, UnavailableError),
        ({"status": 200, "body": '{"number": 1}', "times": None}, UnavailableError),
        ({"status": 307, "times": None}, UnavailableError),
        ({"truncate": 20, "times": None}, UnavailableError),
    ],
    ids=str,
)
def test_failures_have_names(world, repo, fault, error):
    world.pulls.open()
    world.fault(service="github", **fault)
    with pytest.raises(error) as raised:
        repo.pull(29_001)
    assert world.github_token not in str(raised.value)


def test_the_quota_is_noted(world, repo):
    repo.login()
    assert repo.quota and repo.quota.limit == 5000 and repo.quota.remaining == 4999
    assert repo.quota.reset_at > time.time()


def test_an_unreadable_pull_request_does_not_hide_the_others(world, repo):
    world.pulls.open("One")
    world.pulls.by_number[world.pulls.open("Two")].head = "nonsense"
    page = repo.pulls("open", "created", "asc")
    assert ([pull.title for pull in page.items], page.unreadable) == (["One"], 1)


def test_text_that_no_database_takes_is_replaced():
    facts = {
        "number": 1, "title": "a\x00b\ud800c", "user": None, "state": "open", "labels": None,
        "head": {"sha": "a" * 40, "label": None, "repo": None}, "base": {"ref": "master"},
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    assert read_pull(facts).title == "a\ufffdb\ufffdc"
