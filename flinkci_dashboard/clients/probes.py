"""Does a token work, as whom, with which scopes, and until when? One small question to each service."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.facts import TokenVerdict
from flinkci_dashboard.clients.secrets import UnreadableSecretError, usable

# What a personal access token of Azure DevOps may do is not told; reading one thing of each kind tells.
AZURE_READS = {
    "vso.build": "{project}/_apis/build/builds?$top=1&api-version=7.1",
    "vso.agentpools": "_apis/distributedtask/pools?api-version=7.1",
    "vso.variablegroups_read": "{project}/_apis/distributedtask/variablegroups?$top=1&api-version=7.1",
}


def probe(service: str, secret: str, wanted: str = "") -> TokenVerdict:
    """Ask "github", "azure" or "jira" about a token; `wanted` holds scopes to look for. Silence is a verdict too."""
    try:
        with web.session() as session:
            return PROBES[service](session, usable(service, secret), set(wanted.replace(",", " ").split()))
    except UnreadableSecretError as error:
        return TokenVerdict(works=False, problem=str(error))
    except (requests.RequestException, ValueError) as error:  # no answer, or one that is no JSON
        return TokenVerdict(works=None, problem=f"no answer ({type(error).__name__})")


def _github(session: requests.Session, secret: str, wanted: set[str]) -> TokenVerdict:
    answer = session.get(f"{settings.GITHUB_API_URL}/user", auth=web.SignedBy(secret), allow_redirects=False)
    if answer.status_code != 200:
        return _refusal(answer)
    scopes = answer.headers.get("X-OAuth-Scopes")  # fine-grained tokens have none
    return TokenVerdict(
        works=True,
        account=str(web.read_json(answer.content).get("login", "")),
        scopes=None if scopes is None else frozenset(filter(None, re.split(r"[,\s]+", scopes))),
        expires_at=parse_expiry(answer.headers.get("github-authentication-token-expiration", "")),
        quota_left=_number(answer.headers.get("X-RateLimit-Remaining")),
        quota_limit=_number(answer.headers.get("X-RateLimit-Limit")),
    )


def _azure(session: requests.Session, secret: str, wanted: set[str]) -> TokenVerdict:
    sign = web.azure_signature(secret)
    answer = session.get(
        f"{settings.AZURE_DEVOPS_URL}/_apis/connectionData?api-version=7.1-preview", auth=sign, allow_redirects=False
    )
    if answer.status_code != 200:
        return _refusal(answer)
    user = web.read_json(answer.content).get("authenticatedUser", {})
    missing = set()
    for scope in wanted & AZURE_READS.keys():
        path = AZURE_READS[scope].format(project=settings.AZURE_PROJECT)
        read = session.get(f"{settings.AZURE_DEVOPS_URL}/{path}", auth=sign, allow_redirects=False)
        if read.status_code in (401, 403):
            missing.add(scope)
    return TokenVerdict(
        works=True,
        account=str(user.get("providerDisplayName") or user.get("customDisplayName") or ""),
        missing=frozenset(missing),
        quota_left=_number(answer.headers.get("X-RateLimit-Remaining")),
        quota_limit=_number(answer.headers.get("X-RateLimit-Limit")),
    )


def _jira(session: requests.Session, secret: str, wanted: set[str]) -> TokenVerdict:
    answer = session.get(f"{settings.JIRA_URL}/rest/api/2/myself", auth=web.SignedBy(secret), allow_redirects=False)
    # Jira may answer 200 to a login that failed, and say so in this header only.
    if answer.headers.get("X-Seraph-LoginReason") == "AUTHENTICATED_FAILED":
        return TokenVerdict(works=False, problem="Jira refused the login.")
    if answer.status_code != 200:
        return _refusal(answer)
    return TokenVerdict(
        works=True,
        account=str(web.read_json(answer.content).get("name", "")),
        quota_left=_number(answer.headers.get("X-RateLimit-Remaining")),
        quota_limit=_number(answer.headers.get("X-RateLimit-Limit")),
    )


PROBES: dict[str, Callable[[requests.Session, str, set[str]], TokenVerdict]] = {
    "github": _github,
    "azure": _azure,
    "jira": _jira,
}


def parse_expiry(text: str) -> datetime | None:
    """Read GitHub's expiry header: `2026-12-01 10:00:00 UTC`, or with a numeric offset; None for anything else."""
    try:
        return datetime.strptime(text.strip().replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


def _refusal(answer: requests.Response) -> TokenVerdict:
    """Tell a refused token (401; Azure also sends a sign-in page, 203 or 302) from a service that is out of order."""
    if answer.status_code in (401, 203, 302):
        return TokenVerdict(works=False, problem=f"refused ({answer.status_code}): expired, revoked or mistyped")
    if answer.status_code == 403 and answer.headers.get("X-RateLimit-Remaining") != "0":
        return TokenVerdict(works=False, problem="refused (403): the account is blocked, or the token may not do this")
    return TokenVerdict(works=None, problem=f"no usable answer ({answer.status_code})")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
