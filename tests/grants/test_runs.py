"""A run and the bank: locked by its file, the same bytes each time, called back by two people before that; on both engines."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock, vault
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import award, desk, pay, runs
from portal.grants.bank_file import BankAccount
from portal.grants.bank_model import CallingBack, PayingAccount, RunFile
from portal.grants.model import Award, Payee, Payment
from portal.history import events_of
from portal.ledger import queries as books
from portal.money import Pence
from tests.conftest import Store
from tests.grants.season import SORT_CODE, Season, assert_books_are_right, begin
from tests.races import race, ways

OURS = BankAccount("401234", "87654321", "Estuary Council")
MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
TUESDAY = date(2026, 6, 2)


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(MONDAY):
        yield begin()
        assert_books_are_right()


def run_of(season: Season, *awards: Award) -> str:
    """Prepared by Fay, approved by Olga, released together by Otto."""
    refs = []
    for made in awards or (season.ready(),):
        shop = award.Supplier("Corner Hardware") if season.award_now(made).application.pay_route == award.BOUGHT else None
        refs.append(pay.prepare(made.ref, None, season.actor("Fay"), supplier=shop))
        pay.approve(refs[-1], season.actor("Olga"))
    return pay.release_run(refs, season.actor("Otto"))


def ready_for_bank(season: Season) -> None:
    runs.set_paying_account(OURS, season.actor("Fay"))


def take(season: Season, run: str, form: str = "csv", on: date | None = TUESDAY) -> bytes:
    return runs.take_file(run, form, on, season.actor("Fay"))


class TestOurAccount:
    def test_it_is_sealed_and_told_masked(self, season: Season) -> None:
        with pytest.raises(Refused, match="letters from A to Z"):
            runs.set_paying_account(BankAccount("401234", "87654321", "Друзья"), season.actor("Fay"))
        ready_for_bank(season)
        ready_for_bank(season)
        (row,) = db.session.scalars(select(PayingAccount)).all()
        assert "87654321" not in row.sealed and row.masked == "••-••-34 ••••4321"
        runs.set_paying_account(BankAccount("401234", "11112222", "Estuary Council"), season.actor("Fay"))
        last = [each for each in events_of("scheme:1") if each.kind == "paying_account_set"][-1]
        assert (last.data["old"], last.data["new"]) == ("••-••-34 ••••4321", "••-••-34 ••••2222")

    @pytest.mark.parametrize("change", ["UPDATE paying_account SET name = 'x'", "DELETE FROM paying_account"])
    def test_the_database_keeps_it(self, season: Season, change: str) -> None:
        ready_for_bank(season)
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(change))


class TestTheFile:
    def test_what_is_missing_is_said(self, season: Season) -> None:
        run = run_of(season)
        with pytest.raises(Refused, match="do not know yet from which account"):
            take(season, run)
        ready_for_bank(season)
        for form, on, why in (
            ("xml", TUESDAY, "which file"),
            ("csv", None, "Write the day"),
            ("csv", date(2026, 5, 29), "is over"),
            ("csv", date(2026, 7, 6), "more than a month"),
            ("csv", date(2026, 6, 6), "Banks do not pay"),
        ):
            with pytest.raises(Refused, match=why):
                take(season, run, form, on)
        with pytest.raises(NotFound):
            take(season, "RUN-2222-2222")
        assert not db.session.scalars(select(RunFile)).all()

    def test_it_locks_the_run_and_comes_the_same_each_time(self, season: Season) -> None:
        ready_for_bank(season)
        made = season.ready()
        bought = season.ready(season.sent("Tools", 80_00, by="Rob", route="council_buys"))
        run = run_of(season, made, bought)
        first = take(season, run)
        spark = season.award_now(made).application.ref
        assert first == f"201234,12345678,MOSSGATE GARDENERS,250.00,99,401234,87654321,ESTUARY COUNCIL,{spark},02/06/2026\r\n".encode()
        file = db.session.scalars(select(RunFile)).one()
        assert (file.payments, file.pence, file.bank_payments, file.bank_pence) == (2, 330_00, 1, 250_00), "the shop is in the totals"
        assert file.csv_sha256 == hashlib.sha256(first).hexdigest() and "87654321" not in file.from_sealed
        standard = take(season, run, "standard18", None)
        assert hashlib.sha256(standard).hexdigest() == file.standard_sha256 and standard.count(b"\r\n") == 2
        runs.set_paying_account(BankAccount("401234", "11112222", "Another"), season.actor("Fay"))
        with clock.held_at(MONDAY + timedelta(days=9)):
            pay.settle_run(run, clock.today(), season.actor("Fay"))
            assert take(season, run, on=date(2026, 6, 10)) == first, (
                "our account changed, the money arrived: the file is the one that was taken"
            )
        about = [each for each in events_of(f"run:{pay.run_by_ref(run).id}") if each.kind == runs.TAKEN]
        assert [each.data["file"] for each in about] == [f"payment-run-{run}.csv", f"payment-run-{run}.txt", f"payment-run-{run}.csv"]
        assert {each.actor_id for each in about} == {season.who("Fay").id} and about[0].data["sha256"] == file.csv_sha256

    def test_not_when_the_bank_has_answered_nor_for_shops_alone(self, season: Season) -> None:
        ready_for_bank(season)
        one, two = season.ready(season.sent("Garden", 100_00)), season.ready(season.sent("Bench", 50_00, by="Rob"))
        run = run_of(season, one, two)
        first = db.session.scalars(select(Payment).order_by(Payment.id)).first()
        assert first is not None
        pay.settle(first.ref, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused, match="would pay twice"):
            take(season, run)
        shop = run_of(season, season.ready(season.sent("Tools", 80_00, by="Rosa", route="council_buys")))
        with pytest.raises(Refused, match="Nothing in this run goes through the bank"):
            take(season, shop)

    def test_a_run_is_not_typed_and_sent_as_a_file(self, season: Season) -> None:
        ready_for_bank(season)
        run = run_of(season)
        desk.show_numbers(run, season.actor("Otto"))
        with pytest.raises(Refused, match="nothing was typed into the bank"):
            take(season, run)
        runs.take_file(run, "csv", TUESDAY, season.actor("Fay"), nothing_typed=True)
        take(season, run)
        kinds = [each.kind for each in events_of(f"run:{pay.run_by_ref(run).id}")]
        assert kinds == ["released", "numbers_seen", "nothing_typed", "locked", runs.TAKEN, runs.TAKEN]
        with pytest.raises(Refused, match="pay them twice"):
            desk.show_numbers(run, season.actor("Otto"))
        with pytest.raises(Refused, match="pay them twice"):
            desk.numbers(pay.run_by_ref(run), season.who("Otto").id)

    def test_a_card_purchase_that_arrived_first_stops_nothing(self, season: Season) -> None:
        ready_for_bank(season)
        garden, tools = season.ready(), season.ready(season.sent("Tools", 80_00, by="Rob", route="council_buys"))
        run = run_of(season, garden, tools)
        bought = db.session.scalars(select(Payment.ref).where(Payment.award_id == tools.id)).one()
        pay.settle(bought, clock.today(), season.actor("Fay"))
        assert take(season, run).count(b"\r\n") == 1

    def test_a_forgotten_number_and_a_changed_one_are_seen(self, season: Season) -> None:
        ready_for_bank(season)
        run = run_of(season)
        take(season, run)
        payee = db.session.scalars(select(Payee)).one().id
        with transaction():
            db.session.get_one(Payee, payee).sealed = vault.seal("201234:99999999")
        with pytest.raises(Refused, match="would not be the one"):
            take(season, run)
        with transaction():
            db.session.get_one(Payee, payee).sealed = ""
        with pytest.raises(Refused, match="was forgotten"):
            take(season, run)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE payment SET status = 'cancelled' WHERE run_id = {run}",
            "UPDATE payment SET run_id = {run} WHERE run_id IS NULL",
            "UPDATE payment SET run_id = NULL WHERE run_id = {run}",
            "INSERT INTO payment (ref, award_id, payee_id, run_id, instalment, amount, status, two_hands, prepared_by_id, prepared_at)"
            " SELECT 'TXN-9', award_id, payee_id, run_id, 9, 1, 'cancelled', two_hands, prepared_by_id, prepared_at FROM payment WHERE run_id = {run}",
            "UPDATE run_file SET pence = pence + 1",
            "UPDATE run_file SET csv_sha256 = ''",
            "DELETE FROM run_file",
            "INSERT INTO calling_back (run_id, reason, asked_by_id, asked_at) VALUES ({run}, 'x', 1, '2026-06-01 09:00:00+00:00')",
        ],
    )
    def test_the_database_keeps_a_locked_run(self, season: Season, change: str) -> None:
        ready_for_bank(season)
        run = run_of(season)
        take(season, run)
        pay.prepare(season.ready(season.sent("Bench", 50_00, by="Rob")).ref, None, season.actor("Fay"))
        id_ = pay.run_by_ref(run).id
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(change.format(run=id_)))

    def test_the_database_gives_a_run_one_file_and_none_once_it_is_called_back(self, season: Season) -> None:
        run = run_of(season)
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        columns = "run_id, payments, pence, bank_payments, bank_pence, pays_on, from_sealed, from_masked, csv_sha256, standard_sha256, taken_by_id, taken_at"
        for sums in ("1, 25000, 1, 25000", "1, 25000, 2, 25000", "1, 25000, 1, 25001"):
            with pytest.raises(DBAPIError), transaction():
                row = f"{pay.run_by_ref(run).id}, {sums}, '2026-06-02', '', '', '', '', 1, '2026-06-01 09:00:00+00:00'"
                db.session.execute(text(f"INSERT INTO run_file ({columns}) VALUES ({row})"))


class TestCallingBack:
    def test_two_people_and_the_money_is_payable_again(self, season: Season) -> None:
        made = season.ready()
        run = run_of(season, made)
        old = db.session.scalars(select(Payment)).one().ref
        with pytest.raises(Refused, match="Write why"):
            runs.ask_back(run, "", season.actor("Olga"))
        with pytest.raises(Refused, match="Nobody asks"):
            runs.call_back(run, season.actor("Otto"))
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        with pytest.raises(Refused, match="Olga asks to cancel this run already"):
            runs.ask_back(run, "Me too", season.actor("Otto"))
        with pytest.raises(Refused, match="A second person must cancel"):
            runs.call_back(run, season.actor("Olga"))
        ready_for_bank(season)
        with pytest.raises(Refused, match=r"asks to cancel this run\. Decide that first"):
            take(season, run)
        assert runs.call_back(run, season.actor("Fay")) == 1
        assert_books_are_right()
        assert runs.call_back(run, season.actor("Fay")) == 0
        assert books.balance(pay.in_transit(pay.run_by_ref(run).id)) == 0 and books.balance(award.payable(season.award_now(made))) == 250_00
        for again in (lambda: runs.call_back(run, season.actor("Otto")), lambda: take(season, run), lambda: runs.keep(run, season.actor("Fay")),
                      lambda: runs.ask_back(run, "x", season.actor("Fay"))):  # fmt: skip
            with pytest.raises(Refused, match="was cancelled"):
                again()
        assert pay.payment_by_ref(old).status == "cancelled" and pay.payment_by_ref(old).run_id is not None
        new = db.session.scalars(select(Payment).where(Payment.ref != old)).one()
        assert (new.status, new.instalment, new.amount) == ("approved", 2, 250_00)
        assert (new.prepared_by_id, new.approved_by_id) == (season.who("Fay").id, season.who("Olga").id), "the same hands"
        with pytest.raises(Refused, match="You prepared"):
            pay.release_run([new.ref], season.actor("Fay"))
        second = pay.release_run([new.ref], season.actor("Otto"))
        take(season, second)
        pay.settle_run(second, clock.today(), season.actor("Fay"))
        assert season.award_now(made).paid == 250_00

    def test_a_card_purchase_that_arrived_first_stays(self, season: Season) -> None:
        garden, tools = season.ready(), season.ready(season.sent("Tools", 80_00, by="Rob", route="council_buys"))
        run = run_of(season, garden, tools)
        bought = db.session.scalars(select(Payment.ref).where(Payment.award_id == tools.id)).one()
        pay.settle(bought, clock.today(), season.actor("Fay"))
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        assert runs.call_back(run, season.actor("Otto")) == 1
        assert pay.payment_by_ref(bought).status == "settled" and books.balance(award.payable(season.award_now(garden))) == 250_00

    def test_letting_it_stand_and_asking_anew(self, season: Season) -> None:
        run = run_of(season)
        runs.keep(run, season.actor("Otto"))
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        runs.keep(run, season.actor("Otto"))
        runs.ask_back(run, "Wrong day after all", season.actor("Otto"))
        assert runs.call_back(run, season.actor("Olga")) == 1

    def test_not_once_the_bank_has_its_file_or_has_answered(self, season: Season) -> None:
        ready_for_bank(season)
        run = run_of(season)
        take(season, run)
        with pytest.raises(Refused, match="file of this run was taken"):
            runs.ask_back(run, "Wrong day", season.actor("Olga"))
        other = run_of(season, season.ready(season.sent("Bench", 50_00, by="Rob")))
        runs.ask_back(other, "Wrong day", season.actor("Olga"))
        pay.settle_run(other, clock.today(), season.actor("Fay"))
        with pytest.raises(Refused, match="has answered for a part"):
            runs.call_back(other, season.actor("Otto"))

    def test_nobody_calls_back_their_own(self, season: Season) -> None:
        made = season.ready(season.sent("Fay's bench", by="Fay"))
        payment = pay.prepare(made.ref, None, season.actor("Olga"))
        pay.approve(payment, season.actor("Otto"))
        run = pay.release_run([payment], season.actor("Otto"))
        with pytest.raises(Refused, match="of your own"):
            runs.ask_back(run, "Mine", season.actor("Fay"))

    def test_the_account_changed_after_it_was_called_back(self, season: Season) -> None:
        """The payment that stands anew is called off like any other that waits."""
        made = season.ready()
        run = run_of(season, made)
        runs.ask_back(run, "Wrong account", season.actor("Olga"))
        runs.call_back(run, season.actor("Otto"))
        award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, "87654321", season.actor("Rita"))
        assert {each.status for each in db.session.scalars(select(Payment))} == {"cancelled"}
        with clock.held_at(MONDAY + timedelta(days=7)):
            assert pay.payment_by_ref(pay.prepare(made.ref, Pence(50_00), season.actor("Fay"))).instalment == 2

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE calling_back SET done_by_id = asked_by_id, done_at = asked_at",
            "UPDATE calling_back SET done_at = asked_at",
            "UPDATE calling_back SET reason = 'another'",
            "DELETE FROM calling_back",
            "INSERT INTO calling_back (run_id, reason, asked_by_id, asked_at) SELECT run_id, 'x', asked_by_id, asked_at FROM calling_back",
        ],
    )
    def test_the_database_asks_for_two_people(self, season: Season, change: str) -> None:
        run = run_of(season)
        runs.ask_back(run, "Wrong day", season.actor("Olga"))
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(change))
        assert db.session.scalars(select(CallingBack)).one().done_at is None


def raced(store: Store, *, also: bool = False) -> tuple[str, dict[str, int]]:
    with store.app.app_context():
        season = begin()
        run = run_of(season)
        ready_for_bank(season)
        if also:
            runs.ask_back(run, "Wrong day", season.actor("Olga"))
        ids = {name: who.id for name, who in season.people.items()}
        db.session.remove()
        return run, ids


def test_the_file_is_taken_four_times_at_once(store: Store) -> None:
    run, ids = raced(store)
    results = race(store, [f"runs.take_file({run!r}, 'csv', runs.first_day_to_pay(), Actor({ids['Fay']}))"] * 4)
    assert ways(results) == ["done"] * 4 and len({said for _what, said in results}) == 1
    with store.app.app_context():
        assert len(db.session.scalars(select(RunFile)).all()) == 1


def test_the_file_is_taken_while_the_run_is_called_back(store: Store) -> None:
    run, ids = raced(store)
    results = race(
        store,
        [
            f"runs.take_file({run!r}, 'csv', runs.first_day_to_pay(), Actor({ids['Fay']}))",
            f"runs.ask_back({run!r}, 'Wrong', Actor({ids['Olga']}))",
        ],
    )
    assert ways(results) == ["done", "refused"]


def test_two_people_call_back_at_once(store: Store) -> None:
    run, ids = raced(store, also=True)
    results = race(store, [f"runs.call_back({run!r}, Actor({ids[name]}))" for name in ("Otto", "Fay", "Otto")])
    assert sum(said == 1 for what, said in results if what == "done") == 1
    with store.app.app_context():
        assert sorted(each.status for each in db.session.scalars(select(Payment))) == ["approved", "cancelled"]
        assert_books_are_right()
