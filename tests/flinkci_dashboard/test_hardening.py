"""What browsers, proxies and the log are told, on every page."""

import io
import logging
import re
from html.parser import HTMLParser

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client

from flinkci_dashboard import settings as real_settings
from flinkci_dashboard.checks import check_proxies, check_shared_keys
from flinkci_dashboard.keys import mail_settings
from flinkci_dashboard.models import AuditEvent
from flinkci_dashboard.web.request_ids import AddRequestId
from tests.addresses import PAGES

pytestmark = pytest.mark.django_db


class Inline(HTMLParser):
    """Collects what the Content-Security-Policy would block: inline scripts, styles and handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        named = dict(attrs)
        if tag == "style" or (tag == "script" and not named.get("src") and named.get("type") != "application/json"):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}=" for name, _ in attrs if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action"):
            value = named.get(name) or ""
            third_party = tag in ("script", "img", "form", "iframe") or (tag == "link" and "stylesheet" in str(named))
            if value.startswith("javascript:") or (third_party and value.startswith(("http:", "https:", "//"))):
                self.found.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("who", ["anonymous", "superuser"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_pages_hold_nothing_inline_and_say_how_to_treat_them(page, who, admin, settings):
    settings.PUBLIC_STATUS = True
    answer = (admin if who == "superuser" else Client()).get(page.path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.headers["X-Request-ID"]) >= 8
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert re.search("no-store|no-cache|max-age=30", answer.headers["Cache-Control"])
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        inline = Inline()
        inline.feed(answer.content.decode())
        assert inline.found == []


def test_deployment_checks_are_clean(monkeypatch):
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # the browser tests set it
    for name in ("DJANGO_SECRET_KEY", "CREDENTIALS_KEYS"):  # PostgreSQL may serve several hosts
        monkeypatch.setenv(name, "shared")
    call_command("check", deploy=True, fail_level="WARNING")


def test_behind_tls_the_checks_are_clean_and_cookies_are_secure(tmp_path, monkeypatch):
    """The settings module reads the environment once, so it is run again in a copy of its own."""
    import runpy

    monkeypatch.setenv("DJANGO_HTTPS", "1")
    monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", "ci.example.org")
    found = runpy.run_path(real_settings.__file__)
    assert found["SESSION_COOKIE_SECURE"]
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SECURE_SSL_REDIRECT"]
    assert "SILENCED_SYSTEM_CHECKS" not in found


def test_keys_that_another_host_could_not_read_with_are_pointed_out(settings, monkeypatch):
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    assert check_shared_keys() == []
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
    monkeypatch.setenv("DJANGO_SECRET_KEY", "s" * 50)
    monkeypatch.delenv("CREDENTIALS_KEYS", raising=False)
    (found,) = check_shared_keys()
    assert found.id == "flinkci.W003"
    assert "Set CREDENTIALS_KEYS to" in found.hint
    monkeypatch.setenv("CREDENTIALS_KEYS", "k")
    assert check_shared_keys() == []


def test_a_proxy_that_nobody_counts_is_pointed_out(settings):
    assert check_proxies() == []
    settings.HTTPS = True
    assert [found.id for found in check_proxies()] == ["flinkci.W002"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert check_proxies() == []


def test_a_host_beyond_this_machine_brings_the_warnings_back(monkeypatch):
    import runpy

    monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", "ci.example.org")
    assert "SILENCED_SYSTEM_CHECKS" not in runpy.run_path(real_settings.__file__)


@pytest.mark.parametrize(
    ("told", "kept"), [("abcdef-0123456789", True), ("short", False), ("x" * 65, False), ("a b\tc; rm -rf", False)]
)
def test_a_decent_request_id_of_the_proxy_is_kept(client, told, kept):
    given = client.get("/accounts/login/", headers={"X-Request-ID": told}).headers["X-Request-ID"]
    assert (given == told) is kept
    assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", given)


def test_log_lines_and_the_record_carry_the_request_id(client):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(AddRequestId())
    handler.setFormatter(logging.Formatter("{request_id} {message}", style="{"))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        client.post("/accounts/login/", {"login": "x", "password": "y"}, headers={"X-Request-ID": "from-the-proxy-1"})
        client.post("/healthz-not", headers={"X-Request-ID": "from-the-proxy-2"})
        client.get("/accounts/google/", headers={"X-Request-ID": "from-the-proxy-3"})
    finally:
        logger.removeHandler(handler)
    assert "from-the-proxy-3 Not Found" in stream.getvalue()
    assert AuditEvent.objects.get(act="sign-in failed").request_id == "from-the-proxy-1"


def test_a_client_can_not_choose_its_address(client):
    client.post("/accounts/login/", {"login": "x", "password": "y"}, headers={"X-Forwarded-For": "203.0.113.7"})
    assert AuditEvent.objects.get().address == "127.0.0.1"


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(client, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    seen = "198.51.100.1, 203.0.113.7"
    client.post("/accounts/login/", {"login": "x", "password": "y"}, headers={"X-Forwarded-For": seen})
    assert AuditEvent.objects.get().address == "203.0.113.7"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("console://", ("console", "localhost", 25, "", "", False, False)),
        ("smtp+tls://me%40x:p%2Fw@mail.example.org", ("smtp", "mail.example.org", 587, "me@x", "p/w", True, False)),
        ("smtp+ssl://mail.example.org:4465", ("smtp", "mail.example.org", 4465, "", "", False, True)),
        ("smtp://localhost", ("smtp", "localhost", 25, "", "", False, False)),
    ],
)
def test_the_mail_address_is_read(url, expected):
    found = mail_settings(url)
    kind, *rest = expected
    assert found.backend == f"django.core.mail.backends.{kind}.EmailBackend"
    assert [found.host, found.port, found.user, found.password, found.starttls, found.tls] == rest


@pytest.mark.parametrize("url", ["", "http://planted@x", "smtp://", "planted"])
def test_a_wrong_mail_address_is_refused_and_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        mail_settings(url)
    assert "planted" not in str(refused.value)


def test_no_form_takes_a_file(admin, bootstrapped):
    from django.apps import apps
    from django.db.models import FileField

    assert not [f for m in apps.get_models() for f in m._meta.get_fields() if isinstance(f, FileField)]
    assert call_command("check") is None
