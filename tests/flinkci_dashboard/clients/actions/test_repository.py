"""The client of GitHub Actions: what may be done, what is refused in which words, and where a token may not go."""

from contextlib import closing
from datetime import datetime, timedelta

import pytest

from flinkci_dashboard.clients.errors import (
    MovedError,
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from flinkci_dashboard.clients.providers import build_page, connect
from flinkci_dashboard.sandbox import PULLS, SOURCE
from tests.canned import canned
from tests.runs import SHA, start

FAILED = {"Default (Java 17) / Compile": ()}


def failed_run(world, repo):
    run = start(world, repo=repo)
    world.actions.finish(run.id, "failure", FAILED)
    return run


def test_failed_jobs_run_again_where_the_account_may_write(world):
    run = failed_run(world, PULLS)
    assert connect("actions", PULLS).retry_build(run.id).attempt == 2


def test_elsewhere_the_reason_is_githubs(world):
    run = failed_run(world, SOURCE)
    with pytest.raises(NotAuthorizedError, match=r"apache/flink.*Must have admin rights to Repository\."):
        connect("actions", SOURCE).retry_build(run.id)


def test_what_is_too_old_or_switched_off_is_not_run_again(world):
    run = failed_run(world, PULLS)
    run.workflow.state = "disabled_manually"
    with pytest.raises(NotAuthorizedError, match="the workflow is disabled"):
        connect("actions", PULLS).retry_build(run.id)


def test_a_run_is_cancelled_and_a_workflow_started(world):
    run = start(world, repo=PULLS)
    service = connect("actions", PULLS)
    assert service.cancel_build(run.id).result == "canceled"
    with pytest.raises(RefusedError):
        service.cancel_build(run.id)


def test_a_run_that_is_not_there_is_not_found(world):
    with pytest.raises(NotFoundError):
        connect("actions", SOURCE).build(1)


def test_its_page_is_known_without_asking(world):
    assert build_page("actions", 7, SOURCE).endswith("/apache/flink/actions/runs/7")


def test_lists_of_all_kinds_are_asked_for_as_github_has_them(world):
    first, second = start(world), start(world, branch="other", sha="d" * 40)
    world.actions.finish(second.id)
    service = connect("actions", SOURCE)
    assert [run.external_id for run in service.unfinished_builds()] == [first.id]
    assert [run.external_id for run in service.finished_builds()] == [second.id]
    assert [run.external_id for run in service.builds_of_branch("master")] == [first.id]
    assert [run.external_id for run in service.builds_by_id([first.id, 1])] == [first.id]
    assert {each.name for each in service.definitions()} == {"Flink CI (beta)"}
    assert service.build(first.id).version == SHA
    now = world.clock.now()
    with closing(service):
        assert service.finished_builds(since=now + timedelta(hours=1)) == []


@pytest.mark.parametrize("there", ["http://203.0.113.9/log", "https://example.org/log", "file:///etc/passwd", ""])
def test_a_log_is_read_at_githubs_stores_alone(settings, there, db):
    with canned() as web:
        settings.GITHUB_API_URL = web.address
        web.answers["/repos/apache/flink/actions/jobs/1/logs"] = (302, {}, {"Location": there})
        with pytest.raises(UnavailableError):
            connect("actions", SOURCE).tails(7, [1], 10)


def test_the_token_stays_behind_at_the_redirect(settings, monkeypatch, db):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    with canned() as web, canned() as store:
        settings.GITHUB_API_URL = web.address
        web.answers["/repos/apache/flink/actions/jobs/1/logs"] = (302, {}, {"Location": f"{store.address}/log?sig=x"})
        store.answers["/log"] = "2026-11-25T00:00:00.1234567Z one\n2026-11-25T00:00:01.1234567Z two\n"
        tail = connect("actions", SOURCE).tails(7, [1], 1)[1]
    assert (tail.first, tail.lines) == (2, ("two",))
    assert "Authorization" in web.asked[0][2]
    assert "Authorization" not in store.asked[0][2]


MOVED = "/repositories/7/actions/runs"


@pytest.mark.parametrize("location", [MOVED, f"{MOVED}?head_sha={SHA}&per_page=100"])
def test_a_renamed_repository_is_asked_the_same_question_under_its_new_name(settings, db, location):
    with canned() as web:
        settings.GITHUB_API_URL = web.address
        web.answers["/repos/ada/flink/actions/runs"] = (301, {"message": "Moved"}, {"Location": web.address + location})
        web.answers[MOVED] = {"total_count": 0, "workflow_runs": []}
        assert connect("actions", "ada/flink").runs(head_sha=SHA).items == ()
        assert f"head_sha={SHA}" in web.asked[1][1] and web.asked[1][1].startswith(MOVED)
        assert len(web.asked) == 2


@pytest.mark.parametrize("headers", [{}, {"Location": "http://elsewhere.example/x"}, {"Location": "/repos/ada/flink"}])
def test_what_leads_nowhere_is_refused_at_once(settings, db, headers):
    with canned() as web:
        settings.GITHUB_API_URL = web.address
        web.answers["/repos/ada/flink"] = (301, {"message": "Moved"}, headers)
        with pytest.raises(MovedError, match="renamed"):
            connect("actions", "ada/flink").runs(head_sha=SHA)
        assert len(web.asked) <= 2


STEPS = """2026-11-25T00:00:00.1000000Z Set up
2026-11-25T00:00:05.1000000Z the last words of the step before
2026-11-25T00:00:05.4000000Z ##[group]Run tools/ci/test_controller.sh
2026-11-25T00:00:06.1000000Z one\x0b\u2028 line\r
2026-11-25T00:00:07.1000000Z ##[error]boom"""


@pytest.mark.parametrize(
    ("since", "step"),
    [(None, 1), ("00:00:00", 1), ("00:00:05", 3), ("00:00:06", 4), ("00:00:09", 1)],
)
@pytest.mark.parametrize("most", [400, 10**7])
def test_lines_are_counted_as_github_does_and_so_are_those_of_a_step(settings, monkeypatch, db, since, step, most):
    monkeypatch.setattr("flinkci_dashboard.clients.actions.logs.MOST", most)
    monkeypatch.setattr("flinkci_dashboard.clients.actions.logs.CHUNK", 128)
    began = datetime.fromisoformat(f"2026-11-25T{since}+00:00") if since else None
    with canned() as web:
        settings.GITHUB_API_URL = web.address
        web.answers["/repos/apache/flink/actions/jobs/1/logs"] = (302, {}, {"Location": f"{web.address}/log"})
        web.answers["/log"] = STEPS
        service = connect("actions", SOURCE)
        tail = service.tails(7, [1], 2, {1: began})[1]
        parts = list(service.earlier(7, 1, 4))
        assert service.log_lines(7, 1, 2, 3)[1] == "##[group]Run tools/ci/test_controller.sh"
    assert (tail.first, tail.step, tail.lines) == (4, step, ("one\x0b\u2028 line", "##[error]boom"))
    assert parts[0][0] == 1 and b"".join(part for _, part in parts).startswith(STEPS[:200].encode())
