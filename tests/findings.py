"""How tests say what is wrong: as if a pass of the alerts had just found it, while a worker is up."""

from django.utils import timezone

from flinkci_dashboard.alerts.findings import Finding, Severity, fold
from flinkci_dashboard.alerts.summary import keep
from flinkci_dashboard.models import Alert, JobRun, Worker


def at_work() -> None:
    """Let a worker be up that has just looked for what is wrong, and for nothing else."""
    now = timezone.now()
    Worker.objects.create(host="one", pid=1, started_at=now, seen_at=now)
    JobRun.objects.create(job="send_alerts", outcome="ok", started_at=now, ended_at=now)


def stand(*findings: Finding) -> None:
    """Let these stand, and nothing else."""
    keep(fold(findings))


def make_finding(subject: str, severity: str = "bad", **facts) -> Finding:
    """Return a finding: "<subject> fails"."""
    return Finding(
        **{"rule": "x", "subject": subject, "severity": Severity(severity), "text": f"{subject} fails"} | facts
    )


KEY = "mirror_branch:flink-ci/flink-mirror master"  # of what is wrong with a branch that a test breaks


def alert() -> Alert:
    """Return that branch's alert."""
    return Alert.objects.get(key=KEY)
