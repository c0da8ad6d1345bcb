"""Mirror benchmark: our pass against git-repo-sync's way with plain git, in turns, over the sandbox's smart HTTP.

    python bench/mirror.py [--repository PATH] [--rounds 15] [--first-rounds 3]

PATH is a real mirror clone of apache/flink; without it a repository of 40,000 commits, 14 release branches and 20,000
other refs is generated. The script below is git-repo-sync's sequence of git commands; its wall time is the whole
process's, for that is how it runs, from cron. Our worker is long-lived, so our pass is timed inside this process, as
the worker runs it: lock, records and all. The whole-process figure of `manage.py sync_mirrors` stands beside it.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from generate import generate  # noqa: E402
from measuring import install  # noqa: E402

from flinkci_dashboard.sandbox import MIRROR, SOURCE, Sandbox  # noqa: E402
from flinkci_dashboard.sandbox.git.repositories import Repositories  # noqa: E402

BY_SCRIPT = "flink-ci/mirror-by-script"
TARGETS = {"first sync": 1.0, "one new commit": 1.0, "no-op pass": 0.5}
# The git commands of git-repo-sync: a mirror clone at first, then fetches by pattern and by name, then one push.
SCRIPT = """
set -e
if [ ! -d .repo ]; then
    git clone --quiet --mirror "$SOURCE" .repo
    cd .repo
else
    cd .repo
    git fetch --quiet origin 'refs/heads/release-*:refs/release-*'
fi
branches=master
for branch in $(git branch -a | grep release- | grep -v rc | sort -V -r | head -n 3); do
    branches="$branches $branch"
done
git fetch --quiet origin $branches
refspecs=
for branch in $branches; do
    refspecs="$refspecs $branch:$branch"
done
git push --quiet "$TARGET" $refspecs
"""


def main() -> None:
    """Run the three cases and print medians and ratios."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="flinkci-bench-") as name:
        bench = Bench(Path(name), arguments.repository)
        try:
            bench.prepare()
            figures = {
                "first sync": compare(bench.script, bench.us, arguments.first_rounds, bench.forget),
                "one new commit": compare(bench.script, bench.us, arguments.rounds, bench.commit),
                "no-op pass": compare(bench.script, bench.us, arguments.rounds),
            }
            command = statistics.median(seconds(bench.command) for _ in range(5))
        finally:
            bench.stop()
    _print(figures, command)


def compare(
    script: Callable[[], None], us: Callable[[], None], rounds: int, before: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """Return the median seconds of both, run in turns, each first in every other round."""
    times: dict[Callable[[], None], list[float]] = {script: [], us: []}
    for number in range(rounds):
        before()
        for function in (script, us) if number % 2 else (us, script):
            times[function].append(seconds(function))
    return statistics.median(times[script]), statistics.median(times[us])


def seconds(function: Callable[[], None]) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


class Bench:
    """A sandbox in a process of its own with a big repository, the script's folder, and our installation."""

    def __init__(self, folder: Path, repository: Path | None) -> None:
        self.folder, self.repository = folder, repository
        self.repositories = Repositories(folder / "world" / "git")
        self.work = folder / "script"
        self.work.mkdir()
        command = [sys.executable, __file__, "--serve", str(folder / "world")]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.world: dict[str, str] = json.loads(self.server.stdout.readline())  # type: ignore[union-attr]

    def stop(self) -> None:
        """End the sandbox."""
        self.server.terminate()
        self.server.wait()

    def prepare(self) -> None:
        """Fill the source and set up an installation in active mode."""
        self._fill_source()
        install(self.folder, **self.world, SYNC_MODE="active")

    def forget(self) -> None:
        """Empty both mirrors, the script's clone and our cache."""
        for repo in (MIRROR, BY_SCRIPT):
            shutil.rmtree(self.repositories.path(repo))
            self.repositories.create(repo)
        shutil.rmtree(self.work / ".repo", ignore_errors=True)
        shutil.rmtree(self.folder / "data" / "git", ignore_errors=True)

    def commit(self) -> None:
        """Put one commit on the source's master."""
        self.repositories.commit(SOURCE, "refs/heads/master", "[hotfix] One more")

    def script(self) -> None:
        """Run the plain-git script, with its token given as ours is."""
        from flinkci_dashboard.clients.git.process import authentication

        urls = {"SOURCE": self._url(SOURCE), "TARGET": self._url(BY_SCRIPT)}
        ((key, header), *_) = authentication(urls["TARGET"]).items()
        token = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": header}
        surroundings = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["bash", "-c", SCRIPT], cwd=self.work, env=surroundings | token | urls, check=True)

    def us(self) -> None:
        """Run one pass as the worker does."""
        from flinkci_dashboard.jobs import run_pass

        run = run_pass("sync_mirrors", "schedule")
        if run is None or run.outcome != "ok":
            raise SystemExit(f"The pass failed: {run and run.error}")

    def command(self) -> None:
        """Run one pass as a process of its own."""
        command = [sys.executable, "manage.py", "sync_mirrors"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    def _fill_source(self) -> None:
        path = self.repositories.path(SOURCE)
        config = (path / "config").read_bytes()
        shutil.rmtree(path)
        if self.repository:
            subprocess.run(["git", "clone", "--quiet", "--mirror", self.repository, path], check=True)
        else:
            generate(path)
        (path / "config").write_bytes(config)
        count = ["git", f"--git-dir={path}"]
        commits = subprocess.run([*count, "rev-list", "--count", "--all"], check=True, capture_output=True, text=True)
        refs = subprocess.run([*count, "for-each-ref"], check=True, capture_output=True, text=True).stdout.count("\n")
        print(f"source: {int(commits.stdout):,} commits, {refs:,} refs", flush=True)

    def _url(self, repo: str) -> str:
        return f"{self.world['GITHUB_GIT_URL']}/{repo}.git"


def serve(root: Path) -> None:
    """Run the sandbox until SIGTERM; its environment is the first line on stdout."""
    with Sandbox(root) as world:
        world.repositories.create(BY_SCRIPT)
        world.writable |= {BY_SCRIPT}
        world.scopes |= {"workflow"}  # Flink's own branches hold workflows
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        print(json.dumps(world.environ()), flush=True)
        signal.pause()


def _print(figures: dict[str, tuple[float, float]], command: float) -> None:
    print(f"\n{'case':<16}{'plain git':>12}{'our pass':>12}{'ratio':>8}{'target':>8}")
    for case, (script, us) in figures.items():
        verdict = "" if us / script <= TARGETS[case] else "  MISSED"
        print(f"{case:<16}{script:>10.3f} s{us:>10.3f} s{us / script:>8.2f}{TARGETS[case]:>8}{verdict}")
    print(f"\nno-op as a process of its own (manage.py sync_mirrors): {command:.3f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, help="a real mirror clone to copy, instead of a generated one")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--first-rounds", type=int, default=3)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    if (options := _arguments()).serve:
        serve(options.serve)
    else:
        main()
