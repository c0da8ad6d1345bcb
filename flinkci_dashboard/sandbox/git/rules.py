"""What a repository refuses, as files in it that its `proc-receive` hook reads."""

from pathlib import Path

PROTECTED, UNDELETABLE, DECLINED = "protected-branches", "undeletable-branches", "declined-paths"


class Rules:
    """The rules of the repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def protect(self, branch: str) -> None:
        """Refuse every push to a branch; other refs of the same push are taken."""
        self._add(PROTECTED, branch)

    def forbid_deletion(self, branch: str) -> None:
        """Decline every push that deletes a branch, whatever else is in it (GH013)."""
        self._add(UNDELETABLE, branch)

    def decline(self, path: str, code: str = "GH013") -> None:
        """Decline every push with a commit that has a file: for a secret in it (GH013), or for its size (GH001)."""
        self._add(DECLINED, f"{code} {path}")

    def lift(self) -> None:
        """Take all pushes again."""
        for name in (PROTECTED, UNDELETABLE, DECLINED):
            (self.folder / name).unlink(missing_ok=True)

    def protected(self) -> set[str]:
        """Return the branches that refuse every push."""
        file = self.folder / PROTECTED
        return set(file.read_text().split()) if file.exists() else set()

    def _add(self, name: str, line: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(f"{line}\n")
