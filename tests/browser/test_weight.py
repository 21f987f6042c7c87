"""What a page weighs on the wire, compressed and with its headers: a first visit with nothing kept, and the same page again."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import PHONE, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KB = 1024
PAGES = [
    ("", "/"), ("", "/grants/"), ("", "/register/"), ("", "/register/REF"), ("Rosa Delgado", "/"), ("Rosa Delgado", "/grants/REF"),
    ("Maya Greene", "/grants/REF/idea"), ("Maya Greene", "/grants/REF/money"), ("Maya Greene", "/grants/REF/match"), ("Joan Abara", "/panels/"),
]  # fmt: skip


@dataclass
class Weight:
    """Bytes that came over the wire, by what they are for, and the own script's without headers."""

    kinds: dict[str, int] = field(default_factory=dict)
    script: int = 0

    def total(self, *kinds: str) -> int:
        return sum(size for kind, size in self.kinds.items() if not kinds or kind in kinds)


def weigh(context: BrowserContext, address: str) -> Weight:
    """Open it in a new tab."""
    page, weight = context.new_page(), Weight()
    kinds: dict[str, str] = {}
    own: set[str] = set()
    wire = context.new_cdp_session(page)

    def answered(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]
        if "kindling.js" in event["response"]["url"]:
            own.add(event["requestId"])

    def came(event: dict[str, Any]) -> None:
        kind = kinds.get(event["requestId"], "Other")
        weight.kinds[kind] = weight.kinds.get(kind, 0) + int(event["encodedDataLength"])

    def part(event: dict[str, Any]) -> None:
        if event["requestId"] in own:
            weight.script += int(event["encodedDataLength"])

    wire.on("Network.responseReceived", answered)
    wire.on("Network.loadingFinished", came)
    wire.on("Network.dataReceived", part)
    wire.send("Network.enable")
    page.goto(address, wait_until="networkidle")
    page.close()
    return weight


@pytest.mark.parametrize(("name", "kind"), PAGES)
def test_page_weighs_little(chromium: Browser, site: Site, name: str, kind: str) -> None:
    """First visit: HTML and CSS fit the first round trip of 14 kB, all of it 40 kB, our script 3 kB; again: 5 kB."""
    finder = Visitor(chromium.new_context(viewport=PHONE, service_workers="block"), site.address)
    if name:
        finder.be(name)
    path = kind
    if "REF" in kind:
        front, _ref, rest = kind.partition("REF")
        finder.open("/" if name else front)
        path = finder.page.locator(f"main a[href^='{front}SPK-']").first.get_attribute("href") or ""
        path = path.removesuffix(rest) + rest
    state = finder.context.storage_state()
    finder.leave()
    cold = chromium.new_context(viewport=PHONE, storage_state=state, service_workers="block")
    first, again = weigh(cold, site.address + path), weigh(cold, site.address + path)
    cold.close()
    assert first.kinds["Document"] > 1000, first
    assert first.total("Document", "Stylesheet") <= 14 * KB, first
    assert first.total() <= 40 * KB, first
    assert 0 < first.script <= 3 * KB, first
    if not name:
        assert again.total() <= 5 * KB, again
    assert again.total() - again.kinds.get("Image", 0) <= 5 * KB, again  # pictures that not everybody may see are never kept
