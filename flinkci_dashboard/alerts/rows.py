"""Findings → rows. Written only where something changed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from flinkci_dashboard.alerts.collect import Told
from flinkci_dashboard.alerts.findings import Case, Finding, Severity, fold
from flinkci_dashboard.models import Alert, OpenFinding

SILENT = "service_"  # how the rules begin whose subjects are services that do not answer
MAY_BE_A_TOKEN = (SILENT, "job_failing:")  # keys of what may be explained by a token that is refused
PLAIN = ("rule", "subject", "text", "since", "url", "area", "ends_when")
LISTS = ("cause_of", "under")


@dataclass(frozen=True)
class Open:
    """A finding that stands, and who found it."""

    finding: Finding
    source: str


@dataclass(frozen=True)
class Saved:
    """What stands now."""

    cases: list[Case]
    left_over: list[Finding]  # what a cause that is over may still explain: nothing of it is known before the next pass
    answered: bool  # a service does that was silent
    changed: int  # rows


def save_findings(told: Iterable[Told], now: datetime) -> Saved:
    """Make the rows say what was told."""
    rows = {row.key: row for row in OpenFinding.objects.all()}
    found = {each.finding.key: each for each in _standing(told, rows, now)}
    cases, left_over = _judged(found, rows)
    parents = {each.key: case.finding.key for case in cases for each in case.folded}
    parents |= {each.key: rows[each.key].parent for each in left_over}
    changed = _write(rows, {key: _facts(each, parents.get(key, "")) for key, each in found.items()})
    answered = any(row.rule.startswith(SILENT) and key not in found for key, row in rows.items())
    return Saved(cases, left_over, answered, changed)


def _judged(found: Mapping[str, Open], rows: Mapping[str, OpenFinding]) -> tuple[list[Case], list[Finding]]:
    """Return the causes with what each explains, and what is left over from those that are over."""
    cases = fold(each.finding for each in found.values())
    left_over = [case.finding for case in cases if _is_left_over(case.finding, rows, found.keys())]
    known = (each.finding for each in found.values() if each.finding not in left_over)
    return (fold(known) if left_over else cases), left_over


def _is_left_over(finding: Finding, rows: Mapping[str, OpenFinding], standing: Collection[str]) -> bool:
    """Tell whether what it tells of was before the end of the cause that explained it until then."""
    parent = rows[finding.key].parent if finding.key in rows else ""
    if not parent or parent in standing or finding.judged_at is None:
        return False
    cause = Alert.objects.filter(key=parent).first()
    return cause is not None and (cause.ended_at is None or finding.judged_at <= cause.ended_at)


def finding_of(row: OpenFinding) -> Finding:
    """Return the value of a row."""
    facts: dict[str, Any] = {name: getattr(row, name) for name in PLAIN}
    lists: dict[str, Any] = {name: tuple(getattr(row, name)) for name in LISTS}
    return Finding(severity=Severity(row.severity), tags=tuple(row.tags), holder=row.holder_id, **lists, **facts)


def shared_facts(finding: Finding) -> dict[str, Any]:
    """Return a finding as the fields that its row and its alert have in common."""
    values = {name: getattr(finding, name) for name in PLAIN}
    return values | {"severity": finding.severity.value, "tags": list(finding.tags), "holder_id": finding.holder}


def _standing(told: Iterable[Told], rows: dict[str, OpenFinding], now: datetime) -> Iterable[Open]:
    """Return what stands: what was found now, and what was found before by sources that could not tell now."""
    for each in told:
        if each.findings is None:
            yield from (Open(finding_of(row), row.source) for row in rows.values() if row.source == each.source)
        for finding in each.findings or ():
            yield Open(_dated(finding, rows.get(finding.key), now), each.source)


def _dated(finding: Finding, row: OpenFinding | None, now: datetime) -> Finding:
    if finding.since is not None:
        return finding
    return replace(finding, since=row.since if row else now)


def _facts(each: Open, parent: str) -> dict[str, Any]:
    lists: dict[str, Any] = {name: list(getattr(each.finding, name)) for name in LISTS}
    return shared_facts(each.finding) | lists | {"source": each.source, "parent": parent}


def _write(rows: dict[str, OpenFinding], wanted: dict[str, dict[str, Any]]) -> int:
    gone = [row.pk for key, row in rows.items() if key not in wanted]
    moved = [(row, facts) for key, facts in wanted.items() if (row := rows.get(key)) and _differs(row, facts)]
    new = [OpenFinding(key=key, **facts) for key, facts in wanted.items() if key not in rows]
    if not (gone or moved or new):
        return 0
    with transaction.atomic():
        OpenFinding.objects.filter(pk__in=gone).delete()
        for row, facts in moved:
            OpenFinding.objects.filter(pk=row.pk).update(**facts)
        OpenFinding.objects.bulk_create(new)
    return len(gone) + len(moved) + len(new)


def _differs(row: OpenFinding, facts: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in facts.items())
