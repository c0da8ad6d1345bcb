"""What tests of GitHub Actions share: a pass of its job, and commits to run."""

from agents.models import Build
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.sandbox import SOURCE
from flinkci_dashboard.sandbox.actions.data import Run

SHA = "c" * 40


def poll(expected: str = "ok") -> JobRun:
    passed = run_pass("poll_actions", "command")
    assert passed is not None
    assert passed.outcome == expected, passed.error
    return passed


def start(world, file: str = "ci.yml", branch: str = "master", sha: str = SHA, repo: str = SOURCE, **facts) -> Run:
    return world.actions.start(repo, file, branch, sha, **facts)


def row(run: Run) -> Build:
    return Build.objects.get(provider="actions", external_id=run.id)


def asked(world, mark: int, path: str = "") -> list:
    return [request for request in world.since(mark, "github") if path in request.path]
