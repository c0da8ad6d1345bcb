"""The mirrors: where each branch stands, why, and what can be done."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.migration.authority import Decisions
from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import ADMINISTER, OPERATE, needs, signed_in
from flinkci_dashboard.jobs import history as passes
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import Action, JobRun
from flinkci_dashboard.web.live import Context, live, page_or_file, rights
from sync.mirrors.lists import BRANCHES, PASSES, PLANNED, SELECTED
from sync.mirrors.plan import LAGGING, MEANINGS
from sync.mirrors.values import BranchState, ResetRequest
from sync.models import Mirror, MirrorBranch

JOB = "sync_mirrors"
SWITCHED_OFF = "None, while it is so: an operator switches pushing on again on the migration page."


def newest_pass(request: HttpRequest) -> object:
    """Return what changes whenever a pass of the mirror sync starts, moves on or ends."""
    return JobRun.objects.filter(job=JOB).values_list("pk", "outcome", "progress", "ended_at").first()


@require_GET
@live("sync/mirrors.html", "sync/_mirrors.html", version=newest_pass, reader=rights)
def mirrors(request: HttpRequest) -> Context:
    """Show every mirror with its branches, the pass under way, and the passes that did something."""
    found = Mirror.objects.select_related("source", "target").prefetch_related("branches")
    runs = JobRun.objects.filter(job=JOB)
    table = BRANCHES.of(request, [row for each in found for row in _rows(each)])
    done = PASSES.of(request, passes.busy(runs), "passes-")
    return {
        "table": table,
        "mirrors": [
            {"mirror": each, "rows": [row for row in table.lines if row["mirror"] == each], "troubles": _troubles(each)}
            for each in found
        ],
        "running": runs.filter(outcome=JobRun.Outcome.RUNNING).first(),
        "last": latest_pass(JOB),
        "bars": passes.bars(passes.recent(JOB)),
        "passes": done,
        "history": passes.with_quiet(done.lines, newest=done.is_first),
        "planned": PLANNED.of(request, Action.objects.filter(job=JOB, state=Action.State.PLANNED), "planned-"),
    }


def _troubles(mirror: Mirror) -> list[dict[str, object]]:
    """Return the sides of a mirror that do not answer as they should."""
    sides = (
        {"repository": mirror.source, "problem": mirror.source_problem, "since": mirror.source_problem_since},
        {"repository": mirror.target, "problem": mirror.target_problem, "since": mirror.target_problem_since},
    )
    return [side for side in sides if side["problem"]]


def _rows(mirror: Mirror) -> list[dict[str, object]]:
    shown = [branch for branch in mirror.branches.all() if branch.selected or branch.state == BranchState.GONE]
    order = {name: place for place, name in enumerate(mirror.always.split())}
    shown.sort(key=lambda branch: (order.get(branch.name, len(order)), _newest_first(branch.name)))
    unpushed = Decisions().unpushed()
    return [_row(branch, unpushed) for branch in shown]


def _row(branch: MirrorBranch, unpushed: Collection[str]) -> dict[str, object]:
    behind = bool(branch.source_sha) and branch.source_sha != branch.target_sha and branch.state != BranchState.GONE
    return {
        "mirror": branch.mirror,
        "branch": branch,
        **_advice(branch, unpushed),
        "may_reset": branch.state == BranchState.DIVERGED,
        "waiting_since": branch.source_seen_at if behind else None,
        "lag": None if behind else _lag(branch),
        "no_lag": "there before us" if branch.state == BranchState.IN_SYNC else "–",
    }


def _advice(branch: MirrorBranch, unpushed: Collection[str]) -> dict[str, str]:
    """Return what is to be said about a branch, and what to do; nothing of one that is in sync."""
    state = BranchState(branch.state)
    if state == BranchState.IN_SYNC:
        return {}
    meaning = MEANINGS[state]
    left_alone = state in LAGGING and (branch.name in unpushed or not is_active(JOB))
    why = SWITCHED_OFF if branch.name in unpushed else "None here: this installation only observes."
    remedy = why if left_alone else meaning.remedy
    return {"remark": branch.detail or meaning.meaning, "remedy": remedy}


def _newest_first(name: str) -> list[int]:
    return [-int(part) for part in name.removeprefix("release-").split(".") if part.isdigit()]


def _lag(branch: MirrorBranch) -> timedelta | None:
    """Return how long the source's head took to reach the mirror; None while it has not, or was there before us."""
    if branch.mirrored_at is None or branch.source_seen_at in (None, branch.mirrored_at):
        return None
    return branch.mirrored_at - branch.source_seen_at


@require_GET
def mirror_policy(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show which branches the policy selects now, and why."""
    mirror = get_object_or_404(Mirror.objects.select_related("source", "target"), pk=pk)
    branches = sorted(mirror.branches.all(), key=lambda branch: (not branch.selected, _newest_first(branch.name)))
    context = {"mirror": mirror, "table": SELECTED.of(request, branches), "last": latest_pass(JOB)}
    return page_or_file(request, "sync/policy.html", context)


@require_POST
@needs(OPERATE)
def sync_now(request: HttpRequest) -> HttpResponse:
    """Ask for a pass now; back-offs do not apply to it."""
    audit.record(request, "sync mirrors now", "all mirrors")
    jobs.request(JOB, signed_in(request))
    promise(request, JOB, "A pass was asked for", "it starts within seconds")
    return HttpResponseRedirect(reverse("mirrors"))


@require_POST
@needs(ADMINISTER)
def reset_branch(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to reset a diverged branch of the mirror to its source. The person typed the branch's name."""
    branch = get_object_or_404(MirrorBranch.objects.select_related("mirror__target"), pk=pk)
    if request.POST.get("name", "").strip() != branch.name:
        messages.error(request, f"Nothing was reset: type the branch's name, {branch.name}, to confirm.")
        return HttpResponseRedirect(reverse("mirrors"))
    asked = ResetRequest(str(branch.mirror.target), branch.name, branch.target_sha)
    before, after = {"sha": branch.target_sha}, {"sha": branch.source_sha}
    audit.record(request, "reset mirror branch", f"{branch.mirror.target} {branch.name}", before, after)
    jobs.request(JOB, signed_in(request), ResetRequest.ACT, f"{asked.target}: {asked.branch}", asdict(asked))
    promise(request, JOB, f"{branch.name} will be reset to the source", "the answer appears there")
    return HttpResponseRedirect(reverse("mirrors"))
