"""What campaigns found, as a table to print, and as a page: `docs/chaos.md` has the last run on each database."""

import subprocess
from collections import Counter
from pathlib import Path

HEAD = """# Chaos

Made by `make chaos`: every job works in a sandbox that fails at random, people go on, and passes are killed. Then
everything works again, and after three passes of each job the world has to be right. A seed replays with
`python -m tests.chaos --seed N --passes N` (`TEST_DATABASE=postgresql` for PostgreSQL); `--story` tells it.
"""


def told(results: list[dict], invariants: dict[str, str], database: str, passes: int) -> str:
    """Return what came of some seeds, in Markdown."""
    wrong = Counter(each.partition(":")[0] for result in results for each in result["violations"])
    ended = _sum(results, "passes")
    seeds = sorted(result["seed"] for result in results)
    lines = [
        f"## {database}\n",
        f"{ended['passes']:,} passes, of which {ended['killed']} were killed by SIGKILL and {ended['aborted']} ended"
        f" early, in {len(seeds)} campaigns of {passes} (seeds {seeds[0]} to {seeds[-1]}), at commit {_commit()}:"
        f" **{wrong.total()} violations**.\n",
        *_table("invariant", "violated", {f"{name}: {says}": wrong.pop(name, 0) for name, says in invariants.items()}),
        *_table("what failed", "times", _sum(results, "failures")),
        *_table("what people and services did", "times", _sum(results, "events")),
    ]
    rest = [f"{result['seed']}: {each}" for result in results for each in result["violations"]]
    lines += ["Violations, by seed:\n", *(f"- {each}" for each in rest), ""] if rest else []
    return "\n".join(lines)


def put(page: Path, text: str) -> None:
    """Put a database's part into the page, in the place of its last one."""
    parts = page.read_text().split("\n## ")[1:] if page.exists() else []
    kept = {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}
    kept[text.partition("\n")[0].removeprefix("## ")] = text
    page.write_text("\n".join([HEAD, *(kept[name] for name in sorted(kept, reverse=True))]))


def _sum(results: list[dict], name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in results:
        found.update(each[name])
    return found


def _table(what: str, number: str, rows: dict[str, int]) -> list[str]:
    return [f"| {what} | {number} |", "| --- | ---: |", *(f"| {name} | {rows[name]} |" for name in sorted(rows)), ""]


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip() or "unknown"
