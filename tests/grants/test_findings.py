"""What reviewers found, each so that it stays mended: names of funds, sums typed twice, large sums, an award's place, a release of nothing."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import bank_lines, closing, corrections, fresh_files, large, pay, rounds, runs
from portal.grants.model import Award, Contribution, Fund, Funder, Payment
from portal.grants.pooled_model import LargeContribution
from portal.grants.rules import RoundRules
from portal.ledger import queries as books
from portal.ledger.periods import close_period
from portal.money import Pence
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin
from tests.grants.test_bank_lines import MONDAY, take
from tests.grants.test_corrections import elsewhere
from tests.grants.test_runs import OURS, TUESDAY, run_of
from tests.races import race, ways

HUGE = Pence(10_000_000_00)
WEDNESDAY, SATURDAY = date(2026, 6, 3), date(2026, 6, 6)


@pytest.fixture
def season(app: Flask) -> Season:
    return begin()


def funder_id() -> int:
    return db.session.scalars(select(Funder.id)).one()


def ask(season: Season, *, another: bool = False) -> str:
    return large.ask(season.fund_id, funder_id(), HUGE, clock.today(), "BACS 1", season.actor("Olga"), another=another)


def test_after_a_correction_the_database_closes_again(season: Season) -> None:
    made = season.ready()
    ref, code = season.award_now(made).application.ref, elsewhere().code
    before = season.award_now(made).area_id
    corrections.correct_area(ref, code, "The green lies there", season.actor("Olga"))
    third = db.session.scalar(text("SELECT max(id) FROM area"))
    for change in ({"area_id": before}, {"area_id": before, "ward_name": "Elsewhere"}, {"ward_code": "E05000000"}):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction():
            db.session.execute(update(Award).where(Award.ref == made.ref).values(change))
    assert season.award_now(made).area_id == third
    corrections.correct_area(ref, "mossgate", "No, it was right at first", season.actor("Olga"))
    assert season.award_now(made).area_id == before
    with pytest.raises(IntegrityError, match="stays as it was"), transaction():
        db.session.execute(update(Award).where(Award.ref == made.ref).values(area_id=third))


def test_a_name_is_given_once(season: Season) -> None:
    olga, otto = season.actor("Olga"), season.actor("Otto")
    with pytest.raises(Refused, match="open fund with that name"):
        rounds.open_fund("other", "  small   SPARKS ", "", RoundRules(), olga)
    with pytest.raises(Refused, match="funder with that name"):
        rounds.add_funder("other", "estuary council", olga)
    rounds.open_fund("winter", "Warm Winter", "", RoundRules(), olga)
    assert closing.ask("winter", "Done", olga)
    rounds.open_fund("winter-2", "Warm winter", "", RoundRules(), olga)
    with pytest.raises(Refused, match="open fund with that name"):
        closing.reopen("winter", "Cold again", otto)


def test_the_database_keeps_a_name_once(season: Season) -> None:
    for table, values in (("fund", "'x', 'X', '', '{}', '2026-01-01 00:00:00', 'small sparks'"), ("funder", "'x', 'X', 'estuary council'")):
        columns = "code, name, purpose, rules, opened_at, plain_name" if table == "fund" else "code, name, plain_name"
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"))


def test_the_same_sum_on_one_day_is_asked_about(season: Season) -> None:
    olga, today, sum_ = season.actor("Olga"), clock.today(), Pence(500_00)
    first = rounds.contribute(season.fund_id, funder_id(), sum_, today, "", olga)
    with pytest.raises(Refused, match="Is this another one") as why:
        rounds.contribute(season.fund_id, funder_id(), sum_, today, "", olga)
    assert why.value.field == "another"
    rounds.contribute(season.fund_id, funder_id(), sum_, today - timedelta(days=1), "", olga)
    second = rounds.contribute(season.fund_id, funder_id(), sum_, today, "", olga, another=True)
    for ref in (first, second):
        rounds.reverse_contribution(ref, "Typed twice", olga)
    rounds.contribute(season.fund_id, funder_id(), sum_, today, "", olga)
    assert books.balance("fund:small-sparks:available") == 1000_00 + 2 * sum_


def test_a_large_sum_needs_a_second_person(season: Season) -> None:
    olga, otto = season.actor("Olga"), season.actor("Otto")
    with pytest.raises(Refused, match="needs a second person"):
        rounds.contribute(season.fund_id, funder_id(), HUGE, clock.today(), "", olga)
    ref = ask(season)
    assert books.balance("fund:small-sparks:available") == 1000_00
    with pytest.raises(Refused, match="waits for a second person already"):
        ask(season)
    with pytest.raises(Refused, match="You wrote this down"):
        large.confirm(ref, olga)
    assert large.confirm(ref, otto) == HUGE and large.confirm(ref, otto) == HUGE
    assert books.balance("fund:small-sparks:available") == 1000_00 + HUGE
    row = db.session.scalars(select(Contribution).where(Contribution.amount == HUGE)).one()
    assert row.entered_by_id == season.who("Olga").id
    with pytest.raises(Refused, match="in the books meanwhile"):
        large.drop(ref, olga)
    with pytest.raises(Refused, match="Is this another one"):
        ask(season)
    dropped = ask(season, another=True)
    large.drop(dropped, olga)
    large.drop(dropped, olga)
    with pytest.raises(Refused, match="Nobody asks for this now"):
        large.confirm(dropped, otto)
    with pytest.raises(Refused, match="still ahead"):
        large.ask(season.fund_id, funder_id(), HUGE, clock.today() + timedelta(days=1), "", olga)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(update(LargeContribution).values(done_by_id=LargeContribution.asked_by_id))
    assert_books_are_right()


def test_two_confirm_a_large_sum_at_once(store: Store, season: Season) -> None:
    ref = ask(season)
    db.session.rollback()
    confirm = f"__import__('portal.grants.large', fromlist=['x']).confirm({ref!r}, Actor({{}}))"
    assert "done" in ways(race(store, [confirm.format(season.who(name).id) for name in ("Otto", "Fay")]))
    assert books.balance("fund:small-sparks:available") == 1000_00 + HUGE


def test_the_pages(app: Flask, season: Season) -> None:
    olga, otto = (Inspector(app, 40).sign_in(season.who(name).id) for name in ("Olga", "Otto"))
    for amount, status in (("500", 303), ("500", 422)):
        olga.get("/desk/funds/small-sparks").submit("Record it", status, amount=amount)
    assert "another one" in olga.text
    olga.submit("Record it", another="y").follow()
    olga.submit("Record it", amount="10000000").follow()
    assert "waits for a second person" in olga.text
    page = next(link for link in olga.links() if "/large/" in link)
    olga.get(page)
    assert "a second person must confirm it" in olga.text
    otto.get("/desk/")
    assert page in list(otto.links())
    otto.get(page).submit("Yes, it came: put it into the books").follow()
    otto.get(page).get("/desk/funds/small-sparks")
    olga.get("/desk/funds/new").submit(form="/desk/funds/new", name="Small sparks", code="small-two", status=422)
    olga.get("/finance/release", status=303)
    assert olga.location == "/finance/"
    assert "Choose at least one payment" in olga.follow().text
    assert db.session.scalar(select(Fund.id).where(Fund.code == "small-two")) is None


def test_the_rest_of_a_statement_is_put_aside_and_taken_back(app: Flask) -> None:
    with clock.held_at(MONDAY):
        season = begin()
        paid = season.released(season.ready())
    with clock.held_at(MONDAY + timedelta(days=20)):
        fay, said = season.actor("Fay"), f"BACS {paid_bid(paid)}"
        take(
            season,
            (3, -250_00, said),
            (4, -250_00, "RENT"),
            (4, -249_00, said),
            *((5, -(number + 1), f"SHOP {number}") for number in range(60)),
        )
        with pytest.raises(Refused, match="Write why"):
            bank_lines.put_aside("", 10**9, fay)
        assert bank_lines.put_aside("x", min(bank_lines.rest()) - 1, fay) == 0, "nothing that was not counted"
        page = Inspector(app, 150).sign_in(season.who("Fay").id)  # sixty lines are written one by one
        page.get("/finance/statement/rest").submit("Put them aside", 422).submit(
            "Put them aside", reason="The account pays for more than grants"
        )
        assert [each.text for each in bank_lines.waiting()] == [said, "RENT", said]
        assert bank_lines.put_aside("Again", 10**9, fay) == 0
        line = bank_lines.not_ours()[0]
        ref, pence = line.ref, line.pence
        page.get("/finance/statement/not-ours").get(f"/finance/statement/not-ours?before={line.id}").get("/finance/statement/not-ours")
        page.submit("It is ours after all", form=f"/finance/statement/lines/{ref}/undo").follow()
        bank_lines.undo_not_ours(ref, fay)
        assert [(each.line.pence, each.text) for each in bank_lines.waiting()][-1] == (pence, "")
        arrived = next(each.line.ref for each in bank_lines.waiting() if each.proposed)
        bank_lines.decide({arrived: f"arrived:{paid.ref}"}, fay)
        with pytest.raises(Refused, match="is in the books"):
            bank_lines.undo_not_ours(arrived, fay)
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text("UPDATE bank_line SET outcome = 'waiting', payment_id = NULL, decided_by_id = NULL, decided_at = NULL WHERE outcome = 'arrived'"))  # fmt: skip
        other = bank_lines.not_ours()[0]
        with transaction():
            close_period(other.day, fay.code)
        with pytest.raises(Refused, match="books are closed"):
            bank_lines.undo_not_ours(other.ref, fay)
        assert_books_are_right()


def paid_bid(payment: Payment) -> str:
    return db.session.get_one(Award, payment.award_id).application.ref


class TestAFreshFile:
    """The bank took nothing of a run's file."""

    @pytest.fixture
    def run(self, app: Flask) -> Iterator[tuple[Season, str]]:
        with clock.held_at(MONDAY):
            season = begin()
            runs.set_paying_account(OURS, season.actor("Fay"))
            yield season, run_of(season)
            assert_books_are_right()

    def test_two_people_and_the_same_payments(self, run: tuple[Season, str]) -> None:
        season, ref = run
        otto, olga = season.actor("Otto"), season.actor("Olga")
        with pytest.raises(Refused, match="No file of this run"):
            fresh_files.ask(ref, WEDNESDAY, "Rejected", otto)
        first = runs.take_file(ref, "csv", TUESDAY, season.actor("Fay"))
        for day, why, said in (
            (WEDNESDAY, "", "Write what the bank says"),
            (None, "x", "Write the day"),
            (SATURDAY, "x", "Banks do not pay"),
        ):
            with pytest.raises(Refused, match=said):
                fresh_files.ask(ref, day, why, otto)
        with pytest.raises(Refused, match="Nobody asks for a fresh file"):
            fresh_files.make(ref, olga)
        fresh_files.ask(ref, WEDNESDAY, "File rejected whole: value date", otto)
        fresh_files.ask(ref, WEDNESDAY, "File rejected whole: value date", otto)
        with pytest.raises(Refused, match="Otto asks for a fresh file already"):
            fresh_files.ask(ref, WEDNESDAY, "x", olga)
        with pytest.raises(Refused, match="You asked for this"):
            fresh_files.make(ref, otto)
        with pytest.raises(Refused, match="bank took nothing of this file"):
            runs.take_file(ref, "csv", None, season.actor("Fay"))
        fresh_files.make(ref, olga)
        fresh_files.make(ref, olga)
        second = runs.take_file(ref, "csv", None, season.actor("Fay"))
        assert second != first and second == runs.take_file(ref, "csv", None, season.actor("Fay"))
        assert first.count(b"\n") == second.count(b"\n") and runs.file_name(pay.run_by_ref(ref), "csv").endswith("-2.csv")
        fresh_files.ask(ref, WEDNESDAY, "Again", olga)
        fresh_files.drop(ref, otto)
        fresh_files.drop(ref, otto)
        assert runs.take_file(ref, "csv", None, season.actor("Fay")) == second
        for change in ("UPDATE fresh_file SET reason = 'x'", "DELETE FROM fresh_file", "UPDATE fresh_file SET done_by_id = asked_by_id"):
            with pytest.raises(IntegrityError), transaction():
                db.session.execute(text(change + " WHERE done_at IS NOT NULL"))

    def test_not_when_the_bank_has_answered(self, run: tuple[Season, str]) -> None:
        season, ref = run
        runs.take_file(ref, "csv", TUESDAY, season.actor("Fay"))
        fresh_files.ask(ref, WEDNESDAY, "Rejected", season.actor("Otto"))
        payment = db.session.scalars(select(Payment)).one().ref
        pay.settle(payment, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused, match="would pay twice"):
            fresh_files.make(ref, season.actor("Olga"))

    def test_the_pages(self, app: Flask, run: tuple[Season, str]) -> None:
        season, ref = run
        runs.take_file(ref, "csv", TUESDAY, season.actor("Fay"))
        otto, olga = (Inspector(app, 60).sign_in(season.who(name).id) for name in ("Otto", "Olga"))
        page = f"/finance/runs/{ref}"
        otto.get(page).submit("Ask for a fresh file", 422).submit("Ask for a fresh file", again_reason="Rejected whole").follow()
        assert "a second person must do it" in otto.text
        olga.get(page).submit("The bank took nothing: make a fresh file").follow()
        assert "file number 2" in olga.text


def test_two_let_a_fresh_file_be_made_at_once(store: Store, season: Season) -> None:
    runs.set_paying_account(OURS, season.actor("Fay"))
    ref = run_of(season)
    day = runs.first_day_to_pay()
    runs.take_file(ref, "csv", day, season.actor("Fay"))
    fresh_files.ask(ref, day, "Rejected whole", season.actor("Rob"))
    db.session.rollback()
    make = f"__import__('portal.grants.fresh_files', fromlist=['x']).make({ref!r}, Actor({{}}))"
    assert ways(race(store, [make.format(season.who(name).id) for name in ("Otto", "Olga")])) == ["done", "refused"]
    assert db.session.scalar(text("SELECT count(*) FROM fresh_file")) == 1
