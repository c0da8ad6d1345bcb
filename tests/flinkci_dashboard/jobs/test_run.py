"""Jobs: one pass at a time, each recorded, each request answered."""

import pytest

from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.jobs.run import ConfigurationError, run_pass
from flinkci_dashboard.models import JobRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("test_job")]


def test_a_pass_that_finds_all_in_order_is_ok_and_has_no_counts():
    run = run_pass("try", "schedule")
    assert (run.outcome, run.counts, run.error) == ("ok", {}, "")
    assert run.ended_at >= run.started_at


def test_one_bad_item_makes_a_pass_partial_and_keeps_what_was_done(test_job):
    def engine(current):
        current.count("pushed", 2)
        current.fail("release-1.9: protected branch")

    test_job(engine)
    run = run_pass("try", "schedule")
    assert (run.outcome, run.counts) == ("partial", {"pushed": 2})
    assert run.error == "release-1.9: protected branch"


def test_an_error_fails_the_pass_and_is_masked(test_job, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "s3cr3t" * 6)

    def engine(current):
        raise OSError("cannot reach https://x:ghp_" + "s3cr3t" * 6 + "@host/")

    test_job(engine)
    run = run_pass("try", "schedule")
    assert run.outcome == "failed"
    assert "OSError: cannot reach" in run.error
    assert "s3cr3t" not in run.error


def test_only_one_pass_runs_at_a_time():
    with exclusive("try") as held:
        assert held
        assert run_pass("try", "schedule") is None
    assert run_pass("try", "schedule").outcome == "ok"


def test_a_pass_that_was_killed_is_closed_by_the_next():
    lost = JobRun.objects.create(job="try")
    run_pass("try", "schedule")
    lost.refresh_from_db()
    assert lost.outcome == "failed"
    assert "worker ended" in lost.error


def test_a_timed_out_pass_is_recorded_before_the_worker_goes(test_job):
    def engine(current):
        raise SystemExit("Task exceeded maximum timeout value")

    test_job(engine)
    with pytest.raises(SystemExit):
        run_pass("try", "schedule")
    assert JobRun.objects.get().error == "ended early: SystemExit"


def test_a_stored_token_that_cannot_be_read_is_a_mistake_in_the_configuration(test_job):
    def engine(current):
        raise UnreadableSecretError

    test_job(engine)
    with pytest.raises(ConfigurationError, match="CREDENTIALS_KEYS"):
        run_pass("try", "schedule")
    assert "CREDENTIALS_KEYS" in JobRun.objects.get().error
