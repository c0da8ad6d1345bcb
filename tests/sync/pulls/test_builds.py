"""Retries, cancels and new builds when the CI service is odd, and when several people want the same."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from flinkci_dashboard.clients.azure.project import Azure
from flinkci_dashboard.clients.secrets import token
from flinkci_dashboard.clients.web import azure_signature, session
from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Action, JobRequest
from sync.models import CIBranch, CommandComment, PullRequest
from tests.pulls import builds, end, name_of, reactions, reports, settle, sync

RETRY = {"service": "azure", "method": "PATCH", "path": "retry=true"}


def failed(world) -> int:
    """Open a pull request whose build has failed, and let that be known."""
    number = world.pulls.open()
    settle(2)
    end(world, number, "failed")
    settle(1)
    return number


def attempts(world, number: int) -> list[int]:
    return [max(job.attempt for job in build.jobs) for build in builds(world, number)]


def press(act: str, number: int) -> JobRequest:
    return request("sync_pulls", None, act, str(number))


def answers() -> list[str]:
    return list(JobRequest.objects.order_by("pk").values_list("answer", flat=True))


def test_two_presses_and_a_command_are_one_re_run(flink):
    number = failed(flink)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    press("retry", number)
    press("retry", number)
    sync()
    assert attempts(flink, number) == [2]
    assert answers() == ["Done.", "Done."]
    settle(1)
    assert reactions(flink, comment) == {"+1"}
    assert Action.objects.filter(kind="retry-build").count() == 1


def test_two_presses_of_cancel_ask_a_build_once(flink):
    number = flink.pulls.open()
    settle(2)
    press("cancel", number)
    press("cancel", number)
    sync()
    assert builds(flink, number)[0].result == "canceled"
    assert answers() == ["Done.", "Done."]
    assert Action.objects.filter(kind="cancel-build").count() == 1


def test_a_re_run_by_hand_an_instant_before_ours_serves_the_command(flink):
    number = failed(flink)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, before=lambda: flink.azure.retry(builds(flink, number)[0].id))
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}
    assert "cannot be retried" in Action.objects.get(kind="retry-build").answer


def test_a_re_run_by_hand_that_has_failed_again_serves_the_command_too(flink):
    number = failed(flink)

    def quick() -> None:
        flink.azure.retry(builds(flink, number)[0].id)
        end(flink, number)

    comment = flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, before=quick)
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}


@pytest.mark.parametrize("acted", [True, False])
def test_an_answer_without_the_build_makes_no_second_one(flink, acted):
    number = failed(flink)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, acted=acted, status=200, body="{}")
    sync("ok" if acted else "partial")
    assert reactions(flink, comment) == ({"+1"} if acted else set())
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refused_retry_is_asked_for_once_more_without_a_body(flink, status):
    number = failed(flink)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, status=status, body='{"message": "The request body must be empty."}')
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}


def test_a_service_that_wants_no_body_gets_none(flink):
    number = failed(flink)
    flink.azure.retry_takes_no_body = True
    press("retry", number)
    sync()
    assert attempts(flink, number) == [2]
    assert answers() == ["Done."]


def test_what_is_too_old_to_be_retried_is_built_anew_and_the_words_are_kept(flink):
    number = failed(flink)
    flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, times=None, status=409, body='{"message": "It is too old."}')
    settle(2)
    assert attempts(flink, number) == [1, 1]
    answer = Action.objects.get(kind="retry-build").answer
    assert answer.startswith("build ") and "It is too old." in answer


def test_a_retry_that_was_never_made_is_made_though_the_service_is_ahead_of_us(flink):
    number = failed(flink)
    builds(flink, number)[0].finished_at += timedelta(hours=1)
    settle(1)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, reset=True)
    sync("partial")
    assert attempts(flink, number) == [1]
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}


def test_a_retry_whose_answer_was_lost_is_found_by_its_attempt_and_not_repeated(flink):
    number = failed(flink)
    flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, acted=True, reset=True)
    flink.fault(service="azure", method="GET", path=f"builds/{builds(flink, number)[0].id}", status=500, times=3)
    sync("partial")
    end(flink, number, "failed")
    settle(2)
    assert attempts(flink, number) == [2]
    assert Action.objects.get(kind="retry-build").state == "done"
    assert CommandComment.objects.get().state == "rerun"


def test_a_pipeline_with_a_mistake_is_told_and_not_tried_again_for_this_head(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number)
    settle(1)
    words = "/azure-pipelines.yml (Line: 12, Col: 5): Unexpected value 'stepz'"
    flink.azure.invalid[f"ci_{number}_{flink.pulls.by_number[number].head}"] = words
    flink.pulls.comment(number, "@flinkbot run azure")
    run = sync()
    assert run.counts["builds_refused"] == 1
    assert words in PullRequest.objects.get(number=number).build_problem
    assert words in Action.objects.get(kind="queue-build").answer
    Action.objects.update(settled_at=Action.objects.get(kind="queue-build").settled_at - timedelta(days=1))
    mark = flink.log_mark()
    settle(2)
    assert not [each for each in flink.since(mark, "azure") if each.method == "POST"]


@pytest.mark.parametrize("built", [True, False], ids=["after a build", "with no build"])
def test_a_command_for_a_head_that_can_not_be_built_is_answered_and_the_head_is_not_tried_again(flink, built):
    flink.azure.start_builds = built
    number = flink.pulls.open()
    settle(2)
    if built:
        end(flink, number)
        settle(1)
    else:
        CIBranch.objects.update(pushed_at=timezone.now() - timedelta(hours=1))
    branch = name_of(flink, number)
    flink.azure.invalid[branch] = "/azure-pipelines.yml (Line: 12, Col: 5): Unexpected value 'stepz'"
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(3)
    assert CommandComment.objects.get().state == "refused"
    assert reactions(flink, comment) >= {"confused"}
    assert "Unexpected value" in reports(flink, number)[0]
    mark = flink.log_mark()
    later = flink.pulls.comment(number, "@flinkbot run azure")
    Action.objects.update(settled_at=F("settled_at") - timedelta(hours=1))
    settle(3)
    assert not [each for each in flink.since(mark, "azure") if each.method == "POST"]
    assert reactions(flink, later) == {"confused"}
    flink.pulls.push(number)
    settle(3)
    assert PullRequest.objects.get(number=number).build_problem_head != flink.pulls.by_number[number].head
    assert "Unexpected value" not in reports(flink, number)[0]


def test_a_new_head_is_built_although_the_former_one_could_not_be(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    settle(1)
    head = flink.pulls.by_number[number].head
    PullRequest.objects.filter(number=number).update(build_problem="Wrong.", build_problem_head=head)
    press("retry", number)
    settle(1)
    assert len(builds(flink, number)) == 1
    assert PullRequest.objects.get(number=number).build_problem == ""


def test_one_persons_request_does_not_hurry_other_pull_requests(flink):
    hurried, patient = failed(flink), failed(flink)
    for number in (hurried, patient):
        flink.pulls.comment(number, "@flinkbot run azure")
    flink.fault(**RETRY, times=4, status=403, body='{"message": "Not now."}')
    sync("partial")
    flink.clear_faults()
    press("sync-pull", hurried)
    sync()
    assert (attempts(flink, hurried), attempts(flink, patient)) == ([2], [1])
    request("sync_pulls", None)
    sync()
    assert attempts(flink, patient) == [2]


def test_a_button_answers_for_its_own_act_and_not_for_others(flink):
    mine, other = failed(flink), failed(flink)
    flink.pulls.comment(other, "@flinkbot run azure")
    flink.fault(service="azure", method="PATCH", path=f"builds/{builds(flink, other)[0].id}", times=None, status=403)
    press("retry", mine)
    sync("partial")
    assert answers() == ["Done."]


def test_a_button_whose_act_failed_tells_why(flink):
    number = failed(flink)
    flink.fault(**RETRY, times=None, status=403, body='{"message": "No right to do that."}')
    press("retry", number)
    sync("partial")
    [answer] = answers()
    assert answer.startswith("Not all of it was done.") and "No right to do that." in answer


def test_an_answer_with_the_build_as_it_was_is_no_retry(flink):
    number = failed(flink)
    [build] = builds(flink, number)
    address = f"{flink.azure_url}/apache-flink/_apis/build/builds/{build.id}"
    as_it_was = session().get(address, params={"api-version": "7.1"}, auth=azure_signature(token("azure"))).text
    flink.fault(**RETRY, status=200, body=as_it_was)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    sync("partial")
    assert "+1" not in reactions(flink, comment)
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}


def test_an_order_that_is_answered_with_another_build_is_not_taken_for_done(flink):
    number, other = failed(flink), failed(flink)
    end(flink, number)
    sync()
    [wrong] = builds(flink, other)
    address = f"{flink.azure_url}/apache-flink/_apis/build/builds/{wrong.id}"
    body = session().get(address, params={"api-version": "7.1"}, auth=azure_signature(token("azure"))).text
    flink.fault(service="azure", method="POST", path="build/builds", acted=True, status=200, body=body)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    sync("partial")
    assert "+1" not in reactions(flink, comment)
    settle(2)
    ordered = builds(flink, number)
    assert len(ordered) == 2 and reactions(flink, comment) == {"+1"}
    assert CommandComment.objects.get().build_url.endswith(f"={ordered[-1].id}")


def test_a_reopened_one_whose_build_we_had_canceled_gets_another(flink):
    number = flink.pulls.open()
    settle(2)
    flink.pulls.close(number)
    settle(3)
    flink.azure.start_builds = False
    flink.pulls.reopen(number)
    settle(2)
    assert [build.result for build in builds(flink, number)] == ["canceled"]
    CIBranch.objects.update(pushed_at=timezone.now() - timedelta(minutes=16))
    settle(3)
    assert [build.result for build in builds(flink, number)] == ["canceled", None]


def test_a_cancel_of_a_killed_pass_is_not_repeated_on_the_re_run(flink, monkeypatch):
    number = flink.pulls.open()
    settle(2)
    press("cancel", number)
    cancel = Azure.cancel_build

    def killed(*args, **more):
        cancel(*args, **more)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Azure, "cancel_build", killed)
        with pytest.raises(SystemExit):
            run_pass("sync_pulls", "command")
    flink.azure.retry(builds(flink, number)[0].id)
    settle(3)
    assert [build.result for build in builds(flink, number)] == [None]
    assert attempts(flink, number) == [2]


def test_a_head_that_comes_back_has_its_build_back_although_the_cancels_answer_was_lost(flink):
    number = flink.pulls.open()
    settle(2)
    first = flink.pulls.by_number[number].head
    flink.pulls.push(number)
    flink.fault(service="azure", method="PATCH", acted=True, reset=True)
    sync("partial")
    flink.pulls.set_head(number, first)
    settle(4)
    assert attempts(flink, number) == [2]
    assert builds(flink, number)[0].result is None


def test_each_time_a_head_comes_back_its_build_does(flink):
    number = flink.pulls.open()
    settle(2)
    first = flink.pulls.by_number[number].head
    second = flink.pulls.push(number)
    settle(2)
    for runs, head in ((2, first), (2, second), (3, first)):
        flink.pulls.set_head(number, head)
        settle(3)
        assert attempts(flink, number) == [runs]


@pytest.mark.parametrize("body", ["null", "[1]", '{"id": "abc"}', '{"id": 1, "status": "inProgress"}', '{"value": []}'])
def test_an_answer_that_can_not_be_read_ends_nothing_and_is_no_retry(flink, body):
    number = failed(flink)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    other = flink.pulls.open()
    flink.fault(**RETRY, status=200, body=body)
    sync("partial")
    assert "+1" not in reactions(flink, comment)
    assert len(builds(flink, other)) == 1
    settle(2)
    assert attempts(flink, number) == [2]
    assert reactions(flink, comment) == {"+1"}
