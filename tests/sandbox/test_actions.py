"""The sandbox's GitHub Actions: as strict as GitHub, and driven here by PyGithub and plain HTTP."""

from datetime import timedelta

import pytest
import requests
from github import Auth, Github

from flinkci_dashboard.sandbox import PULLS, SOURCE

SHA = "c" * 40
FAILED = {"Default (Java 17) / Compile": ()}


@pytest.fixture
def ask(sandbox):
    def ask(path, method="GET", repo=SOURCE, **options):
        headers = {"Authorization": f"Bearer {sandbox.github_token}"} | options.pop("headers", {})
        address = f"{sandbox.github_api_url}/repos/{repo}/actions/{path}"
        return requests.request(method, address, headers=headers, allow_redirects=False, timeout=5, **options)

    return ask


def test_pygithub_reads_runs_and_jobs(sandbox):
    run = sandbox.actions.start(SOURCE, "ci.yml", "master", SHA)
    sandbox.clock.advance(hours=5)
    client = Github(base_url=sandbox.github_api_url, auth=Auth.Token(sandbox.github_token), retry=None, lazy=True)
    [found] = client.get_repo(SOURCE).get_workflow_runs(head_sha=SHA, exclude_pull_requests=True)
    assert (found.id, found.conclusion, found.run_attempt) == (run.id, "success", 1)
    assert "Default (Java 17) / Test (module: table)" in {job.name for job in found.jobs()}
    client.close()


def test_a_list_that_has_not_changed_costs_nothing(sandbox, ask):
    sandbox.actions.start(SOURCE, "ci.yml", "master", SHA)
    tag = ask("runs").headers["ETag"]
    used = sandbox.github.used
    assert ask("runs", headers={"If-None-Match": tag}).status_code == 304
    assert sandbox.github.used == used
    sandbox.clock.advance(minutes=20)
    assert ask("runs", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("runs?sort=asc", 422), ("runs/1/usage", 404), ("runs/1", 404)])
def test_what_github_does_not_know_is_refused(ask, path, status):
    assert ask(path).status_code == status


def test_a_filter_ends_a_list_at_a_thousand(sandbox, ask):
    for number in range(1003):
        sandbox.actions.start(SOURCE, "stale.yml", "master", f"{number:040x}", conclusion="stale")
    asked = {"per_page": 100, "branch": "master"}
    last = ask("runs", params=asked | {"page": 11}).json()
    assert (last["total_count"], last["workflow_runs"]) == (1003, [])
    assert len(ask("runs", params={"per_page": 100, "page": 11}).json()["workflow_runs"]) == 3


def test_an_attempt_lists_what_it_took_over_with_its_own_number(sandbox, ask):
    run = sandbox.actions.start(SOURCE, "ci.yml", "master", SHA)
    sandbox.actions.finish(run.id, "failure", {"Default (Java 17) / E2E (group 1)": ()})
    sandbox.actions.rerun(run.id)
    jobs = ask(f"runs/{run.id}/attempts/2/jobs?per_page=100").json()["jobs"]
    assert sorted(job["run_attempt"] for job in jobs) == [1] * 12 + [2]
    assert ask(f"runs/{run.id}/attempts/3/jobs").status_code == 404


def test_a_log_is_a_link_for_a_minute_that_wants_no_token(sandbox, ask):
    run = sandbox.actions.start(SOURCE, "ci.yml", "master", SHA)
    sandbox.actions.finish(run.id, "failure", FAILED)
    there = ask(f"jobs/{run.jobs[1].id}/logs").headers["Location"]
    assert "BUILD FAILURE" in requests.get(there, timeout=5).text
    assert requests.get(there, headers={"Authorization": "Bearer x"}, timeout=5).status_code == 400
    sandbox.clock.advance(seconds=61)
    assert requests.get(there, timeout=5).status_code == 403


@pytest.mark.parametrize(("repo", "status"), [(SOURCE, 403), (PULLS, 201)])
def test_a_run_is_repeated_by_who_may_write(sandbox, ask, repo, status):
    run = sandbox.actions.start(repo, "ci.yml", "master", SHA)
    sandbox.actions.finish(run.id, "failure", FAILED)
    assert ask(f"runs/{run.id}/rerun-failed-jobs", "POST", repo).status_code == status


def test_old_runs_and_those_of_workflows_that_are_off_are_not_repeated(sandbox, ask):
    run = sandbox.actions.start(PULLS, "ci.yml", "master", SHA, at=sandbox.clock.now() - timedelta(days=31))
    assert "over a month ago" in ask(f"runs/{run.id}/rerun-failed-jobs", "POST", PULLS).json()["message"]
    newer = sandbox.actions.start(PULLS, "nightly.yml", "master", SHA)
    sandbox.actions.finish(newer.id, "failure", {newer.jobs[-1].name: ()})
    newer.workflow.state = "disabled_manually"
    assert "is disabled" in ask(f"runs/{newer.id}/rerun-failed-jobs", "POST", PULLS).json()["message"]
