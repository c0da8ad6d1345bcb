"""The record of what people do."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class AppendOnlyError(Exception):
    """Somebody tried to change the record of what was done."""

    def __init__(self) -> None:
        super().__init__("The record of activity is only added to: no entry is changed or deleted.")


class AppendOnly(models.QuerySet):
    """Rows that can be added and read."""

    def update(self, **values: Any) -> int:
        """Refuse."""
        raise AppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise AppendOnlyError

    def bulk_update(self, *args: Any, **options: Any) -> int:
        """Refuse."""
        raise AppendOnlyError


class AuditEvent(models.Model):
    """What a person did: who, when, from where, and what was before and after. Never changed, never deleted."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    # No constraint: the row of a deleted account stays as it is, and its number is never given again.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    actor_name = models.CharField(max_length=150)  # stays when the account goes
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    act = models.CharField(max_length=100, db_index=True)
    subject = models.CharField(max_length=255)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = AppendOnly.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.act} {self.subject}"

    def save(self, *args: Any, **options: Any) -> None:
        """Add the entry; raises AppendOnlyError when it exists already."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise AppendOnlyError
