"""All jobs against a world that fails at random: whatever happened, three calm passes make it right.

`python -m tests.chaos --seed N --passes N` runs one campaign, `--seeds 8` several; a failing seed replays.
"""
