"""A button's answer is honest about whether anybody is there to do what it asks for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.models import Channel, Credential, JobRequest, Worker
from tests.people import with_role

pytestmark = pytest.mark.django_db


def report(ago: timedelta) -> None:
    at = timezone.now() - ago
    Worker.objects.create(host="one", pid=1, started_at=at, seen_at=at)


def press() -> str:
    answer = with_role("operator").post("/jobs/sync_pulls/run/", follow=True).content.decode()
    assert JobRequest.objects.filter(job="sync_pulls", settled_at=None).exists()
    return answer


def test_while_a_worker_is_up_it_starts_within_seconds(bootstrapped):
    report(timedelta(seconds=5))
    assert "a pass was asked for; it starts within seconds." in press()


def test_without_a_worker_it_waits_and_says_since_when_none_has_reported(bootstrapped):
    report(timedelta(hours=2))
    text = press()
    assert "it waits: no worker has reported for 2 h" in text
    assert "within seconds" not in text


def test_where_no_worker_ever_was_it_says_so(bootstrapped):
    assert "it waits: no worker has reported yet." in press()


@pytest.mark.parametrize("up", [True, False])
def test_a_test_of_a_channel_and_a_probe_are_promised_as_honestly(bootstrapped, admin, up):
    if up:
        report(timedelta(seconds=5))
    channel = Channel.objects.create(name="here", service="json")
    answer = admin.post(f"/alerts/channels/{channel.pk}/test/", follow=True).content.decode()
    probe = {"action": "probe_now", "_selected_action": [Credential.objects.first().pk]}
    answers = [answer, admin.post("/admin/flinkci_dashboard/credential/", probe, follow=True).content.decode()]
    assert ["it waits: no worker has reported" in each for each in answers] == [not up, not up]
