"""The commits of mirrored branches, with who wrote them and what they are about."""

import shutil

import pytest
from django.conf import settings

from agents.builds.commits import remember, tags
from agents.models import Commit
from flinkci_dashboard.clients.git.commits import CommitFacts
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.sandbox.world import MIRROR, SOURCE
from sync.models import MirrorBranch


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
    a, b, c, d = (CommitFacts(letter * 40, "Ada", None, "[FLINK-7][table] Fix") for letter in "abcd")
    for told in ([b], [b], [a, b, c], [b, c, d]):  # what came before the first that was seen is left out
        remember("master", told)
    remember("release-2.1", [a, b])
    rows = Commit.objects.order_by("branch", "order").values_list("branch", "order", "sha")
    shas = [("master", 0, b), ("master", 1, c), ("master", 2, d), ("release-2.1", 0, a), ("release-2.1", 1, b)]
    assert list(rows) == [(branch, order, commit.sha) for branch, order, commit in shas]


def test_the_mirror_sync_keeps_each_commit_between_two_heads_that_it_sees(mirrored):
    first = mirrored.heads()["master"]
    second = mirrored.commit("master", "[FLINK-8][runtime] Fix", "Björn <b@example.org>")
    third = mirrored.commit("master", "[FLINK-9][table] Fix", "Ada <a@example.org>")
    run_pass("sync_mirrors", "command")
    rows = list(Commit.objects.filter(branch="master").order_by("order"))[-3:]
    assert [row.sha for row in rows] == [first, second, third]
    assert (rows[1].author, rows[1].ticket, rows[1].modules) == ("Björn", "FLINK-8", ["runtime"])


def test_where_nothing_is_to_be_fetched_the_history_is_asked_for_once(mirrored):
    MirrorBranch.objects.all().delete()
    Commit.objects.all().delete()
    shutil.rmtree(settings.DATA_DIR / "git")
    heads = [mirrored.commit("master", f"[FLINK-{number}][table] Fix") for number in (8, 9)]
    mirrored.repositories.git(MIRROR, "fetch", str(mirrored.repositories.path(SOURCE)), "master:master")
    for _ in range(2):
        run_pass("sync_mirrors", "command")
        assert [row.sha for row in Commit.objects.filter(branch="master").order_by("order")][-2:] == heads
