#!/usr/bin/env python3
"""The `proc-receive` hook of the sandbox's repositories: it refuses what GitHub refuses, in its words.

Speaks the protocol of githooks(5), "proc-receive". Stand-alone: git starts it.
"""

import os
import subprocess
import sys
from pathlib import Path

WORKFLOWS = ".github/workflows"
REFUSAL = "refusing to allow a Personal Access Token to create or update workflow `{path}` without `workflow` scope"
NOTHING = "0" * 40


def main() -> None:
    """Negotiate, read the commands, carry out each, report each."""
    read_packets()
    write_packet("version=1\0")
    flush()
    commands = [line.split(" ") for line in read_packets()]
    touching = with_workflows([new for _, new, _ in commands if new != NOTHING])
    simple = [(old, new, ref) for old, new, ref in commands if new not in touching and not protection(ref)]
    together = update_together(simple)
    for old, new, ref in commands:
        refusal = "" if together and (old, new, ref) in simple else refuse(new, ref) or update(old, new, ref)
        write_packet(f"ng {ref} {refusal}" if refusal else f"ok {ref}")
    flush()


def with_workflows(commits: list[str]) -> set[str]:
    """Return those of the commits that have any workflow: all of them in one process, since most pushes have none."""
    asked = "".join(f"{commit}:{WORKFLOWS}\n" for commit in commits)
    found = subprocess.run(
        ["git", "cat-file", "--batch-check"], input=asked, capture_output=True, text=True, check=True
    )
    return {commit for commit, line in zip(commits, found.stdout.splitlines(), strict=True) if "missing" not in line}


def update_together(commands: list[tuple[str, str, str]]) -> bool:
    """Move all refs in one transaction; False, and nothing is moved, when one of them is not where it was seen."""
    lines = [f"update {ref} {new} {old}\n" for old, new, ref in commands if new != NOTHING]
    lines += [f"delete {ref} {old}\n" for old, new, ref in commands if new == NOTHING != old]
    command = ["git", "update-ref", "--stdin"]
    return subprocess.run(command, input="".join(lines), text=True, stderr=subprocess.DEVNULL).returncode == 0


def protection(ref: str) -> str:
    """Return GitHub's words when a branch is protected."""
    protected = Path("protected-branches")
    if protected.exists() and ref.removeprefix("refs/heads/") in protected.read_text().split():
        return "protected branch hook declined"
    return ""


def refuse(new: str, ref: str) -> str:
    """Return why GitHub would not take this command, or an empty string."""
    if refusal := protection(ref):
        return refusal
    if new == NOTHING or os.environ.get("SANDBOX_MAY_CHANGE_WORKFLOWS"):
        return ""
    changed = workflows(new)
    for branch in git("for-each-ref", "--format=%(objectname)", "refs/heads").split():
        if not changed:
            break
        changed -= workflows(branch)
    return REFUSAL.format(path=min(changed)[1]) if changed else ""


def workflows(commit: str) -> set[tuple[str, str]]:
    """Return (blob, path) of every workflow file of a commit: GitHub compares contents with those of other branches."""
    lines = git("ls-tree", "-r", commit, "--", f"{WORKFLOWS}/").splitlines()
    return {(line.split()[2], line.split("\t")[1]) for line in lines}


def update(old: str, new: str, ref: str) -> str:
    """Move the ref from `old` to `new`, if it still is where the client saw it."""
    command = ["update-ref", "-d", ref, old] if new == NOTHING else ["update-ref", ref, new, old]
    if new == NOTHING and old == NOTHING:
        return ""
    return (
        "" if subprocess.run(["git", *command], stderr=subprocess.DEVNULL).returncode == 0 else "failed to update ref"
    )


def git(*arguments: str) -> str:
    """Return what git prints."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def read_packets() -> list[str]:
    """Read pkt-lines up to a flush packet."""
    lines = []
    while (length := int(sys.stdin.buffer.read(4) or b"0", 16)) > 4:
        lines.append(sys.stdin.buffer.read(length - 4).decode().rstrip("\n"))
    return lines


def write_packet(text: str) -> None:
    """Write one pkt-line."""
    sys.stdout.buffer.write(f"{len(text.encode()) + 4:04x}{text}".encode())


def flush() -> None:
    """Write a flush packet and send what was written."""
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
