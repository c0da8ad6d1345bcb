"""Only tables that people should work on are in the admin."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("app", ["socialaccount", "django_q", "mfa", "account", "usersessions"])
def test_tables_that_hold_secrets_or_run_code_are_not_in_the_admin(admin, app):
    assert admin.get(f"/admin/{app}/").status_code == 404
