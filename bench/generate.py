"""A repository of Flink's size and shape, made by `git fast-import` in about a minute."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

COMMITS = 40_000
RELEASES = [(1, minor) for minor in range(9, 21)] + [(2, 0), (2, 1)]  # the last one is not published yet
PULLS = 20_000
FILES = 4_000
START = 1_400_000_000  # seconds since 1970, of the first commit


def generate(folder: Path) -> None:
    """Make a bare repository in `folder`: master, 14 release branches, their tags, 20,000 pull request refs."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=master", folder], check=True)
    git = ["git", f"--git-dir={folder}"]
    importer = subprocess.Popen([*git, "fast-import", "--quiet", "--depth=50"], stdin=subprocess.PIPE)
    for part in _stream(random.Random(2014)):
        importer.stdin.write(part)
    importer.stdin.close()
    if importer.wait():
        raise SystemExit("git fast-import failed")
    # As on a server: packed refs, one pack, a bitmap.
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    subprocess.run([*git, "repack", "-adq", "--write-bitmap-index"], check=True)


def _stream(dice: random.Random) -> Iterator[bytes]:
    texts = [[_line(dice) for _ in range(dice.randint(10, 60))] for _ in range(FILES)]
    yield from (_commit("refs/heads/master", 1, "Start", [(number, texts[number]) for number in range(FILES)]))
    for number in range(2, COMMITS + 1):
        yield from _commit("refs/heads/master", number, f"[FLINK-{number}] Change", _edits(dice, texts))
    last = COMMITS
    for place, (major, minor) in enumerate(RELEASES):
        fork = COMMITS - (len(RELEASES) - place) * COMMITS // (2 * len(RELEASES))
        branch = f"release-{major}.{minor}"
        for step in range(50):
            last += 1
            start = f":{fork}" if step == 0 else ""
            yield from _commit(f"refs/heads/{branch}", last, f"[{branch}] Fix", _edits(dice, texts), start)
        if (major, minor) != RELEASES[-1]:
            yield f"reset refs/tags/{branch}.0\nfrom :{last}\n\n".encode()
    for pull in range(1, PULLS + 1):
        last += 1
        fork = COMMITS // 2 + pull * COMMITS // (2 * PULLS)
        yield from _commit(f"refs/pull/{pull}/head", last, f"Pull {pull}", _edits(dice, texts), f":{fork}")


def _edits(dice: random.Random, texts: list[list[str]]) -> list[tuple[int, list[str]]]:
    numbers = dice.sample(range(FILES), dice.randint(1, 3))
    for number in numbers:
        texts[number][dice.randrange(len(texts[number]))] = _line(dice)
    return [(number, texts[number]) for number in numbers]


def _commit(ref: str, mark: int, message: str, files: list[tuple[int, list[str]]], start: str = "") -> Iterator[bytes]:
    yield f"commit {ref}\nmark :{mark}\ncommitter A Committer <a@example.org> {START + mark * 300} +0000\n".encode()
    yield f"data {len(message)}\n{message}\n".encode()
    if start:
        yield f"from {start}\n".encode()
    for number, lines in files:
        text = "\n".join(lines).encode()
        path = f"module-{number % 40}/src/package-{number % 400}/File{number}.java"
        yield f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n"
    yield b"\n"


def _line(dice: random.Random) -> str:
    return f"    {dice.choice(('final', 'private', 'return', 'if'))} value{dice.randrange(10**6)} = {dice.random()};"
