"""Admin of repositories and mirrors."""

from django.contrib import admin
from django.db.models import TextField
from django.forms import Textarea

from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from sync.models import Mirror, MirrorBranch, Repository


@admin.register(Repository)
class RepositoryAdmin(admin.ModelAdmin):
    """Repositories and what they are for."""

    list_display = ["__str__", "role", "description"]
    list_filter = ["role", "owner"]
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
