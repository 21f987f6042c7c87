"""Floats and quick sparks: only the panel puts money in, every no is a kind sentence, nothing is given twice or deleted."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.grants import floats, queries, quick
from portal.grants.model import Fund, Photo, QuickFloat, QuickSpark
from portal.history import Actor, events_of
from portal.ledger import checks
from portal.ledger import queries as books
from portal.ledger.posting import Line, post
from portal.money import Pence
from portal.outbox import messages_about
from portal.panels import actions as panels
from portal.panels import queries as panel_queries
from portal.panels import seats
from portal.people import actions as people_actions
from portal.people import queries as people
from portal.people.model import Role
from portal.worker import CACHES
from tests.grants.season import Season, assert_books_are_right, person
from tests.grants.sparks import FREE, asked, decided, granted, held, matter_of, png, season_with_connectors, spark, spend, voted


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield season_with_connectors()
    assert_books_are_right()


def kept(folder: Path) -> int:
    """How many pictures lie in the folder."""
    return len(list((folder / "photos").rglob("*.jpg")))


def end_role(season: Season, who: str = "Gus") -> None:
    role = db.session.scalars(select(Role).where(Role.person_id == season.who(who).id)).one()
    people_actions.end_role(role.person_id, role.id, "Moved away", season.actor("Olga"))


# --- the panel puts money in ---------------------------------------------------------------------------------------------


def test_a_yes_moves_the_money_and_a_top_up_adds_to_it(season: Season) -> None:
    request = decided(season, asked(season))
    float_ = held(season)
    assert (request.status, request.float_id, float_.balance, float_.status) == ("granted", float_.id, 100_00, "open")
    assert books.balance(floats.account(float_)) == 100_00 and books.balance(FREE) == 900_00
    assert books.posted(f"float:{request.id}:granted")
    more = decided(season, asked(season, 40_00, by="Olga"))
    assert (more.kind, more.float_id, held(season).balance) == ("topup", float_.id, 140_00)
    assert books.balance(floats.account(float_)) == 140_00
    said = messages_about(f"float-request:{more.id}")
    assert len(said) == 1 and "£40.00 more" in said[0].body


@pytest.mark.parametrize("choice", ["no", "not_yet"])
def test_anything_but_yes_moves_nothing_and_may_be_asked_again(season: Season, choice: str) -> None:
    request = decided(season, asked(season), choice)
    assert request.status == choice and held(season) is None and books.balance(FREE) == 1000_00
    assert len(messages_about(f"float-request:{request.id}")) == 1
    assert decided(season, asked(season, 90_00)).status == "granted"


def test_too_few_votes_give_nothing(season: Season) -> None:
    ref = asked(season)
    with clock.held_at(clock.now() + timedelta(days=40)):
        assert panels.close(season.who("Ada"), season.panel_ref, matter_of(ref).ref) == "no_quorum"
    assert held(season) is None and floats.request_by_ref(ref).status == "no_quorum"


def test_when_the_fund_has_not_got_it_nothing_is_counted(season: Season) -> None:
    first, second = asked(season, 700_00), asked(season, 600_00, "Cora")
    decided(season, first)
    matter = voted(season, second)
    with pytest.raises(Refused, match=r"does not have £600\.00 left, so nothing was counted"):
        panels.close(season.who("Ada"), season.panel_ref, matter)
    db.session.rollback()
    assert matter_of(second).status == "open" and floats.request_by_ref(second).status == "with_panel" and held(season, "Cora") is None
    floats.withdraw(second, "Asked for less instead", season.actor("Olga"))
    assert matter_of(second).status == "withdrawn"


def test_nobody_decides_about_their_own_float(season: Season) -> None:
    seats.add_seat(
        season.who("Olga"), season.panel_ref, season.ref("Gus"), term_start=clock.today(), term_end=None, reason="Elected", chair=True
    )  # fmt: skip
    matter = matter_of(asked(season)).ref
    for act in (
        lambda: panels.declare(season.who("Gus"), season.panel_ref, matter, "none"),
        lambda: panels.vote(season.who("Gus"), season.panel_ref, matter, "yes"),
        lambda: panels.close(season.who("Gus"), season.panel_ref, matter),
    ):
        with pytest.raises((NotFound, NotYours)):
            act()
    panel = panel_queries.panel(season.panel_ref)
    seat = panel_queries.seat_of(season.who("Gus").id, panel.id)
    assert seat is not None and panel_queries.sittings(seat) == []
    assert panel_queries.standing(matter_of(floats.requests([1])[1].ref)).tally.tied == 1


def test_what_is_wrong_with_asking_is_said(season: Season) -> None:
    def ask(**changes: Any) -> None:
        values: dict[str, Any] = {"person": "Gus", "amount": 50_00, "reason": "For the flats", "fund": "small-sparks"} | changes
        floats.ask(
            season.ref(values["person"]), values["fund"], season.panel_ref, Pence(values["amount"]), values["reason"], season.actor("Olga"),
            once_key=str(sorted(values.items())),
        )  # fmt: skip

    for sentence, changes in (
        ("is not a connector", {"person": "Rita"}),
        ("Write why", {"reason": ""}),
        ("Write how much", {"amount": 0}),
        (r"The fund has £1,000\.00 left", {"amount": 1000_01}),
    ):
        with pytest.raises(Refused, match=sentence):
            ask(**changes)
    with pytest.raises(NotFound):
        ask(fund="nowhere")
    ask()
    with pytest.raises(Refused, match="asked already"):
        ask(amount=60_00)


def test_asking_twice_by_a_second_tap_is_asking_once(season: Season) -> None:
    refs = {
        floats.ask(season.ref("Gus"), "small-sparks", season.panel_ref, Pence(50_00), "x", season.actor("Gus"), once_key="one") for _tap in range(2)
    }  # fmt: skip
    assert len(refs) == 1


def test_a_request_is_taken_back_once_and_for_a_reason(season: Season) -> None:
    ref = asked(season)
    with pytest.raises(Refused, match="Write why"):
        floats.withdraw(ref, "", season.actor("Olga"))
    floats.withdraw(ref, "Typed twice", season.actor("Olga"))
    with pytest.raises(Refused, match="has answered meanwhile"):
        floats.withdraw(ref, "Typed twice", season.actor("Olga"))
    granted(season)
    with pytest.raises(Refused, match="has answered meanwhile"):
        floats.withdraw(floats.requests([2])[2].ref, "Too late", season.actor("Olga"))


def test_who_is_no_connector_any_more_is_granted_nothing(season: Season) -> None:
    matter = voted(season, asked(season))
    end_role(season)
    with pytest.raises(Refused, match="not a connector any more"):
        panels.close(season.who("Ada"), season.panel_ref, matter)
    db.session.rollback()
    assert books.balance(FREE) == 1000_00


# --- giving --------------------------------------------------------------------------------------------------------------


def test_giving_is_one_entry_in_the_books(season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path, receipt=png(), photo=png("red"))
    assert (held(season).balance, held(season).spent) == (85_00, 15_00)
    assert books.balance(quick.paid_to(made)) == 15_00 and books.balance(floats.account(held(season))) == 85_00
    entry = books.entries_about(quick.about(made))[0]
    assert (entry.kind, entry.basis, entry.actor, entry.on_behalf) == ("quick spark", "in person", f"person:{season.who('Gus').id}", None)
    assert (made.ward_code, made.receipt_at is not None) == ("E05099001", True)
    pictures = queries.photos_of(quick.about(made), quick.receipts_about(made))
    assert sorted((one.about, one.public) for one in pictures) == [(f"quick-receipt:{made.id}", False), (f"quick:{made.id}", True)]


def test_an_officer_types_a_slip_on_behalf(season: Season, tmp_path: Path) -> None:
    granted(season)
    gus, olga = season.who("Gus").id, season.who("Olga").id
    made = spend(season, tmp_path, actor=Actor(olga, gus, "slip 41"))
    entry = books.entries_about(quick.about(made))[0]
    assert (entry.actor, entry.on_behalf, entry.basis) == (f"person:{olga}", f"person:{gus}", "slip 41")
    with pytest.raises(Refused, match="which slip"):
        spend(season, tmp_path, actor=Actor(olga, gus, ""))
    for stranger in (Actor(olga), Actor(season.who("Cora").id), Actor(olga, season.who("Cora").id, "slip 1")):
        with pytest.raises(NotYours):
            spend(season, tmp_path, actor=stranger)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"amount": Pence(25_01)}, "amount", r"up to £25\.00\. For more, write down an idea"),
        ({"amount": Pence(0)}, "amount", "how much it was"),
        ({"amount": Pence(20_01)}, "amount", r"Your float holds £20\.00"),
        ({"spent_on": clock.today() + timedelta(days=2)}, "spent_on", "still ahead"),
        ({"spent_on": clock.today() - timedelta(days=34)}, "spent_on", "more than 31 days ago"),
        ({"spent_on": clock.today() - timedelta(days=9)}, "spent_on", "You have this float since"),
        ({"not_ours": False}, "not_ours", "Tick the box if it is not for you"),
        ({"payee_kind": "person", "payee_name": "gus  PENNY"}, "payee_name", "not for you"),
        ({"payee_name": ""}, "payee_name", "Write who was paid"),
        ({"payee_kind": "bank"}, "payee_kind", "a shop, a group or a person"),
        ({"what": ""}, "what", "what it is for"),
        ({"what": "Bus fare for Elsie Marsh", "payee_kind": "person", "payee_name": "Elsie Marsh"}, "what", "the name of a person"),
        ({"what": "Ring 01375 555 123"}, "what", "take out"),
        ({"area_id": None}, "area", "where it helps"),
        ({"area_id": 999}, "area", "where it helps"),
    ],
)
def test_every_no_is_kind_and_moves_nothing(season: Season, tmp_path: Path, changes: dict[str, Any], field: str, sentence: str) -> None:
    granted(season, 20_00)
    with pytest.raises(Refused, match=sentence) as caught:
        spend(season, tmp_path, receipt=png(), **changes)
    assert caught.value.field == field
    db.session.rollback()
    assert held(season).balance == 20_00 and db.session.scalars(select(QuickSpark)).all() == [] and kept(tmp_path) == 0


def test_without_a_float_or_after_one_s_time_nothing_is_given(season: Season, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        quick.spend("FLT-2222-2222", quick.Given("x", "", 1, Pence(1), clock.today(), "shop", "x", True), None, None, "", tmp_path, season.actor("Gus"), once_key="x")  # fmt: skip
    granted(season)
    end_role(season)
    with pytest.raises(Refused, match="Your time as a connector has ended"):
        spend(season, tmp_path)
    floats.take_back(held(season).ref, "Moved away", season.actor("Olga"))
    with pytest.raises(Refused, match="gone back to the fund"):
        spend(season, tmp_path)


def test_the_fund_says_how_much_one_may_cost(season: Season, tmp_path: Path) -> None:
    granted(season)
    for most, reason, sentence in ((0, "x", "the most that one"), (50_01, "x", "it is a grant"), (10_00, "", "Write why")):
        with pytest.raises(Refused, match=sentence):
            floats.set_limit("small-sparks", Pence(most), reason, season.actor("Olga"))
    floats.set_limit("small-sparks", Pence(10_00), "Many small ones", season.actor("Olga"))
    with pytest.raises(Refused, match=r"up to £10\.00"):
        spend(season, tmp_path)
    spend(season, tmp_path, amount=Pence(10_00))
    with pytest.raises(NotFound):
        floats.set_limit("nowhere", Pence(10_00), "x", season.actor("Olga"))


def test_a_second_tap_gives_the_first_one_again(season: Season, tmp_path: Path) -> None:
    granted(season)
    refs = {spend(season, tmp_path, receipt=png(), once_key="one tap").ref for _tap in range(3)}
    assert len(refs) == 1 and held(season).balance == 85_00 and kept(tmp_path) == 1


def test_the_database_itself_refuses_what_a_float_has_not_got(season: Season, tmp_path: Path) -> None:
    float_ = granted(season, 20_00)
    made = spend(season, tmp_path)
    with pytest.raises(Refused), transaction():
        post(
            [Line(floats.account(float_), quick.paid_to(made), 500)] * 2, key="x", kind="x", about="x", sentence="x", actor="scheme",
        )  # fmt: skip
    assert books.bounds(floats.account(float_)) == (0, None)
    for statement, words in (
        ("UPDATE quick_float SET balance = -1", "balance"),
        ("UPDATE quick_spark SET amount = 1", "stays as it was"),
        ("DELETE FROM quick_spark", "never deleted|appended"),
        ("DELETE FROM quick_float", "never deleted|appended"),
        (f"UPDATE quick_float SET person_id = {season.who('Cora').id}", "stays in the hand"),
        (
            "UPDATE ledger_state SET credits = 0 WHERE account_id = (SELECT id FROM ledger_account WHERE code LIKE 'float:%')",
            "moves only by",
        ),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=words), db.engine.begin() as connection:
            assert connection.execute(sa.text(statement)).rowcount != 0


# --- receipts ------------------------------------------------------------------------------------------------------------


def test_a_missing_receipt_stops_the_next_one_until_it_is_there(season: Season, tmp_path: Path) -> None:
    granted(season)
    first = spend(season, tmp_path)
    with clock.held_at(clock.now() + timedelta(days=14)):
        spend(season, tmp_path, receipt=png())
    with clock.held_at(clock.now() + timedelta(days=15)):
        with pytest.raises(Refused, match="The receipt for “A kettle for the warm room” is missing since"):
            spend(season, tmp_path)
        with pytest.raises(Refused, match="Take a photo"):
            quick.add_receipt(first.ref, None, tmp_path, season.actor("Gus"), once_key="r0")
        for _tap in range(2):
            quick.add_receipt(first.ref, png(), tmp_path, season.actor("Gus"), once_key="r1")
        assert spark(first.ref).receipt_at is not None and kept(tmp_path) == 2
        spend(season, tmp_path)


def test_a_receipt_is_let_go_by_an_officer_for_a_reason(season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path)
    with pytest.raises(Refused, match="Write why"):
        quick.waive(made.ref, "", season.actor("Olga"))
    with pytest.raises(Refused, match="of their own"):
        quick.waive(made.ref, "I saw it", season.actor("Gus"))
    with pytest.raises(NotFound):
        quick.waive("QSP-2222-2222", "x", season.actor("Olga"))
    with clock.held_at(clock.now() + timedelta(days=20)):
        for _tap in range(2):
            quick.waive(made.ref, "The paper was seen at the hub", season.actor("Olga"))
        spend(season, tmp_path, receipt=png())
    other = spend(season, tmp_path, receipt=png())
    with pytest.raises(Refused, match="is there already"):
        quick.waive(other.ref, "x", season.actor("Olga"))


def test_reminders_go_out_once_each_and_end_with_the_receipt(season: Season, tmp_path: Path) -> None:
    granted(season)
    made, other = spend(season, tmp_path), spend(season, tmp_path)
    begun = clock.now()
    told = []
    for day in (0, 6, 7, 8, 14, 15, 16, 60):
        if day == 14:
            quick.add_receipt(other.ref, png(), tmp_path, season.actor("Gus"), once_key="r")
        with clock.held_at(begun + timedelta(days=day)):
            told.append((quick.remind_of_receipts(), quick.remind_of_receipts()))
    assert told == [(0, 0), (0, 0), (2, 0), (0, 0), (1, 0), (1, 0), (0, 0), (0, 0)]
    assert "is late" in messages_about(quick.about(made))[0].body
    assert all(len(each.short) <= 306 for each in messages_about(quick.about(made)))


# --- putting right -------------------------------------------------------------------------------------------------------


def test_what_was_wrong_is_put_right_and_stays_to_be_seen(season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path)
    for actor, reason, sentence in (
        (season.actor("Olga"), "", "Write why"),
        (season.actor("Gus"), "x", "of their own"),
        (season.actor("Olga"), "Gus Penny kept it", "take out the name of a person"),
    ):
        with pytest.raises(Refused, match=sentence):
            quick.put_right(made.ref, reason, actor)
    for _tap in range(2):
        quick.put_right(made.ref, "The kettle went back to the shop", season.actor("Olga"))
    made = spark(made.ref)
    assert (made.reversed_reason, held(season).balance, held(season).spent) == ("The kettle went back to the shop", 100_00, 0)
    assert [entry.kind for entry in books.entries_about(quick.about(made))] == ["quick spark", "reversal"]
    assert books.balance(quick.paid_to(made)) == 0
    with pytest.raises(Refused, match="needs no receipt"):
        quick.add_receipt(made.ref, png(), tmp_path, season.actor("Gus"), once_key="late")
    with pytest.raises(Refused, match="needs no receipt"):
        quick.waive(made.ref, "x", season.actor("Olga"))
    with pytest.raises(sa.exc.DBAPIError, match="put right once"), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE quick_spark SET reversed_at = NULL, reversed_by_id = NULL"))
    with clock.held_at(clock.now() + timedelta(days=20)):
        spend(season, tmp_path)  # its receipt is not missed


def test_after_the_float_has_ended_the_money_goes_to_the_fund(season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path)
    floats.take_back(held(season).ref, "End of the year", season.actor("Olga"))
    assert books.balance(FREE) == 985_00
    quick.put_right(made.ref, "Paid twice", season.actor("Olga"))
    assert (books.balance(FREE), held(season).balance, held(season).status) == (1000_00, 0, "closed")


# --- giving back ---------------------------------------------------------------------------------------------------------


def test_what_is_left_goes_back_with_what_was_asked(season: Season, tmp_path: Path) -> None:
    float_ = granted(season)
    spend(season, tmp_path)
    more = asked(season, 40_00)
    with pytest.raises(Refused, match="Write why"):
        floats.take_back(float_.ref, "", season.actor("Olga"))
    assert floats.take_back(float_.ref, "Her year is over", season.actor("Olga")) == 85_00
    assert floats.take_back(float_.ref, "Her year is over", season.actor("Olga")) == 0
    assert (books.balance(FREE), held(season).status, floats.request_by_ref(more).status) == (985_00, "closed", "withdrawn")
    assert matter_of(more).status == "withdrawn" and len(messages_about(f"quick-float:{float_.id}")) == 1
    again = granted(season, 30_00)
    assert again.id != float_.id and books.balance(floats.account(again)) == 30_00


def test_an_empty_float_ends_too(season: Season, tmp_path: Path) -> None:
    granted(season, 15_00)
    spend(season, tmp_path)
    assert floats.take_back(held(season).ref, "All given", season.actor("Olga")) == 0
    assert held(season).status == "closed"


# --- what is shown is what the books say ---------------------------------------------------------------------------------


def test_the_check_sees_a_sum_that_is_not_the_books(season: Season, tmp_path: Path) -> None:
    float_ = granted(season)
    made = spend(season, tmp_path)
    assert queries.figures_of(db.session.get_one(Fund, season.fund_id))[season.fund_id] == queries.FundFigures(
        1000_00, 900_00, 0, 15_00, 85_00
    )
    for values, words in (({"balance": 1}, "says it holds £0.01, the books say £85.00"), ({"spent": 1}, "its quick sparks say £15.00")):
        before = {name: getattr(held(season), name) for name in values}
        with transaction():
            db.session.execute(update(QuickFloat).values(values))
        assert any(words in line for line in checks.check(caches=CACHES).broken)
        with transaction():
            db.session.execute(update(QuickFloat).values(before))
    with transaction():
        db.session.execute(
            update(QuickSpark).values(reversed_on=clock.today(), reversed_at=clock.now(), reversed_by_id=season.who("Olga").id)
        )
        db.session.execute(update(QuickFloat).values(spent=0))
    assert any(f"quick spark {made.ref} stands at £0.00" in line for line in checks.check(caches=CACHES).broken)
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE quick_spark SET reversed_at = NULL, reversed_by_id = NULL"))
    with transaction():  # set the books right again, as an officer would
        from portal.ledger.posting import reverse

        reverse(quick.posted(made), reason="x", actor="scheme")
        db.session.execute(update(QuickFloat).where(QuickFloat.id == float_.id).values(balance=100_00))


# --- who leaves ----------------------------------------------------------------------------------------------------------


def test_a_connector_gives_the_float_back_before_leaving(season: Season, tmp_path: Path) -> None:
    granted(season)
    made = spend(season, tmp_path, payee_kind="person", payee_name="Elsie Marsh")
    elsie, gus = person("Elsie Marsh"), season.who("Gus")
    mine = people.all_about(gus.id)["quick sparks"]
    assert [each["reference"] for each in mine["given"]] == [made.ref] and mine["floats"][0]["left in pence"] == 85_00
    with pytest.raises(Refused, match="You hold a float"):
        people_actions.delete_me(gus.id, Actor(gus.id))
    asked(season, 20_00, "Cora")
    people_actions.delete_me(season.who("Cora").id, season.actor("Cora"))
    assert floats.requests([2])[2].status == "withdrawn"
    people_actions.delete_me(elsie.id, Actor(elsie.id))
    assert (spark(made.ref).payee_name, spark(made.ref).helps) == ("Former member", "")
    floats.take_back(held(season).ref, "She goes", season.actor("Olga"))
    people_actions.delete_me(gus.id, Actor(gus.id))
    assert not db.session.scalars(select(Photo)).all()
    assert events_of(quick.about(made))
