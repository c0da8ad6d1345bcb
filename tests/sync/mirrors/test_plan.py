"""What the mirror job decides: which branches, and what to do about each."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.mirrors.plan import MEANINGS, out_of_reach, plan, plan_reset, select_branches
from sync.mirrors.values import (
    BranchState,
    Failure,
    KnownBranch,
    Observation,
    Policy,
    Push,
    Relation,
    ResetRequest,
)
from sync.models import MirrorBranch

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)
A, B, C = "a" * 40, "b" * 40, "c" * 40
MASTER = Policy()


def selected(branches, tags, **policy) -> list[str]:
    return [choice.branch for choice in select_branches(branches, tags, Policy(**policy)) if choice.selected]


def reason(branch, branches, tags, **policy) -> str:
    return {choice.branch: choice.reason for choice in select_branches(branches, tags, Policy(**policy))}[branch]


FLINK = ["master", "release-1.9", "release-1.10", "release-1.20", "release-2.0", "release-2.1", "release-2.2"]
FLINK_TAGS = ["release-1.9.3", "release-1.10.0", "release-1.20.1", "release-2.0.0", "release-2.0.1", "release-2.1.0"]


@pytest.mark.parametrize(
    ("branches", "tags", "policy", "expected"),
    [
        pytest.param(FLINK, FLINK_TAGS, {}, ["master", "release-2.2", "release-2.1", "release-2.0"], id="as of now"),
        pytest.param(
            FLINK,
            [*FLINK_TAGS, "release-2.2.0-rc1", "release-2.2.0-rc2"],
            {},
            ["master", "release-2.2", "release-2.1", "release-2.0"],
            id="a release candidate publishes nothing",
        ),
        pytest.param(
            FLINK,
            [*FLINK_TAGS, "release-2.2.0"],
            {},
            ["master", "release-2.2", "release-2.1"],
            id="a release pushes the oldest out",
        ),
        pytest.param(
            ["release-1.9", "release-1.10", "release-1.8"],
            ["release-1.8.0", "release-1.9.0", "release-1.10.0"],
            {},
            ["master", "release-1.10", "release-1.9"],
            id="versions sort as numbers",
        ),
        pytest.param(
            ["master", "release-japicmp", "release-2.2-rc1", "release-2.x", "release-02.1", "release-2.1.0", "foo"],
            ["release-2.1.0"],
            {},
            ["master"],
            id="names that only look like a release",
        ),
        pytest.param(FLINK, [], {}, ["master", *reversed(FLINK[1:])], id="nothing published yet"),
        pytest.param(FLINK, FLINK_TAGS, {"published_versions": 0}, ["master", "release-2.2"], id="only unpublished"),
        pytest.param(
            FLINK,
            FLINK_TAGS,
            {"pinned": ("release-1.20",), "excluded": ("release-2.0",)},
            ["master", "release-2.2", "release-2.1", "release-1.20"],
            id="pinned and excluded",
        ),
        pytest.param(
            FLINK,
            FLINK_TAGS,
            {"pinned": ("release-1.20",), "excluded": ("release-1.20", "master"), "published_versions": 1},
            ["release-2.2", "release-2.1"],
            id="excluded wins",
        ),
        pytest.param([], [f"release-{'9' * 5000}.1.0"], {}, ["master"], id="absurd numbers are no versions"),
    ],
)
def test_the_policy_selects(branches, tags, policy, expected):
    assert selected(branches, tags, **policy) == expected


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        ("master", "Always mirrored"),
        ("release-2.2", "not published yet"),
        ("release-2.1", "2.1 is the most recently published version"),
        ("release-2.0", "2.0 is a recently published version"),
        ("release-1.20", "Pinned"),
        ("release-1.10", "1.10 is published, but 2 newer versions are"),
        ("release-1.9", "Excluded"),
        ("release-1.15", "never published"),
        ("release-japicmp", "not release-X.Y"),
    ],
)
def test_every_branch_that_looks_like_a_release_is_told_why(branch, words):
    branches = [*FLINK, "release-japicmp", "release-1.15"]
    assert words in reason(branch, branches, FLINK_TAGS, pinned=("release-1.20",), excluded=("release-1.9",))


def observe(source=None, target=None, **more) -> Observation:
    heads = [{"master": sha} if sha else {} for sha in (source, target)]
    return Observation(heads[0], {}, heads[1], **more)


def known(state, **facts) -> dict[str, KnownBranch]:
    return {"master": KnownBranch(BranchState(state), **({"source_sha": B, "target_sha": A} | facts))}


AHEAD_ONLY_SOURCE = {(A, B): Relation(False, 0, 3)}
BOTH_MOVED = {(A, B): Relation(True, 2, 3)}
REFUSED = {"source_sha": B, "target_sha": A, "commits_behind": 3, "detail": "protected"}
PUSH = (Push("master", A, B),)


@pytest.mark.parametrize(
    ("seen", "before", "state", "pushes", "compared"),
    [
        pytest.param(observe(A, A), {}, "in_sync", (), False, id="the same head"),
        pytest.param(observe(B), {}, "new", (Push("master", "", B),), False, id="not on the mirror yet"),
        pytest.param(observe(B, A), {}, "behind", (), True, id="heads differ: compare first"),
        pytest.param(observe(B, A, relations=AHEAD_ONLY_SOURCE), {}, "behind", PUSH, False, id="behind"),
        pytest.param(observe(B, A, relations=BOTH_MOVED), {}, "diverged", (), False, id="diverged is left alone"),
        pytest.param(observe(None, A), {}, "gone", (), False, id="gone from the source: never deleted"),
        pytest.param(observe(), {}, "gone", (), False, id="on neither side"),
        pytest.param(observe(B, A), known("diverged"), "diverged", (), False, id="still diverged: nothing to do"),
        pytest.param(observe(C, A), known("diverged"), "behind", (), True, id="diverged, then the source moved"),
        pytest.param(observe(B, A), known("behind", commits_behind=3), "behind", PUSH, False, id="behind, as recorded"),
        pytest.param(observe(B, A), known("rejected", due_at=LATER, **REFUSED), "rejected", (), False, id="refused"),
        pytest.param(observe(B, A), known("rejected", due_at=NOW, **REFUSED), "behind", PUSH, False, id="tried again"),
        pytest.param(
            observe(C, A),
            known("rejected", due_at=LATER, **REFUSED),
            "behind",
            (),
            True,
            id="refused, then the source moved",
        ),
        pytest.param(
            observe(B),
            known("rejected", due_at=LATER, source_sha=B, target_sha=""),
            "rejected",
            (),
            False,
            id="a new branch was refused",
        ),
        pytest.param(
            observe(B, A), known("not_authorized", due_at=LATER, **REFUSED), "not_authorized", (), False, id="no right"
        ),
        pytest.param(observe(B, A), known("unreachable", **REFUSED), "behind", PUSH, False, id="back in reach"),
        pytest.param(
            observe(B, A, failures={"master": Failure(BranchState.REJECTED, "no")}, relations=AHEAD_ONLY_SOURCE),
            {},
            "rejected",
            (),
            False,
            id="refused in this pass",
        ),
        pytest.param(
            observe(B, A, failures={"master": Failure(None, "disk full")}), {}, "behind", (), False, id="no space"
        ),
        pytest.param(
            observe(B, B, failures={"master": Failure(BranchState.REJECTED, "no")}),
            {},
            "in_sync",
            (),
            False,
            id="there",
        ),
    ],
)
def test_each_state_and_what_follows(seen, before, state, pushes, compared):
    decided = plan(MASTER, seen, before, NOW)
    (facts,) = decided.branches
    assert (facts.state, decided.pushes, bool(decided.compare)) == (state, pushes, compared)
    assert decided.settled == (not pushes and not compared)


def test_a_person_who_waits_overrides_the_back_off_and_recorded_relations():
    for state in ("rejected", "diverged"):
        decided = plan(MASTER, observe(B, A), known(state, due_at=LATER, **REFUSED), NOW, forced=True)
        assert decided.compare


def test_a_settled_plan_repeated_says_the_same():
    before = known("diverged", detail="The mirror has 2 commits …", commits_behind=3)
    facts = plan(MASTER, observe(B, A), before, NOW + timedelta(days=1)).branches[0]
    assert (facts.detail, facts.commits_behind) == ("The mirror has 2 commits …", 3)


def test_divergence_is_told_in_commits():
    facts = plan(MASTER, observe(B, A, relations={(A, B): Relation(True, 1, 3)}), {}, NOW).branches[0]
    assert (
        facts.detail == "The mirror has 1 commit that the source does not have; the source has 3 commits that "
        "the mirror does not have."
    )


def test_one_branch_that_fails_leaves_the_others_their_push():
    source, target = {"master": B, "release-2.0": B}, {"master": A, "release-2.0": A}
    seen = Observation(source, {}, target, AHEAD_ONLY_SOURCE, {"master": Failure(BranchState.REJECTED, "no")})
    assert plan(MASTER, seen, {}, NOW).pushes == (Push("release-2.0", A, B),)


def test_refs_of_others_on_the_mirror_are_not_touched_nor_shown():
    seen = Observation({"master": A}, {}, {"master": A, "somebodys-work": B})
    assert [facts.branch for facts in plan(MASTER, seen, {}, NOW).branches] == ["master"]


def test_what_only_the_mirror_has_left_is_shown_as_gone():
    seen = Observation({"master": A}, {}, {"master": A, "release-1.5": B, "lts": C})
    states = {facts.branch: facts.state for facts in plan(MASTER, seen, known("in_sync"), NOW).branches}
    assert states == {"master": "in_sync", "release-1.5": "gone"}
    before = {"lts": KnownBranch(BranchState.IN_SYNC)}
    assert "lts" in {facts.branch for facts in plan(MASTER, seen, before, NOW).branches}


def test_while_a_side_is_out_of_reach_heads_stay_as_last_seen():
    before = known("in_sync") | {"release-1.5": KnownBranch(BranchState.NOT_SELECTED, selected=False)}
    (facts,) = out_of_reach(before, BranchState.UNREACHABLE, "no route")
    assert (facts.branch, facts.state, facts.detail, facts.source_sha) == ("master", "unreachable", "no route", B)


@pytest.mark.parametrize(
    ("seen_at", "observation", "answer"),
    [
        (A, observe(B, A, relations=BOTH_MOVED), Push("master", A, B, reset=True)),
        (C, observe(B, A, relations=BOTH_MOVED), "has moved on the mirror since you looked"),
        (A, observe(B, A, relations=AHEAD_ONLY_SOURCE), "has not diverged"),
        (A, observe(A, A), "in sync"),
        (A, observe(None, A), "has not diverged"),
        (A, Observation({}, {}, {}), "has moved on the mirror"),
    ],
)
def test_only_a_diverged_branch_is_reset_and_only_from_where_it_was_seen(seen_at, observation, answer):
    facts = plan(MASTER, observation, {}, NOW).branches[0]
    decided = plan_reset(ResetRequest("flink-ci/flink-mirror", "master", seen_at), facts)
    assert decided == answer if isinstance(answer, Push) else answer in decided


def test_a_branch_that_is_not_mirrored_is_never_reset():
    assert "not mirrored" in plan_reset(ResetRequest("flink-ci/flink-mirror", "x", A), None)


@pytest.mark.parametrize("lacking", ["target", "branch", "seen"])
@pytest.mark.parametrize("instead", [None, "", "x"])
def test_a_reset_request_is_read_strictly(lacking, instead):
    facts = {"target": "flink-ci/flink-mirror", "branch": "master", "seen": A}
    assert ResetRequest.of(facts) == ResetRequest(**facts)
    good = instead == "x" and lacking != "seen"
    assert (ResetRequest.of(facts | {lacking: instead}) is not None) == good
    assert ResetRequest.of({}) is None


def test_every_state_has_its_meaning_and_its_row():
    assert set(MEANINGS) == set(BranchState)
    assert {state.value for state in BranchState} == set(MirrorBranch.State.values)
    assert all(MEANINGS[state].remedy for state in BranchState if state != "in_sync")


def test_heads_without_their_tags_change_nothing_about_which_branches_are_mirrored():
    def look(tags, known, *newer) -> dict[str, KnownBranch]:
        found = plan(MASTER, Observation(dict.fromkeys([*FLINK, *newer], A), dict.fromkeys(tags, B), {}), known, NOW)
        return {each.branch: KnownBranch(each.state, each.selected, each.reason) for each in found.branches}

    before = look(FLINK_TAGS, {})
    bare = look([], before, "release-2.3")
    assert [name for name, row in bare.items() if row.selected] == [n for n, row in before.items() if row.selected]
    assert look(FLINK_TAGS, bare, "release-2.3")["release-2.3"].selected
    assert all(row.selected for row in look([], {}).values())  # a source that never had any is another matter
