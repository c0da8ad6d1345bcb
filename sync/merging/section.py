"""What a CI report says apart from ci-bot's format: what failed on the head, whose that seems to be, what is left.

Nothing of it changes by itself, so that a report is written anew only when builds, failures or tickets changed. What
comes from outside stands as code, on one line: nobody is mentioned, nothing is formatted or linked. PURE
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sync.merging.stages import RED, Readiness

MAX_CITED = 160  # characters of a name
MAX_FAILURES, MAX_STAGES, MAX_LINKS = 20, 30, 10
TICKET = re.compile(r"[A-Z]{1,20}-\d{1,9}")


@dataclass(frozen=True)
class Told:
    """A failure, and what is thought of it. `ticket` is the key of the one that knows it, or ""."""

    test: str
    job: str
    word: str
    reason: str
    ticket: str = ""


def section_text(ready: Readiness, failures: Sequence[Told], jira: str, page: str) -> str:
    """Return the section's Markdown; "" where nothing has failed on this head. `jira` and `page` are addresses."""
    if not failures and not any(stage.run.state in RED for stage in ready.left):
        return ""
    lines = [f"#### Failures and stages of {ready.head[:10]}", ""]
    lines += [_failure(each, jira) for each in failures[:MAX_FAILURES]]
    lines += [f"- and {len(failures) - MAX_FAILURES} more"] if len(failures) > MAX_FAILURES else []
    lines += ["", *_stages(ready), "", f"Whether it is merged is for a committer to decide. [Details]({page})"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def cited(words: str) -> str:
    """Cite as code, on one line."""
    plain = " ".join(words.replace("`", "'").replace("-->", "->").split())[:MAX_CITED]
    return f"`{plain}`" if plain else "`?`"


def _failure(told: Told, jira: str) -> str:
    ticket = f" [{told.ticket}]({jira}/browse/{told.ticket})" if TICKET.fullmatch(told.ticket) else ""
    reason = f": {cited(told.reason)}" if told.reason and not ticket else ""
    return f"- {cited(told.test)} in {cited(told.job)}: **{told.word}**{ticket}{reason}"


def _stages(ready: Readiness) -> list[str]:
    done = [stage for stage in ready.stages if stage.is_done]
    lines = [f"{len(done)} of {len(ready.stages)} stages have succeeded at least once on this head."]
    lines += [f"- {cited(stage.name)}: {stage.standing}" for stage in ready.left[:MAX_STAGES]]
    if len(ready.left) > MAX_STAGES:
        lines.append(f"- and {len(ready.left) - MAX_STAGES} more")
    links = [f"[{run.build}]({run.url})" for run, _ in ready.links[:MAX_LINKS] if _is_link(run.url)]
    return [*lines, "", f"Builds in which stages succeeded: {', '.join(links)}"] if links else lines


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not re.search(r"[\s()<>]", url)
