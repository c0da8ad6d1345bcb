"""What the exposure check asks Azure. It reads names and rights, never a value."""

from typing import Any

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.facts import Pipeline, VariableGroup
from flinkci_dashboard.clients.secrets import token


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


def _azure(session: requests.Session, path: str) -> Any:
    secret = token("azure")
    sign = web.azure_signature(secret) if secret else None
    address = f"{settings.AZURE_DEVOPS_URL}/{settings.AZURE_PROJECT}/_apis/{path}"
    return web.plain_json(session.get(address, auth=sign, allow_redirects=False))


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
