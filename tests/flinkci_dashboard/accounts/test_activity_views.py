"""The activity of people and the bot: found, shown, exported."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from flinkci_dashboard.models import Action, AuditEvent
from tests.people import with_role
from tests.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(reader) -> None:
    AuditEvent.objects.create(
        actor_name="pmc", act="change contact", subject="Jing Ge", before={"active": True}, after={"active": False}
    )
    AuditEvent.objects.create(actor_name="boss", act="run", subject="=cmd", at=timezone.now() - timedelta(days=9))
    Action.objects.create(
        key="k", job="sync_mirrors", kind="push-branch", subject="flink-ci/flink-mirror master", state="done"
    )


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("", ["flink-ci/flink-mirror master", "Jing Ge", "=cmd"]),
        ("who=bot", ["flink-ci/flink-mirror master"]),
        ("who=pmc", ["Jing Ge"]),
        ("words=pushed+mirror+sync", ["flink-ci/flink-mirror master"]),
        ("words=contact", ["Jing Ge"]),
        (f"until={date.today() - timedelta(days=5)}", ["=cmd"]),
        (f"until={timezone.now():%Y-%m-%d}&who=pmc", ["Jing Ge"]),
        ("until=9999-12-31&since=0001-01-01&who=pmc", ["Jing Ge"]),
        (f"since={date.today() - timedelta(days=1)}&who=boss", []),
        ("since=nonsense&who=nobody&page=99", ["flink-ci/flink-mirror master", "Jing Ge", "=cmd"]),
    ],
)
def test_activity_of_people_and_bot_is_found(reader, history, query, subjects):
    assert [entry.subject for entry in reader.get(f"/activity/?{query}").context["table"].lines] == subjects
    rows = list(csv.DictReader(io.StringIO(text(reader, f"/activity/activity.csv?{query}"), newline="")))
    assert [row["subject"].lstrip("'") for row in rows] == subjects


def test_only_admins_see_from_where_somebody_came(reader, bootstrapped):
    AuditEvent.objects.create(actor_name="pmc", act="run", subject="x", address="203.0.113.7")
    for path in ("/activity/", "/activity/activity.csv"):
        assert "203.0.113.7" not in text(reader, path)
        assert "203.0.113.7" not in text(with_role("operator"), path)
        assert "203.0.113.7" in text(with_role("admin"), path)
        User.objects.exclude(username="a-member").delete()


def test_the_bot_is_told_of_in_words_without_internal_names(reader, history):
    page = text(reader, "/activity/?who=bot")
    assert "bot (Mirror sync)" in page and "pushed the branch" in page
    assert "push-branch" not in page and "sync_mirrors" not in page


def test_activity_shows_before_and_after(reader, history):
    page = text(reader, "/activity/?who=pmc")
    assert "<del>True</del> → " in page
    assert "False" in page


def test_activity_links_the_pull_request_that_it_is_about(reader, db):
    AuditEvent.objects.create(actor_name="pmc", act="pull request: retry", subject="#29216")
    assert '<a href="/pulls/29216/">#29216</a>' in text(reader, "/activity/")


def test_activity_is_paged_with_few_queries(reader, django_assert_max_num_queries):
    for number in range(120):
        AuditEvent.objects.create(actor_name="pmc", act="run", subject=str(number))
    with django_assert_max_num_queries(20):  # six of them for the banner and the tab
        page = reader.get("/activity/?page=2").context["table"].lines
    assert [entry.subject for entry in page] == [str(number) for number in range(69, 19, -1)]


def test_what_others_wrote_is_shown_as_text(reader):
    AuditEvent.objects.create(actor_name="<b>eve</b>", act="run", subject="<script>alert(1)</script>")
    page = text(reader, "/activity/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
