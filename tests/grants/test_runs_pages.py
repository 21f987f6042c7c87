"""The pages of a run and of the scheme's own account, as finance and officers walk them."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.grants import pay
from portal.grants.model import PaymentRun
from portal.people.model import SignInSession
from tests.client import Inspector
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin
from tests.grants.test_runs import MONDAY


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(MONDAY):
        yield begin()
        assert_books_are_right()


def proved(at: datetime) -> None:
    with transaction():
        db.session.execute(db.update(SignInSession).values(proved_at=at))


def token_of(browser: Inspector) -> dict[str, str]:
    return {"csrf_token": next(one.get("value") for one in browser.tree.iter() if one.get("name") == "csrf_token")}


def test_the_pages_of_a_run(app: Flask, season: Season) -> None:
    made = season.ready()
    payment = pay.prepare(made.ref, None, season.actor("Fay"))
    fay, olga, otto = (Inspector(app, 15).sign_in(season.who(name).id) for name in ("Fay", "Olga", "Otto"))
    assert "MOSSGATE GARDENERS" in olga.get(f"/finance/payments/{payment}").text
    pay.approve(payment, season.actor("Olga"))
    run = pay.release_run([payment], season.actor("Otto"))
    page = f"/finance/runs/{run}"
    assert "Finance takes the file." in olga.get(page).text
    olga.post(f"{page}/file", token_of(olga), 404)
    olga.get("/finance/bank", 404)
    assert "First write down from which account" in fay.get(page).text
    proved(MONDAY - timedelta(hours=1))
    fay.get("/finance/bank").submit("Pay from this account", name="Estuary Council", sort_code="40-12-34", account_number="87654321")
    assert "/people/prove" in fay.location
    proved(MONDAY)
    fay.get("/finance/bank").submit("Pay from this account", 422, name="", sort_code="1", account_number="87654321")
    fay.submit("Pay from this account", name="Estuary Council", sort_code="40-12-34", account_number="87654321").follow()
    assert "••-••-34 ••••4321" in fay.text and "87654321" not in fay.text
    olga.get(page).submit("Ask a second person", 422, back_reason="")
    olga.submit("Ask a second person", back_reason="Wrong day").follow()
    assert "You asked for this" in olga.text and "Decide that first" in fay.get(page).text
    otto.get(page).submit("Let the run stand").follow()
    before = token_of(otto.get(page))
    otto.submit("Show the account numbers").follow()
    token = token_of(fay.get(page))
    assert "Nothing of this run was typed into the bank" in fay.text
    fay.budget = 28  # of a page that comes after a refused action
    wrong = {**token, "form": "csv", "file-pays_on-day": "6", "file-pays_on-month": "6", "file-pays_on-year": "2026"}
    fay.post(f"{page}/file", wrong, 422)
    assert "Banks do not pay on that day." in fay.text
    fay.post(f"{page}/file", {**wrong, "file-pays_on-day": "2"}, 422)
    assert "Make sure that nothing was typed into the bank" in fay.text
    answer = fay.client.post(f"{page}/file", data={**wrong, "file-pays_on-day": "2", "file-nothing_typed": "y"})
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, f'attachment; filename="payment-run-{run}.csv"')
    assert answer.data.startswith(f"{SORT_CODE},{NUMBER},MOSSGATE GARDENERS,250.00,99,".encode())
    otto.budget = 28
    otto.get(page)
    assert "Show the account numbers" not in otto.text
    otto.post(f"{page}/numbers", before, 422)
    assert "pay them twice" in otto.text
    fay.get(page)
    assert "Locked" in fay.text and hashlib.sha256(answer.data).hexdigest() in fay.text and NUMBER not in fay.text
    assert f"Fay, Monday 1 June 2026, 10:00 am: payment-run-{run}.csv" in " ".join("".join(fay.tree.itertext()).split())
    assert fay.client.post(f"{page}/file", data={**token, "form": "csv"}).data == answer.data
    assert not db.session.scalar(select(PaymentRun.id).where(PaymentRun.ref != run))
