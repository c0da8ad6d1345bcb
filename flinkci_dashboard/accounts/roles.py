"""Who may do what: the questions that views, the admin and the second factor ask."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from flinkci_dashboard.models import AllowedSignIn
from flinkci_dashboard.people import ADMINISTER

RANK = ("admin", "operator", "member")  # the highest first


def may_administer(user: User | AnonymousUser) -> bool:
    """Tell whether an account can use the admin, and so needs a second factor."""
    return user.is_active and (user.is_staff or user.has_perm(ADMINISTER))


def signed_in(request: HttpRequest) -> User:
    """Return who asks; raises PermissionDenied when that is nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def role_for(login: str, is_in_team: Callable[[str, str], bool]) -> Group | None:
    """Return the highest role that the allow-list gives to a GitHub login, or None: may not sign in.

    `is_in_team(organization, team)` asks GitHub; it is called for the teams of the list only.
    """
    rows = list(AllowedSignIn.objects.select_related("role"))
    granted = [
        row.role
        for row in rows
        if (row.name == login.lower() if row.kind == row.Kind.LOGIN else is_in_team(*row.name.split("/")))
    ]
    return min(granted, key=lambda role: RANK.index(role.name) if role.name in RANK else len(RANK), default=None)
