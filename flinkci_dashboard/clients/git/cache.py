"""One cached repository on our disk to carry branches through."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from flinkci_dashboard.clients.errors import RefusedError, ServiceError, UnavailableError
from flinkci_dashboard.clients.git.commits import LAYOUT, WITH_PATHS, CommitFacts, FileChange, read_changes, read_log
from flinkci_dashboard.clients.git.errors import CacheCorrupt, DiskFull, MissingRefError, classify, words_of
from flinkci_dashboard.clients.git.folder import LOCAL, owned
from flinkci_dashboard.clients.git.process import Command, Ended, Limits, Progress, authentication
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus, parse_push

OnProgress = Callable[[Progress], None]

TRANSFER = Limits(total=25 * 60, idle=5 * 60)  # a fetch and a push together stay under the task's time-out
MAX_PACKS = 40
PART = 1000  # refs in the arguments of one command: they have to fit, and a server declines a push as a whole
HEADS = "refs/heads/"
PULLS = "refs/pulls/"  # where the heads of pull requests are kept, by number
BASES = "refs/bases/"  # and the branches that they are against
MISSING_REF = re.compile(r"couldn't find remote ref (\S+)")


class Cache:
    """One bare repository on our disk that holds what was fetched, so that only what is new travels.

    Only one pass may use it at a time (the job's lock sees to it); it can be thrown away at any time.
    """

    def __init__(self, folder: Path, owner: int, healed: Sequence[str] = ()) -> None:
        self.folder = folder
        self.owner = owner  # an open, locked file that every git command of ours inherits
        self.healed = tuple(healed)  # what an earlier, interrupted pass had left and was cleared away
        self._here: set[str] = set()  # commits that were found in it

    def fetch(self, url: str, wanted: Mapping[str, str], on_progress: OnProgress | None = None) -> None:
        """Fetch commits {branch: SHA} from `url`, without credentials, and keep them. Raises ServiceError.

        By SHA: what was planned is what comes, and the server need not list its refs again.
        """
        specs = [f"+{sha}:refs/source/{quote(branch, safe='')}" for branch, sha in wanted.items()]
        self._fetch(url, specs, on_progress)
        self._here |= set(wanted.values())

    def fetch_pulls(
        self,
        url: str,
        numbers: Iterable[int],
        bases: Iterable[str] = ("master",),
        on_progress: OnProgress | None = None,
    ) -> dict[int, str]:
        """Fetch the heads of pull requests, and their bases, in one go; returns {number: SHA} as they are now.

        A number without a ref is left out: one missing ref fails a whole fetch, so it is asked again without it, when
        the list of refs says the same or a second fetch does. Raises ServiceError.
        """
        doubted: set[str] = set()
        wanted = {f"refs/pull/{number}/head": f"{PULLS}{number}" for number in sorted(set(numbers))}
        wanted |= {f"refs/heads/{base}": f"{BASES}{base}" for base in bases}
        while wanted:
            try:
                self._fetch(url, [f"+{ref}:{kept}" for ref, kept in wanted.items()], on_progress)
                break
            except MissingRefError as missing:
                there = self._listed(url, wanted) - doubted.intersection({missing.ref})
                doubted.add(missing.ref)
                wanted = {ref: kept for ref, kept in wanted.items() if ref in there}
        heads = self.pull_refs() if wanted else {}
        came = {kept.removeprefix(PULLS) for kept in wanted.values()}
        return {number: sha for number, sha in heads.items() if str(number) in came}

    def fetch_heads(self, url: str, heads: Mapping[int, str]) -> dict[int, str]:
        """Fetch commits {number: SHA} by name, one by one; returns {number: why} of those that did not come."""
        ended = {number: self._try_fetch(url, [f"+{sha}:{PULLS}{number}"]) for number, sha in heads.items()}
        return {number: words_of(each.stderr) for number, each in ended.items() if each.status}

    def pull_refs(self) -> dict[int, str]:
        """Return {number: SHA} of the pull requests that were fetched."""
        lines = self._local(["for-each-ref", "--format=%(objectname) %(refname)", PULLS]).splitlines()
        pairs = (line.replace(PULLS, "").split() for line in lines)
        return {int(number): sha for sha, number in pairs if number.isdigit()}

    def forget_pulls(self, numbers: Iterable[int]) -> None:
        """Drop the refs of pull requests that are of no more use."""
        given = "".join(f"delete {PULLS}{int(number)}\n" for number in numbers)
        if given:
            self._local(["update-ref", "--stdin"], given)

    def push(
        self,
        url: str,
        wanted: Mapping[str, str],
        on_progress: OnProgress | None = None,
        *,
        leases: Mapping[str, str] | None = None,
    ) -> list[PushResult]:
        """Push commits {branch: SHA} to `url` with the GitHub token, never by force; returns an answer for each.

        An empty SHA deletes the branch; give a lease with it, so that only what was seen is deleted.
        A branch in `leases` {branch: SHA} is moved to its commit whatever it holds, as long as it still stands at
        that SHA. Raises ServiceError when the push as a whole came to nothing.
        """
        results: list[PushResult] = []
        names = list(wanted)
        for start in range(0, len(names), PART):
            part = {name: wanted[name] for name in names[start : start + PART]}
            try:
                results += self._push(url, part, on_progress, leases or {})
            except RefusedError as error:
                if len(names) <= PART:
                    raise
                results += [PushResult(f"{HEADS}{name}", PushStatus.REJECTED, str(error)) for name in part]
        return results

    def _push(
        self, url: str, wanted: Mapping[str, str], on_progress: OnProgress | None, leases: Mapping[str, str]
    ) -> list[PushResult]:
        refspecs = [f"{sha}:{HEADS}{branch}" for branch, sha in wanted.items()]
        force = [f"--force-with-lease={HEADS}{name}:{leases[name]}" for name in wanted if name in leases]
        command = ["push", "--porcelain", "--progress", "--no-verify", *force, url, *refspecs]
        config = authentication(url)
        ended = self._run(command, url, TRANSFER, config=config, on_progress=on_progress)
        results = parse_push(ended.stdout, ended.stderr)
        if {result.ref for result in results} >= {f"{HEADS}{branch}" for branch in wanted}:
            return results
        raise self._blame(ended, url, authenticated=bool(config))

    def contains(self, shas: Iterable[str]) -> set[str]:
        """Return those of `shas` that are commits in the cache."""
        wanted = set(shas)
        given = "".join(f"{sha}\n" for sha in wanted - self._here)
        lines = self._local(["cat-file", "--batch-check"], given).splitlines() if given else []
        self._here |= {words[0] for line in lines if (words := line.split()) and words[1:2] == ["commit"]}
        return wanted & self._here

    def ahead_behind(self, ours: str, theirs: str) -> tuple[int, int]:
        """Return how many commits only `ours` has, and how many only `theirs` has; both must be in the cache."""
        ahead, behind = self._local(["rev-list", "--left-right", "--count", f"{ours}...{theirs}", "--"]).split()
        return int(ahead), int(behind)

    def count_commits(self, old: str | None, new: str) -> int:
        """Return how many commits `new` has that `old` (None: nothing) has not; CacheCorrupt when one is missing."""
        return int(self._local(["rev-list", "--count", f"{old}..{new}" if old else new, "--"]))

    def commit_facts(self, shas: Iterable[str]) -> dict[str, CommitFacts]:
        """Return {SHA: facts} for commits that are in the cache."""
        given = "".join(f"{sha}\n" for sha in shas)
        if not given:
            return {}
        log = ["log", "--no-walk=unsorted", "--stdin", "--no-show-signature", LAYOUT]
        return {each.sha: each for each in read_log(self._local(log, given))}

    def history(self, sha: str, most: int, after: str = "") -> list[CommitFacts]:
        """Return a commit that is in the cache and those before it, the newest first.

        With `after`, another one that is in the cache, those that it has are left out, unless it has them all: to put
        everything in order the whole history is read.
        """
        log = ["log", f"--max-count={most}", "--topo-order", "--no-show-signature", LAYOUT, "--end-of-options", sha]
        newer = read_log(self._local([*log, f"^{after}", "--"])) if after else []
        return newer or read_log(self._local([*log, "--"]))

    def change_of(self, sha: str, base: str) -> tuple[str, datetime, list[str]] | None:
        """Return where a commit left a branch that was fetched (SHA, time), and the paths that it changes since.

        None where the two have no commit in common, or one of them is not in the cache.
        """
        fork = self._asked(["merge-base", f"{BASES}{base}", sha])
        facts = self.commit_facts([fork.strip()]) if fork else {}
        at = facts[fork.strip()].committed_at if fork and fork.strip() in facts else None
        if not fork or at is None:
            return None
        paths = self._asked(["diff", "--name-only", "--no-renames", "-z", fork.strip(), sha, "--"])
        return fork.strip(), at, [path for path in (paths or "").split("\0") if path]

    def paths_at(self, sha: str) -> list[str]:
        """Return the paths of all files of a commit that is in the cache."""
        return [path for path in self._local(["ls-tree", "-r", "--name-only", "-z", sha]).split("\0") if path]

    def changes_of(self, paths: Iterable[str], sha: str, *, since: datetime, after: str = "") -> list[FileChange]:
        """Return the commits of `sha` that changed some files, the newest first; `after`: that this one has not.

        `since` is how far back it looks, by the time of the commits.
        """
        wanted = sorted(paths)
        if not wanted:
            return []
        span = [sha] + ([f"^{after}"] if after and self.contains([after]) else [])
        flags = ["--name-only", "--no-renames", "-z", "--no-show-signature", f"--since={since.isoformat()}", WITH_PATHS]
        log = ["log", *flags, *span, "--", *(f":(literal){path}" for path in wanted)]
        return list(read_changes(self._local(log)))

    def _asked(self, arguments: Sequence[str]) -> str | None:
        """Run a command that may find nothing; None where it did not end well."""
        ended = self._run(arguments, self.folder.name, LOCAL)
        return None if ended.status else ended.stdout

    def tidy(self) -> bool:
        """Join packs when many fetches have left many; tells whether it did. Raises ServiceError."""
        if len(list(self.folder.glob("objects/pack/pack-*.pack"))) <= MAX_PACKS:
            return False
        self._local(["repack", "--geometric=2", "-d", "-q"])
        return True

    def _fetch(self, url: str, refspecs: Sequence[str], on_progress: OnProgress | None) -> None:
        """Fetch without credentials. Raises MissingRefError for a ref that is not there, else ServiceError."""
        ended = self._try_fetch(url, refspecs, on_progress)
        if ended.status:
            missing = MISSING_REF.search(ended.stderr)
            raise MissingRefError(missing[1]) if missing else self._blame(ended, url)

    def _try_fetch(self, url: str, refspecs: Sequence[str], on_progress: OnProgress | None = None) -> Ended:
        """Fetch any number of refspecs: they go over standard input, where there is room for them."""
        flags = ["--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--no-recurse-submodules"]
        given = "".join(f"{spec}\n" for spec in refspecs)
        command = ["fetch", *flags, "--progress", "--stdin", url]
        return self._run(command, url, TRANSFER, given=given, on_progress=on_progress)

    def _listed(self, url: str, refs: Iterable[str]) -> set[str]:
        """Return those of some refs that the repository has, and its branches: git names only one that is missing.

        Raises UnavailableError where there is none at all: git takes an answer without a byte for that.
        """
        found: set[str] = set()
        names = list(refs)
        for start in range(0, len(names), PART):
            ended = self._run(["ls-remote", url, f"{HEADS}*", *names[start : start + PART]], url, TRANSFER)
            if ended.status:
                raise self._blame(ended, url)
            found |= {line.split("\t", 1)[1] for line in ended.stdout.splitlines() if "\t" in line}
        if not found:
            raise UnavailableError(f"{url} names no branches; every pass looks again.")
        return found

    def _local(self, arguments: Sequence[str], given: str = "") -> str:
        """Run a command that needs nothing but the cache: when it fails, the cache is at fault."""
        ended = self._run(arguments, self.folder.name, LOCAL, given=given)
        if ended.status:
            blame = classify(ended.stderr, self.folder.name, authenticated=False, folder=self.folder)
            raise blame if isinstance(blame, DiskFull) else self._corrupt(ended)
        return ended.stdout

    def _run(
        self,
        arguments: Sequence[str],
        repository: str,
        limits: Limits,
        *,
        config: Mapping[str, str] | None = None,
        given: str = "",
        on_progress: OnProgress | None = None,
    ) -> Ended:
        command = Command(
            [f"--git-dir={self.folder}", *arguments],
            limits=limits,
            repository=repository,
            config=config,
            given=given,
            on_progress=on_progress,
            keep_open=[self.owner],
        )
        with command:
            os.pwrite(self.owner, f"{command.process.pid:<20}".encode(), 0)
            ended = command.wait()
        os.pwrite(self.owner, b" " * 20, 0)
        return ended

    def _blame(self, ended: Ended, url: str, authenticated: bool = False) -> ServiceError:
        """Find out whose fault a failed transfer is; when the words don't tell, look whether the cache is whole."""
        blame = classify(ended.stderr, url, authenticated=authenticated, folder=self.folder)
        told = "remote error:" in ended.stderr  # the server's own words leave no doubt
        if isinstance(blame, RefusedError) and not told and not self._whole():
            return self._corrupt(ended)
        return blame

    def _whole(self) -> bool:
        return self._run(["fsck", "--connectivity-only", "--no-dangling"], self.folder.name, LOCAL).status == 0

    def _corrupt(self, ended: Ended) -> CacheCorrupt:
        return CacheCorrupt(f"The cached repository {self.folder.name} is damaged. ({words_of(ended.stderr)})")


@contextmanager
def open_cache(folder: Path) -> Iterator[Cache]:
    """Open the cache in `folder`; make it when it is missing, and clear what an interrupted pass left.

    The caller holds the job's lock, so whatever lock file or half a pack lies here is stale. A git that outlived its
    killed worker is ended first: all of ours inherit a locked file, which tells that there is one. Raises ServiceError.
    """
    with owned(folder) as (owner, healed):
        yield Cache(folder, owner, healed)
