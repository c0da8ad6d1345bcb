"""All benches, one after another, and what they print as docs/benchmarks.md: `python -m bench [NAME …]` (`make bench`).

Nothing else should run on the machine meanwhile. A bench that misses a limit is told so, and the others go on.
"""

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "benchmarks.md"
HELPERS = ("__main__", "generate", "generate_builds", "measuring")
HEAD = """# Benchmarks

Made by `make bench` at {at:%Y-%m-%d %H:%M} UTC, at commit `{commit}`, on {cores} cores, {memory:.0f} GB,
Python {python}, {system}. Times are this machine's; ratios and counts are what to compare.
The sandbox, and the clients that look, run on the same cores.

| what the old bots ask of GitHub, 1,000 open | charged requests | ours |
| --- | --- | --- |
| idle, for each round | 172 | 0 |
| 200 builds pending | 3,225, and 200 of Azure | 0, and 2 of Azure |
| 200 new heads | 2,614, and 1,203 runs of git | below, under pulls |

The figures of the old bots were counted on ci-bot's code at the same size.
"""


def main(names: list[str]) -> int:
    """Run the benches that are named, or all; returns 1 when one missed a limit."""
    found = sorted(path for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    chosen = [path for path in found if not names or path.stem in names]
    results = [(path, *_run(path)) for path in chosen]
    if not names:
        TARGET.write_text(_head() + "".join(_section(*result) for result in results))
    return int(any(status for _, status, _, _ in results))


def _run(path: Path) -> tuple[int, str, float]:
    """Return exit status, what was printed, and seconds."""
    began, lines = time.monotonic(), []
    command = [sys.executable, "-W", "ignore", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
        trouble = process.stderr.read() if process.stderr else ""
    if process.returncode and "Traceback" in trouble:
        lines.append(f"broke off: {trouble.strip().splitlines()[-1]}\n")
    return process.returncode, "".join(lines), time.monotonic() - began


def _head() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = {
        "cores": os.cpu_count(),
        "memory": memory,
        "python": platform.python_version(),
        "system": platform.system(),
    }
    return HEAD.format(at=datetime.now(UTC), commit=commit.stdout.strip(), **facts)


def _section(path: Path, status: int, printed: str, seconds: float) -> str:
    title = (path.read_text().split('"""')[1]).splitlines()[0]
    verdict = "**A limit was missed**, as its lines say." if status else "Within all limits."
    text = f"\n## {path.stem}\n\n{title}\n\n`python bench/{path.name}`, {seconds:.0f} s. {verdict}\n"
    return f"{text}\n```\n{printed.strip()}\n```\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
