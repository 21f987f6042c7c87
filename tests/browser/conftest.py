"""A real browser against a real server with the demo scheme, on SQLite."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
TOP = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running demo: the web server of production, without the worker, so that its books stand still."""
    if not CHROMIUM:
        line = "Chromium is not installed here: the browser tests are left out"
        assert not os.environ.get("CI"), line
        pytest.skip(line)
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
        "NO_LIMITS": "1",
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
    yield address
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def chromium(site: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """One person with a phone: a context of their own, whose console must stay quiet."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.context, self.site = context, site
        self.page: Page = context.new_page()
        self.noise: list[str] = []
        self.page.on("console", lambda message: self.noise.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))
        self.page.on("request", lambda request: self._own(request.url))

    def _own(self, url: str) -> None:
        if not url.startswith((self.site, "data:", "blob:")):
            self.noise.append(f"off-origin request: {url}")

    def be(self, name: str) -> "Visitor":
        """Sign in as one of the demo's people."""
        self.open("/people/sign-in")
        self.press(f"Be {name}")
        return self

    def open(self, path: str) -> "Visitor":
        self.page.goto(path if path.startswith("http") else self.site + path)
        return self

    def press(self, words: str) -> "Visitor":
        self.page.get_by_role("button", name=words, exact=True).first.click()
        self.page.wait_for_load_state()
        return self

    def click(self, words: str) -> "Visitor":
        self.page.get_by_role("link", name=words, exact=True).first.click()
        self.page.wait_for_load_state()
        return self

    def fill(self, label: str, text: str) -> "Visitor":
        self.page.get_by_label(label, exact=True).first.fill(text)
        return self

    def sees(self, words: str) -> "Visitor":
        assert words in self.page.inner_text("body"), f"{self.page.url}: {words!r} not in {self.page.inner_text('body')[:1500]}"
        return self
