"""Every address of the dashboard."""

from django.contrib import admin
from django.urls import include, path

urlpatterns: list = [
    path("admin/", admin.site.urls),
    path("", include("flinkci_dashboard.urls_people")),
    path("accounts/", include("allauth.urls")),
]
