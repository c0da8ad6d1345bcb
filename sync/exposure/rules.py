"""Can pull request code see a secret, or reach where secrets are? Decisions only. PURE"""

from collections.abc import Iterable
from dataclasses import dataclass

from flinkci_dashboard.clients.facts import Pipeline, VariableGroup


@dataclass(frozen=True)
class Finding:
    """An answer of the exposure check: what is exposed, each by name and reason; nothing means safe."""

    exposed: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()  # looked at, and harmless


def pull_request_pipelines(
    pipelines: Iterable[Pipeline], groups: Iterable[VariableGroup], repositories: set[str]
) -> Finding:
    """Judge the pipelines that build pull request branches: they may use no secret variable and no group with one."""
    exposed, seen, groups = [], [], list(groups)
    for pipeline in pipelines:
        if pipeline.repository not in repositories:
            continue
        exposed += [f"{pipeline.name}: secret variable {name}" for name in sorted(pipeline.secret_variables)]
        seen += [f"{pipeline.name}: variable {name}" for name in sorted(pipeline.variables - pipeline.secret_variables)]
        for group in groups:
            if not may_use(pipeline, group):
                continue
            how = "uses" if group.name in pipeline.groups else "may use"
            (exposed if group.has_secrets else seen).append(f"{pipeline.name}: {how} variable group {group.name}")
        if pipeline.forks_see_secrets:
            exposed.append(f"{pipeline.name}: builds of forks are given the secrets")
    return Finding(tuple(exposed), tuple(seen))


def mirror_entrances(pipelines: Iterable[Pipeline], branches: Iterable[str], mirrors: set[str]) -> Finding:
    """Judge the mirrors, whose builds hold the secrets: no pull request branch, and no build of forks."""
    exposed = [f"branch {name}" for name in sorted(branches)]
    exposed += [
        f"{pipeline.name}: pull requests from forks start it"
        for pipeline in pipelines
        if pipeline.repository in mirrors and pipeline.builds_forks
    ]
    return Finding(tuple(exposed))


def push_rights(allowed: Iterable[str]) -> Finding:
    """Judge the repositories that the bot's token may push to, among those that it must only read."""
    return Finding(tuple(f"the bot's token may push to {name}" for name in sorted(allowed)))


def trust_gate(mode: str, holds_files: bool) -> Finding:
    """Judge how the trust gate is set: pull request code runs on machines that others gave."""
    if mode != "on":
        does = "only observes" if mode == "observe" else "is off"
        return Finding((f"the trust gate {does}: whoever opens a pull request runs code on the build machines",))
    builds = "changes to build files wait" if holds_files else "changes to build files do not wait"
    return Finding(seen=(f"the trust gate is on, {builds} whoever wrote them",))


def may_use(pipeline: Pipeline, group: VariableGroup) -> bool:
    """Tell whether a pipeline uses a variable group, or may from its YAML."""
    return group.name in pipeline.groups or group.for_all_pipelines or pipeline.id in group.pipelines
