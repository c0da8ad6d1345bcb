"""How Azure DevOps answers: lists, refusals, and what every group of its addresses needs to say so."""

from typing import Any

from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.state import Build
from flinkci_dashboard.sandbox.calls import Answer

PROJECT = "/apache-flink/_apis"  # below the organization


def refuse(status: int, kind: str, message: str, **more: Any) -> Answer:
    """Answer with an error as Azure DevOps writes it."""
    body = {"$id": "1", "innerException": None, "message": message, "typeKey": kind, "errorCode": 0, "eventId": 3000}
    return Answer(status, body | more, {"Content-Type": "application/json; charset=utf-8"})


def listed(values: list[Any]) -> Answer:
    """Answer with a collection."""
    return Answer(200, {"count": len(values), "value": values})


def kept(azure: Azure, id: int) -> Build:
    """Return a build that was not deleted. Raises KeyError."""
    found = azure.builds[id]
    if not found.kept:
        raise KeyError(id)
    return found
