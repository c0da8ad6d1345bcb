"""Every address of the dashboard."""

from django.contrib import admin
from django.urls import include, path

from flinkci_dashboard import views

urlpatterns: list = [
    path("", views.overview, name="overview"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("jobs/", views.job_list, name="jobs"),
    path("jobs/<slug:job>/", views.job_runs, name="job"),
    path("jobs/<slug:job>/run/", views.run_job, name="run_job"),
    path("", include("sync.urls")),
    path("", include("labeler.urls")),
    path("admin/", admin.site.urls),
    path("", include("flinkci_dashboard.urls_people")),
    path("", include("agents.urls")),
    path("accounts/", include("allauth.urls")),
]
