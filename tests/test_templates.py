"""Templates and styles: short lines, each fragment in use, one stylesheet that says each thing once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
WORDS_OF_TEMPLATES = re.compile(r"\|pluralize|\bpluralize\b")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_lines_are_short_and_plurals_are_made_elsewhere(path):
    text = path.read_text()
    assert [line for line in text.splitlines() if len(line) > 120] == []
    assert not WORDS_OF_TEMPLATES.search(text)


def test_every_fragment_is_included_or_rendered_somewhere():
    modules = [
        path for app in ("flinkci_dashboard", "sync", "labeler", "agents") for path in (ROOT / app).rglob("*.py")
    ]
    text = "\n".join(path.read_text() for path in (*TEMPLATES, *modules))
    names = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES if path.name.startswith("_")]
    assert [name for name in names if f'"{name}"' not in text] == []


STYLES = re.sub(r"/\*.*?\*/", "", (ROOT / "static/site.css").read_text(), flags=re.DOTALL)


def test_styles_take_sizes_and_radii_from_tokens():
    body = STYLES[STYLES.index("*, *::before") :]
    assert re.findall(r"font(?:-size)?: (?:\d+ )?[1-9][\d.]*(?:px|rem|em)[^;]*", body) == []
    assert re.findall(r"border-radius: [1-9]\d*px", body) == []
    used, defined = set(re.findall(r"var\((--[\w-]+)", STYLES)), set(re.findall(r"(--[\w-]+):", STYLES))
    assert used == defined


def test_styles_say_each_thing_once():
    outside = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", STYLES)
    selectors = [selector.strip() for selector in re.findall(r"([^{}]+)\{", outside) if "@" not in selector]
    assert [selector for selector in set(selectors) if selectors.count(selector) > 1] == []


def test_lines_of_stretched_charts_keep_their_width():
    assert "svg.chart :is(.line, .grid, .axis) { vector-effect: non-scaling-stroke; }" in STYLES
