"""What the exposure check asks Azure. It reads names and rights, never a value."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings

from flinkci_dashboard.clients.azure.http import Transport
from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.facts import Pipeline, VariableGroup
from flinkci_dashboard.clients.secrets import token

Read = TypeVar("Read")


def pipelines() -> list[Pipeline]:
    """Return every pipeline of the project. Raises the errors of `clients.errors`."""
    rows = _azure("build/definitions", {"includeAllProperties": "true", "api-version": "7.1"})
    return _read(lambda: [_pipeline(row) for row in rows["value"]])


def variable_groups() -> list[VariableGroup]:
    """Return every variable group, and which pipelines may use it. Raises the errors of `clients.errors`."""
    rows = _azure("distributedtask/variablegroups", {"api-version": "7.1"})
    return _read(lambda: [_group(row, _permissions(row["id"])) for row in rows["value"]])


def _permissions(group: int) -> Any:
    return _azure(f"pipelines/pipelinepermissions/variablegroup/{group}", {"api-version": "7.1-preview.1"})


def _azure(path: str, query: dict[str, str]) -> Any:
    transport = Transport(settings.AZURE_DEVOPS_URL, token("azure"))
    return transport.get(f"{settings.AZURE_PROJECT}/_apis/{path}", query)


def _read(reader: Callable[[], Read]) -> Read:
    try:
        return reader()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnavailableError(f"Azure DevOps answers something unusable ({type(error).__name__}).") from error


def _pipeline(row: dict[str, Any]) -> Pipeline:
    variables = row.get("variables") or {}
    forks = _forks(row)
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


def _forks(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the triggers for pull requests say of forks."""
    return [each.get("forks") or {} for each in row.get("triggers") or [] if each.get("triggerType") == "pullRequest"]


def _group(row: dict[str, Any], permissions: dict[str, Any]) -> VariableGroup:
    variables = row.get("variables") or {}
    # A group linked to a key vault lists its secrets without the flag.
    vault = row.get("type") == "AzureKeyVault"
    secret = frozenset(name for name, facts in variables.items() if vault or (facts or {}).get("isSecret"))
    return VariableGroup(
        name=row["name"],
        has_secrets=vault or bool(secret),
        for_all_pipelines=bool((permissions.get("allPipelines") or {}).get("authorized")),
        pipelines=frozenset(p["id"] for p in permissions.get("pipelines") or [] if p.get("authorized")),
        variables=frozenset(variables),
        secret_variables=secret,
    )
