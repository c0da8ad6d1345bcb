"""Who may do what: every address, asked by everybody, with GET and with POST."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from flinkci_dashboard.models import Credential
from tests.addresses import PAGES

pytestmark = pytest.mark.django_db
PEOPLE = ("anonymous", "without role", "member", "operator", "admin")

# Who may GET a page, and who may POST to it, each from the named person upwards; None: nobody.
# A page that is not named here is a page for everybody who is signed in, which takes no POST:
# deny by default. Give a new button its line.
SIGNED_IN = ("without role", None)
BUTTON = (None, "operator")
EXCEPTIONS: dict[str, tuple[str | None, str | None]] = {
    "healthz": ("anonymous", None),
    "readyz": ("anonymous", None),
    "public_status": ("anonymous", None),
    "feed": ("anonymous", None),  # as public as the status page
    "badge": ("anonymous", None),
    "passkeys": ("anonymous", None),  # the script to sign in with
    "credentials": ("member", None),
    "activity": ("member", None),
    "activity_csv": ("member", None),
    "probe_credentials": BUTTON,
    "run_job": BUTTON,
    "sync_mirrors_now": BUTTON,
    "reset_branch": (None, "admin"),
    "act_on_pull": BUTTON,
    "delete_orphan": (None, "admin"),
    "settle_labels": BUTTON,
    "decide_authority": BUTTON,
    "undo_authority": BUTTON,
    "subscribe": (None, "without role"),  # each one's own
    "unsubscribe": (None, "without role"),
    "test_channel": BUTTON,
    "acknowledge": BUTTON,
    "silence": BUTTON,
    "end_silence": BUTTON,
    "save_view": (None, "without role"),
    "change_saved_view": (None, "without role"),
    "api_tokens": ("without role", "without role"),  # each one's own
    "revoke_api_token": (None, "without role"),
    "deliveries": ("admin", None),
    "metrics": (None, None),  # a token of its own
    "webhook": (None, None),  # signed by the service
    "api_nowhere": ("anonymous", "anonymous"),
    "api-root": ("without role", "without role"),  # leads to the description
}
# django-allauth's pages that are meant for people who are not signed in (yet).
ENTRANCE = re.compile(
    r"account_(login|logout|signup|inactive|reset_password.*|confirm_.*|email_verification_sent)"
    r"|mfa_(authenticate|login_webauthn|trust|signup_webauthn)|socialaccount_(login.*|signup)|github_.*"
)


@pytest.fixture(scope="module")
def sessions(django_db_setup, django_db_blocker) -> Iterator[dict[str, str]]:
    """Sign a person of each kind in, once for all tests here."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("bootstrap", verbosity=0)
        found = {}
        for who in PEOPLE[1:]:
            user = User.objects.create_user(f"role-{who}".replace(" ", "-"))
            user.groups.add(*Group.objects.filter(name=who))
            browser = Client()
            browser.force_login(user)
            found[who] = browser.cookies["sessionid"].value
        yield found
        transaction.set_rollback(True)


@pytest.fixture
def browsers(sessions, db, settings) -> dict[str, Client]:
    """Return a browser for each kind of person."""
    settings.PUBLIC_STATUS = True
    settings.METRICS_TOKEN = settings.GITHUB_WEBHOOK_SECRET = "known to programs"
    cache.clear()
    found = {who: Client() for who in PEOPLE}
    for who, session in sessions.items():
        found[who].cookies["sessionid"] = session
    return found


def refused(answer) -> bool:
    """Tell whether an answer is a way to the sign-in, or a refusal."""
    to_sign_in = answer.status_code == 302 and "/login/" in answer["Location"]
    return to_sign_in or answer.status_code in (401, 403, 405)


def test_the_walk_finds_the_pages():
    names = {page.name for page in PAGES}
    assert {"credentials", "activity", "contacts", "account_login", "flinkci_dashboard_credential_changelist"} <= names
    assert set(EXCEPTIONS) - {"healthz", "readyz"} <= names


@pytest.mark.parametrize("page", [p for p in PAGES if not p.part], ids=lambda page: page.name)
def test_pages_are_read_and_buttons_are_pressed_by_those_who_may(browsers, page):
    reader, presser = EXCEPTIONS.get(page.name, SIGNED_IN)
    for method, lowest in (("GET", reader), ("POST", presser)):
        for who, browser in browsers.items():
            answer = browser.generic(method, page.path)
            allowed = lowest is not None and PEOPLE.index(who) >= PEOPLE.index(lowest)
            assert refused(answer) is not allowed, f"{who}: {method} {page.path} answers {answer.status_code}"
            assert answer.status_code < 500 or page.name == "readyz"


@pytest.mark.parametrize("page", [p for p in PAGES if p.part == "admin"], ids=lambda page: page.path)
def test_the_admin_is_for_admins(browsers, page):
    Credential.objects.all().delete()
    if page.name in ("logout", "jsi18n", "login"):
        return  # the admin's own way out, its texts, and the way to the sign-in
    for method in ("GET", "POST"):
        for who in PEOPLE[:-1]:
            answer = browsers[who].generic(method, page.path)
            assert refused(answer), f"{who}: {method} {page.path} answers {answer.status_code}"


@pytest.mark.parametrize("path", ["", "flinkci_dashboard/credential/", "flinkci_dashboard/contact/add/", "auth/user/"])
def test_the_role_admin_and_superusers_enter_the_admin(browsers, admin, path):
    for browser in (browsers["admin"], admin):
        assert browser.get(f"/admin/{path}").status_code == 200


@pytest.mark.parametrize("page", [p for p in PAGES if p.part == "accounts"], ids=lambda page: page.name)
def test_account_pages_are_for_the_signed_in_or_entrances(browsers, page):
    for method in ("GET", "POST"):
        answer = browsers["anonymous"].generic(method, page.path)
        assert answer.status_code < 500
        if not ENTRANCE.match(page.name) and not page.name.startswith("accounts/social"):
            assert refused(answer), f"{method} {page.path} answers {answer.status_code}"


@pytest.mark.parametrize("page", [p for p in PAGES if not p.part and p.name != "readyz"], ids=lambda page: page.name)
def test_a_superuser_sees_everything(admin, page, settings):
    settings.PUBLIC_STATUS = True
    assert admin.get(page.path).status_code in (200, 204, 302, 304, 404, 405)


def test_an_inactive_account_is_out_at_once(browsers):
    User.objects.filter(username="role-admin").update(is_active=False)
    assert refused(browsers["admin"].get("/contacts/"))


def test_buttons_need_the_page_they_are_on(browsers):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="role-operator"))
    assert browser.post("/credentials/probe/").status_code == 403
