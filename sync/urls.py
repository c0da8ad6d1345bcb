"""Addresses of the sync app."""

from django.urls import path

from sync.infrastructure import views as infrastructure
from sync.mirrors import views
from sync.pulls import views as views_pulls

urlpatterns = [
    path("infrastructure/", infrastructure.infrastructure, name="infrastructure"),
    path("mirrors/", views.mirrors, name="mirrors"),
    path("mirrors/sync/", views.sync_now, name="sync_mirrors_now"),
    path("mirrors/<int:pk>/policy/", views.mirror_policy, name="mirror_policy"),
    path("mirrors/branches/<int:pk>/reset/", views.reset_branch, name="reset_branch"),
    path("pulls/", views_pulls.pull_requests, name="pull_requests"),
    path("pulls/orphans/", views_pulls.orphans, name="orphans"),
    path("pulls/orphans/<int:pk>/delete/", views_pulls.delete_orphan, name="delete_orphan"),
    path("pulls/<int:number>/", views_pulls.pull_request, name="pull_request"),
    path("pulls/<int:number>/<slug:act>/", views_pulls.act_on_pull, name="act_on_pull"),
]
