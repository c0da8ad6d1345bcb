"""Which words may stand where. Each rule returns its breaches as `path: what is wrong`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import FLOORS, modules

AZURE = re.compile("azure", re.IGNORECASE)
# Who may say it, and why.
SAYS_AZURE = (
    *("flinkci_dashboard/clients/azure/", "flinkci_dashboard/clients/providers.py"),  # the service, and the table
    *("flinkci_dashboard/models/", "agents/models/", "flinkci_dashboard/sandbox/"),  # its name in rows; its sandbox
    "flinkci_dashboard/settings.py",  # its address
    *("flinkci_dashboard/accounts/contacts.py", "flinkci_dashboard/credentials/seed.py"),  # what Flink has there
    "agents/machines/names.py",  # what its workers are called
    "sync/infrastructure/places.py",  # what the wiki page names
    "sync/models/trust.py",  # files of Flink's that decide what its builds run
    *("flinkci_dashboard/clients/secrets.py", "flinkci_dashboard/clients/probes.py"),  # its token
    "flinkci_dashboard/clients/web.py",  # the name of its address
    *("sync/pulls/commands.py", "sync/pulls/report.py", "sync/pulls/reporting.py"),  # ci-bot's words
    "sync/pulls/waiting.py",  # ci-bot's command
    "agents/migration/",  # the two services that are compared
)


def azure_in_code(root: Path) -> list[str]:
    """The word is a string only where Azure is meant and nothing else could be."""
    found = []
    for module in modules(root, *FLOORS[:-1]):
        if not module.where.startswith(SAYS_AZURE):
            prose = _prose(module.tree)
            found += [
                f"{module.where}: line {node.lineno} says {node.value!r}"
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
                if AZURE.search(node.value) and id(node) not in prose
            ]
    return found


def _prose(tree: ast.Module) -> set[int]:
    """Return the strings that stand alone: docstrings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def azure_in_templates(root: Path) -> list[str]:
    """Templates name services by what the rows say, but where the two are compared."""
    said = [each for each in template_lines(root) if not each[0].startswith("templates/migration/")]
    return [f"{where}: line {number} says Azure" for where, number, line in said if AZURE.search(line)]


def template_lines(root: Path) -> Iterator[tuple[str, int, str]]:
    """Yield each line of each template: path, number, text."""
    for path in sorted((root / "templates").rglob("*.*")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield str(path.relative_to(root)), number, line
