"""Real git repositories on disk, changed by plumbing so that a test can afford its own."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flinkci_dashboard.sandbox.git.rules import Rules

SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowReachableSHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.hideRefs": "refs/internal",
    "receive.hideRefs": "refs/pull",
    "receive.procReceiveRefs": "refs/heads",
    "gc.auto": "0",
    "core.fsync": "none",
}
STEP = 9 * 3600  # seconds between two commits, until the history has reached the present
AUTHOR = "Ada Example <ada@example.org>"


class Repositories:
    """Every repository of the world, by its full name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.renamed: dict[str, str] = {}  # former name → present name
        self._ids: list[str] = []  # a repository's id is its place here, from 1 on
        self._written = 0
        self._second = int(time.time()) - 40 * 86_400

    def path(self, repo: str) -> Path:
        """Return the folder of a repository."""
        return self.root / f"{repo}.git"

    def known(self, repo: str) -> str:
        """Return the name of a repository that exists. Raises KeyError."""
        if not self.path(repo).is_dir():
            raise KeyError(repo)
        return repo

    def names(self) -> set[str]:
        """Return the names of all repositories, as they are now."""
        return set(self._ids)

    def rules(self, repo: str) -> Rules:
        """Return what a repository refuses."""
        return Rules(self.path(repo))

    def id_of(self, repo: str) -> int:
        """Return a repository's lasting id, by its present name or by a former one."""
        return self._ids.index(self.renamed.get(repo, repo)) + 1

    def by_id(self, id: int) -> str:
        """Return a repository's present name. Raises KeyError."""
        if not 0 < id <= len(self._ids):
            raise KeyError(id)
        return self._ids[id - 1]

    def rename(self, repo: str, name: str) -> None:
        """Give a repository another name; its former one leads there."""
        with self.lock:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(repo).rename(self.path(name))
            self._ids[self.id_of(repo) - 1] = name
            self.renamed = {old: name if now == repo else now for old, now in self.renamed.items()} | {repo: name}

    def create(self, repo: str) -> None:
        """Make an empty repository; the first one costs three processes, the others a copy."""
        template = self.root / ".template.git"
        if not template.exists():
            self._make_template(template)
        shutil.copytree(template, self.path(repo), symlinks=True)
        self._ids.append(repo)

    def _make_template(self, folder: Path) -> None:
        subprocess.run(["git", "init", "-q", "--bare", "--template=", "-b", "master", str(folder)], check=True)
        lines = []
        for name, value in SETTINGS.items():
            section, _, key = name.partition(".")
            lines.append(f"[{section}]\n\t{key} = {value}\n")
        with (folder / "config").open("a") as config:
            config.writelines(lines)
        hooks = folder / "hooks"
        hooks.mkdir(exist_ok=True)
        hook = hooks / "proc-receive"
        hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -SE "{Path(__file__).parent / "proc_receive.py"}"\n')
        hook.chmod(0o755)

    def git(self, repo: str, *arguments: str, feed: bytes = b"") -> str:
        """Run git in a repository and return what it prints. Raises CalledProcessError."""
        command = ["git", "--git-dir", str(self.path(repo)), *arguments]
        return (
            subprocess.run(command, input=feed, check=True, capture_output=True).stdout.decode(errors="replace").strip()
        )

    def commit_facts(self, repo: str, ref: str) -> dict[str, str] | None:
        """Return a commit's facts by SHA or branch; None when there is no such commit."""
        return next(iter(self.history(repo, ref, 1)), None)

    def history(self, repo: str, ref: str, most: int = 300) -> list[dict[str, str]]:
        """Return the facts of a commit and of those before it, the newest first."""
        fields = ("sha", "tree", "parents", "author", "email", "date", "message")
        try:
            found = self.git(repo, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except subprocess.CalledProcessError:
            return []
        form = "--format=%x01%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%B"
        text = self.git(repo, "log", f"--max-count={most}", form, found, "--")
        return [dict(zip(fields, each.strip("\n").split("\0"), strict=True)) for each in text.split("\x01")[1:]]

    def heads(self, repo: str) -> dict[str, str]:
        """Return branch → SHA."""
        return self.refs(repo, "refs/heads/")

    def refs(self, repo: str, prefix: str) -> dict[str, str]:
        """Return the refs below a prefix, without it → SHA."""
        lines = self.git(repo, "for-each-ref", "--format=%(objectname) %(refname)", prefix.rstrip("/")).splitlines()
        return {line[41:].removeprefix(prefix): line[:40] for line in lines}

    def commit(
        self,
        repo: str,
        ref: str,
        message: str,
        author: str = AUTHOR,
        files: Mapping[str, str] | None = None,
        parent: str | None = None,
        count: int = 1,
        merge: str = "",
    ) -> str:
        """Put `count` commits on a ref (made if needed, from `parent`) and return the new head's SHA.

        A ref named by `merge` gets a commit that merges the new head into `parent`, as refs/pull/N/merge has it.
        """
        with self.lock:
            start = parent or self.refs(repo, ref).get("", "")
            stream = bytearray()
            for number in range(count):
                stream += self._commit(ref, message, author, files, start if number == 0 else "")
            if merge:
                stream += self._merge(merge, start, ref)
            stream += b"get-mark :1\n"
            return self.git(repo, "fast-import", "--quiet", "--force", feed=bytes(stream))

    def _commit(
        self,
        ref: str,
        message: str,
        author: str,
        files: Mapping[str, str] | None,
        parent: str,
        mark: str = ":1",
        at: datetime | None = None,
    ) -> bytes:
        self._written += 1
        self._second = int(at.timestamp()) if at else min(int(time.time()), self._second + STEP)
        changed = files or {f"flink-core/src/Change{self._written % 50}.java": f"// {self._written}\n"}
        text, who = message.encode(errors="surrogatepass"), f"{author} {self._second} +0000"
        lines = [f"commit {ref}\nmark {mark}\nauthor {who}\ncommitter {who}\n".encode()]
        lines.append(b"data %d\n%s\n" % (len(text), text))
        if parent:
            lines.append(f"from {parent}\n".encode())
        for path, content in changed.items():
            lines.append(
                b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content.encode()), content.encode())
            )
        return b"".join(lines)

    @contextmanager
    def batch(self, repo: str) -> "Iterator[Batch]":
        """Collect commits and refs, and write them at once at the end."""
        with self.lock:
            batch = Batch(self, self.refs(repo, "refs/"))
            yield batch
            marks = self.path(repo) / "marks"
            self.git(repo, "fast-import", "--quiet", "--force", f"--export-marks={marks}", feed=bytes(batch.stream))
            batch.shas |= dict(line.split() for line in marks.read_text().splitlines())

    def _merge(self, ref: str, parent: str, head: str) -> bytes:
        """Return a merge of `head` into `parent` with the head's files, as fast-import reads it."""
        who = f"GitHub <noreply@example.org> {self._second} +0000"
        return f"commit {ref}\ncommitter {who}\ndata 5\nMerge\nfrom {parent}\nmerge {head}\n\n".encode()

    def many_commits(self, repo: str, numbers: list[int], parent: str) -> dict[int, str]:
        """Give each pull request number a commit of its own on `parent`, as refs/pull/N/head; returns number → SHA."""
        stream = bytearray()
        for number in numbers:
            stream += self._commit(f"refs/pull/{number}/head", f"Change number {number}", AUTHOR, None, parent)
        self.git(repo, "fast-import", "--quiet", "--force", feed=bytes(stream))
        refs = self.refs(repo, "refs/pull/")
        return {number: refs[f"{number}/head"] for number in numbers}

    def set_refs(self, repo: str, refs: Mapping[str, str]) -> None:
        """Create or move many refs at once."""
        with self.lock:
            lines = "".join(f"update {ref} {sha}\n" for ref, sha in refs.items())
            self.git(repo, "update-ref", "--stdin", feed=lines.encode())

    def set_ref(self, repo: str, ref: str, sha: str) -> None:
        """Create or move a ref, whatever it was."""
        with self.lock:
            self.git(repo, "update-ref", ref, sha)

    def delete_ref(self, repo: str, ref: str) -> None:
        """Delete a ref."""
        with self.lock:
            self.git(repo, "update-ref", "-d", ref)

    def copy_objects(self, source: str, target: str) -> None:
        """Give a repository every object of another, as if it had been pushed."""
        shutil.copytree(self.path(source) / "objects", self.path(target) / "objects", dirs_exist_ok=True)


class Batch:
    """Commits and refs of one repository that are written at once. `shas` tells them by their marks, afterwards."""

    def __init__(self, repositories: Repositories, refs: Mapping[str, str]) -> None:
        self.stream = bytearray()
        self.shas: dict[str, str] = {}
        self._repositories = repositories
        self._old = {f"refs/{name}" for name in refs}
        self._count = 0

    def commit(
        self,
        ref: str,
        message: str,
        author: str = AUTHOR,
        files: Mapping[str, str] | None = None,
        parent: str = "",
        at: datetime | None = None,
    ) -> str:
        """Put a commit on a ref, or on `parent` (a ref, mark or SHA) in its place; returns its mark."""
        self._count += 1
        mark = f":{self._count}"
        start = parent or (f"{ref}^0" if ref in self._old else "")
        self._old.discard(ref)
        self.stream += self._repositories._commit(ref, message, author, files, start, mark, at)
        return mark

    def merge(self, ref: str, parent: str, head: str) -> None:
        """Let a ref be a merge of `head` into `parent`."""
        self._old.discard(ref)
        self.stream += self._repositories._merge(ref, parent, head)

    def set(self, ref: str, target: str) -> None:
        """Let a ref point to another one, to a mark or to a SHA."""
        self._old.discard(ref)
        self.stream += f"reset {ref}\nfrom {target}\n\n".encode()
