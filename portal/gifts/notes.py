"""Printing sticky notes, finding one by its number, and tying it to the post that it becomes, once."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import segno
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import NotFound, Refused
from portal.gifts import parties
from portal.gifts.model import SORTS, GiftPost
from portal.gifts.notes_model import GiftNote, GiftSheet
from portal.gifts.rules import SORT_NAMES
from portal.history import Actor
from portal.outbox import address_of
from portal.people.access import Who
from portal.places.model import Scheme
from portal.refs import new_ref
from portal.web.documents import Printed
from portal.words import _

HERE = Path(__file__).parent
ON_A_PAGE = 8
MOST_PAGES = 10
BEFORE_FIRST = 100


def print_sheet(area_id: int | None, hub_id: int | None, event_id: int | None, pages: int, who: Who, *, once_key: str) -> str:
    """So many pages of notes with numbers that no other note has; returns the reference under which they are drawn. Refused: no place,
    none or too many pages. NotYours: not where they help others.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        area = parties.place_to_write_for(who, area_id)
        if not 1 <= pages <= MOST_PAGES:
            raise Refused(_("Print from 1 to %(most)d pages at a time.", most=MOST_PAGES), "pages")
        one_at_a_time("gift notes")
        made = GiftSheet(
            ref=new_ref("SHT"), area_id=area.id, hub_id=hub_id, event_id=event_id, printed_at=clock.now(), printed_by=Actor(who.id).code
        )
        db.session.add(made)
        db.session.flush()
        first = (db.session.scalar(select(func.max(GiftNote.number))) or BEFORE_FIRST) + 1
        db.session.add_all(GiftNote(number=first + place, sheet_id=made.id) for place in range(pages * ON_A_PAGE))
        once.keep(once_key, made.ref)
        return made.ref


def sheet(ref: str, who: Who) -> tuple[GiftSheet, Sequence[GiftNote]]:
    """Notes that were printed together, for who helps others there. NotFound. Two queries."""
    found = db.session.scalar(
        select(GiftSheet).where(GiftSheet.ref == ref).options(joinedload(GiftSheet.area), joinedload(GiftSheet.event))
    )
    if found is None or not who.can("help others", found):
        raise NotFound(_("We cannot find those notes."))
    notes = select(GiftNote).where(GiftNote.sheet_id == found.id).order_by(GiftNote.number)
    return found, db.session.scalars(notes).all()


def by_number(number: int) -> GiftNote:
    """One note, with where it was printed for and what it has become. NotFound."""
    wanted = select(GiftNote).where(GiftNote.number == number)
    whole = joinedload(GiftNote.sheet)
    found = db.session.scalar(
        wanted.options(
            whole.joinedload(GiftSheet.area), whole.joinedload(GiftSheet.hub), whole.joinedload(GiftSheet.event), joinedload(GiftNote.post)
        )
    )
    if found is None:
        raise NotFound(_("We have printed no note with this number."))
    return found


def known(numbers: Collection[int]) -> Mapping[int, GiftPost | None]:
    """What notes have become, by number; those that we have printed. One query."""
    query = select(GiftNote).where(GiftNote.number.in_(numbers)).options(joinedload(GiftNote.post))
    return {each.number: each.post for each in db.session.scalars(query)} if numbers else {}


def tie(number: int, post: GiftPost) -> None:
    """This note is this post, as a part of the action that puts it up. Refused: we have not printed it, or it is another one already."""
    must_be_in_transaction()
    note = db.session.scalar(select(GiftNote).where(GiftNote.number == number).with_for_update().execution_options(populate_existing=True))
    if note is None:
        raise Refused(_("We have printed no note with this number."), "note")
    if note.post_id is not None:
        raise Refused(_("This note is on the board already."), "note")
    note.post_id = post.id
    post.note_number = str(number)


def drawn(made: GiftSheet, notes: Sequence[GiftNote], scheme: Scheme, *, large: bool) -> Printed:
    """The notes as tagged PDF, eight on a page, two in large print."""
    where = made.event.title if made.event is not None else made.area.name
    content = {
        "notes": [
            {
                "number": str(each.number), "address": _address(each).split("://")[-1], "picture": segno.make(_address(each), error="m").svg_inline(border=2),
                "alt": _("QR code for %(address)s", address=_address(each)),
            }
            for each in notes
        ],
        "where": where, "kinds": [_("I give"), _("I wish for")], "sorts": [_(SORT_NAMES[sort]) for sort in SORTS], "what": _("What"), "name": _("My first and last name"),
        "contact": _("E-mail or mobile, if you like (nobody else sees it)"), "how": _("With a phone: scan this, and put it up yourself."),
    }  # fmt: skip
    return Printed(
        _("Notes for the gift board, %(where)s", where=where),
        scheme.name,
        _("Gifts and wishes"),
        clock.now(),
        HERE / "notes.typ",
        content,
        large=large,
    )


def _address(note: GiftNote) -> str:
    return address_of(f"/n/{note.number}")
