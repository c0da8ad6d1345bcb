"""The one table of background jobs. PURE"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A kind of background work: `function` is the dotted path of an engine's `f(current: Pass) -> None`."""

    name: str
    title: str
    function: str
    interval: int  # seconds between starts, as bootstrapped


JOBS = {
    job.name: job
    for job in (
        Job("sync_mirrors", "Mirror sync", "sync.mirrors.job.sync_mirrors", 15),
        Job("label_pulls", "Labels", "labeler.job.label_pulls", 120),
        Job("sync_pulls", "Pull request sync", "sync.pulls.job.sync_pulls", 15),
        Job("probe_credentials", "Credential probe", "flinkci_dashboard.credentials.job.probe_credentials", 86_400),
        Job("check_exposure", "Exposure check", "sync.exposure.job.check_exposure", 86_400),
        Job("poll_builds", "CI builds", "agents.builds.job.poll_builds", 15),
        Job("poll_agents", "CI agents", "agents.machines.job.poll_agents", 60),
        Job("poll_actions", "GitHub Actions", "agents.actions.job.poll_actions", 30),
        Job("match_failures", "Known failures", "agents.failures.job.match_failures", 300),
        Job("send_alerts", "Alerts", "flinkci_dashboard.alerts.job.send_alerts", 15),
        Job("prune_samples", "Pruning of samples", "agents.charts.prune.prune_samples", 3600),
        Job("prune", "Pruning of old records", "flinkci_dashboard.jobs.prune.prune", 3600),
    )
}


def title_of(name: str) -> str:
    """Return a job's title; whatever else has a name keeps it."""
    return JOBS[name].title if name in JOBS else name
