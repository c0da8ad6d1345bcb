"""What became of each ref of a push."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from flinkci_dashboard.clients.git.errors import words_of


class PushStatus(Enum):
    """What became of one ref of a push, from the flag of its `--porcelain` line."""

    DONE = "done"  # the repository took it, or had it already
    MOVED = "moved"  # refused on our side: the branch is no longer where it was, or has diverged
    REJECTED = "rejected"  # refused by the other side, in its own words


@dataclass(frozen=True)
class PushResult:
    """The answer for one ref; `message` holds the other side's words when it was not done."""

    ref: str
    status: PushStatus
    message: str = ""
    already: bool = False  # the repository had it: nothing was sent


def parse_push(stdout: str, stderr: str = "") -> list[PushResult]:
    """Read `push --porcelain`: a line `flag TAB from:to TAB summary (reason)` for each ref."""
    lines = [line.split("\t") for line in stdout.splitlines() if re.match(r"[ +\-*=!]\t", line)]
    about = [line for line in stderr.splitlines() if line.startswith("remote:")]
    return [
        _push_result(flag, refs.rpartition(":")[2], "\t".join(summary), about, alone=len(lines) == 1)
        for flag, refs, *summary in lines
    ]


def _push_result(flag: str, ref: str, summary: str, about: Sequence[str], alone: bool) -> PushResult:
    """Read one line; what the server said (`about`) is about the one ref of a push, or names its branch."""
    if flag != "!":
        return PushResult(ref, PushStatus.DONE, already=flag == "=")
    reason = re.sub(r"^\[[a-z ]+\] ?\(?|\)$", "", summary)
    if summary.startswith("[rejected]"):
        return PushResult(ref, PushStatus.MOVED, words_of(reason))
    branch = ref.removeprefix("refs/heads/")
    said = [line for line in about if alone or branch in line]
    return PushResult(ref, PushStatus.REJECTED, words_of("\n".join([reason, *said])))
