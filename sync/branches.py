"""Which branches are known here, for whoever says how one stands."""

from sync.models import MirrorBranch


def knows(branch: str) -> bool:
    """Tell whether a mirror has a branch."""
    return MirrorBranch.objects.filter(name=branch).exists()
