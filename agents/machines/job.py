"""`poll_agents`: pools, agents and who waits for them → rows, and a sample of how busy each host is."""

from collections import Counter, defaultdict
from datetime import timedelta

from django.db.models import Q

from agents.charts.arithmetic import hour_of
from agents.charts.periods import refresh_samples
from agents.machines.places import Places
from agents.machines.rows import save_agents, save_requests
from agents.models import Agent, Build, Host, Job, Pool, Sample, Waiting, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.azure.project import Azure, connect
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import RequestFacts
from flinkci_dashboard.jobs.run import Pass

LIST_POOLS = timedelta(hours=1)  # pools come and go rarely
RECENT = timedelta(days=30)  # a hosted pool that no job has used for so long is not asked
FINISHED_REQUESTS = 25  # of a pool, to learn the waits of jobs that began and ended between two passes
SHOWN_HOSTS = (Host.AZURE, Host.ALIBABA)


def poll_agents(current: Pass) -> None:
    """One pass: agents of the pools that we have machines in, requests where builds are open, one sample per host.

    Without the right on pools the pages say so; the samples then count what builds tell. While a pool does not
    answer there is no sample: the charts show the gap.
    """
    azure = connect()
    mark, _ = Watermark.objects.get_or_create(name="agents")
    places = Places(current.now)
    try:
        _list_pools(current, azure, places)
        note = _poll_pools(current, azure, places)
    except NotAuthorizedError as error:
        note = str(error)
    except ServiceError as error:
        current.fail(str(error))
        note = str(error)
    Watermark.objects.filter(pk=mark.pk).update(note=note, **({} if note else {"at": current.now}))
    if not current.errors:
        _sample(current, allowed=not note)


def _list_pools(current: Pass, azure: Azure, places: Places) -> None:
    mark, _ = Watermark.objects.get_or_create(name="pools")
    if mark.at and current.now - mark.at < LIST_POOLS and not current.forced:
        return
    told = azure.pools()
    for facts in told:
        row = places.learn_pool(facts)
        row.name, row.hosted, row.size = facts.name, facts.hosted, facts.size
        row.seen_at, row.gone_at = current.now, None
        row.save(update_fields=["name", "hosted", "size", "seen_at", "gone_at"])
    gone = Pool.objects.filter(gone_at=None).exclude(external_id__in=[facts.external_id for facts in told])
    gone.update(gone_at=current.now)
    Agent.objects.filter(pool__gone_at=current.now).update(state=Agent.State.GONE, state_since=current.now)
    mark.at = current.now
    mark.save(update_fields=["at"])


def _poll_pools(current: Pass, azure: Azure, places: Places) -> str:
    """Poll each pool; returns which one we may not read, and why, or "". Raises ThrottledError."""
    busy = Build.objects.filter(~Q(status=Status.FINISHED)).exists() or Waiting.objects.exists() or current.forced
    busy = busy or Agent.objects.filter(state=Agent.State.BUSY).exists()
    requests: dict[Pool, list[RequestFacts]] = {}
    unread: list[Pool] = []
    problem = ""
    for pool in _pools_in_use(current):
        try:
            if busy or not pool.hosted:  # Azure's own machines don't go offline: nothing runs, nothing to see
                save_agents(current, pool, azure.agents(pool.external_id), places)
            if busy:
                requests[pool] = azure.job_requests(pool.external_id, FINISHED_REQUESTS)
        except (NotAuthorizedError, NotFoundError) as error:
            problem = f"Pool {pool}: {error}"
        except ThrottledError:
            raise
        except ServiceError as error:
            current.fail(f"Pool {pool}: {error}")
            unread.append(pool)
    if busy:
        save_requests(current, requests, unread, places)
    return problem


def _pools_in_use(current: Pass) -> list[Pool]:
    used = Agent.objects.filter(pool__isnull=False, last_job_at__gt=current.now - RECENT).values("pool")
    return list(Pool.objects.filter(Q(hosted=False) | Q(pk__in=used), gone_at=None))


def _sample(current: Pass, allowed: bool) -> None:
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for host, state in Agent.objects.exclude(state=Agent.State.SEEN).values_list("host", "state"):
        states[host][state] += 1
    waiting, running = _from_builds()
    queued = Counter(Waiting.objects.values_list("pool__host", flat=True)) if allowed else waiting
    State = Agent.State  # noqa: N806
    Sample.objects.bulk_create(
        Sample(
            at=current.now,
            host=host,
            busy=states[host][State.BUSY] if allowed else running[host],
            idle=states[host][State.IDLE] if allowed else None,
            offline=states[host][State.OFFLINE] + states[host][State.DISABLED] if allowed else None,
            queued=queued[host],
        )
        for host in SHOWN_HOSTS
    )
    hour = hour_of(current.now)
    refresh_samples(hour - timedelta(hours=1), hour + timedelta(hours=1))


def _from_builds() -> tuple[Counter[str], Counter[str]]:
    """Count by host the jobs that wait for an agent, and those that run, as far as builds tell."""
    waiting: Counter[str] = Counter()
    running: Counter[str] = Counter()
    for host, queued_at, started_at in Job.objects.filter(~Q(status=Status.FINISHED)).values_list(
        "host", "queued_at", "started_at"
    ):
        (running if started_at else waiting)[host] += bool(started_at or queued_at)
    return waiting, running
