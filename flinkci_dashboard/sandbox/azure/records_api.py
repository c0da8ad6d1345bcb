"""Azure DevOps' addresses of what builds leave behind: timelines, logs, test results."""

from flinkci_dashboard.sandbox.azure.answers import PROJECT, kept, listed, refuse
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.pipeline import head_lines, work_lines
from flinkci_dashboard.sandbox.azure.records import HEAD_LOG, WORK_LOG, test_results, timeline_json
from flinkci_dashboard.sandbox.azure.shapes import stamp
from flinkci_dashboard.sandbox.azure.state import PENDING, Build, Job
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

STAMP = "%Y-%m-%dT%H:%M:%S"
router = Router()


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/timeline", "changeId", "planId")
def timeline(azure: Azure, call: Call, id: int) -> Answer:
    """Show the timeline; there is none before the build starts."""
    found = kept(azure, id)
    if found.started_at is None and found.status == "notStarted":
        return Answer(204)
    return Answer(200, timeline_json(call, found))


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/timeline/{{timeline}}", "changeId", "planId")
def earlier_timeline(azure: Azure, call: Call, id: int, timeline: str) -> Answer:
    """Show the timeline of an earlier attempt."""
    shown = timeline_json(call, kept(azure, id), str(timeline))
    return Answer(200, shown) if shown["records"] else refuse(404, "TimelineNotFoundException", "No such timeline.")


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/logs")
def logs(azure: Azure, call: Call, id: int) -> Answer:
    """List the logs."""
    shown = {log: (job, len(lines)) for job in _runs(kept(azure, id)) for log, lines in _logs(job).items()}
    return listed(
        [
            {
                "id": log,
                "type": "Container",
                "lineCount": count,
                "createdOn": stamp(job.started_at),
                "lastChangedOn": stamp(job.finished_at or job.started_at),
            }
            for log, (job, count) in sorted(shown.items())
        ]
    )


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/logs/{{log_id}}", "startLine", "endLine")
def log(azure: Azure, call: Call, id: int, log_id: int) -> Answer:
    """Show some lines of a log."""
    for job in _runs(kept(azure, id)):
        lines = _logs(job).get(log_id)
        if lines:
            first, last = int(call.query.get("startLine", 1)), int(call.query.get("endLine", 10**9))
            at = job.started_at.strftime(STAMP) if job.started_at else ""
            return listed([f"{at}.1234567Z {line}" for line in lines[max(0, first - 1) : last]])
    return refuse(404, "LogNotFoundException", f"Log {log_id} was not found.")


def _runs(build: Build) -> list[Job]:
    attempts = [attempt for job in build.jobs for attempt in (*job.earlier, job)]
    return [job for job in attempts if job.agent and job.state != PENDING]


def _logs(job: Job) -> dict[int, list[str]]:
    """Return the lines of a job's own log, which is that of its tasks one after another, and of theirs."""
    head = head_lines(job.plan, job.agent.name, job.agent.machine) if job.agent else []
    work = work_lines(job.plan, [*job.says, *job.error_lines], job.low_disk)
    return {job.log_id: head + work, job.log_id + HEAD_LOG: head, job.log_id + WORK_LOG: work}


@router.route("GET", f"{PROJECT}/test/Runs", "buildUri", "includeRunDetails", "$top", "$skip", "automated")
def test_runs(azure: Azure, call: Call) -> Answer:
    """List the test runs that a build has published: those of its test jobs, most of them without a failure."""
    id = int(call.query.get("buildUri", "").rpartition("/")[2] or 0)
    found = [run for run, _ in test_results(azure, kept(azure, id))] if id else []
    return listed(found)


@router.route("GET", f"{PROJECT}/test/Runs/{{run_id}}/Results", "outcomes", "$top", "$skip", "detailsToInclude")
def results(azure: Azure, call: Call, run_id: int) -> Answer:
    """List the failed tests of a run."""
    for run, failures in test_results(azure, kept(azure, run_id // 10_000)):
        if run["id"] == run_id:
            return listed(failures)
    return refuse(404, "TestObjectNotFoundException", f"Test run {run_id} was not found.")
