"""No page leads anybody to a page that is closed to them."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.models import JobRun
from sync.models import Mirror, MirrorBranch, PullRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
START = ("/", "/nowhere/", "/accounts/2fa/")


@pytest.mark.parametrize("role", ["member", "operator", "admin"])
def test_every_link_leads_to_a_page_that_its_reader_may_see(role, settings):
    settings.PUBLIC_STATUS = True
    now = timezone.now()
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="diverged")
    PullRequest.objects.create(number=1, title="[FLINK-1] A", base="master", created_at=now, updated_at=now)
    JobRun.objects.create(job="sync_mirrors", outcome="failed", ended_at=now, error="x")
    reader = Client()
    user = User.objects.create_user("reader")
    user.groups.add(Group.objects.get(name=role))
    reader.force_login(user)
    assert closed_links(reader) == []


def closed_links(reader: Client) -> list[str]:
    """Follow the links of all pages but the admin's; return those that are refused, with where they stand."""
    found, waiting, seen = [], [("", path) for path in START], set(START)
    while waiting:
        origin, path = waiting.pop()
        answer = reader.get(path)
        if answer.status_code in (403, 500) or (answer.status_code == 404 and path not in START):
            found.append(f"{origin} → {path}: {answer.status_code}")
        if answer.get("Content-Type", "").startswith("text/html") and not path.startswith("/admin/"):
            links = {unescape(link) for link in re.findall(r'href="(/[^"#]*)', answer.content.decode())}
            waiting += [(path, link) for link in sorted(links - seen) if not link.startswith("/static/")]
            seen |= links
    return found
