"""The process group: it starts together, ends together, and leaves nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

SLEEP = "import time; time.sleep(600)"
CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {SLEEP}"
SCRIPT = f"""
import sys
from flinkci_dashboard.launch import Group
group = Group()
try:
    group.start("one", [sys.executable, "-c", {CHILD!r}])
    group.start("two", [sys.executable, "-c", {SLEEP!r}])
    print("started", flush=True)
    status = group.wait()
finally:
    group.stop()
sys.exit(status)
"""


@pytest.fixture
def group():
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    until(lambda: len(psutil.Process(process.pid).children(recursive=True)) == 3)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    yield process
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    process.stdout.close()


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_and_child(group, number):
    family = psutil.Process(group.pid).children(recursive=True)
    group.send_signal(number)
    assert group.wait(timeout=60) == 0
    assert not [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_when_one_process_ends_the_others_follow_and_it_is_named(group):
    family = psutil.Process(group.pid).children(recursive=True)
    two = [
        child for child in psutil.Process(group.pid).children() if "600" in child.cmdline()[-1] and not child.children()
    ]
    os.kill(two[0].pid, signal.SIGKILL)
    assert group.wait(timeout=60) == 1
    assert not [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_killing_the_launcher_ends_its_processes(group):
    children = psutil.Process(group.pid).children()
    group.kill()
    until(lambda: not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE])
