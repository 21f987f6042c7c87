"""A document as a tagged PDF: its structure, what strange text does to it, and the same bytes each time."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from portal.web import documents
from portal.web.documents import Block, Document, Facts, Heading, Points, Table, Text
from tests.tagged import Tagged

AT = datetime(2026, 6, 1, 10, 30, 12, 345678, tzinfo=UTC)


def made(*blocks: Block, title: str = "Minutes: Summer Sparks") -> Document:
    return Document(title, "Estuary Together", "SIT-2222-2222", AT, blocks, note="DRAFT")


def drawn(*blocks: Block, title: str = "Minutes: Summer Sparks") -> Tagged:
    return Tagged(documents.pdf(made(*blocks, title=title)))


WHOLE = (
    Facts([("Panel", "Mossgate"), ("Is it wanted here?", "1.5 of 3")]),
    Heading("Who decided"),
    Table("Seats", ["Name", "Voted on"], [["Ada", "3"], ["Łukasz", "2"]], numbers=(1,)),
    Heading("Step by step", 3),
    Points([("A garden, £250.00", "3 yes votes.\nLeft: £0.00"), ("A bench", "")], numbered=True),
    Points([("", "The owner agrees")]),
    Text("It rains.\nOften.", "Why:"),
    Text("Drawn up by the portal.", quiet=True),
)


def test_the_structure_is_told_in_the_order_of_reading() -> None:
    whole = drawn(*WHOLE)
    assert bool(whole.root.MarkInfo.Marked) and str(whole.root.Lang) == "en-GB" and bool(whole.root.ViewerPreferences.DisplayDocTitle)
    with whole.file.open_metadata() as about:
        assert (
            about["dc:title"] == "Minutes: Summer Sparks" and about["pdfuaid:part"] == "1" and about["dc:creator"] == ["Estuary Together"]
        )
    assert whole.told() == [
        ("Document", ""), ("H1", "Minutes: Summer Sparks"),
        ("L", ""), ("LI", ""), ("Lbl", "Panel:"), ("LBody", "Mossgate"), ("LI", ""), ("Lbl", "Is it wanted here?"), ("LBody", "1.5 of 3"),
        ("H2", "Who decided"),
        ("Table", ""), ("Caption", "Seats"), ("THead", ""), ("TR", ""), ("TH", "Name"), ("TH", "Voted on"),
        ("TBody", ""), ("TR", ""), ("TD", "Ada"), ("TD", "3"), ("TR", ""), ("TD", "Łukasz"), ("TD", "2"),
        ("H3", "Step by step"),
        ("L", ""), ("LI", ""), ("Lbl", "1."), ("LBody", "A garden, £250.00 3 yes votes. Left: £0.00"), ("LI", ""), ("Lbl", "2."), ("LBody", "A bench"),
        ("L", ""), ("LI", ""), ("Lbl", "•"), ("LBody", "The owner agrees"),
        ("P", "Why: It rains. Often."), ("P", "Drawn up by the portal."),
    ]  # fmt: skip
    assert [str(attribute(head, "/Scope")) for head in whole.elements("TH")] == ["/Column", "/Column"]
    assert all(len(attribute(cell, "/Headers")) == 1 for cell in whole.elements("TD")), "a cell names the head of its column"


def attribute(element: Any, name: str) -> Any:
    """One of a structure element's attributes."""
    owned = element.A if isinstance(element.A, pikepdf.Array) else [element.A]
    return next(each[name] for each in owned if name in each)


def test_every_font_is_embedded_and_nothing_is_drawn_outside_the_structure() -> None:
    whole = drawn(*WHOLE)
    for page in whole.file.pages:
        for _name, font in page.Resources.Font.items():
            assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor or "/FontFile3" in font.DescendantFonts[0].FontDescriptor
        marks = [str(step.operator) for step in pikepdf.parse_content_stream(page)]
        inside = 0
        for mark in marks:
            inside += {"BDC": 1, "BMC": 1, "EMC": -1}.get(mark, 0)
            assert mark not in ("Tj", "TJ", "f", "S", "Do") or inside, "drawn without a tag, and no artifact either"
    assert "DRAFT" not in whole.text() and "1 / 1" not in whole.text(), "what stands on every page is not read out"


def test_the_same_document_gives_the_same_bytes() -> None:
    first = documents.pdf(made(*WHOLE))
    assert documents.pdf(made(*WHOLE)) == first
    assert documents.pdf(made(*WHOLE, Text("More"))) != first


def test_a_long_table_says_its_head_once_to_who_listens_and_on_each_page_to_who_looks() -> None:
    long = drawn(Table("Many", ["Idea", "Yes"], [[f"Idea {number}", "3"] for number in range(120)], numbers=(1,)))
    assert len(long.file.pages) > 2
    assert [text for tag, text in long.told() if tag == "TH"] == ["Idea", "Yes"]
    assert len(long.elements("TR")) == 121


MARKUP = '#eval("1 + 1") *b* _i_ $x$ `r` <l> @ref [c] \\ // /* = #image("/etc/passwd") {{7*7}} <script>alert(1)</script>'


def test_what_people_type_is_never_markup() -> None:
    said = drawn(
        Heading(MARKUP), Text(MARKUP, MARKUP), Facts([(MARKUP, MARKUP)]), Points([(MARKUP, MARKUP)]), Table(MARKUP, [MARKUP], [[MARKUP]]), title=MARKUP
    )  # fmt: skip
    whole = MARKUP.replace(" ", "")  # where a line ends is not a space that was typed
    texts = [text.replace(" ", "") for _tag, text in said.told() if text]
    assert "".join(texts).count(whole) == 11 and "".join(texts).replace(whole, "") in ("•:", ":•")
    assert not said.elements("Figure") and not said.elements("Link") and not said.elements("Code")


NAMES = "Łukasz Gżegżółka, Zoë Şahin, Ọláwálé Adébáyọ̀, Đỗ Thị Hạnh, Ελένη, Оксана, Ħ"


def test_names_of_neighbours_are_whole() -> None:
    assert drawn(Text(NAMES)).told()[-1] == ("P", NAMES)


@pytest.mark.parametrize("text", ["محمد علي الخوري", "राजेश कुमार क्षत्रिय", "שלום דוד", "ٹائپ اردو"])
def test_other_scripts_are_drawn_with_letters_of_ours(text: str) -> None:
    read = drawn(Text(f"Thank you, {text}.")).told()[-1][1]
    assert "□" not in read and all(letter in read for letter in set(text) if letter.isalpha() and not "\u093c" <= letter <= "\u094d")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("🎉 Street party 👩", "Street party"),  # pictures that no font here has are left out
        ("中文 and বাং", "□□ and □"),  # a letter is not lost without a trace
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),  # nothing turns what follows it
        ("\ud800x\udfff\ue000\U0010ffff", "x"),
        ("one\r\ntwo\u2028three\tfour", "one two three four"),
        ("\ufeffx", "x"),
    ],
)
def test_what_cannot_be_drawn(text: str, left: str) -> None:
    assert drawn(Text(text)).told()[-1] == ("P", left)


@pytest.mark.parametrize(
    "text",
    [
        "e\u0301" * 500,
        "x" * 20_000,
        "أَمۡ" * 50,
        # letters that can be drawn alone and not together: then Latin ones are all that is left
        "\u0653\u067c\u066f\u0154\xc0\u0619\u0691\u067b\xed\u093c\u0163\u066e\xf2\u094d\u06005\u065c\u016e\u05dc\u200b\u0628\u010f\u0353\u06015\u05c4",
        "\u0959\u05aa\u0173\u0630\u0339\u200d\u05e3\u05ac\u064e\u06ba\u06e4\u066e\u05b8\u036f\u034d\u0592",
        "".join(map(chr, range(0x4E00, 0x4F80))),
        "🎉",
        "\ud800",
        "",
        " ",
    ],
)
def test_nothing_breaks_it(text: str) -> None:
    """Whatever stands in whichever place: a whole PDF with its structure, and no empty heading."""
    said = drawn(
        Heading(text),
        Text(text, text[:50]),
        Facts([(text, text)]),
        Points([(text, text)]),
        Table(text, [text, ""], [[text, text]]),
        title=text,
    )
    assert said.headings()[0][1] and all(words for _tag, words in said.headings())
    assert str(said.root.Lang) == "en-GB" and bool(said.root.MarkInfo.Marked)


def test_the_page_and_the_pdf_get_the_same_words() -> None:
    data = made(Heading("\u202eTurned"), Heading("\x00"), Text("a\r\nb")).data()
    assert [each["text"] for each in data["blocks"]] == ["Turned", "a\nb"], "cleaned before either is drawn; a heading of nothing is none"


def test_who_draws_has_none_of_our_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile text that takes over the drawing finds an empty environment: shown by a program that tells its own."""
    teller = tmp_path / "teller"
    teller.write_text("#!/bin/sh\ncat > /dev/null\nexport -p\n")
    teller.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(teller))
    monkeypatch.setenv("SECRET_KEY", "told to nobody")
    assert b"SECRET_KEY" not in documents.pdf(made(Text("It rains.")))


def test_who_serves_pages_does_not_load_it() -> None:
    """84 MB of native code for whoever never asks for a PDF: the server stays without it, also when it has drawn one."""
    code = (
        "import sys; from portal.app import create_app; from portal.web import documents; from datetime import datetime, UTC\n"
        "documents.pdf(documents.Document('T', 'A', 'R', datetime(2026, 1, 1, tzinfo=UTC), [])); assert 'typst' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
