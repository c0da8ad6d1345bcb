"""The code as a tree of modules, and what each imports."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

GROUND = "flinkci_dashboard"
FLOORS = (GROUND, "agents", "sync", "labeler", "bench")  # from the ground up
CLIENTS = f"{GROUND}.clients"
SANDBOX = f"{GROUND}.sandbox"


@dataclass(frozen=True)
class Module:
    """One module: its path in the tree (`sync/pulls/plan.py`), and what stands in it."""

    where: str
    text: str

    @property
    def name(self) -> str:
        """Return its dotted name."""
        return self.where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """Return the floor that it stands on."""
        return self.where.split("/")[0]

    @property
    def stem(self) -> str:
        """Return the file's name."""
        return Path(self.where).stem

    @cached_property
    def tree(self) -> ast.Module:
        """Return it parsed."""
        return ast.parse(self.text)

    @property
    def is_pure(self) -> bool:
        """Tell whether it promises to decide and do nothing else."""
        return (ast.get_docstring(self.tree) or "").rstrip().endswith("PURE")

    @cached_property
    def imports(self) -> frozenset[str]:
        """Return the dotted names that it imports, wherever: of `from a import b` both a and a.b."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = self.base(node)
                names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        return frozenset(names)

    @property
    def enums(self) -> set[str]:
        """Return the names of its string enums."""
        classes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]
        return {each.name for each in classes if "StrEnum" in {getattr(base, "id", "") for base in each.bases}}

    def base(self, node: ast.ImportFrom) -> str:
        """Return the module that a `from … import` takes from."""
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.stem == "__init__" else self.name.split(".")[:-1]
        return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])

    def imports_any(self, *packages: str) -> list[str]:
        """Return what it imports of some packages."""
        return sorted(name for name in self.imports if any(within(name, each) for each in packages))


def within(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or in it."""
    return name == package or name.startswith(f"{package}.")


@cache
def modules(root: Path, *folders: str) -> tuple[Module, ...]:
    """Return the modules of some folders, those of the apps if none is named; migrations are the past."""
    found = [path for folder in folders or FLOORS[:-1] for path in sorted((root / folder).rglob("*.py"))]
    return tuple(
        Module(str(path.relative_to(root)), path.read_text()) for path in found if "migrations" not in path.parts
    )
