"""Builds that CI reports name and that we do not know: those of the bot that ran before us, read by their ids."""

from collections.abc import Iterable

from agents.builds.observe import ask_for
from agents.models import Build
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.names import build_name, build_number
from sync.models import PullRequest
from sync.pulls.report import build_id, parse


def read_reported(
    current: Pass, service: CIService, pulls: Iterable[PullRequest], bodies: dict[int, list[str]]
) -> bool:
    """Read the builds that reports name and that we do not know; tells if there were any.

    What the service has no more is noted with the pull request. `bodies` holds the texts of reports by pull request.
    """
    lost_before = {pull.pk: lost_ids(pull, service.provider) for pull in pulls}
    named = {pull.pk: _named(bodies.get(pull.pk, ())) - lost_before[pull.pk] for pull in pulls}
    wanted = set().union(*named.values()) if named else set()
    if not wanted:
        return False
    known = Build.objects.filter(provider=service.provider, external_id__in=wanted)
    unknown = wanted - set(known.values_list("external_id", flat=True))
    if not unknown:
        return False
    lost = ask_for(current, service, unknown)
    for pull in pulls:
        if gone := named[pull.pk] & lost:
            pull.lost_builds = sorted({*pull.lost_builds, *(build_name(service.provider, number) for number in gone)})
            pull.save(update_fields=["lost_builds"])
    return True


def lost_ids(pull: PullRequest, provider: str) -> set[int]:
    """Return the ids of a pull request's builds that a service does not have any more."""
    return {number for name in pull.lost_builds if (number := build_number(name, provider)) is not None}


def _named(bodies: Iterable[str]) -> set[int]:
    """Return the builds of all commits that are still shown."""
    reports = [parsed.report for parsed in map(parse, bodies) if parsed.report]
    entries = [entry for report in reports for entry in report.known if entry.status != "DELETED"]
    return {number for entry in entries if (number := build_id(entry.url))}
