"""What the database itself refuses about members and exchanges, whoever asks."""

import re

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.db import db, transaction
from portal.timebank import exchange, posts, queries
from tests.client import Inspector
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import put_up, write


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


def test_what_is_somebody_elses_answers_like_what_is_missing(app: Flask, bank: Bank) -> None:
    """Every page with a number in its address, and every page that may be asked for somebody else's: the same words for both."""
    bank.join("Nora", "riverside", "connector")
    offer, request = put_up(bank, "Maya"), put_up(bank, "Maya", "Who walks my dog?", "request", reach="area")
    posts.pause(offer, bank.who("Maya"))
    theirs = [
        (bank.cards["Maya"], "MEM-2222-2222"), (bank.settled("Idris", "Maya"), "EXC-2222-2222"), (offer, "PST-2222-2222"),
        (write(bank, "Idris", request), "CNV-2222-2222"), (exchange.token_of(bank.entry(bank.log("Idris", "gave", "Maya", 30)))[:-3] + "000", "EXC-2222-2222-000000000000"),
    ]  # fmt: skip
    compared = 0
    for name in ("Walter", "Cass", "Nora"):
        pages = Inspector(app, 30).sign_in(bank.who(name).id)
        for rule in app.url_map.iter_rules():
            if not rule.rule.startswith(("/timebank/", "/t/")) or "GET" not in (rule.methods or ()):
                continue
            for found, missing in theirs:
                paths = [_filled(rule, number) for number in (found, missing)]
                if not rule.arguments:
                    paths = [f"{rule.rule}?as={number}" for number in (found, missing)] if found.startswith("MEM") else []
                answers = [pages.client.get(path) for path in paths]
                if answers and answers[0].status_code == 404:
                    compared += 1
                    assert _told(answers[0], found) == _told(answers[1], missing), (name, paths)
    assert compared > 200


def _filled(rule: Rule, number: str) -> str:
    """An address of this rule with a number in its first gap, and something in the others."""
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
    path = re.sub(r"<int:\w+>", "1", path)
    return re.sub(r"<[^>]*>", number, path)


def _told(answer: TestResponse, number: str) -> tuple[int, str]:
    """What the page says, without what is new in each answer."""
    words = re.sub(r"<script.*?</script>|<[^>]*>", " ", answer.text, flags=re.DOTALL).replace(number, "")
    return answer.status_code, re.sub(r"what happened: \S+", "", " ".join(words.split()))
