"""A pass over builds: which host a job ran on, by its pool, its worker's name, or its log."""

import pytest

from agents.models import HostPeriod, HostRule, Job, Pool
from flinkci_dashboard.sandbox.azure.pipeline import HOSTED
from tests.builds import polled, push

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]


def test_hosts_come_from_the_pool(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.filter(key__contains="e2e").values_list("host", "pool__name")) == {("azure", HOSTED)}
    assert set(Job.objects.filter(key__contains="test_ci").values_list("host", "pool__name")) == {
        ("alibaba", "Default")
    }


def test_without_queues_the_workers_name_tells_the_host(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.values_list("host", flat=True)) == {"azure", "alibaba"}
    assert set(Job.objects.values_list("pool", flat=True)) == {None}


def test_a_worker_that_no_rule_knows_is_told_by_its_log(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    HostRule.objects.filter(pattern="AlibabaCI#-agent#").delete()
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.filter(key__contains="test_ci").values_list("host", flat=True)) == {"alibaba"}, "by machine"


def test_a_worker_that_nothing_tells_stays_unknown_until_a_rule_does(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    HostRule.objects.filter(host="alibaba").delete()
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    tests = Job.objects.filter(key__contains="test_ci")
    assert set(tests.values_list("host", flat=True)) == {""}
    mark = world.log_mark()
    polled()
    assert not [request for request in world.since(mark, "azure") if "/logs/" in str(request)], "asked once"
    HostRule.objects.create(pattern="AlibabaCI*", host="alibaba")
    polled()
    assert set(tests.values_list("host", flat=True)) == {"alibaba"}
    assert HostPeriod.objects.filter(host="alibaba", finished__gt=0).exists()
    assert not HostPeriod.objects.filter(host="", finished__gt=0).exists(), "the figures follow"


def test_a_pool_may_be_renamed(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    Pool.objects.filter(name="Default").update(name="Renamed")
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert Pool.objects.count() == 2
    assert set(Job.objects.filter(key__contains="test_ci").values_list("pool__name", flat=True)) == {"Renamed"}
