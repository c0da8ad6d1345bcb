"""How it all stands, read by everything that says so: the overview, the banner, tiles, badges, status, API, metrics.

What the last pass found stands in one row, see `summary`. While the worker is silent, what it fed is folded under that:
not known to be true.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from flinkci_dashboard.alerts.findings import RANK, Case, Finding, Severity
from flinkci_dashboard.alerts.summary import Person, Picture, read
from flinkci_dashboard.models import Area
from flinkci_dashboard.models import Severity as Words
from flinkci_dashboard.web.durations import Lasting

KEYS = "flinkci_dashboard.view_credential"  # the permission that the page of credentials takes
GOOD = "good"
BADGES = {Severity.BAD: "failed", Severity.WARN: "partial", Severity.INFO: "open"}
ASKED = 2  # contacts that a sentence names
SAID = 3  # causes that the sentence names
NOTHING_YET = "Nothing has been looked at yet."
IN_ORDER = "Everything is in order."


@dataclass(frozen=True)
class Line:
    """One cause, as pages say it."""

    finding: Finding
    text: str
    ask: tuple[Person, ...] = ()
    folded: tuple["Line", ...] = ()

    def without_link(self, area: str) -> "Line":
        """Return the same, without its link if it leads to this area's page."""
        return replace(self, finding=replace(self.finding, url="")) if self.finding.area == area else self

    @property
    def badge(self) -> str:
        """Return the state of its badge."""
        return BADGES[self.finding.severity]

    @property
    def label(self) -> str:
        """Return the severity in a word or three."""
        return str(Words(self.finding.severity.value).label)

    @property
    def sentence(self) -> str:
        """Return the text with whom to ask: "… has diverged: ask Ada"."""
        return self.text + self.whom

    @property
    def whom(self) -> str:
        """Say whom to ask, after the text; nothing where nobody is known."""
        return f": ask {' or '.join(each.name for each in self.named)}" if self.ask else ""

    @property
    def named(self) -> tuple[Person, ...]:
        """Return the first of those to ask: more would be nobody."""
        return self.ask[:ASKED]


@dataclass(frozen=True)
class Standing:
    """Everything that is wrong now, the worst first."""

    state: str  # good, warn or bad
    lines: list[Line]
    as_of: datetime | None  # when the last pass that found this began; None: never
    unproven: tuple[str, ...] = ()  # the jobs that have tried, and never achieved anything
    unknown: bool = False  # the worker is silent: what else stands here is not known to be true

    def seen_by(self, user: User) -> "Standing":
        """Return the same without links to pages that somebody may not see."""
        if user.has_perm(KEYS):
            return self
        return replace(self, lines=[line.without_link(Area.CREDENTIALS) for line in self.lines])

    @property
    def said(self) -> list[Line]:
        """Return the causes that the sentence names."""
        return self.lines[:SAID]

    @property
    def unsaid(self) -> int:
        """Return how many causes it does not name."""
        return max(len(self.lines) - SAID, 0)

    @property
    def beside_worst(self) -> int:
        """Return how many causes there are beside the worst, which alone a banner or a phone has room for."""
        return max(len(self.lines) - 1, 0)

    @property
    def sentence(self) -> str:
        """Say it all in one: the worst first, with cause, since when and whom to ask."""
        if not self.lines:
            return self.calm
        more = f"; and {self.unsaid} more" if self.unsaid else ""
        return "; ".join(line.sentence for line in self.said) + more + "."

    @property
    def calm(self) -> str:
        """Say that nothing wrong is known; what has never been looked at is not in order for that."""
        if self.as_of and self.unproven:
            more = f" and {len(self.unproven) - SAID} more" if len(self.unproven) > SAID else ""
            return f"Not all is known yet: no pass has succeeded of {', '.join(self.unproven[:SAID])}{more}."
        return IN_ORDER if self.as_of else NOTHING_YET

    @property
    def public(self) -> list[Lasting]:
        """Say it without a person, a machine or a plan: which areas fail or are worth a look, and since when."""
        if not self.lines:
            return [Lasting(self.calm)]
        worries = ((Severity.BAD, "Failing"), (Severity.WARN, "Worth a look"))
        return [said for severity, words in worries for said in self._areas(severity, words)]

    def worst(self, area: str, rules: frozenset[str] = frozenset(), tag: str = "") -> tuple[str, int]:
        """Return an area's state ("good", "warn", "bad" or "unknown") and how many findings are as bad as that.

        With `rules`, by their findings alone; with a tag, by those that bear it.
        """
        all_found = [each for line in self.lines for each in _all(line) if each.area == area]
        found = [
            each.severity for each in all_found if (not rules or each.rule in rules) and (not tag or tag in each.tags)
        ]
        if self.unknown:
            return "unknown", 0
        worst = min(found, key=lambda each: RANK[each], default=None)
        return (worst.value, found.count(worst)) if worst else (GOOD, 0)

    def tagged(self, tag: str) -> str:
        """Return the state of what bears a tag, such as a branch: good, warn, bad or unknown."""
        found = [each.severity for line in self.lines for each in _all(line) if tag in each.tags]
        if self.unknown or self.as_of is None:
            return "unknown"
        return min(found, key=lambda each: RANK[each]).value if found else GOOD

    def _areas(self, severity: Severity, words: str) -> list[Lasting]:
        """Return each area that is as bad as that, with since when it is."""
        found = [line.finding for line in self.lines if line.finding.severity is severity]
        since = {area: [each.since for each in found if each.area == area] for area in Area}
        return [
            Lasting(f"{words}: {area.label}, for {{time}}." if all(times) else f"{words}: {area.label}.", _first(times))
            for area, times in since.items()
            if times
        ]


def standing(now: datetime) -> Standing:
    """Return how it all stands, by one query."""
    picture = read(now)
    lines = [_line(case, picture, now) for case in picture.cases]
    unknown = any("worker" in case.finding.cause_of for case in picture.cases)
    calm = GOOD if picture.as_of and not picture.unproven else Severity.WARN.value
    state = lines[0].finding.severity.value if lines else calm
    return Standing(state, lines, picture.as_of, picture.unproven, unknown)


def standing_for(request: HttpRequest) -> Standing:
    """Return how it all stands, read once for all parts of a page."""
    if not hasattr(request, "standing"):
        request.standing = standing(timezone.now())  # type: ignore[attr-defined]
    return request.standing  # type: ignore[attr-defined]


def _line(case: Case, picture: Picture, now: datetime) -> Line:
    folded = tuple(Line(each, each.says.at(now)) for each in case.folded)
    return Line(case.finding, case.finding.says.at(now), picture.ask(case.finding), folded)


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at), default=None)


def _all(line: Line) -> list[Finding]:
    return [line.finding, *(each.finding for each in line.folded)]
