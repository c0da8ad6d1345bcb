"""Every address of the dashboard."""

from django.urls import include, path

urlpatterns: list = [
    path("accounts/", include("allauth.urls")),
]
