"""Admin of credentials, with the one way in for a secret; and a look at what is exposed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet, URLField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts.admin_site import ReadOnlyAdmin
from flinkci_dashboard.accounts.audit import record
from flinkci_dashboard.accounts.roles import signed_in
from flinkci_dashboard.clients.secrets import fingerprint, seal
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.models import Credential, Exposure, StoredValue

HOUSE_RULE = f"House rule: {Credential.HOUSE_RULE} Say where the notice stands and who was told; both go on record."

PROBED = ("works", "problem", "probed_at", "seen_account", "seen_scopes", "scope_problem", "seen_expires_at")


class StoredValueInline(admin.StackedInline):
    """Which values are stored: when, and by which fingerprint they are told apart. Never what they are."""

    model = StoredValue
    fields = ("role", "fingerprint", "stored_at", "problem")
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = "stored values (encrypted; they are never shown again, to nobody)"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Values are entered on a page of their own."""
        return False


class ValueForm(forms.Form):
    """The one way in for a secret."""

    value = forms.CharField(
        label="New value",
        min_length=8,
        max_length=4000,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="It is encrypted at once and never shown again. It is probed before it is used; the old "
        "value is kept until then, and until the next good pass after.",
    )


@admin.register(Credential)
class CredentialAdmin(admin.ModelAdmin):
    """Keys: who holds them, when they end, and a way to enter a value that no page shows again."""

    list_display = ["name", "kind", "account", "holder", "ends", "state", "signs"]
    list_filter = ["kind", "works", "holder"]
    search_fields = ["name", "account", "variable", "rotation_notes"]
    date_hierarchy = "expires_on"
    inlines = [StoredValueInline]
    actions = ["probe_now"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    change_form_template = "admin/credential_change_form.html"
    readonly_fields = PROBED
    fieldsets = [
        (None, {"fields": ["name", "kind", "account", "serves", "uses", "variable", "scopes_wanted"]}),
        ("The PMC's notice", {"fields": ["notice", "notice_told"], "description": HOUSE_RULE}),
        ("Who and until when", {"fields": ["holder", "backup_holder", "issued_on", "expires_on", "all_organizations"]}),
        ("Rotation", {"fields": ["renew_url", "rotation_notes"]}),
        ("What the last probe found", {"fields": PROBED}),
    ]

    @admin.display(description="ends", ordering="expires_on")
    def ends(self, credential: Credential) -> Any:
        """Return the date that counts."""
        return credential.expires_at

    @admin.display(description="state")
    def state(self, credential: Credential) -> str:
        """Return what the last probe found, in a word or a sentence."""
        if credential.probed_at is None:
            return "not probed" if credential.serves else "listed only"
        return credential.problem or "works"

    @admin.display(description="signs calls to")
    def signs(self, credential: Credential) -> str:
        """Return the service."""
        return credential.get_serves_display()

    @admin.action(description="Probe now", permissions=["change"])
    def probe_now(self, request: HttpRequest, chosen: QuerySet) -> None:
        """Ask for a pass of the probe, which looks at all of them."""
        jobs.request("probe_credentials", signed_in(request))
        record(request, "run", "probe_credentials")
        promise(request, "probe_credentials", "The probe was asked for", "the results appear here within a minute")

    def get_urls(self) -> list:
        """Add the two pages that values have."""
        own = [
            path("<int:pk>/value/", self.admin_site.admin_view(self.enter_value), name="credential_value"),
            path("<int:pk>/forget/", self.admin_site.admin_view(self.forget_values), name="credential_forget"),
        ]
        return own + super().get_urls()

    @method_decorator(sensitive_post_parameters("value"))
    def enter_value(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a new value: it waits as the candidate until a probe has found that it works."""
        credential = self._changeable(request, pk)
        form = ValueForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            mark = _store_candidate(credential, form.cleaned_data["value"])
            record(request, "enter value", credential, None, {"fingerprint": mark})
            jobs.request("probe_credentials", signed_in(request), "probe", credential.name)
            promise(request, "probe_credentials", f"Stored as {mark}", "it is probed, and used as soon as it works")
            return redirect("admin:flinkci_dashboard_credential_change", pk)
        return self._page(request, "admin/credential_value.html", credential, form=form)

    def forget_values(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete what is stored, after a confirmation."""
        credential = self._changeable(request, pk)
        if request.method == "POST":
            marks = list(credential.values.values_list("fingerprint", flat=True))
            credential.values.all().delete()
            record(request, "forget values", credential, {"fingerprints": marks}, None)
            messages.success(request, f"Nothing is stored for {credential} any more.")
            return redirect("admin:flinkci_dashboard_credential_change", pk)
        return self._page(request, "admin/credential_forget.html", credential)

    def _changeable(self, request: HttpRequest, pk: int) -> Credential:
        credential = get_object_or_404(Credential.objects.exclude(serves=""), pk=pk)
        if not self.has_change_permission(request, credential):
            raise PermissionDenied
        return credential

    def _page(self, request: HttpRequest, template: str, credential: Credential, **context: Any) -> HttpResponse:
        context |= self.admin_site.each_context(request) | {"credential": credential, "opts": self.opts}
        return render(request, template, context)


@admin.register(Exposure)
class ExposureAdmin(ReadOnlyAdmin):
    """What the exposure check found."""

    list_display = ["check_name", "state", "checked_at", "state_since"]


def _store_candidate(credential: Credential, secret: str) -> str:
    """Seal a new value as the candidate, in place of one that still waits; returns its fingerprint."""
    mark = fingerprint(secret)
    with transaction.atomic():
        credential.values.filter(role=StoredValue.Role.CANDIDATE).delete()
        credential.values.create(role=StoredValue.Role.CANDIDATE, sealed=seal(secret), fingerprint=mark)
    return mark
