"""GitHub may list no deep pages and name no cursors: what lies behind is read by numbers and times."""

import json

import pytest

from sync.models import CommandComment, PullRequest, Watermark
from tests.pulls import end, reactions, settle, sync


@pytest.fixture
def shallow(flink, monkeypatch):
    """A GitHub that lists no page from the third on, and names no cursor."""
    monkeypatch.setattr("flinkci_dashboard.clients.github.pulls.PAGE", 20)
    deep = json.dumps({"message": "Pagination with the page parameter is not supported for large datasets"})
    flink.fault(service="github", path=r"[?&]page=([3-9]|\d\d)", status=422, body=deep, times=None)
    return flink


def test_open_pull_requests_beyond_the_pages_that_github_lists_are_looked_at_by_number(shallow):
    shallow.pulls.many(opened=60, closed=0)
    settle(6)
    assert PullRequest.objects.filter(state="open").count() == 60
    last = max(shallow.pulls.by_number)
    shallow.pulls.by_number[last].title = "[FLINK-7] Changed without a trace in the stream"
    Watermark.objects.filter(name="everything").update(data={"at": None, "pages": {}, "check": None})
    sync()
    assert PullRequest.objects.get(number=last).title.startswith("[FLINK-7]")
    assert not PullRequest.objects.exclude(missing_since=None).exists()


def test_more_changes_than_github_lists_are_read_all_the_same(shallow):
    shallow.pulls.many(opened=60, closed=60)
    settle(10)
    for number in shallow.pulls.by_number:
        shallow.pulls.edit(number, title=f"[FLINK-{number}] Renamed")
    settle(10)
    assert not PullRequest.objects.exclude(title__contains="Renamed").exists()


def test_a_flood_of_comments_is_read_where_lists_are_shallow(shallow):
    number = shallow.pulls.open()
    settle(3)
    end(shallow, number, "failed")
    sync()
    comment = shallow.pulls.comment(number, "@flinkbot run azure")
    for place in range(90):
        shallow.pulls.comment(number, f"Comment {place}")
    sync()
    sync()
    assert "+1" in reactions(shallow, comment)


def test_a_long_conversation_is_read_to_its_end_where_lists_are_shallow(shallow):
    number = shallow.pulls.open()
    for place in range(90):
        shallow.pulls.comment(number, f"Comment {place}")
    shallow.pulls.comment(number, "@flinkbot run gpu")
    settle(3)
    assert CommandComment.objects.filter(words__contains="gpu").exists()
