"""Idea cards: pinning one to the wall, saying it better, keeping it, taking it back, handing a nobody's card over.

A card leaves the wall by its date, which every list asks (`queries.live`); the worker only says so afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.events import queries as events
from portal.history import BASES, SCHEME, Actor, record
from portal.ideas import care, counting, notices, queries, saying
from portal.ideas.model import Idea
from portal.ideas.moves import back_on_the_wall, leave_the_wall
from portal.ideas.queries import about, hold, is_owner, locked
from portal.ideas.rules import DAYS, MOST_OPEN, REMINDED_BEFORE, judge_name, judge_words
from portal.people import queries as people
from portal.people.access import Nobody, Who
from portal.people.model import Person
from portal.places.model import Area
from portal.refs import new_ref
from portal.words import _

MOST_NEWS = 12  # new words that the look names


@dataclass(frozen=True)
class Draft:
    """What is typed. `name` and `contact` are of who had the idea where that is no account: from paper, or a stranger to the site."""

    title: str
    area_id: int | None
    text: str = ""
    alt: str = ""
    name: str = ""
    contact: tuple[str, str] | None = None
    event_ref: str = ""  # the fair or meeting at which it is pinned


def acting(who: Who, idea: Idea, basis: str | None = None) -> Actor:
    """Who acts for a card: its owner; or who helps others there, on a basis unless it is nobody's. NotYours for anybody else."""
    if is_owner(who, idea):
        return Actor(who.id)
    if not who.can("help others", idea):
        raise NotYours(_("We cannot find that idea."))
    if basis not in BASES and has_owner(idea):
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, idea.owner_id, basis or None)


def has_owner(idea: Idea) -> bool:
    """Whether somebody's word is needed before anything is done with it."""
    return idea.owner_id is not None or bool(idea.owner_name)


# --- pinning -------------------------------------------------------------------------------------------------------------


def post(
    draft: Draft, who: Who | Nobody, *, basis: str | None = None, for_somebody: bool = False, picture: photos.Picture | None = None,
    data_dir: Path | None = None, once_key: str,
) -> str:  # fmt: skip
    """Pin an idea to the wall; returns its reference. `for_somebody`: a connector types for the name of the draft, or for nobody.

    A stranger's card, somebody's first, and one with words that worry are held until a connector has looked. Refused: no place, whatever
    `judge_words` says, twenty on the wall, no basis.
    """
    file = photos.keep_any(picture, data_dir)
    try:
        with transaction():
            done = once.claim(once_key)
            if done is None:
                hold()
                made = _posted(draft, who, basis, for_somebody, picture, file)
                once.keep(once_key, made)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    if done is None:
        return made
    photos.drop_any(file, data_dir)  # a second tap brought the same photo again: the first one stays
    return done


def _posted(
    draft: Draft, who: Who | Nobody, basis: str | None, for_somebody: bool, picture: photos.Picture | None, file: str | None
) -> str:
    made = new_card(draft, who, basis, for_somebody=for_somebody)
    photos.put(made, picture, file, draft.alt)
    db.session.flush()
    return made.ref


def new_card(draft: Draft, who: Who | Nobody, basis: str | None, *, for_somebody: bool, wall: str | None = None) -> Idea:
    """A card, judged and on the wall or held, as a part of an action that holds the ideas. Refused as for `post`."""
    must_be_in_transaction()
    area = _area(draft.area_id)
    if for_somebody:
        _must_type_for(who, area, basis)
    me = who if isinstance(who, Who) and not for_somebody else None
    owner_id = me.id if me is not None else None
    name, contact = (judge_name(draft.name) if draft.name else "", draft.contact) if me is None else ("", None)
    if me is None and not for_somebody and not name:
        raise Refused(_("Write your first name, so that neighbours know whose idea it is."), "name")
    if contact is not None and not name:
        raise Refused(_("Write the first name of who is reached there."), "name")
    if contact is not None and for_somebody and (known := people.person_at(*contact)) is not None:
        owner_id, name, contact = known.id, "", None
    judge_words(draft.title, draft.text, draft.alt, [me.name] if me is not None else [draft.name])
    if owner_id is not None:
        _not_too_many(owner_id)
    event = events.for_all(draft.event_ref)
    made = Idea(
        ref=new_ref("IDE"), event_id=event.id if event is not None else None, number=queries.next_number(), title=draft.title, text=draft.text, area_id=area.id, owner_id=owner_id, owner_name=name,
        owner_channel=contact[0] if contact else "none", owner_contact=contact[1] if contact else "",
        entered_by=Actor(who.id).code, basis=basis if for_somebody else None, wall=wall, posted_at=clock.now(), status="open", words="",
        ends_on=clock.today() + timedelta(days=DAYS), photo_width=0, photo_height=0, photo_alt="", people=0, minutes=0, version=1,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    record(about(made), "pinned", Actor(who.id, owner_id if for_somebody else None, made.basis))
    if not for_somebody and not (me is not None and me.can("help others", made)) and _is_new(me, made):
        _hold(made, "new", "")
    if worry := saying.what_worries(draft.title, draft.text, draft.alt, area.id, owner_id):
        _hold(made, "words", worry)
    queries.keep(made)
    return made


def _area(area_id: int | None) -> Area:
    area = db.session.get(Area, area_id) if area_id is not None else None
    if area is None or area.archived_at is not None:
        raise Refused(_("Choose where it is."), "area")
    return area


def _must_type_for(who: Who | Nobody, area: Area, basis: str | None) -> None:
    if not isinstance(who, Who) or not who.has_somewhere("connector", "officer"):
        raise NotYours(_("We cannot find that page."))
    people.must_help_in(who.id, area.id)
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")


def _is_new(me: Who | None, made: Idea) -> bool:
    """Whether nobody has looked at a card of theirs yet: a stranger, or somebody without another one that was or is on the wall."""
    if me is None:
        return True
    seen = select(Idea.id).where(Idea.owner_id == me.id, Idea.id != made.id, Idea.status.not_in(("held", "hidden", "withdrawn")))
    return db.session.scalar(seen.limit(1)) is None


def _hold(idea: Idea, kind: str, why: str) -> None:
    idea.status = "held"
    queries.keep(idea)
    care.ask_for_a_look(idea, kind, why)
    record(about(idea), "held", SCHEME, reason=why or None)


def _not_too_many(owner_id: int) -> None:
    held = (
        select(func.count())
        .select_from(Idea)
        .where(Idea.owner_id == owner_id, Idea.status.in_(("open", "held")), Idea.ends_on >= clock.today())
    )
    if (db.session.scalar(held) or 0) >= MOST_OPEN:
        raise Refused(_("%(most)d ideas at a time are enough. Take one back first.", most=MOST_OPEN))


# --- saying it better ----------------------------------------------------------------------------------------------------


def edit(
    ref: str, draft: Draft, who: Who, *, shown: int, basis: str | None = None, picture: photos.Picture | None = None, without_photo: bool = False,
    data_dir: Path | None = None,
) -> None:  # fmt: skip
    """Say it in another way. `shown`: the version that was on the page. Held until somebody has looked: words that worry, and a card that
    neighbours know already and that says something else now or shows another photo, unless a connector says it.

    Refused: not theirs, whatever `judge_words` says. Conflict: changed meanwhile, or not on the wall.
    """
    file, gone = photos.keep_any(picture, data_dir), None
    try:
        with transaction():
            hold()
            idea = locked(ref)
            actor = acting(who, idea, basis)
            if idea.status not in ("open", "held", "expired"):
                raise Conflict(_("This idea is not on the wall any more, so it stays as it is."))
            if idea.version != shown:
                raise Conflict(_("This was changed meanwhile. Look at it again."))
            judge_words(draft.title, draft.text, draft.alt, [idea.owner.name] if idea.owner is not None else [])
            news = saying.news_of(idea, draft.title, draft.text)
            known = not who.can("help others", idea) and saying.is_known(idea)
            another = known and saying.is_another(idea, draft.title, draft.text)
            idea.title, idea.text, idea.area_id = draft.title, draft.text, _area(draft.area_id).id
            idea.version += 1
            if file is not None or without_photo:
                gone = idea.photo_file
                photos.put(idea, picture, file, draft.alt)
            idea.photo_alt = draft.alt if idea.photo_ref else ""
            record(about(idea), "edited", actor, news=len(news))
            _look_again(idea, news if another else [], photo=known and file is not None)
            queries.keep(idea)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    photos.drop_any(gone, data_dir)


def _look_again(idea: Idea, news: Sequence[str], *, photo: bool) -> None:
    """Hold a changed card where its words ask for a look. `news`: what is new where it says something else; `photo`: it shows another one."""
    if news:
        record(about(idea), "rewritten", SCHEME)
    parts = [saying.what_worries(idea.title, idea.text, idea.photo_alt, idea.area_id, idea.owner_id), *news[:MOST_NEWS]]
    worry = ", ".join(part for part in (*parts, _("the new photo") if photo else "") if part)
    if worry and idea.status == "open":
        _hold(idea, "words", worry)
    elif worry and idea.status == "expired":
        care.ask_for_a_look(idea, "words", worry)


# --- keeping and ending --------------------------------------------------------------------------------------------------


def renew(ref: str, who: Who, *, basis: str | None = None) -> Idea:
    """Keep it on the wall, or pin it up again, for another 180 days; again changes nothing more. Held, while nobody has looked at it yet.

    Refused: not theirs, twenty on the wall. Conflict: it has joined another, become an application, or was taken down.
    """
    with transaction():
        hold()
        idea = locked(ref)
        actor = acting(who, idea, basis)
        if idea.status not in ("open", "expired", "withdrawn", "archived"):
            raise Conflict(_("This idea cannot be pinned up again as it stands. Look at its page."))
        until = clock.today() + timedelta(days=DAYS)
        if (idea.status, idea.ends_on) == ("open", until):
            return idea
        if idea.owner_id is not None and not queries.is_live(idea):
            _not_too_many(idea.owner_id)
        again = idea.status != "open"
        back_on_the_wall(idea, actor, "renewed")
        if again and (kind := care.unsettled(idea)) is not None:
            _hold(idea, kind, "")
        return idea


def end(ref: str, how: str, who: Who, *, basis: str | None = None) -> Idea:
    """It is "done": it happened without money; or "withdrawn": not any more. Who is in is told. A connector may also put it among
    the earlier ideas ("archived"), which are for everybody to read.

    Refused: not theirs, no such way. Conflict: it has joined another or become an application.
    """
    with transaction():
        hold()
        idea = locked(ref)
        actor = acting(who, idea, basis)
        if how not in ("done", "withdrawn", "archived") or (how == "archived" and not who.can("help others", idea)):
            raise Refused(_("Say whether it happened, or is not needed any more."), "how")
        if idea.status == how:
            return idea
        if idea.status not in ("open", "held", "expired"):
            raise Conflict(_("This idea is not on the wall any more. Look at its page."))
        if idea.status == "held" and how != "withdrawn":
            raise Conflict(_("A neighbour looks at this card first. Take it back, or wait."))
        leave_the_wall(idea, how, actor)
        return idea


def hand_over(ref: str, name: str, contact: tuple[str, str] | None, who: Who, *, basis: str | None) -> None:
    """A connector writes down whose a nobody's card is. Refused: no name, no basis; it is somebody's with an account already."""
    with transaction():
        hold()
        idea = locked(ref)
        if not who.can("help others", idea):
            raise NotYours(_("We cannot find that idea."))
        if basis not in BASES:
            raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
        if idea.owner_id is not None:
            raise Conflict(_("This idea is somebody’s already."))
        if not name:
            raise Refused(_("Write their first name."), "name")
        first = judge_name(name)
        known = people.person_at(*contact) if contact is not None else None
        give_to(idea, known, first, contact)
        record(about(idea), "handed_over", Actor(who.id, idea.owner_id, basis))


def give_to(idea: Idea, someone: Person | None, name: str = "", contact: tuple[str, str] | None = None) -> None:
    """Whose it is from now on, as a part of an action: an account, or a first name with a way to tell them. Who was in and is its owner
    now counts anyway.
    """
    must_be_in_transaction()
    idea.owner_id = someone.id if someone is not None else None
    idea.owner_name = "" if someone is not None else name
    idea.owner_channel, idea.owner_contact = contact if contact is not None and someone is None else ("none", "")
    db.session.flush()
    db.session.expire(idea, ["owner"])
    counting.recount(idea)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind_ending() -> int:
    """Ask owners whether what ends soon is to stay (the worker's work); once for each last day."""
    today = clock.today()
    due = select(Idea.ref).where(
        Idea.status == "open", Idea.ends_on >= today, Idea.ends_on <= today + timedelta(days=REMINDED_BEFORE), Idea.reminded_at.is_(None)
    )
    count = 0
    for ref in db.session.scalars(due.order_by(Idea.id)).all():
        with transaction():
            hold()
            idea = locked(ref)
            if queries.is_live(idea) and idea.reminded_at is None:
                idea.reminded_at = clock.now()
                count += notices.ends_soon(idea)
    return count


def end_due() -> int:
    """Write down which cards have left the wall by their date, and tell their owners (the worker's work)."""
    due = select(Idea.ref).where(Idea.status == "open", Idea.ends_on < clock.today()).order_by(Idea.id)
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            hold()
            idea = locked(ref)
            if idea.status == "open" and idea.ends_on < clock.today():
                leave_the_wall(idea, "expired", SCHEME)
                notices.over(idea)
                count += 1
    return count
