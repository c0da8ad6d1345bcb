"""Azure beside GitHub Actions: pairs, how they went, the budget, the criteria, and who has the say."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agents.migration import figures
from agents.migration.authority import Decisions, decide, stands
from agents.migration.budget.limits import BETTER_AT_ONCE, JOBS_AT_ONCE, MINUTES_5_DAYS, MINUTES_WEEK, runners
from agents.migration.budget.moving import what_if
from agents.migration.budget.usage import Use, unread, use
from agents.migration.edits import under_way
from agents.migration.filters import PAIRS, PairFilter
from agents.migration.forms import DAYS, USUAL_DAYS, DecisionForm, moving
from agents.migration.lists import CRITERIA, DECISIONS, GROUPS, MINUTES, OF_GROUPS, RULINGS, SERVICES
from agents.migration.over_time import over_time
from agents.models import Authority, Criterion, Pair
from agents.models.builds import Provider
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, needs, signed_in
from flinkci_dashboard.jobs.history import last_ended, last_good
from flinkci_dashboard.web.live import Context, live, rights

TABS = {
    "pairs": "Pairs",
    "time": "Over time",
    "budget": "Budget",
    "criteria": "Criteria",
    "authority": "Who has the say",
}
PARTS = {
    "pairs": "migration/_pairs.html",
    "time": "migration/_time.html",
    "budget": "migration/_budget.html",
    "criteria": "migration/_criteria.html",
    "authority": "migration/_authority.html",
}
NAMES = {"provider_azure": Provider.AZURE.label, "provider_actions": Provider.ACTIONS.label}
ACT = "decide which CI service has the say"


def newest(request: HttpRequest) -> object:
    """Return what changes when a pass of a poll ends, or somebody decides."""
    return last_ended("poll_builds", "poll_actions"), Authority.objects.values_list("pk", flat=True).first()


@require_safe
@live("migration/migration.html", "migration/_migration.html", version=newest, reader=rights)
def migration(request: HttpRequest) -> Context:
    """Show one of the page's parts, below how the whole stands."""
    now = timezone.now()
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "pairs"
    criteria = list(Criterion.objects.all())
    decisions = Decisions()
    return {
        "tabs": TABS,
        "tab": tab,
        "part": PARTS[tab],
        "summary": figures.summary(now - timedelta(days=USUAL_DAYS)),
        "days": USUAL_DAYS,
        "criteria": criteria,
        "met": sum(each.met_since is not None for each in criteria),
        "polled_at": last_good("poll_actions"),
        "under_way": under_way(),
        **NAMES,
        **SHOWS[tab](request, decisions),
    }


def _pairs(request: HttpRequest, decisions: Decisions) -> Context:
    form = PairFilter(request.GET)
    return {"form": form, "filtered": bool(form.asked()), "table": PAIRS.of(request, form.rows())}


def _over_time(request: HttpRequest, decisions: Decisions) -> Context:
    asked = request.GET.get("days", "")
    length = int(asked) if asked in DAYS else USUAL_DAYS
    found = over_time(length, timezone.now())
    sides = [(group, side) for group in found.groups for side in group.sides] if found else []
    return {
        "lengths": DAYS,
        "length": str(length),
        "time": found,
        "groups": OF_GROUPS.of(request, sides, "groups-"),
        "services": SERVICES.of(request, found.whole if found else [], "services-"),
        "rulings": RULINGS.of(request, found.rulings if found else [], "rulings-"),
    }


def _budget(request: HttpRequest, decisions: Decisions) -> Context:
    used = use(timezone.now())
    limits = {"week": MINUTES_WEEK, "five": MINUTES_5_DAYS, "jobs": JOBS_AT_ONCE, "better": BETTER_AT_ONCE}
    kinds = {"workflow": used.by_workflow, "branch": used.by_branch, "repository": used.by_repository}
    shares = (used.minutes_week / MINUTES_WEEK, used.minutes_worst / MINUTES_5_DAYS)
    return {
        "used": used,
        "minutes": MINUTES.of(request, [(kind, *each) for kind, found in kinds.items() for each in found]),
        "limits": limits,
        "shares": shares,
        "runners": runners(used.minutes_week),
        "unread": unread(),
        **_moved(request, used),
    }


def _criteria(request: HttpRequest, decisions: Decisions) -> Context:
    return {"table": CRITERIA.of(request, list(Criterion.objects.all()))}


def _authority(request: HttpRequest, decisions: Decisions) -> Context:
    return {"stands": stands(decisions, timezone.now()), "history": DECISIONS.of(request, list(decisions.history()))}


SHOWS = {"pairs": _pairs, "time": _over_time, "budget": _budget, "criteria": _criteria, "authority": _authority}


@require_safe
@live("migration/pair.html", "migration/_pair.html", version=newest, reader=rights)
def pair(request: HttpRequest, pk: int) -> Context:
    """Show one commit on both services, group by group."""
    shown = get_object_or_404(Pair.objects.select_related("azure", "actions"), pk=pk)
    return {"pair": shown, "table": GROUPS.of(request, figures.group_lines(shown)), **NAMES}


@require_safe
@live("migration/what_if.html", "migration/_what_if.html", version=newest, reader=rights)
def moved(request: HttpRequest) -> Context:
    """Show what this week's load would cost on hosted runners, as far as it is chosen to move."""
    return _moved(request, use(timezone.now()))


def _moved(request: HttpRequest, used: Use) -> dict[str, Any]:
    groups, branches = (moving(request.GET.dict(), name) for name in ("group", "branch"))
    return {"moving": what_if(used, timezone.now().date(), groups, branches)}


@require_POST
@needs(OPERATE)
def decide_authority(request: HttpRequest) -> HttpResponse:
    """Take a decision, with its reason."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: say what should hold, and why.")
        return _back()
    branch, purpose = form.cleaned_data["branch"], Authority.Purpose(form.cleaned_data["purpose"])
    choice, reason = Authority.Choice(form.cleaned_data["choice"]), form.cleaned_data["reason"]
    found = Decisions()
    before = found.choice(branch, purpose)
    if before == choice and found.is_decided(branch, purpose):
        messages.info(request, "That holds already.")
        return _back()
    return _decided(request, (branch, purpose), before, choice, reason)


@require_POST
@needs(OPERATE)
def undo_authority(request: HttpRequest) -> HttpResponse:
    """Take the last decision on a branch back."""
    branch, purpose = request.POST.get("branch", ""), request.POST.get("purpose", "")
    found = Decisions()
    before = found.before(branch, Authority.Purpose(purpose)) if purpose in Authority.Purpose else None
    if before is None or request.POST.get("to", before) != before:  # pressed twice, or somebody else was quicker
        messages.error(request, "There is nothing to take back.")
        return _back()
    place = (branch, Authority.Purpose(purpose))
    return _decided(request, place, found.choice(*place), before, "Taken back.", undoes=True)


def _decided(
    request: HttpRequest,
    place: tuple[str, Authority.Purpose],
    before: Authority.Choice,
    choice: Authority.Choice,
    reason: str,
    undoes: bool = False,
) -> HttpResponse:
    branch, purpose = place
    subject = f"{branch or 'pull requests'}: {purpose}"
    audit.record(request, ACT, subject, {"choice": before}, {"choice": choice, "reason": reason})
    decide(branch, purpose, choice, reason, signed_in(request).get_username(), timezone.now(), undoes)
    messages.info(request, f"{subject}: {choice.label} from now on.")
    return _back()


def _back() -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('migration')}?{urlencode({'tab': 'authority'})}")
