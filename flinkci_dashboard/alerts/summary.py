"""What is wrong as one row: written by the alerts' passes, read by every page with one query.

The query brings along what a pass can't find out, as it is not running then: that the worker is silent, or the alerts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from flinkci_dashboard.alerts.findings import Case, Finding, Severity, fold
from flinkci_dashboard.jobs.alerts import pulse, silence, unproven
from flinkci_dashboard.models import Area, Contact, Summary

JOB = "send_alerts"
LIVE = frozenset({"worker:worker", f"job_silent:{JOB}"})  # keys of what is asked at the moment of reading
LISTS = ("cause_of", "under", "tags")


@dataclass(frozen=True)
class Person:
    """Somebody who may be asked."""

    pk: int
    name: str


@dataclass(frozen=True)
class Picture:
    """What is wrong at one moment, and whom to ask about it."""

    cases: list[Case]
    as_of: datetime | None  # when the last pass that has ended began
    by_area: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    by_id: Mapping[int, Person] = field(default_factory=dict)
    unproven: tuple[str, ...] = ()  # the jobs that have tried, and never achieved anything

    def ask(self, finding: Finding) -> tuple[Person, ...]:
        """Return whom to ask: who answers for this very thing, then those of its area."""
        people = self.by_area.get(finding.area, ())
        holder = self.by_id.get(finding.holder) if finding.holder else None
        return (holder, *(each for each in people if each != holder)) if holder else people


def keep(cases: Iterable[Case]) -> bool:
    """Write down what a pass found; tells whether it differs from what was there."""
    lasting = [each for each in _flat(cases) if each.severity is not Severity.INFO and each.key not in LIVE]
    content = {"cases": [[_written(case.finding), [*map(_written, case.folded)]] for case in fold(lasting)]} | _people()
    content["unproven"] = unproven()
    if Summary.objects.filter(pk=1).values_list("content", flat=True).first() == content:
        return False
    Summary.objects.update_or_create(pk=1, defaults={"content": content})
    return True


def _flat(cases: Iterable[Case]) -> list[Finding]:
    return [each for case in cases for each in (case.finding, *case.folded)]


def _people() -> dict[str, Any]:
    people = list(Contact.objects.filter(active=True))
    areas = {area: [each.pk for each in people if area in each.areas] for area in Area.values}
    return {"people": {str(each.pk): each.name for each in people}, "areas": areas}


def create_summary() -> None:
    """Make the row of an installation where nothing has been looked at yet."""
    if not Summary.objects.filter(pk=1).exists():
        keep([])


def read(now: datetime) -> Picture:
    """Return what is wrong now, by one query."""
    rows = Summary.objects.filter(pk=1).annotate(**pulse(now, JOB)).values()
    facts: Any = rows.first()
    if facts is None:
        create_summary()
        facts = rows.get()
    content = facts["content"]
    cases = [Case(_read(cause), tuple(map(_read, folded))) for cause, folded in content["cases"]]
    if live := [each for each in silence(now, JOB, facts) if each.severity is not Severity.INFO]:
        cases = fold([*live, *_flat(cases)])
    by_id = {int(pk): Person(int(pk), name) for pk, name in content["people"].items()}
    by_area = {area: tuple(by_id[pk] for pk in pks) for area, pks in content["areas"].items()}
    return Picture(cases, facts["as_of"], by_area, by_id, tuple(content.get("unproven", ())))


def _written(finding: Finding) -> dict[str, Any]:
    since = finding.since.isoformat() if finding.since else None
    lists = {name: list(getattr(finding, name)) for name in LISTS}
    return asdict(replace(finding, judged_at=None)) | lists | {"since": since}


def _read(facts: Mapping[str, Any]) -> Finding:
    since = datetime.fromisoformat(facts["since"]) if facts["since"] else None
    lists = {name: tuple(facts[name]) for name in LISTS}
    return Finding(**{**facts, **lists, "since": since, "severity": Severity(facts["severity"])})
