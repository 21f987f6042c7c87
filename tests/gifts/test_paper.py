"""Sticky notes with numbers, a wall typed in one go, one thing put up for somebody without e-mail, boards of events."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.events.hooks import LINKS
from portal.events.model import Gathering
from portal.gifts import lists, notes, posts, wall
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftPost
from portal.gifts.neighbours import Neighbour, SameName
from portal.gifts.notes_model import GiftNote, GiftSheet
from portal.people.actions import create_person
from portal.people.model import Person
from portal.places.queries import scheme
from portal.refs import new_ref
from portal.web import documents
from portal.web.rows import Faulty, Row
from tests.conftest import Store
from tests.gifts.street import PLAIN, Street, open_street, the_post
from tests.gifts.test_races import known
from tests.races import race, ways


@pytest.fixture
def street(app: Flask) -> Street:
    return open_street()


def row(line: int, *cells: str, again: bool = False) -> Row:
    return Row(line, dict(zip(wall.COLUMNS, cells, strict=False)), again)


def head(street: Street, **changes: object) -> wall.Head:
    return replace(wall.Head(street.areas["mossgate"]), **changes)  # type: ignore[arg-type]


def typed(street: Street, *rows: Row, by: str = "Cass", **changes: object) -> Sequence[GiftPost]:
    who = street.who(by)
    ref = wall.put_up(rows, head(street, **changes), who, once_key=uuid.uuid4().hex)
    db.session.rollback()
    return wall.typed(ref, who)


def faults(street: Street, *rows: Row) -> list[tuple[int, str, bool]]:
    with pytest.raises(Faulty) as told:
        typed(street, *rows)
    return [(each.line, each.column, each.may_be_another) for each in told.value.faults]


def replace_contact(one: Row) -> Row:
    return Row(one.line, {**one.cells, "contact": "ann@example.org"}, one.again)


def printed(street: Street, pages: int = 1, **place: int) -> list[int]:
    sheet = notes.print_sheet(
        street.areas["mossgate"], place.get("hub"), place.get("event"), pages, street.who("Cass"), once_key=uuid.uuid4().hex
    )
    return [each.number for each in notes.sheet(sheet, street.who("Cass"))[1]]


def an_event(street: Street, status: str = "open", days: int = -1) -> Gathering:
    with transaction():
        event = Gathering(
            ref=new_ref("EVT"), kind="hub", title="Soup and gifts", area_id=street.areas["mossgate"], place="The hub",
            day=clock.today() + timedelta(days=days), starts=time(10), ends=time(12), organiser_id=street.who("Olga").id, entered_by="scheme", code=f"{ord(status[0]):06}", made_at=clock.now(),
            changed_at=clock.now(), status=status, decided_at=None if status == "held" else clock.now(), decided_by=None if status == "held" else "scheme",
        )  # fmt: skip
        db.session.add(event)
    return event


class TestNotes:
    def test_each_has_a_number_of_its_own(self, street: Street) -> None:
        assert printed(street) == list(range(101, 109)) and printed(street, 2) == list(range(109, 125))
        cass = street.who("Cass")
        keys = {notes.print_sheet(street.areas["mossgate"], None, None, 1, cass, once_key="a") for _tap in range(2)}
        assert len(keys) == 1 and notes.sheet(keys.pop(), cass)[1][0].number == 125
        assert notes.by_number(101).post is None and notes.known([]) == {}
        with pytest.raises(NotFound):
            notes.by_number(999)

    def test_who_may_and_how_many(self, street: Street) -> None:
        street.move_in("Rhea", "riverside", "connector", at="riverside")
        for pages, area, error in ((0, "mossgate", Refused), (11, "mossgate", Refused), (1, "", Refused)):
            with pytest.raises(error):
                notes.print_sheet(street.areas.get(area), None, None, pages, street.who("Cass"), once_key=uuid.uuid4().hex)
        with pytest.raises(NotYours):
            notes.print_sheet(street.areas["mossgate"], None, None, 1, street.who("Rhea"), once_key="x")
        ref = notes.print_sheet(street.areas["mossgate"], None, None, 1, street.who("Cass"), once_key="y")
        with pytest.raises(NotFound):
            notes.sheet(ref, street.who("Rhea"))

    def test_drawn(self, street: Street) -> None:
        made, some = notes.sheet(
            notes.print_sheet(street.areas["mossgate"], None, None, 1, street.who("Cass"), once_key="y"), street.who("Cass")
        )
        there = scheme()
        assert there is not None
        for large in (False, True):
            assert documents.pdf(notes.drawn(made, some, there, large=large)).startswith(b"%PDF")

    def test_a_note_becomes_one_post(self, street: Street) -> None:
        (number, *_others) = printed(street)
        draft = replace(PLAIN, area_id=street.areas["mossgate"])
        ref = posts.post(draft, street.who("Maya"), note=number, once_key="a")
        assert notes.by_number(number).post is the_post(ref) and the_post(ref).note_number == str(number)
        with pytest.raises(Refused, match="already") as why:
            posts.post(draft, street.who("Idris"), note=number, once_key="b")
        assert why.value.field == "note"
        with pytest.raises(Refused, match="printed no note"):
            posts.post(draft, street.who("Idris"), note=99, once_key="c")

    def test_the_database_refuses(self, street: Street) -> None:
        number = printed(street)[0]
        one, other = street.put_up("Maya"), street.put_up("Idris")
        sheet = db.session.scalars(select(GiftSheet.id)).one()
        with transaction():
            db.session.execute(update(GiftNote).where(GiftNote.number == number).values(post_id=the_id(one)))
        for statement in (
            update(GiftNote).where(GiftNote.number == number + 1).values(post_id=the_id(one)), insert(GiftNote).values(number=number, sheet_id=sheet),
            insert(GiftNote).values(number=7, sheet_id=sheet), insert(GiftNote).values(number=900, sheet_id=sheet + 9), update(GiftPost).where(GiftPost.ref == other).values(event_id=999),
        ):  # fmt: skip
            with pytest.raises(IntegrityError), transaction():
                db.session.execute(statement)


def the_id(ref: str) -> int:
    return db.session.scalars(select(GiftPost.id).where(GiftPost.ref == ref)).one()


class TestTheWall:
    def test_all_at_once(self, street: Street) -> None:
        first, second, *_others = printed(street)
        event, group = an_event(street), street.found("Choir", "Cass")
        street.move_in("Ada Bell")
        some = typed(
            street, row(1, str(first), "g", "L", "A tall ladder", "Elsie Moor", "elsie@example.org"), row(2), row(3, str(second), "WISH", "do", "Somebody to mow the grass", street.who("Ada Bell").ref),
            row(4, "", "w", "care", "A fourth for cards", "Walter Webb"), row(5, "", "gift", "k", "How to read music"), row(6, "", "G", "give", "Jam jars", "Walter Webb"),
            event_id=event.id, group=group,
        )  # fmt: skip
        assert {(each.title, each.kind, each.sort, each.note_number, each.status) for each in some} == {
            ("A tall ladder", "gift", "lend", str(first), "open"), ("Somebody to mow the grass", "wish", "hands", str(second), "open"), ("A fourth for cards", "wish", "heart", None, "open"),
            ("How to read music", "gift", "head", None, "open"), ("Jam jars", "gift", "give", None, "open"),
        }  # fmt: skip
        assert {each.basis for each in some} == {"paper sheet"} and {each.entered_by for each in some} == {
            f"person:{street.who('Cass').id}"
        }
        whose = {each.title: each.party for each in some}
        elsie, walter = whose["A tall ladder"].person, whose["Jam jars"].person
        assert elsie is not None and elsie.email == "elsie@example.org" and walter is not None and walter.channel == "letter"
        assert whose["A fourth for cards"].person_id == walter.id and whose["How to read music"].organisation_id == group
        assert len(lists.search("", Board(event=event, homes=frozenset((event.area_id,))), Filters()).rows) == 5

    def test_sent_twice_and_nothing_half_saved(self, street: Street) -> None:
        cass, rows = street.who("Cass"), [row(1, "", "g", "g", "Jam jars", "Elsie Moor")]
        refs = {wall.put_up(rows, head(street), cass, once_key="w") for _tap in range(2)}
        assert len(refs) == 1 and len(wall.typed(refs.pop(), cass)) == 1
        before = len(db.session.scalars(select(Person)).all())
        found = faults(
            street, row(1, "", "g", "g", "A blue bowl", "Nora New"), row(2, "", "x", "g", "A cup", "Nora New"), row(3, "", "g", "h", "A cup", "Nora New"), row(4, "", "g", "g", "Tea"),
            row(5, "", "g", "g", "Plates", "Nora New", "0770"), row(6, "7", "g", "g", "Plates", "Nora New"), row(7, "", "g", "g", "Ibuprofen tablets", "Nora New"),
            row(8, "", "g", "g", "Spoons", "PER-2345-6789"), row(9, "", "g", "g", "Forks", "", "who@example.org"), row(10, "", "g", "g", "Knees", "Nora New", "maya@example.org"),
        )  # fmt: skip
        assert [(line, column) for line, column, _twice in found] == [
            (2, "kind"), (3, "sort"), (4, "name"), (5, "contact"), (6, "note"), (7, "what"), (8, "name"), (9, "name"), (10, "contact"),
        ]  # fmt: skip
        db.session.rollback()
        assert len(db.session.scalars(select(Person)).all()) == before

    def test_what_is_there_already_is_asked_about(self, street: Street) -> None:
        number, other, *_more = printed(street)
        street.move_in("Ada Bell")
        street.put_up("Maya", "Jam jars")
        ada = street.who("Ada Bell").ref
        typed(street, row(1, str(number), "g", "g", "A blue bowl", ada))
        rows = [
            row(1, str(number), "g", "g", "A red bowl", ada), row(2, "", "g", "g", "jam JARS!", ada), row(3, "", "g", "g", "A cup", "ada bell"),
            row(4, str(other), "g", "g", "Plates", ada), row(5, str(other), "g", "g", "Saucers", ada),
        ]  # fmt: skip
        assert faults(street, *rows) == [(1, "note", True), (2, "what", True), (3, "name", True), (5, "note", True)]
        some = typed(street, *(replace(each, again=each.line != 4) for each in rows))
        assert {each.title: each.note_number for each in some} == {
            "A red bowl": None,
            "jam JARS!": None,
            "A cup": None,
            "Plates": str(other),
            "Saucers": None,
        }
        assert len({each.party_id for each in some}) == 2, "it was another Ada Bell"
        same = [
            row(1, "", "g", "g", "A red bowl", ada, again=True),
            row(2, "", "w", "g", "T", ada),
            row(3, "", "w", "g", "t", ada, again=True),
        ]
        assert faults(street, *same) == [(1, "what", False), (2, "what", False), (3, "what", False)]  # a title of one letter is none

    def test_one_name_in_two_rows_is_asked_about_among_them(self, street: Street) -> None:
        first, second = row(1, "", "G", "G", "Jam", "Ann Test"), row(2, "", "G", "G", "Jars", "Ann Test", "ann@example.org")
        with pytest.raises(Faulty) as told:
            typed(street, first, second)
        (fault,) = told.value.faults
        assert (fault.line, fault.column, fault.may_be_another) == (2, "name", True)
        assert fault.sentence.startswith("Row 1 has this name too") and "PER-" not in fault.sentence
        assert len({post.party_id for post in typed(street, replace_contact(first), second)}) == 1
        assert (
            len(
                {
                    post.party_id
                    for post in typed(
                        street,
                        row(1, "", "G", "G", "Cups", "Bo Test"),
                        row(2, "", "G", "G", "Tin", "Bo Test", "bo@example.org", again=True),
                    )
                }
            )
            == 2
        )

    def test_somebody_of_that_name_elsewhere_is_asked_about_without_an_address(self, street: Street) -> None:
        street.move_in("Rosa Delgado", "riverside")
        street.move_in("Rhea", "riverside", "connector", at="mossgate")
        note = row(1, "", "G", "G", "Jam", "Rosa Delgado")
        with pytest.raises(Faulty) as told:
            typed(street, note, by="Rhea")
        (fault,) = told.value.faults
        assert "Rosa in Riverside" in fault.sentence and fault.may_be_another
        assert not {"PER-", "@", "Delgado"} & {each for each in ("PER-", "@", "Delgado") if each in fault.sentence}
        (post,) = typed(street, row(1, "", "G", "G", "Jam", "Rosa Delgado", "rosa.delgado@example.org"), by="Rhea")
        assert post.party_id == street.party("Rosa Delgado").id
        (post,) = typed(street, row(1, "", "G", "G", "Tins", "Rosa Delgado", again=True), by="Rhea")
        assert post.party_id != street.party("Rosa Delgado").id
        with transaction():
            create_person("Nora Nowhere", email="nora@example.org", area_id=None)
        with pytest.raises(SameName, match="Nora, whose area we do not know"):
            posts.post(
                replace(PLAIN, area_id=street.areas["mossgate"]),
                street.who("Rhea"),
                for_person=Neighbour("Nora Nowhere"),
                basis="in person",
                once_key="n",
            )

    def test_who_may(self, street: Street) -> None:
        street.move_in("Rhea", "riverside", "connector", at="riverside")
        one = row(1, "", "g", "g", "Jam jars", "Elsie Moor")
        for by in ("Rhea", "Maya"):
            with pytest.raises(NotYours):
                typed(street, one, by=by)
        with pytest.raises(Refused, match="at least one"):
            typed(street, row(1))
        with pytest.raises(Refused, match="where it is"):
            typed(street, one, area_id=None)
        with pytest.raises(NotYours):
            typed(street, row(1, "", "g", "g", "Jam jars"), group=street.found("Choir", "Maya"))

    def test_two_walls_with_the_same_people_at_once(self, store: Store, street: Street) -> None:
        street.move_in("Ada Bell")
        ada, maya = street.who("Ada Bell").ref, street.who("Maya").ref
        area, cass = street.areas["mossgate"], known(street.who("Cass"))
        db.session.remove()
        module = "__import__('portal.gifts.wall', fromlist=['x'])"
        rows = "__import__('portal.web.rows', fromlist=['x']).Row"

        def call(key: str, *whose: str) -> str:
            some = [
                f"{rows}({line}, dict(kind='g', sort='g', what='Thing {key} {line}', name={ref!r}))" for line, ref in enumerate(whose, 1)
            ]
            return f"{module}.put_up([{', '.join(some)}], {module}.Head({area}), {cass}, once_key={key!r})"

        assert ways(race(store, [call("a", ada, maya), call("b", maya, ada), call("c", ada, maya)])) == ["done"] * 3


def test_for_somebody_without_e_mail(street: Street) -> None:
    cass, draft = street.who("Cass"), replace(PLAIN, area_id=street.areas["mossgate"])
    ref = posts.post(draft, cass, for_person=Neighbour("Elsie Moor"), basis="in person", once_key="a")
    assert (the_post(ref).basis, the_post(ref).status) == ("in person", "open")
    made = the_post(ref).party.person
    assert made is not None and made.channel == "letter" and made.area_id == street.areas["mossgate"]
    other = replace(draft, title="Jam jars")
    with pytest.raises(SameName, match=made.ref):
        posts.post(other, cass, for_person=Neighbour("elsie moor"), basis="in person", once_key="b")
    ref = posts.post(other, cass, for_person=Neighbour(made.ref), basis="telephone", once_key="c")
    assert the_post(ref).party.person_id == made.id
    ref = posts.post(other, cass, for_person=Neighbour("Elsie Moor", None, True), basis="telephone", once_key="d")
    assert the_post(ref).party.person_id != made.id
    for who, basis, field in (
        (Neighbour(""), "telephone", "name"),
        (Neighbour("Bo", ("email", "maya@example.org")), "telephone", "contact"),
        (Neighbour("Bo"), None, "basis"),
    ):
        with pytest.raises(Refused) as why:
            posts.post(other, cass, for_person=who, basis=basis, once_key=uuid.uuid4().hex)
        assert why.value.field == field


def test_boards_of_events(street: Street) -> None:
    event = an_event(street)
    ref = street.put_up("Maya", event_id=event.id)
    street.put_up("Idris", "Jam jars")
    found = lists.search("", Board(event=event), Filters()).rows
    assert [each.ref for each in found] == [ref] and [link(event).path for link in LINKS] == [f"/gifts/?event={event.ref}"]
    with clock.held_at(clock.now() + timedelta(days=29)):
        assert lists.search("", Board(event=event), Filters()).rows == []
    with pytest.raises(Refused) as why:
        street.put_up("Maya", "Jam jars", event_id=an_event(street, "held").id)
    assert why.value.field == "event"
