"""One grant from an idea on a phone to the public register, by everybody who has a part in it, to the penny and the minute."""

import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import TOP, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 360, "height": 740}


def picture() -> bytes:
    """A small PNG, as a phone would send it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((200, 120, 60)) * 64 for _row in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("way", ["with JavaScript", "without JavaScript", "keyboard only"])
def test_one_grant_to_the_end(chromium: Browser, site: Site, way: str, tmp_path: Path) -> None:
    people: list[Visitor] = []

    def somebody() -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=way != "without JavaScript")  # type: ignore[arg-type]
        people.append(Visitor(context, site.address, keys=way == "keyboard only"))
        return people[-1]

    title = f"Planters for the steps, {way}"
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())

    idris = somebody().be("Idris Cole")
    ref = _asks(idris, title, photo)
    links = _three_neighbours(idris, ref, somebody)
    idris.open(f"/grants/{ref}/check").press("Send your idea").sees("Your idea is sent", ref)

    amara = somebody().be("Amara Okafor").open(f"/desk/bids/{ref}").press("Give it to the panel")
    _the_panel_decides(title, somebody)
    _letters(amara, somebody().be("Ben Hughes"), ref, title)
    _payment(idris, amara, somebody().be("Chidi Rahman"), somebody().be("Dee Larsson"), ref, title, photo)
    _report(idris, amara, links, ref, title, somebody)

    public = somebody().open("/register/").fill("Search for words", title).press("Search")
    public.page.wait_for_timeout(500)
    public.click(title).sees("Finished", "£250.00", "21 h", "Many neighbours stand behind this.", "Twelve of us filled six planters.")
    public.sees("A resident of Mossgate", "Seats that were tied took no part: family")
    assert "Idris" not in public.page.inner_text("main")
    assert [(who.page.url, who.noise) for who in people if who.noise] == []
    for who in people:
        who.context.close()
    books = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "check"],
        env=site.env,
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert books.returncode == 0, books.stdout


def _asks(idris: Visitor, title: str, photo: Path) -> str:
    """Six questions, one a page."""
    page = idris.page
    idris.open("/grants/").click("Small Sparks, all year round").press("Start")
    idris.fill("A short name for it", title)
    idris.fill("What do you want to do?", "Six planters on the steps, so that they are a place and not a gap.")
    idris.select(page.locator("#area"), "Mossgate")
    page.set_input_files("input[type=file]", photo)
    idris.press("Continue")
    idris.fill("Who is it for?", "Everybody on the steps").fill("What will be better afterwards?", "We sit there together.").press(
        "Continue"
    )
    idris.fill("Thing 1", "Planters").fill("Cost of thing 1", "200").press("Add another thing")
    idris.fill("Thing 3", "Soil and plants").fill("Cost of thing 3", "50.00").press("Remove thing 2")
    idris.sees("Together: £250.00").press("Continue")
    idris.fill("What do you call yourselves? (optional)", "Steps Together").press("Continue")
    idris.day("first_day", date.today()).day("last_day", date.today() + timedelta(days=30)).press("Continue")
    idris.choose(page.get_by_label("I buy, you pay me back against receipts")).press("Continue")
    idris.sees("Check your answers", "Planters", "£250.00", "0 of 3 neighbours have said yes so far")
    found = re.search(r"SPK-\w{4}-\w{4}", page.url)
    assert found
    return found[0]


def _three_neighbours(idris: Visitor, ref: str, somebody: Callable[[], Visitor]) -> list[str]:
    """Each gets a link of their own at the doorstep, and says yes without an account."""
    links = []
    for name in ("Ana", "Bo", "Cy"):
        idris.open(f"/grants/{ref}/match").fill("Their name", name).press("Ask").sees(f"A link for {name}")
        links.append(idris.page.locator("main a[href*='/m/']").first.inner_text())
        neighbour = somebody().open(links[-1]).sees("Can you help", name)
        neighbour.fill("How many hours?", "7").press("I’m in").sees("You are in: 7 h")
    return links


def _the_panel_decides(title: str, somebody: Callable[[], Visitor]) -> None:
    """One has a tie and sees no more of it; three vote; the chair counts by the frozen rule."""

    def seat(name: str, tie: str) -> Visitor:
        who = somebody().be(name).open("/panels/").click("Estuary Small Sparks panel").click(title)
        return who.choose(who.page.locator(f"main input[type=radio][value={tie}]").first).press("Continue")

    kelly = seat("Kelly Stone", "family").sees("You will not see this idea")
    assert title not in kelly.page.inner_text("main")
    joan = seat("Joan Abara", "none")
    for voter in (joan, seat("Ravi Patel", "none"), seat("Abdul Karim", "none")):
        voter.choose(voter.page.locator("main input[type=radio][value=yes]").first).press("Vote").sees("Your vote is in.")
    joan.click(title).press("Count and close").sees("The panel said: Yes")


def _letters(amara: Visitor, ben: Visitor, ref: str, title: str) -> None:
    """The reason in words, the letters together, and a second person who releases them."""
    amara.open(f"/desk/bids/{ref}").click("Write the letter")
    amara.fill("The reason, as the letter says it", "Many neighbours stand behind this.").press("Keep this letter")
    amara.choose(amara.page.locator(f"main input[value='{ref}']")).press("Prepare the letters").sees("a second person must release it")
    ben.open(amara.page.url).sees(f"Good news about “{title}”").press("Release all letters now").sees("Released by Ben Hughes")


def _payment(idris: Visitor, amara: Visitor, chidi: Visitor, dee: Visitor, ref: str, title: str, photo: Path) -> None:
    """Yes in one tap; the account; a receipt; three hands; arrived."""
    idris.open(f"/grants/{ref}").sees("a grant is offered").click("See the grant").press("Yes, we take it").sees(
        "The money is kept for you"
    )
    idris.open(f"/grants/{ref}").click("Tell us the account")
    idris.fill("Name on the account", "Idris Cole").fill("Sort code", "20-12-34").fill("Account number", "12345678")
    idris.press("Keep this account").sees("••••5678")
    idris.open(f"/grants/{ref}").click("Add receipts")
    idris.fill("What did you buy?", "Planters and soil").fill("How much stands on the receipt?", "250")
    idris.page.set_input_files("#receipt-photo", photo)
    idris.press("Add this receipt").sees("£250.00 of £250.00 on receipts")
    amara.open("/finance/").click(title).press("Prepare the payment").sees("Another person approves it")
    chidi.open(amara.page.url).press("Approve this payment").sees("A third person releases it")
    dee.open("/finance/")
    for box in dee.page.locator("main input[type=checkbox]").all():
        if dee.keys:
            if box.is_checked() != (title in (box.evaluate("one => one.labels[0].innerText"))):
                dee.reach(box)
                dee.page.keyboard.press("Space")
        else:
            box.set_checked(title in box.evaluate("one => one.labels[0].innerText"))
    dee.press("Look at them together").sees("£250.00").press("Release one payment").sees("On its way")
    chidi.open(dee.page.url).press("All of it has arrived").sees("Arrived")


def _report(idris: Visitor, amara: Visitor, links: list[str], ref: str, title: str, somebody: Callable[[], Visitor]) -> None:
    """Neighbours say that they did it, the applicant checks and tells, the officer reads: done."""
    for link in links:
        neighbour = somebody().open(link)
        neighbour.fill("How long?", "7")
        neighbour.press("I did it").sees("It is written down")
    idris.open(f"/grants/{ref}/match")
    for _link in links:
        idris.press("Yes, 7 h is right")
    idris.open(f"/grants/{ref}/report").fill("What happened?", "Twelve of us filled six planters.")
    idris.choose(idris.page.get_by_label("You may print these words")).press("Send it").sees("Your story")
    amara.open("/desk/reports").click(title).press("Accept it and say thank you")
    idris.open(f"/grants/{ref}").sees("All done. Thank you!")
