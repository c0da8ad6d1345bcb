"""Causes take their children in: one cause, one finding."""

from datetime import UTC, datetime, timedelta

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity, fold

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def found(rule: str, subject: str = "x", severity: Severity = Severity.BAD, **facts) -> Finding:
    return Finding(rule, subject, severity, f"{rule} {subject}", NOW, **facts)


WORKER = found("worker", cause_of=("worker",))
TOKEN = found("token", "azure", cause_of=("token:azure",), under=("worker",))
SERVICE = found("service", "azure", cause_of=("service:azure",), under=("worker", "token:azure"))
POOL = found("pool", "Default", cause_of=("pool:Default",), under=("worker", "service:azure"))
WAITING = found("waiting", "Default", Severity.WARN, under=("worker", "service:azure", "pool:Default"))
MIRROR = found("mirror_lag", "master", under=("worker", "service:github"))


def shape(*findings: Finding) -> dict[str, list[str]]:
    return {case.finding.rule: [each.rule for each in case.folded] for case in fold(findings)}


def test_what_has_no_cause_stands_alone():
    assert shape(MIRROR, WAITING) == {"mirror_lag": [], "waiting": []}


def test_a_child_is_folded_under_its_cause():
    assert shape(POOL, WAITING, MIRROR) == {"pool": ["waiting"], "mirror_lag": []}


def test_a_chain_of_causes_is_one_finding():
    assert shape(WAITING, POOL, SERVICE, TOKEN) == {"token": ["service", "pool", "waiting"]}


def test_a_silent_worker_takes_in_everything_that_it_feeds():
    assert shape(WAITING, POOL, SERVICE, TOKEN, MIRROR, WORKER) == {
        "worker": ["token", "service", "pool", "mirror_lag", "waiting"]
    }


def test_a_middle_link_that_is_missing_breaks_no_chain():
    assert shape(TOKEN, found("red", "master", under=("worker", "service:azure", "token:azure"))) == {"token": ["red"]}


def test_two_of_one_kind_do_not_fold_each_other():
    one = found("service", "azure", cause_of=("service:azure",), under=("service:github",))
    other = found("service", "github", cause_of=("service:github",), under=("service:azure",))
    assert [case.finding.subject for case in fold([one, other])] == ["azure", "github"]


def test_the_worst_comes_first():
    info, warn, bad = (found(s.value, severity=s) for s in (Severity.INFO, Severity.WARN, Severity.BAD))
    assert [case.finding.rule for case in fold([info, warn, bad])] == ["bad", "warn", "info"]


def test_a_limit_is_a_length_in_its_unit():
    limits = Limits({"lag": Rule("lag", "Lag", 10, "minutes"), "stale": Rule("stale", "Stale", 26, "hours")})
    assert limits.length("lag") == timedelta(minutes=10)
    assert limits.length("stale") == timedelta(hours=26)
