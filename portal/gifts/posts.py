"""Gifts and wishes: putting one up, keeping it fresh, ending it.

A post leaves the boards by its date, which every list asks (`lists.live`); the worker only says so afterwards.
"""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, select

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.events.model import Gathering
from portal.events.rules import is_public
from portal.gifts import care, lists, neighbours, notes, notices, parties, rules
from portal.gifts.care import about
from portal.gifts.model import STANDING, GiftParty, GiftPost
from portal.gifts.neighbours import Neighbour
from portal.gifts.rules import Draft
from portal.history import SCHEME, Actor, record
from portal.people.access import Who
from portal.people.forms import BASES
from portal.people.model import Organisation
from portal.places.model import Area
from portal.refs import new_ref
from portal.words import _


def locked(ref: str) -> GiftPost:
    """One post, locked, as a part of an action. NotFound."""
    must_be_in_transaction()
    found = db.session.scalar(select(GiftPost).where(GiftPost.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that gift or wish."))
    return found


# --- posting -------------------------------------------------------------------------------------------------------------


def post(
    draft: Draft, who: Who, *, organisation_id: int | None = None, for_person: int | Neighbour | None = None, basis: str | None = None, note: int | None = None,
    grown: bool = False, picture: photos.Picture | None = None, data_dir: Path | None = None, once_key: str,
) -> str:  # fmt: skip
    """Put up a gift or a wish: for oneself, for an organisation one acts for, or (who helps others there, on a basis) for a person.

    `note`: the number of the sticky note that it is. Returns its reference. It is held for a look when it is the first of somebody new or holds a worry-word. Refused: the same stands there
    already or too often lately, too many, kept away by a coordinator, under 18 (`grown` is said once), and whatever `rules.judged` says.
    """
    file = photos.keep_any(picture, data_dir)
    try:
        with transaction():
            done = once.claim(once_key)
            if done is None:
                party, actor = whose(draft, who, organisation_id, for_person, basis, grown)
                made = begin(party, draft, who, actor, picture, file, note).ref
                once.keep(once_key, made)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    if done is None:
        return made
    photos.drop_any(file, data_dir)  # a second tap brought the same photo again: the first one stays
    return done


def whose(
    draft: Draft, who: Who, organisation_id: int | None, for_person: int | Neighbour | None, basis: str | None, grown: bool
) -> tuple[GiftParty, Actor]:
    """Whose a post is to be, and who acts, as a part of an action: without a person and a basis whoever posts, with a basis alone the group
    for which they type. Refused as for `post`.
    """
    if for_person is None and basis is None:
        return parties.entering(who, organisation_id, grown=grown), Actor(who.id)
    area = parties.place_to_write_for(who, draft.area_id)
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    if for_person is None:
        if organisation_id not in who.acts_for:
            raise NotYours(_("We do not know that group."))
        party, person_id = parties.enter(organisation_id=organisation_id), None
    else:
        person_id = for_person if isinstance(for_person, int) else neighbours.found(for_person, area.id, who, basis).id
        party = parties.enter(person_id=person_id)
    parties.must_not_be_stopped(party)
    return party, Actor(who.id, person_id, basis)


def begin(
    party: GiftParty,
    draft: Draft,
    who: Who,
    actor: Actor,
    picture: photos.Picture | None = None,
    file: str | None = None,
    note: int | None = None,
    wall: str | None = None,
) -> GiftPost:
    """The new post, on the board or held for a look, as a part of an action. Refused as for `post`."""
    one_at_a_time(f"gift posts:{party.id}")
    _judge(draft, party, who)
    _not_too_many(party, draft, actor)
    made = GiftPost(
        ref=new_ref("GFT"), party_id=party.id, kind=draft.kind, posted_at=clock.now(), entered_by=actor.code, basis=actor.basis, wall=wall,
        status="open", version=0, words="", promised=0, photo_alt="",
    )  # fmt: skip
    _fill(made, draft)
    made.ends_on = rules.last_day(draft.days, draft.until_day, clock.today())
    photos.put(made, picture, file, draft.alt)
    db.session.add(made)
    db.session.flush()
    if note is not None:
        notes.tie(note, made)
    record(about(made), "posted", actor)
    _held_or_shown(made, party, draft, who, actor)
    return made


def _held_or_shown(made: GiftPost, party: GiftParty, draft: Draft, who: Who, actor: Actor) -> None:
    """Somebody who looks after the place has looked themselves; whom nobody knows yet waits for that."""
    helper = who.has_in(made.area_id, "connector", "officer")
    if words := rules.worries(draft.title, draft.text, draft.alt):
        care.hold(made, "worry", words, actor)
    elif party.known_at is None and not helper:
        care.hold(made, "new", (), actor)
    else:
        party.known_at = party.known_at or clock.now()
        lists.keep(made)


def _judge(draft: Draft, party: GiftParty, who: Who) -> None:
    names = (parties.full_name(party), who.name) if party.person_id is not None else (who.name,)
    if (wrong := rules.judged(draft, names, clock.today())) is not None:
        raise Refused(wrong.sentence, wrong.field)
    area = db.session.get(Area, draft.area_id) if draft.area_id is not None else None
    if area is None or area.archived_at is not None:
        raise Refused(_("Choose where it is."), "area")
    hub = db.session.get(Organisation, draft.hub_id) if draft.hub_id is not None else None
    if draft.hub_id is not None and (hub is None or hub.kind != "hub" or hub.archived_at is not None):
        raise Refused(_("Choose a hub from the list."), "hub")
    event = db.session.get(Gathering, draft.event_id) if draft.event_id is not None else None
    if draft.event_id is not None and (event is None or not is_public(event)):
        raise Refused(_("We cannot find that event. Put it up without one."), "event")


def _not_too_many(party: GiftParty, draft: Draft, actor: Actor) -> None:
    same = rules.same(draft.title)
    standing = and_standing(party.id)
    if db.session.scalar(select(GiftPost.id).where(*standing, GiftPost.kind == draft.kind, GiftPost.same == same)) is not None:
        raise Refused(_("You have this on the board already. Change or renew that one."), "title")
    since = clock.now() - timedelta(days=rules.REPOST_DAYS)
    again = select(func.count()).where(
        GiftPost.party_id == party.id, GiftPost.kind == draft.kind, GiftPost.same == same, GiftPost.posted_at > since
    )
    if (db.session.scalar(again.select_from(GiftPost)) or 0) >= rules.MOST_REPOSTS:
        raise Refused(
            _("You have put this up %(most)d times lately. Ask your hub: they may know who needs it.", most=rules.MOST_REPOSTS), "title"
        )
    if (db.session.scalar(select(func.count()).select_from(GiftPost).where(*standing)) or 0) >= rules.MOST_STANDING:
        raise Refused(_("%(most)d at a time are enough. End one of yours first.", most=rules.MOST_STANDING))
    typed = select(func.count()).where(GiftPost.entered_by == actor.code, GiftPost.posted_at > clock.now() - timedelta(days=1))
    if actor.basis is None and (db.session.scalar(typed.select_from(GiftPost)) or 0) >= rules.MOST_A_DAY:
        raise Refused(_("That is a lot for one day, thank you! Go on tomorrow."))


def and_standing(party_id: int) -> tuple[ColumnElement[bool], ...]:
    """Posts of a party that stand, for a query's `where`: open, held or paused, and until the worker ends it also past
    its last day."""
    return (GiftPost.party_id == party_id, GiftPost.status.in_(STANDING))


def _fill(row: GiftPost, draft: Draft) -> None:
    row.sort, row.title, row.text, row.reach = draft.sort, draft.title, draft.text, draft.reach
    row.same, row.quantity, row.until_day, row.hub_id, row.event_id = (
        rules.same(draft.title),
        draft.quantity,
        draft.until_day,
        draft.hub_id,
        draft.event_id,
    )
    assert draft.area_id is not None
    row.area_id = draft.area_id
    row.version = (row.version or 0) + 1


def edit(
    ref: str, draft: Draft, who: Who, *, shown: int, basis: str | None = None, picture: photos.Picture | None = None, without_photo: bool = False,
    data_dir: Path | None = None,
) -> None:  # fmt: skip
    """Say it in another way; a gift stays a gift. `shown`: the version that was on the page.

    Refused: not theirs, taken down, fewer than are promised, whatever `rules.judged` says. Conflict: changed meanwhile.
    """
    file, gone = photos.keep_any(picture, data_dir), None
    try:
        with transaction():
            row = locked(ref)
            actor = parties.acting(who, row, row.party, basis)
            one_at_a_time(f"gift posts:{row.party_id}")
            _may_change(row, draft, who, shown)
            _fill(row, draft)
            if row.until_day is not None:
                row.ends_on = min(row.ends_on, row.until_day)
            if file is not None or without_photo:
                gone = row.photo_file
                photos.put(row, picture, file, draft.alt)
            row.photo_alt = draft.alt if row.photo_ref else ""
            db.session.flush()
            record(about(row), "edited", actor)
            if row.status not in STANDING or not _held_for_a_word(row, who, actor):
                lists.keep(row)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    photos.drop_any(gone, data_dir)


def _held_for_a_word(row: GiftPost, who: Who, actor: Actor) -> bool:
    """Off the boards for a look when it says a worry-word now that nobody has let stand yet; who looks after the place has looked."""
    words = rules.worries(row.title, row.text, row.photo_alt)
    if not words or who.has_in(row.area_id, "connector", "officer"):
        return False
    passed = care.passed(row)
    if not (fresh := [word for word in words if word not in passed]):
        return False
    care.hold(row, "worry", fresh, actor)
    return True


def _may_change(row: GiftPost, draft: Draft, who: Who, shown: int) -> None:
    if row.status == "hidden":
        raise Conflict(_("A coordinator took this down. Write a new one, in another way."))
    if row.version != shown:
        raise Conflict(_("This was changed meanwhile. Look at it again."))
    _judge(draft, row.party, who)
    if draft.quantity < row.promised:
        raise Refused(_("%(number)d are promised already, so there cannot be fewer.", number=row.promised), "quantity")
    if row.status == "gone" and draft.quantity != row.quantity:
        raise Refused(_("They are all gone. Put up a new one for more."), "quantity")
    others = and_standing(row.party_id)
    same = select(GiftPost.id).where(*others, GiftPost.kind == row.kind, GiftPost.same == rules.same(draft.title), GiftPost.id != row.id)
    if row.status in STANDING and db.session.scalar(same) is not None:
        raise Refused(_("You have this on the board already. Change or renew that one."), "title")


# --- keeping and ending --------------------------------------------------------------------------------------------------


def renew(ref: str, who: Who, *, basis: str | None = None) -> GiftPost:
    """Keep it on the board, or put it up again, for another four weeks; again changes nothing more. It does not move up in the list.
    What was changed meanwhile and holds a worry-word is looked at first.

    Refused: not theirs, taken down, held, all gone, kept away, its day has passed, the same stands there again.
    """
    with transaction():
        row = locked(ref)
        actor = parties.acting(who, row, row.party, basis)
        one_at_a_time(f"gift posts:{row.party_id}")
        _may_renew(row)
        until = rules.last_day(rules.USUAL, row.until_day, clock.today())
        if (row.status, row.ends_on, row.reminded_at) == ("open", max(until, row.ends_on), None):
            return row
        row.ends_on, row.reminded_at = max(until, row.ends_on), None
        if row.status != "open" and _held_for_a_word(row, who, actor):
            return row
        row.status = "open"
        lists.keep(row)
        record(about(row), "renewed", actor, until=row.ends_on.isoformat())
        return row


def _may_renew(row: GiftPost) -> None:
    if row.status == "hidden":
        raise Conflict(_("A coordinator took this down. Write a new one, in another way."))
    if row.status == "held":
        raise Conflict(_("A person looks at this first. Then it stands on the board by itself."))
    if row.status == "gone":
        raise Conflict(_("They are all gone. Put up a new one for more."))
    parties.must_not_be_stopped(row.party)
    if row.until_day is not None and row.until_day < clock.today():
        raise Refused(_("It was for a day that has passed. Change the day first."))
    if row.status in STANDING:
        return
    standing = and_standing(row.party_id)
    same = select(GiftPost.id).where(*standing, GiftPost.kind == row.kind, GiftPost.same == row.same)
    if db.session.scalar(same) is not None:
        raise Refused(_("You have this on the board already. Change or renew that one."))
    if (db.session.scalar(select(func.count()).select_from(GiftPost).where(*standing)) or 0) >= rules.MOST_STANDING:
        raise Refused(_("%(most)d at a time are enough. End one of yours first.", most=rules.MOST_STANDING))


def pause(ref: str, who: Who, *, basis: str | None = None) -> GiftPost:
    """Take it off the boards for a while; `renew` brings it back. Refused: not theirs. Conflict: not on the board."""
    with transaction():
        row = locked(ref)
        actor = parties.acting(who, row, row.party, basis)
        if row.status == "paused":
            return row
        if row.status != "open":
            raise Conflict(_("This is not on the board, so there is nothing to pause."))
        _leave(row, "paused", actor)
        return row


def end(ref: str, who: Who, *, basis: str | None = None) -> GiftPost:
    """Not any more. What is promised stays promised. Again changes nothing. Refused: not theirs. Conflict: taken down."""
    with transaction():
        row = locked(ref)
        actor = parties.acting(who, row, row.party, basis)
        if row.status in ("ended", "gone"):
            return row
        if row.status == "hidden":
            raise Conflict(_("A coordinator took this down already."))
        ended(row, actor)
        return row


def ended(row: GiftPost, actor: Actor) -> None:
    """A post that stands, or whose time is over, is ended as a part of an action that has locked it."""
    must_be_in_transaction()
    if row.status == "held":
        care.forget_holds(row)
    _leave(row, "ended", actor)


def take_down(ref: str, reason: str, who: Who) -> None:
    """Who helps others there takes it off the boards for good, and says why. Refused: their own, reported by them, no reason."""
    with transaction():
        row = locked(ref)
        if not who.can("help others", row):
            raise NotYours(_("We cannot find that gift or wish."))
        if parties.acts_as(who, row.party):
            raise Refused(_("This is your own. End it instead."))
        if care.told_by(row, who):
            raise Refused(_("You told us yourself that something is wrong with this. A colleague looks at it."))
        if not reason:
            raise Refused(_("Write why, in a few words. Its owner reads it."), "reason")
        care.take_down(row, reason, Actor(who.id))


def _leave(row: GiftPost, status: str, actor: Actor) -> None:
    row.status = status
    lists.keep(row)
    record(about(row), status, actor)


# --- pieces --------------------------------------------------------------------------------------------------------------


def take(row: GiftPost, pieces: int) -> None:
    """So many pieces are promised, as a part of that action, with the post locked. Refused: fewer are left."""
    must_be_in_transaction()
    if pieces > row.left:
        raise Refused(
            _("Only %(left)d are left.", left=row.left) if row.left else _("There is none left: it is promised already."), "quantity"
        )
    row.promised += pieces
    db.session.flush()


def give_back(row: GiftPost, pieces: int, actor: Actor) -> None:
    """So many pieces are free again, as a part of that action, with the post locked; they stand on the board at once if its day has not passed."""
    must_be_in_transaction()
    row.promised -= pieces
    if row.status == "gone":
        row.status = "expired" if row.ends_on < clock.today() else "open"
        one_at_a_time(f"gift posts:{row.party_id}")
        twin = select(GiftPost.id).where(
            *and_standing(row.party_id), GiftPost.kind == row.kind, GiftPost.same == row.same, GiftPost.id != row.id
        )
        if row.status == "open" and db.session.scalar(twin) is not None:
            row.status = "ended"
        record(about(row), "back", actor, pieces=pieces)
    lists.keep(row)


def all_gone(row: GiftPost, actor: Actor) -> None:
    """The last piece has changed hands: the post is done, as a part of that action."""
    must_be_in_transaction()
    if row.status in ("open", "paused", "expired", "ended", "held"):
        _leave(row, "gone", actor)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind_ending() -> int:
    """Ask owners whether what ends soon shall stay (the worker's work); once for each last day."""
    today = clock.today()
    soon = today + timedelta(days=rules.REMINDED_BEFORE)
    due = select(GiftPost.ref).where(
        lists.live(), GiftPost.ends_on <= soon, GiftPost.reminded_at.is_(None), GiftPost.posted_at < clock.start_of_day(today),
        (GiftPost.until_day.is_(None)) | (GiftPost.until_day > GiftPost.ends_on),
    )  # fmt: skip
    count = 0
    for ref in db.session.scalars(due.order_by(GiftPost.id)).all():
        with transaction():
            row = locked(ref)
            if lists.is_live(row) and row.reminded_at is None:
                row.reminded_at = clock.now()
                count += notices.ends_soon(row)
    return count


def end_due() -> int:
    """Write down which posts have left the boards by their date, and tell their owners (the worker's work)."""
    due = select(GiftPost.ref).where(GiftPost.status == "open", GiftPost.ends_on < clock.today()).order_by(GiftPost.id)
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            row = locked(ref)
            if row.status != "open" or row.ends_on >= clock.today():
                continue
            _leave(row, "expired", SCHEME)
            notices.over(row)
            count += 1
    return count
