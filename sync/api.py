"""Mirrors and pull requests, for programs."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema

from flinkci_dashboard.api.lists import Listing, Paging, Text, answers, listing
from flinkci_dashboard.jobs.history import last_good
from sync.merging.figures import readiness_of
from sync.merging.stages import Readiness
from sync.mirrors.figures import behind_seconds
from sync.models import CIBranch, MirrorBranch, PullRequest, Repository
from sync.pulls.figures import judged, say_why
from sync.pulls.filters import with_label, with_text

router = Router()
EXACT = {"state": "state", "ci": "ci_state", "author": "author", "ticket": "jira_key"}  # filter → field


class MirrorOut(Schema):
    """One branch of a mirror."""

    source: str
    target: str
    branch: str
    state: str
    source_sha: str | None
    mirror_sha: str | None
    lag: float | None
    since: datetime
    as_of: datetime | None


class PullFilters(Schema):
    """What may be asked of pull requests: exact, but for `q`, which a title contains or a number is."""

    state: Text | None = None
    ci: Text | None = None
    author: Text | None = None
    label: Text | None = None
    ticket: Text | None = None
    q: Text | None = None


class PullOut(Schema):
    """A pull request, and where its CI stands; `branch` is its head's in the CI repository."""

    number: int
    title: str
    author: str | None
    state: str
    draft: bool
    head_sha: str
    branch: str | None
    ci_state: str
    why: str
    jira_key: str | None
    labels: list[str]
    updated_at: datetime
    url: str
    as_of: datetime | None


class StageOut(Schema):
    """A job of the pipeline, and how far it has come on a head; `build` and `url` are what tells that."""

    name: str
    provider: str
    standing: str
    build: int
    url: str


class ReadinessOut(Schema):
    """A head by Flink's rule of merging: each stage has succeeded at least once. Whether to merge is for people."""

    complete: bool
    sentence: str
    stages: list[StageOut]
    text: str


class WholePullOut(PullOut):
    """A pull request, and what its head's builds say of its stages."""

    readiness: ReadinessOut


@router.get("/mirrors", response=answers(Listing[MirrorOut]))
def mirrors(request: HttpRequest, paging: Query[Paging]) -> dict[str, object]:
    """Return the branches that are mirrored, and where both sides stand."""
    rows = MirrorBranch.objects.filter(selected=True).select_related("mirror__source", "mirror__target")
    as_of, now = last_good("sync_mirrors"), timezone.now()
    return listing(request, rows, paging, "pk", lambda row: _mirror(row, now, as_of), newest_first=False)


@router.get("/pulls", response=answers(Listing[PullOut]))
def pulls(request: HttpRequest, filters: Query[PullFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return pull requests, the newest first."""
    asked = filters.dict(exclude_none=True)
    rows = _with_branch(PullRequest.objects.filter(**{EXACT[name]: asked[name] for name in asked if name in EXACT}))
    if "label" in asked:
        rows = with_label(rows, asked["label"])
    if "q" in asked:
        rows = with_text(rows, asked["q"])
    return listing(request, rows, paging, "number", _showing())


@router.get("/pulls/{number}", response=answers(WholePullOut))
def pull(request: HttpRequest, number: int) -> dict[str, object]:
    """Return one pull request."""
    row = get_object_or_404(_with_branch(PullRequest.objects.all()), number=number)
    return _showing()(row) | {"readiness": _readiness(readiness_of(row, judged(row)))}


def _readiness(found: Readiness) -> dict[str, object]:
    stages = [
        {
            "name": stage.name,
            "provider": stage.provider,
            "standing": stage.standing,
            "build": stage.run.build,
            "url": stage.run.url,
        }
        for stage in (*found.stages, *found.others)
    ]
    return {"complete": found.is_complete, "sentence": found.sentence, "stages": stages, "text": found.text}


def _mirror(row: MirrorBranch, now: datetime, as_of: datetime | None) -> dict[str, object]:
    return {
        "source": str(row.mirror.source),
        "target": str(row.mirror.target),
        "branch": row.name,
        "state": row.state,
        "source_sha": row.source_sha or None,
        "mirror_sha": row.target_sha or None,
        "lag": behind_seconds(row, now),
        "since": row.state_since,
        "as_of": as_of,
    }


def _with_branch(rows: QuerySet[PullRequest]) -> QuerySet[PullRequest]:
    """Add the name of the head's branch in the CI repository."""
    branch = CIBranch.objects.filter(number=OuterRef("number"), sha=OuterRef("head_sha"))
    return rows.annotate(branch=Subquery(branch.values("name")[:1]))


def _showing() -> Callable[[PullRequest], dict[str, object]]:
    """Return what turns rows into answers; what they share is looked up once."""
    source = Repository.objects.filter(role=Repository.Role.SOURCE).first()
    pages = f"{source.web_url}/pull" if source else ""
    as_of, now = last_good("sync_pulls"), timezone.now()

    def show(row: PullRequest) -> dict[str, object]:
        return {
            "number": row.number,
            "title": row.title,
            "author": row.author or None,
            "state": row.state,
            "draft": row.draft,
            "head_sha": row.head_sha,
            "branch": row.branch,  # type: ignore[attr-defined]
            "ci_state": row.ci_state or PullRequest.CIState.UNKNOWN,
            "why": say_why(row).at(now),
            "jira_key": row.jira_key or None,
            "labels": row.labels,
            "updated_at": row.updated_at,
            "url": f"{pages}/{row.number}",
            "as_of": as_of,
        }

    return show
