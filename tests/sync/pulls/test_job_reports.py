"""Reports in whole passes: taken over, put back, folded into one, and with what explains a failure."""

import json

from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Switch
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import CommandComment
from sync.pulls.report import Entry, Report, render
from tests.pulls import builds, end, report, reports, settle, statuses, sync


def test_a_report_that_was_just_written_is_looked_at_for_nothing(flink):
    for _ in range(3):
        flink.pulls.open()
    mark = flink.log_mark()
    settle()
    asked = [each for each in flink.since(mark, "github") if each.method == "GET" and "/issues/comments/" in each.path]
    assert asked and not [each for each in asked if each.charged]


def test_ci_bots_report_is_taken_over(flink):
    number = flink.pulls.open()
    head = flink.pulls.by_number[number].head
    flink.repositories.copy_objects("apache/flink", PULLS)
    flink.repositories.set_ref(PULLS, f"refs/heads/ci_{number}_{head}", head)
    build = flink.azure.queue(PULLS, f"ci_{number}_{head}", head, "individualCI")
    flink.azure.finish(build.id, "failed")
    url = f"{flink.azure_url}/apache-flink/_build/results?buildId={build.id}"
    done = flink.pulls.comment(number, "@flinkbot run azure")
    old = Entry("a" * 40, "DELETED", "https://dev.azure.com/x/_build/results?buildId=5", "a" * 40, "PUSH")
    entries = (old, Entry(head, "FAILURE", url, head, "PUSH"), Entry(head, "FAILURE", url, str(done), "MANUAL"))
    text = render(Report(entries)).replace("\n", "\r\n")
    flink.pulls.comment(number, text, login="flinkbot")
    flink.pulls.comment(number, text, login="mallory")
    settle(2)
    assert reports(flink, number) == [text]
    assert build.status == "completed"
    assert CommandComment.objects.get(comment_id=done).state == "before"
    assert len(flink.pulls.conversation(number)) == 3


def test_a_deleted_report_comes_back_and_a_second_one_is_folded_in(flink):
    number = flink.pulls.open()
    settle(2)
    [comment] = flink.pulls.reports(number)
    flink.pulls.delete_comment(comment.id)
    request("sync_pulls", None, "sync-pull", str(number))
    settle(2)
    assert list(statuses(flink, number).values()) == ["PENDING"]
    flink.pulls.comment(number, render(Report((Entry("b" * 40, "FAILURE", "TBD", "77", "MANUAL"),))), "flinkbot")
    settle(2)
    assert "77" in [entry.trigger_id for entry in report(flink, number).known]


def test_a_report_explains_a_failure_in_place_where_an_admin_wants_it(flink):
    number = flink.pulls.open()
    settle()
    end(flink, number, "failed")
    assert run_pass("poll_builds", "command").outcome == "ok"
    sync()
    assert report(flink, number).sections == ()
    Switch.objects.filter(name="explain_in_reports").update(on=True)
    sync()
    (section,) = report(flink, number).sections
    assert "first seen here" in section.text and "`test_ci core`" in section.text and "@" not in section.text
    (text,) = reports(flink, number)
    assert json.loads(text.split("Meta data\n")[1].split("-->\n## CI report:")[0])["metaDataEntries"]
    assert not sync().counts
    flink.azure.retry(builds(flink, number)[-1].id)
    end(flink, number)
    run_pass("poll_builds", "command")
    settle(2)
    (section,) = report(flink, number).sections
    assert "passed again" in section.text and "`test_ci core`: red" not in section.text
    Switch.objects.update(on=False)
    sync()
    assert report(flink, number).sections == ()
