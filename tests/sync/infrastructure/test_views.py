"""The wiki page of facts that are true now."""

import json

import pytest
from django.utils import timezone

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Credential, JobRun, Worker
from labeler.models import Ticket
from sync.models import Mirror, MirrorBranch, Pipeline, PipelineVariable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


def page(member) -> str:
    answer = member.get("/infrastructure/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_installation_says_what_the_wiki_page_says(member):
    text = page(member)
    for name in ("apache/flink", "flink-ci/flink-mirror", "flink-ci/git-repo-sync", "flinkbot", "FLINK-27075"):
        assert name in text
    for person in ("Robert Metzger", "Chesnay Schepler", "Matthias Pohl", "Jing Ge", "Yang Wang"):
        assert person in text
    assert "No key is added without prior notice" in text
    assert "Alibaba-hosted" in text


def test_nothing_on_the_wiki_page_is_left_without_its_place(member, settings):
    """The page of Flink's wiki, line by line; “cibot” is how it writes ci-bot."""
    Worker.objects.create(host="machine-1", pid=1, started_at=timezone.now(), seen_at=timezone.now())
    Ticket.objects.create(key="FLINK-27075", known=True, status="Open")
    mirror = Mirror.objects.get()
    MirrorBranch.objects.create(mirror=mirror, name="master", selected=True, source_sha="a" * 40)
    source, azure = settings.GITHUB_GIT_URL, settings.AZURE_DEVOPS_URL
    links = [
        *(f"{source}/{name}" for name in ("apache/flink", "flink-ci", "flink-ci/flink-mirror", "flink-ci/flink")),
        *(f"{source}/flink-ci/{name}" for name in ("git-repo-sync", "ci-bot", "pr-labeler")),
        *(f"{source}/flinkbot", f"{azure}/{settings.AZURE_PROJECT}/_build", f"{settings.JIRA_URL}/browse/FLINK-27075"),
        f"{source}/apache/flink/blob/{'a' * 40}/azure-pipelines.yml",
        f"{source}/apache/flink/tree/{'a' * 40}/tools/azure-pipelines",
        *(f"/mirrors/{mirror.pk}/policy/", "/migration/", "/agents/#host-azure", "/agents/#host-alibaba"),
    ]
    text = page(member)
    assert [link for link in links if f'href="{link}"' not in text] == []
    facts = ["does not grant", "Ververica owns", "Ververica sponsors", "hold the CI secrets", "see no secret", "cibot"]
    facts += ["GitHub classic token", "repo workflow", "the PMC", "gives to open source projects", "Alibaba gives"]
    facts += ["first lines of its log", "machine-1", "(Open): migrate CI", "git-repo-sync did", "PMC chair"]
    facts += [
        "One of the main maintainers",
        "Ververica contact",
        "dedicated agents",
        "none is passed on",
        "needs a key",
    ]
    assert [fact for fact in facts if fact not in text] == []


def test_each_way_says_how_its_last_pass_ended(member):
    JobRun.objects.create(job="sync_mirrors", outcome="failed", ended_at=timezone.now())
    answer = member.get("/infrastructure/")
    states = {flow.arrow.carries: flow.tone for flow in answer.context["arrows"]}
    assert states["branches"] == "bad"
    assert states["heads"] == "muted"
    assert 'class="flow bad"' in answer.content.decode()


def test_variables_appear_by_themselves_and_are_said_to_be_gone(member, world, monkeypatch):
    assert run_pass("check_exposure", "command").outcome == "ok"
    assert Pipeline.objects.filter(sees_secrets=True).exists()
    assert "found, not described yet" in page(member)
    Credential.objects.create(name="S3 key", kind="azure_variable", variable="IT_CASE_S3_ACCESS_KEY", notice="x")
    assert "described" in page(member)
    PipelineVariable.objects.create(place="keys", in_group=True, name="OLD_KEY", secret=True, seen_at=timezone.now())
    run_pass("check_exposure", "command")
    assert PipelineVariable.objects.get(name="OLD_KEY").gone_at
    assert PipelineVariable.objects.get(name="IT_CASE_S3_BUCKET").gone_at is None


@pytest.mark.parametrize("path", ["build/definitions", "variablegroups"])
def test_an_empty_answer_makes_nothing_disappear(world, path):
    run_pass("check_exposure", "command")
    known = PipelineVariable.objects.filter(gone_at=None).count()
    assert known
    empty = '{"count": 0, "value": []}'
    world.fault(service="azure", path=path, body=empty, status=200, times=None)
    run_pass("check_exposure", "command")
    assert PipelineVariable.objects.filter(gone_at=None).count() == known


def test_its_tables_are_sorted_and_given_as_files(member):
    rows = json.loads(member.get("/infrastructure/?format=json&table=repositories").getvalue())
    assert rows[0]["repository"] == "apache/flink" and rows[0]["written_by"] == ["Pull request sync", "Labels"]
    assert "sync_mirrors" not in member.get("/infrastructure/?format=csv&table=flows").getvalue().decode()


def test_the_plan_says_how_far_it_has_come(member):
    assert "criteria are met, and" in page(member) and "Azure Pipelines has the say about master" in page(member)


def test_it_costs_a_fixed_number_of_queries(member, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        page(member)
