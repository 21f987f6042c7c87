"""Three short questions: asked at the right time, answered once, kept without a name, and told only of many."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor
from portal.people import actions as people
from portal.people.model import Person
from portal.people.queries import COLLECTORS
from portal.surveys import asking, change, neighbours, wording
from portal.surveys.model import NeighboursAnswer, SurveyAsked
from tests.surveys.street import AGAIN, BEGAN, NOW, many, open_street, say, told
from tests.timebank.bank import Bank


@pytest.fixture
def street(app: Flask) -> Bank:
    return open_street()


def card(street: Bank, name: str) -> str:
    db.session.rollback()
    return db.session.scalar(select(neighbours.card(street.who(name)))) or ""


def rows() -> list[NeighboursAnswer]:
    db.session.rollback()
    return list(db.session.scalars(select(NeighboursAnswer).order_by(NeighboursAnswer.moment.desc())))


def test_asked_at_the_start_and_half_a_year_later(street: Bank) -> None:
    maya = street.who("Maya")
    with clock.held_at(BEGAN):
        assert card(street, "Maya") == "start" and neighbours.due(maya) == "start"
        assert neighbours.answer(maya, "start", 1, {"trust": "some", "know": "", "help": "rather_not"})
        assert not neighbours.answer(maya, "start", 1, {"trust": "none"}), "a second sending changes nothing"
        assert neighbours.due(maya) == ""
        asking.put_away(maya.id, "about_you:timebank")
    for month, wanted in ((datetime(2024, 10, 31, 12, tzinfo=UTC), ""), (datetime(2024, 11, 1, 12, tzinfo=UTC), "later")):
        with clock.held_at(month):
            assert (card(street, "Maya"), neighbours.due(maya)) == (wanted, wanted)
    with clock.held_at(BEGAN + timedelta(days=30)), pytest.raises(Refused, match="once more later"):
        neighbours.answer(maya, "later", 1, {"trust": "most"})
    assert say(maya, "later", AGAIN, trust="most")
    first, second = rows()
    assert (first.trust, first.know, first.help, first.month, first.area_id) == (
        "some",
        "",
        "rather_not",
        "2024-05",
        street.areas["mossgate"],
    )
    assert (second.moment, second.trust, second.month, second.token) == ("later", "most", "2025-06", first.token)
    with clock.held_at(NOW):
        assert card(street, "Maya") == "" and neighbours.due(maya) == ""


def test_a_row_names_nobody(street: Bank) -> None:
    say(street.who("Maya"))
    row = rows()[0]
    maya = street.who("Maya")
    assert maya.ref not in row.token and maya.name not in row.token and len(row.token) == 40
    assert row.token in neighbours.tokens(maya.ref) and row.token not in neighbours.tokens(street.who("Idris").ref)
    assert not {"person_id", "at", "id"} & set(NeighboursAnswer.__table__.columns.keys())
    if db.engine.dialect.name == "sqlite":
        for table in ("survey_answer", "survey_asked", "equality_tally"):
            with pytest.raises(Exception, match="no such column: rowid"):
                db.session.execute(text(f"SELECT rowid FROM {table}"))
            db.session.rollback()


def test_put_away_for_good(street: Bank) -> None:
    with clock.held_at(BEGAN):
        asking.put_away(street.who("Maya").id, neighbours.asked_as("start"))
        asking.put_away(street.who("Maya").id, neighbours.asked_as("start"))
        assert card(street, "Maya") == "about_you" and neighbours.due(street.who("Maya")) == ""
        assert neighbours.answer(street.who("Idris"), "start", 1, {"trust": "", "know": "", "help": ""}), "nothing said is put away"
    with clock.held_at(NOW):
        assert neighbours.due(street.who("Maya")) == "" and neighbours.due(street.who("Idris")) == ""
    assert rows() == []


def test_refusals(street: Bank) -> None:
    maya = street.who("Maya")
    for number, said, sentence in (
        (2, {"trust": "most"}, "open for too long"),
        (1, {"trust": "surely"}, "from the list"),
        (1, {"token": "most"}, "from the list"),
    ):
        with pytest.raises(Refused, match=sentence):
            neighbours.answer(maya, "start", number, said)
    asking.switch("neighbours", False, street.actor("Olga"))
    with pytest.raises(Refused, match="just now"):
        say(maya)
    assert rows() == [] and neighbours.due(maya) == "" and card(street, "Maya") == "about_you"
    asking.switch("neighbours", True, street.actor("Olga"))
    asking.switch("neighbours", True, street.actor("Olga"))
    assert [event.kind for event in asking.switched()] == ["switched_on", "switched_off"]
    assert say(maya)


def test_the_database_has_the_last_word(street: Bank) -> None:
    say(street.who("Maya"))
    token = rows()[0].token
    for values in (
        {"token": token},  # twice
        {"moment": "between"},
        {"trust": "surely"},
        {"help": "most"},
        {"trust": "", "know": "", "help": ""},
        {"month": "May"},
        {"wording": 0},
        {"area_id": 99},
    ):
        good = {"token": "t", "moment": "start", "wording": 1, "month": "2024-05", "area_id": None, "trust": "most", "know": "", "help": ""}
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(insert(NeighboursAnswer).values({**good, **values}))
    with pytest.raises(IntegrityError), transaction():
        db.session.add(SurveyAsked(person_id=999_999, what="neighbours:start"))


def test_export_me_and_delete_me(street: Bank) -> None:
    maya = street.who("Maya")
    say(maya, trust="few")
    say(maya, "later", AGAIN)
    about = COLLECTORS["questions that we ask"](maya.id)
    assert [(one["when"], one["month"]) for one in about["three short questions"]] == [("start", "2024-05"), ("later", "2025-06")]
    assert about["three short questions"][0]["answers"]["Can the people who live round here be trusted?"] == "A few of them"
    assert "cannot find your answers again" in about["questions about you"]
    before = rows()[0].token
    with clock.held_at(NOW):
        people.delete_me(maya.id, Actor(maya.id))
    left = rows()
    assert [row.moment for row in left] == ["start", "later"] and left[0].token == left[1].token != before
    assert neighbours.answers_of(maya.ref) == [] and db.session.scalars(select(SurveyAsked)).all() == []
    assert db.session.get_one(Person, maya.id).ref == maya.ref, "the number stays, and leads nowhere"


def test_start_beside_later(street: Bank) -> None:
    """Twenty begin in each of two areas, half of them with trust; of Mossgate twelve answer again, of Riverside all."""
    moss, river = many(street, 20), many(street, 20, "riverside")
    for place, who in enumerate((*moss, *river)):
        say(who, trust="most" if place % 2 else "few")
    for who in moss[:12]:
        say(who, "later", AGAIN, trust="most")
    assert told("2024-25", "Mossgate")["most"] == (10, None, None), "nobody had answered twice yet"
    assert told("2024-25")["few"] == (20, None, None)
    again = told("2025-26")
    assert again["few"] == (None, 6, None) and again["most"] == (None, 6, 12)
    for who in river:
        say(who, "later", AGAIN, trust="most")
    for answer in ("most", "few"):
        assert told("2025-26", "Riverside")[answer][1] is None, "all of them answered again: nobody is left over to hide among"
    assert told("2025-26")["most"][2] == 32


def test_a_place_of_few_is_not_worked_out(street: Bank) -> None:
    """Three in Riverside: neither they are told nor what everywhere less Mossgate would say of them."""
    for who in (*many(street, 9), *many(street, 3, "riverside")):
        say(who)
    everywhere, moss, river, elsewhere = (told("2024-25", place)["most"][0] for place in ("", "Mossgate", "Riverside", "-"))
    assert (everywhere, moss, river, elsewhere) == (12, None, None, None)


def test_only_years_that_are_over(street: Bank) -> None:
    for who in many(street, 6):
        say(who, at=datetime(2026, 5, 1, 10, tzinfo=UTC))
    with clock.held_at(NOW):
        for year, place, field in (("2026-27", "", "year"), ("nonsense", "", "year"), ("2025-26", "Atlantis", "place")):
            with pytest.raises(Refused) as why:
                change.read(year, place)
            assert why.value.field == field


def test_wordings_never_mix(street: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The questions are worded anew: figures stand apart, and who began with the old words is asked later in the old words."""
    old, new = many(street, 6), many(street, 7, name="M")
    for who in old:
        say(who)
    monkeypatch.setattr(wording, "NEIGHBOURS", {**wording.NEIGHBOURS, 2: wording.NEIGHBOURS[1]})
    for module in (neighbours, change):
        monkeypatch.setattr(module, "NEIGHBOURS", wording.NEIGHBOURS)
    with clock.held_at(BEGAN):
        for who in new:
            neighbours.answer(who, "start", 2, {"trust": "most"})
    with clock.held_at(NOW):
        some = [each for each in change.read("2024-25").told if each.question.code == "trust"]
        assert [(each.wording, each.lines[0].start) for each in some] == [(2, 7), (1, 6)]
        with pytest.raises(Refused, match="open for too long"):
            neighbours.answer(old[0], "later", 2, {"trust": "most"})


def test_a_wording_never_changes() -> None:
    """Who changes a word gives it a new number; then this grows a line."""
    assert {number: seal(some) for number, some in wording.NEIGHBOURS.items()} == {1: "19a114dbfdc1400c"}
    assert {number: seal(some) for number, some in wording.ABOUT_YOU.items()} == {1: "6ea70653cfd3a9e5"}


def seal(some: object) -> str:
    return hashlib.sha256(repr(some).encode()).hexdigest()[:16]
