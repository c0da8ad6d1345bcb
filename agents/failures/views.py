"""The page of failures: what fails most, and which ticket knows it."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_safe

from agents.charts.pace_rows import idle_jobs, slow_jobs
from agents.failures.figures import MOST, Line, ranked
from agents.failures.report import ISSUE
from agents.histories.files import SOURCE
from agents.histories.history import history_of
from agents.histories.lists import COMMITS, FAILED, IDLE_JOBS, SLOW_JOBS, SLOW_TESTS
from agents.histories.paces import slow_tests
from flinkci_dashboard.jobs.history import last_ended, last_good
from flinkci_dashboard.web.filters import Choice, FilterForm, Text
from flinkci_dashboard.web.live import Context, live, rights
from flinkci_dashboard.web.tables import Column, Table, count, own


class FailureFilter(FilterForm):
    """The filter of the list of failures."""

    q = Text("Test or ticket")
    known = Choice("Known", [("true", "in Jira"), ("false", "not in Jira")], "in Jira or not")

    def lines(self) -> list[Line]:
        """Return what is asked for, the most frequent first."""
        asked = self.asked()
        known = asked["known"] == "true" if "known" in asked else None
        return ranked(timezone.now(), known, asked.get("q", ""))


FAILURES = Table(
    "failures",
    (
        own("failure", "Test", lambda line: line.failure.key),
        Column("kind", value=lambda line: line.failure.kind),
        own("ticket", "Ticket", lambda line: line.failure.ticket_key),
        count("hits_1d", "1 day", lambda line: line.seen.hits_1d),
        count("hits_7d", "7 days", lambda line: line.seen.hits_7d),
        count("hits_30d", "30 days", lambda line: line.seen.hits_30d),
        own("first_seen", "First seen", lambda line: line.seen.first_seen),
        own("last_seen", "Last seen", lambda line: line.seen.last_seen),
        Column("branches", "Where", lambda line: " ".join(line.seen.branches)),
        Column("providers", value=lambda line: " ".join(line.seen.providers)),
    ),
)


def matched(request: HttpRequest) -> object:
    """Return what changes when a pass of the jobs ends that find failures."""
    return last_ended("poll_builds", "match_failures")


@require_safe
@live("agents/failures.html", "agents/_failures.html", version=matched, reader=rights)
def failures(request: HttpRequest) -> Context:
    """Rank the failures of the last 30 days; the address holds the filter."""
    form = FailureFilter(request.GET)
    return {
        "form": form,
        "filtered": bool(form.asked()),
        "table": FAILURES.of(request, form.lines()),
        "most": MOST,
        "issue": ISSUE,
        "asked_at": last_good("match_failures"),
        "slow": SLOW_JOBS.of(request, slow_jobs(), "slow-"),
        "slow_tests": SLOW_TESTS.of(request, slow_tests(timezone.now()), "tests-"),
        "idle": IDLE_JOBS.of(request, idle_jobs(timezone.now()), "idle-"),
    }


@require_safe
@live("agents/failing_test.html", "agents/_failing_test.html", version=matched, reader=rights)
def failing_test(request: HttpRequest, key: str) -> Context:
    """Show what is known of one test: where and when it failed, on what, and how often its jobs passed."""
    found = history_of(key, timezone.now())
    if found is None:
        raise Http404("No test of this name has ever failed, as far as builds were read.")
    return {
        "test": found,
        "table": FAILED.of(request, found.latest),
        "commits": COMMITS.of(request, found.commits, "commits-"),
        "jira": settings.JIRA_URL,
        "source": SOURCE,
        "asked_at": last_good("match_failures"),
    }
