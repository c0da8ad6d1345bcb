"""Git repositories: what a remote one holds, and one cached repository to carry branches through."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

from flinkci_dashboard.clients.errors import RefusedError, ServiceError
from flinkci_dashboard.clients.git.errors import (
    CacheCorrupt,
    CacheInUse,
    DiskFull,
    classify,
    no_space,
    printable,
    words_of,
)
from flinkci_dashboard.clients.git.process import Command, Ended, Limits, Progress, authentication

OnProgress = Callable[[Progress], None]

ASK = Limits(total=60, idle=30)
TRANSFER = Limits(total=25 * 60, idle=5 * 60)  # a fetch and a push together stay under the task's time-out
LOCAL = Limits(total=10 * 60, idle=10 * 60)
ORPHAN = 10.0  # seconds that a killed worker's git has to end when it is told to
MAX_PACKS = 40
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PULLS = "refs/pulls/"  # where the heads of pull requests are kept, by number
MISSING_REF = re.compile(r"couldn't find remote ref (\S+)")
LEFTOVERS = ("*.lock", "objects/pack/tmp_*", "objects/pack/*.keep", "objects/tmp_*", "objects/??/tmp_obj_*")


class PushStatus(Enum):
    """What became of one ref of a push, from the flag of its `--porcelain` line."""

    DONE = "done"  # the repository took it, or had it already
    MOVED = "moved"  # refused on our side: the branch is no longer where it was, or has diverged
    REJECTED = "rejected"  # refused by the other side, in its own words


@dataclass(frozen=True)
class PushResult:
    """The answer for one ref; `message` holds the other side's words when it was not done."""

    ref: str
    status: PushStatus
    message: str = ""


@dataclass(frozen=True)
class Commit:
    """Who wrote a commit and when it came to be; a time is None when the commit holds nonsense."""

    author: str
    authored_at: datetime | None
    committed_at: datetime | None
    subject: str


class LsRemote:
    """A running `ls-remote`; several can run side by side. `result` waits for the answer."""

    def __init__(self, url: str, prefixes: Sequence[str], *, authenticate: bool = False) -> None:
        config = authentication(url) if authenticate else {}
        self.authenticated = bool(config)
        kinds = {"refs/heads/": "--heads", "refs/tags/": "--tags"}
        self.prefixes = prefixes
        self.command = Command(
            ["ls-remote", "--refs", *(kinds[prefix] for prefix in prefixes), url],
            limits=ASK,
            repository=url,
            config=config,
        )

    def __enter__(self) -> "LsRemote":
        return self

    def __exit__(self, *error: object) -> None:
        self.command.end()

    def result(self) -> dict[str, str]:
        """Return {full ref: SHA}. Raises ServiceError."""
        ended = self.command.wait()
        if ended.status:
            raise classify(ended.stderr, self.command.repository, authenticated=self.authenticated)
        pairs = (line.split("\t", 1) for line in ended.stdout.splitlines() if "\t" in line)
        return {ref: sha for sha, ref in pairs if ref.startswith(tuple(self.prefixes))}


def ls_remote(
    url: str, prefixes: Sequence[str] = ("refs/heads/", "refs/tags/"), *, authenticate: bool = False
) -> dict[str, str]:
    """Return {full ref: SHA} of a repository's refs under `prefixes`; no others are listed. Raises ServiceError."""
    with LsRemote(url, prefixes, authenticate=authenticate) as asking:
        return asking.result()


class Cache:
    """One bare repository on our disk that holds what was fetched, so that only what is new travels.

    Only one pass may use it at a time (the job's lock sees to it); it can be thrown away at any time.
    """

    def __init__(self, folder: Path, owner: int, healed: Sequence[str] = ()) -> None:
        self.folder = folder
        self.owner = owner  # an open, locked file that every git command of ours inherits
        self.healed = tuple(healed)  # what an earlier, interrupted pass had left and was cleared away

    def fetch(self, url: str, wanted: Mapping[str, str], on_progress: OnProgress | None = None) -> None:
        """Fetch commits {branch: SHA} from `url`, without credentials, and keep them. Raises ServiceError.

        By SHA: what was planned is what comes, and the server need not list its refs again.
        """
        refspecs = [f"+{sha}:refs/source/{quote(branch, safe='')}" for branch, sha in wanted.items()]
        flags = ["--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--no-recurse-submodules"]
        ended = self._run(["fetch", *flags, "--progress", url, *refspecs], url, TRANSFER, on_progress=on_progress)
        if ended.status:
            raise self._blame(ended, url)

    def fetch_pulls(
        self, url: str, numbers: Iterable[int], base: str = "master", on_progress: OnProgress | None = None
    ) -> dict[int, str]:
        """Fetch the heads of pull requests, and their base, in one go; returns {number: SHA} as they are now.

        A number without a ref is left out: one missing ref fails a whole fetch, so it is asked again without it.
        Raises ServiceError.
        """
        wanted = {f"refs/pull/{number}/head": f"{PULLS}{number}" for number in sorted(set(numbers))}
        wanted[f"refs/heads/{base}"] = f"{PULLS}base"
        flags = ["--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--no-recurse-submodules"]
        while wanted:
            specs = [f"+{ref}:{kept}" for ref, kept in wanted.items()]
            ended = self._run(["fetch", *flags, "--progress", url, *specs], url, TRANSFER, on_progress=on_progress)
            if not ended.status:
                break
            missing = set(MISSING_REF.findall(ended.stderr)) & wanted.keys()
            if not missing:
                raise self._blame(ended, url)
            wanted = {ref: kept for ref, kept in wanted.items() if ref not in missing}
        heads = self.pull_refs() if wanted else {}
        there = {kept.removeprefix(PULLS) for kept in wanted.values()}
        return {number: sha for number, sha in heads.items() if str(number) in there}

    def fetch_heads(self, url: str, heads: Mapping[int, str]) -> set[int]:
        """Fetch commits {number: SHA} by name, one by one; returns the numbers of those that the server gives out."""
        came: set[int] = set()
        flags = ["--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--no-recurse-submodules"]
        for number, sha in heads.items():
            ended = self._run(["fetch", *flags, url, f"+{sha}:{PULLS}{number}"], url, TRANSFER)
            if not ended.status:
                came.add(number)
        return came

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
        refspecs = [f"{sha}:refs/heads/{branch}" for branch, sha in wanted.items()]
        force = [f"--force-with-lease=refs/heads/{branch}:{sha}" for branch, sha in (leases or {}).items()]
        command = ["push", "--porcelain", "--progress", "--no-verify", *force, url, *refspecs]
        config = authentication(url)
        ended = self._run(command, url, TRANSFER, config=config, on_progress=on_progress)
        results = parse_push(ended.stdout, ended.stderr)
        if {result.ref for result in results} >= {f"refs/heads/{branch}" for branch in wanted}:
            return results
        raise self._blame(ended, url, authenticated=bool(config))

    def contains(self, shas: Iterable[str]) -> set[str]:
        """Return those of `shas` that are commits in the cache."""
        given = "".join(f"{sha}\n" for sha in shas)
        lines = self._local(["cat-file", "--batch-check"], given).splitlines() if given else []
        return {words[0] for line in lines if (words := line.split()) and words[1:2] == ["commit"]}

    def is_ancestor(self, old: str, new: str) -> bool:
        """Tell whether `new` holds all of `old`; both must be in the cache."""
        return self.ahead_behind(old, new)[0] == 0

    def ahead_behind(self, ours: str, theirs: str) -> tuple[int, int]:
        """Return how many commits only `ours` has, and how many only `theirs` has; both must be in the cache."""
        ahead, behind = self._local(["rev-list", "--left-right", "--count", f"{ours}...{theirs}", "--"]).split()
        return int(ahead), int(behind)

    def count_commits(self, old: str | None, new: str) -> int:
        """Return how many commits `new` has that `old` (None: nothing) has not; CacheCorrupt when one is missing."""
        return int(self._local(["rev-list", "--count", f"{old}..{new}" if old else new, "--"]))

    def commit_facts(self, shas: Iterable[str]) -> dict[str, Commit]:
        """Return {SHA: Commit} for commits that are in the cache."""
        given = "".join(f"{sha}\n" for sha in shas)
        if not given:
            return {}
        layout = "--format=%H%x00%an%x00%at%x00%ct%x00%s"
        lines = self._local(["log", "--no-walk=unsorted", "--stdin", "--no-show-signature", layout], given)
        fields = (line.split("\0") for line in lines.split("\n") if line.count("\0") == 4)
        return {
            sha: Commit(printable(author), _time(authored), _time(made), printable(subject))
            for sha, author, authored, made, subject in fields
        }

    def tidy(self) -> bool:
        """Join packs when many fetches have left many; tells whether it did. Raises ServiceError."""
        if len(list(self.folder.glob("objects/pack/pack-*.pack"))) <= MAX_PACKS:
            return False
        self._local(["repack", "--geometric=2", "-d", "-q"])
        return True

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
    with _disk_full_told(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        owner = os.open(folder.with_suffix(".owner"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            healed = _end_orphan(owner)
            if not (folder / "HEAD").is_file():
                _create(folder)
            yield Cache(folder, owner, [*healed, *_clear_leftovers(folder)])
        finally:
            os.close(owner)


def remove_cache(folder: Path) -> None:
    """Throw a cache away; the next `open_cache` makes a new one."""
    if folder.is_dir():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


def parse_push(stdout: str, stderr: str = "") -> list[PushResult]:
    """Read `push --porcelain`: a line `flag TAB from:to TAB summary (reason)` for each ref."""
    lines = [line.split("\t") for line in stdout.splitlines() if re.match(r"[ +\-*=!]\t", line)]
    about = [line for line in stderr.splitlines() if line.startswith("remote:")]
    return [
        _push_result(flag, refs.rpartition(":")[2], "\t".join(summary), about, alone=len(lines) == 1)
        for flag, refs, *summary in lines
    ]


def _push_result(flag: str, ref: str, summary: str, about: Sequence[str], alone: bool) -> PushResult:
    """Read one line; what the server said (`about`) is about the one ref of a push, or names its branch."""
    if flag != "!":
        return PushResult(ref, PushStatus.DONE)
    reason = re.sub(r"^\[[a-z ]+\] ?\(?|\)$", "", summary)
    if summary.startswith("[rejected]"):
        return PushResult(ref, PushStatus.MOVED, words_of(reason))
    branch = ref.removeprefix("refs/heads/")
    said = [line for line in about if alone or branch in line]
    return PushResult(ref, PushStatus.REJECTED, words_of("\n".join([reason, *said])))


@contextmanager
def _disk_full_told(folder: Path) -> Iterator[None]:
    """Clear up at once when the disk is full: half a pack would keep it full for everybody else."""
    try:
        yield
    except (DiskFull, OSError) as error:
        if isinstance(error, OSError) and error.errno not in FULL:
            raise
        _clear_leftovers(folder)
        raise DiskFull(no_space(folder)) from error


def _create(folder: Path) -> None:
    """Make an empty bare repository beside `folder`, then put it there: half a one never stands in the place."""
    draft = folder.with_suffix(".new")
    for old in (draft, folder):
        remove_cache(old)
    with Command(
        ["init", "--quiet", "--bare", "--template=", str(draft)], limits=LOCAL, repository=folder.name
    ) as init:
        ended = init.wait()
    if ended.status:
        raise classify(ended.stderr, folder.name, authenticated=False, folder=folder)
    draft.rename(folder)


def _clear_leftovers(folder: Path) -> list[str]:
    """Remove what interrupted commands left; returns their names."""
    found = [path for pattern in LEFTOVERS for path in (folder.glob if "/" in pattern else folder.rglob)(pattern)]
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return [str(path.relative_to(folder)) for path in found]


def _end_orphan(owner: int) -> list[str]:
    """Wait for the owner file's lock; end the process group that is written in it while somebody else holds it."""
    deadline, ended = monotonic() + ORPHAN, False
    while True:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            group = os.pread(owner, 20, 0).strip()
            if monotonic() > deadline:
                raise CacheInUse(f"Another git (process {group.decode()}) holds the cache and does not end.") from None
            if group.isdigit():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(group), signal.SIGKILL)
                ended = True
            sleep(0.05)
        else:
            return [f"git of a killed worker (process {os.pread(owner, 20, 0).strip().decode()})"] if ended else []


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
