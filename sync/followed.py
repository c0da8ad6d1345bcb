"""Whose runs on GitHub Actions are read: the repositories of Flink's CI, and the forks of open pull requests."""

from agents.actions.values import Head, Source
from sync.models import PullRequest, Repository


def sources() -> list[Source]:
    """Return the repositories whose runs are all read; those of the bots matter to nobody."""
    rows = Repository.objects.exclude(role=Repository.Role.BOT).order_by("pk")
    return [Source(str(row), aside=row.role == Repository.Role.OTHER) for row in rows]


def heads() -> list[Head]:
    """Return the heads of open pull requests, the newest pull request first."""
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN).order_by("-number")
    found = rows.values_list("number", "head_repository", "head_label", "head_sha")
    return [Head(number, fork, sha) for number, told, label, sha in found if (fork := told or _usual_fork(label))]


def _usual_fork(label: str) -> str:
    """Return what a fork is called as a rule, where GitHub's answer is of a time when it was not kept."""
    owner, named, _ = label.partition(":")
    return f"{owner}/flink" if named else ""
