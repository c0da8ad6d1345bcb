"""The admin's pages for people."""

import pytest
from django.contrib.auth.models import Group, User

pytestmark = pytest.mark.django_db


def test_the_role_admin_can_not_make_itself_or_others_superuser(keeper):
    boss = User.objects.create_superuser("boss")
    keeper_user = User.objects.get(username="a-admin")
    form = {"username": "a-admin", "is_active": "on", "is_superuser": "on", "date_joined_0": "2026-01-01"}
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
