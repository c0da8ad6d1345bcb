"""What people change in the admin is on record, without secrets, for good."""

import pytest
from django.contrib.auth.models import Group, User

from flinkci_dashboard.models import AuditEvent, Contact, StoredValue
from tests.credentials import page

pytestmark = pytest.mark.django_db


SECRET = "planted-secret-value"


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
