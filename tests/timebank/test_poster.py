"""The poster of a session as tagged PDF: one page, with its code for eyes, phones and screen readers, whatever people typed."""

import uuid
from datetime import time

import pytest
from flask import Flask

from portal import clock
from portal.db import db
from portal.money import Minutes
from portal.places.queries import scheme
from portal.timebank import prints, sessions
from portal.web import documents
from tests.client import Inspector
from tests.tagged import Tagged
from tests.timebank.bank import Bank, open_bank

MARKUP = '#eval("1 + 1") *b* _i_ $x$ `r` <l> x@ref [c] \\ // = {{7*7}}'


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def opened(bank: Bank, title: str = "Litter pick", what: str = "Bring gloves.", place: str = "Creek Road") -> str:
    plan = sessions.Plan(title, what, "events", bank.areas["mossgate"], place, clock.today(), time(10), time(12), Minutes(60), None)
    return sessions.open_session(plan, f"member:{bank.cards['Maya']}", bank.who("Maya"), once_key=uuid.uuid4().hex)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("title", "what"), [("Litter pick", "Bring gloves."), (MARKUP, MARKUP * 9), ("Long words " * 7 + "end", "many words " * 54)]
)
def test_one_page_with_everything(bank: Bank, title: str, what: str, large: bool) -> None:
    session, shown = sessions.by_ref(opened(bank, title, what, "The hall at the very long lane " * 3)), scheme()
    assert shown
    made = Tagged(documents.pdf(prints.poster(session, "10 am to 12 noon", shown, large=large)))
    assert len(made.file.pages) == 1 and bool(made.root.MarkInfo.Marked)
    assert f"{session.code[:3]} {session.code[3:]}" in made.text() and "sign the register" in made.text()
    [picture] = made.elements("Figure")
    assert sessions.token_of(session) in str(picture.Alt)
    assert [tag for tag, _text in made.headings()] == ["H1", "H2"]


def test_from_the_organisers_page(bank: Bank, app: Flask) -> None:
    ref = opened(bank)
    db.session.rollback()
    maya = Inspector(app, 8).sign_in(bank.who("Maya").id).get(f"/timebank/sessions/{ref}/poster")
    for file in (f"/timebank/sessions/{ref}/poster.pdf", f"/timebank/sessions/{ref}/poster.pdf?large=1"):
        assert file in list(maya.links())
        answer = maya.client.get(file)
        assert answer.status_code == 200 and answer.data.startswith(b"%PDF") and answer.mimetype == "application/pdf"
    Inspector(app, 8).sign_in(bank.who("Idris").id).get(f"/timebank/sessions/{ref}/poster.pdf", status=404)
