"""A real Chromium over a live server. Skipped aloud where there is no Chromium."""

import shutil
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: the browser tests did not run")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, "--disable-sync"])
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """Collect what the browser complains of; a test that provokes a complaint takes it out."""
    return []


@pytest.fixture
def page(browser, live_server, bootstrapped, complaints) -> Iterator[Page]:
    """Open a tab, signed in as an admin; any complaint of the browser fails the test."""
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    tab = context.new_page()
    tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert not complaints
