"""What the boards tell and forget about a person who takes their data along or leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from portal import clock, photos
from portal.db import db
from portal.gifts import care, lists, loans, notices, parties, promises, talks
from portal.gifts.care import about
from portal.gifts.matching_model import GiftNotThis, GiftTold
from portal.gifts.model import GiftParty, GiftPost, GiftWeekly
from portal.gifts.notes_model import GiftSheet
from portal.gifts.talks_model import GiftBlock, GiftLook, GiftPromise, GiftSaid, GiftTalk
from portal.history import Actor, record
from portal.outbox import Message
from portal.people.keeping import KEEPERS, SOME, Keeper, count
from portal.people.model import Person
from portal.people.queries import BEFORE_LEAVING, COLLECTORS, ERASERS
from portal.words import N_, _

# --- taking along --------------------------------------------------------------------------------------------------------


def _party_id(person_id: int) -> int | None:
    return db.session.scalar(select(GiftParty.id).where(GiftParty.person_id == person_id))


def _posts(person_id: int) -> list[dict[str, Any]]:
    mine = or_(GiftPost.party_id == _party_id(person_id), GiftPost.entered_by == f"person:{person_id}")
    rows = db.session.scalars(select(GiftPost).where(mine).options(*lists.WHOLE).order_by(GiftPost.id)).unique()
    return [
        {
            "reference": row.ref, "kind": row.kind, "sort": row.sort, "what": row.title, "more": row.text, "place": row.area.name,
            "hub": row.hub.name if row.hub is not None else None, "event": row.event.title if row.event is not None else None, "seen by": row.reach, "how many": row.quantity, "promised": row.promised,
            "must go by": row.until_day and row.until_day.isoformat(), "on the board until": row.ends_on.isoformat(), "photo": row.photo_ref,
            "what is in the photo": row.photo_alt, "state": row.status, "posted": row.posted_at.isoformat(), "note": row.note_number,
            "you wrote it for somebody": row.party.person_id != person_id,
        }
        for row in rows
    ]  # fmt: skip


def _talks(person_id: int) -> list[dict[str, Any]]:
    mine = _party_id(person_id)
    wrote = select(GiftSaid.talk_id).where(GiftSaid.by_person_id == person_id)
    found = db.session.scalars(
        select(GiftTalk)
        .where(or_(GiftTalk.owner_id == mine, GiftTalk.other_id == mine, GiftTalk.id.in_(wrote)))
        .options(*talks.BOTH)
        .order_by(GiftTalk.id)
    ).unique()
    return [_talk(each, person_id, mine) for each in found.all()]


def _talk(found: GiftTalk, person_id: int, mine: int | None) -> dict[str, Any]:
    """The whole of one's own; of one in which they wrote for an organisation or somebody else, what they wrote."""
    own = mine in (found.owner_id, found.other_id)
    names = {found.owner_id: parties.first_name(found.owner), found.other_id: parties.first_name(found.other)}
    made = db.session.scalars(select(GiftPromise).where(GiftPromise.talk_id == found.id).order_by(GiftPromise.id)).all() if own else []
    return {
        "reference": found.ref, "about": found.post.title, "begun": found.opened_at.isoformat(), "state": found.status,
        "said": [
            {"who": names[each.from_id], "when": each.at.isoformat(), "what": each.kind, "words": each.words}
            for each in talks.thread(found) if own or each.by_person_id == person_id
        ],
        "promises": [
            {
                "how many": each.quantity, "state": each.status, "when": each.starts_at and each.starts_at.isoformat(), "where": each.place,
                "your address": each.address if each.giver_id == mine else None, "you gave": each.giver_id == mine,
                "comes back": each.back_on and each.back_on.isoformat(), "came back": each.returned_at and each.returned_at.isoformat(),
            }
            for each in made
        ],
    }  # fmt: skip


def _care(person_id: int) -> dict[str, Any]:
    mine = db.session.scalar(select(GiftParty).where(GiftParty.person_id == person_id))
    printed = db.session.scalars(select(GiftSheet).where(GiftSheet.printed_by == f"person:{person_id}").order_by(GiftSheet.id)).all()
    sheets = (
        {"notes that you printed": [{"reference": each.ref, "when": each.printed_at.isoformat()} for each in printed]} if printed else {}
    )
    if mine is None:
        return sheets
    said = db.session.scalars(select(GiftLook).where(GiftLook.by_id == mine.id).options(*care.SEEN).order_by(GiftLook.id)).unique()
    return sheets | {
        "you said that you are 18 or over": mine.grown_at and mine.grown_at.isoformat(),
        "kept from the boards since": mine.stopped_at and mine.stopped_at.isoformat(),
        "you do not want to hear from": len(db.session.scalars(select(GiftBlock.id).where(GiftBlock.by_id == mine.id)).all()),
        "what you told us": [
            {"about": each.post.title, "words": each.words, "when": each.at.isoformat(), "what came of it": each.reason} for each in said
        ],
    }


def _matching(person_id: int) -> dict[str, Any]:
    row = db.session.get(GiftWeekly, person_id)
    told = select(GiftPost.ref).join(GiftTold, GiftTold.post_id == GiftPost.id).where(GiftTold.person_id == person_id)
    hidden = (
        select(func.coalesce(GiftPost.ref, GiftNotThis.entry_ref))
        .select_from(GiftNotThis)
        .outerjoin(GiftPost, GiftPost.id == GiftNotThis.post_id)
    )
    return {
        "weekly letter": row and {
            "tells": row.what, "asked for": row.asked_at.isoformat(), "stopped": row.stopped_at and row.stopped_at.isoformat(),
            "last one was due": row.week and row.week.isoformat(), "told": list(db.session.scalars(told.order_by(GiftPost.id))),
        },
        "not this one": list(db.session.scalars(hidden.where(GiftNotThis.person_id == person_id).order_by(GiftNotThis.id))),
    }  # fmt: skip


# --- leaving -------------------------------------------------------------------------------------------------------------


def _leave(someone: Person) -> Sequence[str]:
    """Their posts leave every board, what is promised with them is off and free for others, their words go."""
    files: list[str] = []
    actor = Actor(someone.id)
    party_id = _party_id(someone.id)
    if party_id is not None:
        theirs = _theirs(party_id)
        abouts = [f"gift talk:{id_}" for id_ in db.session.scalars(select(GiftTalk.id).where(theirs))]
        db.session.execute(delete(Message).where(Message.about.in_(abouts)))  # what was passed on holds their words
        for ref in db.session.scalars(select(GiftTalk.ref).where(theirs).order_by(GiftTalk.post_id, GiftTalk.id)).all():
            _end_talk(talks.locked(ref), party_id, actor)
        files = _end_posts(party_id, actor)
        db.session.execute(delete(GiftBlock).where(or_(GiftBlock.by_id == party_id, GiftBlock.against_id == party_id)))
        db.session.execute(update(GiftLook).where(GiftLook.by_id == party_id).values(words=""))
    db.session.execute(update(GiftSaid).where(GiftSaid.by_person_id == someone.id).values(words=""))
    for table in (GiftWeekly, GiftTold, GiftNotThis):
        db.session.execute(delete(table).where(table.person_id == someone.id))
    return files


def _theirs(party_id: int) -> ColumnElement[bool]:
    return or_(GiftTalk.owner_id == party_id, GiftTalk.other_id == party_id)


def _lock(person_id: int) -> None:
    """Every post that this touches, in one order, before anything that others lock after a post: a talk, a bid."""
    party_id = _party_id(person_id)
    if party_id is None:
        return
    talked = select(GiftTalk.post_id).where(_theirs(party_id))
    told = select(GiftLook.post_id).where(GiftLook.by_id == party_id)
    some = select(GiftPost).where(or_(GiftPost.party_id == party_id, GiftPost.id.in_(talked), GiftPost.id.in_(told)))
    db.session.scalars(some.order_by(GiftPost.id).with_for_update().execution_options(populate_existing=True)).all()


def _end_posts(party_id: int, actor: Actor) -> list[str]:
    """Returns the files of their pictures."""
    files = []
    for row in db.session.scalars(select(GiftPost).where(GiftPost.party_id == party_id).order_by(GiftPost.id)).all():
        care.forget_looks(row)
        if row.status not in ("gone", "hidden", "ended"):
            row.status = "ended"
            record(about(row), "ended", actor)
        if row.photo_file is not None:
            files.append(row.photo_file)
        photos.put(row, None, None, "")
        lists.keep(row)
        row.title, row.text, row.same = _("Not any more: its owner has left"), "", ""
    return files


def _end_talk(found: GiftTalk, party_id: int, actor: Actor) -> None:
    stays = found.other if found.owner_id == party_id else found.owner
    for row in db.session.scalars(select(GiftPromise).where(GiftPromise.talk_id == found.id)).all():
        if row.status == "promised":
            talks.undone(row, db.session.get_one(GiftPost, found.post_id), actor)
            notices.left(row, found, stays)
        if promises.is_open(row):
            row.back_told = len(loans.STEPS)  # lent, and nobody is left to be reminded
        row.starts_at, row.place, row.address = None, "", ""
    if found.status == "open":
        found.status, found.closed_by_id = "closed", party_id
        found.last_at = clock.now()
        record(talks.about(found), "closed", actor)


COLLECTORS["gifts and wishes"] = _posts
COLLECTORS["conversations about gifts"] = _talks
COLLECTORS["care for the boards"] = _care
COLLECTORS["what fits on the boards"] = _matching
BEFORE_LEAVING.append(_lock)
ERASERS.append(_leave)


# --- long over -----------------------------------------------------------------------------------------------------------


def _long_over(before: datetime) -> ColumnElement[bool]:
    return (GiftSaid.words != "") & GiftSaid.talk_id.in_(select(GiftTalk.id).where(GiftTalk.status == "closed", GiftTalk.last_at < before))


def _forget_words(before: datetime) -> tuple[int, Sequence[str]]:
    some = select(GiftSaid.id).where(_long_over(before)).limit(SOME)
    return len(db.session.scalars(update(GiftSaid).where(GiftSaid.id.in_(some)).values(words="").returning(GiftSaid.id)).all()), []


KEEPERS.append(
    Keeper(
        "gift talks", N_("What two neighbours wrote about a gift"), N_("%(days)s days after their talk ended"), N_("The words. That they talked stays."), 365,
        lambda before: count(_long_over(before)), _forget_words, least=90,
    )
)  # fmt: skip
