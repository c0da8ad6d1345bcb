"""The admin of label rules: each change is previewed before it counts."""

import pytest

from labeler.models import LabelChange, LabelRule
from tests.labels import pull, ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
RULE = {"component": "Runtime*", "label": "component=Engine"}
PREVIEW = "/admin/labeler/labelrule/preview/"


def test_a_rule_can_be_previewed_before_it_is_saved(admin):
    pull(101, "right", ticket(), labels=["component=Runtime/REST"])
    pull(102, "right", ticket("FLINK-2", components=["Tests"]), labels=["component=Tests"])
    assert PREVIEW in admin.get("/admin/labeler/labelrule/add/").content.decode()
    text = admin.post(PREVIEW, RULE).content.decode()
    assert "1 pull request would change, 1 of them open" in text
    assert "#101" in text
    assert "#102" not in text
    assert not LabelRule.objects.exists()
    admin.post("/admin/labeler/labelrule/add/", RULE)
    assert str(LabelRule.objects.get()) == "Runtime* → component=Engine"


def test_a_changed_rule_is_previewed_as_changed(admin):
    rule = LabelRule.objects.create(**RULE)
    pull(101, "right", ticket(), labels=["component=Engine"])
    same = admin.post(PREVIEW, RULE | {"pk": rule.pk}).content.decode()
    assert "0 pull requests would change" in same
    other = admin.post(PREVIEW, RULE | {"pk": rule.pk, "component": "Tests"}).content.decode()
    assert "1 pull request would change" in other
    assert f'action="/admin/labeler/labelrule/{rule.pk}/change/"' in other
    rule.refresh_from_db()
    assert rule.component == "Runtime*"


def test_before_a_rule_is_deleted_its_page_shows_what_that_would_change(admin):
    rule = LabelRule.objects.create(**RULE)
    pull(101, "right", ticket(), labels=["component=Engine"])
    page = f"/admin/labeler/labelrule/{rule.pk}/delete/"
    text = admin.get(page).content.decode()
    assert "1 pull request would change, 1 of them open" in text
    assert "component=Runtime/REST" in text
    admin.post(page, {"post": "yes"})
    assert not LabelRule.objects.exists()


@pytest.mark.parametrize("label", ["Engine", "component=", "component=" + "x" * 60, ""])
def test_a_rule_whose_label_could_not_be_taken_off_again_is_refused(admin, label):
    for address in (PREVIEW, "/admin/labeler/labelrule/add/"):
        text = admin.post(address, RULE | {"label": label}).content.decode()
        assert "errorlist" in text
    assert not LabelRule.objects.exists()


def test_a_component_has_one_rule(admin):
    LabelRule.objects.create(**RULE)
    admin.post("/admin/labeler/labelrule/add/", RULE | {"component": "runtime*"})
    assert LabelRule.objects.count() == 1


@pytest.mark.parametrize("table", ["ticket", "labelstate", "labelchange", "labelrule"])
def test_the_admin_lists_what_the_labeler_remembers(admin, table):
    row = pull(101, "right", ticket())
    LabelChange.objects.create(pull=row, key="FLINK-123", reason="x")
    LabelRule.objects.create(**RULE)
    assert admin.get(f"/admin/labeler/{table}/?q=Runtime").status_code == 200
