"""The desk's pages of paper: the table, its errors in place, what is pasted, the posted sheet, undoing it; a new member; an import."""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.people.model import Person, Role
from portal.timebank import foreign, members
from portal.timebank.model import Exchange
from portal.timebank.paper_model import Sheet
from portal.timebank.sheets import Typed
from portal.timebank.views import sheet_forms
from tests.client import NS
from tests.timebank.bank import Bank, assert_books_are_right, open_bank
from tests.timebank.test_hours_pages import Phone
from tests.timebank.test_import import TIMEOVERFLOW, WRONG

Browser = Callable[..., Phone]


class Desk(Phone):
    """Reading and judging a whole sheet takes more than a page, and less than this."""

    def post(self, path: str, data: Mapping[str, Any], status: int = 303) -> "Desk":
        self.budget = 200
        super(Phone, self).post(path, data, status)
        self.budget = 8
        return self

    def cells(self, place: int) -> list[str]:
        """What stands in a row of the table."""
        return [
            str(next(one for one in self.tree.iter(f"{NS}input") if one.get("name") == f"{column}-{place}").get("value"))
            for column in COLUMNS
        ]


COLUMNS = ("giver", "receiver", "time", "kind", "day", "number")


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


@pytest.fixture
def desk(app: Flask, bank: Bank) -> Desk:
    made = Desk(app)
    made.sign_in(bank.who("Cass").id)
    return made


def row(place: int, *cells: str) -> dict[str, Any]:
    return {f"{column}_{place}": text for column, text in zip(COLUMNS, cells, strict=False)}


SEND = "Put the sheet in the books"


def head(number: str) -> dict[str, Any]:
    """The head of a sheet of today that both signed."""
    today = clock.today()
    return {"number": number, "signed": "y", "day_day": str(today.day), "day_month": str(today.month), "day_year": str(today.year)}


def test_a_sheet_from_the_desk_to_the_books(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/").get("/timebank/desk/sheet")
    assert len([one for one in desk.tree.iter(f"{NS}input") if (one.get("name") or "").startswith("giver-")]) == 10
    desk.submit(
        SEND,
        area="mossgate",
        **head("41"),
        **row(0, "Maya", "Idris", "1.5", "gard"),
        **row(2, "idris", "maya", "90 min", "pets"),
    )
    assert desk.location.startswith("/timebank/desk/sheets/SHT-")
    desk.follow()
    assert "Paper sheet 41" in desk.text and "Maya helped Idris" in desk.text and "2 rows" in desk.text and "Print this sheet" in desk.text
    desk.get("/timebank/desk/sheets")
    assert "Sheet 41" in desk.text and "3 h" in desk.text
    desk.get("/timebank/desk/sheets?q=41").get("/timebank/desk/sheets?q=%25%00")
    assert "No sheet with that number" in desk.text
    assert_books_are_right()


def test_errors_stand_at_the_row_and_what_was_typed_is_kept(desk: Desk, bank: Bank) -> None:
    bank.join("Maya Green")
    desk.get("/timebank/desk/sheet")
    desk.submit(
        SEND, status=422, **head("41"), **row(0, "Maya", "Idris", "1", "gard"), **row(1, "Ma", "Nobody <b>", "ten past", "zz", "31/2", "9"),
    )  # fmt: skip
    assert desk.cells(0) == ["Maya", "Idris", "1", "gard", "", ""]
    assert desk.cells(1) == ["Ma", "Nobody <b>", "ten past", "zz", "31/2", "9"]
    assert "Nothing was posted" in desk.text and "Row 2: Write the time in hours" in desk.text
    for column in ("giver", "receiver", "time", "kind", "day"):
        assert f'id="{column}-1-error"' in desk.text and f'href="#{column}-1"' in desk.text
    assert not db.session.scalars(select(Exchange)).all()
    once = re.findall(r'name="once" value="(\w+)"', desk.text)
    green = bank.cards["Maya Green"]
    desk.submit(SEND, **{**row(1, "Ma", "Idris", "2", "pets", "", ""), "giver_1_is": green})
    assert once and bank.has("Maya Green") == 120 and bank.has("Maya") == 60
    desk.follow()
    assert "Maya Green helped Idris" in desk.text


def test_the_head_of_the_sheet_is_needed(desk: Desk) -> None:
    desk.get("/timebank/desk/sheet")
    desk.submit(SEND, status=422, day_day="31", day_month="2", day_year="2026", **row(0, "Maya", "Idris", "1", "gard"))
    assert "There is no such date" in desk.text and "Look whether both have signed" in desk.text and desk.cells(0)[0] == "Maya"
    desk.submit(SEND, status=422, day_day="", day_month="", day_year="", signed="y")
    assert "Write the number of the sheet" in desk.text and "Say on which day it was" in desk.text
    desk.submit(SEND, status=422, number="1", **{f"{column}_0": "" for column in COLUMNS})
    assert "Write at least one row" in desk.text


def test_enter_and_ten_more_rows_keep_everything(desk: Desk) -> None:
    desk.get("/timebank/desk/sheet")
    first = next(one for one in desk.forms()[0].iter(f"{NS}button"))
    assert first.get("name") == "more", "Enter in a cell never sends half a sheet"
    desk.submit("Ten more rows", status=200, number="41", **row(9, "Maya", "Idris", "1", "gard"))
    assert desk.cells(9)[0] == "Maya" and desk.cells(19) == [""] * 6
    for _again in range(10):
        desk.submit("Ten more rows", status=200)
    assert desk.cells(99) == [""] * 6 and 'name="giver-100"' not in desk.text


def test_rows_are_pasted_from_a_spreadsheet(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/sheet")
    text = 'Who gave\tWho received\tHow long\tKind\nMaya\tIdris\t1:30\tgarden\t\t\n\n"Idris"\t"Maya"\t45 min\tpets\t1/2/2026\t42\textra\n'
    desk.submit("Put these rows in the table", status=200, number="41", paste=text, **row(3, "Cass", "Maya", "1", "gard"))
    assert [desk.cells(place)[0] for place in range(4)] == ["Cass", "Maya", "Idris", ""]
    assert desk.cells(2) == ["Idris", "Maya", "45 min", "pets", "1/2/2026", "42"]
    assert "45 min" not in re.findall(r"(?s)<textarea.*?</textarea>", desk.text)[0]
    desk.submit("Put these rows in the table", status=422, paste="\n\t\t\n")
    assert "There are no rows in this box" in desk.text and desk.cells(2)[0] == "Idris"
    desk.submit("Put these rows in the table", status=422, paste="a\tb\n" * 101)
    assert "at most 100 rows" in desk.text
    desk.submit(SEND, status=200, signed="y", paste="Maya\tIdris\t1\tpets")  # what is still in the box is not lost: it is shown first
    assert desk.cells(3) == ["Maya", "Idris", "1", "pets", "", ""] and not db.session.scalars(select(Sheet)).all()
    desk.submit(SEND, status=422, **head("41"))
    assert "a colleague types them" in desk.text


@pytest.mark.parametrize(
    "text",
    [
        'Maya\tIdris\t1\tpets\t25/11/2026\tX1\n"\tWalter\t2\t"\t"\t"',
        'No.;Who received;Who gave;How long;Kind;Day;Sheet\n1;Idris;Maya;1;pets;25/11/2026;X1\n2;Walter;";2;";";"',
        '7.,Maya,Idris,1,pets,25/11/2026,X1\n8.,",Walter,2,",",",',
        '1\tMaya\tIdris\t1\tpets\t25/11/2026\tX1\r\n2\t"\tWalter\t2\t"\t"\t"\r\n',
    ],
)
def test_rows_come_as_programs_copy_them(text: str) -> None:
    """Ditto marks, semicolons and commas, a column that counts the lines, headings in another order."""
    first, second = sheet_forms.pasted(text, 4)
    assert first == Typed(4, "Maya", "Idris", "1", "pets", "25/11/2026", "X1")
    assert (second.line, second.giver, second.receiver, second.time, second.kind, second.day) == (5, '"', "Walter", "2", '"', '"')


def test_a_quotation_over_two_lines_is_one_cell() -> None:
    (only,) = sheet_forms.pasted('"Maya\nMarsh"\tIdris\t1\tpets', 1)
    assert only.giver == "Maya Marsh"


def test_a_used_number_and_the_same_hour_are_asked_in_place(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/sheet").submit(SEND, **head("7"), **row(0, "Maya", "Idris", "1", "pets"))
    first = desk.location
    desk.get("/timebank/desk/sheet").submit(SEND, status=422, **head("7"), **row(4, "Maya", "Idris", "1", "pets"))
    assert "This number was used before" in desk.text and first in list(desk.links()) and "Is this another one?" in desk.text
    desk.submit(SEND, status=422, go_on="y")
    assert "This number was used before" not in desk.text
    desk.submit(SEND, again_4="y")
    desk.follow()
    assert "part 2" in desk.text and bank.has("Maya") == 120


def test_the_second_sending_gets_the_first_result(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/sheet")
    values = desk._values(desk._form(SEND, None)) | {name.replace("_", "-"): value for name, value in head("7").items()}
    values |= {
        "giver-0": "Maya",
        "receiver-0": "Idris",
        "time-0": "1",
        "kind-0": "pets",
    }
    desk.post("/timebank/desk/sheet", values)
    first = desk.location
    desk.post("/timebank/desk/sheet", values)
    assert desk.location == first and bank.has("Maya") == 60


@pytest.mark.parametrize("name", ["giver--1", "giver-9999999999", "giver-999", "giver-", "giver-1-2", "number-x", "again-0"])
def test_names_of_fields_that_are_none_of_ours(desk: Desk, name: str) -> None:
    desk.get("/timebank/desk/sheet")
    values = desk._values(desk._form(SEND, None))
    desk.post("/timebank/desk/sheet", {**values, name: "x", "signed": "y", "number": "1"}, status=422)
    assert "Write at least one row" in desk.text


@pytest.mark.parametrize(
    "text", ["\x00", "\u202e", "x" * 5000, "🎉" * 200, "{{7*7}}", "<script>alert(1)</script>", "%(name)s", "'; DROP TABLE member"]
)
def test_hostile_words_in_every_cell(desk: Desk, text: str) -> None:
    desk.typed = ("{{7*7}}", "%(name)s")
    desk.get("/timebank/desk/sheet")
    desk.submit(
        SEND, status=422, number=text[:2000], signed="y", paste="", **row(0, *[text] * 6), **row(1, "Maya", "Idris", "1", "pets", "", text)
    )
    desk.submit("Put these rows in the table", status=200 if text.strip("\x00\u202e") else 422, paste=f"{text}\t{text}\n")
    assert not db.session.scalars(select(Sheet)).all()


def test_a_whole_sheet_is_taken_back(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/sheet").submit(
        SEND, **head("7"), **row(0, "Maya", "Idris", "1", "pets"), **row(1, "Idris", "Maya", "2", "pets")
    )
    ref = desk.location
    desk.follow().get(f"{ref}/undo")
    desk.submit("Take the whole sheet back", status=422)
    assert "Write why, in a few words" in desk.text
    desk.submit("Take the whole sheet back", reason="It was another week’s")
    desk.follow()
    assert "does not count any more" in desk.text and "It was another week’s" in desk.text and bank.has("Maya") == 0
    desk.get(f"{ref}/undo")
    assert "does not count any more" in desk.text
    assert_books_are_right()


def test_who_sees_what(app: Flask, desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/sheet").submit(SEND, **head("7"), **row(0, "Maya", "Idris", "1", "pets"))
    ref = desk.location
    paths = ("/timebank/desk/sheet", "/timebank/desk/sheets", "/timebank/desk/members/new", ref, f"{ref}/undo")
    for path in paths:
        Phone(app).sign_in(bank.who("Maya").id).get(path, status=404)
        Phone(app).get(path, status=303)
        Phone(app).sign_in(bank.who("Olga").id).get(path)
    Phone(app).sign_in(bank.who("Cass").id).get("/timebank/desk/import", status=404)
    desk.get("/timebank/desk/sheets/SHT-2222-2222", status=404)
    with transaction():
        for role in db.session.scalars(select(Role).where(Role.person_id == bank.who("Cass").id)):
            role.area_id = bank.areas["riverside"]
    desk.get(ref, status=404).get(f"{ref}/undo", status=404).get("/timebank/desk/sheets")
    assert "No sheet yet" in desk.text
    desk.get("/timebank/desk/sheet")
    assert bank.cards["Walter"] in desk.text and bank.cards["Maya"] not in desk.text, "names of their own areas alone"


# --- a new member --------------------------------------------------------------------------------------------------------


def test_somebody_without_a_phone_becomes_a_member(desk: Desk, bank: Bank) -> None:
    desk.get("/timebank/desk/members/new")
    desk.submit("Make them a member", status=422)
    for words in ("Write their name", "Choose where they live", "Say how you know", "They must say yes to this first"):
        assert words in desk.text
    desk.submit(
        "Make them a member", name="Walter Finch", area="mossgate", address="3 Larch Court\nMossgate", large_print="y", basis="in person", agreed="y",
    )  # fmt: skip
    assert desk.location.startswith("/timebank/desk/members/MEM-")
    desk.follow()
    assert "Walter Finch" in desk.text and "Joined at the desk" in desk.text
    made = db.session.scalars(select(Person).where(Person.name == "Walter Finch")).one()
    assert (made.channel, made.large_print, made.postal_address) == ("letter", True, "3 Larch Court\nMossgate")


def test_the_same_name_is_asked(desk: Desk, bank: Bank) -> None:
    bank.join("Walter Finch", email=None, postal="3 Larch Court")
    known = bank.who("Walter Finch").ref
    desk.get("/timebank/desk/members/new")
    desk.submit("Make them a member", status=422, name="walter finch", area="mossgate", basis="in person", agreed="y")
    assert "Is it the same person?" in desk.text and "3 Larch Court" in desk.text
    desk.submit("Make them a member", same=known)
    assert desk.location == f"/timebank/desk/members/{bank.cards['Walter Finch']}"
    desk.get("/timebank/desk/members/new").submit(
        "Make them a member", status=422, name="Walter Finch", area="mossgate", basis="in person", agreed="y"
    )
    desk.submit("Make them a member", same="new")
    assert desk.location != f"/timebank/desk/members/{bank.cards['Walter Finch']}"
    desk.get("/timebank/desk/members/new").submit(
        "Make them a member", name="Maya", area="mossgate", contact="maya@example.org", basis="telephone", agreed="y"
    )
    assert desk.location == f"/timebank/desk/members/{bank.cards['Maya']}", "known by their address"
    desk.get("/timebank/desk/members/new").submit(
        "Make them a member", status=422, name="Zoe", area="mossgate", basis="in person", agreed="y", contact="12"
    )
    assert "Write a telephone number" in desk.text


def test_an_address_of_somebody_else_is_asked(desk: Desk, bank: Bank) -> None:
    typed = {"name": "Dora Osei", "area": "mossgate", "contact": "maya@example.org", "basis": "telephone", "agreed": "y"}
    desk.get("/timebank/desk/members/new").submit("Make them a member", status=422, **typed)
    assert "This address is Maya’s. Is it the same person?" in desk.text and 'value="Dora Osei"' in desk.text
    desk.submit("Make them a member", same="household").follow()
    assert "Dora Osei" in desk.text
    dora = db.session.scalars(select(Person).where(Person.name == "Dora Osei")).one()
    assert (dora.email, dora.channel) == (None, "letter")
    desk.get("/timebank/desk/members/new").submit("Make them a member", status=422, **typed | {"name": "M Green"})
    desk.submit("Make them a member", same=bank.who("Maya").ref)
    assert desk.location == f"/timebank/desk/members/{bank.cards['Maya']}"
    assert not db.session.scalars(select(Person).where(Person.name == "M Green")).all()
    with transaction():
        db.session.scalars(select(Role).where(Role.person_id == bank.who("Cass").id)).one().area_id = bank.areas["mossgate"]
    desk.get("/timebank/desk/members/new").submit("Make them a member", status=422, **typed | {"contact": "walter@example.org"})
    assert "where a colleague helps" in desk.text and "Walter" not in desk.text
    desk.submit("Make them a member", status=422, same=bank.who("Walter").ref)


# --- the import ----------------------------------------------------------------------------------------------------------


def look(browser: Desk, text: bytes, source: str, area: str = "mossgate", status: int = 200, **more: Any) -> Desk:
    browser.get("/timebank/desk/import")
    values = browser._values(browser._form("See what would be done", None))
    values |= {"source": source, "area": area, "files": (io.BytesIO(text), "users.csv"), **more}
    browser.post("/timebank/desk/import", values, status)
    return browser


def test_an_import_is_looked_at_and_then_done(app: Flask, bank: Bank) -> None:
    olga = Desk(app)
    olga.sign_in(bank.who("Olga").id)
    look(olga, TIMEOVERFLOW.encode(), "timeoverflow")
    assert "Rosa Martí" in olga.text and "-22 h 30 min" in olga.text and "Import" in olga.text
    assert not db.session.scalars(select(Person).where(Person.name == "Rosa Martí")).all(), "nothing before the button"
    olga.submit("Import")
    olga.follow()
    assert "Taken over: 3 members" in olga.text
    rosa = db.session.scalars(select(Person).where(Person.name == "Rosa Martí")).one()
    member = members.member_of(rosa.id)
    assert member and members.balance(member) == 90
    look(olga, TIMEOVERFLOW.encode(), "timeoverflow")
    assert "Everybody in these files is here already" in olga.text
    olga.get(f"/timebank/desk/members/{member.ref}")
    assert "Came from another timebank" in olga.text
    assert_books_are_right()


def test_problems_are_a_table_by_line(app: Flask, bank: Bank) -> None:
    olga = Desk(app)
    olga.sign_in(bank.who("Olga").id)
    look(olga, WRONG.encode(), "template", area="")
    assert "users.csv, 3" in olga.text and "The name is missing" in olga.text and "put it right first" in olga.text
    assert 'name="do"' not in olga.text
    look(olga, b"", "template", status=422, files=(io.BytesIO(b""), ""))
    assert "Choose one or more CSV files" in olga.text
    for kept in ("nonsense", "eJw=", "AAAA"):
        look(olga, b"", "template", status=422, files=(io.BytesIO(b""), ""), kept=kept)
    look(olga, b"x" * (foreign.MOST_BYTES + 2), "template")
    assert "larger than 1 megabyte" in olga.text
    olga.get("/timebank/desk/import/template.csv")
    assert olga.text.startswith("\ufeffid,name,kind")
