"""Addresses of the pages about machines and builds."""

from django.urls import path, re_path

from agents import views_builds, views_machines

urlpatterns = [
    path("agents/", views_machines.agents, name="agents"),
    path("agents/charts/", views_machines.show_charts, name="agent_charts"),
    path("agents/<int:pk>/", views_machines.agent, name="agent"),
    path("builds/", views_builds.builds, name="builds"),
    path("builds/<int:external_id>/", views_builds.build, name="build"),
    path("branches/", views_builds.branches, name="branches"),
    re_path(r"^branches/(?P<branch>[^\x00]+)/$", views_builds.branches, name="branch"),
]
