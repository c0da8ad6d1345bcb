"""The ticket for a failure that Jira does not know yet, as Flink's contributors write them, in Jira's markup. PURE"""

from dataclasses import dataclass

ISSUE = "Bug, Critical, label test-stability"  # of Flink's process for unstable tests
MAX_TITLE = 255  # of Jira's summaries
MARKUP = str.maketrans({"{": "\\{", "}": "\\}"})


@dataclass(frozen=True)
class Hit:
    """One time that a test failed."""

    branch: str
    job: str
    sha: str
    url: str
    message: str


def ticket_title(key: str, message: str) -> str:
    """Return a summary that later failures are found by: class and method, and with what it fails."""
    owner, sign, method = key.partition("#")
    name = f"{owner.rpartition('.')[2]}.{method}" if sign else key
    kind = message.partition(":")[0].split(maxsplit=1)
    reason = kind[0].rpartition(".")[2] if kind else ""
    return (f"{name} fails with {reason}" if reason else f"{name} fails")[:MAX_TITLE]


def ticket_text(key: str, hit: Hit) -> str:
    """Return a description: where it failed, with which words, and how to run it with the same configuration."""
    method = key.rpartition(".")[2]
    lines = [
        f"{{{{{key.translate(MARKUP)}}}}} failed on {hit.branch}, job {hit.job}, commit {hit.sha[:10]}:",
        hit.url,
        "{noformat}",
        hit.message.replace("{noformat}", "noformat") or "no words",
        "{noformat}",
    ]
    if "#" in key:
        lines.append(f"Reproduce: {{{{mvn verify -Dtest={method} -Dtest.randomization.seed={hit.sha}}}}}")
    return "\n".join(lines)
