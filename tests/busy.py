"""Something of everything in the database, texts that try to break pages included: what the walk through them sees."""

import re
from datetime import datetime, timedelta
from urllib.parse import quote

from django.test import Client
from django.utils import timezone

from agents.migration.over_time import refresh_over_time
from agents.models import (
    Authority,
    Build,
    Commit,
    Failure,
    FileCommit,
    Job,
    KnownTicket,
    Pair,
    PairGroup,
    Pool,
    SlowJob,
    Streak,
    Test,
    TestFailure,
    TestFile,
    TestPace,
)
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action, Alert, Contact, Delivery, JobRequest, JobRun, Notice, Worker
from labeler.models import JiraContact, LabelChange, LabelState, Ticket
from sync.models import CIBranch, Mirror, MirrorBranch, PullRequest, ReportComment
from tests.addresses import PAGES
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
    put_migration(now)
    put_figures(now)
    put_messages(now)
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
    facts = {"branch": f"ci_1_{'a' * 40}", "scope": "pull", "pull_number": 1}
    make_job(make_build(79301, status="running", finished_at=None, **facts), "compile_ci")
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


def put_migration(now: datetime) -> None:
    """Put a commit on the pages that both services built, and a decision."""
    azure = Build.objects.get(external_id=79300)
    actions = make_build(4711, provider="actions", repository="apache/flink", version=azure.version)
    told = {"sha": azure.version, "branch": "master", "at": now, "agreement": "differ"}
    pair = Pair.objects.create(azure=azure, actions=actions, agreed=1, differed=1, **told)
    for group, agreement in (("core", "agree"), ("e2e", "differ")):
        verdicts = {"azure": "passed", "actions": "passed" if agreement == "agree" else "failed"}
        PairGroup.objects.create(pair=pair, at=now, group=group, agreement=agreement, azure_wait=60, **verdicts)
    refresh_over_time(now)
    Authority.objects.create(purpose="testing", choice="azure", reason="It is ready.", by="ada", at=now)


def put_figures(now: datetime) -> None:
    """Put what got slower on the pages, what sat idle, and the commits of a test's file."""
    slower = {"branch": "master", "provider": "azure", "usual_seconds": 60, "seconds": 900, "since": now}
    SlowJob.objects.create(key="core", name="core", **slower)
    TestPace.objects.create(name="org.apache.flink.AITCase", key="core", seen_at=now, **slower)
    Job.objects.filter(finished_at__isnull=False).update(idle_seconds=3600)
    name = TEST.rpartition(".")[0]
    file = TestFile.objects.create(name=name, path=f"flink-yarn-tests/src/test/java/{name.replace('.', '/')}.java")
    FileCommit.objects.create(file=file, sha="d" * 40, subject=TURNED, author="Ada", at=now)


def put_messages(now: datetime) -> None:
    """Put an alert that has ended on the pages, a message, a delivery of a webhook and a contact."""
    told = {"rule": "job-silent", "severity": "warn", "text": "x", "since": now, "began_at": now, "changed_at": now}
    Alert.objects.create(key="a", subject="A", ended_at=now, **told)
    Notice.objects.create(target="mail:1", place="ada", title="T", body="B", severity="warn", created_at=now)
    Delivery.objects.create(service="github", event="push", delivery_id="1", jobs=["sync_mirrors"])
    Contact.objects.create(name="Ada", roles="PMC")


def addresses(reader: Client) -> list[str]:
    """Return every page that takes no argument and is open to a reader, and an example of the others."""
    return [*plain_pages(reader), *examples()]


def plain_pages(reader: Client) -> dict[str, str]:
    """Return every page that takes no argument and is open to a reader, by its address."""
    paths = sorted({page.path for page in PAGES if page.part == ""})
    answers = {path: reader.get(path) for path in paths if not re.search(r"/(1|x|sync_mirrors|azure)(/|$)", path)}
    pages = {path: answer for path, answer in answers.items() if answer.status_code == 200}
    return {
        path: answer.content.decode()
        for path, answer in pages.items()
        if answer["Content-Type"].startswith("text/html")
    }


def examples() -> list[str]:
    """Return addresses that take an argument, and the faces of lists that have several."""
    return [
        *("/jobs/sync_mirrors/", f"/jobs/{JobRun.objects.latest('pk').pk}/", "/agents/7/", "/pulls/1/", "/nowhere/"),
        *("/builds/azure/79300/", "/builds/azure/79301/", "/branches/master/", "/branches/master/?unfolded"),
        *(f"/mirrors/{Mirror.objects.get().pk}/policy/", "/search?q=FLINK", "/help/glossary/"),
        *(f"/labels/?tab={tab}" for tab in ("changes", "todo", "drift", "unknown")),
        *(f"/migration/?tab={tab}" for tab in ("time", "budget", "criteria", "authority")),
        *(f"/migration/{Pair.objects.get().pk}/", f"/failures/tests/{quote(Failure.objects.get().key)}/"),
    ]
