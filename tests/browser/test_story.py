"""One grant from an idea on a phone to the public register, by everybody who has a part in it, to the penny and the minute."""

import re
import struct
import subprocess
import sys
import zlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, TOP, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def picture() -> bytes:
    """A small PNG, as a phone would send it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((200, 120, 60)) * 64 for _row in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("way", ["with JavaScript", "without JavaScript", "keyboard only"])
def test_one_grant_to_the_end(chromium: Browser, site: Site, way: str, tmp_path: Path) -> None:
    """At 360 px: `way` is what the people's browsers can do, and what their hands can.

    Three browsers do: the applicant's, one that strangers pick up, and one at which everybody of the council and the panel signs in.
    """
    scripts, keys = way != "without JavaScript", way == "keyboard only"

    def visitor() -> Visitor:
        context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts)
        return Visitor(context, site.address, keys=keys, scripts=scripts)

    people = idris, stranger, office = visitor(), visitor(), visitor()
    title = f"Planters for the steps, {way}"
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())

    ref = asks(idris.be("Idris Cole"), title, photo)
    links = _three_neighbours(idris, ref, stranger)
    idris.open(f"/grants/{ref}/check").press("Send your idea").sees("Your idea is sent", ref)

    office.be("Amara Okafor").open(f"/desk/bids/{ref}").press("Give it to the panel")
    _the_panel_decides(office, title)
    _letters(office, ref, title)
    _payment(idris, office, ref, title, photo)
    _report(idris, office, stranger, links, ref, title)

    public = stranger.open("/register/").fill("Search for words", title).press("Search", island=True)
    public.page.wait_for_url("**q=**")  # where a script runs it comes with the results that replace what stood there
    public.sees(title, "Finished £250.00").page.wait_for_load_state("networkidle")  # leaving the box asked, and so did the button
    public.click(title).sees("Finished", "£250.00", "21 h", "Many neighbours stand behind this.", "Twelve of us filled six planters.")
    public.sees("A resident of Mossgate", "Seats that were tied took no part: family")
    assert "Idris" not in public.page.inner_text("main")
    for who in people:
        who.leave()
    books = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "check"],
        env=site.env,
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert books.returncode == 0, books.stdout


def asks(idris: Visitor, title: str, photo: Path) -> str:
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
    idris.choose(page.get_by_label("People get to know their neighbours", exact=True)).press("Continue")
    idris.fill("Thing 1", "Planters").fill("Cost of thing 1", "200").press("Add another thing", island=True)
    idris.fill("Thing 3", "Soil and plants").fill("Cost of thing 3", "50.00").press("Remove thing 2", island=True)
    idris.sees("Together: £250.00").press("Continue")
    idris.fill("What do you call yourselves? (optional)", "Steps Together").press("Continue")
    idris.day("first_day", date.today()).day("last_day", date.today() + timedelta(days=30)).press("Continue")
    idris.choose(page.get_by_label("I buy, you pay me back against receipts")).press("Continue")
    idris.sees("Check your answers", "Planters", "£250.00", "0 of 3 neighbours have said yes so far")
    found = re.search(r"SPK-\w{4}-\w{4}", page.url)
    assert found
    return found[0]


def _three_neighbours(idris: Visitor, ref: str, stranger: Visitor) -> list[str]:
    """Each gets a link of their own at the doorstep, and says yes without an account."""
    links = []
    for name in ("Ana", "Bo", "Cy"):
        idris.open(f"/grants/{ref}/match").fill("Their name", name).press("Ask").sees(f"A link for {name}")
        links.append(idris.page.locator("main a[href*='/m/']").first.inner_text())
        stranger.open(links[-1]).sees("Can you help", name).fill("How many hours?", "7").press("I’m in").sees("You are in: 7 h")
    return links


def _the_panel_decides(office: Visitor, title: str) -> None:
    """One has a tie and sees no more of it; three vote; the chair counts by the frozen rule."""
    radio = office.page.locator

    def seat(name: str, tie: str) -> None:
        office.be(name).open("/panels/").click("Estuary Small Sparks panel").click(title)
        office.choose(radio(f"main input[type=radio][value={tie}]").first).press("Continue")

    seat("Kelly Stone", "family")
    office.sees("You will not see this idea")
    assert title not in office.page.inner_text("main")
    for name in ("Ravi Patel", "Abdul Karim", "Joan Abara"):
        seat(name, "none")
        office.choose(radio("main input[type=radio][value=yes]").first).press("Vote").sees("Your vote is in.")
    office.click(title).press("Count and close").sees("The panel said: Yes")


def _letters(office: Visitor, ref: str, title: str) -> None:
    """The reason in words, the letters together, and a second person who releases them."""
    office.be("Amara Okafor").open(f"/desk/bids/{ref}").click("Write the letter")
    office.fill("The reason, as the letter says it", "Many neighbours stand behind this.").press("Keep this letter")
    office.choose(office.page.locator(f"main input[value='{ref}']")).press("Prepare the letters").sees("a second person must release it")
    letters = office.page.url
    office.be("Ben Hughes").open(letters).sees(f"Good news about “{title}”").press("Release all letters now").sees("Released by Ben Hughes")


def _payment(idris: Visitor, office: Visitor, ref: str, title: str, photo: Path) -> None:
    """Yes in one tap; the account; a receipt; three hands; arrived."""
    idris.open(f"/grants/{ref}").sees("a grant is offered").click("See the grant").press("Yes, we take it")
    idris.sees("The money is kept for you").open(f"/grants/{ref}").click("Tell us the account")
    idris.fill("Name on the account", "Idris Cole").fill("Sort code", "20-12-34").fill("Account number", "12345678")
    idris.press("Keep this account").sees("••••5678")
    idris.open(f"/grants/{ref}").click("Add receipts")
    idris.fill("What did you buy?", "Planters and soil").fill("How much stands on the receipt?", "250")
    idris.page.set_input_files("#receipt-photo", photo)
    idris.press("Add this receipt").sees("£250.00 of £250.00 on receipts")
    office.be("Amara Okafor").open("/finance/").click(title).press("Prepare the payment").sees("Another person approves it")
    payment = office.page.url
    office.be("Chidi Rahman").open(payment).press("Approve this payment").sees("A third person releases it")
    office.be("Dee Larsson").open("/finance/")
    for box in office.page.locator("main input[type=checkbox]").all():
        if box.is_checked() != (title in box.evaluate("one => one.labels[0].innerText")):
            office.tick(box)
    office.press("Look at them together").sees("£250.00").press("Release one payment").sees("On its way")
    run = office.page.url
    office.be("Chidi Rahman").open(run).press("All of it has arrived").sees("Arrived")


def _report(idris: Visitor, office: Visitor, stranger: Visitor, links: list[str], ref: str, title: str) -> None:
    """Neighbours say that they did it, an officer checks, the applicant tells, the officer reads: done."""
    for link in links:
        stranger.open(link).fill("How long?", "7").press("I did it").sees("It is written down")
    idris.open(f"/grants/{ref}/match").sees("An officer or a connector checks this")
    office.be("Amara Okafor").open(f"/grants/{ref}/match")
    for _link in links:
        office.press("Yes, 7 h is right")
    idris.open(f"/grants/{ref}/report").fill("What happened?", "Twelve of us filled six planters.")
    idris.choose(idris.page.get_by_label("You may print these words")).press("Send it").sees("Your story")
    office.be("Amara Okafor").open("/desk/reports").click(title).press("Accept it and say thank you")
    idris.open(f"/grants/{ref}").sees("All done. Thank you!")


def test_without_scripts_nothing_offers_what_only_a_script_can_do(chromium: Browser, site: Site) -> None:
    who = Visitor(chromium.new_context(viewport=PHONE, java_script_enabled=False, service_workers="block"), site.address, scripts=False)
    who.be("Amara Okafor").open("/panels/").click("Estuary Small Sparks panel").click("Neighbours choose this winter")
    who.click("Look after the ballot").sees("They vote here:")
    assert who.page.locator("[hidden]").count() and not who.page.locator("[hidden]:visible").count()
    who.open("/panels/").click("Estuary Small Sparks panel").click("Summer Sparks").click("See how the pot was shared")
    assert who.page.locator("[data-print][hidden]").count() and not who.page.locator("[hidden]:visible").count()
    who.leave()
