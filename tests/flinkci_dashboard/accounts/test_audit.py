"""The record of activity is only added to."""

import pytest
from django.contrib.auth.models import User

from flinkci_dashboard.models import AppendOnlyError, AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(db) -> AuditEvent:
    return AuditEvent.objects.create(
        actor=User.objects.create_user("pmc"), actor_name="pmc", act="run", subject="sync_mirrors"
    )


@pytest.mark.parametrize(
    "attempt",
    [
        lambda event: event.save(),
        lambda event: event.delete(),
        lambda event: AuditEvent.objects.all().delete(),
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(act="nothing"),
        lambda event: AuditEvent.objects.bulk_update([event], ["act"]),
        lambda event: AuditEvent._base_manager.filter(pk=event.pk).delete(),
    ],
)
def test_no_entry_is_changed_or_deleted(event, attempt):
    with pytest.raises(AppendOnlyError):
        attempt(event)
    assert AuditEvent.objects.get().act == "run"


def test_an_entry_outlives_the_account(event):
    User.objects.all().delete()
    assert AuditEvent.objects.get().actor_name == "pmc"
