"""The section of each open pull request's report that explains its failures: made anew where something changed."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, Sum

from agents.failures.match import name_of
from agents.migration.authority import PULLS, Decisions
from agents.models import Job, PatternHit, TestFailure
from agents.models.builds import Result, Status
from flinkci_dashboard.models import Switch
from flinkci_dashboard.models.writing import Changes
from sync.merging.figures import readiness_of
from sync.merging.section import Told, section_text
from sync.merging.stages import RED
from sync.models import PullRequest
from sync.pulls.figures import judged

NAME = "failures"  # of the section
SWITCH = "explain_in_reports"
CHUNK = 500  # heads in one query

log = logging.getLogger(__name__)


def offer_switch() -> None:
    """Let an admin switch the section on."""
    words = (
        "Adds to each CI report, below ci-bot's part, what failed, whose that seems to be, and which stages are left."
    )
    Switch.offer(SWITCH, "Explain failures in CI reports", words)


def refresh_sections(fail: Callable[[str], None]) -> int:
    """Bring the sections of open pull requests up to date; returns how many changed. Off, those that stand are taken
    back. One that can't be made is told to `fail`, and does not stop the others.
    """
    changes: Changes[PullRequest] = Changes()
    if not Switch.is_on(SWITCH):
        for pull in PullRequest.objects.filter(sections__has_key=NAME):
            changes.put(pull, _without(pull))
        return changes.write()
    pulls = list(PullRequest.objects.filter(state=PullRequest.State.OPEN))
    deciding = ",".join(Decisions().providers(PULLS))
    prints = _fingerprints({pull.head_sha for pull in pulls})
    for pull in pulls:
        seen = f"{deciding} {prints[pull.head_sha]}" if pull.head_sha in prints else ""
        if seen and pull.sections_of.get(NAME) != seen:
            _make(changes, pull, seen, fail)
        elif not seen and NAME in pull.sections_of:
            changes.put(pull, _without(pull))
    return changes.write()


def _make(changes: Changes[PullRequest], pull: PullRequest, seen: str, fail: Callable[[str], None]) -> None:
    try:
        text = section_of(pull)
    except Exception as error:
        log.exception("#%s can't be explained", pull.number)
        fail(f"#{pull.number}: {type(error).__name__}: {error}")
    else:
        sections, made_of = pull.sections | {NAME: text}, pull.sections_of | {NAME: seen}
        changes.put(pull, {"sections": sections, "sections_of": made_of})


def section_of(pull: PullRequest) -> str:
    """Return what its report says apart."""
    found = judged(pull)
    told = [
        Told(
            name_of(each.name).key,
            each.job.name,
            each.verdict.word,
            each.verdict.reason,
            each.ticket,
        )
        for each in found
    ]
    page = f"{settings.PUBLIC_URL}/pulls/{pull.number}/"
    return section_text(readiness_of(pull, found), told, settings.JIRA_URL, page)


def _without(pull: PullRequest) -> dict[str, Any]:
    names = ("sections", "sections_of")
    return {field: {name: each for name, each in getattr(pull, field).items() if name != NAME} for field in names}


def _fingerprints(heads: Iterable[str]) -> dict[str, str]:
    """Return, of each head with a red job, what changes when its jobs, their failures or the tickets change."""
    ordered = sorted(heads)
    found: dict[str, str] = {}
    for start in range(0, len(ordered), CHUNK):
        red = {version: str(facts) for version, *facts in _jobs(ordered[start : start + CHUNK])}
        for version, *facts in (*_tests(list(red)), *_patterns(list(red))):
            red[version] += str(facts)
        found |= red
    return found


def _jobs(heads: list[str]) -> Any:
    counts = {
        "jobs": Count("pk"),
        "ended": Count("pk", filter=Q(status=Status.FINISHED)),
        "passed": Count("pk", filter=Q(result=Result.SUCCEEDED)),
        "red": Count("pk", filter=Q(result__in=RED)),  # the fourth, for below
        "causes": Count("pk", filter=~Q(cause="")),
    }
    rows = Job.objects.filter(build__version__in=heads).order_by().values("build__version")
    return [each for each in rows.annotate(**counts).values_list("build__version", *counts) if each[4]]


def _patterns(heads: list[str]) -> Any:
    rows = PatternHit.objects.filter(build__version__in=heads).order_by().values("build__version")
    return rows.annotate(hits=Count("pk"), newest=Max("pk")).values_list("build__version", "hits", "newest")


def _tests(heads: list[str]) -> Any:
    rows = TestFailure.objects.filter(build__version__in=heads).order_by().values("build__version")
    counts = {"newest": Max("pk"), "tickets": Sum("test__failure__ticket"), "known": Count("test__failure__ticket")}
    return rows.annotate(**counts).values_list("build__version", *counts)
