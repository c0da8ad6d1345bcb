"""Who may import what. Each rule returns its breaches as `path: what is wrong`."""

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.tree import CLIENTS, FLOORS, GROUND, SANDBOX, Module, modules, within

# What acts on the world, or asks it: the clock and dice too.
IMPURE = {
    *("asyncio", "concurrent", "ctypes", "email", "fcntl", "ftplib", "http", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl"),
    *("subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
}
ASKS = {"now", "today", "utcnow", "open", "print", "input"}
SDKS = {"github", "azure", "msrest", "requests", "httpx", "http", "urllib.request"}
ASKS_AZURE = {"sync/exposure/job.py"}  # its questions are about Azure's own variable groups
STARTS_PROCESSES = {"flinkci_dashboard/launch.py", "flinkci_dashboard/demo.py"}


def impure(root: Path) -> list[str]:
    """A module that says PURE imports the standard library and PURE modules alone, and asks nobody for the time."""
    pure = {module.name for module in modules(root) if module.is_pure}
    found = []
    for module in modules(root):
        if module.is_pure:
            found += [f"{module.where}: imports {name}" for name in sorted(_foreign(module, pure))]
            found += [f"{module.where}: calls {name}()" for name in sorted(_calls(module.tree) & ASKS)]
    return found


def _foreign(module: Module, pure: set[str]) -> set[str]:
    """Return the imports of a module that a pure one must not have."""
    allowed = set(sys.stdlib_module_names) - IMPURE
    foreign = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            foreign |= {alias.name for alias in node.names if alias.name not in pure}
        elif isinstance(node, ast.ImportFrom) and module.base(node) not in pure:
            foreign |= {f"{module.base(node)}.{alias.name}" for alias in node.names} - pure
    return {name for name in foreign if name.split(".")[0] not in allowed}


def _calls(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls}


def not_pure(root: Path, wanted: Iterable[str]) -> list[str]:
    """Each of some modules is there, and says PURE."""
    pure = {module.where for module in modules(root) if module.is_pure}
    return [f"{where}: is not there, or does not say PURE" for where in wanted if where not in pure]


def upward(root: Path) -> list[str]:
    """A room imports from its own floor and below."""
    found = []
    for module in modules(root, *FLOORS):
        above = FLOORS[FLOORS.index(module.room) + 1 :]
        found += [f"{module.where}: imports {name}, from a floor above" for name in module.imports_any(*above)]
    return found


def unworldly(root: Path) -> list[str]:
    """Clients import the shared models, each other, and what is pure."""
    pure = {module.name for module in modules(root) if module.is_pure}
    found = []
    for module in modules(root, *FLOORS):
        if within(module.name, CLIENTS):
            ours = {name for name in _foreign(module, pure) if name.split(".")[0] in FLOORS}
            strange = {name for name in ours if not within(name, CLIENTS) and not within(name, f"{GROUND}.models")}
            found += [f"{module.where}: imports {name}" for name in sorted(strange)]
    return found


def outspoken(root: Path) -> list[str]:
    """Only clients speak to the outside; SDKs and processes stay there; the services behind `providers`, too."""
    found = []
    for module in modules(root):
        if within(module.name, CLIENTS) or within(module.name, SANDBOX):
            continue
        names = module.imports_any(*SDKS)
        if module.where not in ASKS_AZURE:
            names += module.imports_any(f"{CLIENTS}.azure", f"{CLIENTS}.actions")
        if module.where not in STARTS_PROCESSES:
            names += module.imports_any("subprocess")
        found += [f"{module.where}: imports {name}" for name in names]
    return found


def dreaming(root: Path) -> list[str]:
    """Nothing but itself knows the sandbox; the sandbox knows nothing but itself."""
    found = []
    for module in modules(root):
        if within(module.name, SANDBOX):
            names = [name for name in module.imports_any(*FLOORS) if not within(name, SANDBOX) and name != GROUND]
        else:
            names = module.imports_any(SANDBOX)
        found += [f"{module.where}: imports {name}" for name in names]
    return found


def busy_views(root: Path) -> list[str]:
    """A view imports no client and no job's engine: pages load when GitHub is down."""
    return [
        f"{module.where}: imports {name}"
        for module in modules(root)
        if "views" in module.stem
        for name in module.imports_any(*FLOORS)
        if within(name, CLIENTS) or "job" in name.split(".")
    ]


def missing(root: Path) -> list[str]:
    """What is imported late, inside a function, is there too."""
    there = {module.name for module in modules(root, *FLOORS, "tests")}
    return [
        f"{module.where}: imports {name}, which is nowhere"
        for module in modules(root, *FLOORS, "tests")
        for name in module.imports_any(*FLOORS[:-1], "tests")
        if name not in there and name.rsplit(".", 1)[0] not in there
    ]
