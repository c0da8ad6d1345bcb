"""Admin of repositories, mirrors and the trust gate."""

from django.contrib import admin
from django.db.models import Model, TextField
from django.forms import ModelForm, Textarea
from django.http import HttpRequest

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from sync.models import ApprovedHead, Approver, Mirror, MirrorBranch, Repository, TrustedAuthor, TrustGate


@admin.register(Repository)
class RepositoryAdmin(admin.ModelAdmin):
    """Repositories and what they are for. Those of the foundation's project are found by themselves."""

    list_display = ["__str__", "role", "followed", "archived", "description"]
    list_filter = ["role", "followed", "archived", "owner"]
    search_fields = ["owner", "name", "description"]


@admin.register(Mirror)
class MirrorAdmin(admin.ModelAdmin):
    """Mirrors and their policies. A change counts from the next pass on."""

    list_display = ["__str__", "enabled", "published_versions", "pinned_names", "excluded_names"]
    list_filter = ["enabled"]
    search_fields = ["source__name", "target__name"]
    formfield_overrides = {TextField: {"widget": Textarea(attrs={"rows": 4, "cols": 40})}}
    fieldsets = [
        (None, {"fields": ["source", "target", "enabled"]}),
        ("Which branches are mirrored", {"fields": ["always", "published_versions", "pinned", "excluded"]}),
    ]

    @admin.display(description="pinned")
    def pinned_names(self, mirror: Mirror) -> str:
        """Show the pinned branches in one line."""
        return ", ".join(mirror.pinned.split()) or "–"

    @admin.display(description="excluded")
    def excluded_names(self, mirror: Mirror) -> str:
        """Show the excluded branches in one line."""
        return ", ".join(mirror.excluded.split()) or "–"


@admin.register(MirrorBranch)
class MirrorBranchAdmin(ReadOnlyAdmin):
    """Branches as the last pass saw them."""

    list_display = ["name", "mirror", "selected", "state", "reason", "source_seen_at", "mirrored_at"]
    list_filter = ["selected", "state"]
    search_fields = ["name", "subject", "source_sha", "target_sha"]
    list_select_related = ["mirror__source", "mirror__target"]


@admin.register(TrustGate)
class TrustGateAdmin(admin.ModelAdmin):
    """Whether strangers' heads wait. There is one row, and a change counts from the next pass on."""

    list_display = ["__str__", "mode", "hold_files"]
    formfield_overrides = {TextField: {"widget": Textarea(attrs={"rows": 10, "cols": 40})}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse a second one."""
        return super().has_add_permission(request) and not TrustGate.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: TrustGate | None = None) -> bool:
        """Refuse: the gate is switched off by its mode."""
        return False


@admin.register(Approver)
class ApproverAdmin(admin.ModelAdmin):
    """Who may approve besides the members and collaborators that GitHub names."""

    list_display = ["login", "account_id", "note"]
    search_fields = ["login", "note"]


@admin.register(TrustedAuthor)
class TrustedAuthorAdmin(admin.ModelAdmin):
    """Authors whose heads run; deleted ones wait again."""

    list_display = ["login", "account_id", "granted_by", "granted_at"]
    search_fields = ["login"]

    def save_model(self, request: HttpRequest, obj: TrustedAuthor, form: ModelForm, change: bool) -> None:
        """Note who vouches."""
        obj.granted_by = obj.granted_by or request.user.get_username()
        super().save_model(request, obj, form, change)


@admin.register(ApprovedHead)
class ApprovedHeadAdmin(ReadOnlyAdmin):
    """Commits that somebody let run; one that is deleted here waits again, unless it has its branch."""

    list_display = ["__str__", "granted_by", "granted_at"]
    search_fields = ["sha", "granted_by"]
    list_select_related = ["pull"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow what the role allows."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
