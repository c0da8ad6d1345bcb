"""The alerts' page and its buttons; and that nothing that says how it stands disagrees with anything else."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.models import Alert, AuditEvent, Channel, JobRequest, Subscription, Worker


@pytest.fixture
def operator(clock) -> Client:
    """Return a browser signed in as an operator."""
    user = User.objects.create_user("op", email="op@example.org")
    user.groups.add(Group.objects.get(name="operator"))
    browser = Client()
    browser.force_login(user)
    return browser


def text(browser: Client, path: str = "/alerts/") -> str:
    return " ".join(browser.get(path).content.decode().split())


def test_the_page_says_what_fires_what_ended_and_what_came_back(
    channel, sink, clock, break_branch, mend_branch, operator
):
    break_branch()
    clock.run(0, "command")
    page = text(operator)
    assert "master of flink-ci/flink-mirror has diverged from its source" in page
    assert "Over when a pass finds it in step." in page and "taken" in page
    mend_branch()
    clock.run(60, "command")
    assert "by nobody" in text(operator)
    assert "secretword" not in page and "topsecret" not in page


def test_an_operator_acknowledges_and_silences_and_it_is_on_record(clock, break_branch, operator):
    break_branch()
    clock.run(0, "command")
    pk = Alert.objects.get(rule="mirror_branch").pk
    operator.post(f"/alerts/{pk}/acknowledge/")
    operator.post(f"/alerts/{pk}/silence/", {"hours": "4", "why": "a release is being cut"})
    page = text(operator)
    assert "by op: a release is being cut" in page
    acts = list(AuditEvent.objects.order_by("pk").values_list("actor_name", "act"))
    assert acts[-2:] == [("op", "acknowledge alert"), ("op", "silence alert")]
    operator.post(f"/alerts/{pk}/speak/")
    assert not Alert.objects.get(pk=pk).silenced(timezone.now())


def test_a_silence_needs_a_reason(clock, break_branch, operator):
    break_branch()
    clock.run(0, "command")
    pk = Alert.objects.get(rule="mirror_branch").pk
    operator.post(f"/alerts/{pk}/silence/", {"hours": "4", "why": ""})
    assert Alert.objects.get(pk=pk).silenced_until is None


def test_a_test_message_tells_what_came_back(channel, sink, clock, operator):
    operator.post(f"/alerts/channels/{channel.pk}/test/")
    clock.run(1)
    assert JobRequest.objects.get().answer == "sink: taken."
    assert sink.messages[0]["title"] == "[Flink CI] A test"
    sink.status = 403
    operator.post(f"/alerts/channels/{channel.pk}/test/")
    clock.run(1)
    assert "error=403" in JobRequest.objects.latest("pk").answer
    assert "error=403" in text(operator)


def test_members_subscribe_and_end_it(clock, operator, settings, sink):
    operator.post("/alerts/subscribe/", {"kind": "branch", "name": "master", "address": sink.address})
    assert not Subscription.objects.exists()  # it leads into this network
    settings.ALERT_PRIVATE_ADDRESSES = True
    operator.post("/alerts/subscribe/", {"kind": "area", "name": "credentials", "address": ""})
    operator.post("/alerts/subscribe/", {"kind": "area", "name": "nonsense", "address": ""})
    operator.post("/alerts/subscribe/", {"kind": "branch", "name": "master", "address": sink.address})
    assert list(Subscription.objects.values_list("tag", flat=True)) == ["area:credentials", "branch:master"]
    channel = Channel.objects.get()
    assert channel.member.username == "op" and "secretword" not in channel.sealed
    assert "secretword" not in text(operator)
    other = Client()
    other.force_login(User.objects.create_user("other"))
    pk = Subscription.objects.get(tag="branch:master").pk
    assert other.post(f"/alerts/subscriptions/{pk}/end/").status_code == 404
    operator.post(f"/alerts/subscriptions/{pk}/end/")
    assert not Channel.objects.exists()


def test_an_address_goes_into_the_admin_and_never_comes_out(settings, clock, admin, sink):
    facts = {"name": "team", "enabled": "on", "time_zone": "UTC", "address": sink.address}
    refused = admin.post("/admin/flinkci_dashboard/channel/add/", facts).content.decode()
    assert "ALERT_PRIVATE_ADDRESSES=1" in refused and "secretword" not in refused and sink.messages == []
    settings.ALERT_PRIVATE_ADDRESSES = True
    assert admin.post("/admin/flinkci_dashboard/channel/add/", facts).status_code == 302
    channel = Channel.objects.get()
    page = admin.get(f"/admin/flinkci_dashboard/channel/{channel.pk}/change/").content.decode()
    assert "secretword" not in page and channel.fingerprint in page
    assert "secretword" not in str(list(AuditEvent.objects.values()))
    answer = admin.post("/admin/flinkci_dashboard/channel/add/", facts | {"name": "b", "address": "file:///etc"})
    assert answer.status_code == 200 and "none of the services" in answer.content.decode()


@pytest.mark.parametrize(
    ("breaking", "state"), [(None, "good"), ("rejected", "bad"), ("gone", "warn"), ("worker", "bad")]
)
def test_everything_that_says_how_it_stands_says_the_same(settings, clock, worker, branch, member, breaking, state):
    settings.PUBLIC_STATUS = True
    if breaking not in (None, "worker"):
        type(branch).objects.filter(pk=branch.pk).update(state=breaking)
    clock.run(1)
    if breaking == "worker":
        clock.pass_(400)  # no pass runs any more: the web process has to see it by itself
    overview, other, status = text(member, "/"), text(member, "/jobs/"), text(Client(), "/status/")
    told = member.get("/api/v1/status").json()
    assert told["state"] == state
    assert f'class="verdict {state}" data-state="{state}"' in overview
    assert f'data-state="{state}"' in other and f'data-state="{state}"' in status
    icon = {"good": "icon.svg", "warn": "icon-warn.svg", "bad": "icon-bad.svg"}[state]
    mark = {"good": "", "warn": "! ", "bad": "✕ "}[state]
    for page in (overview, other):
        assert re.search(rf'rel="icon" href="[^"]*{icon}"', page)
        assert f"<title>{mark}" in page
    assert (Client().get("/readyz").status_code == 503) is (breaking == "worker")
    if breaking == "worker":
        tiles = {tile["state"] for tile in told["tiles"]}
        assert tiles == {"warn"}  # nothing that it feeds is known


def test_the_sentence_names_cause_and_whom_to_ask(clock, worker, branch, member, break_branch):
    Worker.objects.update(seen_at=timezone.now())
    break_branch()
    clock.run(1)
    sentence = member.get("/api/v1/status").json()["sentence"]
    assert sentence == (
        "master of flink-ci/flink-mirror has diverged from its source, 1 s ago: ask Chesnay Schepler or Matthias Pohl."
    )
