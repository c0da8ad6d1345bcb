"""What the public status page says of the mirrors."""

from flinkci_dashboard.status import PublicLine, PublicSection
from sync.models import Mirror


def sections() -> list[PublicSection]:
    """Return each enabled mirror with the branches that it follows."""
    mirrors = Mirror.objects.filter(enabled=True).select_related("target").prefetch_related("branches")
    return [PublicSection(str(mirror.target), _lines(mirror)) for mirror in mirrors]


def _lines(mirror: Mirror) -> list[PublicLine]:
    branches = [branch for branch in mirror.branches.all() if branch.selected]
    return [PublicLine(b.name, b.state, b.get_state_display(), b.state_since) for b in branches]
