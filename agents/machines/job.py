"""`poll_agents`: pools, agents and who waits for them → rows, and a sample of how busy each host is."""

from collections import Counter, defaultdict
from datetime import timedelta

from django.db.models import Q

from agents.builds.requests import save_waits
from agents.charts.arithmetic import hour_of
from agents.charts.periods import refresh_samples
from agents.machines.places import Places
from agents.machines.rows import save_agents, save_queue
from agents.models import Agent, Build, Host, Job, Pool, Sample, Waiting, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import RequestFacts
from flinkci_dashboard.clients.providers import MachineService, connect_machines
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models.writing import Changes

LIST_POOLS = timedelta(hours=1)  # pools come and go rarely
RECENT = timedelta(days=30)  # a hosted pool that no job has used for so long is not asked
FINISHED_REQUESTS = 25  # of a pool, to learn the waits of jobs that began and ended between two passes
SHOWN_HOSTS = (Host.AZURE, Host.ALIBABA)
BLIND = "shows none that we know of: the token may have lost its right to see them."


def poll_agents(current: Pass) -> None:
    """One pass: agents of the pools that we have machines in, requests where builds are open, one sample per host.

    Without the right on pools the pages say so; the samples then count what builds tell. While a pool does not
    answer, or our token is refused, there is no sample: the charts show the gap.
    """
    mark, _ = Watermark.objects.get_or_create(name="agents")
    service = connect_machines()
    poll = _Poll(current, service)
    try:
        note = poll.run()
    except NotAuthorizedError as error:
        note = str(error)
    except ServiceError as error:
        current.fail(str(error))
        note = str(error)
    if note and not current.errors and service.refuses_us():
        current.fail(note)
    Watermark.objects.filter(pk=mark.pk).update(note=note, **({} if note else {"at": current.now}))
    if not current.errors:
        _sample(current, allowed=not note)


class _Poll:
    """What one pass asks of pools and agents."""

    def __init__(self, current: Pass, service: MachineService) -> None:
        self._current, self._service = current, service
        self._places = Places(current.now)

    def run(self) -> str:
        """Read everything; returns which of it we may not read, and why, or "". Raises ThrottledError."""
        return self._list_pools() or self._poll_pools()

    def _list_pools(self) -> str:
        mark, _ = Watermark.objects.get_or_create(name="pools")
        if mark.at and self._current.now - mark.at < LIST_POOLS and not self._current.forced:
            return ""
        listed = {facts.external_id: facts for facts in self._service.pools()}
        known = Pool.objects.filter(gone_at=None)
        if not listed and known.exists():
            return f"The list of pools {BLIND}"
        changes: Changes[Pool] = Changes()
        for facts in listed.values():
            row = self._places.learn_pool(facts)
            values = {"name": facts.name, "hosted": facts.hosted, "size": facts.size, "seen_at": self._current.now}
            changes.put(row, values | {"missing_at": None, "gone_at": None})
        changes.write()
        if not self._note_absent(list(known.exclude(external_id__in=listed))):
            Watermark.objects.filter(pk=mark.pk).update(at=self._current.now)
        return ""

    def _note_absent(self, absent: list[Pool]) -> bool:
        """A pool that two lists leave out is gone, with its agents; tells whether a second list is wanted."""
        gone = [pool for pool in absent if pool.missing_at and pool.missing_at < self._current.now]
        fresh = [pool.pk for pool in absent if pool.missing_at is None]
        Pool.objects.filter(pk__in=fresh).update(missing_at=self._current.now)
        Pool.objects.filter(pk__in=[pool.pk for pool in gone]).update(gone_at=self._current.now)
        agents = Agent.objects.filter(pool__in=gone)
        agents.update(state=Agent.State.GONE, state_since=self._current.now)
        return bool(fresh)

    def _poll_pools(self) -> str:
        busy = self._is_busy()
        requests: list[tuple[Pool, RequestFacts]] = []
        unread: list[Pool] = []
        problem = ""
        for pool in self._pools_in_use():
            try:
                if busy or not pool.hosted:  # hosted machines don't go offline: nothing runs, nothing to see
                    problem = self._read_agents(pool) or problem
                if busy:
                    told = self._service.job_requests(pool.external_id, FINISHED_REQUESTS)
                    requests += [(pool, request) for request in told]
            except (NotAuthorizedError, NotFoundError) as error:
                problem = f"Pool {pool}: {error}"
            except ThrottledError:
                raise
            except ServiceError as error:
                self._current.fail(f"Pool {pool}: {error}")
                unread.append(pool)
        if busy:
            self._save_requests(requests, unread)
        return problem

    def _is_busy(self) -> bool:
        unfinished = Build.objects.filter(~Q(status=Status.FINISHED)).exists() or Waiting.objects.exists()
        return unfinished or self._current.forced or Agent.objects.filter(state=Agent.State.BUSY).exists()

    def _pools_in_use(self) -> list[Pool]:
        used = Agent.objects.filter(pool__isnull=False, last_job_at__gt=self._current.now - RECENT).values("pool")
        return list(Pool.objects.filter(Q(hosted=False) | Q(pk__in=used), gone_at=None))

    def _read_agents(self, pool: Pool) -> str:
        """Read a pool's agents; returns what is odd about the answer. A pool that is not empty shows some."""
        listed = self._service.agents(pool.external_id)
        known = Agent.objects.filter(pool=pool).exclude(state=Agent.State.GONE)
        if not listed and pool.size != 0 and known.exists():
            return "" if pool.hosted else f"Pool {pool} {BLIND}"
        changed = save_agents(pool, listed, self._service.provider, self._places, self._current.now)
        if changed:
            self._current.count("agents_changed", changed)
        return ""

    def _save_requests(self, requests: list[tuple[Pool, RequestFacts]], unread: list[Pool]) -> None:
        save_queue(requests, unread, self._service.provider, self._current.now)
        if changed := save_waits(requests, self._service.provider, self._places, self._current.now):
            self._current.count("jobs_changed", changed)


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
    if running[Host.GITHUB] or waiting[Host.GITHUB]:  # whose machines nobody lists: each is made for one job
        found = {"busy": running[Host.GITHUB], "queued": waiting[Host.GITHUB]}
        Sample.objects.create(at=current.now, host=Host.GITHUB, **found)
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
