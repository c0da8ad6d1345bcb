"""Azure's load on hosted runners."""

from datetime import date, timedelta

import pytest

from agents.migration.budget.whatif import Load, Scale, Wide, jobs_at_once, project, scales

DAY = date(2026, 11, 23)
PULLS = "pull requests"
LOADS = [
    Load(DAY, "master", "compile", 600, 2),
    Load(DAY, PULLS, "compile", 6000, 20),
    Load(DAY + timedelta(days=1), "master", "e2e", 1200, 2, nightly=True),
]
ALL = ({"compile": 1.0, "e2e": 1.0}, {"master": 1.0, PULLS: 1.0})
BY = {"compile": Scale(1.5, 9), "": Scale(2, 9)}


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
        ({"compile": 1.0}, {"master": 1.0}, 15),
        ({"e2e": 1.0}, {PULLS: 1.0}, 0),
        ({}, ALL[1], 0),
        ({"compile": 0.5}, {"master": 1.0}, 7.5),
        ({"compile": 1.0}, {"master": 0.5, PULLS: 0.1}, (300 + 600) * 1.5 / 60),
        ({"compile": 0.5, "e2e": 0.0}, {"master": 0.5, PULLS: 0.0}, 3.75),
    ],
)
def test_chosen_jobs_of_chosen_branches_move(groups, branches, minutes):
    assert project(LOADS, BY, groups, branches).minutes(DAY) == minutes


def test_days_count_from_one_on_and_nights_apart_whatever_moves():
    found = project(LOADS, BY, ALL[0], {PULLS: 1.0})
    assert (found.minutes(DAY), found.minutes(DAY + timedelta(days=1))) == (150, 0)
    assert found.by_nightly == {"master": 40}


def test_what_no_pair_scales_counts_as_it_is_and_is_told():
    found = project(LOADS, {}, *ALL)
    assert (found.minutes(DAY), found.jobs, found.unscaled) == (130, 24, 24)


# One compiles first; then three wait for machines, of which Azure had one: hosted runners take them all at once.
WIDE = Wide("master", (("compile", 0, 600), ("test", 600, 60), ("test", 600, 60), ("e2e", 600, 30)))


@pytest.mark.parametrize(
    ("groups", "branches", "most"),
    [
        ({"compile", "test", "e2e"}, {"master"}, 3),
        ({"test"}, {"master", PULLS}, 2),
        ({"compile"}, {"master"}, 1),
        (ALL[0], {PULLS}, 0),
        (set(), {"master"}, 0),
    ],
)
def test_jobs_at_once_are_those_that_could_run(groups, branches, most):
    assert jobs_at_once([WIDE], {}, groups, branches) == most


def test_slower_runners_make_jobs_overlap():
    assert jobs_at_once([WIDE], {"compile": Scale(1.5, 9)}, {"compile", "test"}, {"master"}) == 3
