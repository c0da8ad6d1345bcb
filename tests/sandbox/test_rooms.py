"""The sandbox's modules stand on each other in one direction."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import flinkci_dashboard.sandbox

HERE = Path(flinkci_dashboard.sandbox.__file__).parent
NAME = "flinkci_dashboard.sandbox"


def module_of(path):
    parts = path.relative_to(HERE).with_suffix("").parts
    return ".".join((NAME, *parts)).removesuffix(".__init__")


def imported(path):
    """Return every dotted name that a module may import, those for type checks and within functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def graph(sources):
    """Return module → the modules of the sandbox that it imports."""
    known = {module_of(path): path for path in sources}
    return {name: (imported(path) & known.keys()) - {name} for name, path in known.items()}


def test_no_module_imports_itself_by_way_of_others():
    TopologicalSorter(graph(HERE.rglob("*.py"))).prepare()


def test_a_circle_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.HERE", tmp_path)
    (tmp_path / "one.py").write_text(f"from {NAME} import two\n")
    (tmp_path / "two.py").write_text(f"def late():\n    from {NAME}.one import thing\n")
    with pytest.raises(CycleError):
        TopologicalSorter(graph(tmp_path.rglob("*.py"))).prepare()
