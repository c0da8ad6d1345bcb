"""Requests for agents find the job that they are for: by build and job id, by attempt, and among recent builds only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.builds.requests import jobs_of
from agents.models import Job
from flinkci_dashboard.clients.facts import RequestFacts, Result
from tests.machines import make_build, make_job, minutes

pytestmark = pytest.mark.django_db
RECORD = "fb37c667-81b7-5c22-0000-000000000000"


def asked(build: int | None, ago: int = 60, ended: int | None = None, request: int = 1) -> RequestFacts:
    return RequestFacts(
        request_id=request,
        pool_id=1,
        build_id=build,
        job_id=RECORD,
        job_name="test_ci core",
        agent_id=None,
        agent_name="",
        result=Result.NONE,
        queued_at=minutes(ago),
        assigned_at=None,
        finished_at=None if ended is None else minutes(ended),
    )


def jobs(*requests: RequestFacts, provider: str = "azure") -> dict[int, Job]:
    return jobs_of(requests, provider, timezone.now())


def test_the_same_job_of_two_builds_is_two_jobs():
    first, second = (make_job(make_build(number), record_id=RECORD) for number in (1, 2))
    assert jobs(asked(2, request=5), asked(1, request=6)) == {5: second, 6: first}


def test_a_request_of_a_build_that_we_do_not_know_is_for_none():
    make_job(make_build(1), record_id=RECORD)
    assert jobs(asked(2), asked(None, request=2)) == {}


def test_a_request_of_another_service_is_for_none():
    make_job(make_build(1), record_id=RECORD)
    assert jobs(asked(1), provider="actions") == {}


@pytest.mark.parametrize("ended, known", [(None, True), (60, True), (60 * 25, False)])
def test_only_recent_builds_are_looked_at(ended, known):
    build = make_build(1, finished_at=None if ended is None else minutes(ended))
    make_job(build, record_id=RECORD, started_at=None, finished_at=None)
    assert bool(jobs(asked(1))) is known


def test_attempts_that_share_an_id_are_told_apart_by_time():
    build = make_build(1)
    first = make_job(build, record_id=RECORD, started_at=minutes(200), finished_at=minutes(180))
    second = make_job(build, record_id=RECORD, attempt=2, started_at=minutes(9), finished_at=None)
    assert jobs(asked(1, ago=205, ended=180, request=7), asked(1, ago=10, request=8)) == {7: first, 8: second}


def test_a_few_requests_load_a_few_rows(django_assert_num_queries):
    for number in range(1, 60):
        make_job(make_build(number), record_id=RECORD)
    with django_assert_num_queries(2):
        found = jobs(*(asked(number, request=number) for number in range(1, 13)))
    assert {request: job.build_id for request, job in found.items()} == dict(
        Job.objects.filter(build__external_id__lt=13).values_list("build__external_id", "build_id")
    )
    assert timezone.now() - timedelta(days=1) < min(job.started_at for job in found.values())
