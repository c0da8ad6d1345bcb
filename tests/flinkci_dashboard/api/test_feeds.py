"""The feed and the badges: what they say, and to whom."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from flinkci_dashboard.models import Alert, JobRun, Worker
from sync.models import Mirror, MirrorBranch
from tests.findings import at_work, make_finding, stand
from tests.machines import make_build

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def worker(bootstrapped):
    """A worker is up, and has just looked for what is wrong."""
    at_work()


def finding(**facts) -> dict:
    since = timezone.now() - timedelta(hours=3)
    common = {"key": "branch_red:release-2.1", "rule": "branch_red", "subject": "release-2.1", "severity": "bad"}
    return common | {"text": "release-2.1 has been red for {time}", "since": since, "area": "builds"} | facts


def parsed(answer) -> ElementTree.Element:
    return ElementTree.fromstring(answer.content)  # noqa: S314 - our own


def alert(**facts) -> Alert:
    now = timezone.now()
    return Alert.objects.create(**finding() | {"began_at": now, "changed_at": now} | facts)


def test_nothing_is_said_of_a_branch_that_nobody_knows_nor_before_anything_was_looked_at(member):
    make_build(branch="master")
    assert "master: not known" in member.get("/badges/master.svg").content.decode()
    at_work()
    assert "master: passing" in member.get("/badges/master.svg").content.decode()
    assert "release-0.1: not known" in member.get("/badges/release-0.1.svg").content.decode()


def test_a_branch_says_that_it_fails_by_the_list_of_what_is_wrong(member, worker):
    make_build(branch="master")
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="release-2.1", state="in_sync")
    assert "release-2.1: passing" in member.get("/badges/release-2.1.svg").content.decode()
    stand(make_finding("release-2.1", tags=("branch:release-2.1",)))
    answer = member.get("/badges/release-2.1.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert parsed(answer).get("aria-label") == "release-2.1: failing"
    assert "master: passing" in member.get("/badges/master.svg").content.decode()


def test_nothing_is_said_of_a_branch_while_no_worker_looks(member):
    Worker.objects.create(host="one", pid=1, started_at=timezone.now(), seen_at=timezone.now() - timedelta(hours=2))
    JobRun.objects.create(job="send_alerts", outcome="ok", ended_at=timezone.now())
    assert "not known" in member.get("/badges/master.svg").content.decode()


@pytest.mark.parametrize("path", ["/feed.atom", "/badges/master.svg"])
def test_strangers_read_them_only_where_the_status_is_public(client, settings, path, worker):
    assert client.get(path).status_code == 302
    settings.PUBLIC_STATUS = True
    assert client.get(path).status_code == 200


def test_hostile_names_stay_text(member, worker):
    answer = member.get('/badges/a"><script>alert(1)</script>.svg')
    assert b"<script" not in answer.content
    assert member.get("/badges/%00.svg").status_code == 404


def test_the_feed_tells_alerts_as_they_began_and_ended(member, worker):
    alert()
    alert(subject="master", key="branch_red:master", ended_at=timezone.now())
    entries = parsed(member.get("/feed.atom")).findall(f"{ATOM}entry")
    titles = {entry.findtext(f"{ATOM}title") for entry in entries}
    assert titles == {"Failing: release-2.1", "Over: master"}
    assert any("has been red for 3 h" in (entry.findtext(f"{ATOM}summary") or "") for entry in entries)
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 2


def test_colours_out_of_a_log_do_not_take_the_feed_away(member, worker):
    alert(subject="m\x1b[31m <b>", text="it says \x08 \ufffe ]]>")
    entry = parsed(member.get("/feed.atom")).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Failing: m\ufffd[31m <b>"


def test_strangers_read_no_person_and_no_machine_in_the_feed(client, settings, worker):
    settings.PUBLIC_STATUS = True
    alert(subject="AlibabaCI005-agent02", area="agents")
    assert "AlibabaCI005" not in client.get("/feed.atom").content.decode()


def test_programs_read_alerts_by_state_and_rule(member, worker):
    alert(acknowledged_by="ada")
    alert(subject="master", key="x:master", rule="x", ended_at=timezone.now())
    every = member.get("/api/v1/alerts").json()["results"]
    assert [(each["subject"], each["state"], each["acknowledged_by"]) for each in every] == [
        ("master", "ended", None),
        ("release-2.1", "firing", "ada"),
    ]
    assert "has been red for 3 h" in every[1]["text"]
    for query, found in (("state=firing", 1), ("state=ended", 1), ("state=x", 0), ("rule=x", 1), ("rule=y", 0)):
        assert len(member.get(f"/api/v1/alerts?{query}").json()["results"]) == found


def test_the_status_is_the_list_of_what_is_wrong(member, worker):
    assert member.get("/api/v1/status").json()["state"] == "good"
    stand(make_finding("release-2.1", tags=("branch:release-2.1",)))
    told = member.get("/api/v1/status").json()
    assert told["state"] == "bad"
    assert told["as_of"]
