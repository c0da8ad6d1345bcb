"""The overview: one sentence, the tiles, the last passes; and how passes are drawn."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.jobs.history import HEIGHT, LOWEST, SHOWN, bars, recent, tally
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobRun, Worker
from flinkci_dashboard.templatetags.dashboard import badge, counts
from flinkci_dashboard.templatetags.dashboard import passes as drawn
from sync.models import Mirror, MirrorBranch

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"branches_pushed": 0}, ""),
        ({"branches_pushed": 1, "builds_changed": 2}, "1 branch pushed, 2 builds changed"),
        ({"pulls_changed": 1}, "1 pull request changed"),
        ({"replies_written": 1}, "1 reply written"),
        ({"rows": 1200}, "1,200 rows"),
        ({"test_failures": 1}, "1 test failure"),
        ({"caches_rebuilt": 1, "lost_acts_settled": 1}, "1 cache rebuilt, 1 lost act settled"),
        ({"postponed": 1}, "1 postponed"),
    ],
)
def test_counts_read_as_words(values, words):
    assert counts(values) == words


def test_a_state_is_a_word_and_an_icon_and_its_text_is_text():
    assert badge("in_sync") == '<span class="badge good"><i aria-hidden="true">✓</i>in sync</span>'
    assert "running" in badge("busy")
    assert "<b>" not in badge("none", "<b>")
    assert 'class="badge muted"' in badge('"><script>')


def test_passes_are_drawn_newest_to_the_right_and_as_high_as_they_were_long():
    now = timezone.now()
    ended = [("failed", 20, {}), ("ok", 5, {"x": 1}), ("ok", 0, {}), ("running", 5, {})]
    runs = [
        JobRun(outcome=outcome, started_at=now - timedelta(seconds=length), ended_at=now, counts=counted)
        for outcome, length, counted in ended
    ]
    found = bars(runs)
    assert [bar.kind for bar in found] == ["bad", "good", "idle", "info"]
    assert [bar.height for bar in found][:3] == [HEIGHT, HEIGHT // 2, LOWEST]
    assert found[0].x > found[1].x
    assert tally(found) == "2 succeeded, 1 failed, 1 running"


def test_a_drawing_says_in_words_what_it_shows():
    run = JobRun(outcome="ok", started_at=timezone.now(), ended_at=timezone.now(), counts={"<b>x</b>": 1})
    picture = drawn(bars([run]))
    assert 'aria-label="Of the last 1: 1 succeeded"' in picture
    assert "<b>" not in picture
    assert drawn([]) == ""


@pytest.mark.django_db
def test_only_the_last_passes_are_drawn():
    JobRun.objects.bulk_create(JobRun(job="prune", outcome="ok", ended_at=timezone.now()) for _ in range(SHOWN + 5))
    assert len(recent("prune")) == SHOWN


@pytest.mark.usefixtures("bootstrapped")
class TestPage:
    """The page itself."""

    def test_says_what_is_worth_a_look(self, member):
        now = timezone.now()
        Worker.objects.create(host="one", pid=1, started_at=now, seen_at=now)
        MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="rejected", source_sha="a" * 40)
        page = member.get("/").content.decode()
        assert 'data-state="warn"' in page and "Nothing has been looked at yet." in page
        run_pass("send_alerts", "schedule")
        page = member.get("/").content.decode()
        assert re.search(
            r'<a href="/mirrors/">master of flink-ci/flink-mirror [^<]*refused by GitHub[^<]*<time .*</a>: ask', page
        )
        assert re.search(r'Mirrors</a>\s*<span class="badge bad">.{,60}1 failing', page)
        assert "✕ Overview" in page and "icon-bad" in page

    def test_says_nothing_of_order_while_nobody_works(self, member):
        page = member.get("/").content.decode()
        assert "no worker has ever reported" in page
        assert "in order" not in page

    def test_names_jobs_by_their_titles(self, member):
        JobRun.objects.create(job="sync_mirrors", outcome="failed", ended_at=timezone.now(), error="no route")
        JobRun.objects.create(job="no_longer_there", outcome="failed", ended_at=timezone.now())
        page = member.get("/").content.decode()
        assert "Mirror sync" in page
        assert "no_longer_there" in page

    def test_costs_a_few_queries_for_each_tile(self, member, django_assert_max_num_queries):
        member.get("/")
        with django_assert_max_num_queries(34):
            member.get("/")

    def test_costs_one_query_while_nothing_changes(self, member, django_assert_num_queries):
        first = member.get("/", headers=HTMX)
        with django_assert_num_queries(3):  # the session, the person, and the version
            again = member.get("/", headers=HTMX | {"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("path", ["/jobs/", "/jobs/sync_mirrors/"])
    def test_so_do_the_pages_of_jobs(self, member, django_assert_num_queries, path):
        first = member.get(path, headers=HTMX)
        with django_assert_num_queries(3):
            again = member.get(path, headers=HTMX | {"If-None-Match": first["ETag"]})
        assert again.status_code == 304

    def test_the_jobs_page_costs_no_more_with_many_runs(self, member, django_assert_max_num_queries):
        ended = {"outcome": "ok", "ended_at": timezone.now()}
        JobRun.objects.bulk_create(JobRun(job="sync_mirrors", **ended) for _ in range(200))
        with django_assert_max_num_queries(45):
            member.get("/jobs/")

    def test_an_admin_sees_what_is_left_to_do_until_every_job_has_had_a_good_pass(self, admin, member):
        page = admin.get("/").content.decode()
        assert "First steps" in page and "5 contacts without" in page and "Credential probe" in page
        assert "First steps" not in member.get("/").content.decode()
        JobRun.objects.bulk_create(JobRun(job=job, outcome="ok", ended_at=timezone.now()) for job in JOBS)
        assert "First steps" not in admin.get("/").content.decode()

    def test_what_is_missing_closed_or_broken_is_named(self, member, admin, monkeypatch):
        assert "There is nothing at /nowhere/." in member.get("/nowhere/").content.decode()
        assert "There is no such agent." in member.get("/agents/99/").content.decode()
        assert "press the buttons" in member.post("/jobs/prune/run/").content.decode()
        admin.raise_request_exception = False
        monkeypatch.setattr("flinkci_dashboard.views.tiles", None)
        broken = admin.get("/")
        assert broken.status_code == 500 and f"<code>{broken['X-Request-ID']}</code>" in broken.content.decode()
