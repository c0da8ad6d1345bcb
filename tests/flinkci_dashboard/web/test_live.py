"""Live fragments: what is sent again, and what is not."""

import gzip

import pytest
from django.utils import timezone

from flinkci_dashboard.models import JobRun
from flinkci_dashboard.web import live
from sync.models import Mirror, MirrorBranch

pytestmark = pytest.mark.usefixtures("bootstrapped")
HTMX = {"HX-Request": "true"}
ZIPPED = {"Accept-Encoding": "gzip"}


def passed():
    """Let a pass end that found nothing to do: a new version of what the page shows."""
    JobRun.objects.create(job="sync_mirrors", outcome="ok", ended_at=timezone.now())


def again(browser, tag, **more):
    return browser.get("/mirrors/", headers=HTMX | {"If-None-Match": tag} | more)


def test_a_fragment_that_says_the_same_is_no_news_though_it_has_forms(admin, monkeypatch):
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="diverged")
    passed()
    first = admin.get("/mirrors/", headers=HTMX)
    assert b"csrfmiddlewaretoken" in first.content
    monkeypatch.setattr(live, "TURN", live.TURN - 1)  # it is rendered anew
    assert (again(admin, first["ETag"]).status_code, again(admin, "other")["ETag"]) == (304, first["ETag"])


def test_what_changed_is_sent_and_so_is_what_somebody_else_saw(admin, member):
    passed()
    first = admin.get("/mirrors/", headers=HTMX)
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="release-9.9", state="in_sync")
    passed()
    changed = again(admin, first["ETag"])
    assert changed.status_code == 200 and b"release-9.9" in changed.content
    assert changed["ETag"] != first["ETag"]


def test_pages_are_compressed_and_their_tags_still_count(admin, django_assert_num_queries):
    passed()
    page = admin.get("/mirrors/", headers=ZIPPED)
    assert page["Content-Encoding"] == "gzip" and b"<h1>" in gzip.decompress(page.content)
    first = admin.get("/mirrors/", headers=HTMX | ZIPPED)
    with django_assert_num_queries(3):  # the session, the person, and the version
        assert again(admin, first["ETag"], **ZIPPED).status_code == 304


def test_an_age_says_how_often_it_should_be_new(admin):
    passed()
    assert 'data-every="15"' in admin.get("/mirrors/").content.decode()
