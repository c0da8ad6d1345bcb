"""The text of a comment → the command that it holds.

Only a comment's own words count: no quoted lines, no code, nothing hidden in HTML comments. ci-bot searched the whole
text for `@flinkbot run <words>` and knew one word, "azure". PURE
"""

import re
from dataclasses import dataclass

MENTION = r"(?<![\w/@.`-])@flinkbot[^\S\n]+"
RUN = re.compile(MENTION + r"run[^\S\n]+(?P<words>\w[\w-]*(?:[^\S\n]+\w[\w-]*){0,3})", re.IGNORECASE)
AZURE = re.compile(r"azure\b", re.IGNORECASE)
# What people try instead, alone on its line.
ATTEMPT = re.compile(
    r"^[^\S\n]*@flinkbot[^\S\n]+(?P<words>(?:run|rerun|re-run|retry|retest|test|build|rebuild|restart|cancel|azure|help)"
    r"(?:[^\S\n]+[\w-]+){0,3})[^\S\n]*[.!]?[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
FENCE = re.compile(r"^[^\S\n]*(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<rest>.*)$")
QUOTE = re.compile(r"^ {0,3}>")
INDENTED = re.compile(r"^(?: {4}| {0,3}\t)")
CODE_TAG = re.compile(r"<(pre|code|blockquote)\b", re.IGNORECASE)
MAX_TEXT = 262_144  # characters looked at: four times what GitHub takes


@dataclass(frozen=True)
class CommandText:
    """A command as written: `words` follow the mention ("run azure")."""

    words: str
    known: bool


def find_command(body: str) -> CommandText | None:
    """Return the command in a comment; a known one goes before an unknown one."""
    if "@flinkbot" not in body.casefold():
        return None
    text = own_words(body)
    runs = [found["words"] for found in RUN.finditer(text)]
    known = next((words for words in runs if AZURE.match(words)), None)
    if known:
        return CommandText("run azure", True)
    if runs:
        return CommandText(_short(f"run {runs[0]}"), False)
    attempt = ATTEMPT.search(text)
    return CommandText(_short(attempt["words"]), False) if attempt else None


def own_words(body: str) -> str:
    """Return what a comment says itself, line by line: without quotes, code and HTML comments."""
    lines = body[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return _without_spans("\n".join(_without_blocks(lines)))


def _without_blocks(lines: list[str]) -> list[str]:
    """Drop fenced and indented code, and quoted lines, which become blank ones."""
    kept: list[str] = []
    fence = ""
    after_blank = True
    for line in lines:
        found = FENCE.match(line)
        code = bool(fence) or bool(found)
        if fence and found and found["mark"].startswith(fence) and not found["rest"].strip():
            fence = ""
        elif found and not fence:
            fence = found["mark"]
        hidden = code or bool(QUOTE.match(line)) or (after_blank and bool(INDENTED.match(line)))
        kept.append("" if hidden else line)
        # Indented code goes on while lines are indented; a paragraph may be indented as it likes.
        after_blank = hidden or not line.strip()
    return kept


def _without_spans(text: str) -> str:
    """Drop `code`, HTML comments, and what stands in tags for code and quotes."""
    kept: list[str] = []
    place, closings = 0, _backtick_runs(text)
    while (start := _next_mark(text, place)) >= 0:
        kept.append(text[place:start])
        end = _end_of_mark(text, start, closings)
        if end is None:  # a mark that opens nothing
            end = start + _run_length(text, start)
            kept.append(text[start:end])
        else:
            kept.append(" ")
        place = end
    return "".join([*kept, text[place:]])


MARK = re.compile(r"\\`|`|<!--|<(?:pre|code|blockquote)\b", re.IGNORECASE)


def _next_mark(text: str, place: int) -> int:
    found = MARK.search(text, place)
    return found.start() if found else -1


def _run_length(text: str, start: int) -> int:
    if text[start] == "\\":
        return 2
    end = start
    while end < len(text) and text[end] == "`":
        end += 1
    return max(end - start, 1)


def _end_of_mark(text: str, start: int, closings: dict[int, list[int]]) -> int | None:
    """Return where the span that starts here ends; None when it never does."""
    if text[start] == "\\":
        return None
    if text[start] == "`":
        length = _run_length(text, start)
        places = closings.get(length, [])
        while places and places[0] < start + length:
            places.pop(0)
        return places[0] + length if places else None
    if text.startswith("<!--", start):
        end = text.find("-->", start + 4)
        return end + 3 if end >= 0 else len(text)
    found = CODE_TAG.match(text, start)
    name = found[1].lower() if found else ""
    end = text.casefold().find(f"</{name}>", start) if len(text.casefold()) == len(text) else -1
    return end + len(name) + 3 if end >= 0 else len(text)


def _backtick_runs(text: str) -> dict[int, list[int]]:
    """Return length → where runs of so many backticks start: an opening run looks its partner up, however many."""
    runs: dict[int, list[int]] = {}
    for found in re.finditer("`+", text):
        runs.setdefault(len(found[0]), []).append(found.start())
    return runs


def _short(words: str) -> str:
    return " ".join(words.split())[:60]
