"""Names that people, bots and services share: a ticket's key, and the branch of a pull request's head. PURE"""

import re
from typing import NamedTuple

TICKET = re.compile(r"FLINK-[0-9]{1,9}(?![0-9])", re.IGNORECASE | re.ASCII)  # people do type endless numbers
COMMIT = re.compile(r"[0-9a-fA-F]{7,40}", re.ASCII)
CI_BRANCH = re.compile(r"ci_([0-9]{1,9})_([0-9a-f]{40})", re.ASCII)


class Head(NamedTuple):
    """A head of a pull request: the commit that its branch in the CI repository stands for."""

    number: int
    sha: str


def ticket_in(title: str) -> str:
    """Return the key of the ticket that a title names, the last one of several, in capitals; "" when it names none."""
    found = TICKET.findall(title)
    return found[-1].upper() if found else ""


def branch_name(number: int, sha: str) -> str:
    """Return the name of a head's branch in the CI repository, as ci-bot gave it."""
    return f"ci_{number}_{sha}"


def head_of(branch: str) -> Head | None:
    """Return the head that a branch of the CI repository stands for, or None for any other branch."""
    found = CI_BRANCH.fullmatch(branch)
    return Head(int(found[1]), found[2]) if found else None


def build_name(provider: str, number: int) -> str:
    """Return what names a build everywhere: its CI service, and its id there."""
    return f"{provider}:{number}"


def build_number(name: str, provider: str) -> int | None:
    """Return the id of a build that a service has; None for a build of another one, or none."""
    service, _, number = name.rpartition(":")
    return int(number) if service == provider and number.isdecimal() else None


def is_commit(text: str) -> bool:
    """Tell whether a text is a commit's SHA, or enough of its beginning (7 to 40 digits) to look for it."""
    return bool(COMMIT.fullmatch(text))


def commits_from(beginning: str) -> tuple[str, str]:
    """Return between which two texts all SHAs with a beginning lie, the second not included; an index serves that."""
    return beginning.lower(), f"{beginning.lower()}g"
