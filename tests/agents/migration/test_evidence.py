"""Which service erred where two differed."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.migration.evidence import Fault, Seen, rulings

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def seen(hours, azure, actions, why=(), of="master", group="test core"):
    agreement = "no verdict" if "none" in (azure, actions) else "agree" if azure == actions else "differ"
    return Seen(hours, of, group, NOW + timedelta(hours=hours), azure, actions, agreement, why)


@pytest.mark.parametrize(
    ("row", "fault", "side"),
    [
        ([seen(0, "failed", "passed", ("flaky",))], Fault.FALSE_RED, "azure"),
        ([seen(0, "passed", "failed", ("infrastructure",))], Fault.FALSE_RED, "actions"),
        ([seen(0, "passed", "failed", ("python",))], Fault.OPEN, ""),
        ([seen(0, "passed", "failed"), seen(1, "passed", "passed")], Fault.FALSE_RED, "actions"),
        (
            [seen(0, "passed", "failed"), seen(1, "failed", "none"), seen(2, "failed", "failed")],
            Fault.FALSE_GREEN,
            "azure",
        ),
        ([seen(0, "failed", "passed"), seen(1, "none", "passed")], Fault.OPEN, ""),
        ([seen(0, "failed", "passed"), seen(1, "passed", "passed", of="#1")], Fault.OPEN, ""),
        ([seen(0, "failed", "passed"), seen(1, "passed", "passed", group="e2e 1")], Fault.OPEN, ""),
    ],
)
def test_what_came_later_tells(row, fault, side):
    found = rulings(row)
    assert [(each.fault, each.side) for each in found] == [(fault, side)]


def test_the_newest_difference_comes_first():
    found = rulings([seen(0, "failed", "passed"), seen(5, "passed", "failed"), seen(9, "passed", "passed")])
    assert [each.seen.pair for each in found] == [5, 0]
