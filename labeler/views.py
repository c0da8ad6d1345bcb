"""Labels: which are wrong and why, what was changed, and what each component has open."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, signed_in
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.run import open_requests
from flinkci_dashboard.models import JobRequest, JobRun
from flinkci_dashboard.web.live import Context, live
from labeler import figures
from labeler.labels import JOB, SETTLE, State, is_ours
from labeler.models import JiraContact, LabelChange, LabelState

PER_PAGE = 50
# Name, title, and the states of the pull requests that it lists.
TABS: tuple[tuple[str, str, tuple[State, ...]], ...] = (
    ("components", "Components", ()),
    ("changes", "Recent changes", ()),
    ("todo", "To be changed", (State.CHANGE, State.WAITING)),
    ("drift", "Changed by hand", (State.DRIFT,)),
    ("no-ticket", "No ticket", (State.NO_TICKET,)),
    ("unknown", "Unknown ticket", (State.UNKNOWN,)),
)


def newest_pass(request: HttpRequest) -> object:
    """Return what changes whenever a pass starts, moves on or ends, or somebody asks for something."""
    run = JobRun.objects.filter(job=JOB).values_list("pk", "outcome", "progress", "ended_at").first()
    return run, JobRequest.objects.filter(job=JOB).values_list("pk", "settled_at").last()


@require_GET
@live("labeler/labels.html", "labeler/_labels.html", version=newest_pass)
def labels(request: HttpRequest) -> Context:
    """Show one of the lists, with the state of the talk with Jira above."""
    everything = request.GET.get("pulls") == "all"
    words = request.GET.get("q", "").replace("\0", "")[:200]  # PostgreSQL takes no NUL
    shown = next((tab for tab in TABS if tab[0] == request.GET.get("tab")), TABS[0])
    runs = JobRun.objects.filter(job=JOB)
    return {
        "tabs": _tabs(everything),
        "tab": shown[0],
        "title": shown[1],
        "everything": everything,
        "words": words,
        "jira": JiraContact.load(),
        "running": runs.filter(outcome=JobRun.Outcome.RUNNING).first(),
        "last": latest_pass(JOB),
        "asked": set(open_requests(JOB).filter(act=SETTLE).values_list("subject", flat=True)),
        **_list(request, shown[0], shown[2], everything, words),
    }


def _tabs(everything: bool) -> list[dict[str, object]]:
    counts = figures.state_counts(everything)
    return [
        {"name": name, "title": title, "count": sum(counts.get(state, 0) for state in states) if states else None}
        for name, title, states in TABS
    ]


def _list(request: HttpRequest, tab: str, states: tuple[State, ...], everything: bool, words: str) -> Context:
    if tab == "components":
        return {"components": figures.component_lines()}
    changes = LabelChange.objects.select_related("pull")
    rows = Paginator(changes if tab == "changes" else figures.in_state(states, everything, words), PER_PAGE)
    return {"page": rows.get_page(request.GET.get("page"))}


@require_POST
@permission_required(OPERATE, raise_exception=True)
def settle(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a pull request's labels to become its ticket's again."""
    row = get_object_or_404(LabelState.objects.select_related("pull"), pull__number=number)
    before = sorted(filter(is_ours, row.pull.labels))
    after = sorted({*before, *row.add} - {*row.remove})
    audit.record(request, "settle labels", f"#{number}", {"labels": before}, {"labels": after})
    jobs.request(JOB, signed_in(request), SETTLE, f"#{number}")
    messages.info(request, f"The labels of #{number} will be settled within seconds.")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else f"{reverse('labels')}?tab=drift")
