"""Make the README's pictures: `make screenshots` starts a demo of its own, looks at three pages, and stops it again."""

import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import which
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
SHOTS = (  # name, address, scheme, width, height
    ("overview", "/", "light", 1200, 800),
    ("branch", "/branches/", "dark", 1200, 800),
    ("phone", "/pulls/", "light", 390, 800),
)
QUALITY = 70  # of WebP, in percent
PATIENCE = 90  # seconds until the demo's first passes have ended


def main() -> int:
    """Take the pictures; returns the exit status."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATA_DIR": folder, "PORT": "8700"}
        command = [sys.executable, "-m", "flinkci_dashboard.demo"]
        subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"], check=True, env=environment)
        demo = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            address = address_of(demo)
            wait_for(address)
            take(address)
        finally:
            demo.terminate()
            demo.wait()
    return 0


def address_of(demo: subprocess.Popen) -> str:
    """Read where the demo serves; raises SystemExit where it ends before it does."""
    for line in demo.stdout or ():
        if found := re.search(r"http://\S+?(?=/$)", line.strip()):
            return found[0]
    raise SystemExit("The demo did not start; its own message stands above.")


def wait_for(address: str) -> None:
    """Return as soon as the server answers, which it does a moment after the demo has named its address."""
    for _ in range(PATIENCE):
        try:
            urlopen(f"{address}/healthz").close()  # noqa: S310 - the demo's own
        except OSError:
            time.sleep(1)
        else:
            return
    raise SystemExit("The demo's server does not answer.")


def take(address: str) -> None:
    """Sign in as a member and save each picture, once the first passes have told something."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium") or which("google-chrome"))
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill("pmc")
        page.get_by_label("Password").fill("pmc-demo")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Overview").wait_for()
        time.sleep(PATIENCE)
        for name, path, scheme, width, height in SHOTS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path)
            save(page, PICTURES / f"{name}.webp")
        browser.close()


def save(page: Page, path: Path) -> None:
    """Write what is in sight as WebP, which Playwright itself does not make."""
    devtools = page.context.new_cdp_session(page)
    shot = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    sys.exit(main())
