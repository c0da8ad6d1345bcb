"""Webhooks: who is believed, what a delivery sets going, and that nothing is done twice for it."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.core.signals import request_finished
from django.db import OperationalError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flinkci_dashboard.api import deliveries
from flinkci_dashboard.api.deliveries import Told
from flinkci_dashboard.api.webhooks import receive
from flinkci_dashboard.jobs.run import enqueue_due, run_pass, work
from flinkci_dashboard.jobs.table import JOBS, Job
from flinkci_dashboard.models import Delivery, JobRun, JobSchedule, Refusals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
SECRET = "a webhook secret"
LOGIN = "hooks:a password"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REFUSED = Told("github", NOW, taken=False)


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.GITHUB_WEBHOOK_SECRET, settings.AZURE_WEBHOOK_LOGIN = SECRET, LOGIN


@pytest.fixture(autouse=True)
def quiet(bootstrapped):
    """Nothing is due of itself."""
    JobSchedule.objects.update(next_run_at=timezone.now() + timedelta(seconds=14))


def from_github(client, event="push", delivery="d-1", body=b"{}", secret=SECRET, **headers):
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": event, "x-github-delivery": delivery, "x-hub-signature-256": signature} | headers
    return client.post("/webhooks/github", body, content_type="application/json", headers=headers)


def from_azure(client, event="build.complete", told="n-1", login=LOGIN, body=None):
    body = json.dumps({"id": told, "eventType": event}) if body is None else body
    sign = f"Basic {b64encode(login.encode()).decode()}"
    return client.post("/webhooks/azure", body, content_type="application/json", headers={"authorization": sign})


def due() -> set[str]:
    return set(JobSchedule.objects.filter(next_run_at__lte=timezone.now()).values_list("job", flat=True))


@pytest.mark.parametrize(
    ("event", "jobs"),
    [
        ("push", {"sync_mirrors", "sync_pulls"}),
        ("pull_request", {"sync_pulls", "label_pulls"}),
        ("issue_comment", {"sync_pulls"}),
        ("workflow_run", {"poll_actions"}),
        ("workflow_job", {"poll_actions"}),
        ("ping", set()),
        ("star", set()),
    ],
)
def test_githubs_events_make_the_right_jobs_run_now(client, event, jobs):
    assert from_github(client, event).status_code == 202
    assert due() == jobs
    assert set(Delivery.objects.get().jobs) == jobs


@pytest.mark.parametrize("event", ["build.complete", "ms.vss-pipelines.run-state-changed-event"])
def test_azures_events_make_builds_be_read_now(client, event):
    assert from_azure(client, event).status_code == 202
    assert due() == {"poll_builds", "sync_pulls"}


@pytest.mark.parametrize("signature", ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "sha256=ü", "\udcff"])
def test_a_wrong_signature_is_refused_and_counted(client, signature):
    assert from_github(client, **{"x-hub-signature-256": signature}).status_code == 401
    assert from_github(client, secret="another").status_code == 401
    assert due() == set()
    assert Refusals.objects.get(service="github").number == 2
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("login", ["", "hooks", "hooks:", "hooks:A password", "other:a password", "ü:ü"])
def test_a_wrong_password_is_refused_and_counted(client, login):
    assert from_azure(client, login=login).status_code == 401
    assert client.post("/webhooks/azure", "{}", content_type="application/json").status_code == 401
    assert due() == set()
    assert Refusals.objects.get(service="azure").number == 2


@pytest.mark.parametrize("address", ["github", "azure"])
def test_without_a_secret_there_is_no_such_address(client, settings, address):
    settings.GITHUB_WEBHOOK_SECRET = settings.AZURE_WEBHOOK_LOGIN = ""
    assert client.post(f"/webhooks/{address}", b"{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize("body", ["", "[]", "{}", "nonsense", '{"eventType": "x"}', "[" * 100_000, b"\xff"])
def test_what_is_no_event_is_said_so(client, body):
    assert from_azure(client, body=body).status_code == 400


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    body=st.binary(max_size=80), event=st.text(max_size=40), delivery=st.text(max_size=90), told=st.text(max_size=90)
)
def test_whatever_is_delivered_is_taken_or_refused(client, body, event, delivery, told):
    event, delivery = (each.encode(errors="replace").decode("latin-1") for each in (event, delivery))
    written = {"x-github-event": event, "x-github-delivery": delivery}
    assert from_github(client, body=body, **written).status_code == 202
    assert from_azure(client, body=body).status_code in (202, 400)
    assert from_azure(client, event, told).status_code == 202


def test_a_delivery_that_comes_again_changes_nothing(client):
    from_github(client, delivery="d-7")
    JobSchedule.objects.update(next_run_at=timezone.now() + timedelta(seconds=14))
    assert from_github(client, delivery="d-7").status_code == 202
    assert due() == set()
    assert Delivery.objects.count() == 1


def test_deliveries_without_an_id_are_taken_each(client):
    from_github(client, delivery="")
    from_github(client, delivery="\0" * 3)
    assert Delivery.objects.count() == 2


def test_an_endless_body_is_refused(client):
    assert from_github(client, body=b" " * (25 * 1024 * 1024 + 1)).status_code == 413
    assert from_github(client, body=b" " * (25 * 1024 * 1024)).status_code == 202


def test_a_disabled_job_stays_disabled(client):
    JobSchedule.objects.filter(job="sync_mirrors").update(enabled=False)
    from_github(client)
    assert due() == {"sync_pulls"}


def test_many_deliveries_within_a_second_make_one_run(client, settings, transactional_db):
    for number in range(20):
        from_github(client, "issue_comment", f"d-{number}")
    assert enqueue_due(timezone.now()) == ["sync_pulls"]
    assert enqueue_due(timezone.now()) == []


def test_what_happens_during_a_pass_is_looked_at_by_the_next_one(client, monkeypatch, data_dir):
    def slow(current):
        if current.run.trigger == "schedule":
            from_github(client, "issue_comment", "in between")
            assert work("sync_pulls", "schedule", timezone.now().isoformat()) == "already running"

    monkeypatch.setitem(JOBS, "sync_pulls", Job("sync_pulls", "x", f"{__name__}.pass_under_way", 60))
    monkeypatch.setattr(f"{__name__}.pass_under_way", slow)
    run_pass("sync_pulls", "schedule")
    again = JobSchedule.objects.get(job="sync_pulls").next_run_at
    assert again <= timezone.now() + timedelta(seconds=1)
    assert JobRun.objects.filter(job="sync_pulls").count() == 1


def pass_under_way(current):
    """Stand in for a job."""


@pytest.mark.parametrize("secret", [SECRET, "another"])
def test_the_answer_waits_for_no_query_and_noting_it_costs_few(rf, secret, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(request_finished, "receivers", [])  # which would close the test's connection
    with django_assert_max_num_queries(0):
        answer = from_github(Answering(rf), secret=secret)
    with django_assert_max_num_queries(7):
        answer.close()
    assert (Delivery.objects.count(), Refusals.objects.count()) == ((1, 0) if secret == SECRET else (0, 1))


class Answering:
    """A client that gets the answer and leaves it open, as a service has it."""

    def __init__(self, rf):
        self.rf = rf

    def post(self, path, *rest, **more):
        return receive(self.rf.post(path, *rest, **more), path.rpartition("/")[2])


def test_a_burst_is_one_transaction_by_one_thread_and_nothing_is_lost(rf, monkeypatch, django_assert_max_num_queries):
    batches, box = [], deliveries.Inbox()

    def write(told):
        batches.append([each.key for each in told])
        if len(batches) == 1:  # meanwhile the others come
            others = [Thread(target=box.put, args=(Told("github", NOW, f"d-{each}"),)) for each in range(1, 50)]
            for other in others:
                other.start()
            for other in others:
                other.join(timeout=9)

    monkeypatch.setattr(deliveries, "write", write)
    box.put(Told("github", NOW, "d-0"))
    assert [len(batch) for batch in batches] == [1, 49]
    assert {key for batch in batches for key in batch} == {f"d-{each}" for each in range(50)}


def test_a_burst_makes_each_job_due_once_and_replays_in_it_change_nothing():
    told = [Told("github", NOW, f"d-{each % 40}", "push", ("sync_pulls", "sync_mirrors")) for each in range(50)]
    deliveries.write([*told, Told("azure", NOW, "d-1", "build.complete", ("poll_builds",)), REFUSED, REFUSED])
    assert Delivery.objects.count() == 41 and due() == {"sync_pulls", "sync_mirrors", "poll_builds"}
    assert Refusals.objects.get().number == 2
    JobSchedule.objects.update(next_run_at=timezone.now() + timedelta(seconds=14))
    deliveries.write(told)
    assert Delivery.objects.count() == 41 and due() == set()


def test_a_database_out_of_order_makes_no_service_wait_or_send_again(client, monkeypatch):
    def hurry(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(deliveries, "hurry", hurry)
    assert from_github(client).status_code == 202
    assert not Delivery.objects.exists()


def test_a_deleted_comment_counts_as_any_other(client):
    from_github(client, "issue_comment", body=b'{"action": "deleted", "comment": {"body": "@flinkbot run azure"}}')
    assert due() == {"sync_pulls"}


def test_admins_see_what_came_what_was_refused_and_how_to_set_it_up(client, keeper, reader, settings):
    settings.PUBLIC_URL, settings.AZURE_WEBHOOK_LOGIN = "https://ci.example.org", ""
    from_github(client, "push", "d-77")
    from_github(client, secret="another")
    page = keeper.get("/webhooks/").content.decode()
    assert "d-77" in page and "Mirror sync" in page and "https://ci.example.org/webhooks/github" in page
    assert "Set <code>AZURE_WEBHOOK_LOGIN</code>" in page and "takes deliveries" in page
    assert SECRET not in page
    assert reader.get("/webhooks/").status_code == 403
    assert 'href="/webhooks/"' in keeper.get("/jobs/").content.decode()
