"""Runs in the forks of open pull requests, by the heads' SHAs: asked for until one has ended, and ever more rarely.

An answer that there are none yet costs nothing the next time. That there is no such fork does: it was deleted, is
private, or may not be read. So it is left alone for long, but for one question whenever a head is new.
"""

from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import replace
from datetime import timedelta

from django.db.models import Q

from agents.actions.lists import is_due
from agents.actions.spending import RESERVE, Spending
from agents.actions.values import Head, in_turn, pause, silence
from agents.builds.observe import is_gone, take_in
from agents.builds.rows import close_gone
from agents.models import Build, Followed
from agents.models.builds import Provider, Result, Status
from flinkci_dashboard.clients.errors import MovedError, NotFoundError, RefusedError, ServiceError
from flinkci_dashboard.clients.facts import BuildFacts, RunList
from flinkci_dashboard.clients.facts import Status as Told
from flinkci_dashboard.clients.providers import RunService
from flinkci_dashboard.jobs.attempts import Troubles
from flinkci_dashboard.jobs.run import Pass

HEADS = 20  # in one pass
FEWEST = 2  # however much else there is to be read
SOON = timedelta(minutes=1)  # after which a run that has not ended is looked at again
MISSING = 3  # runs of a head that are asked for by their ids
OF_A_HEAD = "head_sha="
OF_A_FORK = "fork"  # the query of a fork that GitHub does not show


def read_heads(
    current: Pass,
    heads: Iterable[Head],
    followed: Collection[str],
    service_of: Callable[[str], RunService],
    spending: Spending,
    spare: int,
) -> None:
    """Ask for the runs of heads whose turn it is, as many as there are questions to `spare`.

    Repositories that are `followed` as a whole tell theirs anyway. A run that goes on is seen to its end, though its
    pull request has another head by now, or none.
    """
    wanted = {(head.repository, head.sha): head for head in (*_going_on(), *heads)}
    waiting = _without_end(head for head in wanted.values() if head.repository not in followed)
    rows, forks = _rows(waiting), _Forks(current, {head.repository for head in waiting})
    due = in_turn(forks.open(waiting, rows), {key: row.next_at for key, row in rows.items()}, current.now)
    troubles = Troubles(current)
    for head in due[: min(max(spare, FEWEST), HEADS)]:
        if troubles.stopped or not spending.allows(RESERVE):
            return
        key = (head.repository, head.query)
        row = rows.get(key) or Followed(repository=head.repository, query=head.query, pull_number=head.pull)
        _try(current, head, row, service_of(head.repository), troubles, forks)


class _Forks:
    """The forks that GitHub does not show, and until when each is left alone."""

    def __init__(self, current: Pass, wanted: Collection[str]) -> None:
        self._now = current.now
        self._rows = {row.repository: row for row in Followed.objects.filter(query=OF_A_FORK)}
        if gone := [row.pk for fork, row in self._rows.items() if fork not in wanted]:
            Followed.objects.filter(pk__in=gone).delete()

    def open(self, heads: Iterable[Head], asked: Container[tuple[str, str]]) -> list[Head]:
        """Leave out the heads in forks that rest, but for those that were never asked for."""
        return [
            head for head in heads if (head.repository, head.query) not in asked or not self._rests(head.repository)
        ]

    def _rests(self, fork: str) -> bool:
        """Tell whether a fork is to be left alone; one that rests for longer rests by a clock that was wrong."""
        row = self._rows.get(fork)
        return row is not None and not is_due(row.next_at, self._now, silence(row.tries))

    def silent(self, fork: str) -> None:
        """Note that GitHub does not show it; what one pass sees counts once."""
        row = self._rows.setdefault(fork, Followed(repository=fork, query=OF_A_FORK))
        if row.asked_at != self._now:
            row.tries = min(row.tries + 1, 1000)
            row.asked_at, row.next_at = self._now, self._now + silence(row.tries)
            row.save()

    def spoke(self, fork: str) -> None:
        """Note that it is there."""
        if (row := self._rows.pop(fork, None)) and row.pk:
            row.delete()


def _going_on() -> list[Head]:
    rows = Build.objects.filter(~Q(status=Status.FINISHED), provider=Provider.ACTIONS, pull_number__isnull=False)
    found = rows.values_list("pull_number", "repository", "version")
    return [Head(pull, repository, sha) for pull, repository, sha in found if pull]


def _without_end(heads: Iterable[Head]) -> list[Head]:
    """Leave out the heads of which a run has ended in the fork: what it said is known."""
    asked = list(heads)
    ended = Build.objects.filter(provider=Provider.ACTIONS, version__in=[head.sha for head in asked])
    ended = ended.filter(status=Status.FINISHED).exclude(scope=Build.Scope.OTHER).exclude(result=Result.ACTION_REQUIRED)
    unfinished = Build.objects.filter(~Q(status=Status.FINISHED), provider=Provider.ACTIONS)
    done = set(ended.values_list("repository", "version")) - set(unfinished.values_list("repository", "version"))
    return [head for head in asked if (head.repository, head.sha) not in done]


def _rows(heads: Iterable[Head]) -> dict[tuple[str, str], Followed]:
    """Return what is known of earlier questions; heads that nobody waits for any more are forgotten."""
    wanted = {(head.repository, head.query) for head in heads}
    rows = {(row.repository, row.query): row for row in Followed.objects.filter(query__startswith=OF_A_HEAD)}
    if gone := [row.pk for key, row in rows.items() if key not in wanted]:
        Followed.objects.filter(pk__in=gone).delete()
    return rows


def _try(current: Pass, head: Head, row: Followed, service: RunService, troubles: Troubles, forks: _Forks) -> None:
    """Ask for one head."""
    try:
        page = service.runs(row.etag, head_sha=head.sha)
    except (MovedError, NotFoundError, RefusedError):  # that a fork is gone, or closed to us, is nobody's fault
        forks.silent(head.repository)
        if row.tries:  # one answer is not the truth
            _close_missing(current, head, service, (), troubles)
        _put_off(row, RunList((), ""), current, "GitHub has no such fork, or shows none.")
    except ServiceError as error:
        troubles.note(f"Runs of #{head.pull} in {head.repository}", error)
        _put_off(row, RunList((), row.etag), current, str(error))
    else:
        troubles.over()
        forks.spoke(head.repository)
        take_in(current, [replace(run, pull=head.pull) for run in page.items if run.version == head.sha])
        if page.changed:
            _close_missing(current, head, service, page.items, troubles)
        _put_off(row, page, current, "")


def _close_missing(
    current: Pass, head: Head, service: RunService, shown: Iterable[BuildFacts], troubles: Troubles
) -> None:
    """Close runs that we take for unfinished, and that neither the head's list shows nor GitHub has by their ids."""
    ours = Build.objects.filter(~Q(status=Status.FINISHED), provider=Provider.ACTIONS, repository=head.repository)
    missing = ours.filter(version=head.sha).exclude(external_id__in=[run.external_id for run in shown])
    for build_id in missing.values_list("external_id", flat=True)[:MISSING]:
        try:
            if is_gone(current, service, build_id):
                close_gone(Provider.ACTIONS, [build_id], current.now)
        except ServiceError as error:
            troubles.note(f"Run {build_id} of {head.repository}", error)


def _put_off(row: Followed, page: RunList, current: Pass, problem: str) -> None:
    """Note the answer, and when to ask again: soon while a run goes on, else after an ever longer pause."""
    going_on = any(run.status is not Told.FINISHED for run in page.items) or (not page.changed and row.tries == 0)
    row.tries = 0 if going_on else min(row.tries + 1, 1000)
    row.etag, row.problem, row.asked_at = page.etag, problem, current.now
    row.next_at = current.now + (SOON if going_on else pause(row.tries))
    row.save()
