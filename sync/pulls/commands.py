"""The text of a comment → the command that it holds.

Only a comment's own words count: no quoted lines, no code, nothing hidden in HTML comments, nothing below the line with
which an e-mail program quotes. A command alone on its line counts in backticks too: the report's help shows it so.
ci-bot searched the whole text for `@flinkbot run <words>` and knew one word, "azure". PURE
"""

import re
from dataclasses import dataclass

GAP = r"[^\S\n]+"
WIDE_GAP = re.compile(r"(?<=\S)[^\S\n]{2,}")
MENTION = rf"(?<![\w/@.`-])@flinkbot[,:]?{GAP}(?:please,?{GAP})?"
RUN = re.compile(rf"{MENTION}run{GAP}(?P<words>\w[\w-]*(?:{GAP}\w[\w-]*){{0,3}})", re.IGNORECASE)
AZURE = re.compile(r"azure\b", re.IGNORECASE)
ACTIONS = re.compile(r"gha\b", re.IGNORECASE)
RUN_AZURE, RUN_ACTIONS = "run azure", "run gha"  # as rows have them
# What people try instead, alone on its line.
VERBS = "run|rerun|re-run|retry|retest|test|build|rebuild|restart|start|trigger|cancel|azure|gha|help|approve|trust"
# What lets strangers' code run: alone on its line, and never in code, for texts that explain it show it so.
GRANT = re.compile(
    rf"^[^\S\n]*{MENTION}(?P<verb>approve(?:{GAP}(?P<sha>[0-9a-f]{{40}}))?|trust)[^\S\n]*[.!]?[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
SHOWN_GRANT = re.compile(rf"@flinkbot[,:]?{GAP}(?:please,?{GAP})?(?:approve|trust)\b", re.IGNORECASE)
ATTEMPT = re.compile(
    rf"^[^\S\n]*@flinkbot[^\S\n]*[,:;-]*{GAP}(?:(?:please|pls|can|could|you|kindly),?{GAP}){{0,3}}"
    rf"(?P<words>(?:{VERBS})\b(?:[,:]?{GAP}[\w-]+){{0,3}})[^\S\n]*[.!?]?[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
# A mention that is a link, or in bold or italics; and a command whose words alone are code.
LINKED = re.compile(r"\[(@flinkbot)\]\([^()\s]{0,300}\)|<a\b[^<>]{0,300}>(@flinkbot)</a>", re.IGNORECASE)
STRESSED = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(@flinkbot)\1(?=[\s,:])", re.IGNORECASE)
CODED_WORDS = re.compile(r"(@flinkbot[,:]?[^\S\n]+)`(run[^\S\n]+[\w-]+)`", re.IGNORECASE)
ALONE_IN_CODE = re.compile(
    r"^[^\S\n]{0,3}(?:[-*][^\S\n]+)?(`{1,2})[^\S\n]*(@flinkbot\b[^`\n]*)\1[^\S\n]*[.!]?[^\S\n]*$", re.IGNORECASE
)
HELP_LINE = "re-run the last azure build"
# The line above what an e-mail program quotes; it may be broken in two.
MAIL_QUOTE = re.compile(
    r"^[^\S\n]*(?:(?:On|Am|Le)\b(?=[^\n]*\d)[^\n]{4,300}(?:\n[^\n]{0,200})?(?:wrote|schrieb|a écrit)\b[^\n:]{0,200}:"
    r"|-{2,}[^\S\n]*Original Message[^\S\n]*-{2,})[^\S\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
# Code may begin on an item's own line.
FENCE = re.compile(
    r"^[^\S\n]*(?P<item>(?:(?:[-*+]|\d{1,9}[.)])[^\S\n]+){0,9})(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<rest>.*)$"
)
QUOTE = re.compile(r"^[^\S\n]{0,3}(?:(?:[-*+]|\d{1,9}[.)])[^\S\n]+)?>")
INDENTED = re.compile(r"^(?: {4}| {0,3}\t)")
QUOTING_TAGS = "pre|code|blockquote|q|kbd|samp|tt|var|del|strike|s"  # what stands in them is shown, and not said
CODE_TAG = re.compile(rf"<({QUOTING_TAGS})\b", re.IGNORECASE)
MAX_TEXT = 262_144  # characters looked at: four times what GitHub takes


@dataclass(frozen=True)
class CommandText:
    """A command as written: `words` follow the mention ("run azure", "approve", "approve trust")."""

    words: str
    known: bool
    sha: str = ""  # the commit that an approval names

    @property
    def grants(self) -> bool:
        """Tell whether it lets something run that waits at the trust gate."""
        return self.known and bool(granted(self.words))


def granted(words: str) -> set[str]:
    """Return what a known command grants: "approve" for its head, "trust" for the author, or nothing."""
    return {"approve", "trust"} & set(words.split())


def find_command(body: str) -> CommandText | None:
    """Return the command in a comment; a known one goes before an unknown one."""
    if "@flinkbot" not in body.casefold():
        return None
    text = own_words(body)
    if GRANT.search(text) and (grants := list(GRANT.finditer(own_words(body, lazily=True)))):
        return _grants(grants)
    runs = [found["words"] for found in RUN.finditer(text)]
    for pattern, known in ((AZURE, RUN_AZURE), (ACTIONS, RUN_ACTIONS)):
        if any(pattern.match(words) for words in runs):
            return CommandText(known, True)
    if runs:
        return CommandText(_short(f"run {runs[0]}"), False)
    attempt = ATTEMPT.search(text)
    return CommandText(_short(attempt["words"]), False) if attempt else None


def _grants(found: list[re.Match[str]]) -> CommandText:
    """Put together what a comment grants; of two commits that it names, none is sure."""
    verbs = {each["verb"].split()[0].lower() for each in found}
    shas = {each["sha"].lower() for each in found if each["sha"]}
    return CommandText(" ".join(sorted(verbs)), True, shas.pop() if len(shas) == 1 else "")


def own_words(body: str, lazily: bool = False) -> str:
    """Return what a comment says itself, line by line: without quotes, code and HTML comments.

    `lazily` takes a quote to go on until a blank line, as GitHub shows it; who answers below one may forget that line.
    """
    text = _without_mail(_tight(body[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")))
    lines = [_plain(line) for line in _without_blocks(text.split("\n"), lazily)]
    return _tight(_without_spans("\n".join(lines)))


def _tight(text: str) -> str:
    """Make one blank of several within a line: patterns that try each place in a long gap take its square in time."""
    return WIDE_GAP.sub(" ", text)


def _without_mail(text: str) -> str:
    """Drop what an e-mail program has quoted without marks, below its "On … wrote:"; marked lines stand out anyhow."""
    for found in MAIL_QUOTE.finditer(text):
        if not QUOTE.match(text[found.end() :].lstrip("\n")):
            return text[: found.start()]
    return text


def _plain(line: str) -> str:
    """Take the dress off a mention; the report's own help is nobody's command."""
    if "@flinkbot" not in line.casefold():
        return line
    if HELP_LINE in line.casefold():
        return ""
    line = CODED_WORDS.sub(r"\1\2", STRESSED.sub(r"\2", LINKED.sub(lambda found: found[1] or found[2], line)))
    alone = ALONE_IN_CODE.match(line)
    return alone[2] if alone and not SHOWN_GRANT.search(alone[2]) else line


def _without_blocks(lines: list[str], lazily: bool) -> list[str]:
    """Drop fenced and indented code, and quoted lines, which become blank ones."""
    kept: list[str] = []
    fence = ""
    after_blank, quoted = True, False
    for line in lines:
        before, fence = fence, _fence_after(fence, line)
        code = bool(before or fence)
        quoted = bool(QUOTE.match(line)) or (lazily and quoted and bool(line.strip()))
        hidden = code or quoted or (after_blank and bool(INDENTED.match(line)))
        kept.append("" if hidden else line)
        # Indented code goes on while lines are indented; a paragraph may be indented as it likes.
        after_blank = hidden or not line.strip()
    return kept


def _fence_after(fence: str, line: str) -> str:
    """Return the mark of the fence that is open after a line; none is "". One is closed by its own mark alone."""
    found = FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found["mark"]
    closes = found["mark"].startswith(fence) and not found["item"] and not found["rest"].strip()
    return "" if closes else fence


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


MARK = re.compile(rf"\\`|`|<!--|<(?:{QUOTING_TAGS})\b", re.IGNORECASE)


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
        while places and places[-1] < start + length:
            places.pop()
        return places[-1] + length if places else None
    if text.startswith("<!--", start):
        end = text.find("-->", start + 4)
        return end + 3 if end >= 0 else len(text)
    name = CODE_TAG.match(text, start)
    return _end_of_tag(text, start, name[1].lower()) if name else len(text)


def _end_of_tag(text: str, start: int, name: str) -> int:
    """Return where what a tag opens ends; others of its name may stand within."""
    depth = 0
    for found in re.compile(rf"<(/?){name}\b[^<>]*", re.IGNORECASE).finditer(text, start):
        depth += -1 if found[1] else 1
        if depth == 0:
            return min(found.end() + 1, len(text))
    return len(text)


def _backtick_runs(text: str) -> dict[int, list[int]]:
    """Return length → where runs of so many backticks start, the last first: an opening run looks its partner up."""
    runs: dict[int, list[int]] = {}
    for found in reversed(list(re.finditer("`+", text))):
        runs.setdefault(len(found[0]), []).append(found.start())
    return runs


def _short(words: str) -> str:
    return " ".join(words.split())[:60]
