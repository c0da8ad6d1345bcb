"""How the sandbox's Azure behaves: what it is made of, and where it can be told to be difficult."""

import random
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.azure.pipeline import DEFAULT, HOSTED
from flinkci_dashboard.sandbox.azure.state import machines


class Switches:
    """Facts that a test or the demo sets; each is as on a good day."""

    def __init__(self) -> None:
        self.definitions = {
            1: ("apache-flink-ci.flink", "flink-ci/flink"),
            2: ("flink-mirror", "flink-ci/flink-mirror"),
        }
        self.pools = {1: DEFAULT, 2: HOSTED}
        self.agents = machines()
        self.dice = random.Random(7)  # noqa: S311
        self.sign_in = 203  # how a bad token is answered: 203 (a page), 302 or 401
        self.scopes = {"build", "test", "pools"}  # of the good token: what it may see
        self.lists_nothing = False  # every list is answered with 200 and nothing, as after a lost right
        self.hidden: set[int] = set()  # builds that lists leave out, although they are found by id
        self.start_builds = True  # whether a push starts one, as the pipelines' triggers do
        self.trigger_delay = timedelta()  # from a push to its build
        self.cancel_delay = timedelta()  # for which a build is "cancelling" before it is canceled
        self.cancel_sticks = ""  # a build stays "cancelling" until its "stages" are canceled too, or for "ever"
        self.retry_takes_no_body = False  # whether `retry=true` with a body is refused
        self.invalid: dict[str, str] = {}  # branch or SHA → what is wrong with its pipeline: queueing is refused
        self.passing_runs = 1  # test runs without a failure that a test job publishes
        self.pace = 1.0  # how long jobs take, measured by the real ones
        self.lively = False  # agents, durations and failing tests vary, as they do in the real world
        self.flaky = 0.0  # how often a test job fails on a good machine, 0 to 1
        self.broken: set[tuple[str, str]] = set()  # (branch, job such as "test_ci.core") that fails each time
        self.past: datetime | None = None  # history is being made: the time that counts until it is done
