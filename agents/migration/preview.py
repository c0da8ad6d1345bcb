"""What a change of the job map would do to the jobs that were seen lately."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.migration.names import JobMap, Rule
from agents.models import Job, JobRule
from agents.models.builds import Provider

LATELY = timedelta(days=14)


@dataclass(frozen=True)
class Line:
    """A job's name on one service, and the groups that it belongs to with the map as it is and as it would be."""

    service: str
    name: str
    before: str
    after: str
    alone: bool  # it would have no counterpart


def rules_with(candidate: JobRule) -> list[Rule]:
    """Return the map as it would be with a new rule, or with a changed one."""
    others = list(JobRule.objects.exclude(pk=candidate.pk))
    return [row.value() for row in sorted([*others, candidate], key=lambda row: (row.order, row.pk or float("inf")))]


def preview(rules: Iterable[Rule], now: datetime) -> list[Line]:
    """Return the jobs of the last days whose place would change, or that would have no counterpart."""
    before, after = JobMap(row.value() for row in JobRule.objects.all()), JobMap(rules)
    rows = Job.objects.filter(finished_at__gt=now - LATELY).order_by("build__provider", "name")
    names = rows.values_list("build__provider", "name").distinct()
    lines = []
    for provider, name in names:
        old, new = (
            (each.of_azure if provider == Provider.AZURE else each.of_actions)(name) for each in (before, after)
        )
        if old != new or not new.has_counterpart:
            label = str(Provider(provider).label)
            lines.append(Line(label, name, old.group, new.group, not new.has_counterpart))
    return sorted(lines, key=lambda line: (line.before == line.after, line.service, line.name))
