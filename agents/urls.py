"""Addresses of the pages about machines and builds."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

from agents.builds import views as views_builds
from agents.failures import views as views_failures
from agents.machines import views as views_machines
from agents.migration import views as views_migration


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
    path("migration/", views_migration.migration, name="migration"),
    path("migration/what-if/", views_migration.moved, name="migration_what_if"),
    path("migration/authority/", views_migration.decide_authority, name="decide_authority"),
    path("migration/authority/undo/", views_migration.undo_authority, name="undo_authority"),
    path("migration/<int:pk>/", views_migration.pair, name="migration_pair"),
    path("branches/", views_builds.branches, name="branches"),
    path("branches/<branch:branch>/", views_builds.branches, name="branch"),
]
