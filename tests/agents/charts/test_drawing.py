"""Charts' geometry and words, and the marks of a branch's grid, by table."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.builds.grid import green_streak, marks
from agents.charts.drawing import HEIGHT, WIDTH, Series, bar, line_chart, nice_duration, nice_top, plain

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def points(*values):
    return tuple((NOW + timedelta(hours=index), value) for index, value in enumerate(values))


def test_a_line_runs_from_value_to_value():
    chart = line_chart("k", "Busy", "", [Series("one", "azure", points(0, 5, 10))], plain)
    assert chart.lines[0].path == "M166.67,200 L500,100 L833.33,0"
    assert chart.ticks == ("10", "5", "0")
    assert chart.summary == "Latest: one 10."


def test_an_unknown_value_is_a_gap_and_not_a_zero():
    chart = line_chart("k", "Busy", "", [Series("one", "azure", points(1, None, 1, 1, None, 1))], plain)
    assert chart.lines[0].path.count("M") == 1
    assert len(chart.lines[0].dots) == 2
    assert chart.columns[1].words == ("–",)


def test_series_with_other_moments_share_the_axis():
    series = [Series("one", "azure", points(1, 2)), Series("two", "alibaba", ((NOW + timedelta(hours=5), 2.0),))]
    chart = line_chart("k", "Busy", "", series, plain)
    assert [column.words for column in chart.columns] == [("1", "–"), ("2", "–"), ("–", "2")]


def test_a_chart_of_nothing_says_so():
    chart = line_chart("k", "Busy", "", [Series("one", "azure", ())], plain)
    assert chart.is_empty
    assert chart.summary == "No figures yet."


def test_a_value_above_the_fixed_top_stays_inside():
    chart = line_chart("k", "Rate", "", [Series("one", "azure", points(2, 2))], plain, lambda _: 1)
    assert chart.lines[0].path == "M250,0 L750,0"


@pytest.mark.parametrize("value, top", [(0, 1), (0.3, 0.4), (1, 1), (1.1, 2), (28, 40), (99, 100), (101, 200)])
def test_nice_top(value, top):
    assert nice_top(value) == pytest.approx(top)


@pytest.mark.parametrize(
    "seconds, top",
    [(0, 2), (3, 4), (31, 60), (61, 120), (1_300, 3_600), (20_000, 21_600), (86_400, 86_400), (130_000, 172_800)],
)
def test_nice_duration(seconds, top):
    assert nice_duration(seconds) == top


def span(start, end):
    return NOW + timedelta(minutes=start), NOW + timedelta(minutes=end)


@pytest.mark.parametrize(
    "start, end, expected",
    [
        (0, 50, (0, WIDTH / 2)),
        (-50, 200, (0, WIDTH)),
        (25, 75, (WIDTH / 4, WIDTH / 2)),
        (50, 50, (WIDTH / 2, 2)),
        (120, 130, None),
        (-20, -10, None),
    ],
)
def test_a_bar_is_placed_in_its_span(start, end, expected):
    placed = bar(*span(start, end), span(0, 100), "run", "words")
    assert (placed and (placed.x, placed.width)) == expected


def test_a_span_without_length_has_no_bars():
    assert bar(NOW, NOW, (NOW, NOW), "run", "") is None
    assert HEIGHT > 0


@pytest.mark.parametrize(
    "history, expected",
    [
        (["succeeded", "failed", "failed", "succeeded"], "good new still good"),
        (["failed"], "new"),
        (["failed", "canceled", "failed"], "new other still"),
        (["failed", None, "failed"], "new none still"),
        (["succeeded", "skipped", "failed"], "good other new"),
        (["partial", "abandoned", "running"], "good new open"),
        (["queued"], "open"),
    ],
)
def test_marks(history, expected):
    assert " ".join(marks(history)) == expected


@pytest.mark.parametrize(
    "newest_first, streak",
    [
        ([], 0),
        (["succeeded", "succeeded", "failed"], 2),
        (["running", "succeeded", "canceled", "succeeded"], 2),
        (["partial", "succeeded"], 0),
        (["failed"], 0),
    ],
)
def test_green_streak(newest_first, streak):
    assert green_streak(newest_first) == streak


def test_moments_stand_as_far_apart_as_they_are_in_time():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seen = tuple((start + timedelta(hours=hours), 1.0) for hours in (0, 1, 9, 10))
    chart = line_chart("k", "t", "n", [Series("s", "one", seen)], plain)
    places = [float(each.split(",")[0]) for each in chart.lines[0].path.lstrip("M").split(" L")]
    assert places[2] - places[1] == pytest.approx(8 * (places[1] - places[0]), abs=0.1)
    assert chart.columns[0].x == 0
    assert chart.columns[-1].x + chart.columns[-1].width == pytest.approx(WIDTH)


def test_an_axis_has_three_different_labels():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for greatest in (0.07, 0.1, 0.6, 1, 3, 37):
        chart = line_chart("k", "t", "n", [Series("s", "one", ((start, greatest),))], plain)
        assert len(set(chart.ticks)) == 3, chart.ticks
