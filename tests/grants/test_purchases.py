"""What the council buys for an idea, whole: the order, the price lower or higher, the receipt, and who has it; told to the applicant at each step."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import clock, photos
from portal.books import agree
from portal.db import db
from portal.errors import Refused
from portal.grants import award, desk, pay, purchases, runs
from portal.grants.by_hand_model import Purchase
from portal.grants.model import Award, Photo
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import Message
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

SHOP = award.Supplier("Corner Hardware")
FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    db.session.rollback()
    assert_books_are_right()
    assert agree.agreement().ok


def picture() -> photos.Picture:
    out = io.BytesIO()
    Image.new("RGB", (30, 30), "white").save(out, "PNG")
    return photos.read(out.getvalue())


def ready(season: Season, asked: int = 100_00) -> Award:
    return season.ready(season.sent("A drill", asked, route=award.BOUGHT))


def told(made: Award) -> list[str]:
    db.session.rollback()
    return purchases.steps(desk.payments(award_id=made.id))


def test_from_the_order_to_the_door(season: Season, tmp_path: Path) -> None:
    fay, made = season.actor("Fay"), ready(season)
    ref = pay.prepare(made.ref, Pence(80_00), fay, supplier=SHOP, order=award.Order("Drill and bits"))
    assert told(made) == ["Drill and bits: we are about to order it."]
    with pytest.raises(Refused, match="not ordered yet"):
        purchases.delivered(ref, clock.today(), "Rita", fay)
    with pytest.raises(Refused, match="once it is ordered"):
        purchases.attach_receipt(ref, picture(), tmp_path, fay)
    pay.approve(ref, season.actor("Olga"))
    pay.release_run([ref], season.actor("Otto"))
    assert told(made) == ["Drill and bits: ordered from Corner Hardware."]
    purchases.note(ref, "Drill and bits", "PO-1234", fay)
    purchases.note(ref, "Drill and bits", "PO-1234", fay)
    pay.settle(ref, clock.today(), fay)
    assert told(made) == ["Drill and bits: ordered from Corner Hardware. The number of the order is PO-1234. It is paid for."]
    with pytest.raises(Refused, match="Choose a photo"):
        purchases.attach_receipt(ref, None, tmp_path, fay)
    purchases.attach_receipt(ref, picture(), tmp_path, fay)
    with pytest.raises(Refused, match="there already"):
        purchases.attach_receipt(ref, picture(), tmp_path, fay)
    assert db.session.scalars(select(Photo.public).where(Photo.about.like("purchase:%"))).all() == [False]
    assert len(list(tmp_path.rglob("*.jpg"))) == 1, "what was refused left no file"
    for on, by, said in (
        (clock.today() + timedelta(days=1), "Rita", "still to come"),
        (clock.today() - timedelta(days=9), "Rita", "before it was"),
        (clock.today(), "", "who has it"),
    ):
        with pytest.raises(Refused, match=said):
            purchases.delivered(ref, on, by, fay)
    for by in ("Rob", "Rita", "Rita"):
        purchases.delivered(ref, clock.today(), by, fay)
    assert told(made)[0].endswith("Rita has it.") and told(made)[0].startswith("Drill and bits: came on ")
    assert len(db.session.scalars(select(Message).where(Message.key.like("payment:%:delivered"))).all()) == 1
    with pytest.raises(Refused, match="came already"):
        purchases.note(ref, "Ladder", "", fay)
    before = books.balance(FREE)
    pay.keep_rest(made.ref, "The drill was cheaper", fay)
    assert books.balance(FREE) == before + 20_00 and season.award_now(made).status == "reporting", (
        "a lower price: the rest is the fund's again"
    )


def test_a_higher_price_says_how_to_go_on(season: Season) -> None:
    fay, made = season.actor("Fay"), ready(season)
    with pytest.raises(Refused, match=r"Only £100\.00 of this grant is left\. Find it for less"):
        pay.prepare(made.ref, Pence(120_00), fay, supplier=SHOP)
    by_bank = season.released(season.ready(season.sent("A choir", 60_00, by="Rob")))
    with pytest.raises(Refused, match="does not buy anything"):
        purchases.note(by_bank.ref, "A drum", "", fay)
    with pytest.raises(Refused, match="Write what"):
        purchases.note(by_bank.ref, "", "", fay)


def test_nobody_handles_their_own_and_a_run_called_back_keeps_the_order(season: Season) -> None:
    fay = season.actor("Fay")
    made = ready(season)
    ref = pay.prepare(made.ref, None, fay, supplier=award.Supplier("Ann Bell", individual=True), order=award.Order("Cakes"))
    with pytest.raises(Refused, match="award of your own"):
        purchases.note(ref, "Cake", "", season.actor("Rita"))
    pay.approve(ref, season.actor("Olga"))
    run = pay.release_run([ref], season.actor("Otto"))
    assert told(made) == ["Cakes: ordered."], "a person who sells is not named"
    runs.ask_back(run, "Wrong day", season.actor("Olga"))
    runs.call_back(run, season.actor("Otto"))
    assert told(made) == ["Cakes: we are about to order it."]


def test_the_database_has_the_last_word(season: Season) -> None:
    by_bank = season.released(season.ready(season.sent("A choir", 60_00, by="Rob"))).id
    bought = season.released(ready(season)).id
    db.session.rollback()

    def refused(statement: str, **values: Any) -> None:
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text(statement), values)

    for payment in (by_bank, bought):
        refused("INSERT INTO purchase (payment_id, what, order_ref, received_by) VALUES (:id, 'A drum', '', '')", id=payment)
    refused("UPDATE purchase SET delivered_on = '2026-06-01'")
    refused("UPDATE purchase SET what = ''")
    refused("DELETE FROM purchase")


def test_the_pages(app: Flask, season: Season) -> None:
    made = ready(season)
    fay, rita, rob = (Inspector(app, 30).sign_in(season.who(name).id) for name in ("Fay", "Rita", "Rob"))
    fay.get(f"/finance/awards/{made.ref}").submit(
        "Prepare the payment", 422, prepare_what="", prepare_supplier="Corner Hardware", prepare_amount="80"
    )
    fay.submit("Prepare the payment", prepare_what="A drill", prepare_supplier="Corner Hardware", prepare_amount="80")
    (row,) = db.session.scalars(select(Purchase)).all()
    ref = fay.location.rsplit("/", 1)[1]
    assert row.what == "A drill"
    grant = f"/grants/{made.application.ref}/award"
    assert "A drill: we are about to order it." in rita.get(grant).text
    pay.approve(ref, season.actor("Olga"))
    pay.release_run([ref], season.actor("Otto"))
    fay.get(f"/finance/payments/{ref}/purchase").submit("Keep the order", order_what="A drill", order_order_ref="PO-9").follow()
    fay.submit("Write it down", 422, came_by="")
    fay.submit("Write it down", came_by="Rita").follow()
    assert "Rita has it" in fay.text and "Rita has it." in rita.get(grant).text
    rob.get(f"/finance/payments/{ref}/purchase", 404)
