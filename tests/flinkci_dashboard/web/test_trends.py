"""The last day as bars."""

from datetime import UTC, datetime, timedelta

from flinkci_dashboard.web.trends import HEIGHT, HOURS, LOWEST, Step, counted_trend, trend

NOW = datetime(2026, 11, 25, 21, 40, tzinfo=UTC)


def test_the_highest_has_all_the_room_and_something_is_more_than_nothing():
    drawn = trend("", [Step(NOW, value, "good", "") for value in (0, 1, 100)])
    assert [bar.height for bar in drawn.bars] == [1, LOWEST, HEIGHT]


def test_what_ended_is_counted_by_hour_and_one_failure_colours_it():
    ends = [(NOW, False), (NOW - timedelta(minutes=5), True), (NOW - timedelta(hours=3), False), (NOW, False)]
    drawn = counted_trend("", ends, NOW, "build")
    assert len(drawn.bars) == HOURS
    assert (drawn.bars[-1].step.kind, drawn.bars[-1].step.words) == ("bad", "3 builds, 1 failed")
    assert (drawn.bars[-4].step.kind, drawn.bars[-4].step.words) == ("good", "1 build, 0 failed")
    assert {bar.step.kind for bar in drawn.bars[:-4]} == {"idle"}
