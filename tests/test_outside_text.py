"""What people and services write is read without a crash, whatever it is, and in time that grows with its length."""

from collections.abc import Callable
from itertools import product
from time import thread_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.builds.commits import tags
from agents.builds.log_tail import failing_tests, plain, without_case
from agents.builds.nightly import publishes
from agents.charts.pace import idle_end
from agents.failures.causes import cause_of_log
from agents.failures.match import Matcher, TicketFacts, name_of
from agents.failures.most_tests import most_failed_in_log
from agents.failures.report import Hit, component_of, ticket_text, ticket_title
from agents.failures.reproduce import card
from agents.failures.touched import touched
from agents.machines.hosts import Rule as HostRule
from agents.machines.hosts import host_of, read_head
from agents.migration.names import JobMap
from agents.migration.names import Rule as JobRule
from agents.patterns.kept import extract
from flinkci_dashboard.alerts.episodes import Event
from flinkci_dashboard.alerts.findings import Severity
from flinkci_dashboard.alerts.messages import Item, compose
from flinkci_dashboard.clients.git.errors import classify
from flinkci_dashboard.clients.git.process import parse_progress
from flinkci_dashboard.clients.git.pushes import parse_push
from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.clients.values import text, when
from flinkci_dashboard.clients.web import read_json
from flinkci_dashboard.names import head_of, ticket_in
from labeler.labels import labels_of
from sync.merging.section import cited
from sync.mirrors.plan import select_branches
from sync.mirrors.values import Policy
from sync.pulls.actions.values import answer
from sync.pulls.commands import find_command, own_words
from sync.pulls.report import is_report, normalized, parse, same_text
from tests.pull_states import NOW

JOBS = JobMap([JobRule("{part}", "*a*{part}", "Java * / *{part}*")])
HOSTS = [HostRule("*a#*#*", "alibaba")]


def json_or_nothing(written: str) -> Any:
    try:
        return read_json(written)
    except ValueError:
        return None


def message(written: str) -> Any:
    item = Item(Event.BEGAN, written[:300], Severity.BAD, written, NOW, NOW)
    return compose([item] * 3, NOW)


READERS: dict[str, Callable[[str], Any]] = {
    "a comment's command": find_command,
    "a comment's own words": own_words,
    "a report": parse,
    "a report in its frame": lambda written: parse(f"<!--\nMeta data\n{{{written}}}-->\n## CI report:\n\n{written}"),
    "whether it is a report": is_report,
    "two reports": lambda written: same_text(written, written + " "),
    "a build's address": normalized,
    "a title's ticket": ticket_in,
    "a commit's subject": tags,
    "a CI branch": head_of,
    "branches and tags": lambda written: select_branches(written.split(" "), written.split("\n"), Policy()),
    "a log's tests": lambda written: failing_tests(["[ERROR] Failures:", *written.split("\n")]),
    "a line without its clock": plain,
    "a test's name": without_case,
    "why a job failed": lambda written: cause_of_log(written.split("\n"), tests=[written[:200]]),
    "a log's summaries": lambda written: most_failed_in_log(written.split("\n")),
    "a log's end": lambda written: idle_end(written.split("\n")),
    "a log's head": lambda written: read_head(written.split("\n")),
    "what is kept of a log": lambda written: extract(written.split("\n")),
    "a key": name_of,
    "a ticket's summary": lambda written: Matcher([TicketFacts(1, written, False)] * 3).match("a.FooTest.testBar"),
    "a ticket of ours": lambda written: (ticket_title(written, written), component_of(written)),
    "a ticket's text": lambda written: ticket_text(written, Hit(*[written] * 5)),
    "how to run it again": lambda written: card(written, "azure", written, "https://h/x.git", "a" * 40, written),
    "changed files": lambda written: touched(written, [written, *written.split(" ")]),
    "a job of Azure": lambda written: JOBS.of_azure(written[:255]),  # clients cut names
    "a job of Actions": lambda written: JOBS.of_actions(written[:255]),
    "what a job publishes": publishes,
    "a machine": lambda written: host_of("", written[:255], HOSTS),
    "components": lambda written: labels_of(written.split(" ")),
    "a citation": cited,
    "an answer about runs": answer,
    "git's complaint": lambda written: str(classify(written, "a/b", authenticated=True)),
    "git's progress": parse_progress,
    "git's push": parse_push,
    "what may hold a secret": mask,
    "a field": lambda written: text(written, 500),
    "a time": when,
    "an answer": json_or_nothing,
    "an alert": message,
}
TOKENS = (
    *(
        "@flinkbot ",
        "run azure",
        "approve ",
        "`",
        "```\n",
        "~~~\n",
        "<!--",
        "-->",
        "<pre>",
        "</code>",
        "> ",
        "**",
        "[x](",
    ),
    *("[x](", "On 1 wrote:\n", "## CI report:", "* a Azure: [FAILURE](", "&buildId=1", '{"a":', "FLINK-1", "FLINK-"),
    *(
        "release-1.",
        "release-",
        "ci_1_",
        "a" * 40,
        "[ERROR] ",
        "Tests run: 1, ",
        "<<< FAILURE!",
        " -- in ",
        "a.b.C",
        "([",
    ),
    *(
        "12:34:56 ",
        "\x1b[0m",
        "##[error]",
        "FAILED a.py::",
        "Process Exit Code: 1\n",
        "Agent name: '",
        " / ",
        "jdk",
        "'",
    ),
    *(
        "ghp_",
        "https://",
        "%20",
        "\\u0000",
        "\ud83d",
        "\0",
        "\n",
        "\r",
        " ",
        "\t",
        "remote: ",
        "repository 'x",
        "not found",
    ),
    *("repository 'x", "not found", "1:2026-11-26T01:02:03Z ", "src/test/java/", "e2e_1_", "Java 11", "*\t"),
    *("=", "!", "@here", "0", ".", "/", "x"),
)
GAPPED = (*TOKENS, "@flinkbot approve", "@flinkbot rerun", "`@flinkbot a`")  # begin something that a long gap follows
LONG = 8_000  # characters
LIMIT = 0.3  # seconds of this thread; what grows with the square of the length takes more


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40)
@given(written=st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=25).map("".join))
def test_no_text_crashes_its_reader(name, written):
    READERS[name](written)


@pytest.mark.parametrize("name", READERS)
def test_no_text_takes_long(name):
    chosen = [*TOKENS, *map("".join, zip(TOKENS, TOKENS[7:] + TOKENS[:7], strict=True))]
    texts = [each * (LONG // len(each)) for each in chosen] + [f"{each}{' ' * 2 * LONG}x" for each in GAPPED]
    assert not [written[:80] for written in texts if seconds(READERS[name], written) > LIMIT]


def test_one_that_takes_long_is_seen():
    assert (
        seconds(lambda written: [pair for pair in product(written[:4500], repeat=2) if pair == 0], "x" * LONG) > LIMIT
    )


def seconds(reader: Callable[[str], Any], written: str) -> float:
    began = thread_time()
    reader(written)
    return thread_time() - began
