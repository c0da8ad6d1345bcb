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
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from flinkci_dashboard.accounts.roles import ADMINISTER, APPS, RIGHTS, may_administer

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
            raise PermissionDenied(RIGHTS[ADMINISTER])
        return redirect_to_login(request.GET.get("next") or "/admin/")


class OrderedAdmin(ModelAdmin):
    """Rules that are tried in order, which is changed in their list."""

    list_editable = ["order"]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the fields in the list for screen readers."""
        return super().get_changelist_form(request, widgets={"order": NumberInput({"aria-label": "Order"})}, **kwargs)


class PreviewedAdmin(ModelAdmin):
    """Rules of which one can see what they would change before they are saved; `effect_template` shows `effect`."""

    change_form_template = "admin/previewed_change_form.html"
    effect_template = ""

    def effect(self, rule: Any) -> object:
        """Return what would change with this rule, new or changed, instead of what stands."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """Add the preview, whose address has a name as Django's own pages of a table have."""
        page = self.admin_site.admin_view(self.show_preview)
        return [path("preview/", page, name=self._name("preview")), *super().get_urls()]

    def show_preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the rule in the form would change, and change nothing."""
        pk = request.POST.get("pk", "")
        old = get_object_or_404(self.model, pk=pk) if pk.isdigit() else None
        if not (self.has_change_permission(request, old) if old else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, old)(request.POST or None, instance=old)
        context: dict[str, Any] = self.admin_site.each_context(request) | {"form": form, "opts": self.opts, "old": old}
        if request.method == "POST" and form.is_valid():
            context |= {"effect": self.effect(form.save(commit=False)), "effect_template": self.effect_template}
        target = self._name("change" if old else "add")
        context["save_url"] = reverse(f"admin:{target}", args=[old.pk] if old else [])
        return render(request, "admin/preview.html", context)

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"


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
