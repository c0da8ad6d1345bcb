"""The public page: in order or not, and nothing about anybody."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from flinkci_dashboard.models import Action, Contact, JobRun, Worker
from sync.models import Mirror, MirrorBranch
from tests.reading import text

pytestmark = pytest.mark.django_db


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
