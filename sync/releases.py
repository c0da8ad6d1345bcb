"""What a branch's release page says of its mirror."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.web.releases import Fact
from sync.models import MirrorBranch


def facts(branch: str, now: datetime) -> list[Fact]:
    """Return how the branch stands in each mirror that has it."""
    rows = MirrorBranch.objects.filter(name=branch, mirror__enabled=True).select_related("mirror__target")
    return [
        Fact(
            f"Mirror in {row.mirror.target}",
            row.state,
            str(row.get_state_display()),
            row.reason if row.state == MirrorBranch.State.NOT_SELECTED else "",
            row.state_since,
            f"{reverse('mirrors')}#branch-{row.pk}",
        )
        for row in rows
    ]
