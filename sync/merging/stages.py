"""Flink's rule for merging: each stage has succeeded at least once on the head, and all those builds are linked.

The rule is the wiki's ("Merging Pull Requests"); a stage is a job of the pipeline, whichever build or attempt of this
head it ran in. Nothing here says that a pull request can be merged: that is for a person to decide. PURE
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agents.failures.touched import docs_only

RED = ("failed", "partial", "abandoned", "timed_out", "startup_failure")
OPEN = ("queued", "running", "cancelling", "action_required")
UNEXPANDED = "${{"  # in the name of a matrix of jobs that was skipped before its jobs had names
BRIEF = 180  # seconds: tests that succeeded in less seem to have had nothing to do, as for documentation alone
NAMED = 5  # stages that a sentence names


class Standing(StrEnum):
    """How far a stage has come on this head, over all builds and attempts."""

    PASSED = "succeeded"
    NOT_NEEDED = "not needed"  # never ran, and the build that left it out succeeded
    RUNNING = "running"
    KNOWN = "failed, all known"  # it failed, by what Jira knows alone
    RED = "failed"
    MISSING = "missing"  # canceled, or left out by a build that did not succeed


RED_STANDINGS = (Standing.RED, Standing.KNOWN)


@dataclass(frozen=True)
class Run:
    """One attempt of a job in one build of the head."""

    provider: str
    key: str  # the same in every build
    name: str
    state: str  # its result, or its status while it has none
    build: int
    url: str  # of the build, at its service
    build_state: str = "failed"
    queued_at: datetime | None = None  # the build
    attempt: int = 1
    order: int = 0
    seconds: int | None = None
    known: bool = False  # whatever failed in it is known
    job: int = 0  # its row


@dataclass(frozen=True)
class Stage:
    """A job of the pipeline. `run` is what tells its standing: the success that is linked, or the last attempt."""

    name: str
    provider: str
    standing: Standing
    run: Run

    @property
    def is_done(self) -> bool:
        """Tell whether the rule asks no more of it."""
        return self.standing in (Standing.PASSED, Standing.NOT_NEEDED)

    @property
    def is_brief(self) -> bool:
        """Tell whether it succeeded so soon that its tests seem to have been skipped."""
        tests = "test" in self.name.lower() or "e2e" in self.name.lower()
        passed = self.standing is Standing.PASSED and tests
        return passed and self.run.seconds is not None and self.run.seconds < BRIEF


@dataclass(frozen=True)
class Readiness:
    """How a head stands by the rule: the stages of the service that decides, and those of others."""

    head: str
    stages: tuple[Stage, ...]
    others: tuple[Stage, ...] = ()  # of services that do not decide
    docs_only: bool = False  # the head changes documentation alone

    @property
    def left(self) -> list[Stage]:
        """Return the stages that have not succeeded yet."""
        return [stage for stage in self.stages if not stage.is_done]

    @property
    def known_red(self) -> list[Stage]:
        """Return those of them whose failures are all known."""
        return [stage for stage in self.stages if stage.standing is Standing.KNOWN]

    @property
    def red_jobs(self) -> list[int]:
        """Return the rows of the jobs by which stages are red, on all services."""
        return [stage.run.job for stage in (*self.stages, *self.others) if stage.standing in RED_STANDINGS]

    @property
    def is_complete(self) -> bool:
        """Tell whether each stage has succeeded at least once."""
        return bool(self.stages) and not self.left

    @property
    def sentence(self) -> str:
        """Say how it stands."""
        if not self.stages:
            return "No job of this head is known yet."
        if self.is_complete:
            return f"Each of the {len(self.stages)} stages has succeeded at least once on this head."
        left = self.left
        names = ", ".join(f"{stage.name} ({stage.standing})" for stage in left[:NAMED])
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        return f"{len(left)} of {len(self.stages)} stages have not succeeded yet on this head: {names}{more}."

    @property
    def links(self) -> list[tuple[Run, list[str]]]:
        """Return the builds to be linked, each with the stages that it is linked for."""
        found: dict[tuple[str, int], tuple[Run, list[str]]] = {}
        for stage in self.stages:
            if stage.standing is Standing.PASSED:
                run = stage.run
                found.setdefault((run.provider, run.build), (run, []))[1].append(stage.name)
        return sorted(found.values(), key=lambda each: each[0].build)

    @property
    def since(self) -> datetime | None:
        """Return when the first of the linked builds was queued."""
        return min((run.queued_at for run, _ in self.links if run.queued_at), default=None)

    @property
    def text(self) -> str:
        """Return what a committer posts: the builds in which the stages succeeded, and what is left."""
        lines = [f"CI of {self.head}:", ""]
        lines += [f"* {run.url} ({', '.join(names)})" for run, names in self.links]
        lines += [f"* not succeeded: {stage.name} ({stage.standing}) {stage.run.url}".rstrip() for stage in self.left]
        return "\n".join(lines)


def readiness(head: str, runs: Iterable[Run], deciding: Collection[str], files: Collection[str] = ()) -> Readiness:
    """Judge a head by all runs of jobs on it. `deciding` are the services whose stages the rule asks for.

    `files` are the paths that the head changes, as far as they are known.
    """
    groups = _grouped(runs)
    wanted = _fewest([run for found in groups for run in found if run.state == "succeeded"])
    stages = sorted((_stage(found, wanted) for found in groups), key=lambda stage: (stage.run.order, stage.name))
    mine = tuple(stage for stage in stages if stage.provider in deciding)
    others = tuple(stage for stage in stages if stage.provider not in deciding)
    return Readiness(head, mine, others, docs_only(files))


def _grouped(runs: Iterable[Run]) -> list[list[Run]]:
    by_stage: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        by_stage[run.provider, run.key].append(run)
    return [found for found in by_stage.values() if not _has_names(found, by_stage.values())]


def _has_names(runs: Sequence[Run], all_runs: Iterable[Sequence[Run]]) -> bool:
    """Tell whether these are a matrix without names, whose jobs another run names."""
    begin, sign, _ = runs[0].name.partition(UNEXPANDED)
    others = (found[0] for found in all_runs if found[0].provider == runs[0].provider)
    return bool(sign) and any(run.name.startswith(begin) and UNEXPANDED not in run.name for run in others)


def _stage(runs: Sequence[Run], wanted: Sequence[tuple[str, int]]) -> Stage:
    runs = sorted(runs, key=_age)
    passed = [run for run in runs if run.state == "succeeded"]
    if passed:
        linked = min(reversed(passed), key=lambda run: wanted.index((run.provider, run.build)))
        return Stage(linked.name, linked.provider, Standing.PASSED, linked)
    standing, run = _unfinished(runs)
    return Stage(run.name.partition(UNEXPANDED)[0].rstrip(" (:"), run.provider, standing, run)


def _unfinished(runs: Sequence[Run]) -> tuple[Standing, Run]:
    """Return how a stage without a success stands, and the run that tells it."""
    for states, standing in ((OPEN, Standing.RUNNING), (RED, Standing.RED)):
        if found := [run for run in runs if run.state in states]:
            is_known = standing is Standing.RED and found[-1].known
            return Standing.KNOWN if is_known else standing, found[-1]
    left_out = [run for run in runs if run.state == "skipped" and run.build_state == "succeeded"]
    if left_out and len(left_out) == len(runs):
        return Standing.NOT_NEEDED, left_out[-1]
    return Standing.MISSING, runs[-1]


def _fewest(passed: Iterable[Run]) -> list[tuple[str, int]]:
    """Order builds so that few of them link all stages: those with the most that no earlier one has come first."""
    has: dict[tuple[str, int], set[str]] = defaultdict(set)
    for run in passed:
        has[run.provider, run.build].add(run.key)
    ordered: list[tuple[str, int]] = []
    while has:
        best = max(has, key=lambda build: (len(has[build]), build))
        done = has.pop(best)
        ordered.append(best)
        for build, keys in has.items():
            if build[0] == best[0]:
                keys -= done
    return ordered


def _age(run: Run) -> tuple[int, int]:
    return (run.build, run.attempt)
