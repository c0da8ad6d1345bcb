"""The pages about people and credentials."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.credentials.figures import pressing_credentials
from flinkci_dashboard.models import Action, AuditEvent, Contact, Credential, Exposure, JobRequest, JobRun, Worker
from sync.models import Mirror, MirrorBranch
from tests.addresses import PAGES

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(bootstrapped) -> Client:
    """Return a browser with the role member."""
    return with_role("member")


def with_role(name: str) -> Client:
    user = User.objects.create_user(f"a-{name}")
    user.groups.add(Group.objects.get(name=name))
    browser = Client()
    browser.force_login(user)
    return browser


def text(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_contacts_are_shown_with_what_they_help_with(reader):
    Contact.objects.filter(name="Robert Metzger").update(active=False)
    page = text(reader, "/contacts/")
    assert "Yang Wang" in page
    assert "agents and their machines" in page
    assert "Robert Metzger" not in page


def test_contacts_as_csv_run_nothing(reader):
    Contact.objects.create(name="=HYPERLINK(1)", roles="PMC")
    answer = reader.get("/contacts/contacts.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert len(rows) == 6
    assert answer["Content-Disposition"].startswith('attachment; filename="contacts-')


def test_contacts_as_vcards(reader):
    Contact.objects.filter(name="Jing Ge").update(mailing_list="dev@flink.apache.org", github="x")
    cards = text(reader, "/contacts/contacts.vcf")
    assert cards.count("BEGIN:VCARD") == 5
    assert "EMAIL:dev@flink.apache.org" in cards


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


def test_the_overview_names_what_presses_the_most_first(bootstrapped):
    Credential.objects.filter(serves="jira").update(expires_on=timezone.now().date() + timedelta(days=20), works=True)
    Credential.objects.filter(serves="github").update(problem="refused (401)", works=False)
    assert [line.credential.name for line in pressing_credentials(timezone.now())] == ["flinkbot on GitHub", "Jira"]


@pytest.fixture
def history(reader) -> None:
    AuditEvent.objects.create(
        actor_name="pmc", act="change contact", subject="Jing Ge", before={"active": True}, after={"active": False}
    )
    AuditEvent.objects.create(actor_name="boss", act="run", subject="=cmd", at=timezone.now() - timedelta(days=9))
    Action.objects.create(
        key="k", job="sync_mirrors", kind="push", subject="flink-ci/flink-mirror master", state="done"
    )


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("", ["flink-ci/flink-mirror master", "Jing Ge", "=cmd"]),
        ("who=bot", ["flink-ci/flink-mirror master"]),
        ("who=pmc", ["Jing Ge"]),
        ("words=push+master", ["flink-ci/flink-mirror master"]),
        ("words=contact", ["Jing Ge"]),
        (f"until={date.today() - timedelta(days=5)}", ["=cmd"]),
        (f"until={timezone.now():%Y-%m-%d}&who=pmc", ["Jing Ge"]),
        ("until=9999-12-31&since=0001-01-01&who=pmc", ["Jing Ge"]),
        (f"since={date.today() - timedelta(days=1)}&who=boss", []),
        ("since=nonsense&who=nobody&page=99", ["flink-ci/flink-mirror master", "Jing Ge", "=cmd"]),
    ],
)
def test_activity_of_people_and_bot_is_found(reader, history, query, subjects):
    assert [entry.subject for entry in reader.get(f"/activity/?{query}").context["entries"]] == subjects
    rows = list(csv.DictReader(io.StringIO(text(reader, f"/activity/activity.csv?{query}"), newline="")))
    assert [row["subject"].lstrip("'") for row in rows] == subjects


def test_only_admins_see_from_where_somebody_came(reader, bootstrapped):
    AuditEvent.objects.create(actor_name="pmc", act="run", subject="x", address="203.0.113.7")
    for path in ("/activity/", "/activity/activity.csv"):
        assert "203.0.113.7" not in text(reader, path)
        assert "203.0.113.7" not in text(with_role("operator"), path)
        assert "203.0.113.7" in text(with_role("admin"), path)
        User.objects.exclude(username="a-member").delete()


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
    with django_assert_max_num_queries(14):
        page = reader.get("/activity/?page=2").context["entries"]
    assert [entry.subject for entry in page] == [str(number) for number in range(69, 19, -1)]


def test_what_others_wrote_is_shown_as_text(reader):
    AuditEvent.objects.create(actor_name="<b>eve</b>", act="run", subject="<script>alert(1)</script>")
    page = text(reader, "/activity/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_the_public_page_is_off_unless_asked_for(client, db):
    assert client.get("/status/").status_code == 404


def test_the_public_page_names_no_person_no_machine_and_no_plan(client, bootstrapped, settings):
    settings.PUBLIC_STATUS = True
    mirror = Mirror.objects.get()
    MirrorBranch.objects.create(
        mirror=mirror, name="master", state="behind", author="Ada Lovelace", subject="Secret plan", detail="on host-7"
    )
    MirrorBranch.objects.create(mirror=mirror, name="private-plan", state="not_selected", selected=False)
    JobRun.objects.create(job="sync_mirrors", host="host-7", outcome="ok", ended_at=timezone.now(), error="host-7 down")
    Worker.objects.create(host="host-7", pid=1, started_at=timezone.now(), seen_at=timezone.now())
    Action.objects.create(key="k", job="sync_mirrors", kind="push", subject="planned-push", state="planned")
    User.objects.create_user("ada")
    page = text(client, "/status/")
    assert "master" in page
    assert "behind" in page
    hidden = ["Ada", "host-7", "plan", "Secret", *Contact.objects.values_list("name", flat=True)]
    assert [name for name in hidden if name in page] == []


def test_the_overview_counts_credentials_without_naming_them(bootstrapped, client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    client.force_login(User.objects.create_user("anybody"))
    soon = timezone.now().date() + timedelta(days=4)
    Credential.objects.filter(serves="github").update(works=True, expires_on=soon, probed_at=timezone.now())
    page = text(client, "/")
    assert "GitHub: 3 days left" in page
    assert "flinkbot on GitHub" not in page
    assert 'href="/credentials/"' in page


def test_every_page_says_whom_to_ask(reader):
    for page in PAGES:
        answer = reader.get(page.path)
        html = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
        if html and not page.part and page.name not in ("contacts", "public_status"):
            assert "Whom to ask" in answer.content.decode(), page.path
