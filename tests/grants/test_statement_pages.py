"""Finance sends a statement, looks at what it says, and writes it into the books."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.grants import pay
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin
from tests.grants.test_bank_lines import MONDAY, bid_ref, file_of


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(MONDAY):
        made = begin()
    with clock.held_at(MONDAY + timedelta(days=20)):
        yield made
        assert_books_are_right()


def token_of(browser: Inspector) -> dict[str, str]:
    return {"csrf_token": next(one.get("value") for one in browser.tree.iter() if one.get("name") == "csrf_token")}


def test_from_the_file_to_the_books(app: Flask, season: Season) -> None:
    with clock.held_at(MONDAY):
        payment = season.released(season.ready())
    Inspector(app).sign_in(season.who("Olga").id).get("/finance/statement", 404)
    fay = Inspector(app, 15).sign_in(season.who("Fay").id).get("/finance/statement")
    assert "No line waits." in fay.text
    fay.submit("Read the statement", 422)
    assert "Choose the file that your bank gave you." in fay.text
    fay.get("/finance/statement").submit("Read the statement", 422, file=(io.BytesIO(b"%PDF"), "june.pdf"))
    assert "We cannot find the columns." in fay.text
    data = file_of((3, -250_00, f"BACS {bid_ref(payment)}"), (4, -250_00, "<b>RENT</b>"), (32, 1_00, "X"))
    fay.get("/finance/statement").submit("Read the statement", file=(io.BytesIO(data), "june.csv")).follow()
    assert "2 lines are new." in fay.text and "Line 4: we cannot read the day." in fay.text
    assert "We found a match" in fay.text and "&lt;b&gt;RENT" in fay.text and pay.payment_by_ref(payment.ref).status == "released"
    selects = {one.get("name"): one for one in fay.tree.iter() if one.tag.endswith("select")}
    names = sorted(selects, key=lambda name: "selected" not in str([each.attrib for each in selects[name]]))
    fay.budget = 60  # two lines are written, each as an action of its own
    both = dict.fromkeys(names, f"arrived:{payment.ref}")
    fay.post("/finance/statement/lines", token_of(fay) | both, 422)
    assert "One line could not be done. It says why." in fay.text and "says that of this payment already" in fay.text
    fay.post("/finance/statement/lines", token_of(fay) | {names[1]: "not_ours"})
    fay.budget = 15
    fay.follow()
    assert "One line is done." in fay.text and "No line waits." in fay.text and payment.ref in fay.text
    fay.get("/finance/statement").submit("Read the statement", file=(io.BytesIO(data), "june.csv")).follow()
    assert "No line is new." in fay.text and "2 were here before." in fay.text
    fay.post(
        "/finance/statement/lines", {"csrf_token": next(one.get("value") for one in fay.tree.iter() if one.get("name") == "csrf_token")}
    )
    assert "Nothing was chosen" in fay.follow().text
