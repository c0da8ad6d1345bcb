"""What a clock wrote that was ahead, found when it is right again: marks that lie in the future are moved back."""

from datetime import datetime, timedelta

from django.db import models

from flinkci_dashboard.models import JobRun

AHEAD = timedelta(minutes=1)  # of a time that a clock in step with ours may have written
UNHEARD = timedelta(days=7)  # how far a mark from the future is moved back: nobody knows since when it says too much


def believed(mark: datetime, now: datetime) -> datetime:
    """Return up to when things are known. `mark` says it, unless it lies in the future; both by the service's clock."""
    return mark if mark <= now + AHEAD else now - UNHEARD


def were_ahead(now: datetime) -> bool:
    """Tell whether passes began later than now: their machine's clock was ahead, and so is what they wrote."""
    return JobRun.objects.filter(started_at__gt=now + AHEAD).exists()


def move_back(now: datetime, model: type[models.Model], *fields: str) -> None:
    """Let what claims to have happened in the future have happened now. `fields` hold times of our own clock."""
    for field in fields:
        model._default_manager.filter(**{f"{field}__gt": now + AHEAD}).update(**{field: now})
