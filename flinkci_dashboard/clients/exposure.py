"""What the exposure check asks GitHub and Azure. It reads names and rights, never a value."""

from typing import Any

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.secrets import token
from flinkci_dashboard.exposure_rules import Pipeline, VariableGroup


def pipelines() -> list[Pipeline]:
    """Return every pipeline of the project. Raises NoAnswerError."""
    with web.answering("Azure DevOps") as session:
        rows = _azure(session, "build/definitions?includeAllProperties=true&api-version=7.1")["value"]
    return [_pipeline(row) for row in rows]


def variable_groups() -> list[VariableGroup]:
    """Return every variable group, and which pipelines may use it. Raises NoAnswerError."""
    with web.answering("Azure DevOps") as session:
        rows = _azure(session, "distributedtask/variablegroups?api-version=7.1")["value"]
        permissions = "pipelines/pipelinepermissions/variablegroup/{}?api-version=7.1-preview.1"
        return [_group(row, _azure(session, permissions.format(row["id"]))) for row in rows]


def pull_request_branches(repository: str) -> list[str]:
    """Return the branches of a repository that carry pull request code. Raises NoAnswerError."""
    with web.answering("GitHub") as session:
        rows = _github(session, f"repos/{repository}/git/matching-refs/heads/ci_")
    return [f"{repository} {row['ref'].removeprefix('refs/heads/')}" for row in rows]


def may_push(repository: str) -> bool:
    """Tell whether the bot's token may push to a repository. Raises NoAnswerError."""
    with web.answering("GitHub") as session:
        rights = _github(session, f"repos/{repository}").get("permissions", {})
    return any(rights.get(right) for right in ("push", "maintain", "admin"))


def _azure(session: requests.Session, path: str) -> Any:
    secret = token("azure")
    sign = web.azure_signature(secret) if secret else None
    address = f"{settings.AZURE_DEVOPS_URL}/{settings.AZURE_PROJECT}/_apis/{path}"
    return _json(session.get(address, auth=sign, allow_redirects=False))


def _github(session: requests.Session, path: str) -> Any:
    secret = token("github")
    sign = web.SignedBy(secret) if secret else None
    return _json(session.get(f"{settings.GITHUB_API_URL}/{path}", auth=sign))


def _json(answer: requests.Response) -> Any:
    answer.raise_for_status()
    if answer.status_code != 200:  # Azure sends a sign-in page with 203 or 302
        raise requests.HTTPError(f"{answer.status_code}, a sign-in page", response=answer)
    return answer.json()


def _pipeline(row: dict[str, Any]) -> Pipeline:
    variables = row.get("variables") or {}
    forks = [t.get("forks") or {} for t in row.get("triggers") or [] if t.get("triggerType") == "pullRequest"]
    repository = row.get("repository") or {}
    return Pipeline(
        id=row["id"],
        name=row["name"],
        repository=str(repository.get("name") or repository.get("id") or ""),
        variables=frozenset(variables),
        secret_variables=frozenset(name for name, facts in variables.items() if facts.get("isSecret")),
        groups=frozenset(group["name"] for group in row.get("variableGroups") or []),
        builds_forks=any(fork.get("enabled") for fork in forks),
        forks_see_secrets=any(fork.get("allowSecrets") for fork in forks),
    )


def _group(row: dict[str, Any], permissions: dict[str, Any]) -> VariableGroup:
    return VariableGroup(
        name=row["name"],
        # A group linked to a key vault lists its secrets without the flag.
        has_secrets=row.get("type") == "AzureKeyVault"
        or any(facts.get("isSecret") for facts in (row.get("variables") or {}).values()),
        for_all_pipelines=bool((permissions.get("allPipelines") or {}).get("authorized")),
        pipelines=frozenset(p["id"] for p in permissions.get("pipelines") or [] if p.get("authorized")),
    )
