"""A real browser against a real server with the demo scheme, on SQLite."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
TOP = Path(__file__).parents[2]


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

    def __init__(self, context: BrowserContext, site: str, *, keys: bool = False) -> None:
        self.context, self.site, self.keys = context, site, keys
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.noise: list[str] = []
        self.page.on("console", lambda message: self.noise.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))
        self.page.on("request", lambda request: self._own(request.url))

    def _own(self, url: str) -> None:
        if not url.startswith((self.site, "data:", "blob:")):
            self.noise.append(f"off-origin request: {url}")

    def be(self, name: str) -> "Visitor":
        """Sign in as one of the demo's people."""
        return self.open("/people/sign-in").press(f"Be {name}")

    def open(self, path: str) -> "Visitor":
        self.page.goto(path if path.startswith("http") else self.site + path)
        return self

    def press(self, words: str) -> "Visitor":
        return self._use(self.page.get_by_role("button", name=words, exact=True).first)

    def click(self, words: str) -> "Visitor":
        return self._use(self.page.locator("main").get_by_role("link", name=words, exact=True).first)

    def unfold(self, words: str) -> "Visitor":
        return self._use(self.page.locator("summary", has_text=words).first)

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
        else:
            self.reach(field)
            if not field.is_checked():
                self.page.keyboard.press("Space")
        assert field.is_checked()
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
        """Come to it with Tab alone. The focus must be seen on every step, and nowhere get stuck."""
        for _step in range(300):
            self.page.keyboard.press("Tab")
            if target.evaluate_all("all => all.includes(document.activeElement)"):
                seen = self.page.evaluate(FOCUS_SHOWS)
                assert seen, f"{self.page.url}: the focus does not show on {target}"
                return
        raise AssertionError(f"{self.page.url}: Tab never comes to {target}")

    def _use(self, target: Locator) -> "Visitor":
        """Press a button or follow a link, and wait for what comes."""
        try:
            target.wait_for()
        except PlaywrightTimeout:
            raise AssertionError(f"{self.page.url}: no {target}; it says: {self.page.inner_text('main')[:1500]}") from None
        if self.keys:
            self.reach(target)
            self.page.evaluate("window.stillHere = true")
            self.page.keyboard.press("Enter")
            for _moment in range(20):  # Enter does not wait for what it brings, as a click does
                self.page.wait_for_timeout(50)
                if not self._still_here():
                    break
        else:
            target.click()
        self.page.wait_for_load_state()
        return self

    def _still_here(self) -> bool:
        try:
            return bool(self.page.evaluate("window.stillHere"))
        except PlaywrightError:  # the page is changing this very moment
            return False

    def sees(self, *words: str) -> "Visitor":
        """Wait until the page says it, a few seconds at most."""
        text = ""
        for _moment in range(50):
            text = self.page.inner_text("body")
            if all(each in text for each in words):
                return self
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.page.url}: not all of {words} is in {text[:1500]}")


FOCUS_SHOWS = """() => {
  const style = getComputedStyle(document.activeElement), part = document.activeElement.labels?.[0];
  const shows = one => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0 || one.boxShadow !== "none";
  return shows(style) || part && shows(getComputedStyle(part, "::before"));
}"""
