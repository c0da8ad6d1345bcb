"""Lengths of time in words. PURE"""

from dataclasses import dataclass
from datetime import datetime, timedelta

TIME = "{time}"  # in a sentence: how long it has been so
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Lasting:
    """A sentence, and since when: {time} in it is how long ago that is. Pages keep it true by themselves."""

    text: str
    since: datetime | None = None

    def at(self, now: datetime) -> str:
        """Return the whole sentence as it is at a moment."""
        return self.text.replace(TIME, duration(int((now - (self.since or now)).total_seconds())))

    @property
    def capital(self) -> "Lasting":
        """Return the same with a capital."""
        return Lasting(self.text[:1].upper() + self.text[1:], self.since)

    @property
    def halves(self) -> tuple[str, str]:
        """Return the sentence, and apart from it the cause in brackets at its end: a phone has no room for that."""
        depth = 0
        for place, sign in reversed(list(enumerate(self.text))):
            depth += {")": 1, "(": -1}.get(sign, 0)
            if not depth:
                head = self.text[:place].rstrip() if sign == "(" else self.text
                return head, self.text[len(head) :]
        return self.text, ""

    @property
    def hint(self) -> str:
        """Return the sentence for where nothing can be kept true: without how long."""
        return self.text.replace(TIME, "…")


def duration(length: timedelta | float | str | None) -> str:
    """Say a length of time (seconds) in its two largest units: "2 h 5 min"; below ten seconds with a decimal.

    An unknown one is "–": None, or the empty text that a missing value is to a template. None is below zero.
    """
    if length is None or isinstance(length, str):
        return "–"
    seconds = max(length.total_seconds() if isinstance(length, timedelta) else float(length), 0)
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    counted, rest = [], int(seconds)
    for size, unit in UNITS:
        number, rest = divmod(rest, size)
        counted.append((number, unit))
    first = next(place for place, (number, _) in enumerate(counted) if number)
    return " ".join(f"{number} {unit}" for number, unit in counted[first : first + 2] if number)


def told(form: str, seconds: float) -> str:
    """Say how long ago something was ("ago"), how long it has lasted ("since"), or when it is to come ("due").

    `site.js` says the same, second by second.
    """
    whole = int(abs(seconds))
    text = duration(whole - whole % 60 if 60 <= whole < 3_600 else whole)
    if form == "since":
        return text
    if seconds <= -1:
        return f"in {text}"
    return "now" if form == "due" or whole < 1 else f"{text} ago"
