"""What is private stays so. Each rule returns its breaches as `path: what is wrong`."""

import ast
from pathlib import Path

from tests.architecture.tree import FLOORS, modules

DJANGO_KNOWS = {"_meta", "_base_manager"}  # written so, and meant for everybody


def private_imports(root: Path) -> list[str]:
    """What a module keeps to itself, nobody else takes; tests neither."""
    return [
        f"{module.where}: takes {name}"
        for module in modules(root, *FLOORS, "tests")
        for name in sorted(module.imports)
        if _is_private(name.rsplit(".", 1)[-1])
    ]


def prying_tests(root: Path) -> list[str]:
    """Tests say what a user notices: they touch no private name, neither written out nor by a patch."""
    return [
        f"{module.where}: line {node.lineno} touches {name}"
        for module in modules(root, "tests")
        for node in ast.walk(module.tree)
        for name in _touched(node)
        if _is_private(name)
    ]


def _touched(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
        return [node.attr]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("setattr", "delattr"):
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        return [text.rsplit(".", 1)[-1] for text in texts]
    return []


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DJANGO_KNOWS


def borrowing_tests(root: Path) -> list[str]:
    """What several test files use stands in a helper module, not in one of them."""
    return [
        f"{module.where}: imports {name}"
        for module in modules(root, "tests")
        for name in sorted(module.imports)
        if any(part.startswith("test_") for part in name.split(".")[1:-1])
    ]
