"""Where things stand outside: what the wiki page “Continuous Integration” names, and the parts of the diagram. PURE"""

from dataclasses import dataclass

PIPELINE_FILE = "azure-pipelines.yml"
TEMPLATES = "tools/azure-pipelines"
MIGRATION_TICKET = "FLINK-27075"
ORGANIZATION, SPONSOR = "flink-ci", "Ververica"  # whose the repositories for CI are, and the account of the CI service
SOURCE, MIRROR, PULLS = "apache/flink", "flink-ci/flink-mirror", "flink-ci/flink"
SERVICE, JIRA, AGENTS = "Azure Pipelines", "Jira", "agents"


@dataclass(frozen=True)
class Box:
    """A place in the diagram; x and y are its upper left corner, in units of the drawing."""

    name: str
    note: str
    x: int
    y: int
    width: int = 176
    height: int = 54


@dataclass(frozen=True)
class Arrow:
    """Something that travels from one place to another, and which job of ours carries it, which bot did."""

    start: str
    end: str
    carries: str
    job: str  # whose last pass tells how it goes
    by: str  # who carries it
    instead_of: str  # the bot that carried it before
    path: str  # in SVG's words
    label: tuple[int, int]  # where its words begin


BOXES = (
    Box(SOURCE, "source code and pull requests", 10, 118),
    Box(MIRROR, "master and release branches", 330, 18),
    Box(PULLS, "ci_<number>_<sha>", 330, 218),
    Box(SERVICE, "builds", 640, 118),
    Box(AGENTS, "Azure-hosted, Alibaba-hosted", 640, 252),
    Box(JIRA, "tickets and components", 10, 252),
)
ARROWS = (
    Arrow(SOURCE, MIRROR, "branches", "sync_mirrors", "sync_mirrors", "git-repo-sync", "M150 118 L326 48", (176, 66)),
    Arrow(SOURCE, PULLS, "heads", "sync_pulls", "sync_pulls", "ci-bot", "M150 172 L326 240", (190, 222)),
    Arrow(MIRROR, SERVICE, "builds with secrets", "poll_builds", "the service", "", "M506 48 L690 114", (596, 66)),
    Arrow(PULLS, SERVICE, "builds without", "poll_builds", "the service", "", "M506 240 L690 176", (596, 228)),
    Arrow(SERVICE, SOURCE, "CI reports", "sync_pulls", "sync_pulls", "ci-bot", "M640 145 L190 145", (380, 138)),
    Arrow(SERVICE, AGENTS, "jobs", "poll_agents", "the service", "", "M760 172 L760 248", (770, 216)),
    Arrow(JIRA, SOURCE, "labels", "label_pulls", "label_pulls", "pr-labeler", "M98 252 L98 176", (106, 216)),
)
WIDTH, HEIGHT = 830, 320
