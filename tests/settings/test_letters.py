"""The words of letters: what may be written, how blanks are filled in, what is kept."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.grants.letter_words import OFFERED, PAID, REFUSED
from portal.history import Actor, events_of
from portal.people.letter_words import CODE, WELCOME
from portal.settings import wording
from portal.settings.letters import LETTERS, Letter, fill, judge, parts_of

ANYBODY = Actor()


@pytest.mark.parametrize("letter", LETTERS.values(), ids=lambda letter: letter.key)
def test_what_ships_keeps_the_rules_itself(letter: Letter) -> None:
    judge(letter, letter.shipped())
    used = fill(letter.shipped(), letter.sample())
    assert not set("{}") & set(used.subject + used.body + used.short)


@pytest.mark.parametrize(
    ("part", "words", "sentence"),
    [
        ("body", "Hello", r"\{code\} is missing: without the six digits"),
        ("body", "{code} {link} {pin}", r"no blank \{pin\}"),
        ("body", "{code} {link} {Code}", "curly brackets"),
        ("body", "{code} {link} {", "curly brackets"),
        ("body", "{code} {link} <a href=x>", "plain words"),
        ("body", "{code} {link} [here](x)", "plain words"),
        ("body", "{code} {link} http://evil.example", "Leave out “://”"),
        ("body", "{code} {link} or evil-bank.co.uk", "Leave out “evil-bank.co.uk”"),
        ("body", "{code} {link} www.evil", "Leave out “www.”"),
        ("body", "{code} {link} evil@evil.example", "Leave out “@”"),
        ("subject", " ", "Write something"),
        ("short", "{link}", r"\{code\} is missing"),
        ("short", "{code}" + "x" * 305, "311 letters"),
    ],
)
def test_words_that_cannot_be_said(part: str, words: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        judge(CODE, {**CODE.shipped(), part: words})
    assert refused.value.field == part


def test_a_value_is_never_read_for_blanks_and_is_cut_only_in_a_text() -> None:
    title = "{reference} " + "é" * 100
    made = fill(REFUSED.shipped(), {"title": title, "verdict": "No.", "reason": "", "reference": "SPK-2222-2222", "link": "https://x.example/" + "y" * 80, "appeal": ""})  # fmt: skip
    assert made.subject == f"About “{title}”" and "\n\n\n" not in made.body
    assert "{reference}" in made.short and "…" in made.short and made.short.endswith("y" * 80)
    assert made.body.startswith("No.\n\nYou are welcome")


def test_parts_are_counted_as_they_are_paid() -> None:
    assert [parts_of("a" * n) for n in (0, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
    assert [parts_of("“" + "a" * (n - 1)) for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert parts_of("€" * 80) == 1 and parts_of("€" * 81) == 2 and parts_of("\U0001f600" * 35) == 1


def test_own_words_go_out_until_those_that_ship_are_back(app: Flask) -> None:
    before = dict(PAID.shipped())
    own = {**before, "body": "Hooray! {sum} is with you.\n\n{receipts}\n\n{link}"}
    wording.set_words("paid", own, before, ANYBODY)
    values = {"title": "Beds", "sum": "£1.00", "receipts": "", "link": "https://x.example/1"}
    assert wording.write(PAID, **values).body == "Hooray! £1.00 is with you.\n\nhttps://x.example/1"
    with pytest.raises(Conflict):
        wording.set_words("paid", {**own, "subject": "Paid"}, before, ANYBODY)
    wording.set_words("paid", own, own, ANYBODY)
    wording.ship_words("paid", ANYBODY)
    with pytest.raises(Refused, match="ship already"):
        wording.ship_words("paid", ANYBODY)
    assert wording.write(PAID, **values).body.startswith("£1.00 for “Beds” has been paid.")
    assert [event.data["changed"] for event in events_of("wording")] == [
        {"body": [before["body"], own["body"]]},
        {"body": [own["body"], before["body"]]},
    ]


def test_a_text_that_grows_too_long_goes_out_as_it_ships(app: Flask) -> None:
    own = {**WELCOME.shipped(), "short": "{name} " * 20 + "{link}"}
    wording.set_words("welcome", own, WELCOME.shipped(), ANYBODY)
    assert wording.write(WELCOME, name="Al", link="https://x.example/").short.startswith("Al Al")
    assert wording.write(WELCOME, name="A very long name indeed", link="https://x.example/").short.startswith("Welcome to")


def test_the_database_keeps_no_empty_words(app: Flask) -> None:
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("INSERT INTO wording (key, subject, body, short) VALUES ('offered', '', 'x', 'x')"))


def test_the_offer_says_what_it_said_before() -> None:
    made = fill(OFFERED.shipped(), {**OFFERED.sample(), "conditions": "", "appeal": "", "reason": ""})
    assert made.body.split("\n\n")[:2] == [
        "The panel said yes to “Raised beds by the old pump”. We offer you £240.00.",
        "Please say yes by Saturday 4 July 2026. Open this link and press the button:",
    ]
