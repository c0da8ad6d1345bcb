"""Rows of Python's tests in pytest's own form, as they were kept before, take JUnit's form, with all that is theirs."""

from importlib import import_module

import pytest
from django.apps import apps

from agents.models import Failure, KnownTicket, Test, TestFailure
from tests.machines import make_build, make_job, minutes

pytestmark = pytest.mark.django_db
OLD, NEW, KEY = "pyflink/a/test_b.py::T::test_c", "pyflink.a.test_b.T.test_c", "pyflink.a.test_b.T#test_c"


def failed(name, number, ticket=None):
    test = Test.objects.get_or_create(name=name)[0]
    Failure.objects.get_or_create(test=test, defaults={"key": name, "ticket": ticket})
    build = make_build(number, result="failed")
    job = make_job(build, result="failed")
    TestFailure.objects.create(test=test, job=job, build=build, at=minutes(number), source="log")
    return test


def bring_up():
    import_module("agents.migrations.0018_one_form_of_names").name_once(apps, None)


def test_a_row_alone_is_renamed():
    failed(OLD, 1)
    failed("org.apache.flink.FooTest.testBar", 2)
    bring_up()
    bring_up()
    assert set(Test.objects.values_list("name", flat=True)) == {NEW, "org.apache.flink.FooTest.testBar"}
    assert Failure.objects.filter(key=KEY, test__name=NEW).exists()
    assert Failure.objects.filter(key="org.apache.flink.FooTest.testBar").exists()


def test_two_rows_become_one_and_no_failure_is_lost():
    ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-1", updated_at=minutes(0))
    old, new = failed(OLD, 1, ticket), failed(NEW, 2)
    both = TestFailure.objects.get(test=new)
    TestFailure.objects.create(test=old, job=both.job, build=both.build, at=both.at, source="log")
    Failure.objects.filter(test=new).delete()
    bring_up()
    assert Test.objects.get().name == NEW
    assert sorted(TestFailure.objects.values_list("build__external_id", flat=True)) == [1, 2]
    assert Failure.objects.get().key == KEY and Failure.objects.get().ticket == ticket
