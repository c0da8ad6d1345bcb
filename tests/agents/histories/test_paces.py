"""How long tests take: told by logs, kept by branch, judged by the rule for jobs, shown on the test's page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.charts.pace import passed_in
from agents.histories.paces import note_paces, paces_of, slow_tests
from agents.models import Test, TestFailure, TestPace
from tests.machines import make_build, make_job, minutes
from tests.reading import read

FOO = "org.apache.flink.FooITCase"
UDF, KEY = "pyflink/table/tests/test_udf.py::UdfTests::test_open", "pyflink.table.tests.test_udf.UdfTests#test_open"
TOLD = "[INFO] Tests run: {}, Failures: {}, Errors: 0, Skipped: 0, Time elapsed: {} s -- in {}"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (TOLD.format(3, 0, "41.25", FOO), {FOO: 41.25}),
        (TOLD.format(3, 0, "1,041.2", FOO), {FOO: 1041.2}),
        (TOLD.format(3, 0, "0.5", FOO + "$Inner").replace(" -- in", " - in"), {FOO + "$Inner": 0.5}),
        (TOLD.format(3, 0, "7", FOO).replace("INFO", "WARNING").replace("Skipped: 0", "Skipped: 2"), {FOO: 7.0}),
        ("[PASS] 'A b's c' passed after 3 minutes and 2 seconds! Test exited with exit code 0.", {"A b's c": 182.0}),
        (TOLD.format(3, 1, "41", FOO), {}),  # it failed
        (TOLD.format(0, 0, "41", FOO), {}),  # nothing ran
        ("[INFO] Tests run: 812, Failures: 0, Errors: 0, Skipped: 3", {}),  # of a module
        ("[FAIL] 'A b's c' failed after 3 minutes and 2 seconds! Test exited with exit code 1", {}),
        (f"  says {TOLD.format(3, 0, '41', FOO)}", {}),
        (TOLD.format(3, 0, "1.2.3", FOO), {FOO: 0.0}),
        (f"41.25s call     {UDF}", {KEY: 41.25}),
        (f"0.30s setup    {UDF}[a b-(1, 2)]", {KEY: 0.3}),
        (f"says 41.25s call     {UDF}", {}),
        ("41.25s call     not/a/test", {}),
        ("", {}),
    ],
)
def test_a_log_tells_how_long_passing_tests_took(line, found):
    assert passed_in([line]) == found


def test_parts_of_a_python_test_add_up_its_longest_case_counts_and_a_failed_one_does_not():
    told = [f"1.50s setup    {UDF}[a]", f"61.00s call     {UDF}[b]", f"70.00s call     {UDF}[a]"]
    assert passed_in(told) == {KEY: 71.5}
    assert passed_in([*told, f"FAILED {UDF}[b] - AssertionError"]) == {}


def run(number, seconds, name=FOO, branch="master", failed=0, **build):
    """One build of a branch, in which a class took so long."""
    row = make_build(number, ago=60 * (100 - number), branch=branch, **build)
    job = make_job(row, finished_at=minutes(60 * (100 - number)))
    return note_paces(row, [(job, [f"12:00:00 12:00:00.123 {TOLD.format(3, failed, seconds, name)}"])])


@pytest.mark.django_db
class TestRows:
    """What is kept, and what has got slower."""

    def test_a_class_that_got_slower_is_found_and_forgotten_when_it_is_fast_again(self):
        for number in range(24):
            run(number, 600)
        run(30, 1000), run(31, 3000, failed=1), run(32, 1000)
        assert not slow_tests(timezone.now())
        run(33, 1000)
        [row] = slow_tests(timezone.now())
        assert (row.name, row.branch, row.usual_seconds, row.seconds) == (FOO, "master", 600, 1000)
        assert abs(row.since - minutes(60 * 70)) < timedelta(minutes=1), "the first of the three"
        run(34, 1000)
        assert slow_tests(timezone.now())[0].since == row.since
        run(35, 610)
        assert not slow_tests(timezone.now())
        assert len(TestPace.objects.get().runs) == 27, "no more are kept"

    def test_a_python_test_is_judged_by_itself(self):
        Test.objects.create(name=KEY.replace("#", "."))
        for number in range(27):
            row = make_build(number, ago=60 * (100 - number), branch="master")
            job = make_job(row, finished_at=minutes(60 * (100 - number)))
            note_paces(row, [(job, [f"12:00:00 {1000 if number > 23 else 9}.00s call     {UDF}"])])
        assert [pace.since is not None for pace in paces_of(KEY)] == [True]
        assert [row.name for row in slow_tests(timezone.now())] == [KEY]
        assert paces_of(f"{FOO}#testBar") == []

    def test_a_log_that_is_read_twice_tells_of_one_run(self):
        assert run(1, 600) == 1
        row = make_build(2, branch="master")
        job = make_job(row, finished_at=minutes(60 * 99))
        again = [(job, [TOLD.format(3, 0, 600, FOO)])]
        assert note_paces(row, again) + note_paces(row, again) <= 1

    def test_what_is_short_has_a_row_only_where_a_test_of_it_has_failed(self):
        assert run(1, 5) == 0
        Test.objects.create(name=f"{FOO}.testBar")
        assert run(2, 5) == 1
        assert run(3, 5, scope="pull", name="org.apache.flink.OtherITCase") == 0

    def test_pull_requests_do_not_count(self):
        assert run(1, 600, scope="pull", pull_number=7) == 0

    @pytest.mark.usefixtures("bootstrapped")
    def test_both_pages_show_it(self, member):
        for number in range(24):
            run(number, 600)
        for number in range(30, 33):
            run(number, 1000)
        test = Test.objects.create(name=f"{FOO}.testBar")
        build = make_build(99, result="failed")
        TestFailure.objects.create(
            test=test, job=make_job(build, result="failed"), build=build, at=minutes(9), source="log", seconds=70
        )
        text = " ".join(read(member, "failing_test", test.key).split())
        assert "its class on master" in text and "16 min 40 s lately, 10 min before" in text
        page = read(member, "failures")
        assert "Tests that got slower" in page and FOO in page
