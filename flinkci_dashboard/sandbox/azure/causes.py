"""What makes a job fail, and whose that is."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a job fails."""

    TEST = "test"  # one of its module's tests does, or what it does where it has none
    DISK = "disk"  # its machine's disk is full
    LOST = "lost"  # its agent went away
    COMPILE = "compile"  # it does not compile
    STYLE = "style"  # its style is not that of the others
    NETWORK = "network"  # a download fails


class Truth(StrEnum):
    """Whose a failure is."""

    OWN = "own"  # the commit's
    MASTER = "master"  # the branch's that it is based on
    FLAKY = "flaky"
    MACHINE = "machine"  # or the network's


@dataclass(frozen=True)
class Break:
    """What a commit makes fail, each time: a job, by a test or by something else."""

    job: str  # such as "test_ci.core"
    truth: Truth
    cause: Cause = Cause.TEST
    test: str = ""  # "" for the first one of its module
