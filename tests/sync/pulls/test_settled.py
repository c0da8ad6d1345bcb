"""What is planned anew: only what something was said of since a pass found nothing to do for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Authority, Build
from flinkci_dashboard.models import Action
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment, Repository, TrustGate
from sync.pulls.outcome import Decision
from sync.pulls.plan import PullPlan, plan
from sync.pulls.settled import LONGEST, Settled
from sync.pulls.state import PullStates
from tests.machines import make_build, make_job

pytestmark = pytest.mark.django_db
SHA = "a" * 40
NOW = timezone.now()


@pytest.fixture
def settled():
    """Two pull requests with all kinds of rows, of which a pass has found that nothing is to be done."""
    Repository.objects.create(owner="apache", name="flink", role="source")
    for number in (1, 2):
        facts = {"title": "Fix", "head_sha": SHA, "created_at": NOW, "updated_at": NOW, "conversation_read_at": NOW}
        pull = PullRequest.objects.create(number=number, **facts)
        seen = {"seen_at": NOW - timedelta(hours=1), "pushed_at": NOW - timedelta(hours=1)}
        CIBranch.objects.create(name=f"ci_{number}_{SHA}", number=number, sha=SHA, tip=SHA, **seen)
        ReportComment.objects.create(comment_id=number, pull=pull, body="## CI report:", written_at=NOW)
        facts = {"pull_number": number, "scope": "pull", "version": SHA, "result": "failed"}
        make_job(make_build(number, branch=f"ci_{number}_{SHA}", **facts), result="failed")
    look(note=True)
    assert not look()


def look(note: bool = False, now=NOW, token: str = "t", act: PullPlan | None = None) -> list[int]:  # noqa: S107
    """Return which pull requests a pass would plan, and let it find nothing to do, or one thing."""
    found = Settled(now, token)
    moved = found.moved()
    if note:
        states = PullStates(moved, token)
        decided = {pull.number: states.state(pull) for pull in moved}
        found.note({number: Decision(state, act or PullPlan()) for number, state in decided.items()}, active=True)
    return [pull.number for pull in moved]


FIRST = {
    "its title": lambda: PullRequest.objects.filter(number=1).update(title="Other"),
    "its head": lambda: PullRequest.objects.filter(number=1).update(head_sha="b" * 40),
    "what its report says apart": lambda: PullRequest.objects.filter(number=1).update(sections={"failures": "x"}),
    "why it waits, as shown": lambda: PullRequest.objects.filter(number=1).update(why="who knows"),
    "its report, edited": lambda: ReportComment.objects.filter(comment_id=1).update(body="x"),
    "its report, deleted": lambda: ReportComment.objects.filter(comment_id=1).update(gone=True),
    "a row of its report": lambda: ReportComment.objects.filter(comment_id=1).delete(),
    "its branch, gone": lambda: CIBranch.objects.filter(number=1).delete(),
    "its branch, moved": lambda: CIBranch.objects.filter(number=1).update(tip="b" * 40),
    "its build, retried": lambda: Build.objects.filter(pull_number=1).update(status="running"),
    "its build, gone": lambda: Build.objects.filter(pull_number=1).update(gone_at=NOW),
    "another build": lambda: make_build(9, branch=f"ci_1_{SHA}", pull_number=1, scope="pull"),
    "a run elsewhere": lambda: make_build(9, provider="actions", version=SHA, pull_number=1, scope="pull"),
    "another failed job": lambda: make_job(Build.objects.get(pull_number=1), name="test_ci x", result="failed"),
    "a command": lambda: CommandComment.objects.create(
        comment_id=7, pull=PullRequest.objects.get(number=1), words="run azure", head_sha=SHA, commented_at=NOW
    ),
    "a cancel of ours": lambda: Action.objects.create(
        key="k", job="sync_pulls", kind="cancel-build", subject="#1", state="done", payload={"build": 1}
    ),
}
ALL = {
    "who has the say": lambda: Authority.objects.create(branch="", purpose="testing", choice="both", at=NOW),
    "the gate": lambda: TrustGate.objects.update_or_create(pk=1, defaults={"mode": "observe"}),
    "a repository": lambda: Repository.objects.update(name="other"),
}


@pytest.mark.parametrize("change", FIRST.values(), ids=FIRST.keys())
def test_one_is_planned_anew_when_anything_about_it_changes(settled, change):
    change()
    assert look(note=True) == [1]
    assert look() == [] or Build.objects.filter(status="running").exists()  # what is under way is never at rest


@pytest.mark.parametrize("change", ALL.values(), ids=ALL.keys())
def test_all_are_planned_anew_when_what_decides_about_all_changes(settled, change):
    change()
    assert sorted(look()) == [1, 2]


def test_all_are_planned_anew_with_another_token_and_after_a_while_and_when_a_clock_was_ahead(settled):
    assert look(token="u") == look(now=NOW + LONGEST) == look(now=NOW - timedelta(seconds=1)) == [2, 1]  # noqa: S106
    assert look(now=NOW + LONGEST - timedelta(seconds=1)) == []


def test_one_is_planned_anew_when_its_own_time_has_come(settled):
    Build.objects.filter(pull_number=1).delete()
    CIBranch.objects.filter(number=1).update(pushed_at=NOW - timedelta(minutes=12))
    assert look(note=True) == [1]
    due = NOW + timedelta(minutes=3)
    assert look(now=due - timedelta(seconds=1)) == []
    assert look(now=due) == [1]
    [pull] = PullRequest.objects.filter(number=1)
    assert plan(PullStates([pull], "t").state(pull), due).acts


def test_one_with_something_left_to_do_is_planned_until_that_is_done(settled):
    PullRequest.objects.filter(number=1).update(title="Other")
    [pull] = PullRequest.objects.filter(number=1)
    left = plan(PullStates([pull], "t").state(pull), NOW)
    assert left
    assert look(note=True, act=left) == [1]
    assert look(note=True) == [1]
    assert look() == []


def test_what_a_pass_looks_at_costs_a_fixed_number_of_queries(settled, django_assert_num_queries):
    with django_assert_num_queries(12):
        assert look() == []
