"""`python -m tests.chaos`: campaigns with a seed each, printed as a table of what failed and what was wrong after."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> int:
    """Run one seed in this process, or several in one process each; returns 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after another from the first")
    parser.add_argument("--passes", type=int, default=70, help="of each seed")
    parser.add_argument("--at-once", type=int, default=2, help="seeds at the same time")
    parser.add_argument("--story", action="store_true", help="tell what happened where something is wrong")
    parser.add_argument("--json", action="store_true", help="print the findings of one seed as JSON")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(_one(options.seed, options.passes)))
        return 0
    seeds = range(options.seed, options.seed + options.seeds)
    with ThreadPoolExecutor(options.at_once) as pool:
        results = list(pool.map(lambda seed: _in_a_process(seed, options.passes), seeds))
    for each in results if options.story else ():
        if each["violations"]:
            print(f"seed {each['seed']}", *each["story"], sep="\n")
    return _print(results)


def _in_a_process(seed: int, passes: int) -> dict:
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.chaos", "--json", "--seed", str(seed), "--passes", str(passes)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        words = f"the campaign itself failed: {done.stderr.strip()[-2000:]}"
        found = {"events": {}, "story": [], "violations": [words]}
    else:
        found = json.loads(lines[-1])
    return found | {"seed": seed, "seconds": time.monotonic() - began}


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
    return {"events": town.events, "violations": town.violations, "story": town.story}


def _print(results: list[dict]) -> int:
    events: Counter[str] = Counter()
    for each in results:
        events.update(each["events"])
        state = f"{len(each['violations'])} wrong" if each["violations"] else "right"
        print(f"seed {each['seed']:>5}  {each['events'].get('passes', 0):>4} passes  {each['seconds']:6.0f} s  {state}")
        for wrong in each["violations"]:
            print(f"            {wrong}")
    print("\nwhat happened, in all:")
    names = sorted(events)
    for start in range(0, len(names), 4):
        print("".join(f"  {name:<16}{events[name]:>5}" for name in names[start : start + 4]))
    return int(any(each["violations"] for each in results))


if __name__ == "__main__":
    sys.exit(main())
