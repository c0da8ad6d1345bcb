"""The daily exposure check: no pull request build sees a secret, and none of its code comes near one."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from flinkci_dashboard.accounts.mail import warn
from flinkci_dashboard.clients.azure import pipelines
from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github import rights
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Exposure
from sync.exposure.inventory import save_inventory
from sync.exposure.rules import Finding, mirror_entrances, pull_request_pipelines, push_rights, trust_gate
from sync.models import Repository, TrustGate

JOB = "check_exposure"
TITLES = Exposure.TITLES
SETTINGS = ("trust-gate",)  # what an admin decides: it is told, and nobody is alarmed


def check_exposure(current: Pass) -> None:
    """Answer every question anew; a service that does not answer leaves its question open, and the pass partial."""
    for name, question in (
        ("pull-request-secrets", _pull_request_secrets),
        ("mirror-entrances", _mirror_entrances),
        ("push-rights", _push_rights),
        ("trust-gate", _trust_gate),
    ):
        _check(current, name, question)


def _pull_request_secrets() -> Finding:
    found, groups = pipelines.pipelines(), pipelines.variable_groups()
    save_inventory(found, groups, timezone.now())
    return pull_request_pipelines(found, groups, _repositories(Repository.Role.PULL_REQUESTS))


def _mirror_entrances() -> Finding:
    mirrors = _repositories(Repository.Role.MIRROR)
    branches = [branch for mirror in sorted(mirrors) for branch in rights.pull_request_branches(mirror)]
    return mirror_entrances(pipelines.pipelines(), branches, mirrors)


def _push_rights() -> Finding:
    sources = sorted(_repositories(Repository.Role.SOURCE))
    return push_rights([source for source in sources if rights.may_push(source)])


def _trust_gate() -> Finding:
    setting = TrustGate.current()
    return trust_gate(setting.mode, setting.hold_files)


def _repositories(role: str) -> set[str]:
    return {str(repository) for repository in Repository.objects.filter(role=role)}


def _check(current: Pass, name: str, question: Callable[[], Finding]) -> None:
    try:
        finding = question()
    except UnavailableError as error:
        current.fail(f"{TITLES[name]}: {error}")
        _record(name, Exposure.State.UNKNOWN, None, str(error), current.now)
        return
    current.achieved = True
    lacking = Exposure.State.ALLOWED if name in SETTINGS else Exposure.State.EXPOSED
    state = lacking if finding.exposed else Exposure.State.SAFE
    row = _record(name, state, finding, "", current.now)
    if state == Exposure.State.EXPOSED:
        subject = f"Exposed: it no longer holds that {TITLES[name][0].lower()}{TITLES[name][1:]}"
        text = "\n".join([f"{subject}.", "", *finding.exposed])
        if warn(f"exposure:{name}:{row.state_since.isoformat()}", JOB, subject, text, []):
            current.count("mails")


def _record(name: str, state: Exposure.State, finding: Finding | None, detail: str, now: datetime) -> Exposure:
    """Write the answer down. What is exposed counts as a change too: a further secret is a new warning."""
    row = Exposure.objects.filter(check_name=name).first() or Exposure(check_name=name)
    exposed = list(finding.exposed) if finding else row.names
    if (row.state, row.names) != (state, exposed):
        row.state_since = now
    row.state, row.names, row.detail, row.checked_at = state, exposed, detail, now
    if finding:
        row.seen = list(finding.seen)
    row.save()
    return row
