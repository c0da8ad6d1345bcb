"""Labels: which are wrong and why, what was changed, and what each component has open."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, needs, signed_in
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.run import open_requests
from flinkci_dashboard.models import JobRequest, JobRun
from flinkci_dashboard.web.live import Context, live, rights
from flinkci_dashboard.web.tables import Shown
from labeler import figures
from labeler.filters import CHANGES, COMPONENTS, LabelFilter, states_table
from labeler.labels import JOB, SETTLE, State, is_ours
from labeler.models import JiraContact, LabelChange, LabelState


@dataclass(frozen=True)
class Tab:
    """One of the page's lists."""

    name: str
    title: str
    states: tuple[State, ...] = ()  # of the pull requests that it lists
    explained: str = ""
    template: str = "labeler/_pulls.html"

    @property
    def changes(self) -> bool:
        """Tell whether its rows say what is to be changed."""
        return State.CHANGE in self.states or self.settles

    @property
    def settles(self) -> bool:
        """Tell whether its rows have a button that settles them."""
        return State.DRIFT in self.states


DRIFTED = (
    "Somebody has changed these labels, and neither ticket nor title has changed since. They are left alone until one "
    "of them does, or an operator settles them."
)
TABS = (
    Tab("components", "Components", template="labeler/_components.html"),
    Tab("changes", "Recent changes", template="labeler/_changes.html"),
    Tab("todo", "To be changed", (State.CHANGE, State.WAITING)),
    Tab("drift", "Changed by hand", (State.DRIFT,), DRIFTED),
    Tab("no-ticket", "No ticket", (State.NO_TICKET,), "The title names no ticket, so the labels are not touched."),
    Tab(
        *("unknown", "Unknown ticket", (State.UNKNOWN,)),
        "Jira has no such ticket, or does not show it. The labels are not touched.",
    ),
)
TODO = {
    False: "What would be changed if this installation did not only observe.",
    True: "What the next passes will change, as fast as GitHub's limits allow.",
}


def newest_pass(request: HttpRequest) -> object:
    """Return what changes whenever a pass starts, moves on or ends, or somebody asks for something."""
    run = JobRun.objects.filter(job=JOB).values_list("pk", "outcome", "progress", "ended_at").first()
    return run, JobRequest.objects.filter(job=JOB).values_list("pk", "settled_at").last()


@require_GET
@live("labeler/labels.html", "labeler/_labels.html", version=newest_pass, reader=rights)
def labels(request: HttpRequest) -> Context:
    """Show one of the lists, with the state of the talk with Jira above."""
    form = LabelFilter(request.GET)
    asked_for = form.asked()
    everything, words = asked_for.get("pulls") == "all", asked_for.get("q", "")
    tab = next((each for each in TABS if each.name == request.GET.get("tab")), TABS[0])
    asked = open_requests(JOB).filter(act=SETTLE, subject__startswith="#").values_list("subject", flat=True)
    return {
        "tabs": _tabs(everything),
        "tab": tab.name,
        "list": tab.template,
        "changes": tab.changes,
        "settles": tab.settles,
        "explained": tab.explained or TODO[is_active(JOB)],
        "everything": everything,
        "words": words,
        "only_observes": not is_active(JOB),
        "jira": JiraContact.load(),
        "running": JobRun.objects.filter(job=JOB, outcome=JobRun.Outcome.RUNNING).first(),
        "last": latest_pass(JOB),
        "asked": {int(subject[1:]) for subject in asked if subject[1:].isdecimal()},
        "form": form,
        "table": _table(request, tab, everything, words),
    }


def _tabs(everything: bool) -> list[dict[str, object]]:
    counts = figures.state_counts(everything)
    return [
        {
            "name": tab.name,
            "title": tab.title,
            "query": urlencode({"tab": tab.name} | ({"pulls": "all"} if everything else {})),
            "count": sum(counts.get(state, 0) for state in tab.states) if tab.states else None,
        }
        for tab in TABS
    ]


def _table(request: HttpRequest, tab: Tab, everything: bool, words: str) -> Shown:
    if tab.name == "components":
        return COMPONENTS.of(request, figures.component_lines())
    if tab.name == "changes":
        return CHANGES.of(request, LabelChange.objects.select_related("pull"))
    return states_table(tab.name, tab.changes, tab.settles).of(request, figures.in_state(tab.states, everything, words))


@require_POST
@needs(OPERATE)
def settle(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a pull request's labels to become its ticket's again."""
    row = get_object_or_404(LabelState.objects.select_related("pull"), pull__number=number)
    before = sorted(filter(is_ours, row.pull.labels))
    after = sorted({*before, *row.add} - {*row.remove})
    audit.record(request, "settle labels", f"#{number}", {"labels": before}, {"labels": after})
    jobs.request(JOB, signed_in(request), SETTLE, f"#{number}")
    promise(request, JOB, f"The labels of #{number} will be settled", "that takes seconds")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else f"{reverse('labels')}?tab=drift")
