"""The processes of git: what reaches them, and that they always end, with all their children."""

import os
import signal

import pytest

from flinkci_dashboard.clients.git.errors import (
    TimedOut,
)
from flinkci_dashboard.clients.git.process import Command, Limits, environment
from flinkci_dashboard.clients.git.refs import ls_remote
from flinkci_dashboard.sandbox import SOURCE
from tests.mirrors import git_processes

LIMITS = Limits(total=20, idle=20)


def test_nothing_of_the_surroundings_reaches_git_but_what_it_needs(monkeypatch):
    for name in ("GITHUB_TOKEN", "GIT_TRACE_CURL", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_DIR", "DATABASE_URL"):
        monkeypatch.setenv(name, "surprise")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    found = environment({})
    assert "surprise" not in found.values()
    assert found["https_proxy"] == "http://proxy:3128"
    assert (found["LC_ALL"], found["GIT_TERMINAL_PROMPT"], found["HOME"]) == ("C", "0", os.devnull)


def test_configuration_of_the_machine_has_no_influence(monkeypatch, tmp_path):
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Command(["config", "user.name"], limits=LIMITS, repository="x", folder=tmp_path) as command:
        assert command.wait().stdout == ""


def test_silence_ends_a_command_with_all_its_children(world, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.git.refs.ASK", Limits(total=20, idle=0.3))
    world.fault(service="git", hang=True, times=None)
    with pytest.raises(TimedOut, match="kept silent for 0 s"):
        ls_remote(f"{world.github_git_url}/{SOURCE}.git")
    assert git_processes() == []


def test_work_that_takes_too_long_is_ended_though_it_is_not_silent(tmp_path):
    script = "alias.busy=!while :; do echo x; sleep 0.02; done"
    command = Command(["-c", script, "busy"], limits=Limits(total=0.5, idle=5), repository="x", folder=tmp_path)
    with pytest.raises(TimedOut, match="took longer than"), command:
        command.wait()
    assert git_processes() == []


def test_an_exception_from_outside_ends_the_command(world, monkeypatch):
    def out_of_time(*_):
        raise SystemExit("Task exceeded maximum timeout value")

    before = signal.signal(signal.SIGALRM, out_of_time)
    world.fault(service="git", hang=True, times=None)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(SystemExit):
            ls_remote(f"{world.github_git_url}/{SOURCE}.git")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert git_processes() == []
