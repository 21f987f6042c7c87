"""What offers, requests and conversations tell and forget about a person who takes their data along or leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from portal import clock, photos
from portal.db import db, must_be_in_transaction
from portal.history import Actor, record
from portal.outbox import Message
from portal.people.keeping import KEEPERS, SOME, Keeper, count
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.refs import new_ref
from portal.timebank import conversations, notices, posts, promises, search
from portal.timebank.conversations import BOTH, put
from portal.timebank.model import Member
from portal.timebank.posts_model import Conversation, Post, Promise, Relayed, Reported
from portal.words import N_, _

PICTURE = ("photo_ref", "photo_file", "photo_width", "photo_height", "photo_alt")
SAID = (
    "kind", "title", "text", "category_id", "area_id", "reach", "when_words", "from_day", "until_day", "tags", "ends_on", "reminded_at",
    "posted_at", "entered_by", "basis", "version",
)  # fmt: skip

# --- taking along --------------------------------------------------------------------------------------------------------


def _mine(person_id: int) -> Any:
    return select(Member.id).where(Member.person_id == person_id)


def _posts(person_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(Post).where(or_(Post.member_id.in_(_mine(person_id)), Post.entered_by == f"person:{person_id}")).order_by(Post.id)
    )
    return [
        {
            "reference": row.ref, "kind": row.kind, "sentence": row.title, "more": row.text, "kind of help": row.category.name, "place": row.area.name,
            "seen by": row.reach, "when": row.when_words, "from": row.from_day and row.from_day.isoformat(), "until": row.until_day and row.until_day.isoformat(),
            "words": row.tags, "photo": row.photo_ref, "what is in the photo": row.photo_alt, "state": row.status, "posted": row.posted_at.isoformat(),
            "in the list until": row.ends_on.isoformat(), "you wrote it for somebody": row.member.person_id != person_id,
        }
        for row in rows
    ]  # fmt: skip


def _conversations(person_id: int) -> list[dict[str, Any]]:
    mine = _mine(person_id)
    found = db.session.scalars(
        select(Conversation)
        .where(
            or_(
                Conversation.owner_id.in_(mine), Conversation.other_id.in_(mine),
                Conversation.id.in_(select(Relayed.conversation_id).where(Relayed.by_person_id == person_id)),
            )
        )
        .options(*BOTH)
        .order_by(Conversation.id)
    ).unique().all()  # fmt: skip
    return [_conversation(each, person_id) for each in found]


def _conversation(found: Conversation, person_id: int) -> dict[str, Any]:
    """The whole of one's own; of one in which they wrote for somebody else, what they wrote."""
    own = person_id in (found.owner.person_id, found.other.person_id)
    said = db.session.scalars(select(Relayed).where(Relayed.conversation_id == found.id).order_by(Relayed.id)).all()
    made = db.session.scalars(select(Promise).where(Promise.conversation_id == found.id).order_by(Promise.id)).all() if own else []
    wrong = db.session.scalars(select(Reported).where(Reported.relayed_id.in_([each.id for each in said])).order_by(Reported.id)).all()
    names = {found.owner_id: notices.first_name(found.owner), found.other_id: notices.first_name(found.other)}
    return {
        "reference": found.ref, "about": found.post.title, "begun": found.opened_at.isoformat(), "state": found.status,
        "said": [
            {"who": names[each.from_id], "you typed it": each.by_person_id == person_id, "when": each.at.isoformat(), "what": each.kind, "words": each.words}
            for each in said if own or each.by_person_id == person_id
        ],
        "days": [{"when": each.starts_at.isoformat(), "minutes": each.minutes, "where": each.place, "state": each.status} for each in made],
        "what you told us about a message": [
            {"words": each.words, "when": each.at.isoformat(), "what came of it": each.outcome}
            for each in wrong if own and each.by_id == (found.owner_id if found.owner.person_id == person_id else found.other_id)
        ],
    }  # fmt: skip


# --- leaving -------------------------------------------------------------------------------------------------------------


def end_everything(member: Member, actor: Actor) -> Sequence[str]:
    """Take a member out of all lists and talks, as a part of the action by which they leave; the other sides hear of what is called off.

    Returns the files of pictures that nobody needs now.
    """
    must_be_in_transaction()
    files = []
    for row in db.session.scalars(select(Post).where(Post.member_id == member.id).with_for_update()):
        if row.status in ("open", "paused", "expired"):
            row.status = "ended"
            search.keep(row)
            record(posts.about(row), "ended", actor)
        if row.photo_file is not None:
            files.append(row.photo_file)
            photos.put(row, None, None, "")
    theirs = or_(Conversation.owner_id == member.id, Conversation.other_id == member.id)
    for found in db.session.scalars(select(Conversation).where(theirs, Conversation.status == "open").with_for_update()):
        _call_off(found, member, actor)
        found.status, found.closed_by_id = "closed", member.id
        record(conversations.about(found), "closed", actor)
    return files


def carry(old: Member, new: Member, actor: Actor) -> None:
    """What one of two cards that become one offers and asks stands for the other one now, as long as that has room. A part of that action.

    A post that goes along is a new one with the same words, picture and days: talks about the old one are with the old card, and end.
    """
    must_be_in_transaction()
    room = posts.room(new)
    standing = select(Post).where(Post.member_id == old.id, Post.status.in_(("open", "paused")), Post.ends_on >= clock.today())
    for row in db.session.scalars(standing.order_by(Post.status, Post.ends_on.desc(), Post.id).limit(room).with_for_update()).all():
        picture = {name: getattr(row, name) for name in PICTURE}
        photos.put(row, None, None, "")
        was = row.status
        row.status = "ended"
        search.keep(row)
        record(posts.about(row), "moved", actor, into=new.ref)
        db.session.flush()
        made = Post(ref=new_ref("POS"), member_id=new.id, status=was, words="", **picture, **{name: getattr(row, name) for name in SAID})
        db.session.add(made)
        db.session.flush()
        search.keep(made)
        record(posts.about(made), "moved", actor, from_=old.ref)


def _call_off(found: Conversation, member: Member, actor: Actor) -> None:
    standing = db.session.scalar(select(Promise).where(Promise.conversation_id == found.id, Promise.status.in_(promises.STANDS)))
    if standing is None:
        return
    standing.status, standing.changed_at = "cancelled", clock.now()
    standing.sequence += 1
    record(promises.about(standing), "cancelled", actor)
    if actor.person_id is not None and standing.starts_at > clock.now():
        said = put(found, member, _("I am leaving the timebank. Thank you, and all the best!"), actor, "cancelled")
        notices.cancelled(standing, member, found.other if member.id == found.owner_id else found.owner, said)


def _leave(someone: Person) -> Sequence[str]:
    files: list[str] = []
    member = db.session.scalar(select(Member).where(Member.person_id == someone.id))
    if member is not None:
        theirs = or_(Conversation.owner_id == member.id, Conversation.other_id == member.id)
        abouts = [f"conversation:{id_}" for id_ in db.session.scalars(select(Conversation.id).where(theirs))]
        db.session.execute(delete(Message).where(Message.about.in_(abouts)))  # what was passed on holds their words
        files += end_everything(member, Actor(someone.id))
        for row in db.session.scalars(select(Post).where(Post.member_id == member.id)):
            row.title, row.text, row.when_words, row.tags = _("Taken down"), "", "", ""
        db.session.execute(update(Promise).where(or_(Promise.owner_id == member.id, Promise.other_id == member.id)).values(place=""))
        db.session.execute(update(Reported).where(Reported.by_id == member.id).values(words=""))
    db.session.execute(update(Relayed).where(Relayed.by_person_id == someone.id).values(words=""))
    return files


COLLECTORS["offers and requests"] = _posts
COLLECTORS["conversations"] = _conversations
ERASERS.append(_leave)


def _long_over(before: datetime) -> ColumnElement[bool]:
    over = select(Conversation.id).where(Conversation.status == "closed", Conversation.last_at < before)
    return (Relayed.words != "") & Relayed.conversation_id.in_(over)


def _forget_words(before: datetime) -> tuple[int, Sequence[str]]:
    some = select(Relayed.id).where(_long_over(before)).limit(SOME)
    return len(db.session.scalars(update(Relayed).where(Relayed.id.in_(some)).values(words="").returning(Relayed.id)).all()), []


KEEPERS.append(
    Keeper(
        "conversations", N_("What two members of the timebank wrote"), N_("%(days)s days after they ended it"), N_("The words. That they talked stays."), 365,
        lambda before: count(_long_over(before)), _forget_words, least=90,
    )
)  # fmt: skip
