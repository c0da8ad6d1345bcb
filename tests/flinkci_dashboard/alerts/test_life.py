"""Whatever findings do over a day, a place hears of each alert once when it begins and once when it is over."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flinkci_dashboard.alerts.episodes import COMES_BACK, Episode, Event, Place, changes, news_for
from flinkci_dashboard.alerts.findings import Severity

START = datetime(2026, 11, 25, tzinfo=UTC)
HERE = Place("channel:1", START - timedelta(days=1))
KEYS = st.sampled_from(("red:master", "disk:host1"))
MINUTES = st.sampled_from((0.1, 0.3, 1, 5, 20, 40, 300))
OVER = (Event.ENDED, Event.SETTLED)


class Life(RuleBasedStateMachine):
    """Findings come and go, passes run at odd times, and a pass may be killed after it sent, before it noted that."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.stands: set[str] = set()
        self.folded: set[str] = set()
        self.episodes: list[Episode] = []
        self.heard: Counter[tuple[int, Event]] = Counter()
        self.lost: Counter[tuple[int, Event]] = Counter()  # sent, and not noted

    @rule(key=KEYS, minutes=MINUTES)
    def begins(self, key: str, minutes: float) -> None:
        self.stands.add(key)
        self.passes(minutes, killed=False)

    @rule(key=KEYS, minutes=MINUTES)
    def ends(self, key: str, minutes: float) -> None:
        self.stands.discard(key)
        self.folded.discard(key)
        self.passes(minutes, killed=False)

    @rule(key=KEYS)
    def is_explained(self, key: str) -> None:
        if key in self.stands:
            self.folded ^= {key}

    @rule(key=KEYS, silenced=st.booleans())
    def is_silenced(self, key: str, silenced: bool) -> None:
        self.episodes = [
            replace(each, silenced=silenced) if each.key == key and not each.ended_at else each
            for each in self.episodes
        ]

    @rule(minutes=MINUTES, killed=st.sampled_from((False, False, False, True)))
    def passes(self, minutes: float, killed: bool) -> None:
        self.now += timedelta(minutes=minutes)
        self._record()
        told = news_for(HERE, self.episodes, self.now)
        self.heard.update((each.episode.pk, each.event) for each in told)
        for each in told:
            if killed:
                self.lost[each.episode.pk, each.event] += 1
            else:
                self._note(each.episode.pk, each.event)

    def _record(self) -> None:
        visible = [key for key in sorted(self.stands) if key not in self.folded]
        last = {each.key: each for each in self.episodes}
        found = changes(visible, self.folded, last.values(), self.now)
        for key in found.begin:
            self.episodes.append(Episode(len(self.episodes) + 1, key, Severity.BAD, self.now, self.now))
        for pk in found.come_back:
            one = self.episodes[pk - 1]
            self.episodes[pk - 1] = replace(one, ended_at=None, changed_at=self.now, turns=one.turns + 1)
        for pk in found.end:
            self.episodes[pk - 1] = replace(self.episodes[pk - 1], ended_at=self.now, changed_at=self.now)

    def _note(self, pk: int, event: Event) -> None:
        one = self.episodes[pk - 1]
        here = {**one.told.get(HERE.target, {}), event: one.severity}
        self.episodes[pk - 1] = replace(one, told={**one.told, HERE.target: here})

    @invariant()
    def nothing_is_said_twice_but_for_a_kill(self) -> None:
        assert all(count <= 1 + self.lost[told] for told, count in self.heard.items())

    @invariant()
    def each_key_has_one_alert_that_lasts(self) -> None:
        firing = [each.key for each in self.episodes if each.ended_at is None]
        assert len(firing) == len(set(firing))

    @invariant()
    def nobody_hears_of_an_end_without_a_beginning(self) -> None:
        for pk, event in self.heard:
            assert event not in OVER or (pk, Event.BEGAN) in self.heard

    def teardown(self) -> None:
        """In the end all is well for a day: whoever heard that something began has heard that it is over."""
        self.stands.clear()
        self.folded.clear()
        for _ in range(4):
            self.passes(COMES_BACK / timedelta(minutes=1), killed=False)
        told = {pk for pk, event in self.heard if event is Event.BEGAN}
        over = {pk for pk, event in self.heard if event in OVER}
        assert over <= told
        assert self.lost or over == told  # what was silenced before anybody noted that it was told ends in silence
        assert news_for(HERE, self.episodes, self.now) == []


Life.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
