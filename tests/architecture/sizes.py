"""How long, wide, full and tangled things may be. Each rule returns its breaches as `path: what is wrong`."""

import ast
from pathlib import Path

from radon.complexity import cc_visit

from tests.architecture.tree import FLOORS, modules
from tests.architecture.words import template_lines

MAX_LINES, MAX_FUNCTION, MAX_MODULES, MAX_COMPLEXITY, MAX_COLUMNS = 300, 40, 20, 12, 120


def long_modules(root: Path) -> list[str]:
    """No module is longer than a newcomer reads at once."""
    return [
        f"{module.where}: {module.text.count(chr(10))} lines"
        for module in modules(root, *FLOORS)
        if module.text.count("\n") > MAX_LINES
    ]


def long_functions(root: Path) -> list[str]:
    """No function is longer than a screen."""
    return [
        f"{module.where}: {node.name} has {length} lines"
        for module in modules(root, *FLOORS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    ]


def full_folders(root: Path) -> list[str]:
    """No folder holds more modules than one finds one's way in; commands aside."""
    folders: dict[str, int] = {}
    for module in modules(root, *FLOORS):
        folder = str(Path(module.where).parent)
        if module.stem != "__init__" and not folder.endswith("/commands"):
            folders[folder] = folders.get(folder, 0) + 1
    return [f"{folder}: {count} modules" for folder, count in folders.items() if count > MAX_MODULES]


def tangled_functions(root: Path) -> list[str]:
    """No function has more ways through it than one can hold in mind, as radon counts them."""
    return [
        f"{module.where}: {block.name} has a complexity of {block.complexity}"
        for module in modules(root, *FLOORS)
        for block in cc_visit(module.text)
        if block.letter in "FM" and block.complexity > MAX_COMPLEXITY
    ]


def wide_templates(root: Path) -> list[str]:
    """No line of a template is wider than 120 columns."""
    return [
        f"{where}: line {number} has {len(line)} columns"
        for where, number, line in template_lines(root)
        if len(line) > MAX_COLUMNS
    ]
