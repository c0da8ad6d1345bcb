"""Pull requests: all of them, one of them, and branches that belong to none."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agents.builds.forecast import forecast
from agents.builds.lists import OF_PULL, why_tables
from agents.failures.explained import why_pull
from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.logins import github_logins
from flinkci_dashboard.accounts.roles import ADMINISTER, OPERATE, needs, signed_in
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.web.live import Context, live, rights, session
from flinkci_dashboard.web.markdown import render_markdown
from sync.merging.figures import landed_since, readiness_of
from sync.merging.lists import STAGES, stage_lines
from sync.models import CIBranch, PullRequest, Repository
from sync.pulls import figures
from sync.pulls.figures import ACTS
from sync.pulls.filters import ME, ORPHANS, PULLS, PullFilter

JOB = "sync_pulls"


def newest_pass(request: HttpRequest) -> object:
    """Return what changes with every pass of the pull request sync."""
    return JobRun.objects.filter(job=JOB).values_list("pk", "outcome").first()


def readers(request: HttpRequest) -> object:
    """Return for whom a list of pull requests is: "mine" is of one reader."""
    return session(request) if request.GET.get("author") == ME else rights(request)


@require_safe
@live("sync/pulls.html", "sync/_pulls.html", version=newest_pass, reader=readers)
def pull_requests(request: HttpRequest) -> Context:
    """List pull requests; the URL holds filter, order and page."""
    asked = request.GET.copy()
    asked.setdefault("state", "open")
    own = github_logins(signed_in(request)) if asked.get("author") == ME else []
    chosen = PullFilter(asked, PullRequest.objects.all(), own)
    return {
        "filter": chosen.form,
        "filtered": any(request.GET.get(name) for name in chosen.form.fields),
        "table": PULLS.of(request, chosen.qs),
        "unlinked": asked.get("author") == ME and not own,
        "counts": figures.ci_words(figures.ci_counts(PullRequest.objects.filter(state=PullRequest.State.OPEN))),
        "history": figures.history_mark(),
        "orphans": CIBranch.objects.filter(orphan=True).count(),
        "last": latest_pass(JOB),
        "only_observes": not is_active(JOB),
    }


@require_safe
@live("sync/pull.html", "sync/_pull.html", version=newest_pass, reader=rights)
def pull_request(request: HttpRequest, number: int) -> Context:
    """Show one pull request: why it is where it is, its branches and builds, its report, what happened."""
    pull = PullRequest.objects.select_related("build").filter(number=number).first()
    if pull is None:
        raise Http404(f"Pull request {number} is not known here; long closed ones are read little by little.")
    builds, report = figures.builds_of(pull), figures.report_of(pull)
    branches = figures.branches_of(pull)
    state, label = figures.shown_state(pull)
    judged = figures.judged(pull)
    ready = readiness_of(pull, judged)
    explained = why_pull(judged, ready.red_jobs, pull.base, timezone.now())
    return {
        "pull": pull,
        "why": figures.say_why(pull),
        "state": state or "open",
        "label": label,
        "source": Repository.objects.filter(role=Repository.Role.SOURCE).first(),
        "target": Repository.objects.filter(role=Repository.Role.PULL_REQUESTS).first(),
        "only_observes": not is_active(JOB),
        "jira": f"{settings.JIRA_URL}/browse/{pull.jira_key}" if pull.jira_key else "",
        "branches": branches,
        "gate_note": figures.gate_note(pull, branches),
        "builds": OF_PULL.of(request, builds),
        "forecast": next((forecast(each) for each in builds if each.version == pull.head_sha), None),
        "final": figures.is_final(pull, timezone.now()),
        "explained": explained,
        **why_tables(request, explained),
        "ready": ready,
        "stages": STAGES.of(request, stage_lines(ready), "stages-"),
        "landed": landed_since(pull, ready),
        "report": report,
        "report_html": render_markdown(report.body) if report else "",
        "running_bot": figures.say_running_bot(pull, branches, report) if not is_active(JOB) else "",
        "events": figures.timeline(pull, builds, report),
        "buttons": figures.buttons(pull, builds, branches),
        "last": latest_pass(JOB),
    }


@require_POST
@needs(OPERATE)
def act_on_pull(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """Ask the next pass to do one thing for a pull request."""
    pull = get_object_or_404(PullRequest, number=number)
    if act not in ACTS:
        raise Http404(f"There is no act {act}.")
    looked_at = {"sha": request.POST.get("sha", "")[:40]}  # the head that the page showed
    audit.record(request, f"pull request: {ACTS[act].lower()}", f"#{pull.number}", None, looked_at)
    jobs.request(JOB, request.user, act, str(pull.number), looked_at)  # type: ignore[arg-type]
    promise(request, JOB, f"{ACTS[act]}: asked for", "what comes of it appears below within seconds")
    return HttpResponseRedirect(reverse("pull_request", args=[pull.number]))


@require_safe
@live("sync/orphans.html", "sync/_orphans.html", version=newest_pass, reader=rights)
def orphans(request: HttpRequest) -> Context:
    """List branches of the CI repository that match no pull request."""
    return {"table": ORPHANS.of(request, CIBranch.objects.filter(orphan=True)), "last": latest_pass(JOB)}


@require_POST
@needs(ADMINISTER)
def delete_orphan(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the next pass to delete a branch that belongs to no pull request."""
    branch = get_object_or_404(CIBranch, pk=pk, orphan=True)
    audit.record(request, "delete orphaned branch", branch.name, {"sha": branch.tip}, None)
    jobs.request(JOB, request.user, "delete-orphan", branch.name)  # type: ignore[arg-type]
    promise(request, JOB, f"{branch.name} will be deleted", "the answer appears there")
    return HttpResponseRedirect(reverse("orphans"))
