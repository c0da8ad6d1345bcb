"""The sandbox speaks Azure DevOps: driven here by its own SDK, with the world's clock in the test's hand."""

from datetime import timedelta

import pytest
import requests
from azure.core.exceptions import DeserializationError
from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import Build, UpdateStageParameters
from msrest.authentication import BasicAuthentication

from flinkci_dashboard.sandbox import MIRROR, PULLS

PROJECT = "apache-flink"
BRANCH = "ci_1_" + "a" * 40


def connect(sandbox, token=None):
    return Connection(sandbox.azure_url, BasicAuthentication("", sandbox.azure_token if token is None else token))


@pytest.fixture
def client(sandbox):
    return connect(sandbox).clients_v7_1.get_build_client()


@pytest.fixture
def build(sandbox):
    return sandbox.azure.queue(PULLS, BRANCH, "a" * 40, "individualCI")


def jobs_of(client, build):
    return [r for r in client.get_build_timeline(PROJECT, build.id).records if r.type == "Job"]


def test_a_build_waits_runs_and_succeeds_by_the_clock(sandbox, client, build):
    (seen,) = client.get_builds(PROJECT, status_filter="all", branch_name=f"refs/heads/{BRANCH}")
    assert (seen.status, seen.result, seen.source_version) == ("inProgress", None, "a" * 40)
    sandbox.clock.advance(minutes=10)
    compiling = next(job for job in jobs_of(client, build) if job.name == "compile_ci")
    assert (compiling.state, compiling.worker_name) == ("inProgress", "AlibabaCI001-agent01")
    sandbox.clock.advance(hours=4)
    assert client.get_build(PROJECT, build.id).result == "succeeded"
    hosts = {job.name: job.worker_name.split("-")[0].rstrip("0123456789 ") for job in jobs_of(client, build)}
    assert hosts["docs_404_check"] == "Azure Pipelines"
    assert hosts["test_ci core"] == "AlibabaCI"


def test_jobs_wait_while_no_agent_of_their_pool_is_free(sandbox, client, build):
    for agent in sandbox.azure.agents.values():
        agent.online = agent.pool != "Default"
    sandbox.clock.advance(minutes=30)
    states = {job.name: job.state for job in jobs_of(client, build)}
    assert states["compile_ci"] == "pending"
    assert states["docs_404_check"] == "completed"


def test_a_failed_build_is_retried_as_the_same_build_with_a_new_attempt(sandbox, client, build):
    sandbox.azure.finish(build.id, "failed", ["test_ci.table"])
    client.update_build(Build(), PROJECT, build.id, retry=True)
    assert client.get_build(PROJECT, build.id).status == "inProgress"
    table = next(job for job in jobs_of(client, build) if job.name == "test_ci table")
    assert (table.attempt, table.state) == (2, "inProgress")
    earlier = client.get_build_timeline(PROJECT, build.id, table.previous_attempts[0].timeline_id)
    old = next(record for record in earlier.records if record.name == "test_ci table")
    assert (old.attempt, old.result) == (1, "failed")


def test_a_build_is_cancelled_and_not_twice(sandbox, client, build):
    client.update_build(Build(status="cancelling"), PROJECT, build.id)
    client.update_stage(UpdateStageParameters(state="cancel"), build.id, "ci", PROJECT)
    assert client.get_build(PROJECT, build.id).result == "canceled"
    with pytest.raises(AzureDevOpsServiceError, match="can't be cancelled"):
        client.update_build(Build(status="cancelling"), PROJECT, build.id)


def test_a_build_is_queued_only_for_a_branch_that_exists(sandbox, client):
    sha = sandbox.commit(BRANCH, repo=PULLS)
    order = Build(definition={"id": 1}, source_branch=f"refs/heads/{BRANCH}", source_version=sha)
    assert client.queue_build(order, PROJECT).source_version == sha
    with pytest.raises(AzureDevOpsServiceError, match="Could not find the branch"):
        client.queue_build(Build(definition={"id": 1}, source_branch="refs/heads/none"), PROJECT)


def test_logs_name_the_agent_and_the_failing_test(sandbox, client, build):
    sandbox.azure.finish(build.id, "failed", ["test_ci.core"])
    core = next(job for job in jobs_of(client, build) if job.name == "test_ci core")
    head = client.get_build_log_lines(PROJECT, build.id, core.log.id, 1, 5)
    assert len(head) == 5
    assert head[1].endswith("Agent name: 'AlibabaCI001-agent01'")
    assert any(
        "JobMasterTest.testSlotRequestTimeout" in line
        for line in client.get_build_log_lines(PROJECT, build.id, core.log.id)
    )


def test_a_deleted_build_is_not_found(sandbox, client, build):
    sandbox.azure.expire(build.id)
    assert client.get_builds(PROJECT, status_filter="all") == []
    with pytest.raises(AzureDevOpsServiceError, match="could not be found"):
        client.get_build(PROJECT, build.id)


def test_pools_and_agents_are_for_those_who_sign_in(sandbox):
    client = connect(sandbox).clients_v7_1.get_task_agent_client()
    pools = {pool.name: pool for pool in client.get_agent_pools()}
    assert (pools["Default"].is_hosted, pools["Azure Pipelines"].is_hosted) == (False, True)
    sandbox.azure.set_online("AlibabaCI002-agent01", False)
    agents = {agent.name: agent.status for agent in client.get_agents(pools["Default"].id)}
    assert (agents["AlibabaCI001-agent01"], agents["AlibabaCI002-agent01"]) == ("online", "offline")
    anonymous = Connection(sandbox.azure_url).clients_v7_1
    assert anonymous.get_build_client().get_builds(PROJECT) == []
    with pytest.raises(AzureDevOpsServiceError):
        anonymous.get_task_agent_client().get_agent_pools()


def test_a_bad_token_gets_the_sign_in_page(sandbox):
    with pytest.raises(DeserializationError):
        connect(sandbox, "wrong").clients_v7_1.get_build_client().get_builds(PROJECT)


def test_a_push_of_a_branch_starts_a_build(sandbox):
    sandbox.azure.pushed(PULLS, {"ci_2_b": "b" * 40})
    sandbox.azure.pushed(PULLS, {"ci_2_b": "b" * 40})
    assert [build.version for build in sandbox.azure.of("ci_2_b")] == ["b" * 40]


def test_a_push_starts_its_build_after_a_while(sandbox):
    sandbox.azure.trigger_delay = timedelta(minutes=2)
    sandbox.azure.pushed(PULLS, {"ci_2_b": "b" * 40})
    assert sandbox.azure.of("ci_2_b") == []
    sandbox.clock.advance(minutes=3)
    assert len(sandbox.azure.of("ci_2_b")) == 1


def test_a_cancelled_build_takes_its_time_to_end(sandbox, client, build):
    sandbox.azure.cancel_delay = timedelta(minutes=1)
    client.update_build(Build(status="cancelling"), PROJECT, build.id)
    assert client.get_build(PROJECT, build.id).status == "cancelling"
    sandbox.clock.advance(minutes=2)
    seen = client.get_build(PROJECT, build.id)
    assert (seen.status, seen.result) == ("completed", "canceled")


def test_a_job_whose_agent_goes_away_is_given_up_with_a_reason(sandbox, client, build):
    sandbox.azure.move()
    sandbox.azure.set_online("AlibabaCI001-agent01", False)
    sandbox.clock.advance(minutes=11)
    compiling = next(job for job in jobs_of(client, build) if job.name == "compile_ci")
    assert compiling.result == "failed"
    assert "We stopped hearing from agent AlibabaCI001-agent01" in compiling.issues[0].message


def test_a_job_goes_on_when_its_agent_comes_back_in_time(sandbox, client, build):
    sandbox.azure.move()
    sandbox.azure.set_online("AlibabaCI001-agent01", False)
    sandbox.clock.advance(minutes=5)
    sandbox.azure.set_online("AlibabaCI001-agent01", True)
    sandbox.clock.advance(hours=5)
    assert client.get_build(PROJECT, build.id).result == "succeeded"


def test_a_nightly_build_has_every_variant_in_a_stage_of_its_own(sandbox, client):
    nightly = sandbox.azure.queue(MIRROR, "master", "a" * 40, "schedule")
    sandbox.clock.advance(hours=12)
    records = client.get_build_timeline(PROJECT, nightly.id).records
    stages = {r.identifier: r.name for r in records if r.type == "Stage"}
    assert stages == {"ci": "CI build (custom builders)", "cron_build": "Cron build"}
    workers = {r.name: r.worker_name for r in records if r.type == "Job"}
    assert {name.removeprefix("compile_") for name in workers if name.startswith("compile_cron")} == {
        "cron_azure", "cron_hadoop313", "cron_jdk11", "cron_jdk21", "cron_adaptive_scheduler",
    }  # fmt: skip
    assert workers["test_cron_azure core"].startswith("Azure Pipelines")
    assert workers["test_cron_jdk11 core"].startswith("AlibabaCI")


def test_the_first_task_of_a_job_names_the_agent_in_a_log_of_its_own(sandbox, client, build):
    sandbox.azure.finish(build.id)
    records = client.get_build_timeline(PROJECT, build.id).records
    core = next(r for r in records if r.type == "Job" and r.name == "test_ci core")
    first = next(r for r in records if r.parent_id == core.id and r.name == "Initialize job")
    lines = client.get_build_log_lines(PROJECT, build.id, first.log.id)
    assert lines[1].endswith("Agent name: 'AlibabaCI001-agent01'")
    counts = {log.id: log.line_count for log in client.get_build_logs(PROJECT, build.id)}
    assert counts[first.log.id] == len(lines) < counts[core.log.id]


def test_agents_tell_only_what_was_asked_for(sandbox, build):
    sandbox.azure.move()
    client = connect(sandbox).clients_v7_1.get_task_agent_client()
    agent = client.get_agents(1, agent_name="AlibabaCI001-agent01")[0]
    assert (agent.system_capabilities, agent.assigned_request) == (None, None)
    (agent,) = client.get_agents(1, "AlibabaCI001-agent01", include_capabilities=True, include_assigned_request=True)
    assert agent.system_capabilities["Agent.ComputerName"] == "AlibabaCI001"
    assert agent.assigned_request.owner.id == build.id


def test_a_slow_answer_says_how_long_to_wait(sandbox, client, build):
    sandbox.fault(service="azure", retry_after=5, headers={"X-RateLimit-Remaining": "0"})
    assert client.get_build(PROJECT, build.id).id == build.id
    assert sandbox.requests[-1].status == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/apache-flink/_apis/build/builds?color=red", 400, "Unknown query parameters: ['color']"),
        ("/apache-flink/_apis/build/builds?statusFilter=done", 400, "not valid for statusFilter"),
        ("/apache-flink/_apis/build/builds?queryOrder=newest", 400, "not valid for queryOrder"),
        ("/apache-flink/_apis/build/builds?repositoryId=flink-ci/flink", 400, "repository type is required"),
        ("/apache-flink/_apis/build/builds/1", 404, "could not be found"),
        ("/apache-flink/_apis/nothing", 404, "No HTTP resource"),
        ("/_apis/distributedtask/pools", 401, "not authorized"),
    ],
)
def test_what_is_unknown_or_not_allowed_is_refused_in_azures_words(sandbox, path, status, words):
    answer = requests.get(sandbox.azure_url + path, timeout=5)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert answer.json()["typeKey"].endswith("Exception")


def test_builds_are_listed_page_by_page_without_repeating_one(sandbox):
    ids = [sandbox.azure.queue(MIRROR, "master", f"{number:040}").id for number in range(5)]
    address = f"{sandbox.azure_url}/apache-flink/_apis/build/builds"
    seen, token = [], ""
    while token is not None:
        query = {"$top": 2, "queryOrder": "queueTimeDescending", "continuationToken": token}
        answer = requests.get(address, params=query, timeout=5)
        seen += [build["id"] for build in answer.json()["value"]]
        token = answer.headers.get("X-MS-ContinuationToken")
    assert seen == ids[::-1]


def test_pipelines_tell_what_they_build_only_when_asked_for_everything(sandbox):
    address = f"{sandbox.azure_url}/apache-flink/_apis/build/definitions"
    listed = requests.get(address, timeout=5).json()["value"]
    assert {each["name"]: each.get("repository") for each in listed} == {
        "apache-flink-ci.flink": None,
        "flink-mirror": None,
    }
    query = {"name": "flink-mirror", "includeAllProperties": "true"}
    (mirror,) = requests.get(address, params=query, timeout=5).json()["value"]
    assert mirror["repository"]["id"] == MIRROR


def test_a_bad_token_may_be_led_to_a_sign_in_page(sandbox):
    sandbox.azure.sign_in = 302
    address = f"{sandbox.azure_url}/apache-flink/_apis/build/builds"
    answer = requests.get(address, auth=("", "wrong"), timeout=5)
    assert (len(answer.history), answer.status_code) == (1, 200)
    assert "Sign In" in answer.text
    sandbox.azure.sign_in = 401
    assert requests.get(address, auth=("", "wrong"), timeout=5).status_code == 401
    bearer = {"Authorization": f"Bearer {sandbox.azure_token}"}
    assert requests.get(address, headers=bearer, timeout=5).json() == {"count": 0, "value": []}


def test_requests_for_agents_are_told_by_pool_and_agent(sandbox, build):
    sandbox.azure.move()
    address = f"{sandbox.azure_url}/_apis/distributedtask/pools/1/jobrequests"
    token = ("", sandbox.azure_token)
    running = requests.get(address, params={"completedRequestCount": 0}, auth=token, timeout=5).json()["value"]
    assert [(each["jobName"], each["reservedAgent"]["name"]) for each in running] == [
        ("compile_ci", "AlibabaCI001-agent01")
    ]
    assert requests.get(address, params={"agentId": 2}, auth=token, timeout=5).json()["count"] == 0
    sandbox.clock.advance(hours=5)
    assert requests.get(address, params={"$top": 3}, auth=token, timeout=5).json()["count"] == 3


def test_jobs_may_take_a_share_of_their_time(sandbox, client, build):
    sandbox.clock.advance(minutes=10)
    sandbox.azure.hurry(0.1)
    sandbox.clock.advance(minutes=12)
    assert client.get_build(PROJECT, build.id).result == "succeeded"
