"""Tags about tickets and labels."""

from django import template
from django.template import RequestContext

from labeler.labels import State, is_ours
from labeler.models import LabelState, Ticket
from sync.models import PullRequest

register = template.Library()


@register.filter
def ours(names: list[str]) -> list[str]:
    """Return the labels that the labeler cares for."""
    return [name for name in names if is_ours(name)]


@register.simple_tag
def ticket_status(key: str) -> str:
    """Say how far a ticket is, in Jira's word: " (Open)"; "" where it is not known."""
    status = Ticket.objects.filter(key=key, known=True).values_list("status", flat=True).first()
    return f" ({status})" if status else ""


@register.inclusion_tag("labeler/_ticket.html", takes_context=True)
def ticket(context: RequestContext, pull: PullRequest) -> dict[str, object]:
    """Show a pull request's ticket, and why the pull request has its labels."""
    state = LabelState.objects.filter(pull=pull).select_related("ticket").first()
    changes = list(pull.label_changes.all()[:5])
    kept = {name: context.get(name) for name in ("request", "perms", "csrf_token", "user")}
    drifted = state is not None and state.state == State.DRIFT
    told = {"pull": pull, "state": state, "ticket": state.ticket if state else None, "drifted": drifted}
    return kept | told | {"changes": changes}
