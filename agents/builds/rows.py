"""Builds as a service tells them → rows. Whoever lists builds hands them in here; right rows are not written."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from agents.charts.periods import mark_stale
from agents.models import Build
from flinkci_dashboard.clients.facts import BuildFacts, Reason
from flinkci_dashboard.names import head_of

PULL_REF = "refs/pull/"
FIELDS = (
    "number",
    "definition_id",
    "definition",
    "repository",
    "branch",
    "version",
    "message",
    "reason",
    "status",
    "result",
    "queued_at",
    "started_at",
    "finished_at",
    "requested_for",
    "web_url",
)
RUN_FIELDS = ("status", "result", "started_at", "finished_at")  # a new attempt changes one of them


def save_builds(facts: Iterable[BuildFacts], now: datetime) -> list[Build]:
    """Create and update the rows of these builds of one provider; returns those that changed.

    A build that is new, or whose run went on, has its jobs read by the next `poll_builds`.
    """
    told = {build.external_id: build for build in facts}
    if not told:
        return []
    provider = next(iter(told.values())).provider
    known = {row.external_id: row for row in Build.objects.filter(provider=provider, external_id__in=told)}
    changed = [row for build in told.values() if (row := _changed(build, known.get(build.external_id), now))]
    if not changed:
        return []
    with transaction.atomic():
        Build.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["provider", "external_id"],
            update_fields=[*FIELDS, "scope", "pull_number", "changed_at", "gone_at", "jobs_pending"],
            batch_size=500,
        )
        mark_stale(changed)
    return changed


def _changed(build: BuildFacts, known: Build | None, now: datetime) -> Build | None:
    """Return the row that should be written, or None when the known one is right."""
    told = {name: value for name, value in asdict(build).items() if name in FIELDS}
    if known and not known.gone_at and all(getattr(known, name) == value for name, value in told.items()):
        return None
    went_on = known is None or any(getattr(known, name) != told[name] for name in RUN_FIELDS)
    row = known or Build(provider=build.provider, external_id=build.external_id)
    for name, value in told.items():
        setattr(row, name, value)
    row.scope, row.pull_number = _scope(build), _pull_number(build)
    row.changed_at, row.gone_at = now, None
    row.jobs_pending = row.jobs_pending or went_on
    return row


def _scope(build: BuildFacts) -> Build.Scope:
    pull = build.reason is Reason.PULL_REQUEST or _pull_number(build) or build.branch.startswith(PULL_REF)
    return Build.Scope.PULL if pull else Build.Scope.BRANCH


def _pull_number(build: BuildFacts) -> int | None:
    """Return the number in the name of a branch as ci-bot names them."""
    head = head_of(build.branch)
    return head.number if head else None
