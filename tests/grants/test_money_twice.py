"""Every button that moves money, tapped twice on the same page: the second tap finds it done, and moves nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.grants import decide, report
from portal.grants.model import Contribution, Payment, PaymentRun, Receipt, Refund
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.outbox import Message
from tests.grants.season import Season, assert_books_are_right, begin
from tests.grants.test_money_pages import Browser, three


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()


def tap_twice(
    browser: Browser, path: str, action: str = "", typed: Mapping[str, object] | None = None, act: str = "", second: int = 303
) -> str:
    """Open a page and send one of its forms twice, as it was drawn; both lead to the same place, which is returned."""
    browser.get(path)
    page = browser.text, browser.path
    browser.press(action, typed, act=act)
    first: str = browser.location
    browser.text, browser.path = page
    browser.press(action, typed, act=act, status=second)
    assert second != 303 or browser.location == first
    return first


def test_one_grant_with_every_button_tapped_twice(app: Flask, season: Season) -> None:
    olga, otto, fay, rita = (Browser(app).sign_in(season, name) for name in ("Olga", "Otto", "Fay", "Rita"))
    tap_twice(
        olga, "/desk/funds/small-sparks", "/desk/funds/small-sparks/contributions",
        {"amount": "100", "reference": "Spring", **three("received_on", clock.today())},
    )  # fmt: skip
    ref = season.decided(season.sent())
    decide.write_letter(ref, "Yes.", ["The landowner agrees"], None, season.actor("Olga"))
    page = f"/desk/rounds/{season.round_ref}/release"
    release = tap_twice(olga, page, f"/desk/rounds/{season.round_ref}/prepare", {"bid": ref})
    tap_twice(otto, release, f"{release}/release")
    tap_twice(rita, f"/grants/{ref}/award", f"/grants/{ref}/award/accept")
    account = {"name": "Mossgate Gardeners", "sort_code": "20-12-34", "account_number": "12345678"}
    tap_twice(rita, f"/grants/{ref}/award/account", typed=account)
    made = season.award(ref)
    award_page = f"/finance/awards/{made.ref}"
    tap_twice(olga, award_page, act="condition")
    payment = tap_twice(fay, award_page, act="prepare", typed={"prepare-amount": "100"})
    assert list(db.session.scalars(select(Payment.amount))) == [100_00], "a part, prepared once"
    tap_twice(olga, payment, act="approve")
    run = tap_twice(otto, "/finance/release?payments=" + payment.rsplit("/", 1)[1], "/finance/release")
    tap_twice(fay, run, f"{run}/settle", three("on", clock.today()))
    tap_twice(fay, award_page, act="rest", typed={"rest-reason": "It was enough"}, second=422)
    tap_twice(rita, f"/grants/{ref}/report", f"/grants/{ref}/report/receipts", {"r-what": "Soil", "r-amount": "60"})
    report.save(ref, report.of_bid(season.bid(ref)).version, "We met.", "", True, season.actor("Rita"))
    for _tap in range(2):
        report.send(ref, season.actor("Rita"))
    refund = {"refund-amount": "40", "refund-reason": "Not needed", **three("refund-received_on", clock.today())}
    tap_twice(fay, award_page, act="refund", typed=refund)

    db.session.rollback()
    assert sorted(db.session.scalars(select(Contribution.amount))) == [100_00, 1000_00]
    assert list(db.session.scalars(select(Payment.status))) == ["settled"]
    assert len(db.session.scalars(select(PaymentRun)).all()) == 1
    assert list(db.session.scalars(select(Receipt.amount))) == [60_00]
    assert list(db.session.scalars(select(Refund.amount))) == [40_00]
    kinds = Counter(db.session.scalars(select(Entry.kind)))
    assert kinds == {
        "contribution": 2, "offer": 1, "acceptance": 1, "release": 1, "payment": 1, "returned": 1, "refund": 1,
    }  # fmt: skip
    assert books.balance("fund:small-sparks:available") == 1100_00 - 60_00
    told = Counter(db.session.scalars(select(Message.subject).where(Message.about == f"bid:{made.application_id}")))
    assert told and set(told.values()) == {1}, told
    assert_books_are_right()


def test_a_contribution_is_put_right_once(app: Flask, season: Season) -> None:
    olga = Browser(app).sign_in(season, "Olga")
    ref = db.session.scalars(select(Contribution.ref)).one()
    path = f"/desk/funds/small-sparks/contributions/{ref}/reverse"
    tap_twice(olga, path, typed={"reason": "Typed twice"})
    assert Counter(db.session.scalars(select(Entry.kind))) == {"contribution": 1, "reversal": 1}
    assert books.balance("fund:small-sparks:available") == 0
    assert_books_are_right()


def test_bounced_and_cancelled_once(app: Flask, season: Season) -> None:
    fay = Browser(app).sign_in(season, "Fay")
    sent = season.released(season.ready())
    bounce = {"bounce-reason": "Account closed", **three("bounce-on", clock.today())}
    tap_twice(fay, f"/finance/payments/{sent.ref}", act="bounce", typed=bounce)
    again = tap_twice(fay, f"/finance/awards/{season.award_now(season.award(sent_bid(sent))).ref}", act="prepare")
    tap_twice(fay, again, act="cancel", typed={"cancel-reason": "Wrong sum"})
    db.session.rollback()
    assert sorted(db.session.scalars(select(Payment.status))) == ["bounced", "cancelled"]
    assert Counter(db.session.scalars(select(Entry.kind)))["bounce"] == 1
    assert_books_are_right()


def sent_bid(payment: Payment) -> str:
    """The reference of the bid that a payment is for."""
    from portal.grants.model import Application, Award

    return db.session.get_one(Application, db.session.get_one(Award, payment.award_id).application_id).ref
