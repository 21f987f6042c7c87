"""What the database itself refuses about members and exchanges, whoever asks."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.db import db, transaction
from portal.timebank import queries
from tests.timebank.bank import Bank, open_bank


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE exchange SET minutes = 120",
        "UPDATE exchange SET giver_id = receiver_id + 100",
        "UPDATE exchange SET day = '2020-01-01'",
        "UPDATE exchange SET entered_by = 'person:99'",
        "UPDATE exchange SET settled_minutes = NULL",
        "UPDATE exchange SET status = 'logged'",
        "UPDATE exchange SET settled_minutes = 7",
        "UPDATE exchange SET answered_by = entered_by",
        "UPDATE exchange SET answered_minutes = -15",
        "DELETE FROM exchange",
        "DELETE FROM member",
        "UPDATE member SET ref = 'MEM-0000-0000'",
        "UPDATE member SET person_id = 1, organisation_id = 1",
        "UPDATE member SET person_id = NULL",
        "UPDATE member SET status = 'gone'",
    ],
)
def test_it_is_refused(bank: Bank, what: str) -> None:
    bank.settled("Idris", "Maya", 60)
    with pytest.raises((IntegrityError, DBAPIError)), transaction():
        db.session.execute(text(what))
    db.session.rollback()
    assert bank.has("Idris") == 60


def test_a_figure_that_is_not_the_books_is_found(bank: Bank) -> None:
    ref = bank.settled("Idris", "Maya", 60)
    assert list(queries.broken_caches()) == []
    with transaction():
        db.session.execute(text("UPDATE exchange SET settled_minutes = 75"))
    assert list(queries.broken_caches()) == [f"exchange {ref} says 75 minutes and the books say 60"]
    with transaction():
        db.session.execute(text("UPDATE exchange SET settled_minutes = 60, status = 'reversed'"))
    assert list(queries.broken_caches()) == [f"exchange {ref} is reversed, and the books say otherwise"]
