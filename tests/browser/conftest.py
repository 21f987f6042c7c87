"""A real browser against a real server with the demo scheme, on SQLite."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

CHROMIUM = os.environ.get("KINDLING_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
PHONE: ViewportSize = {"width": 360, "height": 740}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
TOP = Path(__file__).parents[2]

LETTERS = """
from portal.db import transaction
from portal.outbox import Addressee, Text, queue
from wsgi import app
with app.app_context(), transaction():
    for name in ("Ada Bell", "Bo Finch"):
        to = Addressee(name, "letter", "1 Quay Steps\\nMossgate\\nZZ1 1AB")
        queue("browser:" + name, to, Text("Your hours are written down", "Dear neighbour,\\n\\nthank you for seven hours.", "Thank you."), about="browser")
"""  # for people without internet; the demo's own letters are on paper already


@dataclass(frozen=True)
class Site:
    """A running demo: where it answers, and the environment in which `flask` finds its data."""

    address: str
    env: dict[str, str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web server of production, without the worker, so that nothing moves but what a test moves."""
    data = tmp_path_factory.mktemp("site")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "KINDLING_DEMO": "1",
        "KINDLING_DATA": str(data),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": "",
    }
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    subprocess.run([*flask, "db", "upgrade"], env=env, cwd=TOP, check=True, capture_output=True)
    subprocess.run([*flask, "demo"], env=env, cwd=TOP, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", LETTERS], env=env, cwd=TOP, check=True, capture_output=True)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "2", "--no-ws", "--log-level", "warning", "wsgi:app"]  # fmt: skip
    log = (data / "log").open("wb")
    server = subprocess.Popen(command, env=env, cwd=TOP, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(300):
        try:
            urllib.request.urlopen(address + "/healthz", timeout=2)
            break
        except OSError:
            assert server.poll() is None, (data / "log").read_text()
            time.sleep(0.1)
    yield Site(address, env)
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        line = "Chromium is not installed here: the browser tests are left out"
        assert not os.environ.get("CI"), line
        pytest.skip(line)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """One person with a browser of their own, whose console must stay quiet. With `keys` they have no mouse and no finger."""

    def __init__(self, context: BrowserContext, site: str, *, keys: bool = False, scripts: bool = True) -> None:
        self.context, self.site, self.keys, self.scripts = context, site, keys, scripts
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.noise: list[str] = []
        self.page.on("console", self._hears)
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))
        self.page.on("request", lambda request: self._own(request.url))

    def _hears(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "blocked by Playwright" not in message.text:  # a test's own wish
            self.noise.append(message.text)

    def _own(self, url: str) -> None:
        if not url.startswith((self.site, "data:", "blob:")):
            self.noise.append(f"off-origin request: {url}")

    def be(self, name: str) -> "Visitor":
        """Sign in as one of the demo's people."""
        return self.open("/people/sign-in").press(f"Be {name}")

    def open(self, path: str) -> "Visitor":
        self.page.goto(path if path.startswith("http") else self.site + path)
        return self

    def press(self, words: str, *, island: bool = False) -> "Visitor":
        """The button with these words. `island`: where a script runs it changes a part of this page, and no other page comes."""
        return self._use(self.page.get_by_role("button", name=words, exact=True).first, here=island and self.scripts)

    def click(self, words: str) -> "Visitor":
        return self._use(self.page.locator("main").get_by_role("link", name=words, exact=True).first)

    def unfold(self, words: str) -> "Visitor":
        return self._use(self.page.locator("summary", has_text=words).first, here=True)

    def fill(self, label: str, text: str) -> "Visitor":
        return self.type(self.page.get_by_label(label, exact=True).and_(self.page.locator("input:not([type=radio]), textarea")).first, text)

    def type(self, field: Locator, text: str) -> "Visitor":
        if self.keys:
            self.reach(field)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)
        else:
            field.fill(text)
        return self

    def choose(self, field: Locator) -> "Visitor":
        """A radio button or a checkbox."""
        if not self.keys:
            field.check()
        elif field.get_attribute("type") == "radio":
            group = self.page.locator(f"input[type=radio][name='{field.get_attribute('name')}']")
            self.reach(group)
            for _step in range(group.count() + 1):
                if field.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
            if not field.is_checked():
                self.page.keyboard.press("Space")
        elif not field.is_checked():
            self.tick(field)
        assert field.is_checked()
        return self

    def tick(self, box: Locator) -> "Visitor":
        """Change a checkbox."""
        if self.keys:
            self.reach(box)
            self.page.keyboard.press("Space")
        else:
            box.click()
        return self

    def select(self, field: Locator, words: str) -> "Visitor":
        if self.keys:
            self.reach(field)
            self.page.keyboard.type(words)
        else:
            field.select_option(label=words)
        assert field.evaluate("one => one.selectedOptions[0].label") == words
        return self

    def day(self, field: str, day: date) -> "Visitor":
        for part, number in (("day", day.day), ("month", day.month), ("year", day.year)):
            self.type(self.page.locator(f"main #{field}-{part}").first, str(number))
        return self

    def reach(self, target: Locator) -> None:
        """Come to it with Tab alone. On every step on the way the focus must show, and nowhere may it get stuck."""
        for step in range(300):
            if step % 30 == 0:  # anew now and then: results that come late replace what stood there
                ends = [one.element_handle() for one in target.all()]
            self.page.keyboard.press("Tab")
            for _moment in range(20):  # what others do may just be moving the page
                there, shows, what = self.page.evaluate(FOCUS, ends)
                if shows:
                    break
                self.page.wait_for_timeout(100)
            assert shows, f"{self.page.url}: the focus does not show on {what}"
            if there:
                return
        raise AssertionError(f"{self.page.url}: Tab never comes to {target}")

    def _use(self, target: Locator, here: bool = False) -> "Visitor":
        """Press a button or follow a link, and wait for the page that comes, if one does."""
        try:
            target.wait_for()
        except PlaywrightTimeout:
            raise AssertionError(f"{self.page.url}: no {target}; it says: {self.page.inner_text('main')[:1500]}") from None
        with nullcontext() if here else self.page.expect_navigation():
            if self.keys:
                self.reach(target)
                self.page.keyboard.press("Enter")
            else:
                target.click()
        return self

    def leave(self) -> None:
        """Close the browser, which must have had nothing to complain of."""
        self.context.close()
        assert not self.noise, self.noise

    def sees(self, *words: str) -> "Visitor":
        """Wait until the page says it, twenty seconds at most."""
        text = ""
        for _moment in range(200):
            text = self.page.inner_text("body")
            if all(each in text for each in words):
                return self
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.page.url}: not all of {words} is in {text[:1500]}")


FOCUS = """ends => {
  const here = document.activeElement, shows = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
  const box = here.getBoundingClientRect(), part = here.labels?.[0];
  const seen = here === document.body || (shows(getComputedStyle(here)) || part && shows(getComputedStyle(part, "::before")))
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [ends.includes(here), Boolean(seen), here.outerHTML.slice(0, 200)];
}"""
