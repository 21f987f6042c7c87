"""Paper sheets: all rows in the books at once or none, each judged as an hour that is logged, and a whole sheet taken back."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Refused
from portal.history import Event
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.money import Minutes
from portal.outbox import Message
from portal.people.access import Who
from portal.people.queries import all_about
from portal.places.model import Area
from portal.timebank import exchange, members, sheets
from portal.timebank.days import typed_day
from portal.timebank.model import Exchange
from portal.timebank.paper_model import Sheet, SheetRow
from portal.timebank.sheets import Faulty, Typed
from tests.timebank.bank import Bank, assert_books_are_right, lend, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def rows(*cells: Sequence[str], again: Sequence[int] = ()) -> list[Typed]:
    """Rows as typed: giver, receiver, time, kind, day, number; what is left out is empty."""
    return [Typed.of(place, row, again=place in again) for place, row in enumerate(cells, 1)]


def send(bank: Bank, typed: Sequence[Typed], who: str = "Cass", *, key: str = "", area: str = "mossgate", **more: Any) -> str:
    values: dict[str, Any] = {"number": "41", "day": clock.today(), **more}
    return sheets.post_sheet(bank.areas[area], typed, bank.who(who), once_key=key or uuid.uuid4().hex, **values)


def faults(bank: Bank, typed: Sequence[Typed], who: str = "Cass", **more: Any) -> list[tuple[int, str, str]]:
    """What is wrong, and proof that nothing was posted."""
    before = counted()
    with pytest.raises(Faulty) as caught:
        send(bank, typed, who, **more)
    db.session.rollback()
    assert counted() == before, "something was half-posted"
    return [(fault.line, fault.column, fault.sentence) for fault in caught.value.faults]


def counted() -> tuple[int, ...]:
    tables: tuple[Any, ...] = (Exchange, Entry, Sheet, SheetRow, Message, Event)
    return tuple(db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def test_a_sheet_is_in_the_books_at_once(bank: Bank) -> None:
    bank.join("Walter Finch", email=None, postal="3 Larch Court\nMossgate")
    ref = send(
        bank,
        rows(
            ("Walter Finch", bank.cards["Maya"], "1.5", "gard"), ("idris", "Walter F", "1:30", "Shopping and errands", "", "42"),
            ("", "", "", "", "", ""), ("Maya", "Idris", "90 min", "com"), ('"', "Walter", '"', '"'),
        ),
    )  # fmt: skip
    assert (bank.has("Walter Finch"), bank.has("Maya"), bank.has("Idris")) == (90 - 90, -90 + 90 + 90, 90 - 90)
    sheet, found, others = sheets.sheet_with_rows(ref, bank.who("Cass"))
    assert (sheet.number, sheet.part, [row.line for row in found], [each.number for each in others]) == ("41", 1, [1, 4, 5], ["42"])
    assert sheet.entered_by == f"person:{bank.who('Cass').id}"
    for row in found:
        one = row.exchange
        assert (one.status, one.basis, one.minutes, one.settled_minutes) == ("settled", "paper sheet 41", 90, 90)
        assert one.entered_by == sheet.entered_by and one.answered_by == members.about(one.receiver)
        entry = db.session.scalars(select(Entry).where(Entry.key == one.entry_key)).one()
        assert (entry.basis, entry.actor) == ("paper sheet 41", sheet.entered_by)
    assert [row.exchange.category.code for row in found] == ["garden", "company", "company"]
    assert_books_are_right()


def test_everybody_on_it_gets_one_message_for_the_whole_sheet(bank: Bank) -> None:
    bank.join("Walter Finch", email=None, postal="3 Larch Court")
    send(bank, rows(("Walter Finch", "Maya", "1", "gard"), ("Walter Finch", "Idris", "2", "pets")))
    told = {one.to_name: one for one in db.session.scalars(select(Message).where(Message.subject.contains("paper sheet")))}
    assert set(told) == {"Walter Finch", "Maya", "Idris"}
    walter = told["Walter Finch"]
    assert walter.channel == "letter" and "You helped Maya: 1 h" in walter.letter and "You helped Idris: 2 h" in walter.letter
    assert "Your balance: 3 h." in walter.letter and "http" not in walter.letter and "or call us" in walter.letter
    assert "2 rows of paper sheet 41 are in the books." in walter.letter
    assert "Walter Finch helped you: 1 h" in told["Maya"].body and "/timebank/statement" in told["Maya"].body
    assert len(told["Maya"].short) <= 306
    ref = db.session.scalars(select(Exchange.ref).join(SheetRow).order_by(Exchange.id)).first()
    assert ref
    exchange.something_wrong(ref, "It was raining", bank.who("Maya"))


def test_the_same_sheet_twice_is_one(bank: Bank) -> None:
    typed = rows(("Maya", "Idris", "1", "garden"))
    first = send(bank, typed, key="once")
    assert send(bank, typed, key="once") == first and bank.has("Maya") == 60
    assert len(db.session.scalars(select(Sheet)).all()) == 1


def test_a_number_that_was_used_is_pointed_out_and_may_go_on(bank: Bank) -> None:
    first = send(bank, rows(("Maya", "Idris", "1", "garden")), number="a 41")
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("Idris", "Maya", "1", "pets")), number="A 41")
    assert caught.value.used == [(first, "A 41", "Mossgate")] and not caught.value.faults
    assert bank.has("Maya") == 60
    second = send(bank, rows(("Idris", "Maya", "1", "pets")), number="A 41", go_on=True)
    assert sheets.sheet_with_rows(second, bank.who("Cass"))[0].part == 2
    bank.join("Rita", "riverside", "connector")
    elsewhere = rows((bank.cards["Walter"], bank.cards["Maya"], "1", "pets"))
    with pytest.raises(Faulty) as caught:
        send(bank, elsewhere, "Rita", number="A 41", area="riverside")
    assert {area for _ref, _number, area in caught.value.used} == {"Mossgate"}, "the same sheet may lie on two desks"
    third = send(bank, elsewhere, "Rita", number="A 41", area="riverside", go_on=True)
    sheets.undo(third, "Typed twice", bank.who("Rita"))
    sheets.undo(first, "Typed twice", bank.who("Cass"))
    sheets.undo(second, "Typed twice", bank.who("Cass"))
    send(bank, rows(("Idris", "Maya", "1", "pets")), number="A 41")  # nothing of it counts, so nobody is asked


def test_every_fault_stands_at_its_row_and_nothing_is_posted(bank: Bank) -> None:
    bank.join("Maya Green")
    bank.join("Maya Brown")
    tomorrow = (clock.today() + timedelta(days=1)).strftime("%d/%m/%Y")
    found = faults(
        bank,
        rows(
            ("Idris", "Maya Green", "1", "garden"),  # right
            ("May", "Idris", "1", "garden"),
            ("Nobody", "Idris", "1", "garden"),
            ("", "", "", "", "", ""),
            ("Idris", "", "half", "zzz", "31/2/2026"),
            ("Idris", "Idris", "1", "c"),
            ("Idris", "Maya Green", "1:07", "garden"),
            ("Idris", "Maya Green", "17", "garden"),
            ("Idris", "Maya Brown", "1", "garden", tomorrow),
            ("MEM-2222-2222", "Idris", "1", "garden"),
        ),
    )  # fmt: skip
    assert [(line, column) for line, column, _sentence in found] == [
        (2, "giver"), (3, "giver"), (5, "receiver"), (5, "time"), (5, "kind"), (5, "day"), (6, "kind"), (7, "time"), (8, "time"), (9, "day"), (10, "giver"),
    ]  # fmt: skip
    assert "More than one is called like that" in found[0][2] and "Nobody here is called “Nobody”" in found[1][2]
    assert "Company and a chat" in found[6][2] and "quarters of an hour" in found[7][2]


def test_an_exact_name_wins_and_several_are_offered(bank: Bank) -> None:
    bank.join("Maya Green")
    bank.join("Maya Black", "riverside")
    send(bank, rows(("Maya", "Idris", "1", "garden")))
    assert bank.has("Maya") == 60
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("ma", "Idris", "1", "garden")), number="43")
    offered = dict(caught.value.faults[0].candidates)
    assert {bank.cards["Maya"], bank.cards["Maya Green"]} <= set(offered)
    assert all(card in words for card, words in offered.items())
    send(bank, rows((f"ma {bank.cards['Maya Green']}", "Idris", "1", "garden")), number="43")
    assert bank.has("Maya Green") == 60


def test_names_are_those_of_the_coordinators_areas_and_numbers_are_anybodys(bank: Bank) -> None:
    cass = bank.who("Cass")
    mossgate = Who(cass.id, cass.ref, cass.name, cass.area_id, frozenset({("connector", bank.areas["mossgate"])}))
    bank.people["Cass"] = mossgate
    assert faults(bank, rows(("Walter", "Maya", "1", "garden")))[0][2].startswith("Nobody here is called")
    send(bank, rows((bank.cards["Walter"].lower().replace("-", " "), "Maya", "1", "garden")))
    assert bank.has("Walter") == 60
    assert books.balance("area:riverside:clearing") == -60 and books.balance("area:mossgate:clearing") == 60
    bank.join("Rita", "riverside")
    found = faults(bank, rows((bank.cards["Walter"], bank.cards["Rita"], "1", "garden")), number="2")
    assert "A colleague there types this row" in found[0][2]
    with pytest.raises(NotYours):
        send(bank, rows(("Maya", "Idris", "1", "garden")), area="riverside")
    with pytest.raises(NotYours):
        send(bank, rows(("Maya", "Idris", "1", "garden")), "Maya")
    with pytest.raises(NotFound):
        sheets.sheet_with_rows("SHT-2222-2222", mossgate)
    assert_books_are_right()


def test_a_sheet_lies_where_its_people_live(bank: Bank) -> None:
    """Else whoever looks after that area reads it and takes it back, and helps nobody on it."""
    [found] = faults(bank, rows(("Maya", "Idris", "1", "garden")), "Olga", area="riverside")
    assert found[:2] == (1, "giver") and "Neither of them lives in Riverside. Choose Mossgate above" in found[2]
    ref = send(bank, rows(("Maya", "Idris", "1", "garden"), ("Walter", "Idris", "1", "garden")), "Olga")
    with transaction():
        ward = db.session.get_one(Area, bank.areas["mossgate"])
        estate = Area(code="larch", name="Larch Court", kind="estate", parent_id=ward.id)
        db.session.add(estate)
        db.session.flush()
        bank.areas["larch"] = estate.id
    bank.join("Lena", "larch")
    send(bank, rows(("Lena", "Walter", "1", "garden")), "Olga", number="7")  # what lies in an area is a part of it
    rita = bank.join("Rita", "riverside", "officer")
    for_riverside = Who(rita.id, rita.ref, rita.name, rita.area_id, frozenset({("officer", bank.areas["riverside"])}))
    walters = send(bank, rows(("Walter", "Maya", "1", "pets")), "Olga", number="8", area="riverside")
    assert sheets.sheet_with_rows(walters, for_riverside)[1]
    members.set_member(bank.cards["Walter"], area_id=bank.areas["mossgate"], seen_outside=False, paused=False, actor=bank.actor("Walter"))
    assert sheets.sheet_with_rows(walters, for_riverside)[1], "they lived there then"
    with pytest.raises(NotFound):
        sheets.sheet_with_rows(ref, for_riverside)


def test_nobody_types_their_own_hours(bank: Bank) -> None:
    bank.group("Friends of Mossgate", "Cass")
    found = faults(
        bank, rows(("Cass", "Maya", "1", "garden"), ("Maya", "Idris", "1", "garden"), ("Idris", "Friends of Mossgate", "1", "garden"))
    )
    assert [(line, column) for line, column, _s in found] == [(1, "giver"), (3, "receiver")]
    assert "a colleague types them" in found[0][2]
    send(bank, rows(("Cass", "Maya", "1", "garden")), "Olga")
    assert bank.has("Cass") == 60


def test_the_same_hour_twice_is_asked_within_the_sheet_and_with_what_is_there(bank: Bank) -> None:
    ref = bank.settled("Idris", "Maya", 60)
    found = faults(bank, rows(("Idris", "Maya", "1", "pets"), ("Maya", "Idris", "2", "pets"), ("Maya", "Idris", "2", "pets")))
    assert [(line, column) for line, column, _s in found] == [(1, "time"), (3, "time")]
    assert "Is this another one?" in found[0][2]
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("Idris", "Maya", "1", "pets")))
    assert caught.value.faults[0].twice == ref
    send(bank, rows(("Idris", "Maya", "1", "pets"), ("Maya", "Idris", "2", "pets"), ("Maya", "Idris", "2", "pets"), again=(1, 3)))
    assert bank.has("Idris") == 60 + 60 - 240
    waits = bank.log("Maya", "received", "Cass", 45)
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("Cass", "Maya", "1", "pets")), "Olga", number="9")
    assert caught.value.faults[0].twice == waits and "Is it the same?" in caught.value.faults[0].sentence


def test_no_giver_has_more_than_a_day(bank: Bank) -> None:
    bank.settled("Idris", "Maya", 600)
    lend(bank, "Maya", 1200)
    found = faults(bank, rows(("Idris", "Maya", "4", "pets"), ("Idris", "Maya", "2:15", "pets")))
    assert [(line, column) for line, column, _s in found] == [(2, "time")] and "more than one person can give in a day" in found[0][2]


def test_a_floor_is_an_error_in_place_with_the_way_on(bank: Bank) -> None:
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("Idris", "Maya", "11", "pets"), ("Cass", "Maya", "9.25", "pets"), ("Maya", "Idris", "1", "pets")), "Olga")
    [fault] = caught.value.faults
    assert (fault.line, fault.column, fault.member) == (2, "receiver", bank.cards["Maya"])
    assert "below -20 h" in fault.sentence and "on their page" in fault.sentence
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    send(bank, rows(("Idris", "Maya", "11", "pets"), ("Cass", "Maya", "9.25", "pets"), ("Maya", "Idris", "1", "pets", yesterday)), "Olga")
    assert bank.has("Maya") == -1155, "rows go into the books by their day, so what she gave before counts first"
    assert db.session.scalar(select(func.count()).select_from(Message).where(Message.subject.contains("balance is"))) == 1
    members.allow_lower(bank.cards["Maya"], Minutes(-1800), "A hard month", bank.actor("Olga"))
    send(bank, rows(("Idris", "Maya", "2", "pets")), "Olga", number="8")
    assert_books_are_right()


def test_members_on_a_break_and_those_who_left(bank: Bank) -> None:
    members.set_member(bank.cards["Idris"], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Idris"))
    assert "taking a break" in faults(bank, rows(("Idris", "Maya", "1", "pets")))[0][2]
    with pytest.raises(Faulty) as caught:
        send(bank, rows(("Idris", "Maya", "1", "pets")))
    assert caught.value.faults[0].member == bank.cards["Idris"], "the way to end it"


def test_a_sheet_without_rows_or_with_too_many(bank: Bank) -> None:
    with pytest.raises(Refused, match="at least one row"):
        send(bank, rows(("", "", "", "", "", "")))
    with pytest.raises(Refused, match="at most 100 rows"):
        send(bank, rows(*[("Maya", "Idris", "1", "pets")] * 101))
    assert faults(bank, rows(("Maya", "Idris", "1", "pets")), number="") == [
        (1, "number", "Write the number of the sheet. If it has none, write one on it.")
    ]  # fmt: skip
    assert faults(bank, rows(("Maya", "Idris", "1", "pets")), day=None)[0][1] == "day"


HOSTILE = [
    "' OR 1=1 --", "<script>alert(1)</script>", "=HYPERLINK(\"x\")", "%", "_", "\\", "{{7*7}}", "%(name)s", "../../etc/passwd", "🎉" * 40, "e\u0301" * 50,
    "-1", "1e9", "999999999999999999999", "0", "1/1/1", "00/00/0000", "99:99", "٣", "MEM-", "MEM-7F3K-9QXA" * 3, "x" * 120,
]  # fmt: skip


@pytest.mark.parametrize("column", sheets.COLUMNS)
def test_hostile_cells_are_faults(bank: Bank, column: str) -> None:
    good = ["Maya", "Idris", "1", "pets", "", "7"]
    kept = [text for text in HOSTILE if column != "number" or len(text) > 20]
    place = sheets.COLUMNS.index(column)
    typed = [Typed.of(line, [*good[:place], hostile, *good[place + 1 :]]) for line, hostile in enumerate(kept, 1)]
    found = faults(bank, typed)
    assert [(line, where) for line, where, _s in found] == [(line, column) for line in range(1, len(kept) + 1)]


# --- undoing -------------------------------------------------------------------------------------------------------------


def test_a_whole_sheet_is_taken_back(bank: Bank) -> None:
    ref = send(bank, rows(("Maya", "Idris", "1", "garden"), (bank.cards["Walter"], "Idris", "2", "pets")))
    assert sheets.undo(ref, "It belongs to another area", bank.who("Cass")) == 2, "also by who typed it"
    assert (bank.has("Maya"), bank.has("Idris"), bank.has("Walter")) == (0, 0, 0)
    sheet, found, _others = sheets.sheet_with_rows(ref, bank.who("Olga"))
    assert sheet.undone_by == f"person:{bank.who('Cass').id}" and {row.exchange.status for row in found} == {"reversed"}
    told = db.session.scalars(select(Message).where(Message.subject.contains("does not count any more"))).all()
    assert {one.to_name for one in told} == {"Maya", "Idris", "Walter"} and all("another area" in one.body for one in told)
    before = counted()
    assert sheets.undo(ref, "Again", bank.who("Olga")) == 0
    assert counted() == before
    assert_books_are_right()


def test_what_was_put_right_before_stays_so(bank: Bank) -> None:
    ref = send(bank, rows(("Maya", "Idris", "1", "garden"), ("Maya", "Idris", "2", "pets")))
    first, second = (row.exchange.ref for row in sheets.sheet_with_rows(ref, bank.who("Cass"))[1])
    exchange.put_right(first, 0, "Not so", bank.who("Olga"))
    exchange.put_right(second, 60, "One hour", bank.who("Olga"))
    assert bank.has("Maya") == 60
    assert sheets.undo(ref, "All wrong", bank.who("Olga")) == 1
    assert bank.has("Maya") == 0
    assert_books_are_right()


def test_all_of_it_or_nothing(bank: Bank) -> None:
    ref = send(bank, rows(("Idris", "Maya", "1", "garden"), ("Maya", "Idris", "2", "pets")))
    members.allow_lower(bank.cards["Maya"], Minutes(0), "A test", bank.actor("Olga"))
    bank.log("Idris", "gave", "Maya", 60, kind="lifts", again=True)
    exchange.answer(db.session.scalars(select(Exchange.ref).order_by(Exchange.id.desc())).first() or "", 60, "", bank.who("Maya"), shown=60)
    before = counted()
    with pytest.raises(Refused, match=r"Row 2: That would take Maya below 0 h\."):
        sheets.undo(ref, "Wrong", bank.who("Cass"))
    db.session.rollback()
    assert counted() == before and bank.has("Maya") == 0
    assert_books_are_right()


def test_who_may_take_back(bank: Bank) -> None:
    ref = send(bank, rows(("Cass", "Maya", "1", "garden")), "Olga")
    with pytest.raises(Refused, match="Write why"):
        sheets.undo(ref, "", bank.who("Olga"))
    with pytest.raises(Refused, match="Ask a colleague"):
        sheets.undo(ref, "Mine", bank.who("Cass"))
    for stranger in ("Maya", "Walter"):
        with pytest.raises(NotYours):
            sheets.undo(ref, "I want it", bank.who(stranger))
    with pytest.raises(NotYours):
        sheets.undo("SHT-2222-2222", "None", bank.who("Olga"))


# --- what is kept --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE paper_sheet SET number = '42'",
        "UPDATE paper_sheet SET entered_by = 'person:99'",
        "UPDATE paper_sheet SET number = ''",
        "UPDATE paper_sheet SET undone_by = 'person:1'",
        "DELETE FROM paper_sheet",
        "UPDATE paper_sheet_row SET line = 9",
        "DELETE FROM paper_sheet_row",
        "INSERT INTO paper_sheet_row (sheet_id, line, exchange_id) SELECT sheet_id, 9, exchange_id FROM paper_sheet_row",
        "INSERT INTO paper_sheet (ref, area_id, number, part, batch, entered_by, entered_at) SELECT 'x', area_id, number, part, batch, entered_by, entered_at FROM paper_sheet",
    ],
)  # fmt: skip
def test_the_database_refuses(bank: Bank, what: str) -> None:
    send(bank, rows(("Maya", "Idris", "1", "garden")))
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(what))
    db.session.rollback()


def test_an_undone_sheet_stays_undone(bank: Bank) -> None:
    ref = send(bank, rows(("Maya", "Idris", "1", "garden")))
    sheets.undo(ref, "Wrong", bank.who("Cass"))
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("UPDATE paper_sheet SET undone_at = NULL, undone_by = NULL"))
    db.session.rollback()


def test_an_undone_sheet_with_a_row_that_stands_is_found(bank: Bank) -> None:
    ref = send(bank, rows(("Maya", "Idris", "1", "garden")))
    assert list(sheets.broken_caches()) == []
    with transaction():
        db.session.execute(text("UPDATE paper_sheet SET undone_at = entered_at, undone_by = 'person:1'"))
    [line] = sheets.broken_caches()
    assert line.startswith(f"sheet {ref} is undone, and exchange EXC-")


def test_a_person_gets_what_is_kept(bank: Bank) -> None:
    send(bank, rows(("Maya", "Idris", "1", "garden")))
    [about] = all_about(bank.who("Maya").id)["paper sheets"]
    assert (about["sheet"], about["row"], about["time"]) == ("41", 1, "1 h")


# --- reading -------------------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("26/11/2026", date(2026, 11, 26)), ("1.2.26", date(2026, 2, 1)), ("01-02-2026", date(2026, 2, 1)), ("26 Nov 2026", date(2026, 11, 26)),
        ("26th November, 2026", date(2026, 11, 26)), ("27 nov", date(2025, 11, 27)), ("26/11", date(2026, 11, 26)), ("2026-11-26", date(2026, 11, 26)),
        ("2026-11-26 10:00:00 UTC", date(2026, 11, 26)), ("2026-11-26T10:00:00Z", date(2026, 11, 26)), ("29 Feb", date(2024, 2, 29)), ("1 Sept", date(2026, 9, 1)),
    ],
)  # fmt: skip
def test_days_as_people_write_them(typed: str, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    assert typed_day(typed) == day


@pytest.mark.parametrize(
    "typed", ["", "31/2/2026", "11/26/2026", "26", "26/11/1026", "26/11/2126", "yesterday", "26 Foo 2026", "2026-13-01", "1/1/1/1"]
)
def test_days_that_are_none(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    with pytest.raises(ValueError, match=r"Write the day|Check the year"):
        typed_day(typed)


def test_first_letters_are_enough_and_no_more(bank: Bank) -> None:
    kinds = members.categories()
    letters = sheets.letters_of(kinds)
    assert letters["company"] == "Com" and letters["cooking"] == "Coo" and letters["garden"] == "G" and letters["repairs"] == "R"
    for kind in kinds:
        assert sheets.kind_of(letters[kind.code].lower(), kinds) is kind
        assert sheets.kind_of(kind.code, kinds) is kind and sheets.kind_of(kind.name.upper(), kinds) is kind
        if len(letters[kind.code]) > 1:
            with pytest.raises(ValueError, match=r"More than one|no kind"):
                sheets.kind_of(letters[kind.code][:-1], kinds)
    assert sheets.kind_of("chat", kinds).code == "company", "a word within, where nothing begins like that"
