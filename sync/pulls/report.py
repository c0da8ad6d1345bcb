"""CI report comment ↔ what it says, in ci-bot's format to the letter (its `CiReport`), so that either can take over.

<!--
Meta data
{JSON}-->
## CI report:

* <sha> Azure: [SUCCESS](<url>) …

<details> … Bot commands … </details>

PURE
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

META_START = "<!--\nMeta data\n"
META_END = "-->\n## CI report:\n\n"
HELP = (
    "<details>\n"
    "<summary>Bot commands</summary>\n"
    "  The @flinkbot bot supports the following commands:\n"
    "\n"
    " - `@flinkbot run azure` re-run the last Azure build\n"
    "</details>"
)
# The format before JSON: one line for each entry.
OLD_LINE = re.compile(
    r"^Hash:(?P<hash>[0-9a-f]+) Status:(?P<status>[A-Z]+) URL:(?P<url>\S+)"
    r" TriggerType:(?P<trigger_type>\S+) TriggerID:(?P<trigger_id>\S+)$",
    re.MULTILINE,
)
BUILD_ID = re.compile(r"[?&]buildId=(\d{1,18})(?!\d)")
NORMALIZED = re.compile(r".*?buildId=[0-9]+")
# What stands apart from ci-bot's format, below it. ci-bot reads the metadata alone, and writes no section.
SECTION, SECTION_END = "\n<!-- section: ", "\n<!-- end of section -->\n"
SECTION_NAME = re.compile(r"[a-z-]{1,30}")
SURROGATES = re.compile("[\ud800-\udfff]")

LIMIT = 65_536  # GitHub's, of a comment; counted in bytes to be sure
MAX_PARSED = 1_000_000  # characters
NO_URL = "TBD"
NO_HASH = "0000"  # ci-bot's, of entries that belong to no commit
PUSH, MANUAL = "PUSH", "MANUAL"
UNKNOWN, DELETED = "UNKNOWN", "DELETED"
FIELDS = {"hash": "hash", "status": "status", "url": "url", "triggerID": "trigger_id", "triggerType": "trigger_type"}


@dataclass(frozen=True)
class Entry:
    """A build of a commit, and what triggered it: a push (its id is the commit's SHA) or a comment (the comment's)."""

    hash: str
    status: str  # a BuildStatus, or DELETED: its branch is gone, and the commit's line hidden
    url: str
    trigger_id: str
    trigger_type: str
    extra: str = ""  # further fields as JSON, kept as they are

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells entries apart, as in ci-bot."""
        return (self.hash, self.trigger_type, self.trigger_id, self.url)

    @property
    def build_id(self) -> int | None:
        """Return the build that its URL names."""
        return build_id(self.url)


@dataclass(frozen=True)
class Foreign:
    """An entry that is none of ours, kept as the JSON that it is."""

    json: str


@dataclass(frozen=True)
class Section:
    """A part of a report that is ours alone; its text is Markdown, and holds no HTML comment."""

    name: str  # small letters and hyphens
    text: str


@dataclass(frozen=True)
class Report:
    """What a report says, oldest entry first. `note` is a text of ours below the lines, and `sections` below that."""

    entries: tuple[Entry | Foreign, ...] = ()
    note: str = ""
    extra: str = ""  # further fields of the metadata as JSON, kept as they are
    sections: tuple[Section, ...] = ()

    @property
    def known(self) -> tuple[Entry, ...]:
        """Return the entries that we understand."""
        return tuple(entry for entry in self.entries if isinstance(entry, Entry))


@dataclass(frozen=True)
class Parsed:
    """A comment's report, or what is wrong with it."""

    report: Report | None
    problem: str = ""


def is_report(body: str) -> bool:
    """Tell whether a comment has a report's shape. Who wrote it is for the caller to look at."""
    text = _lines(body[:MAX_PARSED])
    return text.startswith(META_START) and META_END in text


def parse(body: str) -> Parsed:
    """Read a comment. Never raises: a broken one has a problem instead of a report."""
    if len(body) > MAX_PARSED:
        return Parsed(None, "it is too large")
    if not is_report(body):
        return Parsed(None, "it has not the shape of a CI report")
    meta, _, shown = _lines(body)[len(META_START) - 1 :].rpartition(META_END)
    sections, shown = _sections(shown)
    note = _note(shown)
    if "{" not in meta:
        old = tuple(Entry(**found.groupdict()) for found in OLD_LINE.finditer(meta))
        return Parsed(Report(old, note, sections=sections))
    try:
        data, _ = json.JSONDecoder(parse_constant=_refuse).raw_decode(meta.strip())
    except (ValueError, RecursionError):
        return Parsed(None, "its metadata is no JSON")
    if not isinstance(data, dict) or not isinstance(data.get("metaDataEntries"), list):
        return Parsed(None, "its metadata holds no entries")
    return Parsed(Report(tuple(map(_entry, data["metaDataEntries"])), note, _extra(data), sections))


def _extra(data: dict[str, Any]) -> str:
    """Return what the metadata holds besides the entries and the version that we write, too."""
    known = {"metaDataEntries": data["metaDataEntries"], "version": 1}
    rest = {name: value for name, value in data.items() if name not in known or value != known[name]}
    return _compact(rest) if rest else ""


def render(report: Report) -> str:
    """Return the comment's text. Where it would be longer than GitHub takes, sections give way, then old entries."""
    if len(text := _render(report).encode()) <= LIMIT:
        return text.decode()
    report = replace(report, sections=())
    low, high = 0, max(len(report.entries) - 1, 0)
    while low < high:  # the smallest number of entries to leave out
        middle = (low + high) // 2
        if len(_render(replace(report, entries=report.entries[middle:])).encode()) <= LIMIT:
            high = middle
        else:
            low = middle + 1
    return _render(replace(report, entries=report.entries[low:]))


def merge(first: Report, second: Report) -> Report:
    """Return the first report with what only the second one holds; its entries are taken for older."""
    have = {entry.key for entry in first.known} | {entry for entry in first.entries if isinstance(entry, Foreign)}
    new = [entry for entry in second.entries if (entry.key if isinstance(entry, Entry) else entry) not in have]
    return replace(first, entries=(*new, *first.entries))


def same_text(one: str, other: str) -> bool:
    """Compare two comments as GitHub may keep them: line ends and outer blanks do not count."""
    return _lines(one).strip() == _lines(other).strip()


def build_id(url: str) -> int | None:
    """Return the id in a build's address; None where it has none."""
    found = BUILD_ID.search(url)
    return int(found[1]) if found else None


def normalized(url: str) -> str:
    """Cut a build's address behind its id, as ci-bot does."""
    found = NORMALIZED.match(url)
    return found[0] if found else url


# What people see ------------------------------------------------------------------------------


def shown_lines(entries: Iterable[Entry | Foreign]) -> list[str]:
    """Return the line of each commit, in order of first appearance; a deleted build hides its commit's line."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if isinstance(entry, Entry):
            groups.setdefault(entry.hash, []).append(entry)
    return [f"* {sha} {_items(group)}\n" for sha, group in groups.items() if all(e.status != DELETED for e in group)]


def _items(group: Sequence[Entry]) -> str:
    last = {entry.url: entry for entry in group}  # of entries with one URL, the last one counts, at its place
    kept = [entry for place, entry in enumerate(group) if entry.url not in {e.url for e in group[place + 1 :]}]
    kept = sorted(kept, key=lambda entry: provider(entry.url) != "Azure")
    items = [f"{provider(e.url)}: [{e.status}]({e.url}) " for e in kept if last[e.url].status != UNKNOWN]
    return "".join(items) or UNKNOWN


def provider(url: str) -> str:
    """Return the CI service that an address belongs to: by ci-bot's rule, or by the form of Azure's own addresses."""
    return "Azure" if "azure" in url or "/_build/results?" in url else "Unknown"


# Reading --------------------------------------------------------------------------------------


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sections(shown: str) -> tuple[tuple[Section, ...], str]:
    """Return the sections in the visible part, and what stands around them."""
    first, *parts = shown.split(SECTION)
    found, rest = [], [first]
    for part in parts:
        name, _, text = part.partition(" -->\n")
        text, end, after = text.partition(SECTION_END)
        if end and SECTION_NAME.fullmatch(name):
            found.append(Section(name, text))
        rest.append(after if end else SECTION + part)
    return tuple(found), "".join(rest)


def _note(shown: str) -> str:
    """Return what stands in the visible part besides the lines and the help."""
    text = shown.partition("<details>\n<summary>Bot commands</summary>")[0]
    return "\n".join(line for line in text.split("\n") if not line.startswith("* ")).strip()


def _entry(value: Any) -> Entry | Foreign:
    if isinstance(value, dict) and all(isinstance(value.get(name), str) for name in FIELDS):
        known = {field: SURROGATES.sub("\ufffd", value[name]) for name, field in FIELDS.items()}
        rest = {name: each for name, each in value.items() if name not in FIELDS}
        if not any("\n" in text or "\r" in text for text in known.values()):
            return Entry(**known, extra=_compact(rest) if rest else "")
    return Foreign(_compact(value))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


# Writing --------------------------------------------------------------------------------------


def _render(report: Report) -> str:
    lines = "".join(shown_lines(report.entries))
    note = f"\n{report.note}\n" if report.note else ""
    sections = "".join(f"{SECTION}{each.name} -->\n{_safe(each.text)}{SECTION_END}" for each in report.sections)
    return f"{META_START}{_metadata(report)}{META_END}{lines}{note}{sections}\n{HELP}"


def _metadata(report: Report) -> str:
    """Write JSON as Jackson's pretty printer does."""
    entries = ", ".join(_entry_json(entry) for entry in report.entries)
    extra = {} if not report.extra else json.loads(report.extra)
    first = f'"version" : {_inline(extra.pop("version", 1))}'
    others = "".join(f",\n  {_inline(name)} : {_inline(value)}" for name, value in extra.items())
    return f'{{\n  {first},\n  "metaDataEntries" : [ {entries}{" " if entries else ""}]{others}\n}}'


def _entry_json(entry: Entry | Foreign) -> str:
    if isinstance(entry, Foreign):
        return _safe(entry.json)
    facts = {name: getattr(entry, field) for name, field in FIELDS.items()}
    facts |= json.loads(entry.extra) if entry.extra else {}
    return "{\n" + ",\n".join(f"    {_inline(name)} : {_inline(value)}" for name, value in facts.items()) + "\n  }"


def _inline(value: Any) -> str:
    return _safe(_compact(value))


def _compact(value: Any) -> str:
    return SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False))


def _safe(text: str) -> str:
    """Keep JSON from ending the HTML comment that it stands in: such characters can only be inside a string."""
    return text.replace("-->", "--\\u003e").replace("--!>", "--!\\u003e")
