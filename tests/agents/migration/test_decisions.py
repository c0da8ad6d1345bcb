"""Who has the say: decided with a reason, recorded, and taken back by one press."""

import pytest
from django.urls import reverse

from agents.migration.authority import PULLS, Decisions
from agents.models import Authority
from agents.models.builds import Provider
from flinkci_dashboard.models import AuditEvent
from tests.people import with_role
from tests.reading import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
TESTING, PUSHING = Authority.Purpose.TESTING, Authority.Purpose.PUSHING


def decide(browser, choice="actions", purpose=TESTING, branch="master", reason="They agree."):
    facts = {"branch": branch, "purpose": purpose, "choice": choice, "reason": reason}
    return browser.post(reverse("decide_authority"), facts, follow=True).content.decode()


def test_a_decision_has_a_reason_is_recorded_and_taken_back_by_one_press(db):
    operator = with_role("operator")
    assert "and why" in decide(operator, reason=" ")
    decide(operator)
    assert Decisions().providers("master") == (Provider.ACTIONS,)
    assert Decisions().providers(PULLS) == (Provider.AZURE,)
    event = AuditEvent.objects.filter(subject="master: testing").get()
    assert (event.before, event.after) == ({"choice": "azure"}, {"choice": "actions", "reason": "They agree."})
    page = text(operator, "/migration/?tab=authority")
    assert "They agree." in page and "Back to Azure Pipelines" in page
    operator.post(reverse("undo_authority"), {"branch": "master", "purpose": "testing"})
    assert Decisions().providers("master") == (Provider.AZURE,)
    assert AuditEvent.objects.filter(subject="master: testing").count() == 2


def test_a_second_press_brings_nothing_back(db):
    operator = with_role("operator")
    decide(operator)
    for _ in range(2):
        operator.post(reverse("undo_authority"), {"branch": "master", "purpose": "testing", "to": "azure"})
    assert Decisions().providers("master") == (Provider.AZURE,)
    assert [row.undoes for row in Authority.objects.order_by("pk")] == [False, True]


def test_what_holds_by_itself_may_be_decided_and_then_holds(db):
    operator = with_role("operator")
    assert Decisions().hears("master", "actions")
    assert "That holds already" not in decide(operator, "azure")
    assert not Decisions().hears("master", "actions")  # alerts speak of the other service alone from now on
    assert "That holds already" in decide(operator, "azure")
    assert Authority.objects.count() == 1


def test_each_press_takes_one_decision_back_until_it_is_as_if_nobody_had_decided(db):
    operator = with_role("operator")
    held = []
    for choice in ("both", "actions", "", "", ""):
        if choice:
            decide(operator, choice)
        else:
            operator.post(reverse("undo_authority"), {"branch": "master", "purpose": "testing"})
        found = Decisions()
        held.append((found.choice("master", TESTING), found.hears("master", "actions"), found.hears("master", "azure")))
    assert held == [
        ("both", True, True),
        ("actions", True, False),
        ("both", True, True),
        ("azure", True, True),  # until somebody decides, alerts are told of both
        ("azure", True, True),
    ]
    assert Authority.objects.count() == 4


@pytest.mark.parametrize("branch", ["master", "release-2.2", PULLS], ids=["master", "a release", "pull requests"])
def test_what_is_taken_back_is_that_branch_and_purpose_alone(db, branch):
    operator = with_role("operator")
    for place in ("master", "release-2.2", PULLS):
        for purpose in (TESTING, Authority.Purpose.PUBLISHING):
            decide(operator, purpose=purpose, branch=place)
    operator.post(reverse("undo_authority"), {"branch": branch, "purpose": "publishing"})
    found = Decisions()
    left = {
        (place, purpose.value)
        for place in ("master", "release-2.2", PULLS)
        for purpose in (TESTING, Authority.Purpose.PUBLISHING)
        if found.providers(place, purpose) == (Provider.AZURE,)
    }
    assert left == {(branch, "publishing")}


def test_testing_publishing_and_pushing_are_decided_apart(db):
    operator = with_role("operator")
    decide(operator, "both", TESTING)
    decide(operator, "off", PUSHING, "release-2.2", "It is built by Actions.")
    assert "say what should hold" in decide(operator, "off", TESTING)
    found = Decisions()
    assert found.choice("master", Authority.Purpose.PUBLISHING) == "azure"
    assert found.providers("master") == (Provider.AZURE, Provider.ACTIONS)
    assert set(found.unpushed()) == {"release-2.2"}


def test_members_may_not_decide(reader):
    assert reader.post(reverse("decide_authority"), {}).status_code == 403
    assert reader.post(reverse("undo_authority"), {}).status_code == 403
    assert "Decide" not in text(reader, "/migration/?tab=authority")
