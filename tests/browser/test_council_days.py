"""An officer's day and a finance officer's day, by keyboard alone and without JavaScript: from what needs them to books that agree."""

import csv
import io
import re
import subprocess
import sys
from datetime import date

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import TOP, Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MENDING, BOXES, BALL = "Bike repair afternoons, Larkrise", "Bat and swift boxes, Heronsbrook", "Walking football, Tidemill"

MAKE_FILES = """
from portal.exports.publish.publishing import publish_due
from wsgi import app
with app.app_context():
    publish_due()
"""  # what the worker does within a minute


@pytest.fixture
def office(chromium: Browser, site: Site) -> Visitor:
    """One desk at the council, at which people take turns."""
    return Visitor(
        chromium.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False, accept_downloads=True),
        site.address, keys=True, scripts=False,
    )  # fmt: skip


def test_an_officers_day(office: Visitor, site: Site) -> None:
    """What is late first: a call is written down, an area put right, the idea goes to its panel; then the open data and the committee's figures."""
    office.be("Amara Okafor").open("/desk/").sees("Needs you today", "is late", MENDING)
    office.click(MENDING).sees("The story so far").click("Write down a telephone call")
    office.press("Write it down").sees("There is a problem")
    office.day("day", date.today()).fill("What was said?", "She can start two weeks later.").press("Write it down")
    office.sees("She can start two weeks later.").click("Put the area right")
    office.select(office.page.locator("main #area"), "Wharfside").fill("Why?", "The shed stands over there.").press("Put it right")
    office.sees("Wharfside").press("Give it to the panel").sees("With the panel")
    office.open("/desk/").fill("Find a person, an idea, a payment or a reference", "bike repair").press("Find").sees(MENDING)

    office.open("/desk/publish").sees(BOXES).click(BOXES).press("Sign off these words").sees("Signed off")
    office.open("/desk/publish").press("Publish what is signed off").sees("The files are being made")
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--once"], env=site.env, cwd=TOP, check=True, capture_output=True
    )
    office.click("Look now").sees("Published. It is there for everybody now.")
    office.open("/register/data/").sees("360Giving")
    office.open("/finance/figures").sees("Figures")
    office.noise = [line for line in office.noise if "status of 422" not in line]  # the call of which nothing was written
    office.leave()


def test_a_finance_officers_day(office: Visitor) -> None:
    """A grant through three hands into a file, a statement that settles it, the bank that sends it back, and books that agree."""
    office.be("Chidi Rahman").open("/finance/").click(BALL).sees("Can be paid now").press("Prepare the payment").sees("Prepared")
    payment = office.page.url
    ref = payment.rsplit("/", 1)[1]
    office.be("Amara Okafor").open("/desk/").sees("to approve")
    office.open(payment).press("Approve this payment").sees("A third person releases it")
    office.be("Dee Larsson").open(payment).click("Look at it and release it").sees("in the file: TIDEMILL SLOW STRI").press(
        "Release one payment"
    )
    office.sees("On its way", "Nobody has taken it yet")
    run = office.page.url
    line = _taken(office)
    office.open(run).sees("Locked", "Control totals", "One payment, £232.00", "Hash of the CSV file")
    assert re.fullmatch(r"\d{6}", line[0]) and line[3] == "232.00", line

    office.be("Chidi Rahman").open("/finance/statement")
    arrived = f"Date,Description,Amount\n{date.today():%d/%m/%Y},BACS {line[8]},-232.00\n{date.today():%d/%m/%Y},RENT,-12.00\n"
    office.page.locator("main input[type=file]").set_input_files({"name": "bank.csv", "mimeType": "text/csv", "buffer": arrived.encode()})
    office.press("Read the statement").sees("We found a match", line[8])
    office.press("Write these into the books").sees(ref)
    office.open(payment).sees("Arrived").unfold("The bank sent it back").day("bounce-on", date.today())
    office.fill("What does the bank say?", "Account closed").press("It came back").sees("Came back", "Account closed")

    office.open("/finance/books/agree").sees("Ledger, awards, payments, register and exports agree to the penny.")
    office.open("/finance/books/").sees("Trial balance")
    office.open("/finance/books/funds").sees("Small Sparks", "Promised", "ties to the trial balance")
    office.open("/finance/books/close").press("Close the books up to that day").sees("Closed so far")
    office.open("/finance/books/year-end").sees("to the penny")
    with office.page.expect_download() as taken:
        office.reach(office.page.get_by_role("button", name="Take the workbook (Excel)"))
        office.page.keyboard.press("Enter")
    assert taken.value.suggested_filename.startswith("year-end-")
    office.open(run).sees("Came back")
    office.leave()


def _taken(office: Visitor) -> list[str]:
    """The one line of the bank's file, as it was downloaded."""
    with office.page.expect_download() as taken:
        office.reach(office.page.get_by_role("button", name="Take the CSV file"))
        office.page.keyboard.press("Enter")
    rows = list(csv.reader(io.StringIO(taken.value.path().read_text())))
    assert len(rows) == 1
    return rows[0]
