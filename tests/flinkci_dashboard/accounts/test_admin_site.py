"""Only tables that people should work on are in the admin."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("app", ["socialaccount", "django_q", "mfa", "account", "usersessions"])
def test_tables_that_hold_secrets_or_run_code_are_not_in_the_admin(admin, app):
    assert admin.get(f"/admin/{app}/").status_code == 404


def test_who_may_not_enter_the_admin_reads_which_role_may(member):
    refused = member.get("/admin/", follow=True)
    assert refused.status_code == 403 and "the role admin has it" in refused.content.decode()
