"""What two organisations agreed that something counts: proposed by one, agreed by somebody else of the other, written down by either."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Problem, Refused
from portal.outbox import Message
from portal.people.queries import all_about
from portal.timebank import exchange, leaving, members, tariffs
from portal.timebank.model import Exchange
from portal.timebank.tariff_model import Tariff, TariffUse
from tests.client import Inspector
from tests.timebank.bank import Bank, assert_books_are_right, open_bank

REASON: dict[str, Any] = {"end-reason": "We moved"}
NO: dict[str, Any] = {"no-reason": "Too dear"}
HALL, BAND = "Hall friends", "Brass band"


@pytest.fixture
def bank(app: Flask) -> Any:
    made = open_bank()
    for name in ("Hattie", "Hugh", "Bea", "Both"):
        made.join(name)
    made.group(HALL, "Hattie", "Hugh", "Both")
    made.group(BAND, "Bea", "Both", area="riverside")
    return made


def proposed(bank: Bank, by: str = "Hattie", mine: str = HALL, other: str = BAND, gives: bool = True, **changes: Any) -> str:
    values: dict[str, Any] = {
        "what": "The hall",
        "kind": "events",
        "unit": "hour",
        "minutes": 90,
        "basis": None,
        "key": uuid.uuid4().hex,
        **changes,
    }
    return tariffs.propose(
        bank.cards[mine], bank.cards.get(other, other), gives, values["what"], values["kind"], values["unit"], values["minutes"], bank.who(by),
        once_key=values["key"], basis=values["basis"],
    )  # fmt: skip


def agreed(bank: Bank, **changes: Any) -> str:
    ref = proposed(bank, **changes)
    tariffs.agree(ref, bank.who("Bea"))
    return ref


def line(ref: str) -> Tariff:
    db.session.rollback()
    return db.session.scalars(select(Tariff).where(Tariff.ref == ref)).one()


def log(bank: Bank, ref: str, number: int = 2, by: str = "Hattie", mine: str = HALL, **how: Any) -> str:
    day = how.pop("day", clock.today())
    return tariffs.log(ref, bank.cards[mine], number, day, bank.who(by), once_key=how.pop("key", uuid.uuid4().hex), **how)


def told(name: str) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject).where(Message.to_name == name).order_by(Message.id)))


class TestAgreeing:
    def test_one_side_proposes_and_somebody_of_the_other_agrees(self, bank: Bank) -> None:
        ref = proposed(bank, key="k")
        assert proposed(bank, key="k") == ref, "sent twice is one line"
        assert line(ref).status == "proposed" and told("Bea")[-1] == f"{HALL} proposes what “The hall” counts in hours"
        tariffs.agree(ref, bank.who("Bea"))
        tariffs.agree(ref, bank.who("Bea"))
        assert line(ref).status == "agreed" and told("Hugh")[-1] == "Agreed: “The hall” counts 1 h 30 min"
        assert told("Hugh").count("Agreed: “The hall” counts 1 h 30 min") == 1

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"what": ""}, "what"), ({"unit": "mile"}, "unit"), ({"minutes": 0}, "minutes"), ({"minutes": 20}, "minutes"), ({"minutes": 975}, "minutes"),
            ({"kind": "nonsense"}, "kind"), ({"other": "Maya"}, "other"), ({"other": HALL}, "other"), ({"mine": "Hattie"}, None),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_said_at_its_field(self, bank: Bank, changes: dict[str, Any], field: str | None) -> None:
        with pytest.raises(Refused) as caught:
            proposed(bank, **changes)
        assert caught.value.field == field

    def test_nobody_agrees_for_both_or_for_others(self, bank: Bank) -> None:
        ref = proposed(bank, "Both")
        with pytest.raises(Refused, match="A second person says yes"):
            tariffs.agree(ref, bank.who("Both"))
        for name in ("Hattie", "Maya"):
            with pytest.raises(NotYours):
                tariffs.agree(ref, bank.who(name))
        with pytest.raises(NotFound):
            tariffs.seen_by(ref, bank.who("Maya"))
        with pytest.raises(NotYours):
            proposed(bank, "Maya")
        tariffs.agree(ref, bank.who("Bea"))

    def test_a_connector_types_it_on_behalf_and_says_how_they_know(self, bank: Bank) -> None:
        with pytest.raises(Refused) as caught:
            proposed(bank, "Cass")
        assert caught.value.field == "basis"
        ref = proposed(bank, "Cass", basis="telephone")
        with pytest.raises(Refused, match="A second person"):
            tariffs.agree(ref, bank.who("Cass"), basis="telephone")
        tariffs.agree(ref, bank.who("Olga"), basis="in person")
        assert line(ref).status == "agreed" and line(ref).basis == "telephone"

    def test_no_taken_back_and_ended_each_once(self, bank: Bank) -> None:
        no = proposed(bank)
        tariffs.answer_no(no, "Too much", bank.who("Bea"))
        tariffs.answer_no(no, "Too much", bank.who("Bea"))
        assert line(no).status == "declined" and told("Hattie")[-1] == "Not agreed: “The hall”"
        with pytest.raises(Conflict):
            tariffs.agree(no, bank.who("Bea"))
        back = proposed(bank)
        with pytest.raises(NotYours):
            tariffs.withdraw(back, bank.who("Bea"))
        tariffs.withdraw(back, bank.who("Hugh"))
        with pytest.raises(Conflict):
            tariffs.answer_no(back, "", bank.who("Bea"))
        yes = agreed(bank)
        with pytest.raises(Refused) as caught:
            tariffs.end(yes, bank.cards[BAND], "", bank.who("Bea"))
        assert caught.value.field == "reason"
        tariffs.end(yes, bank.cards[BAND], "The band is no more", bank.who("Bea"))
        tariffs.end(yes, bank.cards[BAND], "Again", bank.who("Bea"))
        assert line(yes).status == "ended" and told("Hugh")[-1] == "Over: “The hall” at 1 h 30 min"
        with pytest.raises(Conflict):
            log(bank, yes)

    def test_another_figure_ends_the_older_one_when_it_is_agreed(self, bank: Bank) -> None:
        old = agreed(bank)
        with pytest.raises(Refused, match="agreed already"):
            proposed(bank, what="the  HALL")
        new = proposed(bank, minutes=60)
        with pytest.raises(Refused, match="waits for an answer"):
            proposed(bank, minutes=45)
        assert line(old).status == "agreed", "until then the old one counts"
        before = log(bank, old)
        tariffs.agree(new, bank.who("Bea"))
        assert (line(old).status, line(new).status) == ("ended", "agreed")
        with pytest.raises(Conflict):
            log(bank, old)
        after = log(bank, new)
        assert [exchange.by_ref(ref).minutes for ref in (before, after)] == [180, 120], "what was written down keeps its figure"
        agreed(bank, gives=False)  # the other way round is another thing

    def test_who_leaves_takes_no_line_along(self, bank: Bank) -> None:
        yes, waits = agreed(bank), proposed(bank, what="The kitchen")
        leaving.leave(bank.cards[HALL], leaving.POT, "", bank.who("Hattie"))
        assert (line(yes).status, line(waits).status) == ("ended", "withdrawn")


class TestLogging:
    def test_the_minutes_follow_and_the_other_side_answers(self, bank: Bank) -> None:
        made = log(bank, agreed(bank), 3, key="k")
        assert log(bank, line_of(made), 3, key="k") == made
        entry = bank.entry(made)
        assert (entry.minutes, entry.status, entry.logged_by) == (270, "logged", "giver")
        assert entry.note == "The hall, 3 hours. Agreed: 1 h 30 min for an hour."
        exchange.answer(made, 270, "", bank.who("Bea"), shown=270)
        assert (bank.has(HALL), bank.has(BAND)) == (270, -270)
        assert_books_are_right()

    def test_the_receiver_may_write_it_down_too(self, bank: Bank) -> None:
        made = log(bank, agreed(bank), 1, "Bea", BAND)
        assert bank.entry(made).logged_by == "receiver"
        exchange.answer(made, 90, "", bank.who("Hugh"), shown=90)
        assert bank.has(HALL) == 90

    def test_a_connector_for_one_side(self, bank: Bank) -> None:
        ref = agreed(bank)
        with pytest.raises(Refused) as caught:
            log(bank, ref, 1, "Cass")
        assert caught.value.field == "basis"
        made = log(bank, ref, 1, "Cass", basis="paper sheet")
        exchange.answer(made, 90, "", bank.who("Bea"), shown=90)
        assert bank.has(HALL) == 90

    @pytest.mark.parametrize(("number", "field"), [(0, "number"), (-1, "number"), (11, "number")])
    def test_how_many(self, bank: Bank, number: int, field: str) -> None:
        with pytest.raises(Refused) as caught:
            log(bank, agreed(bank), number)
        assert caught.value.field == field

    def test_not_ahead_not_theirs_not_twice_by_mistake(self, bank: Bank) -> None:
        ref = agreed(bank)
        with pytest.raises(Refused) as caught:
            log(bank, ref, day=clock.today() + timedelta(days=1))
        assert caught.value.field == "day"
        for name, mine in (("Maya", HALL), ("Hattie", BAND)):
            with pytest.raises(Problem):
                log(bank, ref, 1, name, mine)
        log(bank, ref)
        with pytest.raises(exchange.Twice):
            log(bank, ref)
        log(bank, ref, again=True)
        assert len(tariffs.uses_of(line(ref))) == 2


def use_in(made: str) -> TariffUse:
    return db.session.scalars(select(TariffUse).join(TariffUse.exchange).where(Exchange.ref == made)).one()


def line_of(made: str) -> str:
    return use_in(made).tariff.ref


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE tariff SET minutes = 60", "UPDATE tariff SET what = 'The yard'", "UPDATE tariff SET status = 'proposed'", "UPDATE tariff SET agreed_by = entered_by",
        "UPDATE tariff SET agreed_by = 'person:99'", "UPDATE tariff SET status = 'ended'", "DELETE FROM tariff", "UPDATE tariff_use SET quantity = 1",
        "DELETE FROM tariff_use", "UPDATE tariff SET giver_id = receiver_id",
    ],
)  # fmt: skip
def test_the_database_keeps_what_was_agreed(bank: Bank, what: str) -> None:
    made = log(bank, agreed(bank))
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(what))
    db.session.rollback()
    use = use_in(made)
    assert (use.quantity, use.minutes, use.tariff.status) == (2, 90, "agreed")


def test_the_database_refuses_hours_that_are_not_what_was_agreed(bank: Bank) -> None:
    ref = agreed(bank)
    other = bank.log(HALL, "gave", BAND, 60, actor=bank.actor("Hattie"))
    with pytest.raises(DBAPIError), transaction():
        db.session.add(TariffUse(exchange_id=exchange.by_ref(other).id, tariff_id=line(ref).id, quantity=1, minutes=90))
    with pytest.raises(DBAPIError), transaction():
        first = line(ref)
        db.session.add(
            Tariff(
                ref="TRF-TEST-TEST", giver_id=first.giver_id, receiver_id=first.receiver_id, category_id=first.category_id, what="The hall", unit="hour",
                minutes=60, same=first.same, status="agreed", side="giver", entered_by="person:1", proposed_at=clock.now(), agreed_by="person:2", agreed_at=clock.now(),
            )
        )  # fmt: skip


def test_export_my_data(bank: Bank) -> None:
    ref = agreed(bank)
    assert all_about(bank.who("Bea").id)["tariffs"][0]["you"] == ["agreed"]
    assert all_about(bank.who("Hattie").id)["tariffs"][0]["line"] == ref
    assert all_about(bank.who("Maya").id)["tariffs"] == []


class TestPages:
    def test_from_the_proposal_to_the_books(self, app: Flask, bank: Bank) -> None:
        hattie = Inspector(app, 60).sign_in(bank.who("Hattie").id).get("/timebank/tariff")
        assert "Nothing is agreed yet" in hattie.text and hattie.queries <= 8
        hattie.get(f"/timebank/tariff/new?as={bank.cards[HALL]}")
        assert hattie.queries <= 8
        hattie.submit("Propose it", 422, what="The hall", minutes="20 min")
        assert "Choose the other organisation" in hattie.text and "quarters" in hattie.text
        hattie.submit("Propose it", other=bank.cards[BAND], way="gives", what="The hall", unit="hour", minutes="1 h 30 min", kind="events")
        hattie.follow()
        assert "says yes or no" in hattie.text and hattie.queries <= 8
        path = hattie.path.partition("?")[0]
        bea = Inspector(app, 60).sign_in(bank.who("Bea").id).get(path)
        assert bea.queries <= 8
        bea.submit("Yes, we agree").follow()
        assert "Write down how many" in bea.text
        bea.get(f"{path}/log?as={bank.cards[BAND]}")
        assert bea.queries <= 8
        bea.submit("Write it down", 422, number="two")
        bea.submit("Write it down", 422, number="20")
        assert "Write down each day by itself" in bea.text
        bea.submit("Write it down", number="2").follow()
        assert "3 h" in bea.text
        bea.get(f"{path}/log?as={bank.cards[BAND]}").submit("Write it down", 409, number="2")
        bea.submit("No, this is another 3 h").follow()
        bea.get(f"{path}?as={bank.cards[BAND]}").submit("End it", 422)
        assert "Write why, in a few words" in bea.text
        bea.submit("End it", 303, form=None, **REASON).follow()
        assert "over" in bea.text and bea.queries <= 8
        bea.get(f"{path}/log?as={bank.cards[BAND]}", 303)
        assert "The hall" in bea.get("/timebank/tariff").text and bea.queries <= 8

    def test_a_connector_on_behalf(self, app: Flask, bank: Bank) -> None:
        ref = proposed(bank)
        cass = Inspector(app, 60).sign_in(bank.who("Cass").id).get(f"/timebank/tariff/{ref}?as={bank.cards[BAND]}")
        cass.submit("Yes, we agree", 422)
        assert "Say how you know" in cass.text
        cass.submit("Yes, we agree", basis="telephone").follow()
        assert "Write down how many" in cass.text
        assert "What things count for them" in cass.get(f"/timebank/desk/members/{bank.cards[HALL]}").text

    def test_no_and_taking_back(self, app: Flask, bank: Bank) -> None:
        ref = proposed(bank)
        Inspector(app, 60).sign_in(bank.who("Bea").id).get(f"/timebank/tariff/{ref}").submit("Say no", 303, form=None, **NO)
        hattie = Inspector(app, 60).sign_in(bank.who("Hattie").id).get(f"/timebank/tariff/{ref}")
        assert "Too dear" in hattie.text
        hattie.get(f"/timebank/tariff/new?as={bank.cards[HALL]}&like={ref}").submit("Propose it", minutes="1 h").follow()
        hattie.submit("Take it back").follow()
        assert "taken back" in hattie.text

    @pytest.mark.parametrize("end", ["", "/log", "/agree", "/no", "/withdraw", "/end"])
    def test_nobody_else_sees_it(self, app: Flask, bank: Bank, end: str) -> None:
        ref = agreed(bank)
        maya = Inspector(app, 60).sign_in(bank.who("Maya").id)
        if end in ("", "/log"):
            maya.get(f"/timebank/tariff/{ref}{end}", 404)
        else:
            token = maya.get("/timebank/me")._values(maya.forms()[0])["csrf_token"]
            maya.post(f"/timebank/tariff/{ref}{end}", {"csrf_token": token, "end-reason": "So"}, 404)
            assert line(ref).status == "agreed"
        assert "This is for organisations" in maya.get("/timebank/tariff").text
        maya.get(f"/timebank/tariff?as={bank.cards[HALL]}", 404)
        maya.get(f"/timebank/tariff/new?as={bank.cards[HALL]}", 404)


def test_who_takes_a_break_agrees_to_nothing(bank: Bank) -> None:
    ref = proposed(bank)
    members.set_member(bank.cards[HALL], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Hattie"))
    with pytest.raises(Refused, match="taking a break"):
        tariffs.agree(ref, bank.who("Bea"))
