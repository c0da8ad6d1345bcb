"""What if: this week's load of Azure → what it would cost on hosted runners."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from agents.migration.budget import MINUTES_WEEK, runners
from agents.migration.figures import remembered
from agents.migration.names import JobMap
from agents.migration.whatif import Load, Projection, project, scales
from agents.models import Build, Job, JobRule, PairGroup
from agents.models.builds import Provider

PULLS = "pull requests"
LEARNS_FROM = timedelta(days=30)  # pairs that tell how long jobs take on the other service


@dataclass(frozen=True)
class WhatIf:
    """Loads that could move, those that are chosen, and what that would cost."""

    groups: list[str]
    branches: list[str]
    chosen_groups: set[str]
    chosen_branches: set[str]
    percent: int  # of the chosen load that moves
    projection: Projection
    used: float  # minutes that are used already this week

    @property
    def added(self) -> float:
        """Return the minutes that it would add."""
        return self.projection.minutes * self.percent / 100

    @property
    def minutes(self) -> float:
        """Return all minutes of the week then."""
        return self.used + self.added

    @property
    def share(self) -> float:
        """Return how much of the week's limit that would be."""
        return self.minutes / MINUTES_WEEK

    @property
    def runners(self) -> float:
        """Return how many runners would be busy all week long."""
        return runners(self.minutes)


def what_if(
    week_from: datetime,
    used: float,
    groups: Collection[str] | None = None,
    branches: Collection[str] | None = None,
    percent: int = 100,
) -> WhatIf:
    """Project Azure's week onto hosted runners; None chooses everything."""
    loads, by = remembered(f"week:{week_from.date()}", lambda: (_loads(week_from), scales(_pairs(week_from))))
    all_groups = list(dict.fromkeys(load.group for load in loads))
    all_branches = sorted({load.branch for load in loads}, key=lambda name: (name != PULLS, name != "master", name))
    chosen = set(all_groups if groups is None else groups), set(all_branches if branches is None else branches)
    found = project(loads, by, *chosen)
    return WhatIf(sorted(all_groups), all_branches, *chosen, percent, found, used)


def _loads(week_from: datetime) -> list[Load]:
    jobs = JobMap(rule.value() for rule in JobRule.objects.all())
    rows = Job.objects.filter(build__provider=Provider.AZURE, finished_at__gte=week_from, run_seconds__isnull=False)
    pulls, branches = (rows.filter(build__scope=scope).order_by() for scope in (Build.Scope.PULL, Build.Scope.BRANCH))
    sums = (Sum("run_seconds"), Count("pk"))
    of_pulls = [(PULLS, *row) for row in pulls.values_list("name").annotate(*sums)]
    of_branches = list(branches.values_list("build__branch", "name").annotate(*sums))
    return [
        Load(branch, jobs.of_azure(name).group, seconds, number)
        for branch, name, seconds, number in (*of_pulls, *of_branches)
    ]


def _pairs(week_from: datetime) -> list[tuple[str, float, float, int]]:
    rows = PairGroup.objects.filter(at__gt=week_from - LEARNS_FROM, both=True).exclude(azure="none")
    both = rows.exclude(actions="none").filter(azure_seconds__gt=0, actions_seconds__isnull=False)
    sums = (Sum("azure_seconds"), Sum("actions_seconds"), Count("pk"))
    return list(both.order_by().values_list("group").annotate(*sums))
