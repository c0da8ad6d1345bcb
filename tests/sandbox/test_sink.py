"""The sandbox's sink takes alerts and shows them; its verbs break things and mend them."""

import pytest
import requests
from django.core.mail import EmailMessage, get_connection

from flinkci_dashboard.keys import mail_settings


@pytest.fixture
def sink(world) -> str:
    return f"{world.server.address}/sink"


@pytest.fixture(autouse=True)
def _anywhere():
    from flinkci_dashboard.clients.web import anywhere

    with anywhere():
        yield


def test_what_came_is_shown_as_text(world, sink):
    requests.post(f"{sink}/hook", json={"title": "<b>master</b>", "message": "is red"}, timeout=5)
    page = requests.get(f"{sink}/", timeout=5).text
    assert "&lt;b&gt;master&lt;/b&gt;" in page and "is red" in page
    assert requests.get(f"{sink}/messages", timeout=5).json() == [{"title": "<b>master</b>", "message": "is red"}]


def test_a_verb_breaks_and_another_mends(world, sink):
    world.commit("master", count=2)
    requests.post(f"{sink}/verbs/silence-jira", timeout=5)
    assert requests.get(f"{world.jira_url}/rest/api/2/serverInfo", timeout=5).status_code == 503
    assert requests.post(f"{sink}/verbs/nonsense", timeout=5).status_code == 404
    requests.post(f"{sink}/verbs/mend-everything", timeout=5)
    assert requests.get(f"{world.jira_url}/rest/api/2/serverInfo", timeout=5).status_code == 200
    assert world.heads("flink-ci/flink-mirror")["master"] == world.heads()["master"]


def test_builds_of_master_fail_at_once_and_are_well_again_when_that_is_mended(world, sink):
    def ended():
        world.clock.advance(hours=9)
        return [build.result for build in world.azure.of("master")]

    world.mirror_all()
    requests.post(f"{sink}/verbs/let-tests-fail-on-master", timeout=5)
    assert ended() == ["failed"] * 3
    requests.post(f"{sink}/verbs/mend-everything", timeout=5)
    assert ended()[3:4] == ["succeeded"]


def test_mail_comes_too(world, sink, settings):
    told = mail_settings(world.alert_environ()["EMAIL_URL"])
    settings.EMAIL_HOST, settings.EMAIL_PORT = told.host, told.port
    backend = get_connection(told.backend)
    for number in range(2):
        body = f"“master” fails {number}.\n.\n..\nThe end."
        EmailMessage(f"It fails – {number}", body, None, ["ada@example.org"], connection=backend).send()
    first, second = requests.get(f"{sink}/messages", timeout=5).json()
    assert first["title"] == "Mail to ada@example.org: It fails – 0"
    assert second["message"].splitlines() == ["“master” fails 1.", ".", "..", "The end."]
