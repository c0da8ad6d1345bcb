"""Saved views: kept for one member, chosen in the list's head, one of them the start page."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from flinkci_dashboard.accounts.saved import LISTS
from flinkci_dashboard.models import AuditEvent, SavedView
from sync.models import PullRequest
from tests.people import with_role
from tests.reading import text

pytestmark = pytest.mark.django_db
RED = {"page": "pull_requests", "name": "Red ones", "query": "state=open&ci=failure&page=3&author=&sort=-updated"}


@pytest.fixture
def saved(reader) -> SavedView:
    reader.post("/views/save/", RED)
    return SavedView.objects.get()


def test_a_view_is_the_filter_and_the_order_without_the_place(reader):
    answer = reader.post("/views/save/", RED)
    assert answer["Location"] == "/pulls/?ci=failure&sort=-updated&state=open"
    head = text(reader, answer["Location"])
    assert '<a href="/pulls/?ci=failure&amp;sort=-updated&amp;state=open" aria-current="page">Red ones</a>' in head
    assert AuditEvent.objects.get(act="save view").subject == "Red ones"


def test_every_list_keeps_views_and_shows_them(keeper):
    for page in LISTS:
        assert f'name="page" value="{page}"' in text(keeper, reverse(page))
        answer = keeper.post("/views/save/", {"page": page, "name": "As I like it", "query": "sort=-x&asked-page=2"})
        assert answer["Location"] == f"{reverse(page)}?sort=-x"
        assert 'aria-current="page">As I like it</a>' in text(keeper, answer["Location"])


def test_saving_under_a_name_again_replaces_it(reader, saved):
    reader.post("/views/save/", RED | {"query": "ci=success"})
    assert SavedView.objects.get().query == "ci=success"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"name": "\0"},
        {"page": "admin:index"},
        {"page": "nowhere"},
        {"query": "q=" + "x" * 2001},
    ],
)
def test_what_makes_no_view_is_refused_in_a_sentence(reader, wrong):
    answer = reader.post("/views/save/", RED | wrong, follow=True)
    assert answer.status_code == 200
    assert 'class="callout error"' in answer.content.decode()
    assert not SavedView.objects.exists()


def test_there_are_only_so_many(reader):
    member = User.objects.get(username="a-member")
    SavedView.objects.bulk_create(SavedView(member=member, page="builds", name=str(number)) for number in range(50))
    assert "delete one first" in reader.post("/views/save/", RED, follow=True).content.decode()


def test_nobody_sees_or_touches_the_view_of_another(reader, saved):
    other = with_role("operator")
    for path in ("/pulls/", "/views/"):
        assert "Red ones" in text(reader, path)
        assert "Red ones" not in text(other, path)
    for act in ("rename", "delete", "start", "unstart"):
        assert other.post(f"/views/{saved.pk}/{act}/", {"name": "x"}).status_code == 404
    assert SavedView.objects.get().name == "Red ones"


def test_a_view_is_renamed_and_deleted(reader, saved):
    SavedView.objects.create(member=saved.member, page="pull_requests", name="Taken")
    assert "Another view" in reader.post(f"/views/{saved.pk}/rename/", {"name": "Taken"}, follow=True).content.decode()
    reader.post(f"/views/{saved.pk}/rename/", {"name": "Red  again"})
    assert "Red again" in text(reader, "/views/")
    reader.post(f"/views/{saved.pk}/delete/", follow=True)
    assert "Red again" not in text(reader, "/pulls/")
    assert reader.post(f"/views/{saved.pk}/burn/").status_code == 404


def test_one_view_is_the_start_page_and_the_overview_keeps_its_place(reader, saved):
    assert reader.get("/").status_code == 200
    reader.post(f"/views/{saved.pk}/start/")
    reader.post("/views/save/", {"page": "builds", "name": "Mine", "query": "state=failed", "start": "1"})
    assert reader.get("/")["Location"] == "/builds/?state=failed"
    assert 'href="/overview/" data-key="o" aria-current="page"' in text(reader, "/overview/")
    reader.post(f"/views/{SavedView.objects.get(page='builds').pk}/unstart/")
    assert reader.get("/").status_code == 200


def test_a_start_page_that_is_closed_to_its_member_gives_way_to_the_overview(member):
    SavedView.objects.create(member=User.objects.get(), page="activity", name="All", start=True)
    assert member.get("/").status_code == 200


def test_my_pull_requests_are_those_of_the_linked_account(reader):
    now = timezone.now()
    for number, author in ((1, "ada"), (2, "adam")):
        PullRequest.objects.create(number=number, title="x", author=author, created_at=now, updated_at=now)
    assert "No GitHub account is linked to yours" in text(reader, "/pulls/?author=@me")
    member = User.objects.get(username="a-member")
    SocialAccount.objects.create(user=member, provider="github", uid="7", extra_data={"login": "Ada"})
    page = reader.get("/pulls/?author=@me&state=open")
    assert [row.pull.number for row in page.context["table"].lines] == [1]
    assert 'aria-current="page">Mine</a>' in page.content.decode()
