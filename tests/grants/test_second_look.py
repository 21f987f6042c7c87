"""What stands beside a payment: each rule, and that it warns without stopping anything; and the same rows as a file (E8)."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.exports import filters, packs
from portal.front import queries
from portal.grants import award, decide, desk, nearby, pay, report
from portal.grants.model import Award
from portal.money import Pence
from portal.panels import actions as panels
from portal.people.actions import act_for, create_organisation
from portal.people.model import Organisation, Role, SignInSession
from tests.client import Inspector
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def looks(ref: str) -> dict[str, str]:
    """Kind → sentence, of what stands beside a payment."""
    (line,) = desk.by_refs([ref])
    return {each.kind: each.sentence for each in nearby.beside([line]).looks[line.payment.id]}


def shown(browser: Inspector) -> str:
    return " ".join("".join(browser.tree.itertext()).split())


def prepared(season: Season, made: Award, amount: int | None = None) -> str:
    return pay.prepare(made.ref, None if amount is None else Pence(amount), season.actor("Fay"))


def test_an_ordinary_payment_has_nothing_beside_it(season: Season) -> None:
    payment = prepared(season, season.ready())
    assert looks(payment) == {}
    assert nearby.beside([], also=[season.who("Fay").id]).names == {season.who("Fay").id: "Fay"}


def test_the_same_account_of_somebody_else(season: Season) -> None:
    first = season.ready(season.sent("Garden"))
    payment = prepared(season, season.ready(season.sent("Bench", by="Rob")))
    assert looks(payment) == {"same": f"The same account belongs to another applicant: {season.award_now(first).ref}."}
    assert NUMBER not in str(looks(payment))
    pay.approve(payment, season.actor("Olga"))
    pay.release_run([payment], season.actor("Otto"))  # it warns and does not stop


def test_an_account_that_was_changed_lately(season: Season) -> None:
    made = season.ready()
    award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
    with clock.held_at(clock.now() + timedelta(days=5)):
        payment = prepared(season, made)
        assert "The account was changed on" in looks(payment)["changed"] and "87654321" not in str(looks(payment))
    with clock.held_at(clock.now() + timedelta(days=31)):
        assert "changed" not in looks(payment)


def test_a_change_after_the_money_arrived_or_still_to_come_is_not_told(season: Season) -> None:
    """£100 arrive; then the account is changed: the payment that went to the old one was right. One under way was not."""
    made = season.ready()
    first = season.released(made, Pence(100_00)).ref
    pay.settle(first, clock.today(), season.actor("Fay"))
    second = prepared(season, season.award_now(made), 50_00)
    pay.approve(second, season.actor("Olga"))
    approved = clock.now()
    with clock.held_at(approved + timedelta(days=2)):
        award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
        db.session.rollback()
        assert "changed" not in looks(first)
        assert "after this payment was approved" in looks(second)["changed"]
        lines = desk.by_refs([second])
        before = nearby.beside(lines, now=approved + timedelta(days=1)).looks[lines[0].payment.id]
        assert "changed" not in {each.kind for each in before}, "as it stood the day before"


def test_the_same_account_after_the_bank_sent_money_back(app: Flask, season: Season) -> None:
    made = season.ready()
    back = season.released(made).ref
    pay.bounce(back, clock.today(), "Account closed", season.actor("Fay"))
    again = prepared(season, season.award_now(made))
    assert looks(again)["changed"] == "The bank sent an earlier payment to this account back: Account closed" and looks(back) == {}
    olga, fay = (Inspector(app, 15).sign_in(season.who(name).id) for name in ("Olga", "Fay"))
    assert f"/grants/{made.application.ref}/award/account" in olga.get(f"/finance/payments/{back}").text
    assert "puts the account right" in fay.get(f"/finance/payments/{back}").text
    assert "bounced" in {heap.name for heap in queries.desk(queries.Job(finance=True))[0]}
    award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
    db.session.rollback()
    assert "bounced" not in {heap.name for heap in queries.desk(queries.Job(finance=True))[0]}


def test_just_under_a_limit(season: Season) -> None:
    assert looks(prepared(season, season.ready(season.sent(asked=237_50)))) == {"under": "£237.50 is just under the limit of £250.00."}
    assert looks(prepared(season, season.ready(season.sent("Bench", 237_49, by="Rob")))).keys() == {"same"}


def test_the_same_applicant_twice_and_split(season: Season) -> None:
    first = season.award_now(season.ready(season.sent("Garden", 100_00))).ref
    second = season.ready(season.sent("Bench", 60_00))
    payment = prepared(season, second)
    assert looks(payment) == {"again": f"The same applicant was given {first} within three months."}
    third = prepared(season, season.ready(season.sent("Hedge", 100_00)))
    assert set(looks(third)) == {"split"} and "has £260.00 from this fund; one award may be £250.00 at most" in looks(third)["split"]
    with clock.held_at(clock.now() + timedelta(days=100)):
        later = season.ready(season.sent("Pump", 100_00))
        assert looks(prepared(season, later)) == {}


def test_ties_of_whoever_has_a_hand_in_it(season: Season) -> None:
    with transaction():
        group = create_organisation("Mossgate Gardeners", "group", None, season.actor("Rita"))
        act_for(season.who("Rita").id, group.id, season.actor("Rita"))
        group_id = group.id
    ref = season.sent(organisation_id=group_id)
    made = season.ready(ref)
    with transaction():
        act_for(season.who("Fay").id, group_id, season.actor("Rita"))
    payment = pay.prepare(made.ref, None, season.actor("Otto"))
    assert looks(payment) == {}, "Fay may not touch it, and has not"
    with transaction():
        act_for(season.who("Olga").id, group_id, season.actor("Rita"))
    assert looks(payment) == {"tie": "Olga acts for the group that asked."}, "she let the decision go"


def test_a_tie_that_was_declared_on_the_panel(season: Season) -> None:
    ref = season.sent()
    panels.declare(season.who("Dan"), season.panel_ref, season.with_panel(ref), "family")
    with transaction():
        db.session.add(Role(person_id=season.who("Dan").id, name="finance", since=clock.today(), reason="test"))
    matter = season.matter(ref).ref
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "yes", "We talked about it.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    decide.write_letter(ref, "Yes.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    made = season.award(ref)
    award.accept(made.ref, season.actor("Rita"))
    award.give_details(made.ref, "dan", SORT_CODE, NUMBER, season.actor("Rita"))
    payment = pay.prepare(made.ref, None, season.actor("Dan"))
    (line,) = desk.by_refs([payment])
    found = [each.sentence for each in nearby.beside([line]).looks[line.payment.id]]
    assert found == ["Dan said on the panel that something ties them to this idea.", "Dan has the name that the money goes to."]


def test_receipts_without_their_photo(season: Season, tmp_path: Path) -> None:
    made = season.ready(season.sent(route="receipts"))
    report.add_receipt(made.application.ref, "Timber", Pence(40_00), clock.today(), None, tmp_path, season.actor("Rita"))
    payment = prepared(season, season.award_now(made))
    assert looks(payment) == {"receipts": "One receipt has no photo."}


def test_the_pages_say_it_and_the_file_has_the_same(app: Flask, season: Season) -> None:
    first = season.ready(season.sent("Garden", 240_00))
    prepared(season, first)
    payment = prepared(season, season.ready(season.sent("Bench", 50_00, by="Rob")))
    sentence = looks(payment)["same"]
    olga = Inspector(app, 15).sign_in(season.who("Olga").id)
    for path in ("/finance/", f"/finance/payments/{payment}"):
        assert sentence in shown(olga.get(path)), path
    pay.approve(payment, season.actor("Olga"))
    assert sentence in shown(olga.get("/finance/"))
    with transaction():
        db.session.execute(db.update(SignInSession).values(proved_at=clock.now()))
    assert sentence in shown(olga.get(f"/finance/release?payments={payment}"))
    chosen = packs.fitting("duplicates", "csv", filters.of_year())
    totals = packs.Totals()
    rows = list(csv.DictReader(io.StringIO(b"".join(packs.chunks("duplicates", "csv", chosen, totals)).decode())))
    assert [row["Payment"] == payment for row in rows] == [False, True] and rows[1]["Same account"] == sentence
    assert rows[0]["Just under a limit"] == "£240.00 is just under the limit of £250.00." and (totals.rows, totals.pence) == (2, 290_00)
    assert not db.session.scalar(db.select(Organisation.id))
    assert list(packs.EXPORTS["duplicates"].rows(packs.fitting("duplicates", "csv", filters.of_year("2020-21")))) == []
    auditor = Inspector(app, 15).sign_in(season.who("Rita").id)
    auditor.get("/finance/exports?name=duplicates", status=404)
    assert "duplicates" in olga.get("/finance/exports?name=duplicates&form=csv").text
