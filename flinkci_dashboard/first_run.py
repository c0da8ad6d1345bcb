"""What an installation needs before it works: a list for its admin, until every job has had its first good pass."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists
from django.urls import reverse

from flinkci_dashboard.jobs.alerts import silent_worker
from flinkci_dashboard.jobs.history import of_each
from flinkci_dashboard.jobs.modes import observing
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Contact, Credential, JobRun, JobSchedule
from flinkci_dashboard.web.words import counted

SERVICES = (Credential.Service.GITHUB, Credential.Service.AZURE)  # without which no job can work


@dataclass(frozen=True)
class Step:
    """One thing to do, and whether it is done."""

    done: bool
    text: str
    url: str = ""


def steps(now: datetime) -> list[Step]:
    """Return what is done and what is still to do; nothing once every scheduled job has had a good pass."""
    waiting = _without_good_pass()
    if not waiting:
        return []
    return [_worker(now), *_credentials(), _contacts(), _mode(), _passes(waiting)]


def _without_good_pass() -> list[str]:
    good = of_each().filter(outcome=JobRun.Outcome.OK)
    rows = JobSchedule.objects.filter(enabled=True, job__in=JOBS).exclude(Exists(good.order_by()))
    return list(rows.values_list("job", flat=True))


def _worker(now: datetime) -> Step:
    return Step(silent_worker(now) is None, "Start the worker: manage.py qcluster", reverse("jobs"))


def _credentials() -> list[Step]:
    """Tell for each service whether the probe found that its token works, wherever that is kept."""
    working = set(Credential.objects.filter(works=True).values_list("serves", flat=True))
    return [
        Step(
            service.value in working,
            f"Enter a token of {service.label} that works: store it here, or set {service.name}_TOKEN",
            reverse("credentials"),
        )
        for service in SERVICES
    ]


def _contacts() -> Step:
    unreachable = [each for each in Contact.objects.filter(active=True) if not each.reachable]
    left = f": {counted(len(unreachable), 'contact')} without" if unreachable else ""
    url = reverse("admin:flinkci_dashboard_contact_changelist")
    return Step(not unreachable, f"Enter an address for each contact{left}", url)


def _mode() -> Step:
    watched = observing()
    words = "Let the jobs write: while they only observe, compare them with the old bots; then set SYNC_MODE=active"
    return Step(not watched, words, reverse("help_text", args=["take-over"]))


def _passes(waiting: list[str]) -> Step:
    titles = ", ".join(JOBS[name].title for name in waiting)
    return Step(False, f"Wait for the first good pass of each job; still to come: {titles}", reverse("jobs"))
