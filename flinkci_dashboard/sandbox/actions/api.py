"""GitHub's REST API for Actions: runs, attempts, jobs, logs; and what may be done to them, and by whom."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.actions.data import COMPLETED, Job, Run
from flinkci_dashboard.sandbox.actions.engine import RefusalError
from flinkci_dashboard.sandbox.actions.logs import KEPT
from flinkci_dashboard.sandbox.actions.shapes import job_json, run_json, stamp, workflow_json
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.routing import Router

router = Router()
BASE = "/repos/{owner}/{name}/actions"
FILTERS = ("actor", "branch", "check_suite_id", "created", "event", "head_sha", "status")
LISTING = (*FILTERS, "exclude_pull_requests", "page", "per_page")
MOST = 1000  # results of a list that has a filter
NOT_ADMIN = "Must have admin rights to Repository."


@router.route("GET", f"{BASE}/runs", *LISTING)
def runs(github: GitHub, call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List a repository's runs, the newest first."""
    return _listed(github, call, _known(github, owner, name), lambda run: True)


@router.route("GET", f"{BASE}/workflows/{{file}}/runs", *LISTING)
def runs_of_workflow(github: GitHub, call: Call, account: Account | None, owner: str, name: str, file: str) -> Answer:
    """List the runs of one workflow, which is named by its file or its id."""
    repo = _known(github, owner, name)
    return _listed(github, call, repo, lambda run: file in (run.workflow.file, str(run.workflow.id)))


@router.route("GET", f"{BASE}/workflows", "page", "per_page")
def workflows(github: GitHub, call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List a repository's workflows."""
    repo = _known(github, owner, name)
    found = [each for each in github.actions.workflows.values() if each.repo == repo]
    return _wrapped("workflows", call, found, lambda each: workflow_json(call, each))


@router.route("GET", f"{BASE}/runs/{{run_id}}", "exclude_pull_requests")
def run(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """Describe one run, as its latest attempt is."""
    return Answer(200, run_json(call, _run(github, owner, name, run_id), _now(github)))


@router.route("GET", f"{BASE}/runs/{{run_id}}/jobs", "filter", "page", "per_page")
def jobs(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """List the jobs of the latest attempt, or those of all."""
    found = _run(github, owner, name, run_id)
    everything = {job.id: job for attempt in found.attempts for job in attempt}
    wanted = list(everything.values()) if call.query.get("filter") == "all" else found.jobs
    return _jobs(github, call, found, wanted)


@router.route("GET", f"{BASE}/runs/{{run_id}}/attempts/{{number}}/jobs", "page", "per_page")
def jobs_of_attempt(
    github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str, number: str
) -> Answer:
    """List the jobs of one attempt, with those that it took over from earlier ones."""
    found = _run(github, owner, name, run_id)
    if int(number) == 1 and not found.attempts:
        return _jobs(github, call, found, [])
    if not 1 <= int(number) <= len(found.attempts):
        raise KeyError(number)
    return _jobs(github, call, found, found.attempts[int(number) - 1])


@router.route("GET", f"{BASE}/jobs/{{job_id}}")
def job(github: GitHub, call: Call, account: Account | None, owner: str, name: str, job_id: str) -> Answer:
    """Describe one job."""
    found, of = _job(github, owner, name, job_id)
    return Answer(200, job_json(call, of, found, _now(github)))


@router.route("GET", f"{BASE}/jobs/{{job_id}}/logs")
def logs(github: GitHub, call: Call, account: Account | None, owner: str, name: str, job_id: str) -> Answer:
    """Lead to a job's log."""
    found, _ = _job(github, owner, name, job_id)
    if account is None:
        return refuse(403, "Must have admin rights to Repository.")
    now = _now(github)
    if found.status(now) != COMPLETED or not found.runner:
        return refuse(404, "Not Found")
    if now - found.ends_at > KEPT:
        return refuse(410, "Server Error")
    return Answer(302, b"", {"Location": github.store.link(found, call.host)})


@router.route("POST", f"{BASE}/runs/{{run_id}}/rerun-failed-jobs")
def rerun_failed(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """Run the failed jobs again."""
    return _act(github, account, owner, name, run_id, lambda run: github.actions.rerun(run.id, actor="flinkbot"))


@router.route("POST", f"{BASE}/runs/{{run_id}}/rerun")
def rerun(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """Run all jobs again."""
    return _act(github, account, owner, name, run_id, lambda run: github.actions.rerun(run.id, True, "flinkbot"))


@router.route("POST", f"{BASE}/runs/{{run_id}}/cancel")
def cancel(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """Cancel a run."""
    return _cancelled(github, account, owner, name, run_id)


@router.route("POST", f"{BASE}/runs/{{run_id}}/force-cancel")
def force_cancel(github: GitHub, call: Call, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    """Cancel a run that does not stop."""
    return _cancelled(github, account, owner, name, run_id)


@router.route("POST", f"{BASE}/workflows/{{file}}/dispatches")
def dispatch(github: GitHub, call: Call, account: Account | None, owner: str, name: str, file: str) -> Answer:
    """Start a workflow on a branch."""
    repo = _known(github, owner, name)
    body = call.json()
    if not _may_write(account, repo):
        return refuse(403, NOT_ADMIN)
    found = [
        each for each in github.actions.workflows.values() if each.repo == repo and file in (each.file, str(each.id))
    ]
    sha = github.repositories.heads(repo).get(str(body.get("ref", "")).removeprefix("refs/heads/"))
    if not found or sha is None:
        return refuse(422, f"No ref found for: {body.get('ref')}") if found else refuse(404, "Not Found")
    github.actions.start(repo, found[0].file, body["ref"], sha, "workflow_dispatch", "flinkbot")
    return Answer(204)


def _cancelled(github: GitHub, account: Account | None, owner: str, name: str, run_id: str) -> Answer:
    def act(run: Run) -> None:
        if run.status(_now(github)) == COMPLETED:
            raise RefusalError("Cannot cancel a workflow run that is completed.")
        github.actions.cancel(run.id)

    return _act(github, account, owner, name, run_id, act, refused=409, done=202)


def _act(
    github: GitHub,
    account: Account | None,
    owner: str,
    name: str,
    run_id: str,
    act: Callable[[Run], None],
    refused: int = 403,
    done: int = 201,
) -> Answer:
    found = _run(github, owner, name, run_id)
    if not _may_write(account, found.repo):
        return refuse(403, NOT_ADMIN)
    try:
        act(found)
    except RefusalError as error:
        return refuse(refused, str(error))
    return Answer(done, {})


def _may_write(account: Account | None, repo: str) -> bool:
    return account is not None and repo in account.writable


def _known(github: GitHub, owner: str, name: str) -> str:
    """Return a repository that is there: one of git's, or the fork that a pull request comes from."""
    full_name = f"{owner}/{name}"
    forks = {f"{pull.login}/flink" for pull in list(github.pulls.by_number.values()) if pull.login}
    if full_name in github.actions.unknown:
        raise KeyError(full_name)
    if full_name in forks | github.actions.repositories():
        return full_name
    return github.repositories.known(full_name)


def _run(github: GitHub, owner: str, name: str, run_id: str) -> Run:
    found = github.actions.runs[int(run_id)]
    if found.repo != _known(github, owner, name):
        raise KeyError(run_id)
    return found


def _job(github: GitHub, owner: str, name: str, job_id: str) -> tuple[Job, Run]:
    repo = _known(github, owner, name)
    for found in list(github.actions.runs.values()):
        for attempt in found.attempts if found.repo == repo else ():
            for each in attempt:
                if each.id == int(job_id):
                    return each, found
    raise KeyError(job_id)


def _now(github: GitHub) -> datetime:
    return github.actions.clock.now()


def _listed(github: GitHub, call: Call, repo: str, of: Callable[[Run], bool]) -> Answer:
    now = _now(github)
    with github.actions.lock:
        ours = [run for run in github.actions.runs.values() if run.repo == repo and of(run)]
        found = [run for run in ours if _fits(run, call.query, now)]
    found.sort(key=lambda run: (run.created_at, run.id), reverse=True)
    shown = found[:MOST] if any(name in call.query for name in FILTERS) else found
    return _wrapped("workflow_runs", call, shown, lambda run: run_json(call, run, now), total=len(found))


def _fits(run: Run, query: dict[str, str], now: datetime) -> bool:
    facts = {
        "actor": run.actor,
        "branch": run.branch,
        "event": run.event,
        "head_sha": run.sha,
        "check_suite_id": "",
    }
    wanted = all(query[name] == value for name, value in facts.items() if name in query)
    status = query.get("status")
    return (
        wanted
        and status in (None, run.status(now), run.outcome(now))
        and _created(query.get("created", ""), run.created_at)
    )


def _created(asked: str, at: datetime) -> bool:
    """Apply `created`: A..B, >=A, <=A, or a day. Raises ValueError."""
    if ".." in asked:
        first, last = asked.split("..")
        return (first == "*" or at >= _time(first)) and (last == "*" or at <= _time(last))
    if asked[:2] in (">=", "<="):
        return at >= _time(asked[2:]) if asked[0] == ">" else at <= _time(asked[2:])
    return not asked or stamp(at).startswith(asked)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _jobs(github: GitHub, call: Call, run: Run, found: Sequence[Job]) -> Answer:
    now = _now(github)
    shown = [job for job in found if job.created_at <= now]
    return _wrapped("jobs", call, shown, lambda job: job_json(call, run, job, now))


def _wrapped(
    what: str, call: Call, found: Sequence[Any], show: Callable[[Any], dict], total: int | None = None
) -> Answer:
    answer = paged(call, found, show)
    if answer.status == 200:
        answer.body = {"total_count": len(found) if total is None else total, what: answer.body}
    return answer
