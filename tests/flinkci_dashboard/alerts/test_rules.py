"""Each rule of the ground, the mirrors, pull requests, labels and credentials: when it finds something."""

from datetime import UTC, datetime, timedelta

import pytest

from flinkci_dashboard.alerts.findings import Severity
from flinkci_dashboard.credentials import alerts as credentials
from flinkci_dashboard.jobs import alerts as jobs
from flinkci_dashboard.models import Credential, Exposure, Worker
from labeler import alerts as labels
from labeler.models import JiraContact
from sync import alerts as sync
from sync.models import Mirror, MirrorBranch, PullRequest

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BAD, WARN, INFO = Severity.BAD, Severity.WARN, Severity.INFO


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def severity(finding) -> Severity | None:
    return finding.severity if finding else None


@pytest.mark.parametrize(
    ("marks", "by_hand", "expected"),
    [
        ([ago(0.5)], False, None),
        ([ago(2)], False, WARN),  # not known, amber
        ([ago(6)], False, BAD),  # then red
        ([ago(6), ago(0.1)], False, None),  # one works
        ([ago(-600)], False, BAD),  # a clock that was set back says nothing
        ([], False, BAD),
        ([], True, INFO),  # somebody runs the jobs by commands
    ],
)
def test_a_silent_worker(marks, by_hand, expected):
    found = jobs.worker(marks, NOW, by_hand)
    assert severity(found) == expected
    if found:
        assert found.cause_of == (("worker",) if marks else ())


@pytest.mark.parametrize(
    ("began", "running", "up", "expected"),
    [
        (ago(3), False, ago(600), None),
        (ago(4), False, ago(600), BAD),  # 3 × 30 s and two minutes are over
        (ago(4), True, ago(600), None),
        (ago(4), False, ago(1), None),  # the worker has just started
        (None, False, ago(600), BAD),
        (None, False, None, None),  # no worker ever: commands by hand
    ],
)
def test_a_silent_job(began, running, up, expected):
    job = jobs.JobFacts("sync_mirrors", "Mirror sync", timedelta(seconds=30), began, running)
    assert severity(jobs.silent_job(job, up, NOW, 3)) == expected


@pytest.mark.parametrize(
    ("failures", "since", "expected"),
    [(0, 5, None), (2, 5, None), (3, 5, BAD), (3, 2, None)],  # a service that is silent is found first, and explains it
)
def test_a_failing_job(failures, since, expected):
    job = jobs.JobFacts("poll_builds", "Builds", timedelta(seconds=30), ago(1), False)
    found = jobs.failing_job(job, NOW, 3, failures, ago(since), "no route")
    assert severity(found) == expected
    assert not found or ("no route" in found.text and "service:azure" in found.under)


@pytest.mark.parametrize(("latest", "expected"), [(None, None), (ago(-1), None), (ago(-60), WARN)])
def test_a_clock_that_was_set_back(latest, expected):
    assert severity(jobs.clock(latest, NOW)) == expected


@pytest.mark.parametrize(
    ("ago_", "by", "expected"),
    [(5, 7200, WARN), (59, 7200, WARN), (61, 7200, None), (5, 90, None), (5, -7200, None), (-9, 7200, None)],
)
def test_a_clock_that_was_set_forward(ago_, by, expected):
    worker = Worker(host="one", clock_moved_at=ago(ago_), clock_moved_by=by)
    assert severity(jobs.jumped(worker, NOW)) == expected
    assert jobs.jumped(Worker(host="one"), NOW) is None


@pytest.mark.parametrize(("free", "expected"), [(11, None), (9.9, WARN), (2.9, BAD)])
def test_a_full_disk(free, expected):
    assert severity(jobs.disk("here", free, 10)) == expected


def branch(**facts) -> MirrorBranch:
    defaults = {"name": "master", "mirror": Mirror(), "state": "in_sync", "source_sha": "a", "target_sha": "a"}
    row = MirrorBranch(**defaults | {"state_since": ago(5), "source_seen_at": ago(5)} | facts)
    row.mirror.target = sync.Mirror._meta.get_field("target").related_model(owner="flink-ci", name="flink-mirror")
    return row


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"target_sha": "b", "source_seen_at": ago(9)}, None),
        ({"target_sha": "b", "source_seen_at": ago(11)}, WARN),
        ({"target_sha": "b", "source_seen_at": ago(61)}, BAD),
        ({"target_sha": "b", "source_seen_at": ago(61), "state": "diverged"}, None),  # told by its state
    ],
)
def test_a_mirror_that_lags(facts, expected):
    assert severity(sync.branch_lag(branch(**facts), NOW, timedelta(minutes=10))) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("in_sync", None),
        ("behind", None),
        ("gone", WARN),
        ("diverged", BAD),
        ("rejected", BAD),
        ("unreachable", BAD),
        ("not_authorized", BAD),
    ],
)
def test_a_branch_in_trouble(state, expected):
    assert severity(sync.branch_trouble(branch(state=state))) == expected


@pytest.mark.parametrize(("since", "expected"), [(None, None), (ago(4), None), (ago(6), BAD)])
def test_github_that_does_not_answer(since, expected):
    mirror = Mirror(target_problem="no answer" if since else "", target_problem_since=since)
    found = sync.service([mirror], NOW, timedelta(minutes=5))
    assert severity(found) == expected
    assert not found or "service:github" in found.cause_of


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, None),
        ({"remaining": 600, "limit": 5000}, None),
        ({"remaining": 400, "limit": 5000, "reset_at": NOW.timestamp() + 60}, WARN),
        ({"remaining": 400, "limit": 5000, "reset_at": NOW.timestamp() - 60}, None),  # a new hour has begun
    ],
)
def test_a_quota_that_is_almost_used_up(told, expected):
    assert severity(sync.hourly_quota(told, NOW, 10)) == expected


def test_pull_requests_that_are_blocked_or_wait():
    pulls = [PullRequest(number=number, why="waits for {time}", why_since=ago(90)) for number in range(1, 8)]
    assert sync.blocked([]) is None and sync.waiting([]) is None and sync.reports([]) is None
    assert "7 pull requests have been blocked, the first for {time}" in sync.blocked(pulls).text
    assert "#1, #2, #3, #4, #5 and 2 more" in sync.blocked(pulls).text
    assert "pull request #1 waits too long: waits for {time}" in sync.waiting(pulls[:1]).text


@pytest.mark.parametrize(("state", "expected"), [("safe", None), ("exposed", BAD), ("unknown", None)])
def test_exposure_is_told_without_names(state, expected):
    found = sync.exposed(Exposure(check_name="push-rights", state=state, names=["SECRET_NAME"], state_since=ago(5)))
    assert severity(found) == expected
    assert not found or "SECRET_NAME" not in found.text


@pytest.mark.parametrize(("since", "expected"), [(47 * 60, None), (49 * 60, WARN)])
def test_exposure_that_nobody_could_check(since, expected):
    answer = Exposure(check_name="push-rights", state="unknown", state_since=ago(since))
    assert severity(sync.unchecked(answer, NOW, timedelta(hours=48))) == expected


@pytest.mark.parametrize(("since", "expected"), [(None, None), (ago(29), None), (ago(31), BAD)])
def test_jira_that_does_not_answer(since, expected):
    assert severity(labels.service(JiraContact(silent_since=since), NOW, timedelta(minutes=30))) == expected


@pytest.mark.parametrize(("number", "expected"), [(10, None), (11, WARN)])
def test_labels_that_drift(number, expected):
    assert severity(labels.drifted(number, 10)) == expected


def credential(**facts) -> Credential:
    return Credential(pk=1, name="flinkbot's token", kind="github_classic", serves="github", works=True, **facts)


@pytest.mark.parametrize(("days", "expected"), [(None, None), (31, None), (29, WARN), (8, WARN), (6, BAD), (-1, BAD)])
def test_a_credential_that_ends(days, expected):
    row = credential(seen_expires_at=None if days is None else NOW + timedelta(days=days))
    assert severity(credentials.ends(row, "GitHub classic token", NOW, timedelta(days=30))) == expected


def test_a_credential_that_does_not_work_lacks_a_scope_or_is_used_up():
    row = credential(quota_left=100, quota_limit=5000, scope_problem="lacks workflow")
    assert credentials.refused(row, "x") is None
    assert severity(credentials.scope(row, "x")) == WARN
    assert severity(credentials.quota(row, "x", 10)) == WARN
    row.works, row.problem = False, "401"
    found = credentials.refused(row, "GitHub classic token")
    assert found.severity == BAD and found.cause_of == ("token:github",)
    assert "flinkbot" not in found.text
    assert credentials.scope(row, "x") is None
