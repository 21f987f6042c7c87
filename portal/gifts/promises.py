"""From interest to handover: promised to one, with what is left for others; a time and a place; handed over or not; thanks.

The owner of a post promises: a gift to whoever would like it, a wish to whoever would fulfil it ("Yes please"). So the two always know.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.calendars import Happening
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.gifts import notices, parties, posts, talks
from portal.gifts.model import GiftPost
from portal.gifts.rules import LONGEST_LOAN, UNDONE_WITHIN
from portal.gifts.talks import Sides, put
from portal.gifts.talks_model import GiftPromise, GiftTalk
from portal.history import Actor, record
from portal.people.access import Who
from portal.refs import new_ref
from portal.web.filters import day as day_words
from portal.web.filters import when
from portal.words import _

FARTHEST = timedelta(days=366)
IN_CALENDARS = {"promised": "CONFIRMED", "handed": "CONFIRMED", "missed": "CONFIRMED", "let_go": "CANCELLED"}
# what rooms above do when a promise was kept (True) or that was taken back (False), in the transaction of that
KEPT: list[Callable[[GiftPromise, bool], None]] = []


WHOLE = (joinedload(GiftPromise.talk).options(*talks.BOTH), joinedload(GiftPromise.post))


def about(promise: GiftPromise) -> str:
    """How events name it."""
    return f"gift promise:{promise.id}"


# --- finding -------------------------------------------------------------------------------------------------------------


def latest(talk: GiftTalk) -> GiftPromise | None:
    """The promise that stands in a talk, or the last one that there was."""
    query = (
        select(GiftPromise).where(GiftPromise.talk_id == talk.id).order_by((GiftPromise.status == "promised").desc(), GiftPromise.id.desc())
    )
    return db.session.scalar(query.limit(1))


def coming(ids: Sequence[int], limit: int = 10) -> Sequence[GiftPromise]:
    """What is promised to or by these parties and not handed over yet, and what is lent and not back; the soonest first. One query."""
    lent = (GiftPromise.status == "handed") & GiftPromise.back_on.is_not(None) & GiftPromise.returned_at.is_(None)
    query = select(GiftPromise).where(
        or_(GiftPromise.owner_id.in_(ids), GiftPromise.other_id.in_(ids)), or_(GiftPromise.status == "promised", lent)
    )
    order = (GiftPromise.starts_at.is_(None), GiftPromise.starts_at, GiftPromise.id)
    return db.session.scalars(query.options(*WHOLE).order_by(*order).limit(limit)).all()


def of_sides(ref: str, who: Who) -> tuple[GiftPromise, Sides]:
    """A promise for one of its two sides. NotFound or NotYours for everybody else. One query."""
    promise = db.session.scalar(select(GiftPromise).where(GiftPromise.ref == ref).options(*WHOLE))
    if promise is None:
        raise NotFound(_("We cannot find that."))
    return promise, talks.seen_by(promise.talk, who)


def counters(ids: Sequence[int]) -> tuple[int, int]:
    """How often these parties gave and received: what was handed over. One query."""
    handed = GiftPromise.status == "handed"
    taker = select(func.count()).select_from(GiftPromise).where(handed, _of(ids), GiftPromise.giver_id.not_in(ids)).scalar_subquery()
    gave = select(func.count()).select_from(GiftPromise).where(handed, GiftPromise.giver_id.in_(ids)).scalar_subquery()
    return db.session.execute(select(gave, taker)).one()._tuple()


def _of(ids: Sequence[int]) -> ColumnElement[bool]:
    return or_(GiftPromise.owner_id.in_(ids), GiftPromise.other_id.in_(ids))


def happening(promise: GiftPromise, seen: Sides) -> Happening:
    """The meeting as the calendar of one side holds it. NotFound: they have no time yet."""
    if promise.starts_at is None:
        raise NotFound(_("You have not agreed on a time yet."))
    values = {"title": promise.post.title, "name": parties.first_name(seen.them)}
    link = notices.page_of(promise.talk)
    return Happening(
        uid=f"{promise.ref}@gifts.kindling", sequence=promise.sequence, status=IN_CALENDARS[promise.status], starts_at=promise.starts_at, minutes=30,
        summary=_("%(title)s (with %(name)s)", **values), place=promise.place, description=_("Change it or call it off here: %(link)s", link=link), url=link,
        changed_at=promise.changed_at,
    )  # fmt: skip


def locked(ref: str) -> tuple[GiftPromise, GiftTalk, GiftPost]:
    """A promise; before it its post and its talk, which are locked: everybody locks in this order."""
    must_be_in_transaction()
    talk_ref = db.session.scalar(select(GiftTalk.ref).join(GiftPromise, GiftPromise.talk_id == GiftTalk.id).where(GiftPromise.ref == ref))
    if talk_ref is None:
        raise NotFound(_("We cannot find that."))
    talk = talks.locked(talk_ref)
    promise = db.session.scalars(select(GiftPromise).where(GiftPromise.ref == ref).execution_options(populate_existing=True)).one()
    return promise, talk, db.session.get_one(GiftPost, talk.post_id)


# --- promising -----------------------------------------------------------------------------------------------------------


def promise(
    talk_ref: str, pieces: int, who: Who, *, back_on: date | None = None, for_party: int | None = None, basis: str | None = None, once_key: str
) -> str:  # fmt: skip
    """The owner of a post promises so many pieces to the one who wrote; returns the promise's reference. The others see what is left.

    Refused: not the owner, fewer left, a loan without a day on which it comes back, promised to them already. Conflict: closed, taken down.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        talk = talks.locked(talk_ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if seen.me.id != talk.owner_id:
            raise NotYours(_("We cannot find that."))
        post = db.session.get_one(GiftPost, talk.post_id)
        _may_promise(post, talk, pieces, back_on)
        posts.take(post, pieces)
        made = GiftPromise(
            ref=new_ref("GPR"), talk_id=talk.id, post_id=post.id, owner_id=talk.owner_id, other_id=talk.other_id,
            giver_id=talk.owner_id if post.kind == "gift" else talk.other_id, quantity=pieces, status="promised", promised_at=clock.now(), changed_at=clock.now(),
            place="", address="", sequence=0, back_on=back_on if post.sort == "lend" else None, back_told=0,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        said = put(talk, seen.me, _promised_words(post, made), actor, "promised")
        record(about(made), "promised", actor, pieces=pieces)
        notices.promised(made, talk, said)
        once.keep(once_key, made.ref)
        return made.ref


def _promised_words(post: GiftPost, made: GiftPromise) -> str:
    words = _("I promise it to you.") if post.kind == "gift" else _("Yes please!")
    if made.back_on is not None:
        words += " " + _("It comes back on %(day)s.", day=day_words(made.back_on))
    return words


def may_promise(talk: GiftTalk) -> bool:
    """Whether the owner of a post can promise it now to the one who wrote. At most four queries."""
    try:
        _must_be_promisable(talk.post, talk)
    except (Conflict, Refused):
        return False
    return talk.post.left > 0


def _must_be_promisable(post: GiftPost, talk: GiftTalk) -> None:
    talks.must_be_open(talk)
    talks.not_blocked(talk.owner_id, talk.other_id)
    parties.must_not_be_stopped(talk.owner)
    if post.status == "hidden":
        raise Conflict(_("A coordinator took this down, so it cannot be promised here."))
    if post.status == "held":
        raise Conflict(_("A person looks at this first. Then you can promise it."))
    if post.status in ("ended", "expired") or (post.status == "open" and post.ends_on < clock.today()):
        raise Conflict(_("This is not on the board any more. Put it up again first, and then promise it."))
    if talk.other.stopped_at is not None:
        raise Refused(_("They are not on the boards just now. Promise it to somebody else."))
    if not parties.persons_of(talk.other):
        raise Refused(_("They have left. Promise it to somebody else."))
    if db.session.scalar(select(GiftPromise.id).where(GiftPromise.talk_id == talk.id, GiftPromise.status == "promised")) is not None:
        raise Refused(_("You have promised it to them already."))


def _may_promise(post: GiftPost, talk: GiftTalk, pieces: int, back_on: date | None) -> None:
    _must_be_promisable(post, talk)
    if pieces < 1:
        raise Refused(_("Write how many, like 1."), "quantity")
    if post.sort == "lend":
        if back_on is None:
            raise Refused(_("Say on which day it comes back."), "back_on")
        if not clock.today() < back_on <= clock.today() + timedelta(days=LONGEST_LOAN):
            raise Refused(_("Choose a day that is ahead, within a year."), "back_on")


# --- meeting -------------------------------------------------------------------------------------------------------------


def meet(ref: str, starts_at: datetime, place: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> GiftPromise:
    """One of the two says when (an instant) and where they meet; the other is told, and may change it. The same again changes nothing.

    Refused: not one of the two, over already, in the past, more than a year ahead, no place.
    """
    with transaction():
        row, talk, _post = locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        _must_stand(row)
        if starts_at <= clock.now():
            raise Refused(_("That time has passed. Choose one that is ahead."), "day")
        if starts_at > clock.now() + FARTHEST:
            raise Refused(_("That is more than a year ahead. Choose a nearer day."), "day")
        if not place:
            raise Refused(_("Say where you meet."), "place")
        if (row.starts_at, row.place) == (starts_at, place):
            return row
        row.starts_at, row.place, row.changed_at = starts_at, place, clock.now()
        row.sequence, row.reminded_at, row.asked_at = row.sequence + 1, None, None
        said = put(talk, seen.me, _("%(when)s, %(place)s", when=when(starts_at), place=place), actor, "meeting")
        record(about(row), "meeting", actor, at=starts_at.isoformat())
        notices.meeting(row, talk, seen.me, said)
        return row


def _must_stand(row: GiftPromise) -> None:
    if row.status != "promised":
        raise Conflict(_("This is over already. Look at the conversation again."))


def show_address(ref: str, address: str, who: Who) -> None:
    """The giver lets the other one see an address, or takes it back (""): on their page, in no message. It goes when all is over.

    Refused: not the giver, over already.
    """
    with transaction():
        row, talk, _post = locked(ref)
        seen = talks.seen_by(talk, who)
        if seen.me.id != row.giver_id:
            raise NotYours(_("We cannot find that."))
        if not is_open(row):
            raise Conflict(_("This is over, so nobody needs the address any more."))
        if row.address != address:
            row.address, row.changed_at = address, clock.now()
            record(about(row), "address_shown" if address else "address_hidden", Actor(who.id))
            if address:
                notices.address_shown(row, talk)


def is_open(row: GiftPromise) -> bool:
    """Whether the two still have to meet: promised, or lent and not back."""
    return row.status == "promised" or (row.status == "handed" and row.back_on is not None and row.returned_at is None)


# --- how it went ---------------------------------------------------------------------------------------------------------


def let_go(ref: str, words: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> GiftPromise:
    """One of the two cannot, and says so kindly: it is free for others at once. Again changes nothing.

    Refused: not one of the two, no words. Conflict: handed over already.
    """
    with transaction():
        row, talk, post = locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if row.status == "let_go":
            return row
        _must_stand(row)
        if not words:
            raise Refused(_("Write a few kind words, so that they know why."), "words")
        talks.undone(row, post, actor)
        said = put(talk, seen.me, words, actor, "let_go")
        notices.let_go(row, talk, seen.me, said)
        return row


def handed(ref: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> GiftPromise:
    """It was handed over, or done. Again changes nothing. Refused: not one of the two. Conflict: called off already."""
    with transaction():
        row, talk, post = locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if row.status == "handed":
            return row
        _must_stand(row)
        row.status, row.done_at, row.changed_at = "handed", clock.now(), clock.now()
        if row.back_on is None:
            row.address = ""
        if (row.back_on is None or post.kind == "wish") and _handed_pieces(post) >= post.quantity:
            posts.all_gone(post, actor)
        put(talk, seen.me, _("It was handed over."), actor, "handed")
        record(about(row), "handed", actor)
        notices.handed(row, talk, seen.me)
        for tell in KEPT:
            tell(row, True)
        return row


def _handed_pieces(post: GiftPost) -> int:
    query = select(func.coalesce(func.sum(GiftPromise.quantity), 0)).where(GiftPromise.post_id == post.id, GiftPromise.status == "handed")
    db.session.flush()
    return int(db.session.scalar(query) or 0)


def missed(ref: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> GiftPromise:
    """They did not meet: it is free for others again. Again changes nothing. Refused: not one of the two, still ahead."""
    with transaction():
        row, talk, post = locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if row.status == "missed":
            return row
        _must_stand(row)
        if row.starts_at is None or row.starts_at > clock.now():
            raise Refused(_("It is still ahead. If one of you cannot, call it off."))
        _missed(row, post, actor)
        put(talk, seen.me, _("We did not meet."), actor, "missed")
        return row


def _missed(row: GiftPromise, post: GiftPost, actor: Actor) -> None:
    row.status, row.done_at, row.changed_at, row.address = "missed", clock.now(), clock.now(), ""
    posts.give_back(post, row.quantity, actor)
    record(about(row), "missed", actor)


def not_so(ref: str, words: str, who: Who) -> GiftPromise:
    """Within a week one of the two takes back that it was handed over; it counts as not met. Again changes nothing.

    Refused: no words, too late, lent and back already.
    """
    with transaction():
        row, talk, post = locked(ref)
        seen, actor = talks.speaking(talk, who, None, None)
        if row.status == "missed":
            return row
        if row.status != "handed" or row.done_at is None or row.returned_at is not None:
            raise Conflict(_("This cannot be taken back any more."))
        if row.done_at < clock.now() - UNDONE_WITHIN:
            raise Refused(_("That was more than a week ago. Tell your coordinator what happened."))
        if not words:
            raise Refused(_("Write what happened, in a few words."), "words")
        _missed(row, post, actor)
        row.thanked_at = None
        said = put(talk, seen.me, words, actor, "undone")
        notices.let_go(row, talk, seen.me, said)
        for tell in KEPT:
            tell(row, False)
        return row


def thank(ref: str, words: str, who: Who, *, for_party: int | None = None, basis: str | None = None) -> None:
    """Whoever received it says thank you, once. Refused: not they, blocked, not handed over yet, no words."""
    with transaction():
        row, talk, _post = locked(ref)
        seen, actor = talks.speaking(talk, who, for_party, basis)
        if seen.me.id != row.taker_id:
            raise NotYours(_("We cannot find that."))
        if row.status != "handed":
            raise Conflict(_("Say thank you when you have it."))
        if row.thanked_at is not None:
            return
        talks.not_blocked(seen.me.id, seen.them.id)
        if not words:
            raise Refused(_("Write a few words."), "words")
        row.thanked_at = clock.now()
        said = put(talk, seen.me, words, actor, "thanks")
        record(about(row), "thanked", actor)
        notices.thanks(row, talk, seen.me, said)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind() -> int:
    """The day before, both are told again when and where (the worker's work). Each once."""
    tomorrow = clock.start_of_day(clock.today() + timedelta(days=2))
    soon = (GiftPromise.status == "promised") & (GiftPromise.reminded_at.is_(None)) & (GiftPromise.starts_at < tomorrow)
    count = 0
    for ref in db.session.scalars(select(GiftPromise.ref).where(soon).order_by(GiftPromise.id)).all():
        with transaction():
            row, talk, _post = locked(ref)
            if row.status != "promised" or row.reminded_at is not None or row.starts_at is None:
                continue
            row.reminded_at = clock.now()
            if row.starts_at > clock.now() and row.changed_at < clock.start_of_day(clock.today()):  # who agreed today knows it
                notices.tomorrow(row, talk)
            count += 1
    return count


def ask_after() -> int:
    """The day after, ask both how it went (the worker's work). Each once."""
    due = (
        select(GiftPromise.ref)
        .where(GiftPromise.status == "promised", GiftPromise.asked_at.is_(None), GiftPromise.starts_at < clock.start_of_day(clock.today()))
        .order_by(GiftPromise.id)
    )
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            row, talk, _post = locked(ref)
            if row.status == "promised" and row.asked_at is None:
                row.asked_at = clock.now()
                notices.how_was_it(row, talk)
                count += 1
    return count
