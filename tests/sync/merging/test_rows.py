"""Sections of reports: made where somebody wants them, and anew only where something changed."""

import pytest
from django.core.management import call_command

from agents.models import Failure, KnownTicket, Test, TestFailure
from flinkci_dashboard.models import Switch
from sync.merging import rows
from sync.merging.rows import SWITCH
from sync.models import PullRequest
from sync.pulls.state import PullStates
from tests.machines import make_build, make_job, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HEAD = "a" * 40


@pytest.fixture
def failed(db):
    """A failed test on the head of an open pull request."""
    PullRequest.objects.create(
        number=7, title="A", base="master", head_sha=HEAD, created_at=minutes(9), updated_at=minutes(9)
    )
    branch = {"branch": f"ci_7_{HEAD}", "version": HEAD, "pull_number": 7, "scope": "pull"}
    job = make_job(make_build(1, result="failed", **branch), "core", "failed", cause="test")
    test = Test.objects.create(name="a.FooITCase.testBar")
    return TestFailure.objects.create(test=test, job=job, build=job.build, at=minutes(9), source="log")


def section():
    (pull,) = PullRequest.objects.all()
    return dict(PullStates([pull], "").state(pull).sections).get("failures", "")


def refresh(outcome=()):
    troubles = []
    changed = rows.refresh_sections(troubles.append)
    assert tuple(troubles) == outcome
    return changed


def switch(on):
    assert Switch.objects.filter(name=SWITCH).update(on=on)


def test_it_is_off_until_an_admin_wants_it_and_taken_back_after(failed):
    assert refresh() == 0 and section() == ""
    switch(True)
    assert refresh() == 1 and "`a.FooITCase#testBar` in `core`: **first seen here**" in section()
    call_command("bootstrap", verbosity=0)
    assert Switch.is_on(SWITCH)
    switch(False)
    assert refresh() == 1 and section() == ""
    assert refresh() == 0


def test_nothing_new_is_told_by_six_queries_and_writes_no_row(failed, django_assert_num_queries):
    switch(True)
    refresh()
    with django_assert_num_queries(6):
        assert refresh() == 0


def test_a_ticket_and_a_retry_change_it(failed):
    switch(True)
    refresh()
    ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-77", updated_at=minutes(0))
    Failure.objects.create(test=failed.test, key="a.FooITCase#testBar", ticket=ticket)
    assert refresh() == 1 and "FLINK-77" in section() and "failed, all known" in section()
    make_job(failed.build, "core", attempt=2)
    assert refresh() == 1 and "1 of 1 stages have succeeded" in section()


def test_another_head_and_a_closed_pull_request_have_none(failed):
    switch(True)
    refresh()
    PullRequest.objects.update(head_sha="b" * 40)
    assert refresh() == 1 and section() == ""


def test_an_admin_switches_it_on_and_that_is_recorded(admin):
    row = Switch.objects.get(name=SWITCH)
    admin.post(f"/admin/flinkci_dashboard/switch/{row.pk}/change/", {"on": "on"})
    assert Switch.is_on(SWITCH)
    assert "change switch" in admin.get("/activity/").content.decode()


def test_one_that_cannot_be_explained_does_not_stop_the_others(failed, monkeypatch):
    times = dict.fromkeys(("created_at", "updated_at"), minutes(9))
    PullRequest.objects.create(number=8, title="B", base="master", head_sha=HEAD, **times)
    good = rows.section_of

    def explain(pull):
        if pull.number == 8:
            raise ValueError("odd")
        return good(pull)

    monkeypatch.setattr(rows, "section_of", explain)
    switch(True)
    assert refresh(("#8: ValueError: odd",)) == 1
    assert PullRequest.objects.get(number=7).sections and not PullRequest.objects.get(number=8).sections
