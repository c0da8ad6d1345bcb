"""What is ready to be written in Jira, in its markup: a ticket for a failure that it does not know, a comment for one
that it does. In the words and forms of Flink's contributors. PURE
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agents.failures.reproduce import Setup, command_of

ISSUE = "Bug, Critical, label test-stability"  # of Flink's process for unstable tests
MAX_TITLE = 255  # of Jira's summaries
MAX_HEAD = 1000  # characters of a trace
MAX_HITS = 15  # that a comment names: one a day says it, not one a build
MARK = "Reported by the CI dashboard for {key} on {day}."
# java.util.concurrent.TimeoutException: … – or Surefire's summary of it: NullPointer Cannot invoke
KIND = re.compile(
    r"(?:[a-z][\w$]{0,60}\.){0,20}((?:[A-Z]\w{0,100})?(?:Exception|Error)|(?:[A-Z][a-z]{1,40}){2,6}|Timeout)\b"
)
BREAKING = re.compile(r"\{(code|noformat|quote|panel|color)", re.I)
# Flink's components by where a test is; the first that fits.
COMPONENTS = (
    (r"^pyflink\b", "API / Python"),
    (r"\.table\.planner\b", "Table SQL / Planner"),
    (r"\.table\.runtime\b", "Table SQL / Runtime"),
    (r"\.table\.|\.sql\.", "Table SQL / API"),
    (r"\.kubernetes\b", "Deployment / Kubernetes"),
    (r"\.yarn\b", "Deployment / YARN"),
    (r"\.connectors?\.file\b|\.connectors?\.fs\b", "Connectors / FileSystem"),
    (r"\.connectors?\.hive\b", "Connectors / Hive"),
    (r"\.formats\.", "Formats (JSON, Avro, Parquet, ORC, SequenceFile)"),
    (r"\.checkpoint(?:ing)?\b|[Cc]heckpoint", "Runtime / Checkpointing"),
    (r"\.state\b|\.rocksdb\b|\.forst\b", "Runtime / State Backends"),
    (r"\.io\.network\b|\.shuffle\b", "Runtime / Network"),
    (r"\.runtime\.rest\b|\.webmonitor\b", "Runtime / REST"),
    (r"\.metrics\b", "Runtime / Metrics"),
    (r"\.taskexecutor\b|\.runtime\.tasks\b|\.taskmanager\b", "Runtime / Task"),
    (r"\.flink\.runtime\.", "Runtime / Coordination"),
    (r"\.configuration\b", "Runtime / Configuration"),
    (r"\.client\b", "Client / Job Submission"),
    (r"\.streaming\.", "API / DataStream"),
    (r"\.typeutils\b", "API / Type Serialization System"),
    (r"\.flink\.api\.", "API / Core"),
    (r"\.core\.fs\b|\.fs\.", "fs"),
)
OF_MODULES = {
    "python": "API / Python",
    "table": "Table SQL / Planner",
    "core": "Runtime / Coordination",
    "connect": "Connectors / FileSystem",
}


@dataclass(frozen=True)
class Hit:
    """One time that a test failed; `setup` is the job's."""

    branch: str
    job: str
    sha: str
    url: str
    message: str
    setup: Setup = Setup()


def ticket_title(key: str, message: str) -> str:
    """Return a summary that later failures are found by: class and method, and with what it fails."""
    owner, sign, method = key.partition("#")
    name = f"{owner.rpartition('.')[2]}.{method}" if sign else key
    kind = KIND.match(message.strip())
    reason = kind[1] if kind else ""
    return (f"{name} fails with {reason}" if reason else f"{name} fails")[:MAX_TITLE]


def component_of(key: str, module: str = "") -> str:
    """Return the component that most likely owns a test, by its package or else its job's module."""
    found = next((component for place, component in COMPONENTS if re.search(place, key)), "")
    return found or OF_MODULES.get(module, "Tests")


def ticket_text(key: str, hit: Hit, since: str = "", commits: Sequence[str] = ()) -> str:
    """Return a description: where it failed, with which words, since when, and how to run it again.

    `since` says since which commits, `commits` name them, each by SHA and subject.
    """
    lines = [f"{_mono(key)} failed on {hit.branch}, {_link(hit)}, commit {hit.sha[:10]}:", *_trace(hit.message)]
    if since:
        lines += ["", f"On {hit.branch} {since}."]
        lines += [f"* {_plain(commit)}" for commit in commits]
    if command := command_of(hit.setup, hit.sha, key):
        lines += ["", "Reproduce:", "{noformat}", command, "{noformat}"]
    return "\n".join(lines)


def comment_text(ticket: str, key: str, hits: Sequence[Hit], day: date) -> str:
    """Return a day's comment: each hit's branch and job with a link, the head of the last one's trace, and our mark.

    `hits` are the newest first.
    """
    times = "once" if len(hits) == 1 else f"{len(hits)} times"
    lines = [f"{_mono(key)} failed {times} since the last comment:"]
    lines += [f"* {_plain(hit.branch)}: {_link(hit)}" for hit in hits[:MAX_HITS]]
    lines += [f"* and {len(hits) - MAX_HITS} more"] if len(hits) > MAX_HITS else []
    return "\n".join([*lines, *_trace(hits[0].message), mark(ticket, day)])


def mark(ticket: str, day: date) -> str:
    """Return the line by which our comment of a day is found again."""
    return MARK.format(key=ticket, day=day.isoformat())


def _trace(message: str) -> list[str]:
    head = BREAKING.sub(r"\1", message)[:MAX_HEAD].rstrip()
    return ["{code}", head or "no words", "{code}"]


def _link(hit: Hit) -> str:
    words = re.sub(r"[\[\]|{}\n]", " ", hit.job).strip() or "build"
    return f"[{words}|{hit.url}]" if re.fullmatch(r"https?://[^\s|\]]+", hit.url) else words


def _mono(text: str) -> str:
    """Set as code; Jira reads links, images and the names of persons there, too."""
    return "{{" + _plain(text) + "}}"


def _plain(text: str) -> str:
    """Take what Jira would read as markup, or as the name of a person, out of a line."""
    return re.sub(r"[\[\]{}|!~\n\r]", " ", text).strip()
