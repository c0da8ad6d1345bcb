"""Published test results become failures of the jobs that they belong to, each test once."""

import pytest
from django.utils import timezone

from agents.builds.failing_tests import find_failing_tests
from agents.models import Job, Test, TestFailure
from flinkci_dashboard.clients.facts import LogFacts, TestFailureFacts
from flinkci_dashboard.clients.providers import connect_listing
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import JobRun
from tests.machines import make_build, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(monkeypatch):
    """A CI service that publishes what a test puts into its list, and has no logs."""
    [service] = connect_listing()
    published: list[TestFailureFacts] = []
    monkeypatch.setattr(service, "test_failures", lambda _: published)
    monkeypatch.setattr(service, "logs", lambda _: [])
    service.published = published
    return service


def failed(build, key: str, **fields):
    stage = key.partition(".")[0]
    facts = {"key": key, "stage_key": stage, "record_id": "", "tests_pending": True}
    return make_job(build, name=key, result="failed", **facts | fields)


def publish(service, test: str, job: str, stage: str = "ci", attempt: int | None = 1, message: str = "boom") -> None:
    service.published.append(TestFailureFacts(test, message, stage, job, attempt))


def find(service) -> set[tuple[str, str]]:
    find_failing_tests(
        Pass(JobRun.objects.create(job="poll_builds"), timezone.now(), []), service.provider, lambda build: service
    )
    return set(TestFailure.objects.values_list("job__key", "test__name"))


def test_a_plain_job_and_one_of_a_matrix_are_told_apart(service):
    build = make_build(result="failed")
    plain, matrix = failed(build, "ci.e2e_1_ci.__default"), failed(build, "ci.test_ci.core")
    publish(service, "a.PlainTest.x", "e2e_1_ci")
    publish(service, "a.MatrixTest.x", "test_ci.core")
    assert find(service) == {(plain.key, "a.PlainTest.x"), (matrix.key, "a.MatrixTest.x")}


def test_the_same_module_in_several_phases_and_stages_is_told_apart(service):
    build = make_build(result="failed")
    keys = ["ci.test_ci.core", "cron.test_cron_jdk11.core", "cron.test_cron_jdk21.core"]
    for key in keys:
        failed(build, key)
        stage, _, rest = key.partition(".")
        publish(service, f"a.{rest.partition('.')[0]}Test.x", rest, stage)
    assert find(service) == {(key, f"a.{key.split('.')[1]}Test.x") for key in keys}


def test_the_cases_of_a_test_are_one_with_the_first_words(service):
    failed(make_build(result="failed"), "ci.test_ci.core")
    for number in range(3):
        publish(service, f"a.FooTest.testX(String, int)[{number}]", "test_ci.core", message=f"boom {number}")
    publish(service, "a.FooTest.testX[backend = rocksdb, n = 2]", "test_ci.core", message="boom 9")
    assert find(service) == {("ci.test_ci.core", "a.FooTest.testX")}
    assert TestFailure.objects.get().message == "boom 0"
    assert TestFailure.objects.get().build.failed_tests in (0, 1)


def test_results_of_another_attempt_are_not_this_ones(service):
    build = make_build(result="failed")
    first = failed(build, "ci.test_ci.core", latest=False)
    second = failed(build, "ci.test_ci.core", attempt=2)
    publish(service, "a.FooTest.x", "test_ci.core", attempt=1)
    publish(service, "a.BarTest.x", "test_ci.core", attempt=2)
    find(service)
    told = set(TestFailure.objects.values_list("job", "test__name"))
    assert told == {(first.pk, "a.FooTest.x"), (second.pk, "a.BarTest.x")}


def test_what_names_no_job_belongs_to_the_only_failed_one(service):
    build = make_build(result="failed")
    only = failed(build, "ci.test_ci.core")
    publish(service, "a.FooTest.x", "", stage="", attempt=None)
    assert find(service) == {(only.key, "a.FooTest.x")}


def test_a_long_name_is_cut_and_two_that_are_then_the_same_are_one(service):
    failed(make_build(result="failed"), "ci.test_ci.core")
    for end in "ab":
        publish(service, "a.FooTest." + "x" * 600 + end, "test_ci.core")
    [(_, name)] = find(service)
    assert len(name) == 500


def log(monkeypatch, service, lines: list[str], size: int | None = None) -> None:
    size = len(lines) if size is None else size
    monkeypatch.setattr(service, "logs", lambda _: [LogFacts(7, size)])
    monkeypatch.setattr(service, "log_lines", lambda build, log, first, last: lines[-(last - first + 1) :])


def cause(job) -> tuple[str, str, int | None]:
    job.refresh_from_db()
    return job.cause, job.cause_line, job.cause_line_number


def test_a_failed_job_says_why_with_the_line_of_its_log(service, monkeypatch):
    job = failed(make_build(result="failed"), "ci.compile_ci", log_id=7, worker_name="w")
    log(monkeypatch, service, ["-"] * 1499 + ["Compiling Flink failed."], size=90_000)
    find(service)
    assert cause(job) == ("compile", "Compiling Flink failed.", 90_000)


def test_published_results_do_not_hide_what_the_log_says(service, monkeypatch):
    job = failed(make_build(result="failed"), "ci.test_ci.core", log_id=7, worker_name="w")
    publish(service, "a.FooTest.testX", "test_ci.core")
    log(monkeypatch, service, ["[ERROR] a.FooTest.testX -- Time elapsed: 1 s <<< ERROR!"])
    find(service)
    assert cause(job) == ("test", "[ERROR] a.FooTest.testX -- Time elapsed: 1 s <<< ERROR!", 1)


def test_what_no_machine_ran_has_lost_it(service):
    build = make_build(result="failed")
    unborn = failed(build, "ci.one", started_at=None)
    given_up = failed(
        build, "ci.two", worker_name="w", issues=[{"error": True, "message": "Bash exited with code '1'."}]
    )
    given_up.result = "abandoned"
    given_up.save()
    strange = failed(
        build, "ci.three", worker_name="w", issues=[{"error": True, "message": "Bash exited with code '1'."}]
    )
    find(service)
    assert [cause(job)[0] for job in (unborn, given_up, strange)] == ["agent", "agent", "unknown"]
    assert cause(strange)[1] == "Bash exited with code '1'."


def test_a_job_that_no_machine_ran_was_lost(service):
    job = failed(make_build(result="failed"), "ci.compile_ci")
    find(service)
    assert cause(job) == ("agent", "", None)


def test_the_cases_that_failed_are_kept(service):
    failed(make_build(result="failed"), "ci.test_ci.core")
    for number in range(2):
        publish(service, f"a.FooTest.testX(String, int)[{number}]", "test_ci.core")
    find(service)
    assert TestFailure.objects.get().case == "(String, int)[0], (String, int)[1]"


def test_a_module_most_of_whose_tests_failed_has_one_failure(service):
    failed(make_build(result="failed"), "ci.test_ci.core")
    for run, bad in ((1200, 1000), (20, 16)):
        TestFailure.objects.all().delete()
        service.published[:] = [
            TestFailureFacts(f"a.FooTest.x{n}", "boom", "ci", "test_ci.core", 1, run_tests=run, run_failed=bad)
            for n in range(3)
        ]
        Job.objects.update(tests_pending=True)
        names = {name for _, name in find(service)}
        assert (names == {"most tests of ci.test_ci.core"}) == (run == 1200)


def test_a_log_tells_that_most_tests_failed(service, monkeypatch):
    failed(make_build(result="failed"), "ci.test_ci.core", log_id=7, worker_name="w")
    lines = [f"[ERROR] a.FooTest.x{n} -- Time elapsed: 1 s <<< ERROR!" for n in range(30)]
    log(monkeypatch, service, [*lines, "Aug 21 12:34:56 [ERROR] Tests run: 31, Failures: 0, Errors: 30, Skipped: 0"])
    assert find(service) == {("ci.test_ci.core", "most tests of ci.test_ci.core")}


def test_a_test_without_its_package_is_the_one_that_is_called_so(service, monkeypatch):
    Test.objects.create(name="org.apache.flink.FooTest.testX")
    failed(make_build(result="failed"), "ci.test_ci.core", log_id=7, worker_name="w")
    log(monkeypatch, service, ["[ERROR]   FooTest.testX:12 boom"])
    assert find(service) == {("ci.test_ci.core", "org.apache.flink.FooTest.testX")}
    Test.objects.create(name="org.apache.other.FooTest.testX")
    failed(make_build(79301, result="failed"), "ci.test_ci.core", log_id=7, worker_name="w")
    assert ("ci.test_ci.core", "FooTest.testX") in find(service)
