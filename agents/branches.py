"""Which branches are known here, for whoever says how one stands."""

from agents.models import Build


def knows(branch: str) -> bool:
    """Tell whether a branch has been built."""
    return Build.objects.filter(scope=Build.Scope.BRANCH, branch=branch).exists()
