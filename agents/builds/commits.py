"""The history of mirrored branches, as far as somebody looked: who may have broken a build."""

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from agents.models import Commit
from flinkci_dashboard.clients.git.commits import CommitFacts

TICKET = re.compile(r"\[(FLINK-\d{1,8})\]")
TAG = re.compile(r"\[([^\]]+)\]")


def remember(branch: str, commits: Sequence[CommitFacts]) -> None:
    """Keep the last commits of a branch (the oldest first), as far as they are new.

    Commits before the latest that is known were left out for a reason: they came before anybody looked.
    """
    shas = [each.sha for each in commits]
    known = set(Commit.objects.filter(branch=branch, sha__in=shas).values_list("sha", flat=True))
    latest = max((place for place, sha in enumerate(shas) if sha in known), default=-1)
    fresh = commits[latest + 1 :]
    if not fresh:
        return
    last = Commit.objects.filter(branch=branch).aggregate(last=Max("order"))["last"]
    first = 0 if last is None else last + 1
    Commit.objects.bulk_create(_row(branch, order, each) for order, each in enumerate(fresh, start=first))


def _row(branch: str, order: int, commit: CommitFacts) -> Commit:
    return Commit(branch=branch, order=order, sha=commit.sha, modules=tags(commit.subject), **told(commit))


def told(commit: CommitFacts) -> dict[str, Any]:
    """Return what rows of a commit keep of it: its author, time, subject and ticket."""
    ticket = TICKET.search(commit.subject)
    return {
        "author": commit.author[:255],
        "at": commit.committed_at,
        "subject": commit.subject[:500],
        "ticket": ticket[1] if ticket else "",
    }


def tags(subject: str) -> list[str]:
    """Return the parts that a commit's subject names: "[FLINK-1][table][hotfix] …" is about the table."""
    head = subject[: subject.rfind("]") + 1] if subject.startswith("[") else ""
    return [tag for tag in TAG.findall(head) if tag != "hotfix" and not tag.startswith(("FLINK-", "BP-"))]
