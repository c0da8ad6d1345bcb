"""What the infrastructure page shows: the wiki page's facts, as the rows have them now."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q

from agents.migration.authority import Decisions
from agents.models import Agent, Criterion, Host
from agents.models.builds import Provider
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Action, Credential, JobRun
from flinkci_dashboard.web.tones import tone
from sync.infrastructure.places import (
    ARROWS,
    MIGRATION_TICKET,
    ORGANIZATION,
    PIPELINE_FILE,
    SPONSOR,
    TEMPLATES,
    Arrow,
)
from sync.models import MirrorBranch, PipelineVariable, Repository

# Which job of ours reads and writes a repository, by its role.
READERS = {
    Repository.Role.SOURCE: ("sync_mirrors", "sync_pulls", "label_pulls", "poll_actions"),
    Repository.Role.MIRROR: ("sync_mirrors", "poll_builds", "poll_actions"),
    Repository.Role.PULL_REQUESTS: ("sync_pulls", "poll_builds", "poll_actions"),
    Repository.Role.OTHER: ("poll_actions",),
}
WRITERS = {
    Repository.Role.SOURCE: ("sync_pulls", "label_pulls"),  # comments and labels, never code
    Repository.Role.MIRROR: ("sync_mirrors",),
    Repository.Role.PULL_REQUESTS: ("sync_pulls",),
}
PUSHES = ("push-branch", "delete-branch", "reset-branch")  # acts on code; all others are on what people read
LASTING = (Host.AZURE, Host.ALIBABA)  # the hosts whose agents are more than one job's
GIVEN = {
    Host.AZURE: "virtual machines that the service gives to open source projects",
    Host.ALIBABA: "virtual machines that Alibaba gives for Flink's CI alone",
    Host.GITHUB: "GitHub's machines, of which the foundation has a share",
}
SUCCESSORS = {arrow.instead_of: arrow.job for arrow in ARROWS if arrow.instead_of}  # bot → our job


@dataclass(frozen=True)
class Flow:
    """One arrow of the diagram with its state: how the last pass of its job ended, and when."""

    arrow: Arrow
    state: str
    at: datetime | None

    @property
    def tone(self) -> str:
        """Return the colour of its arrow."""
        return tone(self.state)


@dataclass(frozen=True)
class RepositoryLine:
    """A repository, who reads and writes it, and what was done to it last."""

    repository: Repository
    read_by: list[str]
    written_by: list[str]
    replaced_by: str  # for a bot: the job of ours
    last: Action | None


@dataclass(frozen=True)
class VariableLine:
    """A variable that the CI service has, and the entry that describes it."""

    variable: PipelineVariable
    described_by: Credential | None

    @property
    def state(self) -> str:
        """Return its badge's state."""
        if self.variable.gone_at:
            return "gone"
        return "ok" if self.described_by or not self.variable.secret else "unknown"

    @property
    def label(self) -> str:
        """Say how it stands."""
        if self.variable.gone_at:
            return "gone"
        if self.described_by:
            return "described"
        return "found, not described yet" if self.variable.secret else "no secret"


def flows() -> list[Flow]:
    """Return every arrow with the state of its job."""
    last = {job: latest_pass(job) for job in {arrow.job for arrow in ARROWS}}
    return [_flow(arrow, last[arrow.job]) for arrow in ARROWS]


def _flow(arrow: Arrow, run: JobRun | None) -> Flow:
    return Flow(arrow, run.outcome if run else "none", run.ended_at if run else None)


def repositories() -> list[RepositoryLine]:
    """Return the repositories that something is done with, each with its last act."""
    return [_repository(row) for row in sorted(Repository.objects.filter(archived=False), key=_place)]


def _place(row: Repository) -> tuple[int, str]:
    return Repository.Role.values.index(row.role), str(row)


def _repository(row: Repository) -> RepositoryLine:
    role = Repository.Role(row.role)
    writers = WRITERS.get(role, ())
    done = Action.objects.filter(job__in=writers, state=Action.State.DONE)
    pushes = Q(kind__in=PUSHES)
    done = done.exclude(pushes) if role == Repository.Role.SOURCE else done.filter(pushes)
    return RepositoryLine(
        row,
        [JOBS[job].title for job in READERS.get(role, ()) if row.followed or job != "poll_actions"],
        [JOBS[job].title for job in writers],
        JOBS[SUCCESSORS[row.name]].title if row.name in SUCCESSORS else "",
        done.order_by("-pk").first() if writers else None,
    )


def variables() -> list[VariableLine]:
    """Return the variables that the CI service has or had; secret ones that nobody has described come first."""
    described = {row.variable: row for row in Credential.objects.exclude(variable="")}
    lines = [VariableLine(row, described.get(row.name)) for row in PipelineVariable.objects.all()]
    return sorted(lines, key=lambda line: (line.state != "unknown", line.state == "gone"))


def definitions() -> list[dict[str, str]]:
    """Return where the builds are defined, at the commit of each mirrored branch."""
    source = Repository.objects.filter(role=Repository.Role.SOURCE).first()
    if source is None:
        return []
    rows = MirrorBranch.objects.filter(selected=True).exclude(source_sha="").order_by("name")
    return [
        {
            "branch": row.name,
            "file": f"{source.web_url}/blob/{row.source_sha}/{PIPELINE_FILE}",
            "templates": f"{source.web_url}/tree/{row.source_sha}/{TEMPLATES}",
        }
        for row in rows
    ]


def machines() -> list[dict[str, object]]:
    """Return for each kind of host how many agents there are, and how many of them are online."""
    online = Q(state__in=(Agent.State.BUSY, Agent.State.IDLE))
    rows = Agent.objects.order_by().values("host").annotate(known=Count("pk"), online=Count("pk", filter=online))
    of_host = {row["host"]: (row["known"], row["online"]) for row in rows}
    return [
        {
            "title": host.label,
            "host": host.value,
            "given": GIVEN.get(host, ""),
            "lasting": host in LASTING,
            "known": known,
            "online": up,
        }
        for host in Host
        if host
        for known, up in [of_host.get(host, (0, 0))]
    ]


def migration() -> dict[str, object]:
    """Return how far the migration to GitHub Actions has come: criteria that are met, and who has the say of master."""
    criteria = Criterion.objects.aggregate(all=Count("pk"), met=Count("pk", filter=Q(met_since__isnull=False)))
    says = [provider.label for provider in Decisions().providers("master")]
    known = {"ticket": MIGRATION_TICKET, "url": f"{settings.JIRA_URL}/browse/{MIGRATION_TICKET}"}
    return known | {"criteria": criteria["all"], "met": criteria["met"], "says": says}


def service() -> dict[str, str]:
    """Return the CI service's name and the address of our project there."""
    return {
        "name": Provider.AZURE.label,
        "url": f"{settings.AZURE_DEVOPS_URL}/{settings.AZURE_PROJECT}",
        "project": settings.AZURE_PROJECT,
        "account": settings.AZURE_DEVOPS_URL.rstrip("/").rpartition("/")[2],
        "file": PIPELINE_FILE,
        "sponsor": SPONSOR,
    }


def organization() -> dict[str, str]:
    """Return the organization that the repositories for CI are in, and whose it is."""
    return {"name": ORGANIZATION, "url": f"{settings.GITHUB_GIT_URL}/{ORGANIZATION}", "owner": SPONSOR}
