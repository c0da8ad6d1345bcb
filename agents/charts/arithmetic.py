"""Hours, days and percentiles. PURE"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def midnight(day: date) -> datetime:
    """Return the start of a day."""
    return datetime.combine(day, time(), UTC)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Return the whole seconds from start to end: 0 where clocks disagree, None where one is not told."""
    return max(int((end - start).total_seconds()), 0) if start and end else None
