"""A replica that lags: some questions are answered from an older state than others."""

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from flinkci_dashboard.sandbox.calls import Call

State = TypeVar("State")


@dataclass
class Replica(Generic[State]):
    """What a service answers from for now, where it is not the present."""

    state: State | None = None
    path: str = ""  # a regular expression: which addresses are answered from it
    times: int | None = None  # how often; None: until it has caught up

    def answer_from(self, call: Call, now: State) -> State:
        """Return the state that a question is answered from: acts are always of the present."""
        if self.state is None or call.method != "GET" or self.times == 0 or not re.search(self.path, call.target):
            return now
        if self.times is not None:
            self.times -= 1
        return self.state
