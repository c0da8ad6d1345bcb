"""Addresses of the pages about machines and builds."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

from agents.builds import views as views_builds
from agents.failures import views as views_failures
from agents.machines import views as views_machines


class BranchConverter(PathConverter):
    """The name of a branch or a test: anything, with slashes too, but no NUL, which PostgreSQL does not take."""

    regex = r"[^\x00]+"


register_converter(BranchConverter, "branch")

urlpatterns = [
    path("agents/", views_machines.agents, name="agents"),
    path("agents/charts/", views_machines.show_charts, name="agent_charts"),
    path("agents/<int:pk>/", views_machines.agent, name="agent"),
    path("builds/", views_builds.builds, name="builds"),
    path("builds/<slug:provider>/<int:external_id>/", views_builds.build, name="build"),
    path("builds/<int:external_id>/", views_builds.build_without_provider),
    path("failures/", views_failures.failures, name="failures"),
    path("failures/tests/<branch:key>/", views_failures.failing_test, name="failing_test"),
    path("branches/", views_builds.branches, name="branches"),
    path("branches/<branch:branch>/", views_builds.branches, name="branch"),
]
