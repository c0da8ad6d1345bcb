"""SYNC_MODE: for all jobs, or by job."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from flinkci_dashboard.jobs.modes import is_active, observing
from flinkci_dashboard.keys import sync_modes

JOBS = ("sync_mirrors", "sync_pulls", "label_pulls")


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("observe", []),
        ("active", list(JOBS)),
        ("sync_mirrors=active", ["sync_mirrors"]),
        ("sync_mirrors=active,sync_pulls=observe,label_pulls=active", ["sync_mirrors", "label_pulls"]),
        (" sync_pulls = active , ", ["sync_pulls"]),
    ],
)
def test_each_job_writes_only_where_it_is_told_to(settings, text, active):
    settings.SYNC_MODE = text
    assert [job for job in JOBS if is_active(job)] == active
    assert len(observing()) == 3 - len(active)


@pytest.mark.parametrize("text", ["", "Active", "on", "sync_mirrors=on", "poll_builds=active", "sync_mirrors:active"])
def test_what_is_not_understood_is_refused_with_what_would_be(text):
    with pytest.raises(ImproperlyConfigured, match=r"SYNC_MODE .*(observe or active|sync_pulls)"):
        sync_modes(text)
