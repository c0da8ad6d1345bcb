"""Can pull request code see a secret? What is judged, and what is said about it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from flinkci_dashboard.clients.azure import pipelines
from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.facts import Pipeline, VariableGroup
from flinkci_dashboard.clients.github import rights
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Contact, Exposure
from sync.exposure.rules import mirror_entrances, pull_request_pipelines
from sync.models import TrustGate

PULLS, MIRROR = "flink-ci/flink", "flink-ci/flink-mirror"
PLAIN = Pipeline(2, "PRs", PULLS, variables=frozenset({"JDK"}))
SECRETS = VariableGroup("keys", has_secrets=True, for_all_pipelines=False)


@pytest.mark.parametrize(
    ("pipeline", "group", "exposed"),
    [
        (PLAIN, SECRETS, ()),
        (Pipeline(2, "PRs", PULLS, frozenset({"K"}), frozenset({"K"})), SECRETS, ("PRs: secret variable K",)),
        (Pipeline(2, "PRs", PULLS, groups=frozenset({"keys"})), SECRETS, ("PRs: uses variable group keys",)),
        (PLAIN, VariableGroup("keys", True, True), ("PRs: may use variable group keys",)),
        (PLAIN, VariableGroup("keys", True, False, frozenset({2})), ("PRs: may use variable group keys",)),
        (PLAIN, VariableGroup("keys", False, True), ()),
        (Pipeline(2, "PRs", PULLS, forks_see_secrets=True), SECRETS, ("PRs: builds of forks are given the secrets",)),
        (Pipeline(1, "main", MIRROR, frozenset({"K"}), frozenset({"K"})), SECRETS, ()),
    ],
)
def test_secrets_of_pull_request_pipelines_are_named(pipeline, group, exposed):
    assert pull_request_pipelines([pipeline], [group], {PULLS}).exposed == exposed


def test_harmless_variables_are_listed_too():
    assert pull_request_pipelines([PLAIN], [VariableGroup("jdks", False, True)], {PULLS}).seen == (
        "PRs: variable JDK",
        "PRs: may use variable group jdks",
    )


def test_pull_request_branches_and_fork_builds_of_the_mirror_are_named():
    pipelines = [Pipeline(1, "main", MIRROR, builds_forks=True), Pipeline(2, "PRs", PULLS, builds_forks=True)]
    assert mirror_entrances(pipelines, ["flink-ci/flink-mirror ci_1_a"], {MIRROR}).exposed == (
        "branch flink-ci/flink-mirror ci_1_a",
        "main: pull requests from forks start it",
    )


@pytest.fixture
def quiet(bootstrapped, monkeypatch):
    """Everything is in order."""
    monkeypatch.setattr(pipelines, "pipelines", lambda: [PLAIN])
    monkeypatch.setattr(pipelines, "variable_groups", lambda: [SECRETS])
    monkeypatch.setattr(rights, "pull_request_branches", lambda repository: [])
    monkeypatch.setattr(rights, "may_push", lambda repository: False)
    Contact.objects.update(email="")


def others_than_the_gate() -> set[str]:
    return set(Exposure.objects.exclude(check_name="trust-gate").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("mode", "state", "says"),
    [("off", "allowed", "gate is off"), ("observe", "allowed", "only observes"), ("on", "safe", "gate is on")],
)
def test_how_the_trust_gate_is_set_is_told_and_alarms_nobody(quiet, admin, mode, state, says):
    TrustGate.objects.update(mode=mode)
    assert run_pass("check_exposure", "command").outcome == "ok"
    assert Exposure.objects.get(check_name="trust-gate").state == state
    assert says in admin.get("/credentials/").content.decode()
    assert mail.outbox == []


def test_a_quiet_installation_is_safe_and_nobody_is_bothered(quiet):
    assert run_pass("check_exposure", "command").outcome == "ok"
    assert others_than_the_gate() == {"safe"}
    assert mail.outbox == []


def test_admins_are_told_once_of_what_is_exposed_and_again_of_more(quiet, admin, monkeypatch, django_user_model):
    django_user_model.objects.update(email="admin@example.org")
    monkeypatch.setattr(rights, "may_push", lambda repository: repository == "apache/flink")
    for _ in range(2):
        run_pass("check_exposure", "command")
    assert [letter.to for letter in mail.outbox] == [["admin@example.org"]]
    assert "apache/flink" in mail.outbox[0].body
    monkeypatch.setattr(rights, "pull_request_branches", lambda repository: [f"{repository} ci_1_a"])
    run_pass("check_exposure", "command")
    assert len(mail.outbox) == 2


def test_a_silent_service_leaves_the_question_open_and_keeps_what_was_known(quiet, monkeypatch):
    def silent():
        raise UnavailableError("Azure DevOps answers 503")

    monkeypatch.setattr(rights, "may_push", lambda repository: True)
    run_pass("check_exposure", "command")
    monkeypatch.setattr(pipelines, "pipelines", silent)
    run = run_pass("check_exposure", "command")
    assert run.outcome == "partial"
    assert "Azure DevOps answers 503" in run.error
    row = Exposure.objects.get(check_name="pull-request-secrets")
    assert (row.state, row.detail) == ("unknown", "Azure DevOps answers 503")
    assert row.checked_at > timezone.now() - timedelta(minutes=1)
    assert Exposure.objects.get(check_name="push-rights").state == "exposed"


def test_the_sandbox_keeps_the_rules_until_a_pull_request_branch_is_pushed_to_the_mirror(world, bootstrapped):
    run_pass("check_exposure", "command")
    assert others_than_the_gate() == {"safe"}
    world.commit("master", repo=MIRROR)
    world.create_branch("ci_1_abc", repo=MIRROR)
    run_pass("check_exposure", "command")
    assert Exposure.objects.get(check_name="mirror-entrances").names == [f"branch {MIRROR} ci_1_abc"]
