"""The admin: the same rules as everywhere, and only the tables that people should work on."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import NumberInput
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from flinkci_dashboard.accounts.roles import APPS, may_administer

# The other apps' tables hold secrets (sign-in apps, second factors) or run code (django-q2's schedules).
SHOWN = {*APPS, "auth"}


class Site(AdminSite):
    """Entered by the role "admin", by staff and by superusers; signing in goes through the one sign-in page."""

    site_header = "Flink CI administration"
    site_title = "Flink CI"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell who may enter."""
        return may_administer(request.user)

    def register(
        self, model_or_iterable: type[Model] | Iterable[type[Model]], admin_class: Any = None, **options: Any
    ) -> None:
        """Take in the tables of this project and accounts, and leave out every other app's."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        kept = [model for model in models if model._meta.app_label in SHOWN]
        super().register(kept, admin_class, **options)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the site's own sign-in, which knows second factors and limits attempts."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or "/admin/")


class OrderedAdmin(ModelAdmin):
    """Rules that are tried in order, which is changed in their list."""

    list_editable = ["order"]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the fields in the list for screen readers."""
        return super().get_changelist_form(request, widgets={"order": NumberInput({"aria-label": "Order"})}, **kwargs)


class ReadOnlyAdmin(ModelAdmin):
    """A table that is looked at, not worked on."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False
