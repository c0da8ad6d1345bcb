from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "flinkci_dashboard"
    verbose_name = "Flink CI"

    def ready(self) -> None:
        """Register the system checks."""
        from flinkci_dashboard import checks  # noqa: F401
