"""Acts of the bot in words."""

import re
from pathlib import Path

import pytest

from flinkci_dashboard.jobs.deeds import DEEDS, deed, kinds_said

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("done", "changed the report"),
        ("pending", "about to change the report"),
        ("planned", "would change the report"),
        ("failed", "failed to change the report"),
    ],
)
def test_an_act_is_told_as_far_as_it_has_come(state, words):
    assert deed("change-report", state) == words


def test_what_has_no_words_yet_is_still_readable():
    assert deed("mend-fence", "done") == "done: mend fence"


def test_each_kind_that_is_begun_has_words():
    found = set()
    for path in (each for app in ("sync", "labeler", "agents") for each in (ROOT / app).rglob("*.py")):
        for names, values in re.findall(r"^([A-Z_, ]+) = ((?:\"[a-z-]+\"(?:, )?)+)", path.read_text(), re.MULTILINE):
            kinds = re.findall(r'"([a-z-]+)"', values)
            names = names.split(", ")
            found |= {kind for name, kind in zip(names, kinds, strict=False) if name in KINDS and "-" in kind}
    assert found and found <= set(DEEDS)


KINDS = {"PUSH", "DELETE", "CANCEL", "RETRY", "QUEUE", "QUEUE_MISSING", "CREATE_REPORT", "CHANGE_REPORT"}
KINDS |= {"DELETE_REPORT", "REACT", "REPLY", "RERUN", "DENY", "KIND"}


def test_acts_are_found_by_the_words_that_pages_show():
    assert {"create-report", "change-report"} <= set(kinds_said("report"))
    assert kinds_said("Labels") == ["set-labels"]
