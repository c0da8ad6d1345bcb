"""How often what fails has failed lately, where and when: for its page and for programs."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Aggregate, Case, Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from agents.failures.drafts import NO_DRAFT, Draft, drafts
from agents.models import Build, Failure, PatternHit, TestFailure
from agents.models.builds import Provider
from flinkci_dashboard.web.filters import contains

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
MOST = 50  # failures on the page
MAX_WORDS = 200  # characters of a message there


@dataclass(frozen=True)
class Figures:
    """What has been seen of one failure. Hits count builds."""

    hits_1d: int
    hits_7d: int
    hits_30d: int
    hits_before: int  # in the 7 days before the last 7
    first_seen: datetime | None
    last_seen: datetime | None
    providers: list[str]  # in the last 30 days, as are the branches
    branches: list[str]
    on_pulls: bool  # it was seen in builds of pull requests

    @property
    def trend(self) -> str:
        """Say how the last 7 days compare with the 7 before: "up from 2 the week before"."""
        if self.hits_7d == self.hits_before:
            return "as many the week before"
        return f"{'up' if self.hits_7d > self.hits_before else 'down'} from {self.hits_before} the week before"

    @property
    def services(self) -> list[str]:
        """Return the names of the services that it was seen on."""
        return [str(Provider(provider).label) for provider in self.providers]


NOTHING = Figures(0, 0, 0, 0, None, None, [], [], False)


@dataclass(frozen=True)
class Line:
    """A failure on the page. `latest` is where it was seen last."""

    failure: Failure
    seen: Figures
    latest: TestFailure | PatternHit | None
    draft: Draft  # a ticket to be opened, or a comment on the one that knows it

    @property
    def is_new(self) -> bool:
        """Tell whether it began in the last week, on a branch, and Jira does not know it."""
        first, last = self.seen.first_seen, self.seen.last_seen
        return bool(not self.failure.ticket_key and self.seen.branches and first and last and last - first < WEEK)

    @property
    def words(self) -> str:
        """Return with which words it failed last, as many as there is room for."""
        words = getattr(self.latest, "message", "")
        return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS - 1]}…"

    @property
    def ticket_url(self) -> str:
        """Return where its ticket is read."""
        return f"{settings.JIRA_URL}/browse/{self.failure.ticket_key}"

    @property
    def maybe_url(self) -> str:
        """Return where the ticket is read that names its class alone."""
        return f"{settings.JIRA_URL}/browse/{self.failure.maybe}"

    @property
    def came_back(self) -> bool:
        """Tell whether it failed again after its ticket was closed."""
        ticket = self.failure.ticket
        return bool(ticket and ticket.came_back(self.seen.last_seen))


def chosen(known: bool | None = None, ticket: str = "", text: str = "") -> QuerySet[Failure]:
    """Return the failures that somebody asks for; the text is found in names and in tickets' keys."""
    rows = Failure.objects.select_related("test", "ticket", "maybe", "pattern")
    if known is not None:
        has_ticket = Q(ticket__isnull=False) | Q(pattern__ticket__gt="")
        rows = rows.filter(has_ticket) if known else rows.exclude(has_ticket)
    if text:
        rows = rows.filter(contains(text, "key", "ticket__key", "pattern__ticket"))
    return rows.filter(Q(ticket__key=ticket) | Q(pattern__ticket=ticket)) if ticket else rows


def ranked(now: datetime, known: bool | None = None, text: str = "") -> list[Line]:
    """Return what failed in the last 30 days, the most frequent first, with what is ready for Jira: 18 queries."""
    found: list[Failure] = []
    for seen_in in ("test__failures", "hits"):
        recent = chosen(known, text=text).filter(**{f"{seen_in}__at__gt": now - MONTH})
        counted = recent.annotate(builds=Count(f"{seen_in}__build", distinct=True))
        found += counted.order_by("-builds", "-pk")[:MOST]
    found = sorted(found, key=lambda row: (-row.builds, -row.pk))[:MOST]  # type: ignore[attr-defined]
    seen, latest = figures(found, now), _latest(found, now)
    latest_hits = _latest_hits([row.pk for row in found if row.pattern_id])
    ready = drafts(found, latest, now)
    return [
        Line(row, seen[row.pk], latest.get(row.test_id or 0) or latest_hits.get(row.pk), ready.get(row.pk, NO_DRAFT))
        for row in found
    ]


def figures(failures: Iterable[Failure], now: datetime) -> dict[int, Figures]:
    """Return the figures of some failures, by their primary keys: four queries, and as many where patterns are."""
    rows = list(failures)
    tests = {row.test_id: row.pk for row in rows if row.test_id}
    patterns = {row.pk: row.pk for row in rows if row.pattern_id}
    seen = {tests[test]: each for test, each in seen_of(tests, now).items()}
    return {row.pk: NOTHING for row in rows} | seen | _seen(PatternHit.objects.all(), "failure", patterns, now)


def seen_of(tests: Iterable[int], now: datetime) -> dict[int, Figures]:
    """Return the figures of tests, by their primary keys: four queries."""
    return _seen(TestFailure.objects.all(), "test", list(tests), now)


def _seen(rows: QuerySet, by: str, keys: Collection[int], now: datetime) -> dict[int, Figures]:
    """Return the figures of what has failed, by the field that says what that was."""
    if not keys:
        return {}
    of_these = rows.filter(**{f"{by}__in": keys})
    recent = of_these.filter(at__gt=now - MONTH)
    hits = {each["pk"]: each for each in _ends(rows, by, keys) if each["first"]}
    for each in recent.order_by().values(by).annotate(**_windows(now)):
        hits[each[by]] |= each
    places: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    branch = Case(When(build__scope=Build.Scope.BRANCH, then="build__branch"), default=Value(""))
    for key, *place in recent.order_by().values_list(by, "build__provider", "build__scope", branch).distinct():
        places[key].append((place[0], place[1], place[2]))
    return {key: _figures(each, places[key]) for key, each in hits.items()}


def _ends(rows: QuerySet, by: str, keys: Collection[int]) -> QuerySet:
    """Return when each has failed first and last: looked up in the index, not among all its failures."""
    own = rows.filter(**{by: OuterRef("pk")}).values("at")
    parents = rows.model._meta.get_field(by).related_model.objects.filter(pk__in=keys)
    ends = {"first": Subquery(own.order_by("at")[:1]), "last": Subquery(own.order_by("-at")[:1])}
    return parents.order_by().values("pk").annotate(**ends)


def figures_of_test(tests: list[int], places: Iterable[tuple[str, str, str]], now: datetime) -> Figures:
    """Return the figures of a test under all its names; `places` are provider, scope and branch of recent failures."""
    of_these = TestFailure.objects.filter(test__in=tests)
    hits = of_these.aggregate(first=Min("at"), last=Max("at"), **_windows(now))
    return _figures(hits, list(set(places)))


def _windows(now: datetime) -> dict[str, Aggregate]:
    def since(age: timedelta) -> Count:
        return Count("build", distinct=True, filter=Q(at__gt=now - age))

    hits = {"hits_1d": since(DAY), "hits_7d": since(WEEK), "hits_30d": since(MONTH)}
    before = Count("build", distinct=True, filter=Q(at__gt=now - 2 * WEEK, at__lte=now - WEEK))
    return {**hits, "hits_before": before}


def _figures(hits: dict, places: list[tuple[str, str, str]]) -> Figures:
    return Figures(
        hits_1d=hits.get("hits_1d", 0),
        hits_7d=hits.get("hits_7d", 0),
        hits_30d=hits.get("hits_30d", 0),
        hits_before=hits.get("hits_before", 0),
        first_seen=hits["first"],
        last_seen=hits["last"],
        providers=sorted({provider for provider, _, _ in places}),
        branches=sorted({branch for _, _, branch in places if branch}),
        on_pulls=any(scope != Build.Scope.BRANCH for _, scope, _ in places),
    )


def _latest(failures: Iterable[Failure], now: datetime) -> dict[int, TestFailure]:
    tests = {row.test_id for row in failures}
    recent = TestFailure.objects.filter(test__in=tests, at__gt=now - MONTH).order_by()
    newest = recent.values("test").annotate(newest=Max("pk"))
    rows = TestFailure.objects.filter(pk__in=newest.values("newest")).select_related("build", "job")
    return {row.test_id: row for row in rows}


def _latest_hits(patterns: Collection[int]) -> dict[int, PatternHit]:
    if not patterns:
        return {}
    newest = PatternHit.objects.filter(failure__in=patterns).order_by().values("failure").annotate(newest=Max("pk"))
    rows = PatternHit.objects.filter(pk__in=newest.values("newest")).select_related("build", "job")
    return {row.failure_id: row for row in rows}
