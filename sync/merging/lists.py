"""The list of a head's stages: its columns."""

from typing import NamedTuple

from flinkci_dashboard.web.tables import Column, Table, own
from sync.merging.stages import Readiness, Stage


class StageLine(NamedTuple):
    """A stage, and whether it is of a service that does not decide."""

    stage: Stage
    aside: bool


STAGES = Table(
    "stages",
    (
        own("stage", "Stage", lambda line: line.stage.name),
        own("stands", "Stands", lambda line: str(line.stage.standing)),
        own("by", "By", lambda line: line.stage.run.build, falling=True),
        Column("service", "", lambda line: line.stage.provider),
        Column("decides", "", lambda line: not line.aside),
        Column("attempt", "", lambda line: line.stage.run.attempt),
        Column("seconds", "", lambda line: line.stage.run.seconds),
        Column("url", "", lambda line: line.stage.run.url),
    ),
    per_page=500,
)


def stage_lines(ready: Readiness) -> list[StageLine]:
    """Return the stages of the service that decides, then those of the others."""
    return [StageLine(each, False) for each in ready.stages] + [StageLine(each, True) for each in ready.others]
