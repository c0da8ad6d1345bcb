"""Why a job failed: the line of its log that says so. Ordered rules; every line takes time by its length alone. PURE"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agents.builds.log_tail import plain
from agents.failures.rules import OF_A_TEST, OF_BUILD, RULES, Cause, Rule
from agents.failures.scenes import Scenes

MAX_LINE = 1000  # of a line's characters are looked at, and kept
# What runs inside of a test logs what it likes, and Maven's hints are no failures; nor are the frames of a trace.
CHATTER = re.compile(
    r"^\s+at [\w$.<>/]+\(|^\[(?:INFO|WARNING|DEBUG)\] (?!BUILD FAILURE)"
    r"|^(?!.{0,200} severe license issues)(?:\[[^\]]{1,120}\] +)?"
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR)(?: +\[| +[\w$.]+ +[\[:-])"
)
TESTS_TOLD = re.compile("|".join((*OF_A_TEST, r"^(?:FAILED|ERROR) +[\w./-]{1,300}\.py\b", r"^\[FAIL\] '")))
TESTS_NAMED = 50  # failing tests that a line may be about
OF_TESTS = 1 + max(rank for rank, rule in enumerate(RULES) if rule.cause is Cause.TEST)  # rules that say as much
WEAK = next(
    rank for rank, rule in enumerate(RULES) if rule.is_weak
)  # from here on, what explains only for want of more
FETCHING = (Cause.NETWORK, Cause.DOCKER)
SHORT = 4  # letters: shorter names of tests are in many a line


@dataclass(frozen=True)
class Found:
    """A cause, and the line that tells it: "" where none does. Its number counts from 1, None outside of a log.

    `rank` is the place of the rule that it is by: the lower, the deeper.
    """

    cause: Cause
    line: str = ""
    number: int | None = None
    rank: int = field(default=len(RULES), compare=False)

    @property
    def is_weak(self) -> bool:
        """Tell whether a line that was not read may tell more."""
        return self.rank >= WEAK


def cause_of_log(
    lines: Iterable[str],
    first: int = 1,
    tests: Sequence[str] = (),
    told: Iterable[str] = (),
    otherwise: Cause = Cause.UNKNOWN,
) -> Found:
    """Return why a job failed, by its log from the line numbered `first` on, and by what its service told of it.

    `tests` are the names of those that failed for good: a test that passed when it was run again explains nothing, nor
    does what is printed inside of a test that passes. Where no line says more, it is the failed tests, or else what
    `otherwise` says.
    """
    names = _names(tests)
    found = Found(Cause.TEST, tests[0][:MAX_LINE], rank=OF_TESTS) if tests else Found(otherwise, rank=_last(otherwise))
    scenes = Scenes[Found](whole=first == 1)
    for number, line in _numbered(lines, first, told):
        scenes.see(line)
        if (rank := _rank(line, names, found.rank)) is not None:
            cause = RULES[rank].cause
            scenes.note(line, Found(cause, line, number, rank), of_fetching=cause in FETCHING)
    return min(scenes.notes(), key=lambda note: note.rank, default=found)


def cause_of_build(causes: Iterable[str]) -> Cause | None:
    """Return the one cause of those of a build's failed jobs that its author should see first; None without any."""
    present = set(causes)
    return next((cause for cause in OF_BUILD if cause in present), None)


def _last(otherwise: Cause) -> int:
    """Return the rank that a line has to be below to say more than what is thought anyway."""
    return len(RULES) - (otherwise is not Cause.UNKNOWN)


def _numbered(lines: Iterable[str], first: int, told: Iterable[str]) -> Iterator[tuple[int | None, str]]:
    for number, line in enumerate(lines, first):
        yield number, plain(line[: MAX_LINE + 100])[:MAX_LINE]
    for message in told:
        for line in message.splitlines():
            yield None, plain(line[:MAX_LINE])


def _rank(line: str, names: frozenset[str], better_than: int) -> int | None:
    """Return the first rule that a line matches, of those before one."""
    if not line or CHATTER.match(line):
        return None
    rules = list(enumerate(RULES[:better_than]))
    if TESTS_TOLD.search(line):
        rules = [each for each in rules if each[1].cause is Cause.TEST]
    return next((rank for rank, rule in rules if _matches(rule, line, names)), None)


def _matches(rule: Rule, line: str, names: frozenset[str]) -> bool:
    if rule.of_test and not any(name in line for name in names):
        return False
    return rule.pattern.search(line) is not None


def _names(tests: Sequence[str]) -> frozenset[str]:
    """Return the last words of tests' names: the method, or the class where a class failed as a whole."""
    last = (re.split(r"[.#:]", test)[-1] for test in tests[:TESTS_NAMED])
    return frozenset(name for name in last if len(name) >= SHORT)
