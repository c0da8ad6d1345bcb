"""Where jobs ran: pools by queue, agents by pool and name, hosts by the rules. One `Places` serves one pass."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from agents.builds.rows import rehost_jobs
from agents.machines.hosts import LogHead, Rule, host_of
from agents.machines.names import host_of_pool
from agents.models import Agent, AgentDay, HostRule, Job, Pool, Queue, StaleDay
from flinkci_dashboard.clients.facts import JobFacts, PoolFacts, QueueFacts

# Build's external id, log id → what the log's head says; None when it could not be read now.
ReadHead = Callable[[int, int], LogHead | None]


@dataclass(frozen=True)
class Place:
    """Where a job ran, or will run, as far as anything tells."""

    pool: Pool | None
    agent: Agent | None
    host: str
    head_read: bool  # the log has been asked, and is not asked again


class Places:
    """Pools, queues, agents and rules, read once."""

    def __init__(self, now: datetime, read_head: ReadHead | None = None) -> None:
        self._now = now
        self._read_head = read_head
        self.rules = [Rule(rule.pattern, rule.host) for rule in HostRule.objects.all()]
        self.pools = {pool.external_id: pool for pool in Pool.objects.all()}
        self.queues = {queue.external_id: queue.pool for queue in Queue.objects.select_related("pool")}
        self._agents: dict[tuple[int | None, str], Agent] = {}
        for agent in Agent.objects.select_related("pool"):
            self._agents[agent.pool_id, agent.name] = agent

    def fingerprint(self) -> str:
        """Return a value that changes when a rule or a pool's host does."""
        facts = [
            [(rule.pattern, rule.host) for rule in self.rules],
            sorted((p.pk, p.host) for p in self.pools.values()),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def unknown_queues(self, jobs: Iterable[JobFacts]) -> set[int]:
        """Return the queues of these jobs whose pool we do not know."""
        return {job.queue_id for job in jobs if job.queue_id is not None} - self.queues.keys()

    def learn_queues(self, found: Iterable[QueueFacts]) -> None:
        """Remember which pools queues lead to, and pools that are new to us."""
        for facts in found:
            if facts.pool_id is None:
                continue
            pool = self.learn_pool(PoolFacts(facts.pool_id, facts.pool_name, None, None))
            Queue.objects.update_or_create(external_id=facts.external_id, defaults={"pool": pool})
            self.queues[facts.external_id] = pool

    def learn_pool(self, facts: PoolFacts) -> Pool:
        """Return the row of a pool, made when it is new. Its host is guessed once; from then on it is an admin's."""
        if known := self.pools.get(facts.external_id):
            return known
        defaults = {"name": facts.name, "hosted": facts.hosted, "host": host_of_pool(facts.name, facts.hosted)}
        pool, _ = Pool.objects.get_or_create(external_id=facts.external_id, defaults=defaults)
        self.pools[facts.external_id] = pool
        return pool

    def of(self, row: Job, facts: JobFacts) -> Place:
        """Return where a job ran. The pool that its request told before stays, where the queue tells nothing.

        Where the service says whose machine it was, that machine was made for this job alone.
        """
        if facts.host:
            return Place(None, None, facts.host, head_read=True)
        pool = self.queues.get(facts.queue_id) if facts.queue_id is not None else None
        pool = pool or row.pool
        if not facts.worker_name:
            return Place(pool, None, pool.host if pool else "", row.head_read)
        host = host_of(pool.host if pool else "", facts.worker_name, self.rules) or row.host
        head = None if host or row.head_read else self._head(row, facts)
        host = host or host_of("", facts.worker_name, self.rules, head)
        return Place(pool, self.agent(pool, facts.worker_name, host), host, row.head_read or head is not None)

    def agent(self, pool: Pool | None, name: str, host: str) -> Agent:
        """Return the row of an agent, made when it is new.

        Where the job does not tell the pool, the one agent of that name is meant; where it does, an agent that was
        known by its name alone now has a pool.
        """
        known = self._known(pool, name)
        if known is None:
            known, _ = Agent.objects.get_or_create(pool=pool, name=name, defaults={"host": host, "seen_at": self._now})
        if host and known.host != host:
            known.host = host
            known.save(update_fields=["host"])
        self._agents[known.pool_id, name] = known
        return known

    def _known(self, pool: Pool | None, name: str) -> Agent | None:
        if known := self._agents.get((pool.pk if pool else None, name)):
            return known
        if pool is None:
            named = [agent for (_, other), agent in self._agents.items() if other == name]
            return named[0] if len(named) == 1 else None
        if known := self._agents.pop((None, name), None):
            known.pool = pool
            known.save(update_fields=["pool"])
        return known

    def rehost(self) -> int:
        """Apply the rules anew to agents and their jobs, after a person changed them; returns how many agents moved."""
        moved, stale = 0, set()
        for agent in self._agents.values():
            host = host_of(agent.pool.host if agent.pool else "", agent.name, self.rules)
            if host and host != agent.host:
                agent.host = host
                agent.save(update_fields=["host"])
                moved += 1
            if host and rehost_jobs(agent, host):
                stale |= set(AgentDay.objects.filter(agent=agent).values_list("day", flat=True))
        StaleDay.objects.bulk_create([StaleDay(day=day) for day in stale], ignore_conflicts=True)
        return moved

    def _head(self, row: Job, facts: JobFacts) -> LogHead | None:
        if self._read_head is None or facts.log_id is None:
            return None
        return self._read_head(row.build.external_id, facts.log_id)
