"""Tickets and comments that are ready to be copied, for the failures on the page."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef

from agents.failures.report import Hit, comment_text, component_of, ticket_text, ticket_title
from agents.failures.reproduce import setup_of
from agents.histories.culprits import Culprits, culprits
from agents.models import Build, Failure, Test, TestFailure

BACK = timedelta(days=1)  # hits that a comment speaks of
LATELY = timedelta(days=30)  # since when a failure on master is worth its commits
MAIN = "master"  # where what is new is the most urgent
MOST = 500  # hits


@dataclass(frozen=True)
class Draft:
    """What is ready for Jira: a ticket (with title and component), or a comment on a known failure's."""

    text: str
    title: str = ""
    component: str = ""
    culprits: Culprits | None = None  # since when it fails on master


NO_DRAFT = Draft("")


def drafts(failures: Collection[Failure], latest: dict[int, TestFailure], now: datetime) -> dict[int, Draft]:
    """Return what is ready, by the failures' primary keys; `latest` are last failures by test. Six queries at most."""
    of_tests = {row.test_id: row for row in failures if row.test_id}  # a pattern's ticket is an admin's to name
    new = {test: row for test, row in of_tests.items() if not row.ticket and test in latest}
    since = _since(new, now)
    tickets = {row.pk: _ticket(row, latest[test], since.get(test)) for test, row in new.items()}
    hits = _hits([test for test, row in of_tests.items() if row.ticket], now)
    return tickets | {row.pk: _comment(row, hits[test], now) for test, row in of_tests.items() if hits.get(test)}


def hit_of(failure: TestFailure) -> Hit:
    """Return one time that a test failed, as tickets and comments tell it: linked at the line of the log, if known."""
    build, job = failure.build, failure.job
    setup = setup_of(job.name, build.provider, build.branch)
    job.build = build
    return Hit(build.branch, job.name, build.version, job.log_url or build.web_url, failure.message, setup)


def _ticket(failure: Failure, last: TestFailure, since: Culprits | None) -> Draft:
    hit = hit_of(last)
    commits = [f"{commit.sha[:10]} {commit.subject}" for commit in since.commits] if since else ()
    says = since.sentence if since and last.build.branch == MAIN else ""
    text = ticket_text(failure.key, hit, says, commits if says else ())
    return Draft(text, ticket_title(failure.key, last.message), component_of(failure.key, hit.setup.module), since)


def _comment(failure: Failure, hits: list[TestFailure], now: datetime) -> Draft:
    return Draft(comment_text(str(failure.ticket), failure.key, [hit_of(row) for row in hits], now.date()))


def _since(tests: Iterable[int], now: datetime) -> dict[int, Culprits]:
    """Return since which commits tests fail on master, that began to lately: of others nobody asks any more."""
    rows = TestFailure.objects.filter(build__scope=Build.Scope.BRANCH, build__branch=MAIN)
    before = Exists(rows.filter(test=OuterRef("pk"), at__lte=now - LATELY))
    asked = Test.objects.filter(pk__in=list(tests)).values_list("pk", before)  # each by itself stops at the first
    began = rows.filter(test__in=[test for test, is_old in asked if not is_old], at__gt=now - LATELY).order_by()
    firsts = began.values("test").annotate(first=Min("pk")).values_list("first", flat=True)
    found = list(TestFailure.objects.filter(pk__in=list(firsts)).select_related("job", "build"))
    known = culprits(found)
    return {row.test_id: known[row.pk] for row in found if row.pk in known}


def _hits(tests: Collection[int], now: datetime) -> dict[int, list[TestFailure]]:
    rows = TestFailure.objects.filter(test__in=tests, build__scope=Build.Scope.BRANCH, at__gt=now - BACK)
    found: dict[int, list[TestFailure]] = defaultdict(list)
    for row in rows.select_related("job", "build").order_by("-at", "-pk")[:MOST]:
        found[row.test_id].append(row)
    return found
