"""Edits of the job map: what one would do to the jobs seen lately, and which commits one that was made touches.

Of those the pairs are made anew, over several passes where they are many; until then pages say so.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from agents.migration.names import JobMap, Place, Rule
from agents.models import Build, Job, JobRule, Pair, StaleCommit, Watermark
from agents.models.builds import Provider

LATELY = timedelta(days=14)
REMADE = timedelta(days=90)  # pairs that are made anew after an edit
MANY = 500  # names of jobs that change place, from which on all pairs are made anew
MARK = "job map"  # its note is the map by which pairs are made; `at`: since when an edit of it is being carried out
Name = tuple[str, str, str]  # provider, the job's name, its key


@dataclass(frozen=True)
class Line:
    """A job's name on one service, and the groups that it belongs to with the map as it is and as it would be."""

    service: str
    name: str
    before: str
    after: str
    alone: bool  # it would have no counterpart


@dataclass(frozen=True)
class UnderWay:
    """An edit that is being carried out."""

    since: datetime
    left: int  # commits that are still compared by the map before


def rules_with(candidate: JobRule) -> list[Rule]:
    """Return the map as it would be with a new rule, or with a changed one."""
    others = list(JobRule.objects.exclude(pk=candidate.pk))
    return [row.value() for row in sorted([*others, candidate], key=lambda row: (row.order, row.pk or float("inf")))]


def preview(rules: Iterable[Rule], now: datetime) -> list[Line]:
    """Return the jobs of the last days whose place would change, or that would have no counterpart."""
    before, after = JobMap(row.value() for row in JobRule.objects.all()), JobMap(rules)
    lines = set()
    for provider, name, key in _names(now - LATELY):
        old, new = _place(before, provider, name, key), _place(after, provider, name, key)
        if old != new or not new.has_counterpart:
            label = str(Provider(provider).label)
            lines.add(Line(label, name, old.group, new.group, not new.has_counterpart))
    return sorted(lines, key=lambda line: (line.before == line.after, line.service, line.name, line.after))


def job_map(now: datetime) -> JobMap:
    """Return the map by which pairs are made now; where it was edited, mark the commits that the edit touches."""
    rules = [row.value() for row in JobRule.objects.all()]
    told = json.dumps([[rule.group, rule.azure, rule.actions, sorted(rule.gaps)] for rule in rules])
    mark, is_new = Watermark.objects.get_or_create(name=MARK, defaults={"note": told})
    if not is_new and mark.note != told:
        with transaction.atomic():
            StaleCommit.mark(_touched(mark.note, rules, now).values_list("sha", flat=True))
            mark.note, mark.at = told, now
            mark.save(update_fields=["note", "at"])
    elif mark.at and not StaleCommit.objects.exists():
        mark.at = None
        mark.save(update_fields=["at"])
    return JobMap(rules)


def under_way() -> UnderWay | None:
    """Return the edit that is being carried out, if one is: one query, or two."""
    since = Watermark.objects.filter(name=MARK, at__isnull=False).values_list("at", flat=True).first()
    left = StaleCommit.objects.count() if since else 0
    return UnderWay(since, left) if since and left else None


def _touched(note: str, rules: Sequence[Rule], now: datetime) -> QuerySet[Pair]:
    """Return the pairs with a job whose place is another one by now; all, where that can't be told or many have."""
    pairs = Pair.objects.filter(at__gt=now - REMADE)
    if not note.startswith("["):  # an earlier version kept no rules here
        return pairs
    before, after = JobMap(_rule(*each) for each in json.loads(note)), JobMap(rules)
    keys = {each[2] for each in _names(now - REMADE) if _place(before, *each) != _place(after, *each)}
    builds = Build.objects.filter(jobs__key__in=keys, queued_at__gt=now - REMADE)
    return pairs if len(keys) > MANY else pairs.filter(sha__in=builds.values("version"))


def _rule(group: str, azure: str, actions: str, gaps: Iterable[str]) -> Rule:
    return Rule(group, azure, actions, frozenset(gaps))


def _names(since: datetime) -> Iterable[Name]:
    jobs = Job.objects.filter(finished_at__gt=since).order_by()
    return jobs.values_list("build__provider", "name", "key").distinct()


def _place(jobs: JobMap, provider: str, name: str, key: str) -> Place:
    return jobs.of_azure(name, key) if provider == Provider.AZURE else jobs.of_actions(name)
