"""The sandbox's Azure can be as difficult as the real one: each fault as its reports tell it."""

import pytest
import requests
from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import Build, UpdateStageParameters
from msrest.authentication import BasicAuthentication

from flinkci_dashboard.sandbox import PULLS

PROJECT = "apache-flink"
BRANCH = "ci_1_" + "a" * 40


@pytest.fixture
def client(sandbox):
    connection = Connection(sandbox.azure_url, BasicAuthentication("", sandbox.azure_token))
    return connection.clients_v7_1.get_build_client()


@pytest.fixture
def build(sandbox):
    return sandbox.azure.queue(PULLS, BRANCH, "a" * 40, "individualCI")


@pytest.fixture
def ask(sandbox):
    """Return a function that asks an address below the project."""

    def send(path, method="GET", **more):
        token = ("", sandbox.azure_token)
        return requests.request(method, f"{sandbox.azure_url}/{path}", auth=token, timeout=5, **more)

    return send


def builds(ask, **query):
    return [each["id"] for each in ask("apache-flink/_apis/build/builds", params=query).json()["value"]]


def retry(ask, build, **more):
    return ask(f"apache-flink/_apis/build/builds/{build.id}?retry=true", "PATCH", **more)


def job_ids(client, build):
    return {r.name: r.id for r in client.get_build_timeline(PROJECT, build.id).records if r.type == "Job"}


def test_a_job_has_the_same_id_in_every_build_and_another_in_its_next_attempt(sandbox, client, build, ask):
    other = sandbox.azure.queue(PULLS, "ci_2_b", "b" * 40, "individualCI")
    first = job_ids(client, build)
    assert first == job_ids(client, other)
    assert {id[14] for id in first.values()} == {"5"}, "made of names: UUID version 5"
    told = ask("_apis/distributedtask/pools/1/jobrequests").json()["value"]
    assert {each["jobId"] for each in told if each["jobName"] == "compile_ci"} == {first["compile_ci"]}
    assert {each["owner"]["id"] for each in told if each["jobName"] == "compile_ci"} == {build.id, other.id}
    sandbox.azure.finish(build.id, "failed", ["test_ci.core"])
    sandbox.azure.retry(build.id)
    again = job_ids(client, build)
    assert again["compile_ci"] == first["compile_ci"]
    assert again["test_ci core"] != first["test_ci core"]


def test_most_test_runs_have_no_failure_and_a_plain_job_is_named_by_its_phase(sandbox, build, ask):
    sandbox.azure.passing_runs = 3
    sandbox.azure.finish(build.id, "failed", ["test_ci.core"])
    sandbox.azure.publish(build.id, "e2e_1_ci", ["org.apache.flink.E2eITCase.testAll"], "broken \ud83d text")
    runs = ask(f"apache-flink/_apis/test/Runs?buildUri=vstfs:///Build/Build/{build.id}").json()["value"]
    failed = [run for run in runs if run["unanalyzedTests"]]
    named = [
        (r["pipelineReference"]["phaseReference"]["phaseName"], r["pipelineReference"]["jobReference"]["jobName"])
        for r in failed
    ]
    assert named == [("test_ci", "core"), ("e2e_1_ci", "__default")]
    assert len(runs) == 3 * 5 + 2
    assert all(run["passedTests"] == run["totalTests"] for run in runs if run not in failed)
    (result,) = ask(f"apache-flink/_apis/test/Runs/{failed[1]['id']}/Results").json()["value"]
    assert (result["automatedTestName"], result["errorMessage"]) == (
        "org.apache.flink.E2eITCase.testAll",
        "broken \ud83d text",
    )


def test_a_retry_with_a_body_can_be_refused(sandbox, build, ask):
    sandbox.azure.retry_takes_no_body = True
    sandbox.azure.finish(build.id, "failed")
    refused = retry(ask, build, json={})
    assert (refused.status_code, build.status) == (400, "completed")
    assert "The request body must be empty when the retry parameter is specified" in refused.json()["message"]
    assert retry(ask, build).json()["status"] == "inProgress"


@pytest.mark.parametrize(("acted", "status"), [(False, "completed"), (True, "inProgress")])
def test_a_retry_may_be_answered_without_a_build(sandbox, build, ask, acted, status):
    sandbox.azure.finish(build.id, "failed")
    sandbox.fault(service="azure", path="retry=true", acted=acted, status=200, body="null")
    answer = retry(ask, build)
    assert (answer.status_code, answer.json(), build.status) == (200, None, status)


def test_a_person_may_run_a_build_again_an_instant_before(sandbox, build, ask):
    sandbox.azure.finish(build.id, "failed")
    sandbox.fault(service="azure", path="retry=true", before=lambda: sandbox.azure.retry(build.id))
    refused = retry(ask, build, json={})
    assert (refused.status_code, build.status) == (409, "inProgress")
    assert {job.attempt for job in build.jobs} == {1, 2}


def test_a_deleted_build_is_gone_everywhere_with_its_jobs(sandbox, build, ask):
    sandbox.azure.finish(build.id, "failed")
    sandbox.azure.expire(build.id)
    assert ask(f"apache-flink/_apis/build/builds/{build.id}").status_code == 404
    assert builds(ask) == []
    assert builds(ask, buildIds=build.id) == []
    assert ask("_apis/distributedtask/pools/1/jobrequests").json()["count"] == 0
    assert ask(f"apache-flink/_apis/test/Runs?buildUri=vstfs:///Build/Build/{build.id}").status_code == 404


def test_lists_may_leave_a_build_out_or_be_empty(sandbox, build, ask):
    other = sandbox.azure.queue(PULLS, "ci_2_b", "b" * 40, "individualCI")
    sandbox.azure.hidden = {build.id}
    assert builds(ask) == [other.id]
    assert ask(f"apache-flink/_apis/build/builds/{build.id}").json()["id"] == build.id
    sandbox.azure.lists_nothing = True
    for path in ("apache-flink/_apis/build/builds", "_apis/distributedtask/pools"):
        answer = ask(path)
        assert (answer.status_code, answer.json()) == (200, {"count": 0, "value": []})
    assert ask(f"apache-flink/_apis/build/builds/{build.id}").json()["id"] == build.id


@pytest.mark.parametrize(("until", "result"), [("stages", "canceled"), ("ever", None)])
def test_a_cancelled_build_may_stay_so_until_its_stages_are_cancelled(sandbox, client, build, until, result):
    sandbox.azure.cancel_sticks = until
    client.update_build(Build(status="cancelling"), PROJECT, build.id)
    sandbox.clock.advance(hours=9)
    assert client.get_build(PROJECT, build.id).status == "cancelling"
    client.update_stage(UpdateStageParameters(state="cancel"), build.id, "ci", PROJECT)
    assert client.get_build(PROJECT, build.id).result == result


def test_queueing_is_refused_with_what_is_wrong_with_the_pipeline(sandbox, ask):
    sha = sandbox.commit(BRANCH, repo=PULLS)
    problem = "/azure-pipelines.yml (Line: 12, Col: 3): Unexpected value 'steps'"
    sandbox.azure.invalid[sha] = problem
    order = {"definition": {"id": 1}, "sourceBranch": f"refs/heads/{BRANCH}", "sourceVersion": sha}
    answer = ask("apache-flink/_apis/build/builds", "POST", json=order)
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "BuildRequestValidationFailedException")
    assert answer.json()["customProperties"]["ValidationResults"] == [{"result": "error", "message": problem}]
    assert sandbox.azure.of(BRANCH) == []


def test_a_token_without_the_test_scope_is_refused_test_runs_alone(sandbox, build, ask):
    sandbox.azure.scopes -= {"test"}
    assert ask(f"apache-flink/_apis/test/Runs?buildUri=vstfs:///Build/Build/{build.id}").status_code == 403
    assert builds(ask) == [build.id]
    assert ask("_apis/distributedtask/pools").status_code == 200


def test_a_replica_answers_what_was_before_and_acts_are_of_the_present(sandbox, client, build):
    before = sandbox.azure.remembered()
    sandbox.azure.finish(build.id)
    assert client.get_build(PROJECT, build.id).status == "completed"
    sandbox.azure.lag(before, path=f"builds/{build.id}")
    assert client.get_build(PROJECT, build.id).status == "inProgress"
    assert client.get_builds(PROJECT)[0].status == "completed", "another address is answered from the present"
    with pytest.raises(AzureDevOpsServiceError, match="can't be cancelled"):
        client.update_build(Build(status="cancelling"), PROJECT, build.id)
    sandbox.azure.catch_up()
    assert client.get_build(PROJECT, build.id).status == "completed"


def test_builds_end_in_every_way_that_azure_knows(sandbox, client, build):
    other = sandbox.azure.queue(PULLS, "ci_2_b", "b" * 40, "individualCI")
    jobs = {"license_check": "succeededWithIssues", "docs_404_check": "abandoned"}
    sandbox.azure.finish(build.id, "partiallySucceeded", **jobs)
    sandbox.azure.finish(other.id, "none")
    assert [client.get_build(PROJECT, each.id).result for each in (build, other)] == ["partiallySucceeded", "none"]
    results = {r.name: r.result for r in client.get_build_timeline(PROJECT, build.id).records if r.type == "Job"}
    assert {name: results[name] for name in jobs} == jobs
    skipped = client.get_build_timeline(PROJECT, other.id).records
    assert {(r.result, r.worker_name) for r in skipped if r.type == "Job"} == {("skipped", None)}


def test_a_job_warns_in_any_text(sandbox, client, build):
    sandbox.azure.warn(build.id, "compile_ci", "half a pair \ud83d")
    records = client.get_build_timeline(PROJECT, build.id).records
    (issue,) = next(r for r in records if r.name == "compile_ci" and r.type == "Job").issues
    assert issue.message == "half a pair \ud83d"


def test_an_act_may_be_done_and_its_answer_lost(sandbox, build, ask):
    sandbox.fault(service="azure", method="PATCH", acted=True, reset=True)
    with pytest.raises(requests.ConnectionError):
        ask(f"apache-flink/_apis/build/builds/{build.id}", "PATCH", json={"status": "cancelling"})
    assert build.result == "canceled"
