"""The GitHub client over the sandbox: what it reads, what it costs, and what it does when things go wrong."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.github.http import TooDeepError, Transport
from flinkci_dashboard.clients.github.pulls import GitHub, connect, token_fingerprint
from tests.canned import canned


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


@pytest.fixture
def prepared(db, settings):
    """Stand in for GitHub with prepared answers."""
    with canned() as world:
        settings.GITHUB_API_URL = world.address
        yield world


@pytest.fixture
def asking(prepared):
    """Open apache/flink there."""
    with GitHub(Transport(prepared.address, "a-token"), "apache/flink") as client:
        yield client


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
    made, _ = repo.create_comment(number, "hello")
    assert repo.update_comment(made.id, "world")[0].body == "world"
    repo.react(made.id, "eyes")
    repo.react(made.id, "eyes")
    assert [comment.body for comment in repo.conversation(number)] == ["world"]
    assert repo.login() == made.author == "flinkbot"
    repo.delete_comment(made.id)
    repo.delete_comment(made.id)
    with pytest.raises(NotFoundError):
        repo.comment(made.id)


def test_an_unchanged_comment_is_free(world, repo):
    made, _ = repo.create_comment(world.pulls.open(), "hello")
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


def test_a_read_is_tried_three_times(world, repo, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.pacing.PAUSES", (1.0, 4.0))  # nobody waits for them here
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


def test_text_that_no_database_takes_is_repaired_everywhere(world, repo):
    number = world.pulls.open()
    world.pulls.edit(number, "a\x00b\ud800c")
    world.pulls.add_labels(number, ["d\udfffe"])
    world.pulls.comment(number, "f\ud83d")
    pull = repo.pull(number)
    assert (pull.title, pull.labels) == ("ab\ufffdc", ("d\ufffde",))
    assert [comment.body for comment in repo.conversation(number)] == ["f\ufffd"]
    world.fault(service="github", status=422, body='{"message": "No \\ud83d"}')
    with pytest.raises(RefusedError, match="No \ufffd"):
        repo.pull(number)


def test_a_deep_list_goes_on_by_the_cursor_that_github_names(prepared, asking):
    link = '<https://api.github.com/repositories/1/pulls?per_page=100&after=Y3Vyc29y%3D>; rel="next", <x>; rel="prev"'
    prepared.answers["/repos/apache/flink/pulls"] = (200, [], {"Link": link})
    page = asking.pulls("all", "created", "desc")
    assert (page.has_next, page.next) == (True, "after=Y3Vyc29y%3D")
    asking.pulls("all", "created", "desc", at=page.next)
    first, second = (dict(parse_qsl(urlsplit(path).query)) for _, path, _ in prepared.asked)
    assert first.pop("page") == "1"
    assert second == first | {"after": "Y3Vyc29y="}


def test_a_page_that_is_too_deep_for_its_number_is_named(world, repo):
    words = "Pagination with the page parameter is not supported for large datasets, please use cursor based pagination"
    world.fault(service="github", path="page=5", status=422, body=json.dumps({"message": words}))
    with pytest.raises(TooDeepError):
        repo.pulls("all", "created", "desc", 5)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_of_a_write_says_that_nothing_was_written_and_why(world, repo, status):
    number = world.pulls.open()
    world.fault(service="github", method="POST", status=status, headers={"Location": "/repositories/1/x"}, times=None)
    with pytest.raises(ServiceError, match="renamed|does not answer"):
        repo.create_comment(number, "hello")
    assert world.pulls.conversation(number) == []


def test_a_refusal_names_what_each_single_error_says(world, repo):
    body = {"message": "Validation Failed", "errors": [{"code": "x", "message": "User is blocked"}, "odd"]}
    world.fault(service="github", status=422, body=json.dumps(body))
    with pytest.raises(RefusedError, match="Validation Failed: User is blocked"):
        repo.login()


def test_a_token_that_gains_a_scope_in_place_is_another_one(world, repo):
    repo.login()
    before = repo.token_fingerprint()
    repo.login()
    assert repo.token_fingerprint() == before
    world.scopes |= {"workflow"}
    repo.login()
    assert repo.token_fingerprint() not in ("", before, token_fingerprint())


@pytest.mark.parametrize("days", [-3, 0, 3])
def test_the_time_is_githubs(prepared, asking, days):
    there = datetime.now(UTC) + timedelta(days=days)
    prepared.answers["/user"] = (200, {"login": "x"}, {"Date": format_datetime(there)})
    asking.login()
    assert abs(asking.now() - there) < timedelta(seconds=3)


def test_an_answer_that_a_proxy_kept_tells_no_time(prepared, asking):
    old = datetime.now(UTC) - timedelta(days=1)
    prepared.answers["/user"] = (200, {"login": "x"}, {"Date": format_datetime(old), "Age": "86400"})
    asking.login()
    assert abs(asking.now() - datetime.now(UTC)) < timedelta(seconds=3)


def test_a_pause_until_a_time_of_githubs_clock_is_not_lengthened_by_ours(prepared, asking):
    there = datetime.now(UTC) + timedelta(days=3)
    headers = {"Date": format_datetime(there), "X-RateLimit-Remaining": "0"}
    headers["X-RateLimit-Reset"] = str(int(there.timestamp()) + 100)
    prepared.answers["/user"] = (403, {"message": "API rate limit exceeded"}, headers)
    with pytest.raises(ThrottledError) as refused:
        asking.login()
    assert refused.value.seconds == pytest.approx(101, abs=2)
