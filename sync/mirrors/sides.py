"""What the two sides of a mirror hold: asked at once, and the target again after a push."""

from collections.abc import Mapping

from flinkci_dashboard.clients.errors import ServiceError, UnavailableError
from flinkci_dashboard.clients.git.refs import LsRemote
from sync.models import Mirror

HEADS, TAGS = "refs/heads/", "refs/tags/"


class Sides:
    """Heads and tags by name. A side that did not answer counts as empty."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.heads: dict[str, str] = {}  # of the source
        self.tags: dict[str, str] = {}
        self.target: dict[str, str] = {}  # heads of the mirror

    def look(self) -> tuple[ServiceError | None, ServiceError | None]:
        """Read both sides at once; returns what is wrong with the source and with the target."""
        with (
            LsRemote(self.mirror.source.git_url, (HEADS, TAGS)) as source,
            LsRemote(self.mirror.target.git_url, (HEADS,), authenticate=True) as target,
        ):
            refs, source_problem = _answer(source)
            theirs, target_problem = _answer(target)
        self.heads, self.tags, self.target = _under(HEADS, refs), _under(TAGS, refs), _under(HEADS, theirs)
        if not source_problem and not self.heads:  # git takes an answer without a byte for a repository without refs
            source_problem = UnavailableError(f"{self.mirror.source} names no branches; every pass looks again.")
        return source_problem, target_problem

    def look_at_target(self) -> ServiceError | None:
        """Read the target alone; when it does not answer, what it held stays, and the error is returned."""
        with LsRemote(self.mirror.target.git_url, (HEADS,), authenticate=True) as asking:
            refs, problem = _answer(asking)
        if not problem:
            self.target = _under(HEADS, refs)
        return problem


def _answer(asking: LsRemote) -> tuple[dict[str, str], ServiceError | None]:
    try:
        return asking.result(), None
    except ServiceError as error:
        return {}, error


def _under(prefix: str, refs: Mapping[str, str]) -> dict[str, str]:
    return {ref.removeprefix(prefix): sha for ref, sha in refs.items() if ref.startswith(prefix)}
