"""The history of mirrored branches, as far as somebody looked: who may have broken a build."""

import re
from datetime import datetime

from django.db.models import Max

from agents.models import Commit

TICKET = re.compile(r"\[(FLINK-\d{1,8})\]")
TAG = re.compile(r"\[([^\]]+)\]")


def remember(branch: str, sha: str, author: str, subject: str, at: datetime | None) -> None:
    """Keep a commit as the latest of its branch, unless it is known. The subject's tags name what it touches."""
    if Commit.objects.filter(branch=branch, sha=sha).exists():
        return
    last = Commit.objects.filter(branch=branch).aggregate(last=Max("order"))["last"]
    ticket = TICKET.search(subject)
    Commit.objects.create(
        branch=branch,
        order=0 if last is None else last + 1,
        sha=sha,
        author=author[:255],
        at=at,
        subject=subject[:500],
        ticket=ticket[1] if ticket else "",
        modules=tags(subject),
    )


def tags(subject: str) -> list[str]:
    """Return the parts that a commit's subject names: "[FLINK-1][table][hotfix] …" is about the table."""
    head = subject[: subject.rfind("]") + 1] if subject.startswith("[") else ""
    return [tag for tag in TAG.findall(head) if tag != "hotfix" and not tag.startswith(("FLINK-", "BP-"))]
