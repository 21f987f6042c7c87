"""What the desk prints: tagged PDF that a screen reader can read, in large print too, whatever members are called."""

import io
from typing import Any

import pikepdf
import pytest
from flask import Flask

from portal.people.actions import change_profile
from portal.places.queries import scheme
from portal.timebank import members, prints
from portal.web import documents
from tests.client import Inspector
from tests.tagged import Tagged
from tests.timebank.bank import Bank, open_bank

MARKUP = '#eval("1 + 1") *b* _i_ $x$ `r` <l> @ref [c] \\ // = #image("/etc/passwd") {{7*7}}'


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def drawn(document: documents.Document | documents.Printed) -> Tagged:
    made = Tagged(documents.pdf(document))
    assert bool(made.root.MarkInfo.Marked) and str(made.root.Lang) == "en-GB"
    with made.file.open_metadata() as about:
        assert about["pdfuaid:part"] == "1" and about["dc:title"]
    assert next(tag for tag, _text in made.headings()) == "H1"
    return made


def whole(bank: Bank, *, large: bool = False) -> documents.Printed:
    shown = scheme()
    assert shown
    return prints.cards("Membership cards, Mossgate", members.listed(None), shown, large=large)


@pytest.mark.parametrize(("large", "on_a_page"), [(False, 8), (True, 4)])
def test_cards(bank: Bank, large: bool, on_a_page: int) -> None:
    for number in range(7):
        bank.join(f"Neighbour {number}")
    made = drawn(whole(bank, large=large))
    everybody = members.listed(None)
    assert len(everybody) == 12 and len(made.file.pages) == -(-12 // on_a_page)
    assert [text for tag, text in made.headings() if tag == "H2"] == [members.name_of(each) for each in everybody]
    for each in everybody:
        assert each.ref in made.text()
    pictures = made.elements("Figure")
    assert len(pictures) == 12
    assert {str(picture.Alt) for picture in pictures} == {f"QR code for http://localhost/timebank/to/{each.ref}" for each in everybody}


@pytest.mark.parametrize("name", [MARKUP, "x" * 120, "محمد علي الخوري", "🎉", "e\u0301" * 60, "中文", "\u202eevil", "Łukasz Gżegżółka"])
def test_whatever_somebody_is_called(bank: Bank, name: str) -> None:
    bank.join(name, email=None)
    shown = scheme()
    assert shown
    everybody = members.listed(None)
    for large in (False, True):
        assert len(drawn(prints.cards("Cards", everybody, shown, large=large)).elements("Figure")) == 6
    sheets = drawn(prints.time_sheets("Time sheets", everybody, None, shown, large=False))
    assert not sheets.elements("Link") and len(sheets.elements("Table")) == 6
    if name == MARKUP:
        assert MARKUP.replace(" ", "") in sheets.text().replace(" ", "").replace("\n", "")


@pytest.mark.parametrize("large", [False, True])
def test_time_sheets(bank: Bank, large: bool) -> None:
    shown = scheme()
    assert shown
    two = [bank.member("Maya"), bank.member("Idris")]
    made = drawn(prints.time_sheets("Time sheets, Mossgate", two, None, shown, large=large))
    assert len(made.file.pages) == 2, "one page for each"
    assert [text for tag, text in made.headings()] == ["Time sheets, Mossgate", "Maya", "Idris"]
    heads = [text for tag, text in made.told() if tag == "TH"]
    assert heads[:7] == ["Day", "Neighbour: name or number", "Gave or received", "How long", "Kind of help", "I sign", "They sign"]
    assert len(made.elements("TR")) == 2 * (1 + (6 if large else 11))
    assert "Com = Company and a chat" in made.text() and bank.cards["Maya"] in made.text() and len(made.elements("Figure")) == 2
    empty = drawn(prints.time_sheets("Time sheet", [], two[0].area, shown, large=large))
    assert len(empty.file.pages) == 1 and "Who gave" in empty.text() and "Mossgate" in empty.text() and not empty.elements("Figure")


def test_a_statement_as_a_letter(bank: Bank) -> None:
    bank.join("Walter Finch", email=None, postal="3 Larch Court\nMossgate")
    bank.settled("Idris", "Maya", 75)
    shown = scheme()
    assert shown
    letter = drawn(prints.statement(bank.member("Maya"), shown, large=False))
    assert "Your balance: -1 h 15 min" in letter.text() and "Idris helped you, Garden" in letter.text() and "that is fine" in letter.text()
    assert "Call us on 01375 000000" in letter.text() and len(letter.elements("TR")) == 2
    nothing = prints.statement(bank.member("Walter Finch"), shown, large=True)
    assert nothing.address == "Walter Finch\n3 Larch Court\nMossgate" and nothing.large
    assert "Nothing is in the books yet." in drawn(nothing).text() and "3 Larch Court" in drawn(nothing).text()


def largest(made: bytes) -> float:
    """The size of its largest letters, in points."""
    file: Any = pikepdf.open(io.BytesIO(made))
    return max(float(step.operands[1]) for page in file.pages for step in pikepdf.parse_content_stream(page) if str(step.operator) == "Tf")


def test_the_pages(app: Flask, bank: Bank) -> None:
    cass = Inspector(app, budget=8).sign_in(bank.who("Cass").id)
    maya = bank.cards["Maya"]
    cass.get("/timebank/desk/print")
    files = [link for link in cass.links() if ".pdf" in link]
    assert len(files) == 12, "cards, time sheets and an empty one, each in large print too, for two areas"
    cass.get(f"/timebank/desk/members/{maya}")
    files += [link for link in cass.links() if ".pdf" in link]
    assert len(files) == 18
    for file in files[::3]:
        cass.get(file)
        answer = cass.client.get(file)
        assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")
    walter = bank.cards["Walter"]
    for path in ("/timebank/desk/print/cards.pdf", "/timebank/desk/print/cards.pdf?area=atlantis", "/timebank/desk/print/cards.pdf?area=mossgate&part=9",
                 "/timebank/desk/print/empty-sheet.pdf?area=%00", "/timebank/desk/members/MEM-2222-2222/card.pdf"):  # fmt: skip
        cass.get(path, status=404 if "members" in path else 409)
    for name in ("Maya", "Walter"):
        stranger = Inspector(app).sign_in(bank.who(name).id)
        for path in (
            "/timebank/desk/print",
            f"/timebank/desk/members/{walter}/statement.pdf",
            "/timebank/desk/print/cards.pdf?area=mossgate",
        ):
            stranger.get(path, status=404)


def test_who_reads_large_print_gets_it(app: Flask, bank: Bank) -> None:
    someone = bank.who("Maya")
    change_profile(someone.id, name="Maya", area_id=bank.areas["mossgate"], channel="email", large_print=True, postal_address="")
    cass = Inspector(app).sign_in(bank.who("Cass").id)
    path = f"/timebank/desk/members/{bank.cards['Maya']}/statement.pdf"
    by_itself, large, small = (cass.client.get(path + more).data for more in ("", "?large=1", "?large=0"))
    assert largest(by_itself) == largest(large) > 1.5 * largest(small)


def test_parts_of_a_large_area(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prints, "AT_ONCE", 3)
    area = bank.member("Maya").area
    parts = prints.parts_of(set(bank.areas.values()))
    assert parts == {bank.areas["mossgate"]: 2, bank.areas["riverside"]: 1}
    names = [[members.name_of(each) for each in prints.of_area(area, part)] for part in (1, 2, 3)]
    assert names == [["Cass", "Idris", "Maya"], ["Olga"], []]
