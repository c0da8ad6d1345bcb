"""Which host a job ran on, by table: pool, worker's name, head of the log."""

import pytest

from agents.machines.hosts import LogHead, Rule, host_of, read_head
from agents.machines.names import DEFAULT_RULES, host_of_pool
from agents.models.machines import is_pattern

RULES = [Rule(pattern, host) for _, pattern, host, _ in DEFAULT_RULES]


@pytest.mark.parametrize(
    "worker, host",
    [
        ("AlibabaCI002-agent01", "alibaba"),
        ("AlibabaCI010-agent04", "alibaba"),
        ("alibabaci002-AGENT01", "alibaba"),
        (" AlibabaCI002-agent01 ", "alibaba"),
        ("AlibabaCI002", "alibaba"),
        ("Azure Pipelines 14", "azure"),
        ("Azure Pipelines", "azure"),
        ("Hosted Agent", "azure"),
        ("fv-az578", "azure"),
        ("fv-az578-214", "azure"),
        # Looks like one of them, and is not: unknown stays unknown.
        ("AlibabaCI-agent01", ""),
        ("AlibabaCI002-agent01-old", ""),
        ("NotAlibabaCI002-agent01", ""),
        ("Azure Pipelines 14b", ""),
        ("my-laptop", ""),
        ("", ""),
        ("AlibabaCI٣-agent٣", ""),
    ],
)
def test_the_workers_name_tells_the_host(worker, host):
    assert host_of("", worker, RULES) == host


def test_the_pool_goes_before_the_name():
    assert host_of("azure", "AlibabaCI002-agent01", RULES) == "azure"


def test_the_first_rule_that_fits_counts():
    rules = [Rule("AlibabaCI9#-agent#", "azure"), *RULES]
    assert host_of("", "AlibabaCI902-agent01", rules) == "azure"


@pytest.mark.parametrize(
    "head, host",
    [
        (LogHead("AlibabaCI002-agent01", "AlibabaCI002"), "alibaba"),
        (LogHead("agent01", "AlibabaCI002"), "alibaba"),
        (LogHead("Azure Pipelines 3", "fv-az12-3"), "azure"),
        (LogHead("agent01", "box"), ""),
        (LogHead(), ""),
        (None, ""),
    ],
)
def test_the_log_tells_where_the_name_does_not(head, host):
    assert host_of("", "agent01", RULES, head) == host


def test_the_name_goes_before_the_log():
    assert host_of("", "Azure Pipelines 3", RULES, LogHead("AlibabaCI002-agent01")) == "azure"


def test_the_head_of_a_log_names_agent_and_machine():
    lines = [
        "##[section]Starting: Initialize job",
        "2026-11-23T10:00:00.1234567Z Agent name: 'AlibabaCI002-agent01'",
        "Agent machine name: 'AlibabaCI002'",
        "Current agent version: '3.248.0'",
        "Agent running as: 'agent'",
    ]
    assert read_head(lines) == LogHead("AlibabaCI002-agent01", "AlibabaCI002")


def test_a_log_without_these_lines_names_nobody():
    assert read_head(["Agent name: ", "hello"]) == LogHead()


@pytest.mark.parametrize(
    "name, hosted, host",
    [
        ("Azure Pipelines", True, "azure"),
        ("Renamed", True, "azure"),
        ("Default", False, "alibaba"),
        ("Default", None, "alibaba"),
        ("Azure Pipelines", None, "azure"),
        ("Other", False, ""),
        ("Other", None, ""),
    ],
)
def test_a_new_pools_host_follows_from_what_azure_says_of_it(name, hosted, host):
    assert host_of_pool(name, hosted) == host


@pytest.mark.parametrize(
    "pattern, good",
    [
        ("AlibabaCI#", True),
        ("a*z", True),
        ("*", False),
        ("#", False),
        ("a*", False),
        ("", False),
        ("*a*b*c*d*e*f*", False),
    ],
)
def test_a_pattern_has_to_say_something(pattern, good):
    assert is_pattern(pattern) == good


def test_a_pattern_means_its_letters():
    assert host_of("", "axb", [Rule("a.b", "azure")]) == ""
