"""Signing in: who gets in, who is kept out, and what is said to whom."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.models import AllowedSignIn, AuditEvent
from tests.canned import Canned, canned

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def pmc(bootstrapped) -> User:
    user = User.objects.create_user("pmc", password=PASSWORD)
    user.groups.add(Group.objects.get(name="member"))
    return user


@pytest.fixture
def boss(bootstrapped) -> User:
    user = User.objects.create_user("boss", password=PASSWORD)
    user.groups.add(Group.objects.get(name="admin"))
    return user


def sign_in(client: Client, name: str, password: str = PASSWORD):
    return client.post(LOGIN, {"login": name, "password": password})


def test_a_member_signs_in_with_a_password_and_it_is_recorded(client, pmc):
    answer = sign_in(client, "pmc")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session.get_expiry_age() <= 12 * 3600
    event = AuditEvent.objects.get(act="sign in")
    assert (event.actor_name, event.address) == ("pmc", "127.0.0.1")


def test_a_wrong_password_and_an_unknown_name_look_the_same(client, pmc):
    wrong = sign_in(client, "pmc", "nonsense")
    unknown = sign_in(client, "nobody", "nonsense")
    assert wrong.status_code == unknown.status_code == 200
    page = [re.sub(rb'value="[^"]*"', b"", answer.content) for answer in (wrong, unknown)]
    assert page[0] == page[1]
    subjects = AuditEvent.objects.filter(act="sign-in failed").values_list("subject", flat=True)
    assert set(subjects) == {"pmc", "an unknown account"}


def test_a_reset_says_the_same_for_every_address(client, pmc):
    User.objects.filter(pk=pmc.pk).update(email="pmc@example.org")
    answers = [client.post("/accounts/password/reset/", {"email": f"{who}@example.org"}) for who in ("pmc", "nobody")]
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, "/accounts/password/reset/done/")}


def test_a_reset_link_is_mailed_and_never_printed(client, pmc, settings, capsys, mailoutbox):
    User.objects.filter(pk=pmc.pk).update(email="pmc@example.org")
    client.post("/accounts/password/reset/", {"email": "pmc@example.org"})
    assert "/accounts/password/reset/key/" in mailoutbox[0].body
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    client.post("/accounts/password/reset/", {"email": "pmc@example.org"})
    assert "reset" not in capsys.readouterr().out


def test_without_mail_nobody_is_told_that_a_mail_was_sent(client, pmc, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    for path in ("/accounts/password/reset/", "/accounts/password/reset/done/"):
        page = client.get(path).content.decode()
        assert "sends no mail" in page
        assert "<input" not in page.replace('<input type="hidden"', "")


def test_a_sign_in_error_has_the_focus(client, pmc):
    assert re.search(r'<p [^>]*role="alert"[^>]* autofocus>The username', sign_in(client, "pmc", "no").content.decode())


def test_five_wrong_passwords_lock_an_account_out_for_the_right_one_too(client, pmc):
    for _ in range(5):
        sign_in(client, "pmc", "nonsense")
    answer = sign_in(client, "pmc")
    assert answer.status_code == 200
    assert "Too many failed sign-ins. Try again in 5 minutes." in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_inactive_accounts_do_not_get_in(client, pmc):
    User.objects.filter(pk=pmc.pk).update(is_active=False)
    sign_in(client, "pmc")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/3rdparty/signup/"])
def test_nobody_makes_an_account(client, db, path):
    data = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    client.post(path, data)
    assert not User.objects.filter(username="eve").exists()


def test_the_admin_has_no_sign_in_of_its_own(client, db):
    answer = client.get("/admin/login/?next=/admin/auth/user/")
    assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next=/admin/auth/user/")
    assert client.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(client, pmc, target):
    answer = client.post(f"{LOGIN}?next={target}", {"login": "pmc", "password": PASSWORD, "next": target})
    assert answer["Location"] == "/"


# The second factor


def test_an_admin_without_a_second_factor_is_led_to_set_one_up(client, boss):
    sign_in(client, "boss")
    for path in ("/admin/", "/accounts/email/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/"), path
    assert client.get("/accounts/2fa/").status_code == 200


def test_a_member_needs_none(client, pmc):
    sign_in(client, "pmc")
    assert client.get("/accounts/email/").status_code == 200


def test_an_admin_sets_up_an_authenticator_app_and_signs_in_with_it(
    client, boss, time_machine, django_capture_on_commit_callbacks
):
    time_machine.move_to(timezone.now(), tick=False)
    sign_in(client, "boss")
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert client.get("/admin/").status_code == 200
    stored = Authenticator.objects.get(user=boss, type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)

    client.post("/accounts/logout/")
    cache.clear()  # a code counts once
    assert sign_in(client, "boss")["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "_auth_user_id" not in client.session
    client.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert client.get("/admin/").status_code == 200
    assert {"second factor failed", "add second factor"} <= set(AuditEvent.objects.values_list("act", flat=True))


def test_the_password_is_asked_for_again_some_time_after_the_sign_in(client, pmc, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    sign_in(client, "pmc")
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    time_machine.shift(600)
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")


def test_before_the_second_factor_is_set_up_no_link_leads_back_here(client, boss):
    sign_in(client, "boss")
    page = client.get("/accounts/2fa/").content.decode()
    for address in set(re.findall(r'<a href="(/[^"]*)"', page)):
        answer = client.get(address)
        assert answer.get("Location") != "/accounts/2fa/", address


def test_the_demo_needs_no_second_factor(client, boss, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    sign_in(client, "boss")
    assert client.get("/admin/").status_code == 200


def test_a_session_that_was_not_made_by_signing_in_is_left_alone(admin):
    assert admin.get("/admin/").status_code == 200


# GitHub


def test_the_page_offers_github_only_where_it_is_set_up(client, settings, db):
    assert "GitHub" not in client.get(LOGIN).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [{"client_id": "id", "secret": "planted-app-secret"}]}}
    page = client.get(LOGIN).content.decode()
    assert "Sign in with GitHub" in page
    assert "planted-app-secret" not in page


@pytest.fixture
def github(settings, monkeypatch, bootstrapped) -> Canned:
    with canned() as world:
        settings.GITHUB_GIT_URL, settings.GITHUB_API_URL = world.address, world.address
        settings.SOCIALACCOUNT_PROVIDERS = {
            "github": {"SCOPE": ["read:org"], "APPS": [{"client_id": "id", "secret": "planted-app-secret"}]}
        }
        for name, path in (
            ("authorize_url", "/login/oauth/authorize"),
            ("access_token_url", "/login/oauth/access_token"),
            ("profile_url", "/user"),
        ):
            monkeypatch.setattr(GitHubOAuth2Adapter, name, world.address + path)
        world.answers["/login/oauth/access_token"] = {"access_token": "planted-user-token", "token_type": "bearer"}
        world.answers["/user"] = {"id": 7, "login": "Octocat", "name": "Mona", "email": "mona@example.org"}
        yield world


def come_from_github(client: Client):
    start = client.post("/accounts/github/login/")
    state = re.search(r"state=([^&]+)", start["Location"])[1]
    return client.get(f"/accounts/github/login/callback/?code=c&state={state}")


def allow(name: str, kind: str = "login", role: str = "member") -> None:
    AllowedSignIn.objects.create(kind=kind, name=name, role=Group.objects.get(name=role))


def test_a_login_on_the_list_gets_in_with_its_role_and_no_token_is_kept(client, github):
    allow("octocat", role="operator")
    assert come_from_github(client)["Location"] == "/"
    user = User.objects.get(username="Octocat")
    assert [group.name for group in user.groups.all()] == ["operator"]
    assert (user.email, user.has_usable_password()) == ("", False)
    assert not user.socialaccount_set.get().socialtoken_set.exists()


def test_anybody_else_is_turned_away_and_leaves_nothing(client, github):
    answer = come_from_github(client)
    assert answer.status_code == 403
    assert "Octocat" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert not User.objects.exists()


def test_a_member_of_a_team_on_the_list_gets_in(client, github):
    allow("apache/flink-committers", kind="team")
    github.answers["/orgs/apache/teams/flink-committers/memberships/Octocat"] = {"state": "active"}
    assert come_from_github(client).status_code == 302
    assert github.asked[-1][2]["Authorization"] == "Bearer planted-user-token"


@pytest.mark.parametrize("answer", [{"state": "pending"}, (404, {}, {}), (403, {}, {})])
def test_nobody_else_gets_in_by_a_team(client, github, answer):
    allow("apache/flink-committers", kind="team")
    github.answers["/orgs/apache/teams/flink-committers/memberships/Octocat"] = answer
    assert come_from_github(client).status_code == 403


def test_who_is_taken_off_the_list_does_not_get_in_again(client, github):
    allow("octocat")
    come_from_github(client)
    client.post("/accounts/logout/")
    AllowedSignIn.objects.all().delete()
    assert come_from_github(client).status_code == 403
    assert "_auth_user_id" not in client.session


def test_a_login_that_somebody_else_has_taken_does_not_get_in(client, github):
    allow("octocat", role="admin")
    come_from_github(client)
    client.post("/accounts/logout/")
    github.answers["/user"] = {"id": 8, "login": "octocat"}
    assert come_from_github(client).status_code == 403
    assert "_auth_user_id" not in client.session


def test_an_account_keeps_its_place_under_another_login(client, github):
    allow("octocat")
    come_from_github(client)
    client.post("/accounts/logout/")
    github.answers["/user"] = {"id": 7, "login": "hexacat"}
    assert come_from_github(client)["Location"] == "/"


def test_a_row_that_an_admin_gives_another_login_is_for_another_account(client, github, admin):
    allow("octocat")
    come_from_github(client)
    client.post("/accounts/logout/")
    row = AllowedSignIn.objects.get()
    facts = {"kind": "login", "name": "hexacat", "role": row.role_id}
    admin.post(f"/admin/flinkci_dashboard/allowedsignin/{row.pk}/change/", facts)
    assert come_from_github(client).status_code == 403
    github.answers["/user"] = {"id": 8, "login": "hexacat"}
    assert come_from_github(client)["Location"] == "/"


def test_a_local_account_of_the_same_name_is_not_taken_over(client, github):
    User.objects.create_user("octocat", password=PASSWORD, email="mona@example.org")
    allow("octocat")
    come_from_github(client)
    assert User.objects.count() == 2
    assert client.session["_auth_user_id"] != str(User.objects.get(username="octocat").pk)


def test_an_admin_who_comes_from_github_needs_a_second_factor_too(client, github):
    allow("octocat", role="admin")
    come_from_github(client)
    assert client.get("/admin/")["Location"] == "/accounts/2fa/"


def code(secret: str) -> str:
    """Return the code that an authenticator app would show now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
