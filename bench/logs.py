"""Why a job failed whose log has 50 MB: what a pass takes to find out, over a sandbox in a process of its own.

The cause stands at the log's end, or at its very beginning, where the end tells none. Exits 1 past the limits: of
memory, and of the time that the pass itself works; the sandbox takes as much again to make up such a log.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from measuring import install, timed

MEGABYTES = 50
SECONDS, MEMORY = 2.0, 60.0  # that a pass works, and megabytes that it adds
CAUSES = {
    "at its end": "Process produced no output for 900 seconds.",
    "at its beginning": "[ERROR] COMPILATION ERROR : ",
}
EXPECTED = {"at its end": "timeout", "at its beginning": "compile"}
NOISE = "12:34:56.789 [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s -- in a.b.c.FooBarTest"
JOBS = {"azure": "poll_builds", "actions": "poll_actions"}


def main() -> None:
    """Measure each service and place in a process of its own, since a process's memory never shrinks."""
    print(f"a failed job with a log of {MEGABYTES} MB")
    good = [apart(service, place) for service in JOBS for place in CAUSES]
    sys.exit(0 if all(good) else 1)


def apart(service: str, place: str) -> bool:
    """Measure in a child process."""
    pid = os.fork()
    if pid == 0:
        with tempfile.TemporaryDirectory() as folder:
            good = in_world(service, place, Path(folder))
        sys.stdout.flush()
        os._exit(0 if good else 1)
    return os.waitpid(pid, 0)[1] == 0


def in_world(service: str, place: str, folder: Path) -> bool:
    """Let a pass warm up on a short log, then measure one on a long log."""
    answers, orders = os.pipe(), os.pipe()
    world = os.fork()
    if world == 0:
        serve(service, place, folder, answers[1], orders[0])
        os._exit(0)
    with os.fdopen(answers[0]) as told, os.fdopen(orders[1], "w", buffering=1) as order:
        install(folder, **json.loads(told.readline()))
        from flinkci_dashboard.jobs.run import run_pass

        order.write("short\n"), told.readline()
        run_pass(JOBS[service], "command")
        order.write("long\n"), told.readline()
        before = peak()
        began = time.process_time()
        wall = timed(lambda: run_pass(JOBS[service], "command"))
        good = report(service, place, wall, time.process_time() - began, peak() - before)
        order.write("end\n")
    os.waitpid(world, 0)
    return good


def peak() -> float:
    """Return the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(service: str, place: str, wall: float, seconds: float, memory: float) -> bool:
    """Print what was found, and what that took; tells whether it is right and within the limits."""
    from agents.models import Job

    job = Job.objects.filter(result="failed").order_by("-pk")[0]
    good = job.cause == EXPECTED[place] and seconds <= SECONDS and memory <= MEMORY
    took = f"{wall:.2f} s, {seconds:.2f} s of it ours (≤ {SECONDS:.0f}), {memory:.0f} MB more (≤ {MEMORY:.0f})"
    found = f"{job.cause} in line {job.cause_line_number or 0:,}"
    print(f"  {service:8} cause {place:17} {found:24} {took}{'' if good else '  TOO MUCH'}")
    return good


# The world ---------------------------------------------------------------------------------------


def serve(service: str, place: str, folder: Path, answers: int, orders: int) -> None:
    """Be the outside world, in a process of its own: fail a job with a short log, then one with a long log."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from flinkci_dashboard.sandbox import Sandbox

    with Sandbox(folder / "world") as world, os.fdopen(answers, "w", buffering=1) as out, os.fdopen(orders) as asked:
        world.azure.start_builds = False
        out.write(json.dumps(world.environ()) + "\n")
        for order in iter(lambda: asked.readline().strip(), "end"):
            size = MEGABYTES * 1_000_000 if order == "long" else 0
            {"azure": fail_on_azure, "actions": fail_on_actions}[service](world, CAUSES[place], place, size)
            out.write("done\n")


def fail_on_azure(world, line: str, place: str, size: int) -> None:
    """Let a job fail in a build of master."""
    noise = [NOISE] * (size // (len(NOISE) + 29))  # each with its time stamp
    build = world.azure.queue("flink-ci/flink-mirror", "master", "a" * 40)
    build.job("compile_ci").says = [line, *noise] if place == "at its beginning" else [*noise, line]
    world.azure.finish(build.id, "failed", ["compile_ci"])


def fail_on_actions(world, line: str, place: str, size: int) -> None:
    """Let a job fail in a run of master."""
    store = world.github.store
    store.padding, store.first, store.last = size, "", ""
    if place == "at its beginning":
        store.first = f"2026-08-21T12:34:56.1234567Z {line}\n"
    else:
        store.last = f"2026-08-21T12:34:56.1234567Z {line}\n"
    run = world.actions.start("apache/flink", "ci.yml", "master", "a" * 40)
    world.actions.finish(run.id, "failure", {"Default (Java 17) / Compile": ()})


if __name__ == "__main__":
    main()
