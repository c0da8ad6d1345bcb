"""The credentials page: when each runs out, what is exposed, and a button."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Watermark
from flinkci_dashboard.models import AuditEvent, Credential, Exposure, JobRequest
from tests.people import with_role
from tests.reading import text

pytestmark = pytest.mark.django_db


def test_credentials_count_down_and_repeat_the_house_rule(reader):
    soon = timezone.now().date() + timedelta(days=9)
    Credential.objects.filter(serves="github").update(
        expires_on=soon, works=True, seen_account="flinkbot", seen_scopes="gist repo", scope_problem="has gist …"
    )
    page = text(reader, "/credentials/")
    assert "without prior notice to the PMC" in page
    assert "8 days left" in page
    assert "as flinkbot" in page
    assert "has gist …" in page
    assert "Robert Metzger" in page, "whom to ask"
    assert "2026-12-01" in page, "a reminder of the end of global Azure tokens"


def test_what_is_exposed_is_named(reader):
    Exposure.objects.create(
        check_name="pull-request-secrets",
        state="exposed",
        names=["PRs: secret variable K"],
        seen=["PRs: variable JDK"],
        checked_at=timezone.now(),
        state_since=timezone.now(),
    )
    page = text(reader, "/credentials/")
    assert "Pull request builds see no secret" in page
    assert "PRs: secret variable K" in page
    assert "PRs: variable JDK" in page


def test_operators_ask_for_a_probe_and_it_is_recorded(bootstrapped):
    browser = with_role("operator")
    browser.post("/credentials/probe/")
    assert set(JobRequest.objects.values_list("job", flat=True)) == {"probe_credentials", "check_exposure"}
    assert set(AuditEvent.objects.values_list("actor_name", "act")) == {("a-operator", "run")}


def test_the_button_is_shown_to_those_who_may_press_it(reader):
    assert "Probe and check now" not in text(reader, "/credentials/")
    assert "Probe and check now" in text(with_role("operator"), "/credentials/")


def test_a_right_that_a_job_does_without_is_named(reader):
    note = "The token lacks the scope vso.test. Failing tests are read from logs instead."
    mark = Watermark.objects.create(name="tests:azure", note=note)
    assert note in text(reader, "/credentials/")
    mark.note = ""
    mark.save()
    assert "vso.test" not in text(reader, "/credentials/")
