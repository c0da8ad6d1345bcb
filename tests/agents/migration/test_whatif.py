"""A week's load of one service on the other's runners."""

import pytest

from agents.migration.whatif import Load, Scale, project, scales

LOADS = [Load("master", "compile", 600, 2), Load("pull requests", "compile", 6000, 20), Load("master", "e2e", 1200, 2)]
ALL = ({"compile", "e2e"}, {"master", "pull requests"})


def test_pairs_tell_the_scale_of_a_group_and_of_all():
    found = scales([("compile", 300, 450, 3), ("e2e", 100, 50, 1)])
    assert found["compile"] == Scale(1.5, 3)
    assert "e2e" not in found and found[""] == Scale(1.25, 4)


def test_without_pairs_there_is_no_scale():
    assert scales([]) == {} and scales([("a", 0, 5, 3)]) == {}


@pytest.mark.parametrize(
    ("groups", "branches", "minutes"),
    [
        (*ALL, (600 + 6000) * 1.5 / 60 + 1200 * 2 / 60),
        ({"compile"}, {"master"}, 15),
        ({"e2e"}, {"pull requests"}, 0),
        (set(), ALL[1], 0),
    ],
)
def test_chosen_jobs_of_chosen_branches_move(groups, branches, minutes):
    assert project(LOADS, {"compile": Scale(1.5, 9), "": Scale(2, 9)}, groups, branches).minutes == minutes


def test_what_no_pair_scales_counts_as_it_is_and_is_told():
    found = project(LOADS, {}, *ALL)
    assert (found.minutes, found.jobs, found.unscaled) == (130, 24, 24)
