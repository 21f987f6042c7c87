"""hledger and Beancount read our journal and come to our balances, to the penny and the minute."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask

from portal.db import transaction
from portal.ledger import export
from portal.ledger.posting import Line, open_account, post, reverse
from tests.ledger.journals import beancount_says, hledger_says, ours

NASTY = 'He said "£5" ; tags: x, |pipes\\ and\nnewlines 🌱 \u202e'


@pytest.fixture
def books(app: Flask) -> None:
    with transaction():
        for code, kind in (
            ("funder:the_council", "equity"),
            ("fund:small-sparks:available", "asset"),
            ("payee:PAY-7F3K-9QXA:paid", "expense"),
            ("award:17:reserved", "hold"),
        ):
            open_account(code, "GBP", kind, code)
        for code in ("member:1", "member:2"):
            open_account(code, "MIN", "liability", code)
        open_account("neighbour:pledge9:given", "MATCH", "memo", "n")
        open_account("award:17:delivered", "MATCH", "memo", "d")
    lines: list[tuple[str, Sequence[Line]]] = [
        ("contribution:1", [Line("funder:the_council", "fund:small-sparks:available", 100_000_01)]),
        (
            "award:17:offered",
            [Line("fund:small-sparks:available", "award:17:reserved", 250_07), Line("award:17:reserved", "payee:PAY-7F3K-9QXA:paid", 1)],
        ),
        ("exchange:1", [Line("member:1", "member:2", 75)]),
        ("work:1:match", [Line("neighbour:pledge9:given", "award:17:delivered", 1250)]),
        ("mistake", [Line("member:2", "member:1", 15)]),
    ]
    for key, some in lines:
        with transaction():
            post(some, key=key, kind="test", about="x:1", sentence=NASTY, actor="scheme")
    with transaction():
        reverse("mistake", reason=NASTY, actor="scheme")


def test_hledger_agrees(books: None, tmp_path: Path) -> None:
    assert hledger_says(tmp_path) == ours()


def test_beancount_agrees(books: None, tmp_path: Path) -> None:
    assert beancount_says(tmp_path) == ours()


def test_an_empty_book_is_a_valid_journal(app: Flask) -> None:
    assert "Kindling" in "".join(export.lines("beancount"))
    assert "Kindling" in "".join(export.lines("hledger"))


@pytest.mark.parametrize("form", export.FORMATS)
def test_the_command_says_how_many_entries_went_where(app: Flask, books: None, tmp_path: Path, form: str) -> None:
    file = tmp_path / "books"
    run = app.test_cli_runner()
    written = run.invoke(args=["ledger", "export", "--format", form, "--output", str(file)])
    assert written.output == f"{file}: 6 entries\n", written.exception
    shown = run.invoke(args=["ledger", "export", "--format", form, "--output", "-"])
    assert shown.stdout == file.read_text(), "the books, and nothing else"
    assert shown.stderr == "kindling: 6 entries are written.\n"
