"""Ledger, awards, payments, register and exports beside each other: they agree, and a penny somewhere is seen and named."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import clock, turns, worker
from portal.books import agree, entries, journal
from portal.db import db, transaction
from portal.grants import pay, withdrawals
from portal.ledger.model import Entry
from portal.money import Pence
from portal.places.model import Scheme
from tests.client import Inspector
from tests.exports.small import TODAY, Small


def test_they_agree(small: Small) -> None:
    found = agree.agreement()
    assert found.ok and len(found.head) == 64, found.apart
    by = {each.name: each.by for each in found.controls}
    assert by["paid"] == {agree.LEDGER: 490_00, agree.AWARDS: 490_00, agree.PAYMENTS: 490_00, agree.SPENDING: 490_00}
    assert by["register_awarded"][agree.REGISTER] == 440_00 and by["register_paid"][agree.LEDGER] == 350_00
    assert by["free"] == {agree.LEDGER: 440_00, agree.PAYMENTS: 440_00}


def test_what_the_file_leaves_out_is_told(small: Small) -> None:
    """E4 has only what exceeds the scheme's limit; the rest is counted beside it, so that the sums still meet."""
    with transaction():
        db.session.get_one(Scheme, 1).spend_threshold = 100_00
    (paid,) = (each for each in agree.agreement().controls if each.name == "paid")
    assert not paid.off and "£120.00" in paid.note


def test_what_a_funder_took_out_agrees_and_is_named(small: Small) -> None:
    """In the sums, in the month's journal, and on the page of its entry."""
    with clock.held_at(TODAY):
        ref = withdrawals.ask("small-sparks", "council", Pence(40_00), "They need it elsewhere", small.season.actor("Olga"))
        withdrawals.confirm(ref, small.season.actor("Fay"))
        found = agree.agreement()
        assert found.ok, found.apart
        assert {each.name: each.by for each in found.controls}["free"] == {agree.LEDGER: 400_00, agree.PAYMENTS: 400_00}
        entry = db.session.scalars(select(Entry).where(Entry.key.startswith("withdrawal:"))).one()
        assert [link.href for link in entries.links_of(entry, small.season.who("Fay"))] == ["/desk/funders/council"]
    with clock.held_at(TODAY + timedelta(days=30)):
        assert [row[-1] for row in journal.preview("month", "2026-08").rows if row[-1] == ref] == [ref, ref]


def test_the_rest_went_back_and_the_bank_sent_the_other_part_back_late(small: Small) -> None:
    with clock.held_at(TODAY):
        made = small.season.ready(small.season.sent("Kettles", 60_00))
        payment = small.season.released(made, Pence(10_00)).ref
        pay.settle(payment, clock.today(), small.season.actor("Fay"))
        pay.keep_rest(made.ref, "Cheaper", small.season.actor("Fay"))
        pay.bounce(payment, clock.today(), "Account closed", small.season.actor("Fay"))
        found = agree.agreement()
        assert found.ok, found.apart
        assert {each.name: each.by for each in found.controls}["payable"] == {agree.LEDGER: 10_00, agree.AWARDS: 10_00}


@pytest.mark.parametrize(
    ("statement", "off"),
    [
        ("UPDATE award SET paid = paid + 1 WHERE id = 2", {"paid": 1, "register_paid": 1}),
        ("UPDATE award SET status = 'lapsed' WHERE status = 'reserved'", {"offered": 70_00, "free": 70_00}),
        ("UPDATE contribution SET amount = amount - 2", {"put_in": 2, "free": 2}),
        ("UPDATE refund SET amount = amount - 5", {"paid": 5, "free": 5}),
    ],
)
def test_a_penny_is_seen(small: Small, statement: str, off: dict[str, int]) -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text(statement))
    found = agree.agreement()
    assert not found.ok
    assert off.items() <= found.summary()["off"].items()


def test_the_command_says_so(scheme: Flask, small: Small) -> None:
    result = scheme.test_cli_runner().invoke(args=["ledger", "reconcile"])
    assert result.exit_code == 0 and json.loads(result.output)["ok"] is True
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE award SET paid = paid + 1 WHERE id = 2"))
    result = scheme.test_cli_runner().invoke(args=["ledger", "reconcile"])
    assert result.exit_code == 1 and "apart by 1 pence: paid" in result.stderr


def test_the_page_and_the_night(scheme: Flask, small: Small) -> None:
    fay = Inspector(scheme, 40).sign_in(small.season.who("Fay").id).get("/finance/books/agree")
    assert "agree to the penny" in fay.text and "Not run yet" in fay.text
    assert "Not compared yet" in Inspector(scheme).get("/status").text
    assert turns.take(turns.RECONCILED, unless_done_since=worker.last_night(clock.now()), patience=worker.PATIENCE)
    turns.finish(turns.RECONCILED, worker._reconcile())
    assert "Agreed to the penny on" in Inspector(scheme).get("/status").text
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE refund SET amount = amount - 5"))
    fay.get("/finance/books/agree")
    assert "£0.05 apart (5 pence)" in fay.text and "Send nothing out yet." in fay.text and "Everything agreed" in fay.text
    Inspector(scheme).get("/finance/books/agree", status=303)
