"""What an installation knows about people from its first start, and never takes back from an admin."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from flinkci_dashboard.accounts.contacts import whom_to_ask
from flinkci_dashboard.models import Area, Contact, Credential

pytestmark = pytest.mark.django_db


def bootstrap() -> None:
    call_command("bootstrap", verbosity=0)


def test_the_contacts_of_the_wiki_page_are_there(bootstrapped):
    assert list(Contact.objects.order_by("pk").values_list("name", flat=True)) == [
        "Robert Metzger",
        "Chesnay Schepler",
        "Matthias Pohl",
        "Jing Ge",
        "Yang Wang",
    ]
    assert not Contact.objects.exclude(email="").exists(), "no address is made up"


def test_roles_have_the_permissions_that_they_need(bootstrapped):
    granted = {g.name: set(g.permissions.values_list("codename", flat=True)) for g in Group.objects.all()}
    assert granted["member"] < granted["operator"] < granted["admin"]
    assert {"view_credential", "view_auditevent", "view_contact"} <= granted["member"]
    assert "operate" not in granted["member"]
    assert granted["operator"] - granted["member"] == {"operate"}
    assert {"administer", "change_credential", "change_user"} <= granted["admin"]
    assert not {"change_auditevent", "add_auditevent", "delete_auditevent"} & granted["admin"]


def test_a_second_start_changes_nothing_that_an_admin_did(bootstrapped):
    Contact.objects.filter(name="Jing Ge").delete()
    Contact.objects.filter(name="Yang Wang").update(areas=[])
    Credential.objects.filter(serves="jira").delete()
    Group.objects.get(name="operator").permissions.clear()
    bootstrap()
    assert not Contact.objects.filter(name="Jing Ge").exists()
    assert Contact.objects.get(name="Yang Wang").areas == []
    assert not Credential.objects.filter(serves="jira").exists()
    assert not Group.objects.get(name="operator").permissions.exists()


def test_only_active_contacts_of_the_area_are_named(bootstrapped):
    assert [contact.name for contact in whom_to_ask(Area.AGENTS)] == ["Yang Wang"]
    Contact.objects.update(active=False)
    assert whom_to_ask(Area.AGENTS) == []
