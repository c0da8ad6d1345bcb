"""Commits that both CI services built, for tests of the migration from one to the other."""

from datetime import timedelta

from django.utils import timezone

from agents.charts.periods import mark_stale
from agents.migration.rows import refresh_pairs
from agents.models import Build, Job, StaleCommit
from agents.models.builds import Provider
from tests.machines import make_build, make_job

SHA = "c" * 40
CI, NIGHTLY = "Flink CI (beta)", "Nightly (beta)"


def make_run(number: int, sha: str = SHA, **facts) -> Build:
    """Create a run of GitHub Actions that ended ten minutes ago; `facts` replace any field."""
    usual = {"provider": Provider.ACTIONS, "version": sha, "definition": CI, "repository": "apache/flink"}
    return make_build(number, **{**usual, "branch": "master", "event": "push", "jobs_pending": False, **facts})


def make_hosted(run: Build, name: str, minutes: float, ended: float = 10, **facts) -> Job:
    """Create a job on one of GitHub's runners, as a pass does: how long it worked, and how long ago it ended."""
    end = timezone.now() - timedelta(minutes=ended)
    times = {"started_at": end - timedelta(minutes=minutes), "finished_at": end, "run_seconds": int(minutes * 60)}
    job = make_job(run, key=name, name=name, host="github", **{**times, **facts})
    mark_stale([job])
    return job


def pair_up(*builds: Build) -> None:
    """Let the pairs of builds be made, as the pass does that has read them."""
    StaleCommit.mark(build.version for build in builds)
    refresh_pairs(timezone.now())
