"""The commits that changed a failing test's file: read from what is mirrored, once, and told on the test's page."""

import pytest
from django.urls import reverse

from agents.models import Failure, FileCommit, Test, TestFailure, TestFile
from tests.machines import make_build, make_job, minutes
from tests.mirrors import sync
from tests.reading import read

pytestmark = pytest.mark.django_db
FOO = "flink-runtime/src/test/java/org/apache/flink/FooITCase.java"
SCALA = "flink-table/flink-table-planner/src/test/scala/org/apache/flink/table/BarTest.scala"
UDF = "flink-python/pyflink/table/tests/test_udf.py"
TESTS = {
    "org.apache.flink.FooITCase.testBar": FOO,
    "org.apache.flink.FooITCase$Inner.testDeep": FOO,
    "org.apache.flink.table.BarTest.should do it": SCALA,
    "org.apache.flink.table.BarTest.testIt": SCALA,
    "pyflink/table/tests/test_udf.py::UdfTests::test_all": UDF,
    "org.apache.flink.GoneTest.testX": "",
    "Running HA dataset end-to-end test": "",
}


@pytest.fixture
def failing(mirrored):
    """A world where tests of some files failed, which a few commits changed."""
    mirrored.commit(message="[FLINK-1][runtime] Add Foo", files={FOO: "1\n", "a/FooITCase.java": "x\n"})
    mirrored.commit(message="[hotfix] Add the others", files={SCALA: "1\n", UDF: "1\n"})
    mirrored.commit(message="[FLINK-2] Mend Foo", author="Grace Example <g@example.org>", files={FOO: "2\n"})
    mirrored.commit(message="[FLINK-3] Something else", files={"docs/a b.md": "1\n"})
    for number, name in enumerate(TESTS, 1):
        fail(number, name)
    return mirrored


def fail(number, name):
    build = make_build(number, result="failed")
    test = Test.objects.create(name=name)
    Failure.objects.create(test=test, key=test.key)
    job = make_job(build, result="failed")
    TestFailure.objects.create(test=test, job=job, build=build, at=minutes(5), source="log")
    return test


def told(path):
    return list(FileCommit.objects.filter(file__path=path).order_by("at", "pk").values_list("subject", flat=True))


def test_the_commits_of_failing_tests_files_are_kept_and_shown(failing, member):
    assert sync().outcome == "ok"
    assert set(TestFile.objects.values_list("path", flat=True)) == {FOO, SCALA, UDF, ""}
    assert sorted(told(FOO)) == ["[FLINK-1][runtime] Add Foo", "[FLINK-2] Mend Foo"]
    assert told(SCALA) == told(UDF) == ["[hotfix] Add the others"]
    text = read(member, "failing_test", "org.apache.flink.FooITCase$Inner#testDeep")
    assert "Mend Foo" in text and "Grace Example" in text and "browse/FLINK-2" in text and "others" not in text
    assert f"/commits/master/{FOO}" in text
    page = member.get(reverse("failing_test", args=["org.apache.flink.GoneTest#testX"])).content.decode()
    assert "no file of the main branch is called so" in page and "Commits that changed" not in page


def test_what_is_known_is_not_read_again_and_a_new_commit_alone_is_added(failing):
    sync()
    rows = list(FileCommit.objects.values())
    assert sync().counts == {} and rows == list(FileCommit.objects.values())
    failing.commit(message="[FLINK-4] Change Foo", files={FOO: "3\n"})
    failing.commit(message="[FLINK-5] Bring it back", files={"m/src/test/java/org/apache/flink/GoneTest.java": "1\n"})
    assert sync().counts == {"branches_pushed": 1, "file_commits": 3}  # one path, and a commit of each file
    assert FileCommit.objects.count() == len(rows) + 2
    fail(99, "org.apache.flink.table.BarTest.testOther")
    assert sync().counts == {}
