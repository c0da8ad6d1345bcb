"""The commits of mirrored branches, with who wrote them and what they are about."""

import pytest

from agents.builds.commits import remember, tags
from agents.models import Commit
from flinkci_dashboard.jobs.run import run_pass


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("[FLINK-1][table] Fix", ["table"]),
        ("[hotfix][runtime][tests] Fix", ["runtime", "tests"]),
        ("[BP-2.1][FLINK-1][connectors/kafka] Fix", ["connectors/kafka"]),
        ("Fix [something]", []),
        ("", []),
    ],
)
def test_a_subject_names_what_it_is_about(subject, expected):
    assert tags(subject) == expected


@pytest.mark.django_db
def test_a_commit_is_kept_once_in_its_branchs_order():
    for sha in ("a" * 40, "b" * 40, "a" * 40):
        remember("master", sha, "Ada", "[FLINK-7][table] Fix", None)
    remember("release-2.1", "a" * 40, "Ada", "", None)
    rows = Commit.objects.order_by("branch", "order").values_list("branch", "order", "ticket")
    assert list(rows) == [("master", 0, "FLINK-7"), ("master", 1, "FLINK-7"), ("release-2.1", 0, "")]


def test_the_mirror_sync_keeps_each_head_that_it_sees(mirrored):
    first = mirrored.heads()["master"]
    second = mirrored.commit("master", "[FLINK-8][runtime] Fix", "Björn <b@example.org>")
    run_pass("sync_mirrors", "command")
    rows = Commit.objects.filter(branch="master").order_by("order")
    assert [row.sha for row in rows] == [first, second]
    assert (rows[1].author, rows[1].ticket, rows[1].modules) == ("Björn", "FLINK-8", ["runtime"])
