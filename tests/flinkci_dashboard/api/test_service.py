"""The API as a program sees it: who may, what a list is, and what each thing says."""

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from flinkci_dashboard.api.tokens import make_token
from flinkci_dashboard.models import ApiToken

pytestmark = pytest.mark.django_db
LISTS = ("mirrors", "pulls", "builds", "agents", "labels", "jobs")


@pytest.fixture(autouse=True)
def fresh_counters(db):
    """Forget who asked how often."""
    cache.clear()


@pytest.fixture
def member(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def program(member):
    """A program with a token of Ada's."""
    return Client(headers={"authorization": f"Bearer {make_token(member, 'a test')}"})


@pytest.mark.parametrize("name", [*LISTS, "status", "openapi.json"])
def test_strangers_are_refused_and_programs_with_a_token_are_answered(client, program, name, bootstrapped):
    assert client.get(f"/api/v1/{name}").status_code == 401
    assert client.get(f"/api/v1/{name}").json() == {"detail": "Unauthorized"}
    assert program.get(f"/api/v1/{name}").status_code == 200


def test_an_ordinary_session_is_enough(client, member):
    client.force_login(member)
    assert client.get("/api/v1/jobs").json() == {"results": [], "next": None}


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic YTpi", "nonsense", "Bearer \udcff"])
def test_what_is_no_token_opens_nothing(client, header):
    assert client.get("/api/v1/jobs", headers={"authorization": header}).status_code == 401


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "bearer \udcff"])
def test_a_wrong_token_is_refused_though_somebody_is_signed_in(client, member, header):
    client.force_login(member)
    assert client.get("/api/v1/jobs", headers={"authorization": header}).status_code == 401
    assert client.get("/api/v1/jobs", headers={"authorization": "Basic YTpi"}).status_code == 200  # a proxy's


def test_a_token_of_a_closed_account_opens_nothing(member, program):
    member.is_active = False
    member.save()
    assert program.get("/api/v1/jobs").status_code == 401


def test_a_revoked_token_opens_nothing(client, member, program):
    client.force_login(member)
    client.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert program.get("/api/v1/jobs").status_code == 401


def test_nobody_revokes_anothers_token(client, program, django_user_model):
    client.force_login(django_user_model.objects.create_user("eve"))
    assert client.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert program.get("/api/v1/jobs").status_code == 200


def test_a_token_is_shown_once_and_kept_as_a_hash(client, member):
    client.force_login(member)
    shown = client.post("/tokens/", {"name": "release dashboard"}).content.decode()
    token = next(word for word in shown.replace("<", " ").replace(">", " ").split() if word.startswith("flinkci_"))
    assert token not in client.get("/tokens/").content.decode()
    assert token not in str(ApiToken.objects.values().get())
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/jobs").status_code == 200
    assert ApiToken.objects.get().last_used_at


def test_a_name_is_used_once(client, member):
    client.force_login(member)
    assert client.post("/tokens/", {"name": "x"}).status_code == 200
    again = client.post("/tokens/", {"name": " x "})
    assert again.status_code == 400
    assert "already" in again.content.decode()


def test_the_command_prints_a_token_that_works_as_its_last_word(member, capsys):
    call_command("api_token", "ada")
    token = capsys.readouterr().out.split()[-1]
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/status").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_read_only(program, method):
    assert program.generic(method, "/api/v1/pulls").status_code == 405


def test_an_unknown_address_is_answered_in_json(program):
    answer = program.get("/api/v1/nonsense")
    assert answer.status_code == 404
    assert "nonsense" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=many", "after=x", "q=%00", "state=%00", "page_size=-1", "after=1.5"]
)
def test_what_is_not_understood_is_named(program, query):
    answer = program.get(f"/api/v1/pulls?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(query.split("=")[0])


@pytest.mark.parametrize("query", ["after=99999999999999999999999", "q=99999999999999999999", "q=💥", "ticket='%22"])
def test_odd_values_find_nothing(program, query):
    assert program.get(f"/api/v1/pulls?{query}").status_code == 200


def test_an_unchanged_answer_is_not_sent_again(program):
    first = program.get("/api/v1/jobs")
    again = program.get("/api/v1/jobs", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_each_token_has_its_own_limit(program, client, member):
    for _ in range(300):
        answer = program.get("/api/v1/jobs")
    assert answer.status_code == 200
    refused = program.get("/api/v1/jobs")
    assert refused.status_code == 429
    assert "detail" in refused.json()
    assert int(refused["Retry-After"]) > 0
    other = make_token(member, "another program")
    assert client.get("/api/v1/jobs", headers={"authorization": f"Bearer {other}"}).status_code == 200
    client.force_login(member)
    assert client.get("/api/v1/jobs").status_code == 200


def test_its_page_for_people_names_every_list(client, member):
    client.force_login(member)
    page = client.get("/api/v1/docs").content.decode()
    assert all(f"/api/v1/{name}" in page for name in LISTS)


def test_every_answer_that_it_gives_is_described(program):
    paths = program.get("/api/v1/openapi.json").json()["paths"]
    assert len(paths) > 10
    for path, verbs in paths.items():
        assert {"200", "401", "404", "422", "429"} <= verbs["get"]["responses"].keys(), path
