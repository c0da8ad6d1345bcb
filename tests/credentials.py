"""Credentials as their keepers reach them."""

from flinkci_dashboard.models import Credential


def page(credential: Credential, rest: str = "change") -> str:
    """Return the address of a credential's page in the admin, or of one of its actions."""
    return f"/admin/flinkci_dashboard/credential/{credential.pk}/{rest}/"
