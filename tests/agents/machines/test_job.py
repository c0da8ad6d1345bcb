"""`poll_agents` over a living Azure: states, queue, samples, agents that come back, and pools that nobody may list."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Agent, HostPeriod, Job, Pool, Sample, Waiting, Watermark
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models.writing import Changes
from flinkci_dashboard.sandbox.azure.pipeline import HOSTED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]
MIRROR = "flink-ci/flink-mirror"


def poll(*jobs: str):
    for job in jobs or ("poll_agents",):
        run = run_pass(job, "command")
        assert run and run.outcome == "ok", run and run.error
    return run


@pytest.fixture
def azure(world):
    world.azure.start_builds = False
    return world.azure


def push(azure, count: int = 1):
    azure.move()
    for _ in range(count):
        azure.queue(MIRROR, "master", "a" * 40, "individualCI")
    azure.move()


def test_agents_get_rows_with_their_state_and_host(azure):
    azure.set_online("AlibabaCI002-agent01", False)
    azure.agent("AlibabaCI003-agent01").enabled = False
    push(azure)
    poll("poll_builds", "poll_agents")
    states = dict(Agent.objects.values_list("name", "state"))
    assert states["AlibabaCI002-agent01"] == "offline"
    assert states["AlibabaCI003-agent01"] == "disabled"
    busy = Agent.objects.get(state="busy", host="alibaba")
    assert busy.current_job.key == "ci.compile_ci.__default"
    assert busy.current_job.agent == busy
    assert busy.capabilities["Agent.ComputerName"] == "AlibabaCI001"
    assert set(Agent.objects.filter(pool__name=HOSTED).values_list("host", flat=True)) == {"azure"}


def test_a_sample_counts_each_host(azure):
    azure.set_online("AlibabaCI002-agent01", False)
    push(azure)
    poll("poll_builds", "poll_agents")
    sample = Sample.objects.get(host="alibaba")
    assert (sample.busy, sample.idle, sample.offline, sample.queued) == (1, 26, 1, 0)
    assert HostPeriod.objects.get(step="hour", host="alibaba").busy == 1


def test_who_waits_is_listed_with_since_when(azure):
    push(azure, 30)
    poll("poll_builds", "poll_agents")
    waiting = Waiting.objects.filter(pool__name="Default")
    assert waiting.count() == 2, "twenty-eight machines, thirty builds"
    assert Sample.objects.get(host="alibaba").queued == 2
    azure.clock.advance(minutes=600)
    poll("poll_builds", "poll_agents")
    poll()
    assert not Waiting.objects.exists()


def test_a_pool_that_does_not_answer_keeps_its_queue_and_stops_no_other(azure, world):
    push(azure, 30)
    poll("poll_builds", "poll_agents")
    azure.set_online("AlibabaCI002-agent01", False)
    world.fault(service="azure", path="pools/1/jobrequests", status=500, times=99)
    run = run_pass("poll_agents", "command")
    assert run.outcome == "partial"
    assert "Pool Default" in run.error
    assert Waiting.objects.filter(pool__name="Default").count() == 2
    assert Agent.objects.get(name="AlibabaCI002-agent01").state == "offline"
    assert Sample.objects.filter(host="alibaba").count() == 1, "what nobody saw is no figure"


def test_requests_make_a_jobs_wait_exact(azure):
    push(azure, 30)
    azure.clock.advance(minutes=120)
    poll("poll_builds", "poll_agents")
    job = Job.objects.filter(queued_exactly=True, wait_seconds__gt=0, status="running").first()
    before = (job.queued_at, job.wait_seconds)
    assert job.wait_seconds == int((job.started_at - job.queued_at).total_seconds())
    poll("poll_builds")
    job.refresh_from_db()
    assert (job.queued_at, job.wait_seconds) == before, "the timeline does not undo it"


def test_an_agent_registered_anew_goes_on_under_its_name(azure):
    poll()
    before = Agent.objects.get(name="AlibabaCI001-agent01")
    azure.agent("AlibabaCI001-agent01").id = 900
    poll()
    after = Agent.objects.get(name="AlibabaCI001-agent01")
    assert (after.pk, after.external_id, after.registrations) == (before.pk, 900, 2)


def test_an_agent_that_a_build_makes_known_at_the_same_moment_is_no_conflict(azure, monkeypatch):
    poll()
    Agent.objects.all().delete()

    before = Changes.put

    def put(changes, row, values):  # the rows have been read, and are not written yet
        Agent.objects.get_or_create(pool=Pool.objects.get(name="Default"), name="AlibabaCI001-agent01")
        return before(changes, row, values)

    with monkeypatch.context() as patch:
        patch.setattr(Changes, "put", put)
        poll()
    poll()
    assert set(Agent.objects.filter(pool__name="Default").values_list("state", flat=True)) == {"idle"}
    assert Agent.objects.filter(name="AlibabaCI001-agent01").count() == 1


def test_an_agent_that_is_removed_is_gone_and_may_come_back(azure):
    poll()
    removed = azure.agents.pop(1)
    poll()
    assert Agent.objects.get(name=removed.name).state == "idle", "one list is not the truth"
    poll()
    assert Agent.objects.get(name=removed.name).state == "gone"
    azure.agents[1] = removed
    poll()
    assert Agent.objects.get(name=removed.name).state == "idle"


def test_a_renamed_pool_keeps_its_agents_and_its_host(azure):
    poll()
    azure.pools[1] = "Machines"
    for agent in azure.agents.values():
        agent.pool = azure.pools[1] if agent.pool == "Default" else agent.pool
    Watermark.objects.filter(name="pools").update(at=timezone.now() - timedelta(hours=2))
    poll()
    pool = Pool.objects.get(external_id=1)
    assert (pool.name, pool.host, pool.agents.filter(state="idle").count()) == ("Machines", "alibaba", 28)


def test_a_pool_that_is_removed_takes_its_agents_with_it(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    poll("poll_builds", "poll_agents")
    del azure.pools[2]
    Watermark.objects.filter(name="pools").update(at=timezone.now() - timedelta(hours=2))
    poll()
    assert Pool.objects.get(external_id=2).gone_at is None, "one list is not the truth"
    poll()
    assert Pool.objects.get(external_id=2).gone_at
    assert set(Agent.objects.filter(pool__external_id=2).values_list("state", flat=True)) == {"gone"}


def test_an_idle_pass_asks_for_the_self_hosted_machines_only(azure, world):
    push(azure)
    azure.clock.advance(minutes=300)
    for _ in range(2):
        poll("poll_builds", "poll_agents")
    mark = world.log_mark()
    poll()
    assert len(world.since(mark, "azure")) <= 2


def test_without_the_right_on_pools_builds_tell_which_agents_work(azure, monkeypatch):
    monkeypatch.delenv("AZURE_TOKEN")
    push(azure)
    poll("poll_builds", "poll_agents")
    assert "Store a valid Azure credential" in Watermark.objects.get(name="agents").note
    agent = Agent.objects.get(host="alibaba")
    assert (agent.state, agent.host, agent.last_job_at is not None) == ("seen", "alibaba", True)
    sample = Sample.objects.get(host="alibaba")
    assert (sample.busy, sample.idle, sample.offline) == (1, None, None)


@pytest.mark.parametrize("sign_in", [401, 302, 203, 200])
def test_a_token_that_is_refused_fails_the_pass_though_pools_were_listed_before(azure, monkeypatch, sign_in):
    push(azure)
    poll("poll_builds", "poll_agents")
    seen, samples = Watermark.objects.get(name="agents").at, Sample.objects.count()
    monkeypatch.setenv("AZURE_TOKEN", "ended")
    azure.sign_in = sign_in
    run = run_pass("poll_agents", "command")
    assert run.outcome == "failed" and "Store a valid Azure credential" in run.error
    mark = Watermark.objects.get(name="agents")
    assert (mark.at, bool(mark.note), Sample.objects.count()) == (seen, True, samples)


def test_an_agent_known_from_builds_gets_its_registration_later(azure, world, monkeypatch):
    monkeypatch.delenv("AZURE_TOKEN")
    world.fault(service="azure", path="distributedtask/queues", status=403, times=9)
    push(azure)
    poll("poll_builds", "poll_agents")
    known = Agent.objects.get(host="alibaba")
    assert known.pool is None
    monkeypatch.setenv("AZURE_TOKEN", world.azure_token)
    poll("poll_agents")
    known.refresh_from_db()
    assert known.state == "busy"
    assert Agent.objects.filter(name=known.name).count() == 1
    assert Watermark.objects.get(name="agents").note == ""


def test_samples_become_means_before_they_are_pruned(db):
    now = timezone.now()
    old = (now - timedelta(days=20)).replace(minute=0, second=0, microsecond=0)
    Sample.objects.create(at=old, host="alibaba", busy=2, idle=1, offline=0, queued=0)
    Sample.objects.create(at=old + timedelta(minutes=1), host="alibaba", busy=4, idle=None, offline=0, queued=3)
    Sample.objects.create(at=now, host="alibaba", busy=9, idle=1, offline=0, queued=0)
    run = run_pass("prune_samples", "command")
    assert run.counts == {"samples_deleted": 2}
    assert Sample.objects.get().busy == 9
    for step in ("hour", "day"):
        mean = HostPeriod.objects.get(step=step, host="alibaba")
        assert (mean.busy, mean.busy_most, mean.idle, mean.queued_most) == (3, 4, 1, 3)


NOTHING = {"service": "azure", "status": 200, "body": '{"count": 0, "value": []}', "times": 99}


@pytest.mark.parametrize("path", ["distributedtask/pools", r"pools/1/agents", r"pools\?"])
def test_lists_of_nothing_take_no_agent_and_no_pool_away(azure, world, path):
    push(azure)
    poll("poll_builds", "poll_agents")
    before = set(Agent.objects.values_list("name", "state"))
    world.fault(path=path, **NOTHING)
    for _ in range(3):
        Watermark.objects.filter(name="pools").update(at=timezone.now() - timedelta(hours=2))
        poll()
    assert set(Agent.objects.values_list("name", "state")) == before
    assert not Pool.objects.exclude(gone_at=None).exists()
    assert "may have lost its right" in Watermark.objects.get(name="agents").note


def test_an_agent_that_one_list_leaves_out_stays(azure):
    poll()
    for _ in range(3):
        removed = azure.agents.pop(1)
        poll()
        azure.agents[1] = removed
        poll()
    assert Agent.objects.get(name=removed.name).state == "idle"


def test_a_pool_that_is_empty_by_its_own_word_has_no_agents_any_more(azure):
    poll()
    for number in [number for number, agent in azure.agents.items() if agent.pool == "Default"]:
        del azure.agents[number]
    for _ in range(3):
        Watermark.objects.filter(name="pools").update(at=timezone.now() - timedelta(hours=2))
        poll()
    assert set(Agent.objects.filter(pool__name="Default").values_list("state", flat=True)) == {"gone"}


def test_a_request_is_for_the_job_of_its_own_build(azure):
    push(azure, 3)
    poll("poll_builds", "poll_agents")
    busy = Agent.objects.filter(state="busy", host="alibaba").select_related("current_job__build")
    assert {agent.current_job.build.external_id for agent in busy} == set(azure.builds)
    assert {agent.current_job.record_id for agent in busy} == {busy[0].current_job.record_id}, "the same in every build"
    assert all(agent.current_job.agent == agent for agent in busy)
