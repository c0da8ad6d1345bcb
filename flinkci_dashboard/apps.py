from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class DashboardConfig(AppConfig):
    default = True
    name = "flinkci_dashboard"
    verbose_name = "Flink CI"

    def ready(self) -> None:
        """Register the system checks and the handlers of signals; speak to configured hosts only."""
        from flinkci_dashboard import checks, sessions  # noqa: F401
        from flinkci_dashboard.accounts import tracking  # noqa: F401
        from flinkci_dashboard.clients.web import refuse_other_hosts

        refuse_other_hosts()


class FlinkAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our rules of who enters."""

    default = False
    default_site = "flinkci_dashboard.accounts.admin_site.Site"

    def ready(self) -> None:
        """Find the apps' admin pages, ours last: they replace some of Django's."""
        super().ready()
        from flinkci_dashboard.accounts import admin as accounts_admin  # noqa: F401
        from flinkci_dashboard.alerts import admin as alerts_admin  # noqa: F401
        from flinkci_dashboard.credentials import admin as credentials_admin  # noqa: F401
