"""What GitHub says about a person who signs in."""

from django.conf import settings

from flinkci_dashboard.clients import web


def in_team(token: str, organization: str, team: str, login: str) -> bool:
    """Tell whether `login` is an active member of a team; `token` is the person's own, with the scope read:org.

    A team that the token can't see counts as "no". Raises requests.RequestException when GitHub does not answer.
    """
    address = f"{settings.GITHUB_API_URL}/orgs/{organization}/teams/{team}/memberships/{login}"
    with web.session() as session:
        answer = session.get(address, auth=web.SignedBy(token))
    if answer.status_code in (403, 404):
        return False
    answer.raise_for_status()
    return web.read_json(answer.content).get("state") == "active"
