"""The README tells the truth: its tree is on disk, and what it names is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.architecture.tree import FLOORS, modules

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BUILT = README.split("## How it is built")[1]
TREE = BUILT.split("```")[1].strip("\n").splitlines()
PLACES = [
    name for row in re.findall(r"^\| .* \| (`.*`) \|$", BUILT, re.MULTILINE) for name in re.findall("`(.+?)`", row)
]
OURS = {name for name, app in get_commands().items() if app in FLOORS}


def folders() -> set[str]:
    """Return the folders that the tree names, each with the folder that it is in."""
    found, top = set(), ""
    for line in TREE:
        names, words = re.split(r" {2,}", line.strip(), maxsplit=1)
        prefix = top if line.startswith(" ") else ""
        found |= {prefix + name for name in names.split()}
        top = prefix or names.split()[0]
        found |= {top + name for name in re.findall(r"\w+/", words)}
    return found


def test_the_tree_has_ten_lines():
    assert len(TREE) == 10


@pytest.mark.parametrize("folder", sorted(folders()))
def test_what_the_tree_names_is_there(folder):
    assert (ROOT / folder).is_dir()


def test_every_room_stands_in_the_tree():
    rooms = {f"{Path(module.where).parent}/" for module in modules(ROOT) if module.where.count("/") == 2}
    aside = {f"{app}/{name}/" for app in FLOORS for name in ("management", "templatetags", "models")}
    assert rooms - aside <= folders()


@pytest.mark.parametrize("place", PLACES)
def test_every_place_for_a_change_is_there(place):
    name = place.replace("…", "agents/builds").replace("/<service>", "")
    assert (ROOT / f"{name}.py").is_file() or (ROOT / name).is_dir()


@pytest.mark.parametrize("command", sorted(OURS))
def test_every_command_has_its_line(command):
    assert re.search(rf"^\| `{command}\b.*` \|", README, re.MULTILINE)


def test_every_variable_has_its_line():
    settings = (ROOT / "flinkci_dashboard" / "settings.py").read_text()
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', settings)) | {
        "BIND",
        "GITHUB_TOKEN",
        "AZURE_TOKEN",
        "JIRA_TOKEN",
    }
    described = {
        name for row in re.findall(r"^\| (`[A-Z_`, ]+`) \|", README, re.MULTILINE) for name in re.findall(r"\w+", row)
    }
    assert described == read
