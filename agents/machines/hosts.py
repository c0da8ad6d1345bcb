"""Which host did a job run on? Pool and queue first, then rules on the worker's name, then the head of its log. PURE"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD_LINES = 20  # of a log: the agent names itself within the first handful
UNKNOWN = ""

AGENT_NAME = re.compile(r"Agent name: '([^']{1,255})'")
MACHINE_NAME = re.compile(r"Agent machine name: '([^']{1,255})'")


@dataclass(frozen=True)
class Rule:
    """Workers whose whole name fits `pattern` belong to `host`."""

    pattern: str  # * stands for anything, # for one or more digits; case does not matter
    host: str


@dataclass(frozen=True)
class LogHead:
    """What a job's log says about the agent: empty where it does not."""

    agent: str = ""
    machine: str = ""


def host_of(pool_host: str, worker_name: str, rules: Sequence[Rule], head: LogHead | None = None) -> str:
    """Return the host, or "" when nothing tells.

    The pool decides where it is known whose it is; else the first rule that fits the worker's name, the agent's name in
    the log, or its machine's name, in this order.
    """
    if pool_host:
        return pool_host
    names = (worker_name, *((head.agent, head.machine) if head else ()))
    return next((host for name in names if name and (host := _by_rule(name, rules))), UNKNOWN)


def read_head(lines: Iterable[str]) -> LogHead:
    """Find the agent in the first lines of a job's log ("Initialize job" writes them); time stamps may precede."""
    text = "\n".join(lines)
    agent, machine = AGENT_NAME.search(text), MACHINE_NAME.search(text)
    return LogHead(agent[1].strip() if agent else "", machine[1].strip() if machine else "")


def _by_rule(name: str, rules: Sequence[Rule]) -> str:
    return next((rule.host for rule in rules if _fits(rule.pattern, name)), UNKNOWN)


def _fits(pattern: str, name: str) -> bool:
    parts = re.split(r"([*#])", pattern.strip())
    wildcards = {"*": ".*", "#": "[0-9]+"}
    return bool(re.fullmatch("".join(wildcards.get(part, re.escape(part)) for part in parts), name.strip(), re.I))
