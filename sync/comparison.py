"""What stands outside of mirrored branches, CI branches, reports and commands, against what we would have there."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from flinkci_dashboard.comparison import GRACE, SHOWN, Agreement, Difference
from sync.mirrors.plan import MEANINGS
from sync.mirrors.values import BranchState
from sync.models import CIBranch, CommandComment, MirrorBranch, PullRequest
from sync.pulls.figures import say_why

COMMANDS = timedelta(days=14)  # that are looked back on


def agreements(now: datetime) -> list[Agreement]:
    """Return what git-repo-sync and ci-bot did, or we do."""
    return [_mirrored(now), _branches(now), _reports(now), _commands(now)]


def _mirrored(now: datetime) -> Agreement:
    rows = MirrorBranch.objects.filter(selected=True)
    differ = rows.exclude(state=BranchState.IN_SYNC)
    lasting = differ.filter(state_since__lt=now - GRACE)
    told = [
        Difference(
            row.name, row.detail or MEANINGS[BranchState(row.state)].meaning, row.state_since, reverse("mirrors")
        )
        for row in lasting.order_by("state_since")[:SHOWN]
    ]
    return _agreement("Mirrored branches", "sync_mirrors", "git-repo-sync", (rows, differ, lasting), told, "mirrors")


def _branches(now: datetime) -> Agreement:
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    differ = rows.filter(~Exists(CIBranch.objects.filter(number=OuterRef("number"), sha=OuterRef("head_sha"))))
    lasting = differ.filter(head_seen_at__lt=now - GRACE)
    told = _pulls(lasting.order_by("head_seen_at"), "head_seen_at", now)
    return _agreement("Branches of open pull requests", "sync_pulls", "ci-bot", (rows, differ, lasting), told, "pulls")


def _reports(now: datetime) -> Agreement:
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    differ = rows.filter(report_due_since__isnull=False)
    lasting = differ.filter(report_due_since__lt=now - GRACE)
    told = _pulls(lasting.order_by("report_due_since"), "report_due_since", now)
    return _agreement("CI reports", "sync_pulls", "ci-bot", (rows, differ, lasting), told, "pulls")


def _commands(now: datetime) -> Agreement:
    rows = CommandComment.objects.filter(commented_at__gt=now - COMMANDS, known=True)
    differ = rows.filter(state=CommandComment.State.WAITING)
    lasting = differ.filter(commented_at__lt=now - GRACE)
    told = [
        Difference(
            f"#{row.pull.number}", f"“{row.words}” waits: {say_why(row.pull, now)}", row.commented_at, _at(row.pull)
        )
        for row in lasting.select_related("pull").order_by("commented_at")[:SHOWN]
    ]
    return _agreement("Commands of the last 14 days", "sync_pulls", "ci-bot", (rows, differ, lasting), told, "pulls")


def _pulls(rows: QuerySet[PullRequest], since: str, now: datetime) -> list[Difference]:
    return [Difference(f"#{row.number}", _reason(row, now), getattr(row, since), _at(row)) for row in rows[:SHOWN]]


def _reason(pull: PullRequest, now: datetime) -> str:
    return "; ".join(pull.plan) or say_why(pull, now)


def _at(pull: PullRequest) -> str:
    return reverse("pull_request", args=[pull.number])


def _agreement(
    title: str, job: str, bot: str, rows: Iterable[QuerySet], differences: list[Difference], page: str
) -> Agreement:
    """Count all, those that differ, and those that have differed for long."""
    of, differ, lasting = (each.count() for each in rows)
    url = reverse({"pulls": "pull_requests"}.get(page, page))
    return Agreement(title, job, bot, of, lasting, differ - lasting, differences, url)
