"""What changes in the admin, and who signs in: entered into the record as it happens."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from django.contrib.auth import signals as auth_signals
from django.contrib.auth.models import User
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase

from flinkci_dashboard.accounts.audit import record
from flinkci_dashboard.models import AuditEvent

# Tables that every admin request writes by itself, or that keep a record of their own.
UNTRACKED = {"sessions", "admin", "usersessions", "django_q", "contenttypes"}
HIDDEN = {"password", "sealed", "data"}  # a change of these is told, their values are not
IGNORED = {"last_login"}

admin_request: ContextVar[HttpRequest | None] = ContextVar("admin_request", default=None)


def track(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let the handlers below know of requests that change things in the admin."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        watched = request.method == "POST" and request.path.startswith("/admin/")
        mark = admin_request.set(request if watched else None)
        try:
            return get_response(request)
        finally:
            admin_request.reset(mark)

    return middleware


def snapshot(instance: Model) -> dict[str, Any]:
    """Return a row's fields as JSON, without the secret ones."""
    found = {}
    for field in instance._meta.concrete_fields:
        if field.name not in IGNORED:
            value = getattr(instance, field.name) if field.is_relation else field.value_from_object(instance)
            plain = value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
            found[field.name] = "(hidden)" if field.name in HIDDEN and value else plain
    return found


@receiver(pre_save)
def _before_save(sender: type[Model], instance: Model, raw: bool, **kwargs: Any) -> None:
    if _watched(sender) and not raw:
        old = sender._default_manager.filter(pk=instance.pk).first() if instance.pk else None
        instance._before = old  # type: ignore[attr-defined]


@receiver(post_save)
def _after_save(sender: type[Model], instance: Model, created: bool, raw: bool, **kwargs: Any) -> None:
    request = _watched(sender)
    if not request or raw:
        return
    old = getattr(instance, "_before", None)
    if created or old is None:
        record(request, f"add {_what(sender)}", instance, None, snapshot(instance))
        return
    before, after = snapshot(old), snapshot(instance)
    changed = {
        field.name
        for field in instance._meta.concrete_fields
        if field.name in after and field.value_from_object(old) != field.value_from_object(instance)
    }
    if changed:
        record(
            request,
            f"change {_what(sender)}",
            instance,
            {name: before[name] for name in sorted(changed)},
            {name: after[name] for name in sorted(changed)},
        )


@receiver(post_delete)
def _after_delete(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    if request := _watched(sender):
        record(request, f"delete {_what(sender)}", instance, snapshot(instance), None)


@receiver(m2m_changed)
def _related(sender: type[Model], instance: Model, action: str, model: type[Model], pk_set: Any, **kwargs: Any) -> None:
    request = _watched(type(instance))
    if request and action in ("post_add", "post_remove") and pk_set:
        names = sorted(str(row) for row in model._default_manager.filter(pk__in=pk_set))
        what = f"{'add' if action == 'post_add' else 'remove'} {model._meta.verbose_name_plural}"
        record(request, what[:100], instance, *((None, names) if action == "post_add" else (names, None)))


@receiver(account_signals.user_logged_in)
def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(request, "sign in", user, actor=user)


@receiver(auth_signals.user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user:
        record(request, "sign out", user, actor=user)


@receiver(auth_signals.user_login_failed)
def _sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Name the account only where there is one: what people type by mistake may be a password."""
    if request:
        known = User.objects.filter(username=credentials.get("username")).first()
        record(request, "sign-in failed", known or "an unknown account")


@receiver(mfa_signals.authentication_failed)
def _second_factor_failed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(request, "second factor failed", user)


@receiver(account_signals.password_changed)
@receiver(account_signals.password_set)
@receiver(account_signals.password_reset)
def _password_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(request, "change password", user, actor=user)


@receiver(mfa_signals.authenticator_added)
@receiver(mfa_signals.authenticator_reset)
def _factor_added(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    record(request, "add second factor", user, None, {"type": authenticator.type}, actor=user)


@receiver(mfa_signals.authenticator_removed)
def _factor_removed(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    record(request, "remove second factor", user, {"type": authenticator.type}, None, actor=user)


def _watched(sender: type[Model]) -> HttpRequest | None:
    request = admin_request.get()
    if request is None or sender is AuditEvent or sender._meta.app_label in UNTRACKED:
        return None
    return request


def _what(sender: type[Model]) -> str:
    return str(sender._meta.verbose_name)
