"""The lists of the pages about the migration beside that of pairs: their columns."""

from agents.models.builds import Provider
from flinkci_dashboard.web.tables import Column, Table, count, own

CRITERIA = Table(
    "criteria",
    (
        own("criterion", "Criterion", str),
        Column("but", "", lambda each: each.excepted.split()),
        Column("now", "Now", lambda each: each.figure),
        own("met_since", "Met", lambda each: each.met_since),
        Column("lost_since", "", lambda each: each.lost_since),
        Column("lost_at", "", lambda each: each.lost_at),
        count("days", "Looks back", lambda each: each.days),
    ),
)


def _service(name: str, title: str) -> tuple[Column, ...]:
    return (
        own(name, title, lambda line: getattr(line.group, name)),
        count(f"{name}_waited_seconds", "Waited", lambda line: getattr(line.group, f"{name}_wait")),
        count(f"{name}_worked_seconds", "Worked", lambda line: getattr(line.group, f"{name}_seconds")),
    )


GROUPS = Table(
    "groups",
    (
        own("group", "Jobs", lambda line: line.group.group),
        *_service("azure", str(Provider.AZURE.label)),
        *_service("actions", str(Provider.ACTIONS.label)),
        own("agreement", "Agreement", lambda line: line.group.agreement if line.group.both else "one service alone"),
        Column("why", "", lambda line: line.words),
        Column("tests", "", lambda line: [f"{test} on {service}" for service, test, _ in line.tests]),
    ),
    per_page=200,
)
SERVICES = Table(
    "services",
    (
        own("service", "Service", lambda side: side.title),
        count("false_red", "False red", lambda side: side.false_red),
        count("false_green", "False green", lambda side: side.false_green),
        count("flaky_share", "Flaky", lambda side: side.flaked),
        count("verdict_p50", "First verdict, p50", lambda side: side.after_p50),
        count("verdict_p90", "p90", lambda side: side.after_p90),
        count("wait_p50", "Wait, p50", lambda side: side.wait_p50),
        count("wait_p90", "p90", lambda side: side.wait_p90),
    ),
)
OF_GROUPS = Table(
    "groups",
    (
        own("group", "Jobs", lambda pair: pair[0].group),
        count("agreement_share", "Agreement", lambda pair: pair[0].share),
        count("differ", "Differ", lambda pair: pair[0].differed),
        count("no_verdict", "No verdict", lambda pair: pair[0].undecided),
        own("service", "Service", lambda pair: pair[1].title),
        count("wait_p50", "Wait, p50", lambda pair: pair[1].wait_p50),
        count("wait_p90", "p90", lambda pair: pair[1].wait_p90),
        count("work_p50", "Work, p50", lambda pair: pair[1].seconds_p50),
        count("work_p90", "p90", lambda pair: pair[1].seconds_p90),
        count("flaky_share", "Flaky", lambda pair: pair[1].flaked),
    ),
    per_page=200,
)
RULINGS = Table(
    "differences",
    (
        own("of", "Of", lambda each: each.seen.of),
        own("group", "Jobs", lambda each: each.seen.group),
        own("at", "When", lambda each: each.seen.at, falling=True),
        own("fault", "What it was", lambda each: str(each.fault)),
        Column("service", "", lambda each: each.side),
        Column("evidence", "Evidence", lambda each: each.evidence),
    ),
)
DECISIONS = Table(
    "decisions",
    (
        own("of", "Of", lambda each: each.branch or "pull requests"),
        own("what", "What", lambda each: each.get_purpose_display()),
        own("decided", "Decided", lambda each: each.get_choice_display()),
        Column("why", "Why", lambda each: each.reason),
        own("by", "By", lambda each: each.by),
        own("at", "When", lambda each: each.at, falling=True),
    ),
    per_page=25,
)
MINUTES = Table(
    "minutes",
    (
        own("of", "Of", lambda line: line[0]),
        own("name", "Name", lambda line: line[1]),
        count("minutes", "Minutes", lambda line: line[2]),
    ),
    per_page=200,
)
