"""What tests of the trust gate ask of the sandbox and of the rows."""

from flinkci_dashboard.models import Action
from sync.models import PullRequest
from tests.pulls import ci_branches, name_of, settle

APPROVE, TRUST = "@flinkbot approve", "@flinkbot trust"


def held(gated, login: str | None = "mallory", **facts) -> int:
    """Open a pull request that the gate holds, and return its number."""
    number = gated.pulls.open("[FLINK-7] Free coins", login=login, **facts)
    settle(2)
    assert not ci_branches(gated), "the gate let it run"
    return number


def row(number: int) -> PullRequest:
    """Return the row of a pull request."""
    return PullRequest.objects.get(number=number)


def runs(gated, number: int) -> bool:
    """Tell whether its head has its branch."""
    return name_of(gated, number) in ci_branches(gated)


def deeds(number: int) -> set[str]:
    """Return the kinds of what was done for it."""
    return set(Action.objects.filter(subject=f"#{number}", state="done").values_list("kind", flat=True))
