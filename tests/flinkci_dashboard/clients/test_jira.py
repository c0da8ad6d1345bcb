"""The Jira client against the sandbox: batches, unknown and moved keys, pages, and everything that Jira may answer."""

import re
from email.utils import format_datetime

import pytest

from flinkci_dashboard.clients import jira
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.jira import Jira
from flinkci_dashboard.sandbox.jira import api
from flinkci_dashboard.sandbox.jira.jql import search

pytestmark = pytest.mark.usefixtures("world")


def all_of(client, keys):
    return {key: ticket for batch in client.tickets(keys) for key, ticket in batch.items()}


@pytest.fixture
def client(world):
    with Jira(pause=0, sleep=lambda seconds: None) as opened:
        yield opened


def test_texts_that_no_database_takes_are_made_harmless(world, client):
    world.jira.create("FLINK-1", ["a\0b"], "\ud800 \0 fine")
    ticket = all_of(client, ["FLINK-1"])["FLINK-1"]
    assert (ticket.summary, ticket.components) == ("\ufffd  fine", ("ab",))


def searches(world):
    return [each for each in world.requests if each.service == "jira" and each.path.endswith("/search")]


def test_a_ticket_has_what_the_pages_show(world, client):
    world.jira.create(
        "FLINK-1", ["Runtime / REST", "Tests"], "Crash <b>&", "In Progress", assignee="李例", fix_versions=["2.3.0"]
    )
    ticket = all_of(client, ["FLINK-1"])["FLINK-1"]
    assert (ticket.key, ticket.summary, ticket.status, ticket.assignee) == (
        "FLINK-1",
        "Crash <b>&",
        "In Progress",
        "李例",
    )
    assert (ticket.components, ticket.fix_versions) == (("Runtime / REST", "Tests"), ("2.3.0",))
    assert abs((ticket.updated - world.clock.now()).total_seconds()) < 5


def test_a_hundred_tickets_cost_one_request(world, client):
    world.jira.many(250, start=1)
    found = all_of(client, [f"FLINK-{number}" for number in range(1, 251)])
    assert len(found) == 250
    assert all(found.values())
    assert len(world.requests) == 3


def test_a_server_that_gives_out_fewer_at_a_time_is_asked_for_the_rest_of_them_together(world, client):
    world.jira.many(100, start=1)
    world.jira.page_limit = 40
    assert all(all_of(client, [f"FLINK-{number}" for number in range(1, 101)]).values())
    assert len(world.requests) == 3


def test_unknown_keys_cost_nobody_else_an_answer(world, client):
    world.jira.many(98, start=1)
    found = all_of(client, [f"FLINK-{number}" for number in range(1, 101)])
    assert [key for key, ticket in found.items() if ticket is None] == ["FLINK-99", "FLINK-100"]
    assert len(found) == 100
    assert len(searches(world)) == 2


def test_unknown_keys_that_jira_does_not_name_are_found_by_halving(world, client):
    world.jira.many(100, start=1)
    world.jira.delete("FLINK-37")
    body = '{"errorMessages": ["Something in here does not exist."], "errors": {}}'
    world.fault(service="jira", path="/search", status=400, body=body, times=1)
    found = all_of(client, [f"FLINK-{number}" for number in range(1, 101)])
    assert [key for key, ticket in found.items() if ticket is None] == ["FLINK-37"]


def test_a_query_that_jira_never_takes_ends(world, client):
    world.jira.many(100, start=1)
    world.fault(service="jira", path="/search", status=400, body='{"errorMessages": ["No."]}', times=None)
    with pytest.raises(ServiceError, match=r"Jira refuses the query: No\."):
        all_of(client, [f"FLINK-{number}" for number in range(1, 101)])
    assert len(world.requests) <= jira.MAX_PROBES + 1


@pytest.mark.parametrize("search_finds_moved", [True, False])
def test_moved_tickets_are_followed(world, client, search_finds_moved):
    world.jira.search_finds_moved = search_finds_moved
    for key in ("FLINK-1", "FLINK-2", "FLINK-3"):
        world.jira.create(key, ["Tests"])
    world.jira.move("FLINK-1", "FLINK-10")
    world.jira.move("FLINK-2", "OTHER-7")
    found = all_of(client, ["FLINK-1", "FLINK-2", "FLINK-3", "FLINK-4"])
    keys = {key: ticket and ticket.key for key, ticket in found.items()}
    assert keys == {"FLINK-1": "FLINK-10", "FLINK-2": "OTHER-7", "FLINK-3": "FLINK-3", "FLINK-4": None}


def test_an_invisible_ticket_is_none_that_we_know(world, client):
    words = "You do not have the permission to see the specified issue."
    body = f'{{"errorMessages": ["{words}", "Login Required"]}}'
    world.fault(service="jira", path="/issue/", status=401, body=body)
    assert all_of(client, ["FLINK-1"]) == {"FLINK-1": None}


def test_a_jira_that_wants_a_login_all_of_a_sudden_is_not_taken_for_one_without_the_ticket(world, client):
    body = '{"errorMessages": ["You are not authenticated. Authentication required to perform this operation."]}'
    world.fault(service="jira", path="/issue/", status=401, body=body)
    with pytest.raises(ServiceError, match="not authenticated"):
        all_of(client, ["FLINK-1"])


def test_updated_tickets_come_by_pages_of_the_servers_size(world, client):
    world.jira.many(25, start=1)
    world.clock.advance(hours=2)
    for number in range(1, 24):
        world.jira.edit(f"FLINK-{number}", status="Closed")
    world.jira.page_limit = 10
    found = client.updated(minutes=30)
    assert sorted(ticket.key for ticket in found) == sorted(f"FLINK-{number}" for number in range(1, 24))
    assert len(world.requests) == 3


@pytest.mark.parametrize("offset", [-8, 0, 5.5])
def test_the_servers_zone_does_not_matter(world, client, offset):
    world.jira.utc_offset = offset
    world.jira.create("FLINK-1")
    world.clock.advance(minutes=30)
    world.jira.create("FLINK-2")
    assert [ticket.key for ticket in client.updated(minutes=10)] == ["FLINK-2"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 503, "body": "<html>Down for maintenance</html>"}, "Jira answers 503"),
        ({"status": 500}, "Jira answers 500"),
        (
            {"status": 200, "body": "<html>Log in</html>", "headers": {"Content-Type": "text/html"}},
            "a web page instead of tickets",
        ),
        ({"status": 200, "body": "gibberish"}, "not JSON"),
        ({"status": 200, "body": "[]"}, "unexpected form"),
        ({"status": 200, "body": '{"startAt": 0, "total": 1, "issues": [{"id": "1"}]}'}, "unexpected form"),
        ({"status": 200, "body": "{}", "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}}, "our token"),
        (
            {"status": 403, "body": "", "headers": {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE"}},
            "CAPTCHA_CHALLENGE",
        ),
        ({"status": 401, "body": "<html>401</html>"}, r"refuses access \(401\)"),
        ({"status": 302, "body": "", "headers": {"Location": "/login.jsp"}}, "Jira answers 302"),
        ({"reset": True}, "does not answer"),
        ({"truncate": 20}, "does not answer"),
    ],
)
def test_whatever_jira_answers_becomes_one_clear_error(world, client, fault, words):
    world.jira.create("FLINK-1")
    world.fault(service="jira", times=None, **fault)
    with pytest.raises(ServiceError, match=words):
        all_of(client, ["FLINK-1"])
    with pytest.raises(ServiceError, match=words):
        client.updated(5)


def test_a_slow_jira_is_not_waited_for_endlessly(world, client, monkeypatch):
    monkeypatch.setattr(jira, "TIMEOUT", (0.2, 0.2))
    world.fault(service="jira", hang=True, times=None)
    with pytest.raises(ServiceError, match="too slow"):
        client.updated(5)


@pytest.mark.parametrize(("limit", "words"), [("DEADLINE", "too slow"), ("MAX_SIZE", "longer than")])
def test_an_answer_that_trickles_or_never_ends_is_given_up(world, client, monkeypatch, limit, words):
    world.jira.create("FLINK-1")
    monkeypatch.setattr(jira, limit, -1)
    with pytest.raises(ServiceError, match=words):
        client.updated(5)


def test_a_wrong_token_is_named_and_not_shown(world, monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", "wr0ng-t0ken-value")
    with Jira(pause=0) as client, pytest.raises(ServiceError, match="refuses our token") as raised:
        client.updated(5)
    assert "wr0ng" not in str(raised.value)


def test_without_a_token_jira_is_read_as_anybody(world, monkeypatch):
    monkeypatch.delenv("JIRA_TOKEN")
    world.jira.create("FLINK-1")
    with Jira(pause=0) as client:
        assert len(client.updated(5)) == 1


def test_a_short_limit_is_waited_for_and_a_long_one_is_told(world):
    waits = []
    world.jira.create("FLINK-1")
    with Jira(pause=0, sleep=waits.append) as client:
        world.fault(service="jira", status=429, body="<html>Too many</html>", headers={"Retry-After": "7"})
        assert len(client.updated(5)) == 1
        assert waits == [7.0]
        world.fault(service="jira", status=429, body="", headers={"Retry-After": "900"})
        with pytest.raises(ServiceError, match="left alone for 900 s") as raised:
            client.updated(5)
    assert raised.value.seconds == 900


@pytest.mark.parametrize("value", [None, "soon", "date"])
def test_a_limit_without_a_number_is_understood_too(world, client, value):
    headers = {} if value is None else {"Retry-After": value}
    if value == "date":
        headers = {"Retry-After": format_datetime(world.clock.now().replace(year=2099))}
    world.fault(service="jira", status=429, body="", headers=headers)
    with pytest.raises(ServiceError, match="left alone") as raised:
        client.updated(5)
    assert raised.value.seconds >= 60


def test_requests_keep_a_second_apart(world):
    waits = []
    with Jira(sleep=waits.append) as client:
        client.updated(5)
        client.updated(5)
    assert len(waits) == 1
    assert 0.5 < waits[0] <= 1


def test_keys_go_out_in_batches_that_name_each_once(world, client, monkeypatch):
    queries = []
    monkeypatch.setattr(api, "search", lambda of, query, strict: queries.append(query) or search(of, query, strict))
    world.jira.many(120, start=1)
    all_of(client, ["FLINK-5", *(f"FLINK-{number}" for number in range(1, 121))])
    assert [len(re.findall("FLINK-", query)) for query in queries] == [100, 20]


def test_tickets_with_a_label_are_read_whole_or_those_that_changed(world, client):
    world.jira.page_limit = 2
    for number in range(1, 6):
        world.jira.create(f"FLINK-{number}", labels=["test-stability"])
    world.jira.create("FLINK-9")
    world.clock.advance(hours=2)
    world.jira.edit("FLINK-2", summary="It changed")
    assert {each.key for each in client.labelled("test-stability")} == {f"FLINK-{number}" for number in range(1, 6)}
    assert [each.summary for each in client.labelled("test-stability", 10)] == ["It changed"]
