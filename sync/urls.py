"""Addresses of the sync app."""

from django.urls import path

from sync import views

urlpatterns = [
    path("mirrors/", views.mirrors, name="mirrors"),
    path("mirrors/sync/", views.sync_now, name="sync_mirrors_now"),
    path("mirrors/<int:pk>/policy/", views.mirror_policy, name="mirror_policy"),
    path("mirrors/branches/<int:pk>/reset/", views.reset_branch, name="reset_branch"),
]
