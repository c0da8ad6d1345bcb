"""Many rows of every kind that lists show, written at once."""

from datetime import timedelta

from django.utils import timezone

from agents.models import Agent, Build, Failure, Job, KnownTicket, Pool, Test, TestFailure
from flinkci_dashboard.models import Action, Alert, AuditEvent, Channel, Contact, Credential, JobRequest, JobRun, Notice
from labeler.models import LabelChange, LabelState, Ticket
from sync.models import CIBranch, Mirror, MirrorBranch, PullRequest

KINDS = ("sync_pulls", "sync_mirrors")


def add(first: int, last: int) -> None:
    """Add rows with the numbers from `first` to before `last`."""
    numbers, now = range(first, last), timezone.now()
    _ground(numbers, now)
    _machines(numbers, now)
    _pulls(numbers, now)


def _ground(numbers: range, now) -> None:
    JobRun.objects.bulk_create(
        JobRun(job=job, outcome="partial", counts={"pushed": n}, error="One.", ended_at=now)
        for n in numbers
        for job in KINDS
    )
    JobRequest.objects.bulk_create(JobRequest(job="prune", subject=f"{n}", settled_at=now) for n in numbers)
    Action.objects.bulk_create(
        Action(key=f"{job}{n}", job=job, kind="push", subject=f"#{n}", state="planned")
        for n in numbers
        for job in KINDS
    )
    AuditEvent.objects.bulk_create(AuditEvent(actor_name="ada", act="run job", subject=f"{n}") for n in numbers)
    Contact.objects.bulk_create(Contact(name=f"Contact {n}") for n in numbers)
    Credential.objects.bulk_create(Credential(name=f"Key {n}", kind="other") for n in numbers)
    Channel.objects.bulk_create(Channel(name=f"Channel {n}", service="jsons", fingerprint=f"{n}") for n in numbers)
    Notice.objects.bulk_create(
        Notice(target=f"mail:{n}", place=f"{n}", title="T", body="B", severity="warn", created_at=now) for n in numbers
    )
    told = {"rule": "job-silent", "severity": "warn", "text": "x", "since": now, "began_at": now, "changed_at": now}
    Alert.objects.bulk_create(Alert(key=f"a{n}", subject=f"A {n}", ended_at=now, **told) for n in numbers)


def _machines(numbers: range, now) -> None:
    pool = Pool.objects.get_or_create(external_id=1, defaults={"name": "Default", "host": "alibaba", "seen_at": now})[0]
    agents = Agent.objects.bulk_create(
        Agent(pool=pool, name=f"AlibabaCI{n:03}-agent01", state="busy", host="alibaba", seen_at=now) for n in numbers
    )
    at = {"queued_at": now, "started_at": now, "finished_at": now + timedelta(seconds=1), "changed_at": now}
    ended = {"status": "finished", "result": "failed"}
    builds = Build.objects.bulk_create(
        Build(external_id=n, branch="master", version=f"{n:040x}", jobs_pending=False, **at, **ended) for n in numbers
    )
    at.pop("changed_at")
    jobs = Job.objects.bulk_create(
        Job(build=build, key="core", name="core", record_id=f"{build.pk}", agent=agent, host="alibaba", **at, **ended)
        for build, agent in zip(builds, agents, strict=True)
    )
    tests = Test.objects.bulk_create(Test(name=f"a.Test{n}ITCase.test") for n in numbers)
    tickets = KnownTicket.objects.bulk_create(KnownTicket(jira_id=n, key=f"FLINK-{n}", updated_at=now) for n in numbers)
    Failure.objects.bulk_create(
        Failure(key=f"{test.name}#x", test=test, ticket=ticket if n % 2 else None)
        for n, test, ticket in zip(numbers, tests, tickets, strict=True)
    )
    TestFailure.objects.bulk_create(
        TestFailure(test=test, job=job, build=job.build, at=now, message="boom", source="log")
        for test, job in zip(tests, jobs, strict=True)
    )


def _pulls(numbers: range, now) -> None:
    MirrorBranch.objects.bulk_create(
        MirrorBranch(mirror=Mirror.objects.get(), name=f"release-9.{n}", state="behind", selected=True) for n in numbers
    )
    facts = {"base": "master", "created_at": now, "updated_at": now, "ci_state": "failure", "why": "failed {time} ago"}
    pulls = PullRequest.objects.bulk_create(
        PullRequest(number=n, title=f"[FLINK-{n}] x", head_sha=f"{n:040x}", author=f"a{n}", why_since=now, **facts)
        for n in numbers
    )
    CIBranch.objects.bulk_create(
        CIBranch(name=f"ci_{n}_x", number=n, tip="c" * 40, orphan=True, seen_at=now) for n in numbers
    )
    tickets = Ticket.objects.bulk_create(Ticket(key=f"FLINK-{n}", known=True, components=["Tests"]) for n in numbers)
    LabelState.objects.bulk_create(
        LabelState(pull=pull, ticket=ticket, state="right", state_since=now, seen_at=now)
        for pull, ticket in zip(pulls, tickets, strict=True)
    )
    LabelChange.objects.bulk_create(LabelChange(pull=pull, key="FLINK-1", reason="It got A.") for pull in pulls)
