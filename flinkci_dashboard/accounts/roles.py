"""Who may do what: the roles, and the questions that views, the admin and the second factor ask."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase

from flinkci_dashboard.models import AllowedSignIn

APPS = ("flinkci_dashboard", "sync", "labeler", "agents")
OPERATE, ADMINISTER = "flinkci_dashboard.operate", "flinkci_dashboard.administer"
RIGHTS = {  # what somebody may not do without them
    OPERATE: "press the buttons: sync, retry, cancel (the role operator has it)",
    ADMINISTER: "use the admin, and what can't be taken back (the role admin has it)",
    "flinkci_dashboard.view_credential": "see the credentials (every role has it)",
    "flinkci_dashboard.view_auditevent": "see the activity (every role has it)",
}
RANK = ("admin", "operator", "member")  # the highest first


def needs(permission: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Decorate a view that takes a right; the page for those who lack it says which one."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not signed_in(request).has_perm(permission):
                raise PermissionDenied(RIGHTS[permission])
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def may_administer(user: User | AnonymousUser) -> bool:
    """Tell whether an account can use the admin, and so needs a second factor."""
    return user.is_active and (user.is_staff or user.has_perm(ADMINISTER))


def signed_in(request: HttpRequest) -> User:
    """Return who asks; raises PermissionDenied when that is nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def role_for(login: str, account_id: int, is_in_team: Callable[[str, str], bool]) -> Group | None:
    """Return the highest role that the allow-list gives to a GitHub account, or None: may not sign in.

    `is_in_team(organization, team)` asks GitHub; it is called for the teams of the list only.
    """
    rows = list(AllowedSignIn.objects.select_related("role"))
    granted = [
        row.role
        for row in rows
        if (row.admits(login, account_id) if row.kind == row.Kind.LOGIN else is_in_team(*row.name.split("/")))
    ]
    return min(granted, key=lambda role: RANK.index(role.name) if role.name in RANK else len(RANK), default=None)


def create_roles() -> None:
    """Create the groups that are missing, with their permissions; leave alone those that exist."""
    views = Q(content_type__app_label__in=APPS, codename__startswith="view_")
    operates = Q(content_type__app_label="flinkci_dashboard", codename="operate")
    changes = Q(content_type__app_label__in=APPS) & ~Q(content_type__model="auditevent")
    accounts = Q(content_type__app_label="auth", content_type__model__in=["user", "group"])
    for name, granted in (
        ("member", views),
        ("operator", views | operates),
        ("admin", views | changes | accounts),
    ):
        group, created = Group.objects.get_or_create(name=name)
        if created:
            keys = Permission.objects.filter(granted).order_by().values_list("pk", flat=True)
            own = Group.permissions.through
            own.objects.bulk_create(own(group_id=group.pk, permission_id=key) for key in keys)
