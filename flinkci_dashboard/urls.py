"""Every address of the dashboard."""

urlpatterns: list = []
