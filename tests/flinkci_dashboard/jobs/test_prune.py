"""Pruning: old records go, each job's latest run stays."""

from datetime import timedelta
from weakref import WeakValueDictionary

import pytest
from django.contrib.sessions.models import Session
from django.db.models.signals import post_init
from django.utils import timezone

from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action, JobRequest, JobRun

pytestmark = pytest.mark.django_db


def run(days: int, **facts) -> JobRun:
    at = timezone.now() - timedelta(days=days)
    return JobRun.objects.create(job="sync_mirrors", outcome="ok", started_at=at, ended_at=at, **facts)


def test_idle_runs_go_after_two_days_and_busy_ones_after_ninety(data_dir):
    run(100, counts={"pushed": 1})
    run(3)
    kept = [run(80, counts={"pushed": 1}), run(1), run(30)]  # the last is the job's latest, by order of coming
    assert run_pass("prune", "command").outcome == "ok"
    assert set(JobRun.objects.filter(job="sync_mirrors")) == set(kept)


def test_however_many_there_are_no_more_than_a_part_is_held_at_once(data_dir):
    old = timezone.now() - timedelta(days=4)
    facts = {"job": "sync_mirrors", "outcome": "ok", "started_at": old, "ended_at": old}
    JobRun.objects.bulk_create(JobRun(**facts) for _ in range(1200))
    latest = run(0)
    alive, most = WeakValueDictionary(), []

    def count(instance, **facts):
        alive[id(instance)] = instance
        most.append(len(alive))

    post_init.connect(count, sender=JobRun)
    try:
        assert run_pass("prune", "command").counts["idle_runs_deleted"] == 1200
    finally:
        post_init.disconnect(count, sender=JobRun)
    assert max(most) < 1000
    assert JobRun.objects.get(job="sync_mirrors") == latest


def test_open_requests_are_never_pruned(data_dir):
    old = timezone.now() - timedelta(days=400)
    JobRequest.objects.create(job="sync_mirrors", requested_at=old)
    JobRequest.objects.create(job="sync_mirrors", requested_at=old, settled_at=old)
    run_pass("prune", "command")
    assert JobRequest.objects.count() == 1


def test_ended_sessions_go_and_living_ones_stay(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("pmc"))
    Session.objects.create(session_key="ended", expire_date=timezone.now() - timedelta(hours=1))
    run_pass("prune", "command")
    assert [row.session_key for row in Session.objects.all()] == [client.session.session_key]


def test_acts_are_kept_for_half_a_year(data_dir):
    book = Ledger("sync_pulls", timezone.now())
    new, old, lost = (book.begin(Intent(key, "act", "#1")) for key in ("new", "old", "lost"))
    book.done(new, old)
    Action.objects.filter(key="old").update(settled_at=timezone.now() - timedelta(days=181))
    Action.objects.filter(key="lost").update(tried_at=timezone.now() - timedelta(days=400))
    assert run_pass("prune", "command").counts == {"acts_deleted": 1}
    assert set(Action.objects.all()) == {new, lost}
