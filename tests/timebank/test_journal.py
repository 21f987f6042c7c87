"""After everything that moves hours, hledger and Beancount read our journal and come to our balances, to the minute."""

import uuid
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.history import Actor
from portal.ledger.model import Entry
from portal.money import Minutes
from portal.timebank import checkin, exchange, imports, leaving, session_closing, sessions, sheets
from portal.timebank.sheets import Typed
from tests.ledger.journals import beancount_says, hledger_says, ours
from tests.timebank.bank import Bank, assert_books_are_right, lend
from tests.timebank.pool import TODAY, WEDNESDAY, Pool, open_pool

BROUGHT = b"N,Name,Email,Balance\n1,Rosa,rosa@example.org,5400\n2,Joan,joan@example.org,-81000\n"
KINDS = {
    "exchange", "reversal", "session", "session put right", "donation", "pot grant", "spend", "opening", "write-off", "starting credit",
}  # fmt: skip


@pytest.fixture
def pool(app: Flask) -> Any:
    """Everything that moves hours, once or more."""
    with clock.held_at(WEDNESDAY):
        made = open_pool()
        _exchanges(made.bank)
        _session(made.bank)
        _gifts(made.bank)
        made.redeemed(made.open(ahead=False), "Idris")
        imports.take_over([("users.csv", BROUGHT)], "timeoverflow", "mossgate", Actor(None))
        _farewell(made.bank)
        yield made


def _exchanges(bank: Bank) -> None:
    lend(bank, "Maya", 600)
    bank.settled("Idris", "Maya", 90)
    bank.settled("Walter", "Maya", 75)  # of another area
    wrong = bank.settled("Idris", "Walter", 45)
    exchange.put_right(wrong, 30, "It was shorter", bank.who("Cass"))
    exchange.put_right(bank.settled("Maya", "Idris", 15), 0, "It was another day", bank.who("Cass"))
    typed = [Typed.of(1, ("Idris", "Maya", "1:15", "pets", "", "")), Typed.of(2, ("Walter", "Idris", "0:45", "pets", "", ""))]
    sheets.post_sheet(bank.areas["mossgate"], typed, bank.who("Cass"), number="41", day=TODAY, once_key=uuid.uuid4().hex)
    gone = sheets.post_sheet(
        bank.areas["mossgate"],
        [Typed.of(1, ("Maya", "Idris", "2", "pets", "", ""))],
        bank.who("Cass"),
        number="42",
        day=TODAY,
        once_key=uuid.uuid4().hex,
    )
    sheets.undo(gone, "The wrong sheet", bank.who("Olga"))


def _session(bank: Bank) -> None:
    plan = sessions.Plan("Litter pick", "", "events", bank.areas["mossgate"], "Creek Road", TODAY, time(9), time(10), Minutes(60), None)
    for number in range(2):
        ref = sessions.open_session(plan, f"member:{bank.cards['Maya']}", bank.who("Maya"), once_key=uuid.uuid4().hex)
        for name in ("Idris", "Walter"):
            checkin.here_by_token(sessions.token_of(sessions.by_ref(ref)), bank.who(name))
        session_closing.close(ref, 60, {}, bank.who("Maya"))
        if number:
            session_closing.reverse_all(ref, "Written twice", bank.who("Cass"))
        else:
            row = checkin.row_of(sessions.by_ref(ref), bank.member("Idris"))
            assert row is not None
            session_closing.put_right(ref, row.id, 45, "Left early", bank.who("Cass"), shown=60)


def _gifts(bank: Bank) -> None:
    leaving.donate(bank.cards["Idris"], leaving.POT, 60, "", bank.who("Idris"), once_key="pot")
    leaving.donate(bank.cards["Idris"], bank.cards["Walter"], 15, "", bank.who("Idris"), once_key="gift")
    leaving.grant("mossgate", bank.cards["Maya"], 45, "A hard month", bank.who("Cass"), once_key="grant")


def _farewell(bank: Bank) -> None:
    """Ann leaves below zero: the pot carries what it has, the rest is written off."""
    bank.join("Ann")
    bank.settled("Idris", "Ann", 120)
    leaving.leave(bank.cards["Ann"], leaving.POT, "", bank.who("Ann"))


def test_every_kind_of_entry_is_there(pool: Pool) -> None:
    found = set(db.session.scalars(select(Entry.kind).distinct()))
    assert found >= KINDS, KINDS - found
    assert_books_are_right()
    assert {line.rpartition(" ")[2] for line in ours().values()} == {"MIN"}


def test_hledger_agrees(pool: Pool, tmp_path: Path) -> None:
    assert hledger_says(tmp_path) == ours()


def test_beancount_agrees(pool: Pool, tmp_path: Path) -> None:
    assert beancount_says(tmp_path) == ours()
