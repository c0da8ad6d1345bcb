"""What the search finds of builds, branches, agents and failing tests."""

from django.db.models import Q
from django.urls import reverse

from agents.models import Agent, Build, Test, TestFailure
from flinkci_dashboard.names import commits_from, is_commit
from flinkci_dashboard.web.search import MOST, Group, Hit

MAX_DIGITS = 15  # of a build's number


def search(query: str) -> list[Group]:
    """Return builds by number or commit, branches, agents and failing tests by name."""
    return [_builds(query), _branches(query), _agents(query), _tests(query)]


def _builds(query: str) -> Group:
    named = Q(branch=query)
    number = query.removeprefix("#")
    if number.isdecimal() and len(number) <= MAX_DIGITS:
        named |= Q(external_id=int(number))
    if is_commit(query):
        first, last = commits_from(query)
        named |= Q(version__gte=first, version__lt=last)
    rows = Build.objects.filter(named).order_by("-queued_at")[:MOST]
    return Group("Builds", [_build(row, exact=number == str(row.external_id)) for row in rows])


def _build(row: Build, exact: bool) -> Hit:
    note = f"{row.get_provider_display()}, {row.branch}, {row.get_result_display() if row.result else row.status}"
    return Hit(f"Build {row.external_id}", row.get_absolute_url(), note, exact)


def _branches(query: str) -> Group:
    branches = Build.objects.filter(scope=Build.Scope.BRANCH, branch__has=query).order_by("branch")
    names = list(branches.values_list("branch", flat=True).distinct()[:MOST])
    return Group("Branches", [Hit(name, reverse("branch", args=[name]), exact=name == query) for name in names])


def _agents(query: str) -> Group:
    rows = list(Agent.objects.filter(name__has=query)[: MOST + 1])
    hits = [
        Hit(row.name, reverse("agent", args=[row.pk]), row.get_state_display(), row.name.lower() == query.lower())
        for row in rows[:MOST]
    ]
    return Group("Agents", hits, reverse("agents") if len(rows) > MOST else "")


def _tests(query: str) -> Group:
    named = Q(name__has=query) | Q(failure__key__has=query) | Q(failure__ticket__key__iexact=query)
    names = Test.objects.filter(named).select_related("failure__ticket").order_by("name")[:MOST]
    latest = {
        failure.test_id: failure.build
        for failure in TestFailure.objects.filter(test__in=list(names)).select_related("build").order_by("at")
    }
    failed = [test for test in names if test.pk in latest]
    return Group(
        "Failing tests",
        [Hit(test.name, test.get_absolute_url(), _known(test, latest[test.pk])) for test in failed],
        reverse("failures") if len(names) == MOST else "",
    )


def _known(test: Test, build: Build) -> str:
    ticket = test.failure.ticket if hasattr(test, "failure") else None  # type: ignore[attr-defined]
    last = f"failed last in build {build.external_id} of {build.branch}"
    return f"{last}; known as {ticket}" if ticket else last
