"""The admin's pages for people and credentials, and what they leave on record."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from flinkci_dashboard.clients.secrets import reveal, token
from flinkci_dashboard.models import AuditEvent, Contact, Credential, JobRequest, StoredValue

pytestmark = pytest.mark.django_db
SECRET = "planted-secret-value"


@pytest.fixture
def credential(bootstrapped) -> Credential:
    return Credential.objects.get(serves="github")


@pytest.fixture
def keeper(bootstrapped) -> Client:
    """Return a browser signed in with the role admin, who is no superuser."""
    user = User.objects.create_user("keeper")
    user.groups.add(Group.objects.get(name="admin"))
    browser = Client()
    browser.force_login(user)
    return browser


def page(credential: Credential, rest: str = "change") -> str:
    return f"/admin/flinkci_dashboard/credential/{credential.pk}/{rest}/"


def test_a_value_goes_in_and_never_comes_out(keeper, credential):
    answer = keeper.post(page(credential, "value"), {"value": SECRET}, follow=True)
    assert answer.status_code == 200
    stored = StoredValue.objects.get()
    assert (stored.role, reveal(stored.sealed)) == ("candidate", SECRET)
    assert stored.fingerprint in answer.content.decode()
    for path in (page(credential), page(credential, "value"), page(credential, "forget"), page(credential, "history")):
        assert SECRET not in keeper.get(path).content.decode(), path
    request = JobRequest.objects.get(job="probe_credentials")
    assert request.requested_by.username == "keeper"


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
    assert (event.actor_name, event.subject) == ("keeper", "S3")
    assert event.after["notice"] == "https://lists.apache.org/thread/x"


def test_changes_are_recorded_with_before_and_after_and_no_secret(keeper, credential):
    keeper.post(page(credential, "value"), {"value": SECRET})
    contact = Contact.objects.get(name="Jing Ge")
    url = f"/admin/flinkci_dashboard/contact/{contact.pk}/change/"
    keeper.post(url, {"name": "Jing Ge", "roles": "Ververica contact", "areas": ["hosting"], "active": ""})
    changed = AuditEvent.objects.get(act="change contact")
    assert changed.before["active"] is True
    assert changed.after["active"] is False
    assert changed.before["areas"] == ["builds", "hosting"]
    assert changed.address == "127.0.0.1"
    assert len(changed.request_id) >= 8
    keeper.post(f"/admin/flinkci_dashboard/contact/{contact.pk}/delete/", {"post": "yes"})
    assert AuditEvent.objects.get(act="delete contact").before["name"] == "Jing Ge"
    entered = AuditEvent.objects.get(act="enter value")
    assert entered.after == {"fingerprint": StoredValue.objects.get().fingerprint}
    assert SECRET not in str(list(AuditEvent.objects.values()))
    assert StoredValue.objects.get().sealed not in str(list(AuditEvent.objects.values()))


def test_roles_and_passwords_are_recorded_without_the_hash(admin, bootstrapped):
    user = User.objects.create_user("pmc", password="correct-horse-battery")
    member = Group.objects.get(name="member")
    form = {"username": "pmc", "groups": [member.pk], "is_active": "on", "date_joined_0": "2026-01-01"}
    admin.post(f"/admin/auth/user/{user.pk}/change/", form | {"date_joined_1": "00:00:00"})
    added = AuditEvent.objects.get(act="add groups")
    assert (added.subject, added.after) == ("pmc", ["member"])
    new = {"password1": "another-horse-battery", "password2": "another-horse-battery", "usable_password": "true"}
    admin.post(f"/admin/auth/user/{user.pk}/password/", new)
    changed = [event for event in AuditEvent.objects.filter(act="change user") if "password" in (event.after or {})]
    assert changed[0].after["password"] == "(hidden)"


@pytest.mark.parametrize("path", ["", "delete/", "change/"])
def test_nobody_changes_the_record(admin, keeper, credential, path):
    keeper.post(page(credential, "value"), {"value": SECRET})
    event = AuditEvent.objects.first()
    for browser in (admin, keeper):
        url = f"/admin/flinkci_dashboard/auditevent/{f'{event.pk}/{path}' if path else 'add/'}"
        assert browser.post(url, {"post": "yes"}).status_code == 403
    assert AuditEvent.objects.filter(pk=event.pk).exists()


def test_the_role_admin_can_not_make_itself_or_others_superuser(keeper):
    boss = User.objects.create_superuser("boss")
    keeper_user = User.objects.get(username="keeper")
    form = {"username": "keeper", "is_active": "on", "is_superuser": "on", "date_joined_0": "2026-01-01"}
    form |= {"groups": [Group.objects.get(name="admin").pk]}
    keeper.post(f"/admin/auth/user/{keeper_user.pk}/change/", form | {"date_joined_1": "00:00:00"})
    keeper_user.refresh_from_db()
    assert not keeper_user.is_superuser
    password = {"password1": "another-horse-battery", "password2": "another-horse-battery", "usable_password": "true"}
    assert keeper.post(f"/admin/auth/user/{boss.pk}/password/", password).status_code == 403
    assert keeper.post(f"/admin/auth/user/{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    keeper.post("/admin/auth/user/", chosen)
    assert User.objects.filter(username="boss").exists()


@pytest.mark.parametrize("app", ["socialaccount", "django_q", "mfa", "account", "usersessions"])
def test_tables_that_hold_secrets_or_run_code_are_not_in_the_admin(admin, app):
    assert admin.get(f"/admin/{app}/").status_code == 404


def test_lists_search_and_filter(admin, credential):
    for path in (
        "credential/?q=flinkbot&kind__exact=github_classic",
        "contact/?q=Ververica&active__exact=1",
        "allowedsignin/?q=x",
        "auditevent/?q=x",
        "exposure/",
    ):
        assert admin.get(f"/admin/flinkci_dashboard/{path}").status_code == 200, path
    assert admin.get("/admin/auth/user/?q=a").status_code == 200
