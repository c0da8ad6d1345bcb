"""Old samples make way for the means of their hours and days, and what failures were judged by goes with time."""

from datetime import timedelta

from agents.charts.arithmetic import DAY, midnight
from agents.charts.periods import refresh_samples
from agents.models import HostPeriod, LoadDay, LogExtract, PullHead, Sample, TestPace
from agents.models.statistics import Step
from agents.patterns.kept import KEEP as KEEP_EXTRACTS
from flinkci_dashboard.jobs.run import Pass

KEEP_SAMPLES = timedelta(days=14)  # at full detail
KEEP_HEADS = timedelta(days=90)
KEEP_LOADS = timedelta(days=90)
KEEP_HOURS = timedelta(days=400)  # means of hours; means of days stay


def prune_samples(current: Pass) -> None:
    """Delete samples after 14 days, whole days at a time, once their means are sure to stand; hours after 400 days."""
    cutoff = midnight((current.now - KEEP_SAMPLES).date())
    while oldest := Sample.objects.filter(at__lt=cutoff).order_by("at").first():
        start = midnight(oldest.at.date())
        refresh_samples(start, start + DAY)
        deleted, _ = Sample.objects.filter(at__lt=start + DAY).delete()
        current.count("samples_deleted", deleted)
    hours = HostPeriod.objects.filter(step=Step.HOUR, start__lt=current.now - KEEP_HOURS)
    if deleted := hours.delete()[0]:
        current.count("hours_deleted", deleted)
    for rows, what in (
        (LogExtract.objects.filter(at__lt=current.now - KEEP_EXTRACTS), "extracts_deleted"),
        (LoadDay.objects.filter(day__lt=(current.now - KEEP_LOADS).date()), "loads_deleted"),
        (PullHead.objects.filter(seen_at__lt=current.now - KEEP_HEADS), "heads_deleted"),
        (TestPace.objects.filter(seen_at__lt=current.now - KEEP_HEADS), "paces_deleted"),
    ):
        if deleted := rows.delete()[0]:
            current.count(what, deleted)
