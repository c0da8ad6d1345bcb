"""People with a role, as browsers."""

from django.contrib.auth.models import Group, User
from django.test import Client


def with_role(name: str) -> Client:
    """Return a browser that somebody with a role has signed in with."""
    user = User.objects.create_user(f"a-{name}")
    user.groups.add(Group.objects.get(name=name))
    browser = Client()
    browser.force_login(user)
    return browser
