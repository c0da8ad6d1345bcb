"""Builds, jobs and agents, made for the pages that show them."""

from datetime import timedelta

from django.utils import timezone

from agents.models import Agent, Build, Job


def minutes(number):
    return timezone.now() - timedelta(minutes=number)


def make_agent(pool, name="AlibabaCI001-agent01", state="idle", host="alibaba", **fields):
    return Agent.objects.create(pool=pool, name=name, state=state, host=host, seen_at=timezone.now(), **fields)


def make_build(number=79300, ago=60, **fields):
    facts = {
        "branch": "master",
        "version": f"{number:040x}",
        "message": "[FLINK-1] Fix",
        "reason": "push",
        "status": "finished",
        "result": "succeeded",
        "queued_at": minutes(ago),
        "started_at": minutes(ago - 1),
        "finished_at": minutes(ago - 31),
        "changed_at": minutes(0),
        "jobs_pending": False,
        "web_url": f"https://dev.azure.com/x/_build/results?buildId={number}",
    }
    return Build.objects.create(external_id=number, **facts | fields)


def make_job(build, name="test_ci core", result="succeeded", **fields):
    facts = {
        "key": f"ci.{name}",
        "name": name,
        "stage_key": "ci",
        "record_id": f"record-{build.pk}-{name}",
        "status": "finished",
        "result": result,
        "host": "alibaba",
        "queued_at": build.queued_at,
        "started_at": build.started_at,
        "finished_at": build.finished_at,
        "wait_seconds": 60,
        "run_seconds": 1800,
    }
    return Job.objects.create(build=build, **facts | fields)
