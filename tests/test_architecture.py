"""The rules of the house, proven: who may import what, and where decisions and deeds live."""

import ast
import sys
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from flinkci_dashboard.jobs.table import JOBS

ROOT = Path(__file__).parent.parent
APPS = ("flinkci_dashboard", "sync", "labeler", "agents")
PURE = {
    "flinkci_dashboard": {"credential_rules", "durations", "exposure_rules"},
    "sync": {"values", "mirror", "pull_values", "pull_requests", "commands", "report", "waiting"},
    "labeler": {"labels"},
    "agents": {"hosts", "failures", "statistics", "charts", "grid"},
}
SDKS = {"github", "azure", "msrest", "requests", "urllib", "httpx", "http"}
STARTS_PROCESSES = {"flinkci_dashboard/launch.py", "flinkci_dashboard/demo.py"}


def modules() -> list[Path]:
    """Return every module of the apps, without the sandbox (a world of its own) and migrations."""
    found = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    return [path for path in found if not {"sandbox", "migrations"} & set(path.parts)]


def imports(path: Path) -> set[str]:
    """Return the dotted names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def pure_modules() -> list[Path]:
    """Return the modules that decide and do nothing else."""
    return [ROOT / app / f"{name}.py" for app, names in PURE.items() for name in sorted(names)]


@pytest.mark.parametrize("path", [p for p in pure_modules() if p.exists()], ids=str)
def test_pure_modules_import_only_the_standard_library_and_each_other(path):
    allowed = set(sys.stdlib_module_names) - {"subprocess", "socket", "urllib", "http", "os", "time"}
    pure = {f"{p.parent.name}.{p.stem}" for p in pure_modules()}
    for name in imports(path):
        assert name.split(".")[0] in allowed or any(
            name == p or name.startswith(f"{p}.") for p in pure | PURE.keys()
        ), name


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_clients_speak_to_the_outside(path):
    where = str(path.relative_to(ROOT))
    if where.startswith("flinkci_dashboard/clients/"):
        return
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & SDKS - {"urllib"}, "SDKs and HTTP stay in clients/"
    assert "urllib.request" not in imports(path)
    assert "subprocess" not in roots or where in STARTS_PROCESSES, "processes are started in clients/ and the launcher"


@pytest.mark.parametrize("path", [p for p in modules() if p.stem.startswith("views")], ids=str)
def test_views_import_no_client_and_no_engine(path):
    assert not [name for name in imports(path) if ".clients" in name or "engine" in name]


@pytest.mark.parametrize("name", JOBS)
def test_every_job_resolves_and_has_a_command(name):
    import_string(JOBS[name].function)
    assert [path for path in modules() if path.stem == name and path.parent.name == "commands"]
