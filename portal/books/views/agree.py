"""Whether everything agrees: worked out anew each time somebody looks, and each night."""

from typing import Any

from flask import Blueprint

from portal import clock, turns
from portal.books import agree
from portal.web.limits import limiter
from portal.web.pages import page
from portal.web.policy import allow

books_agree = Blueprint("books_agree", __name__, url_prefix="/finance/books")
SOURCES = (agree.LEDGER, agree.AWARDS, agree.PAYMENTS, agree.REGISTER, agree.SPENDING)


@books_agree.get("/agree")
@allow("open finance")
@limiter.limit("30/minute")
def compare() -> Any:
    proof, night = turns.last(turns.LEDGER_CHECK), turns.last(turns.RECONCILED)
    about: dict[str, Any] = {
        name: (turn.done_at, turn.result) if turn is not None and turn.done_at else (None, {})
        for name, turn in (("proof", proof), ("night", night))
    }  # before the reading begins: that lets go of what was read
    return page("books/agree.html", found=agree.agreement(), sources=SOURCES, now=clock.now(), **about)
