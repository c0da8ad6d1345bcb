"""The Azure client against a scripted service: what it sends, and what it makes of every kind of answer."""

import base64
import json
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache

from flinkci_dashboard.clients.azure import project as azure
from flinkci_dashboard.clients.azure.http import Transport
from flinkci_dashboard.clients.azure.project import Azure
from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.facts import Result, Status

pytestmark = pytest.mark.django_db
PAT = "p" * 52
ENTRA = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
ROUTES = {
    azure.BUILDS: ("build", "builds", "{project}/_apis/{area}/{resource}/{buildId}"),
    azure.TIMELINE: ("build", "timeline", "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}"),
    azure.LOGS: ("build", "logs", "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}"),
    azure.STAGES: ("build", "stages", "{project}/_apis/{area}/builds/{buildId}/{resource}/{stageRefName}"),
    azure.POOLS: ("distributedtask", "pools", "_apis/{area}/{resource}/{poolId}"),
    azure.AGENTS: ("distributedtask", "agents", "_apis/{area}/pools/{poolId}/{resource}/{agentId}"),
}


class Scripted(ThreadingHTTPServer):
    """Answers discovery, then one prepared answer after the other; notes what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: deque = deque()
        self.asked: list[tuple[str, str, str, bytes]] = []

    def handle_error(self, request, client_address):
        """Say nothing: a client that leaves in the middle is part of the game."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/flink"

    def say(self, body=None, status=200, kind="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.answers.append((status, {"Content-Type": kind} | named, content))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "OPTIONS":
            return self._send(200, {"Content-Type": "application/json"}, json.dumps(_locations()).encode())
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization", ""), body))
        return self._send(*self.server.answers.popleft())

    def _send(self, status, headers, content):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass

    do_GET = do_POST = do_PATCH = do_OPTIONS = _serve  # noqa: N815


def _locations() -> dict:
    rows = [
        {
            "id": location,
            "area": area,
            "resourceName": name,
            "routeTemplate": route,
            "resourceVersion": 7,
            "minVersion": "1.0",
            "maxVersion": "7.1",
            "releasedVersion": "7.0",
        }
        for (location, _), (area, name, route) in ROUTES.items()
    ]
    return {"count": len(rows), "value": rows}


@pytest.fixture
def service(settings):
    with Scripted() as server:
        settings.AZURE_DEVOPS_URL = server.url
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()
        cache.clear()


@pytest.fixture
def slept() -> list[float]:
    return []


def client(service, slept, token: str | None = PAT) -> Azure:
    return Azure(Transport(service.url, token, sleep=slept.append), "apache-flink")


def build_json(build_id: int, **fields) -> dict:
    return {"id": build_id, "status": "completed", "result": "succeeded"} | fields


@pytest.mark.parametrize(
    "token, header",
    [
        (PAT, "Basic " + base64.b64encode(f":{PAT}".encode()).decode()),
        (ENTRA, f"Bearer {ENTRA}"),
        (None, ""),
    ],
    ids=["personal access token", "Entra token", "anonymous"],
)
def test_each_kind_of_credential_signs_in_its_own_way(service, slept, token, header):
    service.say({"value": []})
    client(service, slept, token).unfinished_builds()
    assert service.asked[0][2] == header


def test_a_build_is_read_with_all_its_facts(service, slept):
    service.say(
        build_json(
            79300,
            buildNumber="20261123.4",
            status="inProgress",
            result=None,
            queueTime="2026-11-23T10:00:00.1234567Z",
            startTime="2026-11-23T10:01:00",
            finishTime="0001-01-01T00:00:00",
            sourceBranch="refs/heads/release-2.1",
            sourceVersion="a" * 40,
            reason="schedule",
            definition={"id": 1, "name": "flink-ci.flink-mirror"},
            repository={"id": "flink-ci/flink-mirror", "type": "GitHub"},
            triggerInfo={"ci.message": "[FLINK-1] Fix\n\nbody"},
            requestedFor={"displayName": "Azure\x00 Pipelines"},
            _links={"web": {"href": "javascript:alert(1)"}},
        )
    )
    build = client(service, slept).build(79300)
    assert (build.branch, build.status, build.result, build.reason) == ("release-2.1", "running", "", "schedule")
    assert build.queued_at == datetime(2026, 11, 23, 10, 0, 0, 123456, UTC)
    assert build.started_at == datetime(2026, 11, 23, 10, 1, tzinfo=UTC), "a time without a zone is UTC"
    assert build.finished_at is None, "the year 1 is no date"
    assert build.message == "[FLINK-1] Fix"
    assert build.requested_for == "Azure Pipelines", "no control characters reach the database"
    assert build.web_url == "", "only http(s) addresses become links"


def test_a_build_of_nothing_but_its_id_is_read(service, slept):
    service.say({"id": 1})
    build = client(service, slept).build(1)
    assert (build.status, build.result, build.branch, build.queued_at) == (Status.QUEUED, Result.NONE, "", None)


def test_pages_are_followed_and_a_repeated_page_ends_the_list(service, slept):
    service.say({"value": [build_json(3), build_json(2)]}, x_ms_continuationtoken="t1")
    service.say({"value": [build_json(2), build_json(1)]}, x_ms_continuationtoken="t2")
    service.say({"value": [build_json(2), build_json(1)]}, x_ms_continuationtoken="t2")
    assert [build.external_id for build in client(service, slept).finished_builds()] == [3, 2, 1]
    assert "continuationToken=t1" in service.asked[1][1]


def test_a_limit_ends_the_list(service, slept):
    service.say({"value": [build_json(3), build_json(2)]}, x_ms_continuationtoken="t1")
    assert len(client(service, slept).finished_builds(limit=2)) == 2


@pytest.mark.parametrize(
    "act, method, path, body",
    [
        (lambda c: c.retry_build(7), "PATCH", "builds/7?retry=true", {}),
        (lambda c: c.cancel_build(7), "PATCH", "builds/7", {"status": "cancelling"}),
        (lambda c: c.cancel_stage(7, "ci"), "PATCH", "builds/7/stages/ci", {"state": "cancel"}),
        (
            lambda c: c.queue_build(2, "ci_1_ab", "ab"),
            "POST",
            "builds",
            {"definition": {"id": 2}, "sourceBranch": "refs/heads/ci_1_ab", "sourceVersion": "ab"},
        ),
    ],
    ids=["retry", "cancel", "cancel a stage", "queue"],
)
def test_acts_are_sent_once_and_as_documented(service, slept, act, method, path, body):
    service.say(build_json(7))
    act(client(service, slept))
    (sent,) = service.asked
    assert (sent[0], sent[1].partition("/_apis/build/")[2], json.loads(sent[3])) == (method, path, body)


@pytest.mark.parametrize(
    "status, kind, body, error",
    [
        (203, "text/html", b"<html>Sign in", NotAuthorizedError),
        (200, "text/html; charset=utf-8", b"<html>Sign in", NotAuthorizedError),
        (302, "text/html", b"", NotAuthorizedError),
        (401, "text/plain", b"", NotAuthorizedError),
        (403, "application/json", b'{"message": "TF400813: no"}', NotAuthorizedError),
        (404, "application/json", b'{"message": "gone"}', NotFoundError),
        (400, "application/json", b'{"message": "bad"}', RefusedError),
        (409, "application/json", b"[]", RefusedError),
        (200, "application/json", b"{broken", UnavailableError),
        (200, "application/json", b"null", UnavailableError),
    ],
    ids=lambda value: str(value)[:24],
)
def test_every_refusal_has_a_name_and_is_not_repeated(service, slept, status, kind, body, error):
    service.say(body, status, kind)
    with pytest.raises(error) as caught:
        client(service, slept).build(1)
    assert len(service.asked) == 1
    assert PAT not in str(caught.value)


def test_reads_are_tried_again_after_a_server_error(service, slept):
    service.say({}, 500)
    service.say({}, 502)
    service.say(build_json(1))
    assert client(service, slept).build(1).external_id == 1
    assert slept == [1.0, 4.0]


def test_writes_are_not_tried_again_after_a_server_error(service, slept):
    service.say({}, 500)
    with pytest.raises(UnavailableError):
        client(service, slept).retry_build(1)
    assert len(service.asked) == 1


def test_a_closed_door_is_unavailable(slept):
    with pytest.raises(UnavailableError):
        Azure(Transport("http://127.0.0.1:9/flink", PAT, sleep=slept.append), "p").build(1)


def test_a_refusal_for_limits_is_waited_out(service, slept):
    service.say({}, 429, Retry_After=7)
    service.say(build_json(1))
    client(service, slept).retry_build(1)
    assert slept == [pytest.approx(7, abs=0.5)]


def test_a_hint_that_comes_with_an_answer_slows_the_next_call(service, slept):
    service.say(build_json(1), Retry_After=9)
    service.say(build_json(2))
    asking = client(service, slept)
    asking.build(1)
    assert slept == []
    asking.build(2)
    assert slept == [pytest.approx(9, abs=0.5)]


def test_a_long_ban_ends_the_pass_and_holds_for_the_next_one(service, slept):
    service.say({}, 429, Retry_After=900)
    with pytest.raises(ThrottledError) as caught:
        client(service, slept).build(1)
    assert caught.value.seconds == pytest.approx(900, abs=2)
    with pytest.raises(ThrottledError):
        client(service, slept).build(1)
    assert len(service.asked) == 1, "another pass does not even ask"


def test_a_date_says_for_how_long_too(service, slept):
    service.say({}, 429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=20)))
    service.say(build_json(1))
    client(service, slept).retry_build(1)
    assert slept == [pytest.approx(19, abs=2)]


def test_text_that_no_database_takes_is_repaired(service, slept):
    service.say(b'{"id": 1, "triggerInfo": {"ci.message": "half \\ud83d \\u0000"}}')
    assert client(service, slept).build(1).message == "half \ufffd"
    service.say(b'{"message": "No \\ud83d"}', 400)
    with pytest.raises(RefusedError, match="No \ufffd"):
        client(service, slept).build(1)


def test_a_timeline_is_read_as_stages_and_jobs_with_attempts(service, slept):
    records = [
        {"id": "s", "type": "Stage", "identifier": "ci", "name": "ci", "state": "completed", "result": "failed"},
        {"id": "p", "parentId": "s", "type": "Phase", "startTime": "2026-11-23T10:00:00Z"},
        {
            "id": "j",
            "parentId": "p",
            "type": "Job",
            "identifier": "ci.test_ci.core",
            "name": "test_ci core",
            "state": "completed",
            "result": "failed",
            "startTime": "2026-11-23T10:05:00Z",
            "finishTime": "2026-11-23T11:05:00Z",
            "workerName": "AlibabaCI002-agent01",
            "queueId": 18,
            "attempt": 2,
            "previousAttempts": [{"attempt": 1, "timelineId": "old", "recordId": "j"}],
            "log": {"id": 12},
            "errorCount": 1,
        },
        {
            "id": "t",
            "parentId": "j",
            "type": "Task",
            "result": "failed",
            "log": {"id": 9},
            "issues": [{"type": "error", "message": "Bash exited with code '1'."}, None, {"type": "warning"}],
        },
        {"id": "loop", "parentId": "loop", "type": "Job"},
    ]
    service.say({"records": records})
    found = client(service, slept).timeline(1)
    job = found.jobs[0]
    assert (job.key, job.stage_key, job.attempt, job.queue_id) == ("ci.test_ci.core", "ci", 2, 18)
    assert job.ready_at == datetime(2026, 11, 23, 10, tzinfo=UTC), "its phase was ready"
    assert job.failed_log_ids == (9,)
    assert [issue.message for issue in job.issues] == ["Bash exited with code '1'.", ""]
    assert found.earlier == ("old",)
    assert found.jobs[1].key == "loop"


def test_a_timeline_that_is_not_there_yet_is_empty(service, slept):
    service.say(b"", 204)
    assert client(service, slept).timeline(1).jobs == ()


def test_log_lines_come_without_their_time_stamps(service, slept):
    service.say({"value": ["2026-11-23T10:00:00.0000000Z Agent name: 'x'", "plain"]})
    assert client(service, slept).log_lines(1, 2, 1, 20) == ["Agent name: 'x'", "plain"]


def test_job_requests_are_read_though_the_sdk_has_no_method_for_them(service, slept):
    service.say(
        {"value": [{"requestId": 5, "jobId": "j", "owner": {"id": 79300}, "queueTime": "2026-11-23T10:00:00Z"}]}
    )
    (request,) = client(service, slept).job_requests(1)
    assert (request.build_id, request.job_id, request.assigned_at, request.pool_id) == (79300, "j", None, 1)
    assert service.asked[0][1].startswith("/flink/_apis/distributedtask/pools/1/jobrequests?")


def test_agents_tell_what_they_run(service, slept):
    running = {"requestId": 5, "jobId": "j", "owner": {"id": 1}, "assignTime": "2026-11-23T10:00:00Z"}
    service.say({"value": [{"id": 3, "name": "AlibabaCI001-agent01", "status": "online", "assignedRequest": running}]})
    (agent,) = client(service, slept).agents(1)
    assert agent.online and agent.enabled and agent.current and agent.current.job_id == "j" and agent.last is None
