"""`python -m tests.chaos`: campaigns with a seed each, printed as a table of what failed and what was wrong after."""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos import tables

NOTHING: dict = {"passes": {}, "failures": {}, "events": {}, "story": [], "invariants": {}}


def main() -> int:
    """Run one seed in this process, or several in one process each; returns 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after another from the first")
    parser.add_argument("--passes", type=int, default=70, help="of each seed")
    parser.add_argument("--at-once", type=int, default=2, help="seeds at the same time")
    parser.add_argument("--minutes", type=float, default=1e6, help="after which no further seed begins")
    parser.add_argument("--page", type=Path, help="the page that is to tell of it")
    parser.add_argument("--story", action="store_true", help="tell what happened where something is wrong")
    parser.add_argument("--json", action="store_true", help="print the findings of one seed as JSON")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(_one(options.seed, options.passes)))
        return 0
    return _several(options)


def _several(options: argparse.Namespace) -> int:
    until = time.monotonic() + 60 * options.minutes
    seeds = range(options.seed, options.seed + options.seeds)
    with ThreadPoolExecutor(options.at_once) as pool:
        done = pool.map(lambda seed: _in_a_process(seed, options, until), seeds)
        results = [each for each in done if each]
    database = "PostgreSQL" if os.environ.get("TEST_DATABASE") == "postgresql" else "SQLite"
    known = next((each["invariants"] for each in results if each["invariants"]), {})
    text = tables.told(results, known, database, options.passes)
    print(f"\n{text}")
    if options.page:
        tables.put(options.page, text)
    return int(any(each["violations"] for each in results))


def _in_a_process(seed: int, options: argparse.Namespace, until: float) -> dict | None:
    began = time.monotonic()
    if began > until:
        return None
    command = [sys.executable, "-m", "tests.chaos", "--json", "--seed", str(seed), "--passes", str(options.passes)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        found = NOTHING | {"violations": [f"the campaign itself failed: {done.stderr.strip()[-2000:]}"]}
    else:
        found = json.loads(lines[-1])
    _tell(seed, found, time.monotonic() - began, options.story)
    return found | {"seed": seed}


def _tell(seed: int, found: dict, seconds: float, story: bool) -> None:
    state = f"{len(found['violations'])} wrong" if found["violations"] else "right"
    lines = [f"seed {seed:>5}  {found['passes'].get('passes', 0):>4} passes  {seconds:6.0f} s  {state}"]
    lines += [f"            {wrong}" for wrong in found["violations"]]
    lines += found["story"] if story and found["violations"] else []
    print("\n".join(lines), flush=True)


def _one(seed: int, passes: int) -> dict:
    """Run a campaign over a database of its own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("bootstrap", verbosity=0)
    from flinkci_dashboard.sandbox import Sandbox
    from tests.chaos import invariants
    from tests.chaos.campaign import campaign
    from tests.chaos.machine import machine

    with machine() as made, Sandbox(Path(settings.DATA_DIR) / "world") as world:
        for name, value in world.environ().items():
            if name.endswith("_TOKEN"):
                os.environ[name] = value
            else:
                setattr(settings, name, value)
        settings.SYNC_MODE = "active"
        town = campaign(world, made, seed, passes, kill=True)
    counts = {"passes": town.passes, "failures": town.failures, "events": town.events}
    return counts | {"violations": town.violations, "story": town.story, "invariants": invariants.names()}


if __name__ == "__main__":
    sys.exit(main())
