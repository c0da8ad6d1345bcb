"""Tags about tickets and labels."""

from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template import RequestContext
from django.urls import NoReverseMatch, reverse

from labeler.labels import is_ours
from labeler.models import LabelState
from sync.models import PullRequest

register = template.Library()


@register.simple_tag
def pull_url(number: int) -> str:
    """Return the address of a pull request's page here, or on GitHub where there is none."""
    try:
        return reverse("pull_request", args=[number])
    except NoReverseMatch:
        return f"{settings.GITHUB_GIT_URL}/apache/flink/pull/{number}"


@register.simple_tag
def pulls_url(label: str) -> str:
    """Return the address of the list of open pull requests with a label."""
    try:
        return f"{reverse('pull_requests')}?{urlencode({'label': label, 'state': 'open'})}"
    except NoReverseMatch:
        query = urlencode({"q": f'is:open label:"{label}"'})
        return f"{settings.GITHUB_GIT_URL}/apache/flink/pulls?{query}"


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
    return kept | {"pull": pull, "state": state, "ticket": state.ticket if state else None, "changes": changes}
