"""Pipelines and their variables → rows: what is found appears by itself, and what is gone is said to be."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from flinkci_dashboard.clients.facts import Pipeline as PipelineFacts
from flinkci_dashboard.clients.facts import VariableGroup
from sync.exposure.rules import may_use
from sync.models import Pipeline, PipelineVariable


class Variable(NamedTuple):
    """What names a variable: the pipeline or group that holds it, and its own name."""

    place: str
    in_group: bool
    name: str


@transaction.atomic
def save_inventory(pipelines: Iterable[PipelineFacts], groups: Iterable[VariableGroup], now: datetime) -> None:
    """Bring the rows up to date. An empty list is no answer: it is what a token without rights is given."""
    pipelines, groups = list(pipelines), list(groups)
    if not pipelines:
        return
    _save_pipelines(pipelines, groups, now)
    _save_variables(pipelines, groups, now)


def _save_pipelines(pipelines: list[PipelineFacts], groups: list[VariableGroup], now: datetime) -> None:
    rows = [
        Pipeline(
            external_id=each.id,
            name=each.name[:255],
            repository=each.repository[:140],
            sees_secrets=bool(each.secret_variables)
            or any(group.has_secrets and may_use(each, group) for group in groups),
            seen_at=now,
        )
        for each in pipelines
    ]
    fields = ["name", "repository", "sees_secrets", "seen_at", "gone_at"]
    Pipeline.objects.bulk_create(rows, update_conflicts=True, unique_fields=["external_id"], update_fields=fields)
    Pipeline.objects.filter(seen_at__lt=now, gone_at=None).update(gone_at=now)


def _save_variables(pipelines: list[PipelineFacts], groups: list[VariableGroup], now: datetime) -> None:
    secret = {Variable(p.name, False, name): name in p.secret_variables for p in pipelines for name in p.variables}
    secret |= {Variable(g.name, True, name): name in g.secret_variables for g in groups for name in g.variables}
    rows = [
        PipelineVariable(
            **key._asdict() | {"place": key.place[:255], "name": key.name[:255]}, secret=hidden, seen_at=now
        )
        for key, hidden in secret.items()
    ]
    names, fields = ["place", "in_group", "name"], ["secret", "seen_at", "gone_at"]
    PipelineVariable.objects.bulk_create(rows, update_conflicts=True, unique_fields=names, update_fields=fields)
    missing = PipelineVariable.objects.filter(seen_at__lt=now, gone_at=None)
    (missing if groups else missing.filter(in_group=False)).update(gone_at=now)
