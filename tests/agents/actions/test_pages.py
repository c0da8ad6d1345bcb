"""What pages, the API and alerts say of GitHub Actions beside Azure: the same words, and what is its own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.alerts import findings
from agents.charts.anew import make_anew
from agents.models import Authority, HostPeriod, SlowJob, Workflow
from agents.tiles import tiles
from flinkci_dashboard.alerts.collect import limits
from tests.machines import make_build, make_job, minutes

pytestmark = pytest.mark.usefixtures("bootstrapped")


def make_run(number=17_000_000_001, **fields):
    facts = {
        "provider": "actions",
        "definition": "Flink CI (beta)",
        "definition_id": 7,
        "workflow": ".github/workflows/ci.yml",
        "event": "push",
        "repository": "apache/flink",
        "web_url": f"https://github.com/apache/flink/actions/runs/{number}",
    }
    return make_build(number, **facts | fields)


def told() -> set[tuple[str, str]]:
    now = timezone.now()
    make_anew(now)
    return {(each.rule, each.subject) for each in findings(now, limits())}


def test_the_page_of_a_run_leads_to_the_run_and_its_jobs(member):
    run = make_run(result="failed")
    job = make_job(run, "Default (Java 17) / Compile", "failed", host="github", record_id="99", failed_step_id="4")
    page = member.get(run.get_absolute_url()).content.decode()
    assert run.web_url in page
    assert f"{run.web_url}/job/{job.record_id}" in page
    assert "GitHub-hosted" in page
    assert ".github/workflows/ci.yml" in page


def test_the_list_shows_either_service_alone(member):
    make_build(79301), make_run()
    assert "17000000001" in member.get("/builds/?provider=actions").content.decode()
    assert "79301" not in member.get("/builds/?provider=actions").content.decode()
    assert "17000000001" not in member.get("/builds/?provider=azure").content.decode()


def test_a_branch_has_a_grid_for_each_service(member):
    make_build(79301), make_run()
    page = member.get("/branches/master/").content.decode()
    assert "Pushes, GitHub Actions" in page


def test_github_has_a_card_without_machines_once_jobs_run_there(member):
    assert 'id="host-github"' not in member.get("/agents/").content.decode()
    run = make_run(status="running", result="", finished_at=None)
    make_job(run, "Default (Java 17) / Compile", "", host="github", status="running", finished_at=None)
    waiting = {"host": "github", "status": "queued", "started_at": None, "finished_at": None, "wait_seconds": None}
    make_job(run, "Default (Java 17) / E2E (group 1)", "", **waiting)
    page = member.get("/agents/").content.decode()
    assert 'id="host-github"' in page
    assert "1 <small>jobs running, each on a machine of its own</small>" in page
    HostPeriod.objects.create(step="hour", start=timezone.now() - timedelta(hours=1), host="github", finished=3)
    (tile,) = [each for each in tiles(timezone.now()) if each.title == "GitHub-hosted"]
    assert (tile.figure, tile.words) == ("1", "job running")
    assert "Default (Java 17) / E2E (group 1)" in page


def test_a_red_branch_of_actions_is_told_of_unless_it_has_no_say():
    for number in range(4):
        make_run(17_000_000_001 + number, ago=60 - number, result="failed")
    assert ("branch_red", "master (GitHub Actions)") in told()
    facts = {"by": "pmc", "reason": "It is a trial.", "at": timezone.now()}
    Authority.objects.create(branch="master", purpose="testing", choice="azure", **facts)
    assert "branch_red" not in {rule for rule, _ in told()}


@pytest.mark.parametrize(
    ("choice", "heard"), [("azure", {"azure"}), ("actions", {"actions"}), ("both", {"azure", "actions"})]
)
def test_jobs_that_got_slower_are_told_of_where_their_service_has_a_say(choice, heard):
    for provider in ("azure", "actions"):
        facts = {"key": provider, "usual_seconds": 600, "seconds": 1200, "since": minutes(9)}
        SlowJob.objects.create(branch="master", provider=provider, name=provider, **facts)
    Authority.objects.create(branch="master", purpose="testing", choice=choice, by="pmc", reason="So.", at=minutes(1))
    found = [each.subject for each in findings(timezone.now(), limits()) if each.rule == "job_slower"]
    assert set(found) == {f"master: {provider}" for provider in heard}


def test_nothing_ran_is_told_of_whoever_has_the_say():
    make_run(result="startup_failure", started_at=None)
    assert ("run_unborn", "master push (GitHub Actions)") in told()


@pytest.mark.parametrize(
    ("state", "ago", "is_told"),
    [("disabled_manually", 60, True), ("disabled_fork", 60, False), ("active", 60, False)],
    ids=str,
)
def test_a_workflow_that_ran_and_is_switched_off_is_told_of(state, ago, is_told):
    make_run(ago=ago)
    facts = {"name": "Flink CI (beta)", "changed_at": minutes(5)}
    Workflow.objects.create(repository="apache/flink", external_id=7, state=state, **facts)
    assert (("workflow_off", "apache/flink Flink CI (beta)") in told()) is is_told


def test_a_nightly_that_is_missing_on_one_service_is_not_made_up_for_by_the_other():
    old = {"reason": "schedule", "result": "failed", "queued_at": timezone.now() - timedelta(days=3)}
    make_build(79301, **old)
    make_run(reason="schedule")
    assert ("nothing_ran", "master") in told()


def test_the_api_tells_where_a_job_ran(member):
    run = make_run(result="action_required")
    make_job(run, "Default (Java 17) / Compile", host="github", worker_name="GitHub Actions 12")
    shown = member.get(f"/api/v1/builds/actions/{run.external_id}").json()
    assert (shown["provider"], shown["result"], shown["status"]) == ("actions", "action_required", "finished")
    assert (shown["jobs"][0]["host"], shown["jobs"][0]["agent"]) == ("github", "GitHub Actions 12")
