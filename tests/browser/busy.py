"""Something of everything in the database, texts that try to break pages included: what the walk through them sees."""

from datetime import datetime, timedelta

from django.utils import timezone

from agents.models import Commit, Failure, KnownTicket, Pool, Streak, Test, TestFailure
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action, JobRequest, JobRun, Worker
from labeler.models import JiraContact, LabelChange, LabelState, Ticket
from sync.models import CIBranch, Mirror, MirrorBranch, PullRequest, ReportComment
from tests.machines import make_agent, make_build, make_job

LONG_LABEL = "component=" + "W" * 40  # GitHub's limit is 50
TURNED = "[FLINK-1][table] Turn \u202e what follows around"  # an override that nobody ends
TEST = "org.apache.flink.yarn.YARNSessionCapacitySchedulerITCase.testClientStartup"


def fill() -> None:
    """Put rows of every state on the pages."""
    now = timezone.now()
    Worker.objects.create(host="one", pid=1, started_at=now, seen_at=now)
    put_mirrors(now)
    put_jobs(now)
    put_labels(now)
    put_builds(now)
    put_pull(now)
    run_pass("send_alerts", "schedule")


def put_mirrors(now: datetime) -> None:
    """Put a mirror on the pages, with a branch in every state."""
    Mirror.objects.update(target_problem="It does not answer.", target_problem_since=now)
    for number, state in enumerate(MirrorBranch.State.values):
        MirrorBranch.objects.create(
            mirror=Mirror.objects.get(),
            name=f"release-1.{number}",
            state=state,
            source_sha="a" * 40,
            target_sha="b" * 40,
            subject=TURNED,
            author="Ada",
            committed_at=now,
            source_seen_at=now - timedelta(minutes=5),
            commits_behind=3,
        )


def put_jobs(now: datetime) -> None:
    """Put passes on the pages that ended in every way, and one that runs."""
    for outcome in ("ok", "partial", "failed"):
        JobRun.objects.create(job="sync_mirrors", outcome=outcome, counts={"branches_pushed": 1}, ended_at=now)
    JobRun.objects.create(job="sync_mirrors", progress={"phase": "Receiving", "percent": 40, "megabytes": 1.5})
    JobRequest.objects.create(job="prune")
    Action.objects.create(key="k", job="sync_mirrors", kind="push", subject="master", state="planned")


def put_builds(now: datetime) -> None:
    """Put builds on the pages, with long names, failures and the machine that they ran on."""
    pool = Pool.objects.create(external_id=1, name="Default", host="alibaba", hosted=False, seen_at=now)
    agent = make_agent(pool, "AlibabaCI007-agent02", pk=7)
    build = make_build(
        result="failed", repository="flink-ci/flink-mirror", message="[FLINK-1][table] " + "A subject " * 9
    )
    make_build(79301, branch=f"ci_1_{'a' * 40}", scope="pull", pull_number=1, status="running", finished_at=None)
    for name in ("test_cron_adaptive_scheduler connect", "e2e_2_cron_hadoop313"):
        told = {"issues": [{"error": True, "message": "The process failed. " * 9}], "errors": 1, "cause": "timeout"}
        job = make_job(build, name, result="failed", agent=agent, cause_line="It hangs. " * 20, **told)
    test = Test.objects.create(name=TEST)
    ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-7", summary="It hangs", status="Open", updated_at=now)
    Failure.objects.create(key=TEST.replace(".test", "#test"), test=test, ticket=ticket)
    TestFailure.objects.create(test=test, job=job, build=build, at=now, message="expected: 4 but was: 3", source="log")
    Commit.objects.create(branch="master", order=1, sha=build.version, author="Ada", subject=TURNED, at=now)
    for kind in ("push", "nightly"):
        red = {"red_runs": 2, "red_nights": 2, "first_red": build, "latest": build}
        Streak.objects.create(branch="master", kind=kind, provider="azure", **red)


def put_labels(now: datetime) -> None:
    """Put pull requests on the labels pages, in every state."""
    JiraContact.load().note_silence(now, "Jira answers 503.", now)
    ticket = Ticket.objects.create(key="FLINK-1", known=True, components=["Tests"], summary="A summary")
    for number, state in enumerate(LabelState.STATES, start=1):
        facts = {"title": TURNED, "base": "master", "created_at": now, "updated_at": now, "head_sha": "a" * 40}
        pull = PullRequest.objects.create(number=number, labels=[LONG_LABEL], ci_state="failure", **facts)
        told = {"reason": "Somebody removed it.", "add": [LONG_LABEL], "remove": ["component=B"], "problem": "No."}
        LabelState.objects.create(pull=pull, ticket=ticket, state=state, state_since=now, seen_at=now, **told)
        LabelChange.objects.create(pull=pull, key="FLINK-1", added=[LONG_LABEL], removed=[], reason="It got A.")


def put_pull(now: datetime) -> None:
    """Put branches, a report and a request on the page of the first pull request, and an orphan beside it."""
    for sha in ("a" * 40, "b" * 40):
        CIBranch.objects.create(name=f"ci_1_{sha}", number=1, sha=sha, tip=sha, seen_at=now)
    CIBranch.objects.create(name=f"ci_9_{'c' * 40}", number=9, tip="c" * 40, orphan=True, seen_at=now)
    body = "## CI report:\n\n* " + "a" * 40 + " Azure: [FAILURE](https://dev.azure.com/x)"
    ReportComment.objects.create(comment_id=1, pull=PullRequest.objects.get(number=1), body=body, written_at=now)
    JobRequest.objects.create(job="sync_pulls", act="retry", subject="1", settled_at=now, answer="Done.")
