"""Questions about oneself: counted and forgotten, never beside a person or an idea, never near a panel."""

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import Base, db, transaction
from portal.errors import Refused
from portal.exports import packs
from portal.grants import rounds
from portal.grants.rules import RoundRules
from portal.history import Actor, Event
from portal.once import DoneOnce
from portal.outbox import Message
from portal.people import actions as people
from portal.surveys import asking, equality
from portal.surveys.model import SurveyAsked
from portal.surveys.wording import ABOUT_YOU
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, begin, person
from tests.races import race
from tests.surveys.street import AGAIN, NOW, many, open_street, tell

TOP = Path(__file__).parents[2]
PORTAL = TOP / "portal"
SMALL_SPARKS = "fund:small-sparks"


def tally() -> dict[tuple[str, str, str], int]:
    db.session.rollback()
    rows = db.session.scalars(select(equality.EqualityTally).where(equality.EqualityTally.number > 0))
    return {(row.pot, row.question, row.answer): row.number for row in rows}


def told(year: str, pot: str = equality.WHOLE) -> dict[str, int | None]:
    """Of one question, age."""
    with clock.held_at(NOW):
        return {line.answer: line.number for each in equality.told(year, pot) if each.question.code == "age" for line in each.lines}


def test_each_answer_adds_one_and_nothing_else_is_kept(app: Flask) -> None:
    street = open_street()
    before = [db.session.scalar(select(func.count()).select_from(table)) for table in (Event, Message, DoneOnce)]
    assert tell(street.who("Maya"), age="35", religion="sikh", sex="")
    assert tell(street.who("Idris"), age="35")
    assert not tell(street.who("Maya"), age="75"), "a second sending counts nothing"
    assert tell(street.who("Walter")), "nothing said is put away"
    assert tally() == {("timebank", "age", "35"): 2, ("timebank", "religion", "sikh"): 1}
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (Event, Message, DoneOnce)] == before
    asked = db.session.execute(select(SurveyAsked.person_id, SurveyAsked.what).order_by(SurveyAsked.person_id)).all()
    assert [tuple(row) for row in asked] == [(street.who(name).id, "about_you:timebank") for name in ("Maya", "Idris", "Walter")]
    with clock.held_at(NOW):
        people.delete_me(street.who("Maya").id, Actor(street.who("Maya").id))
    assert tally()["timebank", "religion", "sikh"] == 1


def test_the_table_leads_to_nobody(app: Flask) -> None:
    """No way to a person, an idea or a panel, and no time finer than a year; all tallies of a pot are written at once."""
    table = Base.metadata.tables["equality_tally"]
    assert not table.foreign_keys and set(table.columns.keys()) == {"year", "pot", "wording", "question", "answer", "number"}
    assert not {key for other in Base.metadata.tables.values() for key in other.foreign_keys if key.column.table is table}
    street = open_street()
    tell(street.who("Maya"), age="35")
    if db.engine.dialect.name == "postgresql":  # which notes with each row by which change it was written last
        tell(street.who("Idris"), religion="sikh")
        assert db.session.scalar(text("SELECT count(DISTINCT xmin::text) FROM equality_tally")) == 1
        assert db.session.scalar(text("SELECT count(*) FROM equality_tally t JOIN survey_asked a ON a.xmin = t.xmin")) == 0


def test_refusals(app: Flask) -> None:
    street = open_street()
    with pytest.raises(Refused, match="Join the timebank first"):
        tell(person("Rita"), age="35")
    with pytest.raises(Refused, match="from the list"):
        tell(street.who("Maya"), age="old")
    asking.switch("about_you", False, street.actor("Olga"))
    with pytest.raises(Refused, match="just now"):
        tell(street.who("Maya"), age="35")
    assert tally() == {} and db.session.scalars(select(SurveyAsked)).all() == []


def test_the_database_has_the_last_word(app: Flask) -> None:
    good = {"year": "2025-26", "pot": "timebank", "wording": 1, "question": "age", "answer": "35", "number": 1}
    with transaction():
        db.session.add(equality.EqualityTally(**good))
    for values in ({}, {"answer": "16", "number": -1}, {"year": "2025"}, {"pot": ""}, {"wording": 0}):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(insert(equality.EqualityTally).values({**good, **values}))


def test_figures_of_years_that_are_over(app: Flask) -> None:
    street = open_street()
    for place, who in enumerate(many(street, 13)):
        tell(who, age="35" if place < 9 else "65")
    assert told("2025-26") == {"35": 9, **dict.fromkeys(("15", "16", "25", "45", "55", "65", "75", "rather_not"))}
    assert told("2025-26", equality.TIMEBANK)["65"] is None and told("2024-25")["35"] is None
    with clock.held_at(NOW):
        for year, pot, field in (("2026-27", "", "year"), ("2025-26", "fund:none", "pot")):
            with pytest.raises(Refused) as why:
                equality.told(year, pot)
            assert why.value.field == field


def test_a_fund_of_few_is_not_worked_out(app: Flask) -> None:
    """Nine of the timebank and three of a fund: everything less the timebank would tell of the three."""
    street = open_street()
    for code in ("small-sparks", "warm-rooms"):
        rounds.open_fund(code, code, "", RoundRules(), street.actor("Olga"))
    some = many(street, 12)
    for place, who in enumerate(some):
        tell(who, pot=equality.TIMEBANK if place < 9 else SMALL_SPARKS, age="35")
    assert told("2025-26")["35"] == 12
    assert [told("2025-26", pot)["35"] for pot in (SMALL_SPARKS, "fund:warm-rooms", equality.TIMEBANK)] == [None, None, None]


def test_after_sending_an_idea(app: Flask) -> None:
    season = begin()
    ref = season.sent()
    rita = Inspector(app, 20).sign_in(season.who("Rita").id)
    assert f"/surveys/about-you/{ref}" in rita.get(f"/grants/{ref}/sent").links()
    rita.get(f"/surveys/about-you/{ref}").submit("Send my answers", age="45", disability="little")
    assert tally() == {(SMALL_SPARKS, "age", "45"): 1, (SMALL_SPARKS, "disability", "little"): 1}
    assert "/surveys/" not in rita.get(f"/grants/{ref}/sent").text and "Nothing to answer now" in rita.get(f"/surveys/about-you/{ref}").text
    rob = Inspector(app, 20).sign_in(season.who("Rob").id)
    rob.get(f"/surveys/about-you/{ref}", 404)
    rob.get("/surveys/about-you/timebank", 404)


SECRETS = re.compile(
    "/surveys|Straight or Heterosexual|Asian or Asian British|health conditions or illnesses|equality_tally|Prefer not to say"
)


def test_a_seat_finds_nothing_of_it(app: Flask) -> None:
    """Every page of the panels that a seat can reach, and every file that leaves."""
    season = begin()
    ref = season.sent()
    _answered(season, ref)
    season.with_panel(ref)
    ada = Inspector(app, 40).sign_in(season.who("Ada").id)
    todo, opened = ["/panels/", "/grants/", f"/panels/{season.panel_ref}"], set[str]()
    while todo and len(opened) < 40:
        path = todo.pop(0)
        if path in opened or not path.startswith(("/panels", "/grants", "/register")):
            continue
        opened.add(path)
        ada.get(path)
        assert not SECRETS.search(ada.text), path
        todo += list(ada.links()) if ada.tree is not None else []
    assert any("/bids/" in path for path in opened), opened
    for path in ("/desk/surveys/", "/desk/surveys/neighbours", "/desk/surveys/about-you", f"/surveys/about-you/{ref}", "/finance/exports"):
        ada.get(path, 404)
    words = {question.words for question in ABOUT_YOU[1]} | {question.code for question in ABOUT_YOU[1]}
    assert not [export for export in packs.EXPORTS.values() if words & set(export.columns)]


def _answered(season: Season, ref: str) -> None:
    equality.answer(season.who("Rita"), equality.pot_of(season.bid(ref)), 1, {"age": "45", "orientation": "bi"})


def test_one_file_alone_reads_the_tallies() -> None:
    """Nothing else names the table; who imports the file are the pages of this room and the demo; no panel, export or bid does."""
    naming, importing = set(), set()
    for path in PORTAL.rglob("*.py"):
        code, name = path.read_text(), str(path.relative_to(PORTAL))
        if "equality_tally" in code or "EqualityTally" in code:
            naming.add(name)
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (
                node.module == "portal.surveys.equality"
                or (node.module == "portal.surveys" and "equality" in {each.name for each in node.names})
            ):
                importing.add((name, tuple(each.name for each in node.names if node.module == "portal.surveys.equality")))
    assert naming == {"surveys/equality.py"}
    own = {("surveys/views/answering.py", ()), ("surveys/views/desk.py", ()), ("demo/surveys.py", ())}
    assert importing == own | {("surveys/leaving.py", ("CANNOT_BE_FOUND",)), ("front/views.py", ("CANNOT_BE_FOUND",))}


def test_twice_at_once_counts_once(store: Store) -> None:
    with store.app.app_context():
        street = open_street()
        with clock.held_at(AGAIN):
            maya, idris = street.who("Maya"), street.who("Idris")
        db.session.remove()
    call = "__import__('portal.surveys.equality', fromlist=['x']).answer({}, 'timebank', 1, {{'age': '35', 'sex': 'male'}})"
    whos = [f"Who({who.id}, '{who.ref}', '{who.name}', None)" for who in (maya, maya, idris, idris)]
    came = race(store, [call.format(who) for who in whos])
    assert sorted(said for _what, said in came) == [False, False, True, True]
    with store.app.app_context():
        assert tally() == {("timebank", "age", "35"): 2, ("timebank", "sex", "male"): 2}
        db.session.remove()
