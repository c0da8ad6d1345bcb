"""Tags about tickets and labels."""

from django import template
from django.template import RequestContext

from labeler.labels import State, is_ours
from labeler.models import LabelState
from sync.models import PullRequest

register = template.Library()


@register.filter
def ours(names: list[str]) -> list[str]:
    """Return the labels that the labeler cares for."""
    return [name for name in names if is_ours(name)]


@register.inclusion_tag("labeler/_ticket.html", takes_context=True)
def ticket(context: RequestContext, pull: PullRequest) -> dict[str, object]:
    """Show a pull request's ticket, and why the pull request has its labels."""
    state = LabelState.objects.filter(pull=pull).select_related("ticket").first()
    changes = list(pull.label_changes.all()[:5])
    kept = {name: context.get(name) for name in ("request", "perms", "csrf_token", "user")}
    drifted = state is not None and state.state == State.DRIFT
    told = {"pull": pull, "state": state, "ticket": state.ticket if state else None, "drifted": drifted}
    return kept | told | {"changes": changes}
