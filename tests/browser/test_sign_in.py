"""Signing in as a person does: the pages' scripts run under the Content-Security-Policy, passkeys included."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct-horse-battery"


@pytest.fixture
def stranger(browser, live_server, bootstrapped) -> Iterator[Page]:
    """Open a tab, not signed in, with a security key plugged in; any complaint of the browser fails the test."""
    cache.clear()
    User.objects.create_superuser("boss", password=PASSWORD)
    # Passkeys need a name: an address has none.
    context = browser.new_context(base_url=live_server.url.replace("127.0.0.1", "localhost"))
    tab = context.new_page()
    devtools = context.new_cdp_session(tab)
    devtools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = key | {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert not complaints


def sign_in(tab: Page) -> None:
    tab.get_by_label("Username").fill("boss")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()


def test_an_admin_sets_up_a_passkey_and_signs_in_with_it_alone(stranger):
    stranger.goto("/admin/")
    sign_in(stranger)
    expect(stranger.get_by_role("status")).to_contain_text("need a second factor")
    stranger.get_by_role("link", name="Add", exact=True).click()
    stranger.get_by_label("Name").fill("my key")
    stranger.get_by_label("Passwordless").check()
    stranger.get_by_role("button", name="Add").click()
    expect(stranger.get_by_text("Recovery Codes").first).to_be_visible()
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1
    stranger.goto("/admin/")
    expect(stranger).to_have_title("Administration | Flink CI")

    stranger.goto("/")
    stranger.get_by_role("button", name="Sign out").click()
    stranger.goto("/accounts/login/")
    stranger.get_by_role("button", name="Sign in with a passkey").click()
    expect(stranger.get_by_role("link", name="boss")).to_be_visible()
    stranger.goto("/admin/")
    expect(stranger).to_have_title("Administration | Flink CI")


def test_an_authenticator_app_is_set_up_by_a_picture(stranger):
    stranger.goto("/accounts/login/?next=/accounts/2fa/totp/activate/")
    sign_in(stranger)
    picture = stranger.get_by_role("main").get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 100
