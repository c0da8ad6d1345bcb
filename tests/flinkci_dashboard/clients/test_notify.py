"""Channels reach the services that they may, and nothing in this network; what comes back holds no secret."""

import socket

import pytest

from flinkci_dashboard.clients import notify
from flinkci_dashboard.clients.errors import InvalidError, ServiceError, UnavailableError
from tests.sink import Sink


@pytest.fixture
def sink():
    with Sink() as taking:
        yield taking


@pytest.fixture
def private(settings):
    settings.ALERT_PRIVATE_ADDRESSES = True


@pytest.mark.parametrize("address", ["json://example.org/x", "slack://TokenA/TokenB/TokenC/#ci", "mailto://a:b@x.org"])
def test_well_formed_addresses_name_their_service(address):
    assert notify.service_of(address) == address.partition(":")[0]


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/passwd", "syslog://", "dbus://", "windows://", "apprise://host/x", "nonsense", "", "json://"),
        *(
            "jsons://a.example/x,json://b.example/x",
            "jsons://a.example/x json://127.0.0.1/passwd",
        ),  # two beside a guard
    ],
)
def test_other_addresses_are_refused_without_being_repeated(address):
    with pytest.raises(InvalidError) as refused:
        notify.service_of(address)
    assert "passwd" not in str(refused.value)


def test_a_message_arrives(private, sink):
    assert notify.send(sink.address, "master is red", "since <noon> & @everyone, <!channel>", "bad") == "taken"
    (message,) = sink.messages
    assert (message["title"], message["type"]) == ("master is red", "failure")
    assert "<noon> &" in message["message"]
    assert "@everyone" not in message["message"] and "<!channel" not in message["message"]


def test_loopback_is_refused_unless_allowed(sink):
    with pytest.raises(UnavailableError):
        notify.send(sink.address, "t", "b")
    assert sink.messages == []


@pytest.mark.parametrize(
    "host",
    ["10.0.0.7", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[64:ff9b::a00:1]"],
)
def test_private_addresses_are_refused_before_a_byte_is_sent(host, monkeypatch):
    reached = []
    monkeypatch.setattr(socket.socket, "sendall", lambda *_: reached.append(1))
    with pytest.raises(ServiceError):
        notify.send(f"json://{host}:9/x", "t", "b")
    assert reached == []


def test_a_name_that_turns_private_when_it_is_asked_again_is_refused(sink, monkeypatch):
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1", "127.0.0.1"])
    port = sink.server.server_port

    def resolve(host, *rest, **options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    socket.getaddrinfo("rebinding.example.org", port)  # somebody looked before, and found a public one
    with pytest.raises(UnavailableError):
        notify.send(f"json://rebinding.example.org:{port}/x", "t", "b")
    assert sink.messages == []


def test_redirects_are_not_followed_even_when_the_address_asks_for_them(private, sink):
    sink.status, sink.location = 302, f"http://{sink.place}/elsewhere"
    with pytest.raises(UnavailableError, match="302"):
        notify.send(f"{sink.address}?redirect=yes", "t", "b")
    assert [message["path"] for message in sink.messages] == ["/hook/topsecret"]


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("json://10.0.0.7/x", True),
        ("json://localhost/x", True),
        ("json://[::ffff:127.0.0.1]/x", True),
        ("mmost://192.168.1.1/abcdefghijklmnopqrstuvwx", True),
        ("mailto://user:word@example.org?smtp=10.0.0.1", True),
        ("json://8.8.8.8/x", False),
        ("json://nobody-knows.invalid/x?retry=5&wait=10", False),
    ],
)
def test_where_an_address_leads_is_known_before_anything_is_sent(address, inside, monkeypatch):
    reached = []
    monkeypatch.setattr(socket.socket, "sendall", lambda *_: reached.append(1))
    assert notify.leads_inside(address) is inside
    assert reached == []


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_what_came_back_is_told_without_the_secret(private, sink, status):
    sink.status = status
    with pytest.raises(UnavailableError) as failed:
        notify.send(sink.address, "t", "b")
    assert str(status) in str(failed.value)
    assert "topsecret" not in str(failed.value) and "secretword" not in str(failed.value)


def test_other_calls_of_the_process_stay_guarded(private, sink):
    import requests

    notify.send(sink.address, "t", "b")
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{sink.place}/", timeout=2)


def test_a_heartbeat_is_asked_and_its_answer_judged(sink):
    assert notify.ask(f"http://{sink.place}/beat/1") == ""
    assert sink.asked == ["/beat/1"]
    sink.status = 404
    assert notify.ask(f"http://{sink.place}/beat/1") == "it answers 404"
    assert notify.ask("http://127.0.0.1:9/").startswith("no answer")
