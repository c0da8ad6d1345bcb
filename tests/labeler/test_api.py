"""Labels as programs read them."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from labeler.models import LabelState, Ticket
from sync.models import PullRequest

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_labels_are_told_by_whole_names_and_only_ours(member):
    cache.clear()
    ticket = Ticket.objects.create(key="FLINK-7", known=True, current_key="FLINK-7")
    facts = {"title": "[FLINK-7] x", "base": "master", "head_sha": "a" * 40, "created_at": AT, "updated_at": AT}
    pull = PullRequest.objects.create(number=7, labels=["component=Old", "component=Kept", "docs"], **facts)
    other = PullRequest.objects.create(number=8, **facts)
    seen = {"state_since": AT, "seen_at": AT}
    changes = {"add": ["component=New"], "remove": ["component=Old"]}
    LabelState.objects.create(pull=pull, ticket=ticket, state="change", reason="The ticket changed.", **changes, **seen)
    LabelState.objects.create(pull=other, state="no_ticket", **seen)
    assert member.get("/api/v1/labels?state=change").json()["results"] == [
        {
            "pull": 7,
            "ticket": "FLINK-7",
            "state": "change",
            "wanted": ["component=Kept", "component=New"],
            "present": ["component=Old", "component=Kept"],
            "reason": "The ticket changed.",
        }
    ]
    assert [each["pull"] for each in member.get("/api/v1/labels").json()["results"]] == [8, 7]
