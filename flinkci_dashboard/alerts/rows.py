"""Findings → rows. Written only where something changed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from flinkci_dashboard.alerts.collect import Told
from flinkci_dashboard.alerts.findings import Case, Finding, Severity, fold
from flinkci_dashboard.models import OpenFinding

PLAIN = ("rule", "subject", "text", "since", "url", "area", "ends_when")
LISTS = ("cause_of", "under")


@dataclass(frozen=True)
class Open:
    """A finding that stands, and who found it."""

    finding: Finding
    source: str


def save_findings(told: Iterable[Told], now: datetime) -> tuple[list[Case], int]:
    """Make the rows say what was told; returns the causes with what is folded under each, and how many rows changed."""
    rows = {row.key: row for row in OpenFinding.objects.all()}
    found = {each.finding.key: each for each in _standing(told, rows, now)}
    cases = fold(each.finding for each in found.values())
    parents = {each.key: case.finding.key for case in cases for each in case.folded}
    changed = _write(rows, {key: _facts(each, parents.get(key, "")) for key, each in found.items()})
    return cases, changed


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
