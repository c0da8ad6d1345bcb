"""The one list: what every app and every room of the ground finds wrong, each by its own module `alerts`."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from types import ModuleType

from django.db import DatabaseError

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule
from flinkci_dashboard.alerts.limits import set_by
from flinkci_dashboard.models import RuleSetting
from flinkci_dashboard.models.writing import add_missing
from flinkci_dashboard.parts import parts

log = logging.getLogger(__name__)
ROOMS = ("flinkci_dashboard.jobs.alerts", "flinkci_dashboard.credentials.alerts", "flinkci_dashboard.alerts.channels")


@dataclass(frozen=True)
class Told:
    """What one source found; None when its rules failed: then what it found before still stands."""

    source: str
    findings: list[Finding] | None


def sources() -> list[ModuleType]:
    """Return the modules that have `RULES` and `findings(now, limits)`: the ground's rooms, then the apps."""
    rooms = [import_module(name) for name in ROOMS]
    return rooms + [part for part in parts("alerts") if part.__name__ != __package__]


def rules() -> dict[str, Rule]:
    """Return every rule by its name, as the code has it."""
    return {rule.name: rule for source in sources() for rule in source.RULES}


def limits() -> Limits:
    """Return the rules as admins set them."""
    known, off = rules(), set()
    for row in RuleSetting.objects.filter(rule__in=known):
        known[row.rule] = set_by(row, known[row.rule])
        if not row.enabled:
            off.add(row.rule)
    return Limits(known, frozenset(off))


def collect(now: datetime, in_force: Limits) -> Iterator[Told]:
    """Ask every source. One whose rules fail silences itself alone."""
    for source in sources():
        try:
            found = [_joined(each) for each in source.findings(now, in_force) if each.rule not in in_force.off]
        except DatabaseError:
            raise
        except Exception:
            log.exception("The rules of %s failed", source.__name__)
            yield Told(source.__name__, None)
        else:
            yield Told(source.__name__, found)


def _joined(finding: Finding) -> Finding:
    """Return a finding whose sentence can be joined with others: a service's words have line ends and a full stop."""
    return replace(finding, text=" ".join(finding.text.split()).rstrip(". "))


def create_settings() -> None:
    """Make the settings of rules that have none."""
    add_missing([RuleSetting(rule=rule.name, acknowledge=rule.acknowledge) for rule in rules().values()], "rule")
