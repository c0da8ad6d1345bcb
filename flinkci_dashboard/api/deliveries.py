"""Deliveries that were answered, on their way to the database: many in one transaction, by one thread of a process.

Who waits for the database is never the service: the answer has gone by then. What a process that is killed takes along,
or a database that is out of order does not take, the jobs find by themselves some seconds later.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import JsonResponse

from flinkci_dashboard.jobs.hurry import hurry
from flinkci_dashboard.models.webhooks import Delivery, Refusals

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """A delivery: who sent it when, what makes it one, and the jobs that it makes run; or a refused one."""

    service: str
    at: datetime
    key: str = ""
    event: str = ""
    jobs: tuple[str, ...] = ()
    taken: bool = True


class Noted(JsonResponse):
    """An answer after which a delivery is noted."""

    def __init__(self, told: Told, detail: str, status: int) -> None:
        super().__init__({"detail": detail}, status=status)
        self._told = told

    def close(self) -> None:
        """Note it: the server calls this when the answer has been sent."""
        try:
            inbox.put(self._told)
        finally:
            super().close()


class Inbox:
    """What waits to be noted. One thread writes; the others leave theirs with it and go on."""

    def __init__(self) -> None:
        self._waiting: list[Told] = []
        self._changing, self._writing = Lock(), Lock()

    def put(self, told: Told) -> None:
        """Note a delivery, or leave it to the thread that is writing."""
        with self._changing:
            self._waiting.append(told)
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                write(self._take())
            finally:
                self._writing.release()

    def _take(self) -> list[Told]:
        with self._changing:
            found, self._waiting = self._waiting, []
        return found


inbox = Inbox()


def write(told: list[Told]) -> None:
    """Note deliveries and refusals, and make the jobs run now that new ones ask for."""
    try:
        with transaction.atomic():
            _take_up({(each.service, each.key): each for each in told if each.taken})
            _count([each for each in told if not each.taken])
    except DatabaseError as error:
        log.error("%d webhook deliveries were not noted (%s); the jobs look by themselves.", len(told), error)


def _take_up(told: dict[tuple[str, str], Told]) -> None:
    known = Delivery.objects.filter(delivery_id__in=[key for _, key in told])
    taken = set(known.values_list("service", "delivery_id")) if told else set()
    new = [each for name, each in told.items() if name not in taken]
    if not new:
        return
    hurried = set(hurry({job for each in new for job in each.jobs}, max(each.at for each in new)))
    Delivery.objects.bulk_create((_row(each, hurried) for each in new), ignore_conflicts=True)


def _row(told: Told, hurried: set[str]) -> Delivery:
    facts: dict[str, Any] = {"service": told.service, "delivery_id": told.key, "event": told.event}
    return Delivery(**facts, received_at=told.at, jobs=sorted(hurried.intersection(told.jobs)))


def _count(refused: Iterable[Told]) -> None:
    for each in refused:
        moved = {"number": F("number") + 1, "last_at": each.at}
        if not Refusals.objects.filter(service=each.service).update(**moved):
            Refusals.objects.get_or_create(service=each.service, defaults={"number": 1, "last_at": each.at})
