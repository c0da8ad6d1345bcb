"""The mirrors' pages: what members see, what operators and admins may press, and how little an unchanged page costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.models import Action, AuditEvent, JobRequest, JobRun
from sync.mirrors.values import ResetRequest
from sync.models import Mirror, MirrorBranch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HTMX = {"HX-Request": "true"}
HOSTILE = '<script>alert("x")</script>\u202e'


def branch(name="master", state="in_sync", **facts) -> MirrorBranch:
    facts = {"source_sha": "a" * 40, "target_sha": "a" * 40, "reason": "Always mirrored."} | facts
    return MirrorBranch.objects.create(mirror=Mirror.objects.get(), name=name, state=state, **facts)


def signed_in(role: str) -> Client:
    user = User.objects.create_user(f"some-{role}")
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return browser


def test_before_the_first_pass_the_page_says_so(member):
    assert b"No pass has looked at this mirror yet" in member.get("/mirrors/").content


def test_during_the_first_pass_the_page_says_that_it_is_under_way(member):
    JobRun.objects.create(job="sync_mirrors", outcome="running")
    text = member.get("/mirrors/").content.decode()
    assert "The first pass is under way" in text
    assert "No pass has looked" not in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("behind", "None needed: the next pass pushes them"),
        ("new", "None needed: the next pass creates it"),
        ("diverged", "an admin resets the branch to the source"),
        ("gone", "delete it on the mirror by hand"),
        ("rejected", "then press “Sync now”"),
        ("unreachable", "every pass tries again"),
        ("not_authorized", "Store a GitHub token"),
    ],
)
def test_every_state_comes_with_its_remedy(member, settings, state, words):
    settings.SYNC_MODE = "active"
    branch(state=state, detail="the server's words")
    page = member.get("/mirrors/").content.decode()
    assert words in page
    assert "the server&#x27;s words" in page


def test_nothing_is_promised_where_nothing_is_written(member, settings):
    settings.SYNC_MODE = "observe"
    branch(state="behind")
    page = member.get("/mirrors/").content.decode()
    assert "this installation only observes" in page
    assert "the next pass" not in page


def test_texts_from_outside_are_shown_as_text(member):
    branch(name="release-2.0", subject=HOSTILE, author=HOSTILE, state="rejected", detail=HOSTILE)
    page = member.get("/mirrors/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_row_links_both_commits_on_github(member):
    branch(target_sha="b" * 40, state="behind")
    page = member.get("/mirrors/").content.decode()
    assert "/apache/flink/commit/" + "a" * 40 in page
    assert "/flink-ci/flink-mirror/commit/" + "b" * 40 in page


def test_long_work_shows_how_far_it_is(member):
    JobRun.objects.create(
        job="sync_mirrors", progress={"phase": "Receiving objects", "percent": 45, "megabytes": 12.34}
    )
    page = member.get("/mirrors/").content.decode()
    assert "Receiving objects" in page
    assert "45 %" in page
    assert "12.3 MB" in page


def test_in_observe_mode_the_plan_is_shown(member, settings):
    settings.SYNC_MODE = "observe"
    Action.objects.create(key="k", job="sync_mirrors", kind="push", subject="master", state="planned")
    page = member.get("/mirrors/").content.decode()
    assert "Observing: Mirror sync" in page
    assert "would push" in page


def test_an_unchanged_fragment_costs_one_query_and_no_body(member, django_assert_num_queries):
    branch()
    JobRun.objects.create(job="sync_mirrors", outcome="ok", ended_at=timezone.now())
    first = member.get("/mirrors/", headers=HTMX)
    assert b"<html" not in first.content
    with django_assert_num_queries(3):  # the session, the person, and the version
        again = member.get("/mirrors/", headers=HTMX | {"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    JobRun.objects.create(job="sync_mirrors", progress={"phase": "Receiving", "percent": 40})
    changed = member.get("/mirrors/", headers=HTMX | {"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_branches(member, django_assert_max_num_queries):
    for number in range(30):
        branch(f"release-1.{number}")
    with django_assert_max_num_queries(20):  # six of them for the frame: the banner and the tab
        member.get("/mirrors/")


def test_lag_grows_until_the_mirror_has_the_source_s_head(member):
    now = timezone.now()
    seen = {"source_seen_at": now - timedelta(minutes=9), "target_sha": "b" * 40}
    row = branch(state="behind", **seen)
    assert "and growing" in member.get("/mirrors/").content.decode()
    row.target_sha, row.state, row.mirrored_at = row.source_sha, "in_sync", now - timedelta(minutes=8)
    row.save()
    page = member.get("/mirrors/").content.decode()
    assert "and growing" not in page
    assert "1 min<br><small>reached" in page


@pytest.mark.parametrize(
    ("state", "source", "words"),
    [("gone", "a", "–"), ("gone", "", "–"), ("unreachable", "b", "–"), ("rejected", "a", "and growing")],
)
def test_lag_is_told_only_where_the_mirror_misses_something(member, state, source, words):
    branch(state=state, source_sha=source * 40, target_sha="b" * 40, source_seen_at=timezone.now())
    cell = member.get("/mirrors/").content.decode().split('data-label="Lag"')[1].split("</td>")[0]
    assert words in cell


def test_quiet_passes_shrink_to_a_line_between_those_that_did_something(member, django_assert_max_num_queries):
    ended = {"job": "sync_mirrors", "outcome": "ok", "ended_at": timezone.now()}
    for quiet in (0, 1, 2100):
        JobRun.objects.create(counts={"branches_pushed": 1}, **ended)
        JobRun.objects.bulk_create([JobRun(**ended) for _ in range(quiet)], batch_size=500)
    JobRun.objects.create(job="prune", outcome="ok", ended_at=timezone.now())
    with django_assert_max_num_queries(22):  # six of them for the frame: the banner and the tab
        page = member.get("/mirrors/").content.decode()
    assert page.count("found all in order") == 1
    assert "Since then, all was in order" in page  # without a number: what every pass changes would be sent anew
    assert "1 pass found all in order" in page


def test_a_side_that_does_not_answer_is_shown_with_how_long(member):
    Mirror.objects.update(target_problem="No <answer>", target_problem_since=timezone.now())
    page = member.get("/mirrors/").content.decode()
    assert "No &lt;answer&gt;" in page
    assert "flink-ci/flink-mirror</strong> for <time" in page


def test_sync_now_is_for_operators_and_is_audited(member):
    assert member.post("/mirrors/sync/").status_code == 403
    assert b"Sync now" not in member.get("/mirrors/").content
    operator = signed_in("operator")
    assert b"Sync now" in operator.get("/mirrors/").content
    operator.post("/mirrors/sync/")
    assert JobRequest.objects.get().job == "sync_mirrors"
    assert AuditEvent.objects.get(act="sync mirrors now").actor_name == "some-operator"


def test_a_diverged_branch_is_reset_by_an_admin_who_types_its_name(member):
    row = branch("release-2.0", "diverged", target_sha="b" * 40)
    address = f"/mirrors/branches/{row.pk}/reset/"
    assert signed_in("operator").post(address, {"name": "release-2.0"}).status_code == 403
    admin = signed_in("admin")
    assert b"Reset release-2.0" in admin.get("/mirrors/").content
    admin.post(address, {"name": "release-2.1"})
    assert not JobRequest.objects.exists()
    admin.post(address, {"name": "release-2.0"})
    asked = ResetRequest.of(JobRequest.objects.get(act="reset-branch").payload)
    assert (asked.branch, asked.seen) == ("release-2.0", "b" * 40)
    event = AuditEvent.objects.get(act="reset mirror branch")
    assert (event.before, event.after) == ({"sha": "b" * 40}, {"sha": "a" * 40})


def test_the_policy_page_says_why_for_each_branch(member):
    branch(reason="Always mirrored.")
    branch("release-1.9", "not_selected", selected=False, reason="1.9 is published, but 2 newer versions are.")
    page = member.get(f"/mirrors/{Mirror.objects.get().pk}/policy/").content.decode()
    assert "Always mirrored." in page
    assert "1.9 is published, but 2 newer versions are." in page
    assert "Change the policy" not in page


def test_an_admin_cannot_save_a_policy_that_git_would_refuse(admin):
    mirror = Mirror.objects.get()
    form = {"source": mirror.source_id, "target": mirror.target_id, "always": "master", "published_versions": 2}
    answer = admin.post(f"/admin/sync/mirror/{mirror.pk}/change/", form | {"pinned": "release 1.20\nrefs/heads/x"})
    assert "“refs/heads/x” is not a branch name" in answer.content.decode()
    admin.post(f"/admin/sync/mirror/{mirror.pk}/change/", form | {"pinned": "release-1.20", "enabled": "on"})
    mirror.refresh_from_db()
    assert mirror.pinned == "release-1.20"
    assert AuditEvent.objects.filter(act="change mirror").exists()
