"""Admin of accounts, contacts, who may sign in, and the record."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from flinkci_dashboard.models import AllowedSignIn, AuditEvent, Contact


@admin.register(Contact)
class ContactAdmin(admin.ModelAdmin):
    """Who to ask."""

    list_display = ["name", "roles", "organization", "helps_with", "active"]
    list_filter = ["active"]
    search_fields = ["name", "roles", "organization", "github", "email"]
    fieldsets = [
        (None, {"fields": ["name", "roles", "organization", "about", "areas", "active"]}),
        ("How to reach", {"fields": ["github", "email", "mailing_list", "time_zone", "backup"]}),
    ]

    @admin.display(description="helps with")
    def helps_with(self, contact: Contact) -> str:
        """Return the areas in words."""
        return ", ".join(contact.area_labels)


@admin.register(AllowedSignIn)
class AllowedSignInAdmin(admin.ModelAdmin):
    """Who may sign in with GitHub."""

    list_display = ["name", "kind", "role", "account_id"]
    list_filter = ["kind", "role"]
    search_fields = ["name"]
    readonly_fields = ["account_id"]

    def save_model(self, request: HttpRequest, obj: AllowedSignIn, form: ModelForm, change: bool) -> None:
        """Free a row whose login an admin has changed: it is for the next account that comes with the new one."""
        if "name" in form.changed_data:
            obj.account_id = None
        super().save_model(request, obj, form, change)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """What people did. Nobody changes it."""

    list_display = ["at", "actor_name", "act", "subject", "address"]
    list_filter = ["act"]
    search_fields = ["actor_name", "act", "subject", "request_id"]
    date_hierarchy = "at"


class AccountAdmin(UserAdmin):
    """Accounts. Superusers are made and changed by superusers only."""

    list_display = ["username", "email", "roles", "is_active", "last_login"]
    list_filter = ["is_active", "groups", "is_superuser"]
    filter_horizontal = ()

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """Return the groups."""
        return ", ".join(user.groups.values_list("name", flat=True)) or ("superuser" if user.is_superuser else "none")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Keep the rights beyond roles to superusers."""
        return [] if request.user.is_superuser else ["is_superuser", "is_staff", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Protect superusers from everybody else: a new password would be a way up."""
        return super().has_change_permission(request, obj) and self._reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Likewise."""
        return super().has_delete_permission(request, obj) and self._reaches(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Delete the chosen accounts one by one, for the record; superusers only by a superuser."""
        if not request.user.is_superuser and queryset.filter(is_superuser=True).exists():
            raise PermissionDenied
        with transaction.atomic():
            super().delete_queryset(request, queryset)

    @staticmethod
    def _reaches(request: HttpRequest, obj: User | None) -> bool:
        return obj is None or request.user.is_superuser or not obj.is_superuser


class RoleAdmin(GroupAdmin):
    """Roles; Django's two boxes for permissions say their help to no screen reader."""

    filter_horizontal = ()


admin.site.unregister([User, Group])
admin.site.register(User, AccountAdmin)
admin.site.register(Group, RoleAdmin)
