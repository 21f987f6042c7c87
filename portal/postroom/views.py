"""What leaves the house on paper, what could not be delivered, and in a demo everything that would have gone out."""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.history import Actor
from portal.outbox import Message, sending
from portal.people.views import saw
from portal.postroom import queries
from portal.web.pages import page, see_other
from portal.web.policy import allow, may
from portal.words import _, _n

postroom = Blueprint("postroom", __name__, url_prefix="/desk")
dev = Blueprint("dev", __name__, url_prefix="/dev")

MOST_PRINTED = 50  # letters on one print page


def _waiting(limit: int) -> Sequence[Message]:
    """All letters for the post room; for who helps others those that they hand over."""
    if may("run the post room"):
        return sending.letters_waiting(limit=limit)
    return queries.to_hand_over(current_user.areas("connector", "officer"), limit)


@postroom.get("/letters")
@allow("hand over letters")
def letters() -> Response:
    """Letters that wait for the printer."""
    waiting = _waiting(MOST_PRINTED + 1)
    saw("letters", *(letter.person_id for letter in waiting[:MOST_PRINTED]))
    return page("postroom/letters.html", letters=waiting[:MOST_PRINTED], more=len(waiting) > MOST_PRINTED)


@postroom.get("/letters/print")
@allow("hand over letters")
def print_letters() -> Response:
    """One letter a page; in large print for those who asked for it, or for all."""
    waiting = _waiting(MOST_PRINTED)
    saw("letters", *(letter.person_id for letter in waiting))
    large = queries.want_large_print({letter.person_id for letter in waiting})
    return page("postroom/print.html", letters=waiting, large=large, all_large=request.args.get("large") == "1")


@postroom.post("/letters/printed")
@allow("hand over letters")
def printed() -> AnyResponse:
    """These letters are on paper."""
    ids = _ids("letter")
    if not may("run the post room"):
        theirs = {letter.id for letter in queries.to_hand_over(current_user.areas("connector", "officer"), 1000)}
        ids = [id_ for id_ in ids if id_ in theirs]
    count = sending.printed(ids, Actor(current_user.id))
    flash(_n("One letter is marked as printed.", "%(num)d letters are marked as printed.", count))
    return see_other("/desk/letters")


@postroom.get("/undelivered")
@allow("run the post room")
def undelivered() -> Response:
    """Messages that could not be delivered, newest first."""
    shown = sending.failed(_before(), limit=26)
    saw("letters", *(message.person_id for message in shown[:25]))
    return page("postroom/undelivered.html", messages=shown[:25], older=shown[24].id if len(shown) > 25 else None)


@postroom.post("/undelivered/again")
@allow("run the post room")
def again() -> AnyResponse:
    """Send one anew."""
    sending.try_again(_id(), Actor(current_user.id))
    flash(_("We will try again now."))
    return see_other("/desk/undelivered")


@postroom.post("/undelivered/letter")
@allow("run the post room")
def letter() -> AnyResponse:
    """Print one instead."""
    message_id = _id()
    sending.as_letter(message_id, queries.postal_address(queries.addressed(message_id)), Actor(current_user.id))
    flash(_("It is with the letters to print now."))
    return see_other("/desk/undelivered")


@postroom.post("/undelivered/told")
@allow("run the post room")
def told() -> AnyResponse:
    """They know by now."""
    sending.told_otherwise(_id(), Actor(current_user.id))
    flash(_("Thank you. We will not send this one again."))
    return see_other("/desk/undelivered")


@dev.get("/outbox")
@allow("anyone")
def outbox() -> Response:
    """Demo only: each e-mail, text and letter as it would have gone out, newest first."""
    shown = sending.latest(_before(), limit=21)
    return page("postroom/outbox.html", messages=shown[:20], older=shown[19].id if len(shown) > 20 else None, first=_before() is None)


def _before() -> int | None:
    """Where the page before ended."""
    return next(iter(_numbers(request.args.getlist("before"))), None)


def _id() -> int:
    return next(iter(_ids("message")), 0)


def _ids(name: str) -> list[int]:
    return _numbers(request.form.getlist(name))


def _numbers(texts: list[str]) -> list[int]:
    """Those that can be the number of a row."""
    return [int(text) for text in texts[:MOST_PRINTED] if text.isascii() and text.isdigit() and len(text) <= 18]
