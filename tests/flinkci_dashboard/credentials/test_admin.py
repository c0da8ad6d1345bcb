"""The admin's pages for credentials: values go in and never come out."""

import pytest

from flinkci_dashboard.clients.secrets import reveal, token
from flinkci_dashboard.models import AuditEvent, Credential, JobRequest, StoredValue
from tests.credentials import page

pytestmark = pytest.mark.django_db


SECRET = "planted-secret-value"


def test_a_value_goes_in_and_never_comes_out(keeper, credential):
    answer = keeper.post(page(credential, "value"), {"value": SECRET}, follow=True)
    assert answer.status_code == 200
    stored = StoredValue.objects.get()
    assert (stored.role, reveal(stored.sealed)) == ("candidate", SECRET)
    assert stored.fingerprint in answer.content.decode()
    for path in (page(credential), page(credential, "value"), page(credential, "forget"), page(credential, "history")):
        assert SECRET not in keeper.get(path).content.decode(), path
    request = JobRequest.objects.get(job="probe_credentials")
    assert request.requested_by.username == "a-admin"


def test_a_new_value_replaces_one_that_waits_and_leaves_the_one_in_use(keeper, credential):
    for value in ("first-value-of-all", SECRET):
        keeper.post(page(credential, "value"), {"value": value})
    assert [reveal(row.sealed) for row in StoredValue.objects.all()] == [SECRET]


def test_a_refused_value_is_not_sent_back(keeper, credential):
    answer = keeper.post(page(credential, "value"), {"value": "short"})
    assert answer.status_code == 200
    assert "short" not in answer.content.decode().replace("shorter", "")
    assert not StoredValue.objects.exists()


def test_values_are_forgotten_after_a_confirmation(keeper, credential):
    keeper.post(page(credential, "value"), {"value": SECRET})
    keeper.get(page(credential, "forget"))
    assert StoredValue.objects.exists()
    keeper.post(page(credential, "forget"))
    assert not StoredValue.objects.exists()
    assert token("github") is None


def test_a_listed_key_takes_no_value(keeper, bootstrapped):
    listed = Credential.objects.create(name="S3", kind="azure_variable", notice="-", notice_told="PMC")
    assert keeper.get(page(listed, "value")).status_code == 404


def test_adding_a_key_asks_for_the_notice_and_is_recorded(keeper):
    url = "/admin/flinkci_dashboard/credential/add/"
    assert "House rule" in keeper.get(url).content.decode()
    facts = {
        "name": "S3",
        "kind": "azure_variable",
        "variable": "IT_CASE_S3_ACCESS_KEY",
        "all_organizations": "unknown",
    }
    inline = {f"values-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    assert keeper.post(url, facts | inline).status_code == 200
    assert not Credential.objects.filter(name="S3").exists()
    keeper.post(url, facts | inline | {"notice": "https://lists.apache.org/thread/x", "notice_told": "PMC"})
    event = AuditEvent.objects.get(act="add credential")
    assert (event.actor_name, event.subject) == ("a-admin", "S3")
    assert event.after["notice"] == "https://lists.apache.org/thread/x"
