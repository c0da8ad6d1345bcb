"""Every address of the dashboard."""

from django.contrib import admin
from django.urls import include, path

from flinkci_dashboard import comparison, help, status, views
from flinkci_dashboard.accounts import activity_views, contact_views, passkeys, saved_views
from flinkci_dashboard.api import feeds, metrics, webhooks
from flinkci_dashboard.api import views as api
from flinkci_dashboard.api.service import API, addresses
from flinkci_dashboard.credentials import views as credentials
from flinkci_dashboard.jobs import views as jobs

handler403 = "flinkci_dashboard.web.refusals.closed"
handler404 = "flinkci_dashboard.web.refusals.missing"
handler500 = "flinkci_dashboard.web.refusals.broken"

urlpatterns: list = [
    path("", views.start, name="start"),
    path("overview/", views.overview, name="overview"),
    path("views/", saved_views.saved_views, name="saved_views"),
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<int:pk>/<slug:act>/", saved_views.change, name="change_saved_view"),
    path("search", views.search, name="search"),
    path("help/", help.index, name="help"),
    path("help/<slug:name>/", help.text, name="help_text"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:run>/", jobs.one_run, name="run"),
    path("jobs/<slug:job>/", jobs.job_runs, name="job"),
    path("jobs/<slug:job>/run/", jobs.run_job, name="run_job"),
    path("", include("sync.urls")),
    path("", include("labeler.urls")),
    path("admin/", admin.site.urls),
    path("contacts/", contact_views.contacts, name="contacts"),
    path("contacts/contacts.csv", contact_views.contacts, {"kind": "csv"}, name="contacts_csv"),
    path("contacts/contacts.vcf", contact_views.contacts_vcard, name="contacts_vcard"),
    path("credentials/", credentials.credentials, name="credentials"),
    path("credentials/probe/", credentials.probe, name="probe_credentials"),
    path("activity/", activity_views.show, name="activity"),
    path("activity/activity.csv", activity_views.show, {"kind": "csv"}, name="activity_csv"),
    path("alerts/", include("flinkci_dashboard.alerts.urls")),
    path("comparison/", comparison.comparison, name="comparison"),
    path("status/", status.status, name="public_status"),
    path("", include("agents.urls")),
    path("tokens/", api.tokens, name="api_tokens"),
    path("tokens/<int:pk>/revoke/", api.revoke, name="revoke_api_token"),
    path("api/v1/docs", api.describe, name="api_docs"),
    path("api/v1/", addresses(API)),
    path("api/v1/<path:rest>", api.nowhere, name="api_nowhere"),
    path("webhooks/", api.deliveries, name="deliveries"),
    path("webhooks/<slug:service>", webhooks.receive, name="webhook"),
    path("feed.atom", feeds.feed, name="feed"),
    path("badges/<path:branch>.svg", feeds.badge, name="badge"),
    path("metrics", metrics.metrics, name="metrics"),
    path("passkeys.js", passkeys.passkeys, name="passkeys"),
    path("accounts/", include("allauth.urls")),
]
