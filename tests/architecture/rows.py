"""Who may write the rows of a model. A rule returns its breaches as `path: what is wrong`."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture.tree import Module, modules, within

WRITES = {"create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "update", "delete", "save"}


def stray_writes(root: Path, home: str, models: Iterable[str]) -> list[str]:
    """Rows of some models (`agents.models.Build`) are written in one place alone."""
    found = []
    for module in modules(root):
        names = {local: model.rsplit(".", 1)[1] for model in models for local in _locals(module, model)}
        if names and not module.where.startswith(home):
            lines = {node.lineno: what for scope in _scopes(module.tree) for node, what in _written(scope, names)}
            found += [f"{module.where}: line {line} writes a row of {what}" for line, what in sorted(lines.items())]
    return found


def _locals(module: Module, model: str) -> list[str]:
    """Return what a module calls a model that it imports from its package, or from the module that defines it."""
    package, name = model.rsplit(".", 1)
    imported = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)]
    return [
        alias.asname or alias.name
        for node in imported
        if within(module.base(node), package)
        for alias in node.names
        if alias.name == name
    ]


def _scopes(tree: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _written(scope: ast.AST, models: dict[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Yield what makes or changes a row in a function: of a model, or of a local that came from one."""
    locals_ = dict(models)
    for _ in range(2):  # a local may come from a local
        for target, source in _bindings(scope):
            origin = next((locals_[each] for each in _roots(source) if each in locals_), None)
            if origin and target not in locals_:
                locals_[target] = origin
    for node in ast.walk(scope):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Changes":
            yield from ((node, models[each]) for each in _roots(node.slice) if each in models)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in models:
                yield node, models[node.func.id]
            elif isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                origin = next((locals_[each] for each in _roots(node.func.value) if each in locals_), None)
                if origin:
                    yield node, origin


def _bindings(scope: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that a function binds, and what to: by assignment, loop, or annotation."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((each.id, node.value) for each in ast.walk(target) if isinstance(each, ast.Name))
        elif isinstance(node, ast.For | ast.comprehension):
            yield from ((each.id, node.iter) for each in ast.walk(node.target) if isinstance(each, ast.Name))
        elif isinstance(node, ast.NamedExpr):
            yield node.target.id, node.value
        elif isinstance(node, ast.arg) and node.annotation:
            yield node.arg, node.annotation


def _roots(node: ast.AST) -> list[str]:
    """Return the names that an expression begins with: of `Build.objects.filter(…)[0]` it is Build."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.BoolOp):
        return [name for value in node.values for name in _roots(value)]
    if isinstance(node, ast.IfExp):
        return _roots(node.body) + _roots(node.orelse)
    return []
