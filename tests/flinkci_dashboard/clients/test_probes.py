"""What each service says about a token, and to whom we speak at all."""

from datetime import UTC, datetime

import pytest
import requests

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.azure import pipelines
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.facts import VariableGroup
from flinkci_dashboard.clients.probes import parse_expiry, probe
from tests.canned import Canned, canned

SECRET = "a-token-that-is-none"


@pytest.fixture
def services(settings) -> Canned:
    with canned() as world:
        settings.GITHUB_API_URL = settings.AZURE_DEVOPS_URL = settings.JIRA_URL = world.address
        settings.GITHUB_GIT_URL = world.address
        yield world


def test_a_github_token_tells_account_scopes_expiry_and_quota(services):
    headers = {
        "X-OAuth-Scopes": "repo, workflow",
        "github-authentication-token-expiration": "2026-12-24 10:00:00 UTC",
        "X-RateLimit-Remaining": "4999",
        "X-RateLimit-Limit": "5000",
    }
    services.answers["/user"] = (200, {"login": "flinkbot"}, headers)
    verdict = probe("github", SECRET)
    assert (verdict.works, verdict.account, verdict.scopes) == (True, "flinkbot", {"repo", "workflow"})
    assert verdict.expires_at == datetime(2026, 12, 24, 10, tzinfo=UTC)
    assert (verdict.quota_left, verdict.quota_limit) == (4999, 5000)
    assert services.asked[0][2]["Authorization"] == f"Bearer {SECRET}"


def test_a_fine_grained_token_tells_no_scopes(services):
    services.answers["/user"] = {"login": "flinkbot"}
    assert probe("github", SECRET).scopes is None


@pytest.mark.parametrize(
    ("status", "headers", "works"),
    [
        (401, {}, False),
        (403, {}, False),
        (403, {"X-RateLimit-Remaining": "0"}, None),
        (429, {}, None),
        (500, {}, None),
        (203, {}, False),
    ],
)
@pytest.mark.parametrize("service", ["github", "azure", "jira"])
def test_a_refused_token_is_told_from_a_service_that_is_out_of_order(services, service, status, headers, works):
    services.answers["/"] = (status, "<html>Sign in</html>", headers)
    verdict = probe(service, SECRET)
    assert verdict.works is works
    assert verdict.problem
    assert SECRET not in verdict.problem


def test_a_service_that_is_down_decides_nothing(settings):
    with canned() as world:
        settings.GITHUB_API_URL = world.address
    assert probe("github", SECRET).works is None


def test_an_answer_that_is_no_json_decides_nothing(services):
    services.answers["/user"] = (200, "<html>", {})
    assert probe("github", SECRET).works is None


def test_azure_is_asked_for_each_scope_that_is_wanted(services, settings):
    services.answers["/_apis/connectionData"] = {"authenticatedUser": {"providerDisplayName": "flinkbot"}}
    services.answers[f"/{settings.AZURE_PROJECT}/_apis/build/builds"] = {"value": []}
    services.answers["/_apis/distributedtask/pools"] = (403, {}, {})
    verdict = probe("azure", SECRET, "vso.build vso.agentpools")
    assert (verdict.works, verdict.account, verdict.missing) == (True, "flinkbot", {"vso.agentpools"})


def test_azure_takes_an_entra_token_as_bearer_and_a_personal_one_as_password(services):
    services.answers["/_apis/connectionData"] = {}
    for secret in ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", SECRET):
        probe("azure", secret)
    assert [headers["Authorization"].split()[0] for _, _, headers in services.asked] == ["Bearer", "Basic"]


def test_jira_may_refuse_with_200(services):
    services.answers["/rest/api/2/myself"] = (200, {}, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})
    assert probe("jira", SECRET).works is False
    services.answers["/rest/api/2/myself"] = {"name": "flinkbot"}
    assert probe("jira", SECRET).account == "flinkbot"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24 10:00:00 UTC", datetime(2026, 12, 24, 10, tzinfo=UTC)),
        ("2026-12-24 10:00:00 +0100", datetime(2026, 12, 24, 9, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_expiry_headers_are_read_leniently(text, expected):
    assert parse_expiry(text) == expected


@pytest.mark.parametrize("session", [web.session, requests.Session])
def test_no_other_host_is_spoken_to_by_us_or_by_a_library(services, session):
    with session() as opened, pytest.raises(web.ForbiddenAddressError):
        opened.get("http://127.0.0.1:9/latest/meta-data")


def test_no_redirect_leads_to_another_host(services):
    services.answers["/user"] = (302, "", {"Location": "http://127.0.0.1:9/steal"})
    with web.session() as session, pytest.raises(web.ForbiddenAddressError):
        session.get(f"{services.address}/user")


@pytest.mark.django_db
def test_pipelines_and_groups_are_read_by_name_only(services, settings):
    project = f"/{settings.AZURE_PROJECT}/_apis"
    services.answers[f"{project}/build/definitions"] = {
        "value": [
            {
                "id": 2,
                "name": "Flink PRs",
                "repository": {"name": "flink-ci/flink"},
                "variables": {"JDK": {"value": "17"}, "S3_KEY": {"value": "planted", "isSecret": True}},
                "variableGroups": [{"name": "it-cases"}],
                "triggers": [
                    {"triggerType": "pullRequest", "forks": {"enabled": True, "allowSecrets": True}},
                    {"triggerType": "continuousIntegration"},
                ],
            },
            {"id": 1, "name": "bare"},
        ]
    }
    services.answers[f"{project}/distributedtask/variablegroups"] = {
        "value": [{"id": 7, "name": "it-cases", "variables": {"S3": {"value": None, "isSecret": True}}}]
    }
    services.answers[f"{project}/pipelines/pipelinepermissions/variablegroup/7"] = {
        "allPipelines": {"authorized": False},
        "pipelines": [{"id": 2, "authorized": True}, {"id": 3, "authorized": False}],
    }
    first, bare = pipelines.pipelines()
    assert (first.variables, first.secret_variables) == ({"JDK", "S3_KEY"}, {"S3_KEY"})
    assert first.builds_forks
    assert first.forks_see_secrets
    assert (bare.repository, bare.groups) == ("", frozenset())
    assert "planted" not in repr(first)
    names = frozenset({"S3"})
    assert pipelines.variable_groups() == [VariableGroup("it-cases", True, False, frozenset({2}), names, names)]


@pytest.mark.django_db
@pytest.mark.parametrize("body", [(203, "<html>Sign in</html>", {}), (500, {}, {}), {"count": 0}])
def test_an_unusable_answer_is_said_without_an_address(services, body):
    services.answers["/"] = body
    with pytest.raises(ServiceError) as refused:
        pipelines.pipelines()
    assert "http" not in str(refused.value)
