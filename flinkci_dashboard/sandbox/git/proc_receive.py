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
VIOLATION = "GH013: Repository rule violations found for {ref}."
DECLINES = {"GH013": "push declined due to repository rule violations", "GH001": "pre-receive hook declined"}
OFFENCES = {
    "GH013": (
        f"error: {VIOLATION}",
        "",
        "- GITHUB PUSH PROTECTION",
        "  Resolve the following violations before pushing again",
        "",
        "  - Push cannot contain secrets",
        "",
        "    —— GitHub Personal Access Token ——",
        "     locations:",
        "       - commit: {commit}",
        "         path: {path}:1",
        "",
    ),
    "GH001": (
        "error: Trace: 0a1b2c3d",
        "error: See https://gh.io/lfs for more information.",
        "error: File {path} is 123.45 MB; this exceeds GitHub's file size limit of 100.00 MB",
        "error: GH001: Large files detected. You may want to try Git Large File Storage - https://git-lfs.github.com.",
    ),
}


def main() -> None:
    """Negotiate, read the commands, carry out each, report each."""
    read_packets()
    write_packet("version=1\0")
    flush()
    commands = [line.split(" ") for line in read_packets()]
    refusals = declined(commands) or carry_out(commands)
    for _, _, ref in commands:
        write_packet(f"ng {ref} {refusals[ref]}" if refusals.get(ref) else f"ok {ref}")
    flush()


def carry_out(commands: list[list[str]]) -> dict[str, str]:
    """Move each ref that may be; returns ref → why not."""
    touching = with_workflows([new for _, new, _ in commands if new != NOTHING])
    simple = [command for command in commands if command[1] not in touching and not protection(command[2])]
    together = update_together(simple)
    rest = [command for command in commands if not together or command not in simple]
    return {ref: refuse(new, ref) or update(old, new, ref) for old, new, ref in rest}


def declined(commands: list[list[str]]) -> dict[str, str]:
    """Return ref → GitHub's words when it declines the push as a whole, which one bad ref is enough for."""
    for _, new, ref in commands:
        said = undeletable(ref) if new == NOTHING else offence(new, ref)
        if said:
            code, lines = said
            print(*lines, sep="\n", file=sys.stderr, flush=True)
            return dict.fromkeys((each for _, _, each in commands), DECLINES[code])
    return {}


def undeletable(ref: str) -> tuple[str, list[str]] | None:
    """Return what GitHub says when a ruleset forbids to delete a branch."""
    if ref.removeprefix("refs/heads/") not in listed("undeletable-branches"):
        return None
    return "GH013", [
        f"error: GH013: Repository rule violations found for {ref}.",
        "",
        "- Cannot delete this branch",
        "",
    ]


def offence(new: str, ref: str) -> tuple[str, list[str]] | None:
    """Return what GitHub says about a file that it does not take: one with a secret, or one that is too large."""
    for line in listed("declined-paths"):
        code, path = line.split(" ", 1)
        if git("ls-tree", new, "--", path):
            return code, [text.format(ref=ref, path=path, commit=new) for text in OFFENCES[code]]
    return None


def listed(name: str) -> list[str]:
    """Return the lines of a file of rules."""
    file = Path(name)
    return file.read_text().splitlines() if file.exists() else []


def with_workflows(commits: list[str]) -> set[str]:
    """Return those of the commits that have any workflow: all of them in one process, since most pushes have none."""
    asked = "".join(f"{commit}:{WORKFLOWS}\n" for commit in commits)
    found = subprocess.run(
        ["git", "cat-file", "--batch-check"], input=asked, capture_output=True, text=True, check=True
    )
    return {commit for commit, line in zip(commits, found.stdout.splitlines(), strict=True) if "missing" not in line}


def update_together(commands: list[list[str]]) -> bool:
    """Move all refs in one transaction; False, and nothing is moved, when one of them is not where it was seen."""
    lines = [f"update {ref} {new} {old}\n" for old, new, ref in commands if new != NOTHING]
    lines += [f"delete {ref} {old}\n" for old, new, ref in commands if new == NOTHING != old]
    command = ["git", "update-ref", "--stdin"]
    return subprocess.run(command, input="".join(lines), text=True, stderr=subprocess.DEVNULL).returncode == 0


def protection(ref: str) -> str:
    """Return GitHub's words when a branch is protected."""
    if ref.removeprefix("refs/heads/") in listed("protected-branches"):
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
