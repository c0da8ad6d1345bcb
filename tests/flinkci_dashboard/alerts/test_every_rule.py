"""Each rule in one table: when it finds something and when no more; and that what it finds is told as all is told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents import alerts as builds
from agents import silent
from agents.actions import findings as actions
from agents.builds.nightly import NIGHTLY, PUSH, Run
from agents.builds.nightly_figures import Ledger, RedGroup
from agents.charts import pace_rows
from agents.machines import findings as machines
from agents.machines.figures import AgentLine
from agents.machines.judge import MachineVerdict, Score
from agents.machines.waiting import Wait
from agents.models import Agent, Build, HostPeriod, Pool, SlowJob, Streak, Watermark, Workflow
from flinkci_dashboard.alerts import channels
from flinkci_dashboard.alerts.collect import rules
from flinkci_dashboard.alerts.episodes import COMES_BACK, Episode, Event, Place, changes, news_for
from flinkci_dashboard.alerts.findings import Finding, Limits, Severity, fold
from flinkci_dashboard.credentials import alerts as credentials
from flinkci_dashboard.jobs import alerts as jobs
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Channel, Credential, Exposure
from labeler import alerts as labels
from labeler.models import JiraContact
from sync import alerts as sync
from sync.models import Mirror, MirrorBranch, PullRequest, Repository

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMITS = Limits(rules())
EVERYTHING = Place("channel:1", NOW - timedelta(days=9), severities=frozenset(Severity))


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def length(rule: str) -> timedelta:
    return LIMITS.length(rule)


def job(began: float) -> jobs.JobFacts:
    return jobs.JobFacts("sync_mirrors", "Mirror sync", timedelta(seconds=30), ago(began), running=False)


def branch(**facts) -> MirrorBranch:
    mirror = Mirror(target=Repository(owner="flink-ci", name="flink-mirror"))
    shas = {"source_sha": "a", "target_sha": "a", "state": "in_sync", "source_seen_at": ago(11), "state_since": ago(5)}
    return MirrorBranch(**{"name": "master", "mirror": mirror} | shas | facts)


def credential(**facts) -> Credential:
    return Credential(**{"pk": 1, "kind": "github_classic", "serves": "github", "works": True} | facts)


def ledger(kind: str, red: int, publishes: str = "", unborn: bool = False, provider: str = "azure") -> Ledger:
    """A branch whose last runs failed, by one job, or ended without any."""
    first = Build(external_id=7, version="4f2a91c0de" * 4, queued_at=ago(200), finished_at=ago(180))
    facts = {"branch": "release-2.1", "provider": provider, "kind": kind, "red_runs": red, "red_nights": red}
    whole = Streak(**facts, first_red=first if red else None, latest=first, unborn=unborn)
    one = Streak(**facts, name="deploy" if publishes else "table", publishes=publishes, first_red=first)
    other = Streak(**facts, name="core", first_red=first)
    groups = [RedGroup([each], first, None, [], 0) for each in ((one,) if publishes else (one, other))] if red else []
    return Ledger(whole=whole, groups=groups, publishing=[one] if publishes else [])


def night(hours: float) -> Finding | None:
    run = Run(1, ago(60 * hours), "a" * 40, "succeeded")
    return builds.no_nightly(ledger(NIGHTLY, 0).whole, run, "b" * 40, NOW, LIMITS["nothing_ran"])


def waits(minutes: float, nobody: bool = False) -> list[Wait]:
    return [Wait("test_ci core", "Alibaba", "alibaba", ago(minutes), 1, "", "master", "", nobody)]


def machine(bad: bool = False, low: bool = False) -> AgentLine:
    row = Agent(pk=3, name="AlibabaCI005-agent02", host="alibaba", state="idle", pool=Pool(name="Alibaba"))
    return AgentLine(row, Score(4, 2), Score(47, 22), MachineVerdict(bad, "worse than the others"), low)


def pulls(number: int) -> list[PullRequest]:
    facts = {"title": "x", "why": "waiting for an agent for {time}", "why_since": ago(90), "report_due_since": ago(20)}
    return [PullRequest(pk=each, number=each, author="ada", **facts) for each in range(1, number + 1)]


def today(minutes: float) -> HostPeriod:
    return HostPeriod(host="alibaba", started=40, wait_p90=60 * minutes)


def exposure(state: str) -> Exposure:
    return Exposure(check_name="push-rights", state=state, state_since=ago(60 * 49))


def workflow(off: bool) -> list[Finding]:
    row = Workflow(repository="apache/flink", name="CI", state="disabled_manually", changed_at=ago(60))
    return [actions.of_workflow(row)] if off else []


# By rule: what is found when something is wrong, and when it is not.
TABLE = {
    "worker": lambda wrong: jobs.worker([ago(6 if wrong else 0.2)], NOW),
    "job_silent": lambda wrong: jobs.silent_job(job(9 if wrong else 3), ago(600), NOW, LIMITS["job_silent"]),
    "job_failing": lambda wrong: jobs.failing_job(job(1), NOW, 3, 3 if wrong else 2, ago(5), "no route"),
    "clock": lambda wrong: jobs.clock(ago(-60 if wrong else 0), NOW, length("clock")),
    "disk": lambda wrong: jobs.disk("one", 9 if wrong else 11, LIMITS["disk"]),
    "token_refused": lambda wrong: credentials.refused(credential(works=not wrong, problem="401"), "GitHub token"),
    "token_ends": lambda wrong: credentials.ends(
        credential(seen_expires_at=ago(-60 * 24 * (29 if wrong else 31))), "GitHub token", NOW, length("token_ends")
    ),
    "token_scope": lambda wrong: credentials.scope(
        credential(scope_problem="lacks workflow" if wrong else "", problem_since=ago(9)), "GitHub token"
    ),
    "token_quota": lambda wrong: credentials.quota(
        credential(quota_left=499 if wrong else 500, quota_limit=5000), "GitHub token", LIMITS["token_quota"]
    ),
    "channel": lambda wrong: (
        channels.broken(Channel(pk=2, name="team", problem="error=500", problem_since=ago(9))) if wrong else None
    ),
    "service_github": lambda wrong: sync.service(
        [Mirror(source_problem="no answer", source_problem_since=ago(3 if wrong else 1))], NOW, length("service_github")
    ),
    "service_jira": lambda wrong: labels.service(
        JiraContact(silent_since=ago(3 if wrong else 1)), NOW, length("service_jira")
    ),
    "service_ci": lambda wrong: silent.service(
        Watermark(name="builds:azure", note="no answer"), ago(3 if wrong else 1), NOW, length("service_ci")
    ),
    "mirror_lag": lambda wrong: sync.branch_lag(branch(target_sha="b" if wrong else "a"), NOW, length("mirror_lag")),
    "mirror_branch": lambda wrong: sync.branch_trouble(branch(state="diverged" if wrong else "behind")),
    "pulls_blocked": lambda wrong: sync.blocked(pulls(3 if wrong else 0)),
    "pulls_waiting": lambda wrong: sync.waiting(pulls(3 if wrong else 0)),
    "pulls_unapproved": lambda wrong: sync.unapproved(dict.fromkeys(pulls(2 if wrong else 0), ago(1500))),
    "reports_stale": lambda wrong: sync.reports(pulls(2 if wrong else 0)),
    "quota": lambda wrong: sync.hourly_quota(
        {"remaining": 499 if wrong else 500, "limit": 5000, "reset_at": NOW.timestamp() + 9}, NOW, LIMITS["quota"]
    ),
    "exposure": lambda wrong: sync.exposed(exposure("exposed" if wrong else "safe")),
    "exposure_unknown": lambda wrong: sync.unchecked(
        exposure("unknown" if wrong else "safe"), NOW, length("exposure_unknown")
    ),
    "labels_drift": lambda wrong: labels.drifted(11 if wrong else 10, LIMITS["labels_drift"]),
    "pull_red": lambda wrong: labels.red(pulls(1)[0], ["Runtime"]) if wrong else None,
    "branch_red": lambda wrong: builds.red(ledger(PUSH, 3 if wrong else 2), LIMITS["branch_red"]),
    "nightly_red": lambda wrong: builds.red(ledger(NIGHTLY, 2 if wrong else 1), LIMITS["nightly_red"]),
    "publish_red": lambda wrong: builds.unpublished(
        (found := ledger(NIGHTLY, 1 if wrong else 0, "Maven snapshots")), found.publishing[0], LIMITS["publish_red"]
    ),
    "nothing_ran": lambda wrong: night(27 if wrong else 25),
    "run_unborn": lambda wrong: builds.unborn(ledger(PUSH, 1, unborn=wrong).whole),
    "workflow_off": lambda wrong: next(iter(workflow(wrong)), None),
    "pool_empty": lambda wrong: machines.empty_pool(waits(11 if wrong else 9, nobody=True), NOW, length("pool_empty")),
    "wait_oldest": lambda wrong: machines.longest(waits(61 if wrong else 59), NOW, length("wait_oldest")),
    "wait_p90": lambda wrong: machines.slow(today(61 if wrong else 59), length("wait_p90")),
    "machine_bad": lambda wrong: machines.bad_machine(machine(bad=wrong)),
    "machine_disk": lambda wrong: machines.low_disk(machine(low=wrong)),
    "job_slower": lambda wrong: (
        pace_rows.of_job(SlowJob(branch="master", name="table", seconds=4000, usual_seconds=3000, since=ago(900)))
        if wrong
        else None
    ),
    "cancelling": lambda wrong: (
        builds.cancelling(Build(external_id=7, branch="ci_1_a", changed_at=ago(20))) if wrong else None
    ),
}
FEEDS_NOTHING = ("worker", "clock", "disk")  # the worker's own machine: may be why it is silent


class Life:
    """The alerts of one place, as passes leave them."""

    def __init__(self) -> None:
        self.now, self.episodes = NOW, list[Episode]()

    def pass_(self, minutes: float, *findings: Finding | None) -> list[tuple[str, Event]]:
        """Let a pass find these; returns what was told of which key."""
        self.now += timedelta(minutes=minutes)
        cases = fold([each for each in findings if each])
        hidden = {each.key for case in cases for each in case.folded}
        last = {each.key: each for each in self.episodes}
        made = changes([case.finding.key for case in cases], hidden, last.values(), self.now)
        for key in made.begin:
            self.episodes.append(Episode(len(self.episodes), key, Severity.BAD, self.now, self.now))
        for pk in made.come_back:
            turns = self.episodes[pk].turns + 1
            self.episodes[pk] = replace(self.episodes[pk], ended_at=None, changed_at=self.now, turns=turns)
        for pk in made.end:
            self.episodes[pk] = replace(self.episodes[pk], ended_at=self.now, changed_at=self.now)
        shown = [each for each in self.episodes if each.ended_at or each.key not in hidden]
        told = news_for(EVERYTHING, shown, self.now, timedelta())
        for each in told:
            one = self.episodes[each.episode.pk]
            here = {**one.told.get(EVERYTHING.target, {}), each.event: one.severity}
            self.episodes[one.pk] = replace(one, told={EVERYTHING.target: here})
        return [(each.episode.key, each.event) for each in told]


def test_the_table_has_every_rule():
    assert set(TABLE) == set(rules())


@pytest.mark.parametrize("rule", TABLE)
def test_it_begins_lasts_and_ends(rule):
    wrong, right, life = TABLE[rule](True), TABLE[rule](False), Life()
    assert wrong is not None and wrong.rule == rule
    assert right is None
    assert life.pass_(1, wrong) == [(wrong.key, Event.BEGAN)]
    assert life.pass_(1, wrong) == life.pass_(300, wrong) == []
    assert life.pass_(1, right) == [(wrong.key, Event.ENDED)]
    assert life.pass_(1, right) == []


@pytest.mark.parametrize("rule", TABLE)
def test_it_flaps_as_one_alert(rule):
    wrong, life = TABLE[rule](True), Life()
    told = [event for _ in range(5) for _, event in (*life.pass_(2, wrong), *life.pass_(2))]
    assert told == [Event.BEGAN, Event.ENDED, Event.FLAPS]
    assert life.pass_(COMES_BACK / timedelta(minutes=1)) == [(wrong.key, Event.SETTLED)]


@pytest.mark.parametrize("rule", [rule for rule in TABLE if rule not in FEEDS_NOTHING])
def test_a_cause_explains_it(rule):
    wrong, life = TABLE[rule](True), Life()
    silent_worker = TABLE["worker"](True)
    assert [key for key, _ in life.pass_(1, wrong, silent_worker)] == [silent_worker.key]
    assert life.pass_(1, wrong, silent_worker) == []
    assert (wrong.key, Event.BEGAN) in life.pass_(1, wrong)  # it outlasts its cause
    assert life.pass_(1, wrong, silent_worker) != [(wrong.key, Event.ENDED)]  # not known is not over


def causes() -> Iterable[str]:
    """Every topic that something makes a cause of."""
    for wrong in (TABLE[rule](True) for rule in TABLE):
        yield from wrong.cause_of
    for name in JOBS:
        yield f"job:{name}"
    for service in Credential.Service.values:
        yield from credentials.refused(credential(serves=service, works=False, problem="401"), "x").cause_of
    yield from silent.service(Watermark(name="builds:actions", note="x"), ago(9), NOW, timedelta()).cause_of


@pytest.mark.parametrize("rule", TABLE)
def test_what_explains_it_exists(rule):
    unknown = {topic for topic in TABLE[rule](True).under if not topic.startswith("pool:")} - set(causes())
    assert unknown == set()


def silent_service(provider: str) -> Finding | None:
    return silent.service(Watermark(name=f"builds:{provider}", note="no answer"), ago(9), NOW, timedelta())


def failing(name: str) -> Finding | None:
    facts = jobs.JobFacts(name, JOBS[name].title, timedelta(seconds=30), ago(1), running=False)
    return jobs.failing_job(facts, NOW, 3, 3, ago(5), "no answer")


GITHUB = sync.service([Mirror(source_problem="no answer", source_problem_since=ago(9))], NOW, timedelta())
TOKENS = {
    service: credentials.refused(credential(serves=service, works=False, problem="401"), f"{service} token")
    for service in ("github", "azure", "jira")
}
RED = {
    provider: builds.red(ledger(PUSH, 3, provider=provider), LIMITS["branch_red"]) for provider in ("azure", "actions")
}


@pytest.mark.parametrize(
    ("cause", "child", "folded"),
    [
        (silent_service("azure"), RED["azure"], True),
        (silent_service("azure"), RED["actions"], False),  # one service's silence hides nothing of the other's
        (silent_service("actions"), RED["actions"], True),
        (silent_service("actions"), RED["azure"], False),
        (silent_service("actions"), TABLE["pulls_waiting"](True), False),
        (silent_service("azure"), TABLE["pool_empty"](True), True),
        (TABLE["pool_empty"](True), TABLE["wait_oldest"](True), True),
        (TABLE["pool_empty"](True), TABLE["pulls_waiting"](True), True),
        (GITHUB, silent_service("actions"), True),
        (GITHUB, silent_service("azure"), False),
        (GITHUB, TABLE["mirror_lag"](True), True),
        (TOKENS["github"], GITHUB, True),
        (TOKENS["github"], silent_service("actions"), True),
        (TOKENS["azure"], silent_service("azure"), True),
        (TOKENS["azure"], RED["actions"], False),
        (TOKENS["jira"], TABLE["labels_drift"](True), True),
        (TABLE["service_jira"](True), failing("match_failures"), True),
        (silent_service("azure"), failing("match_failures"), True),
        (TOKENS["github"], failing("check_exposure"), True),
        (TABLE["service_jira"](True), failing("poll_builds"), False),
        (TABLE["worker"](True), TOKENS["github"], True),
    ],
)
def test_one_cause_is_one_finding(cause, child, folded):
    cases = fold([cause, child])
    assert {case.finding.key for case in cases} == ({cause.key} if folded else {cause.key, child.key})


@pytest.mark.parametrize("rule", TABLE)
def test_its_sentence_reads_as_one(rule):
    found = TABLE[rule](True)
    assert ";" not in found.text and not found.text.endswith(".")  # they are joined by semicolons
    assert not found.text[0].isupper() or found.text.startswith(("GitHub", "Jira", "Azure", "AlibabaCI005"))
    assert found.ends_when and found.area and found.url.startswith("/")
    assert "{time}" in found.text  # since when
