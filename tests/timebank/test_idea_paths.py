"""The five ways by which one neighbour's day can come to a funded idea: whichever two are taken, in whatever order, it counts once."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Problem, Refused
from portal.grants import match, queries
from portal.grants.model import Pledge
from portal.ledger import queries as books
from portal.money import Minutes
from portal.timebank import checkin, exchange, members, merging, session_closing, sessions, sheets
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance
from portal.work import actions as work
from portal.work import queries as works
from portal.work.model import Purpose, WorkRecord, WorkUse
from tests.client import Inspector
from tests.grants.season import begin
from tests.timebank.bank import Bank, assert_books_are_right


@pytest.fixture
def season(app: Flask) -> Iterator[Any]:
    """A grant under way, asked for by Rita; Rob has promised, Rosa has not; all are members of the timebank."""
    made: Any = begin()
    made.app = app
    made.idea = ref = made.sent()
    rob = match.invite(ref, "Rob", ("email", "rob@example.org"), made.actor("Rita"))
    pledge = next(each for each in queries.pledges_of(made.bid(ref).id) if each.ref == rob)
    match.say_yes(match.token_of(pledge), "hours", Minutes(300), Minutes(0), 0, "")
    award = made.ready(ref)
    members.open_timebank(TimeRules(), made.actor("Olga"))
    made.bank = Bank(people=made.people)
    made.bank.areas["mossgate"] = made.area = award.area_id
    for name in ("Rita", "Rob", "Rosa", "Cleo", "Otto", "Olga"):
        made.bank.cards[name] = members.join(made.who(name).id, award.area_id, True, made.actor(name))
    made.has = made.bank.has
    with clock.held_at(clock.start_of_day(award.first_day) + timedelta(hours=12)):
        yield made


def purpose() -> int:
    return works.open_purposes(clock.today())[0].id


def rob(season: Any) -> Pledge:
    return next(each for each in queries.pledges_of(season.bid(season.idea).id) if each.name == "Rob")


def by_link(season: Any, minutes: int) -> None:
    ref = match.did_it(match.token_of(rob(season)), clock.today(), Minutes(minutes), "")
    match.check(season.idea, ref, season.actor("Rita"))


def by_applicant(season: Any, minutes: int) -> None:
    ref = match.log_for(season.idea, rob(season).ref, clock.today(), Minutes(minutes), "", season.actor("Rita"))
    match.check(season.idea, ref, season.actor("Olga"))


def by_exchange(season: Any, minutes: int) -> None:
    cards = season.bank.cards
    ref = exchange.log(
        cards["Rob"], cards["Cleo"], "gave", minutes, "garden", clock.today(), "", season.actor("Rob"), once_key=uuid.uuid4().hex, again=True, purpose_id=purpose()
    )  # fmt: skip
    exchange.answer(ref, minutes, "", season.who("Cleo"), shown=minutes)


def planned(season: Any, by: str = "Cleo", **changes: Any) -> str:
    values: dict[str, Any] = {
        "title": "Dig", "what": "", "kind": "garden", "area_id": season.area, "place": "The green", "day": clock.today(), "starts": time(9), "ends": time(10),
        "minutes": Minutes(60), "places": None, "purpose_id": purpose(),
    }  # fmt: skip
    return sessions.open_session(
        sessions.Plan(**{**values, **changes}), f"member:{season.bank.cards[by]}", season.who(by), once_key=uuid.uuid4().hex
    )


def here(season: Any, ref: str, *names: str) -> None:
    for name in names:
        checkin.here_by_token(sessions.token_of(sessions.by_ref(ref)), season.who(name))


def by_session(season: Any, minutes: int) -> None:
    ref = planned(season)
    here(season, ref, "Rob")
    session_closing.close(ref, minutes, {}, season.who("Cleo"))


def typed(season: Any, *rows: tuple[str, str], minutes: int = 60, by: str = "Olga", number: str = "", for_idea: bool = True) -> str:
    cards = season.bank.cards
    lines = [
        sheets.Typed(line, cards[giver], cards[receiver], f"{minutes} min", "garden", again=True)
        for line, (giver, receiver) in enumerate(rows, 1)
    ]
    return sheets.post_sheet(
        season.area, lines, season.who(by), number=number or uuid.uuid4().hex[:8], day=clock.today(), once_key=uuid.uuid4().hex,
        purpose_id=purpose() if for_idea else None,
    )  # fmt: skip


def by_sheet(season: Any, minutes: int) -> None:
    typed(season, ("Rob", "Cleo"), minutes=minutes)


def test_two_cards_of_one_person_count_the_hour_for_the_idea_once(season: Any) -> None:
    """The same hour was typed under each card, to two receivers: it is one for the idea, and goes back with its match."""
    typed(season, ("Rob", "Cleo"), ("Rosa", "Rita"))
    assert works.counted(f"award:{season.award(season.idea).id}", "match") == 120
    old, new, who = season.bank.cards["Rosa"], season.bank.cards["Rob"], season.who("Otto")
    [pair] = merging.preview(old, new, who).twins
    merging.join(old, new, "One person, two cards", {pair.key: "same"}, who)
    assert works.counted(f"award:{season.award(season.idea).id}", "match") == 60 and season.has("Rob") == 60
    assert_books_are_right()


PATHS = {"link": by_link, "applicant": by_applicant, "exchange": by_exchange, "session": by_session, "sheet": by_sheet}


def standing() -> list[WorkRecord]:
    db.session.rollback()
    return list(db.session.scalars(select(WorkRecord).where(WorkRecord.refused_at.is_(None))))


def uses() -> dict[str, int]:
    query = select(WorkUse.use, func.count()).join(WorkRecord).where(WorkRecord.refused_at.is_(None)).group_by(WorkUse.use)
    return dict(db.session.execute(query).tuples().all())


def delivered(season: Any) -> int:
    db.session.rollback()
    award = season.award(season.idea)
    assert award.delivered == books.balance(f"award:{award.id}:delivered") == works.counted(f"award:{award.id}", "match")
    return int(award.delivered)


@pytest.mark.parametrize(("first", "second"), [*product(PATHS, PATHS)], ids=" then ".join)
def test_whichever_two_ways_are_taken_the_day_counts_once(season: Any, first: str, second: str) -> None:
    PATHS[first](season, 60)
    assert delivered(season) == 60
    try:
        PATHS[second](season, 75)
    except Problem:
        db.session.rollback()
    assert delivered(season) == 60 and len(standing()) == 1
    assert uses() == {"match": 1, "figures": 1} | ({"credit": 1} if first in ("exchange", "session", "sheet") else {})
    page = Inspector(season.app, 60).sign_in(season.who("Rita").id).get(f"/grants/{season.idea}/match")
    assert "1 h" in page.text
    assert_books_are_right()


class TestSessions:
    def test_it_credits_delivers_and_counts(self, season: Any) -> None:
        ref = planned(season)
        here(season, ref, "Rob", "Rosa", "Rita")
        session_closing.close(ref, 60, {}, season.who("Cleo"))
        assert [season.has(name) for name in ("Rob", "Rosa", "Rita", "Cleo")] == [60, 60, 60, -180]
        assert delivered(season) == 120 and uses() == {"credit": 2, "match": 2, "figures": 2}
        assert rob(season).status == "checked", "his promise is kept"
        page = Inspector(season.app).sign_in(season.who("Cleo").id).get(f"/timebank/sessions/{ref}/result")
        assert "2 h count as help for it" in page.text and "Not for the idea, Rita: Whoever asks for an idea" in page.text
        assert page.queries <= 8
        assert_books_are_right()

    def test_who_closes_is_chosen_as_second_person_only_where_they_are_one(self, season: Any) -> None:
        ref = planned(season, purpose_id=None)
        here(season, ref, "Rob", "Cleo")
        checkin.tap(season.who("Cleo"), ref, checkin.Tap("here", member=season.bank.cards["Rosa"]), once_key=uuid.uuid4().hex)
        session_closing.close(ref, 60, {}, season.who("Cleo"), purpose_id=purpose())
        assert season.has("Rosa") == 60 and delivered(season) == 60, "Cleo wrote down that Rosa was there, so somebody else checks it"
        [waits] = [each for each in standing() if each.checked_at is None]
        match.check(season.idea, waits.ref, season.actor("Olga"))
        assert delivered(season) == 120
        assert_books_are_right()

    def test_whose_link_the_applicant_has_seen_is_checked_by_somebody_else(self, season: Any) -> None:
        match.show_link(season.idea, rob(season).ref, season.actor("Rita"))
        ref = planned(season, "Rita")
        here(season, ref, "Rob")
        session_closing.close(ref, 60, {}, season.who("Rita"))
        assert season.has("Rob") == 60 and delivered(season) == 0
        match.check(season.idea, standing()[0].ref, season.actor("Olga"))
        assert delivered(season) == 60

    def test_put_right_and_taken_back_the_match_goes_along(self, season: Any) -> None:
        ref = planned(season)
        here(season, ref, "Rob", "Rosa")
        session_closing.close(ref, 60, {}, season.who("Cleo"))
        row = checkin.row_of(sessions.by_ref(ref), season.bank.member("Rob"))
        assert row is not None
        session_closing.put_right(ref, row.id, 90, "He stayed on", season.who("Olga"), shown=60)
        assert delivered(season) == 150 and season.has("Rob") == 90
        session_closing.put_right(ref, row.id, 0, "He was not there", season.who("Olga"), shown=90)
        assert delivered(season) == 60 and season.has("Rob") == 0
        session_closing.put_right(ref, row.id, 30, "He was, for a while", season.who("Olga"), shown=0)
        assert delivered(season) == 90
        assert session_closing.reverse_all(ref, "Wrong day", season.who("Otto")) == 2
        assert delivered(season) == 0 and season.has("Rob") == 0 and standing() == []
        assert session_closing.reverse_all(ref, "Wrong day", season.who("Otto")) == 0
        by_link(season, 45)
        assert delivered(season) == 45, "the day may be written down anew"
        assert_books_are_right()

    def test_what_the_idea_took_back_stays_so(self, season: Any) -> None:
        ref = planned(season)
        here(season, ref, "Rob")
        session_closing.close(ref, 60, {}, season.who("Cleo"))
        match.take_back(season.idea, standing()[0].ref, "Not this garden", season.actor("Olga"))
        row = checkin.row_of(sessions.by_ref(ref), season.bank.member("Rob"))
        assert row is not None
        session_closing.put_right(ref, row.id, 90, "He stayed on", season.who("Olga"), shown=60)
        assert delivered(season) == 0 and season.has("Rob") == 90
        page = Inspector(season.app).sign_in(season.who("Cleo").id).get(f"/timebank/sessions/{ref}/result")
        assert "Not for the idea, Rob: Not this garden" in page.text

    def test_an_idea_that_takes_no_hours_of_that_day(self, season: Any) -> None:
        with pytest.raises(Refused, match="count from"):
            planned(season, day=clock.today() - timedelta(days=1))
        with pytest.raises(Refused, match="No more hours"):
            planned(season, purpose_id=9999)
        ref = planned(season)
        here(season, ref, "Rob")
        with transaction():
            work.close_purpose(db.session.get_one(Purpose, purpose()).about)
        with pytest.raises(Refused, match="No more hours"):
            session_closing.close(ref, 60, {}, season.who("Cleo"))
        page = Inspector(season.app, 60).sign_in(season.who("Cleo").id).get(f"/timebank/sessions/{ref}/close")
        assert "takes no more hours" in page.text and page.queries <= 8
        page.submit("Close it and give the hours")
        assert season.has("Rob") == 60 and standing() == []

    def test_a_rota_ends_before_its_idea_does(self, season: Any) -> None:
        last = db.session.get_one(Purpose, purpose()).last_day
        with pytest.raises(Refused) as caught:
            sessions.open_session(
                sessions.Plan("Dig", "", "garden", season.area, "The green", clock.today(), time(9), time(10), Minutes(60), None, purpose()),
                f"member:{season.bank.cards['Cleo']}", season.who("Cleo"), once_key="r", every="week", until=last + timedelta(days=7),
            )  # fmt: skip
        assert caught.value.field == "until"

    def test_the_pages_ask_and_say_it(self, season: Any) -> None:
        cleo = Inspector(season.app, 200).sign_in(season.who("Cleo").id)
        ref = planned(season)
        assert "It helps the idea “A garden for Mossgate”" in cleo.get(f"/timebank/sessions/{ref}").text
        here(season, ref, "Rob")
        cleo.get(f"/timebank/sessions/{ref}/close")
        cleo.submit("Close it and give the hours", purpose="")
        assert delivered(season) == 0 and season.has("Rob") == 60, "who closes it may leave the idea out"
        assert "Then the same hours help that idea too" in cleo.get(f"/timebank/sessions/new?like={ref}").text

    def test_the_database_refuses_a_line_of_two_and_another_idea_afterwards(self, season: Any) -> None:
        ref = planned(season)
        here(season, ref, "Rob", "Rosa")
        session_closing.close(ref, 60, {}, season.who("Cleo"))
        first = standing()[0].id
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(Attendance.__table__.update().values(work_id=first))  # type: ignore[attr-defined]
        with pytest.raises(DBAPIError), transaction():
            sessions.by_ref(ref).purpose_id = None
            db.session.flush()


class TestSheets:
    def test_each_row_counts_and_a_whole_sheet_goes_back(self, season: Any) -> None:
        ref = typed(season, ("Rob", "Cleo"), ("Rosa", "Cleo"))
        assert delivered(season) == 120 and uses() == {"credit": 2, "match": 2, "figures": 2}
        page = Inspector(season.app, 200).sign_in(season.who("Olga").id).get(f"/timebank/desk/sheets/{ref}")
        assert page.text.count("A garden for Mossgate, counted") == 2 and page.queries <= 8
        sheets.undo(ref, "Another sheet", season.who("Otto"))
        assert delivered(season) == 0 and standing() == []
        assert_books_are_right()

    def test_a_row_that_is_none_for_the_idea_stops_the_sheet(self, season: Any) -> None:
        by_link(season, 30)
        with pytest.raises(sheets.Faulty) as caught:
            typed(season, ("Rosa", "Cleo"), ("Rob", "Cleo"), ("Rita", "Cleo"))
        assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, "giver"), (3, "giver")]
        assert "Or send this row by itself, without the idea." in caught.value.faults[0].sentence
        assert delivered(season) == 30 and season.has("Rosa") == 0
        typed(season, ("Rob", "Cleo"), ("Rita", "Cleo"), for_idea=False)
        assert delivered(season) == 30 and season.has("Rob") == 60
        assert_books_are_right()

    def test_who_asks_for_the_idea_types_no_match_for_it(self, season: Any) -> None:
        season.people["Rita"] = replace(season.who("Rita"), roles=frozenset({("connector", None)}))
        typed(season, ("Rob", "Cleo"), by="Rita")
        assert season.has("Rob") == 60 and delivered(season) == 0, "her own word is not enough for her own idea"
        match.check(season.idea, standing()[0].ref, season.actor("Olga"))
        assert delivered(season) == 60

    def test_the_page_asks_once_for_the_sheet(self, season: Any) -> None:
        olga = Inspector(season.app, 200).sign_in(season.who("Olga").id).get("/timebank/desk/sheet?number=41")
        assert olga.queries <= 8
        today = clock.today()
        cells = {
            "giver-0": season.bank.cards["Rob"],
            "receiver-0": season.bank.cards["Cleo"],
            "time-0": "1 h",
            "kind-0": "gard",
            "day-0": f"{today:%d/%m/%Y}",
        }
        olga.submit("Put the sheet in the books", signed="y", purpose=str(purpose()), **cells)
        assert delivered(season) == 60
