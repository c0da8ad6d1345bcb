"""One walk through every page: what each costs, whom it shuts out, how wide it gets, what the console says."""

import gzip
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Page

from tests.addresses import PAGES
from tests.busy import addresses, fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = (
    "rules => axe.run({runOnly: rules, resultTypes: ['violations'], preload: false}).then(found => found.violations)"
)
SHIFT = """new Promise(told => { let sum = 0;
  new PerformanceObserver(list => { for (const each of list.getEntries()) sum += each.value; told(sum); })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => told(sum), 30); })"""
UNREACHABLE = """[...document.querySelectorAll('main :is(a[href], button, input, select, textarea, summary)')]
  .filter(each => each.checkVisibility() && each.tabIndex < 0).map(each => each.outerHTML)"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = (320, 375, 768, 881, 1280, 1920)  # 881 is where tables begin to be tables
OPEN = ("/", "/status/", "/accounts/login/", "/accounts/password/reset/")  # to strangers
HEAVIEST, MOST_REQUESTS, MOST_SHIFT = 100_000, 6, 0.05


@dataclass
class Visit:
    """What a page cost when it was first seen, after another one, whose last questions are not its own."""

    left: str = ""
    urls: list[str] = field(default_factory=list)
    weight: int = 0

    def count(self, url: str, size: int) -> None:
        """Add an answer; files come compressed from a server that runs for real."""
        self.urls.append(url)
        name = url.partition("/static/")[2]
        found = next(
            (path for path in (Path(each) / name for each in project.STATICFILES_DIRS) if path.is_file()), None
        )
        self.weight += (
            len(found.read_bytes() if name.endswith("woff2") else gzip.compress(found.read_bytes())) if found else size
        )


def admin_addresses() -> list[str]:
    """Return the admin's lists, and its forms for new rows."""
    found = [page.path for page in PAGES if page.part == "admin" and page.name.endswith(("_changelist", "_add"))]
    return ["/admin/", *found]


@pytest.fixture
def open_as(browser, live_server, bootstrapped, settings, complaints) -> Iterator:
    """Give a function that opens a tab as somebody with a role: "stranger", "member", "operator", "admin"."""
    settings.PUBLIC_STATUS, settings.REQUIRE_SECOND_FACTOR = True, False
    contexts = []

    def tab(role: str) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
        contexts.append(context)
        if role != "stranger":
            context.add_cookies([{"name": "sessionid", "value": _session(f"a-{role}", role), "url": live_server.url}])
        page = context.new_page()
        page.emulate_media(reduced_motion="reduce")
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield tab
    for context in contexts:
        context.close()


def _reader(role: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = _session("reader", role)
    return client


def _session(name: str, role: str) -> str:
    client = Client()
    user = User.objects.create_user(name, is_superuser=role == "admin", is_staff=role == "admin")
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client.cookies["sessionid"].value


def test_every_page_is_light_open_to_all_and_fits(open_as, complaints):
    fill()
    page, paths, found = open_as("admin"), addresses(_reader("admin")), []
    visits = _counted(page)
    for number, path in enumerate(paths):
        visits.append(Visit(page.url))
        answer = page.goto(path)
        if answer is None or answer.status not in (200, 404) or not page.url.endswith(path):
            found.append(f"{path}: {answer and answer.status}, {page.url}")
            continue
        found += [f"{path}: {each}" for each in [*_costs(page, visits[-1]), *_judge(page, number), *_reach(page)]]
        if path == "/nowhere/":
            complaints.clear()  # Chromium's line about the 404
        found += [f"{path}: the console says {each}" for each in complaints]
        complaints.clear()
    assert not found, "\n".join(found)


def test_what_strangers_see_is_light(open_as, complaints):
    page = open_as("stranger")
    visits, found = _counted(page), []
    for path in OPEN:
        visits.append(Visit(page.url))
        page.goto(path)
        found += [f"{path}: {each}" for each in _costs(page, visits[-1])]
    assert not [*found, *complaints]


@pytest.mark.skipif(os.environ.get("WALK") != "all", reason="takes half an hour: make walk")
@pytest.mark.parametrize("role", ["stranger", "member", "operator", "admin"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1920])
def test_the_whole_walk(open_as, complaints, role, width):
    fill()
    page, found = open_as(role), []
    page.set_viewport_size({"width": width, "height": 800})
    visits = _counted(page)
    for path in OPEN if role == "stranger" else addresses(_reader(role)):
        visits.append(Visit(page.url))
        answer = page.goto(path)
        if answer is None or answer.status not in (200, 403, 404):
            found.append(f"{path}: {answer and answer.status}")
            continue
        found += [f"{path}: {each}" for each in [*_costs(page, visits[-1]), *_judge(page, 0, ()), *_reach(page)]]
        found += [f"{path}: too wide by {over}"] if (over := page.evaluate(WIDE)) > 0 else []
        found += [f"{path}: the console says {each}" for each in complaints if answer.status == 200]
        complaints.clear()
    assert not found, "\n".join(found)


def test_no_page_of_the_admin_shuts_anybody_out(open_as, complaints):
    fill()
    page, found = open_as("admin"), []
    for number, path in enumerate(admin_addresses()):
        answer = page.goto(path)
        if answer is None or answer.status == 403:  # rows that nobody adds by hand
            complaints.clear()
            continue
        found += [f"{path}: {each}" for each in [*_judge(page, number, widths=(320,), themes=1), *complaints]]
        complaints.clear()
    assert not found, "\n".join(found)


def test_everybody_finds_pages_that_fit_and_nothing_that_is_closed(open_as, complaints):
    fill()
    every, found = addresses(_reader("member")), []
    for role, width in (("member", 320), ("operator", 1281), ("stranger", 375)):
        page = open_as(role)
        page.set_viewport_size({"width": width, "height": 800})
        paths = OPEN if role == "stranger" else every[width % 2 :: 4]
        for path in paths:
            answer = page.goto(path)
            if answer is None or answer.status not in (200, 404) or page.evaluate(WIDE) > 0:
                found.append(
                    f"{role} at {width}: {path}: {answer and answer.status}, too wide by {page.evaluate(WIDE)}"
                )
            if role == "stranger":
                found += [f"stranger: {path}: {each}" for each in _judge(page, 0, widths=())]
        found += [each for each in complaints if "404" not in each]
        complaints.clear()
    assert not found, "\n".join(found)


def test_a_page_is_printed_without_its_frame(open_as):
    fill()
    page = open_as("member")
    page.goto("/pulls/1/")
    page.emulate_media(media="print")
    assert not page.locator("header.bar").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    after = "getComputedStyle(document.querySelector('main time[data-relative]'), '::after').content"
    assert re.search(r"\d{4}", page.evaluate(after))


def _counted(page: Page) -> list[Visit]:
    """Let a tab without a cache count what comes into the last of these visits."""
    visits, sent = [Visit()], {}
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.on("Network.requestWillBeSent", lambda told: sent.__setitem__(told["requestId"], told))

    def count(told: dict) -> None:
        request = sent.get(told["requestId"])
        if request and request["documentURL"] != visits[-1].left:
            visits[-1].count(request["request"]["url"], told["encodedDataLength"])

    devtools.on("Network.loadingFinished", count)
    return visits


def _costs(page: Page, visit: Visit) -> list[str]:
    page.wait_for_load_state("networkidle") if len(visit.urls) < 3 else None
    shift, asked = page.evaluate(SHIFT), [url for url in visit.urls if not url.startswith("data:")]
    found = [f"shifts by {shift:.3f}"] if shift > MOST_SHIFT else []
    found += [f"asks {len(asked)} times: {asked}"] if len(asked) > MOST_REQUESTS else []
    return found + ([f"weighs {visit.weight}"] if visit.weight > HEAVIEST else [])


def _judge(page: Page, number: int, widths: tuple[int, ...] = WIDTHS, themes: int = 2) -> list[str]:
    """Return what axe-core finds, all of it in one theme and contrast in the other, and where the page is too wide."""
    order = ["light", "dark"] if number % 2 else ["dark", "light"]
    page.evaluate(AXE)
    found = []
    for theme, rules in list(zip(order, (RULES, ["color-contrast"]), strict=True))[:themes]:
        page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {_words(each)}" for each in page.evaluate(JUDGE, rules)]
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        if (over := page.evaluate(WIDE)) > 0:
            found.append(f"at {width} it is too wide by {over}")
    page.set_viewport_size({"width": 1280, "height": 800}) if widths else None
    return found


def _reach(page: Page) -> list[str]:
    return [f"no key reaches {each[:160]}" for each in page.evaluate(UNREACHABLE)]


def _words(violation: dict) -> str:
    places = [f"{node['html'][:160]}: {node['failureSummary']}" for node in violation["nodes"][:3]]
    return "\n".join([violation["id"], *places])
