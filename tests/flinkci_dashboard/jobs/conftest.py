"""A job to try passes with."""

import pytest

from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.jobs.table import JOBS, Job

engine = None  # the body of the test's job


def job(current: Pass) -> None:
    engine(current)


@pytest.fixture
def test_job(monkeypatch, data_dir):
    """Have a job named "try", which does nothing; returns what gives it another body."""
    monkeypatch.setitem(JOBS, "try", Job("try", "A try", f"{__name__}.job", 15))

    def set_engine(function):
        monkeypatch.setattr(f"{__name__}.engine", function)

    set_engine(lambda current: None)
    return set_engine
