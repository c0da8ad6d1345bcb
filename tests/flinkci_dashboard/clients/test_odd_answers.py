"""Whatever a service puts anywhere into its answers: it is read as nothing, or refused, and fits a row."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkci_dashboard.clients import tickets
from flinkci_dashboard.clients.actions import reading as actions
from flinkci_dashboard.clients.azure import published
from flinkci_dashboard.clients.azure import reading as azure
from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github import reading as github

NOW = datetime(2026, 11, 26, tzinfo=UTC)
AT, ID = "2026-11-26T01:02:03Z", "fb37c667-81b7-5c22-ab71-846865b5ff52"
READABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, UnavailableError)  # what clients expect
LARGEST = 2**63 - 1  # that any row holds

USER = {"login": "ada", "id": 7, "type": "User"}
PULL = {
    "number": 5,
    "title": "[FLINK-1] x",
    "user": USER,
    "draft": False,
    "state": "open",
    "author_association": "NONE",
    "head": {"sha": "a" * 40, "ref": "x", "label": "ada:x", "repo": {"full_name": "ada/flink"}},
    "base": {"ref": "master"},
    "labels": [{"name": "bug"}],
    "created_at": AT,
    "updated_at": AT,
    "closed_at": None,
}
COMMENT = {"id": 9, "issue_url": "https://h/issues/5", "user": USER, "body": "hm", "created_at": AT, "updated_at": AT}
BUILD = {
    "id": 3,
    "buildNumber": "1",
    "sourceBranch": "refs/heads/x",
    "sourceVersion": "a" * 40,
    "reason": "manual",
    "status": "completed",
    "result": "failed",
    "queueTime": AT,
    "startTime": AT,
    "finishTime": AT,
    "definition": {"id": 1, "name": "p"},
    "repository": {"id": "a/b"},
    "triggerInfo": {"ci.message": "m"},
    "requestedFor": {"displayName": "Ada"},
    "_links": {"web": {"href": "https://h"}},
}
RECORD = {
    "id": ID,
    "parentId": "p",
    "type": "Job",
    "name": "core",
    "identifier": "a.b",
    "state": "completed",
    "result": "failed",
    "startTime": AT,
    "finishTime": AT,
    "attempt": 2,
    "order": 1,
    "workerName": "w",
    "queueId": 4,
    "log": {"id": 7},
    "errorCount": 1,
    "warningCount": 0,
    "issues": [{"type": "error", "message": "no"}],
    "previousAttempts": [{"timelineId": ID, "attempt": 1}],
}
TIMELINE = {"records": [RECORD, RECORD | {"id": "p", "type": "Stage", "parentId": None}]}
REQUEST = {
    "requestId": 8,
    "poolId": 1,
    "owner": {"id": 3},
    "jobId": ID,
    "jobName": "core",
    "result": "succeeded",
    "reservedAgent": {"id": 2, "name": "w"},
    "queueTime": AT,
    "assignTime": AT,
    "finishTime": AT,
}
AGENT = {
    "id": 2,
    "name": "w",
    "enabled": True,
    "status": "online",
    "version": "4",
    "maxParallelism": 1,
    "createdOn": AT,
    "systemCapabilities": {"docker": "/bin"},
    "assignedRequest": REQUEST,
    "lastCompletedRequest": REQUEST,
}
TEST = {"automatedTestName": "a.b.C.d", "errorMessage": "no", "durationInMs": 5.0}
TEST_RUN = {
    "id": 1,
    "totalTests": 5,
    "passedTests": 4,
    "runStatistics": [{"outcome": "Failed", "count": 1}],
    "pipelineReference": {"jobReference": {"jobName": "__default", "attempt": 1}, "phaseReference": {"phaseName": "x"}},
}
RUN = {
    "id": 17,
    "run_number": 4,
    "workflow_id": 1,
    "name": "CI",
    "repository": {"full_name": "a/b"},
    "event": "push",
    "head_branch": "x",
    "head_sha": "a" * 40,
    "head_commit": {"message": "m"},
    "status": "completed",
    "conclusion": "failure",
    "created_at": AT,
    "updated_at": AT,
    "run_started_at": AT,
    "run_attempt": 2,
    "path": ".github/workflows/ci.yml",
    "html_url": "https://h",
    "triggering_actor": USER,
}
JOB = {
    "id": 18,
    "name": "Java 11 / Compile",
    "status": "completed",
    "conclusion": "failure",
    "run_attempt": 1,
    "created_at": AT,
    "started_at": AT,
    "completed_at": AT,
    "runner_name": "r",
    "labels": ["ubuntu-24.04"],
    "steps": [{"name": "s", "number": 1, "conclusion": "failure"}],
}
TICKET = {
    "id": "13",
    "key": "FLINK-1",
    "fields": {
        "summary": "x",
        "status": {"name": "Open"},
        "assignee": {"displayName": "Ada"},
        "fixVersions": [],
        "components": [{"name": "Tests"}],
        "updated": "2026-11-26T01:02:03.000+0000",
    },
}
READERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "pull request": (github.read_pull, PULL),
    "comment": (github.read_comment, COMMENT),
    "commit": (github.read_commit, {"sha": "a", "commit": {"message": "m", "author": USER, "committer": {"date": AT}}}),
    "file": (github.read_file, {"filename": "pom.xml", "previous_filename": "x", "contents_url": "https://h?ref=a"}),
    "build": (lambda data: azure.build(data, NOW), BUILD),
    "timeline": (azure.timeline, TIMELINE),
    "agent": (lambda data: azure.agent(data, 1), AGENT),
    "pool": (azure.pool, {"id": 1, "name": "Default", "isHosted": False, "size": 28}),
    "queue": (azure.queue, {"id": 1, "name": "Default", "pool": {"id": 1, "name": "Default"}}),
    "log": (azure.log, {"id": 1, "lineCount": 5}),
    "test runs": (published.may_have_failures, TEST_RUN),
    "test": (lambda data: published.failed_test(TEST, data), TEST_RUN),
    "run": (lambda data: actions.run(data, NOW), RUN),
    "jobs": (lambda data: actions.timeline([data], 1), JOB),
    "workflow": (lambda data: actions.workflow(data, "a/b"), {"id": 1, "name": "CI", "path": "p", "state": "active"}),
    "tickets": (tickets.read_page, {"startAt": 0, "total": 1, "issues": [TICKET]}),
    "ticket's comments": (tickets.read_comments, {"total": 1, "comments": [{"body": "hm"}]}),
}
ODD = st.one_of(
    st.none() | st.booleans() | st.text(max_size=8) | st.lists(st.none() | st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
    st.sampled_from((0, -1, 2**31, 2**63, 10**30, 1.5, float("inf"), float("nan"), "0001-01-01T00:00:00+14:00")),
    st.sampled_from(("9999-12-31T23:59:59-14:00", "\u0664\u0662", "1" * 5000, "x" * 5000, "a\0b", [[[]]], {"id": {}})),
)


@pytest.mark.parametrize("name", READERS)
def test_what_is_whole_is_read(name):
    reader, whole = READERS[name]
    assert reader(copy.deepcopy(whole))


@given(name=st.sampled_from(sorted(READERS)), data=st.data())
def test_whatever_stands_anywhere_is_read_or_refused(name, data):
    reader, whole = READERS[name]
    answer = copy.deepcopy(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = data.draw(st.sampled_from(list(places(answer))))
        place[key] = copy.deepcopy(data.draw(ODD))  # the next one may be put into it
    try:
        found = reader(answer)
    except READABLE:
        return
    kept = {"tickets": lambda: found.tickets, "ticket's comments": lambda: found[0]}.get(name, lambda: found)()
    assert not [each for each in leaves(kept) if isinstance(each, int) and abs(each) > LARGEST]
    assert not [each for each in leaves(kept) if isinstance(each, str) and len(each) > 5000]


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of an answer: a container, and a key or an index in it."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield data, key
        yield from places(value)


def leaves(found: Any) -> Iterator[Any]:
    """Yield every value in what was read."""
    if is_dataclass(found) and not isinstance(found, type):
        found = asdict(found)
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list | tuple | frozenset):
        for each in found:
            yield from leaves(each)
    else:
        yield found
