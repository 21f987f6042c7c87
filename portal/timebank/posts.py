"""Offers and requests: posting, keeping them fresh, ending them.

A post leaves the lists by its date, which every list asks (`search.live`); the worker only says so afterwards. Everybody can read
the title, so nothing in it points to a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Select, and_, func, or_, select

from portal import clock, once, photos
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused, Unknown
from portal.history import BASES, SCHEME, Actor, record
from portal.people.access import Nobody, Who
from portal.people.cash_words import PRICE, cash_like
from portal.people.shield import not_for_the_public
from portal.places.model import Area
from portal.refs import new_ref
from portal.timebank import members, notices, search
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.posts_model import KINDS, REACHES, Conversation, Post
from portal.words import N_, _

DAYS = {"offer": 90, "request": 30}  # how long a post stays without being renewed
REMINDED_BEFORE = {"offer": 7, "request": 3}  # days
FARTHEST = 366  # days ahead
MOST_OPEN = 20
MOST_TAGS = 6
LEAST_TITLE = 8  # letters: "Lift" says too little
UNMET_AFTER = 14  # days, then a coordinator looks
UNMET_UNTIL = 180  # days: what is older than that was met elsewhere, or given up
STATES = {
    "open": (N_("In the list"), "good"),
    "paused": (N_("Paused"), "warm"),
    "met": (N_("Met"), "good"),
    "ended": (N_("Ended"), ""),
    "expired": (N_("Its time is over"), "warm"),
    "hidden": (N_("Taken down"), "bad"),
}


@dataclass(frozen=True)
class Draft:
    """What is typed. `category` and `kind` are codes; days may be missing."""

    kind: str
    title: str
    category: str
    area_id: int | None
    reach: str
    text: str = ""
    when_words: str = ""
    from_day: date | None = None
    until_day: date | None = None
    tags: str = ""
    alt: str = ""


def about(post: Post) -> str:
    """How events and messages name it."""
    return f"post:{post.id}"


# --- finding -------------------------------------------------------------------------------------------------------------


def by_ref(ref: str) -> Post:
    """One post, with whose it is. NotFound."""
    found = db.session.scalar(select(Post).where(Post.ref == ref).options(*search.WHOLE))
    if found is None:
        raise NotFound(_("We cannot find that offer or request."))
    return found


def locked(ref: str) -> Post:
    """The same, locked, as a part of an action."""
    must_be_in_transaction()
    found = db.session.scalar(select(Post).where(Post.ref == ref).with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_("We cannot find that offer or request."))
    return found


def is_live(post: Post) -> bool:
    """Whether it is in the lists today."""
    return post.status == "open" and post.ends_on >= clock.today() and post.member.status == "active"


def readable(ref: str, who: Who | Nobody) -> Post:
    """A post for this reader: their own, one in a place where they help others, one they write about, or one that is in the lists.

    Whoever has not signed in reads what is in the lists, without a name. Unknown for all others. One to three queries.
    """
    gone = Unknown(_("That offer or request is not in the list, or not any more. See what else there is."))
    try:
        post = by_ref(ref)
    except NotFound as why:
        raise gone from why
    if isinstance(who, Who):
        if members.acts_as(who, post.member) or who.can("help others", post.member):
            return post
        if not is_live(post) and _writes_about(post, who):
            return post
    if not is_live(post):
        raise gone
    return post


def _writes_about(post: Post, who: Who) -> bool:
    mine = select(Member.id).where(or_(Member.person_id == who.id, Member.organisation_id.in_(who.acts_for)))
    return (
        db.session.scalar(select(Conversation.id).where(Conversation.post_id == post.id, Conversation.other_id.in_(mine)).limit(1))
        is not None
    )


def of_photo(photo_ref: str) -> Post:
    """The post that a picture belongs to. NotFound."""
    found = db.session.scalar(select(Post).where(Post.photo_ref == photo_ref).options(*search.WHOLE))
    if found is None:
        raise NotFound(_("That photo is gone."))
    return found


def of_members(ids: Sequence[int], *, before: int | None = None, limit: int = 30) -> Sequence[Post]:
    """All posts of these members, in whatever state, newest first."""
    query = select(Post).where(Post.member_id.in_(ids)).options(*search.WHOLE)
    if before is not None:
        query = query.where(Post.id < before)
    return db.session.scalars(query.order_by(Post.id.desc()).limit(limit)).all()


def unmet_query(areas: frozenset[int] | None) -> Select[Post]:
    """Requests older than 14 days of members in these areas (None: all) that nobody has met, also those whose time is over: a need does
    not end with a date.
    """
    today = clock.today()
    query = (
        select(Post)
        .join(Member, Member.id == Post.member_id)
        .where(
            Post.kind == "request", Post.status.in_(("open", "expired")), Member.status == "active",
            Post.posted_at < clock.start_of_day(today - timedelta(days=UNMET_AFTER - 1)),
            Post.posted_at >= clock.start_of_day(today - timedelta(days=UNMET_UNTIL)),
        )
    )  # fmt: skip
    return query if areas is None else query.where(Member.area_id.in_(areas))


def unmet(areas: frozenset[int] | None, *, after: int | None = None, limit: int = 50) -> Sequence[Post]:
    """The same to be read, the oldest first. `after`: the id of the last one seen, for the next page."""
    query = unmet_query(areas).options(*search.WHOLE)
    if after is not None:
        seen = select(Post.posted_at).where(Post.id == after).scalar_subquery()
        query = query.where(or_(Post.posted_at > seen, and_(Post.posted_at == seen, Post.id > after)))
    return db.session.scalars(query.order_by(Post.posted_at, Post.id).limit(limit)).unique().all()


def acting(who: Who, member: Member, basis: str | None = None) -> Actor:
    """Who acts for a member: itself, or a coordinator there who says how they know. NotYours for anybody else; Refused without a basis."""
    if members.acts_as(who, member):
        return Actor(who.id)
    if not who.can("help others", member):
        raise NotYours(_("We cannot find that offer or request."))
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return Actor(who.id, member.person_id, basis)


# --- posting -------------------------------------------------------------------------------------------------------------


def post(
    member_ref: str, draft: Draft, who: Who, *, basis: str | None = None, picture: photos.Picture | None = None, data_dir: Path | None = None,
    once_key: str,
) -> str:  # fmt: skip
    """Put an offer or a request into the list, for oneself, an organisation one acts for, or (a coordinator, on a basis) a member.

    Returns its reference. Refused: a member who takes a break, twenty that are open, and whatever `judge` says.
    """
    file = photos.keep_any(picture, data_dir)
    try:
        with transaction():
            done = once.claim(once_key)
            if done is None:
                made = _posted(member_ref, draft, who, basis, picture, file)
                once.keep(once_key, made)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    if done is None:
        return made
    photos.drop_any(file, data_dir)  # a second tap brought the same photo again: the first one stays
    return done


def _posted(member_ref: str, draft: Draft, who: Who, basis: str | None, picture: photos.Picture | None, file: str | None) -> str:
    members.open_rules()
    owner = members.by_ref(member_ref)
    actor = acting(who, owner, basis)
    _must_be_active(owner, actor)
    _not_too_many(owner)
    made = Post(
        ref=new_ref("POS"), member_id=owner.id, posted_at=clock.now(), entered_by=actor.code, basis=actor.basis, status="open", version=0
    )
    fill(made, draft, owner)
    photos.put(made, picture, file, draft.alt)
    db.session.add(made)
    db.session.flush()
    search.keep(made)
    record(about(made), "posted", actor)
    return made.ref


def edit(
    ref: str, draft: Draft, who: Who, *, shown: int, basis: str | None = None, picture: photos.Picture | None = None, without_photo: bool = False,
    data_dir: Path | None = None,
) -> None:  # fmt: skip
    """Say it in another way; an offer stays an offer. `shown`: the version that was on the page.

    Refused: not theirs, taken down, whatever `judge` says. Conflict: changed meanwhile.
    """
    file, gone = photos.keep_any(picture, data_dir), None
    try:
        with transaction():
            row = locked(ref)
            actor = acting(who, row.member, basis)
            if row.status == "hidden":
                raise Conflict(_("A coordinator took this down. Write a new one, in another way."))
            if row.version != shown:
                raise Conflict(_("This was changed meanwhile. Look at it again."))
            ends, until = row.ends_on, row.until_day
            fill(row, draft, row.member)
            if row.until_day == until or row.status != "open":
                row.ends_on = ends  # saying it better is not keeping it longer
            if file is not None or without_photo:
                gone = row.photo_file
                photos.put(row, picture, file, draft.alt)
            row.photo_alt = draft.alt if row.photo_ref else ""
            db.session.flush()
            db.session.expire(row, ["category"])
            search.keep(row)
            record(about(row), "edited", actor)
    except BaseException:
        photos.drop_any(file, data_dir)
        raise
    photos.drop_any(gone, data_dir)


def fill(row: Post, draft: Draft, owner: Member, *, least: int = LEAST_TITLE) -> None:
    """What was typed, judged, into the row; its last day with it. `least`: letters of the title. Refused: as `judge` says."""
    category = members.category(draft.category)
    area = db.session.get(Area, draft.area_id) if draft.area_id is not None else None
    if area is None or area.archived_at is not None:
        raise Refused(_("Choose where it is."), "area")
    judge(draft, name_of(owner), kind=row.kind or draft.kind, least=least)
    row.kind = row.kind or draft.kind
    row.title, row.text, row.when_words, row.tags = draft.title, draft.text, draft.when_words, tidy_tags(draft.tags)
    row.category_id, row.area_id, row.reach, row.from_day, row.until_day = (
        category.id,
        area.id,
        draft.reach,
        draft.from_day,
        draft.until_day,
    )
    row.ends_on = _last_day(row)
    row.version = (row.version or 0) + 1
    row.words = row.words or ""
    row.photo_alt = row.photo_alt or ""


def judge(draft: Draft, owner: str, *, kind: str, least: int = LEAST_TITLE) -> None:
    """Refused, at its field: nothing said, days that are over or the wrong way round, and what points to a person."""
    if kind not in KINDS:
        raise Refused(_("Say whether you offer something or ask for it."), "kind")
    if draft.reach not in REACHES:
        raise Refused(_("Choose who sees it."), "reach")
    if len(draft.title) < least:
        raise Refused(_("Say it in a sentence, like “I can mend bicycles”."), "title")
    if len([tag for tag in draft.tags.split(",") if tag.strip()]) > MOST_TAGS:
        raise Refused(_("%(most)d words are enough. Take some out.", most=MOST_TAGS), "tags")
    for name in ("title", "text", "when_words", "tags", "alt"):
        if (what := not_for_the_public(getattr(draft, name), [owner])) is not None:
            raise Refused(_("Leave out %(what)s: everybody can read this. Neighbours write to you here.", what=what), name)
        if (found := cash_like(getattr(draft, name))) is not None and found.kind == PRICE and found.surely:
            raise Refused(
                _("Time is the only coin here, so leave out “%(word)s”. If something must be bought for it, agree on that when you write.", word=found.word), name
            )  # fmt: skip
    if draft.until_day is not None and draft.until_day < clock.today():
        raise Refused(_("That day has passed. Choose one that is ahead, or leave it empty."), "until_day")
    if draft.until_day is not None and draft.until_day > clock.today() + timedelta(days=FARTHEST):
        raise Refused(_("That is more than a year ahead. Come back nearer the time."), "until_day")
    if draft.from_day is not None and draft.until_day is not None and draft.from_day > draft.until_day:
        raise Refused(_("The first day is after the last one. Change one of them."), "until_day")


def _last_day(row: Post) -> date:
    """An offer stays 90 days or until its date, whichever is sooner; a request 30 days, or until its date."""
    plain = clock.today() + timedelta(days=DAYS[row.kind])
    if row.until_day is None:
        return plain
    return min(plain, row.until_day) if row.kind == "offer" else row.until_day


def tidy_tags(typed: str) -> str:
    """Words after commas, each once: " Bikes,tools ,bikes" gives "Bikes, tools"."""
    tags = {tag.casefold(): tag for tag in reversed([" ".join(each.split()) for each in typed.split(",")]) if tag}
    return ", ".join(reversed(tags.values()))


def _must_be_active(owner: Member, actor: Actor) -> None:
    if owner.status != "active":
        raise Refused(members.on_break(owner, actor))


def room(owner: Member) -> int:
    """How many more a member may have in the lists at once."""
    held = select(func.count()).select_from(Post).where(Post.member_id == owner.id, Post.status == "open", Post.ends_on >= clock.today())
    return max(0, MOST_OPEN - (db.session.scalar(held) or 0))


def _not_too_many(owner: Member) -> None:
    if not room(owner):
        raise Refused(_("%(most)d at a time are enough. End one of yours first.", most=MOST_OPEN))


# --- keeping and ending --------------------------------------------------------------------------------------------------


def renew(ref: str, who: Who, *, basis: str | None = None) -> Post:
    """Keep it in the list, or put it up again, for another 90 or 30 days; again changes nothing more.

    Refused: not theirs, taken down, a member who takes a break, a date that has passed.
    """
    with transaction():
        row = locked(ref)
        actor = acting(who, row.member, basis)
        if row.status == "hidden":
            raise Conflict(_("A coordinator took this down. Write a new one, in another way."))
        _must_be_active(row.member, actor)
        if row.until_day is not None and row.until_day < clock.today():
            raise Refused(_("It was for a day that has passed. Change the day first."))
        if row.status != "open":
            _not_too_many(row.member)
        until = _last_day(row)
        if (row.status, row.ends_on, row.reminded_at) == ("open", until, None):
            return row
        row.status, row.ends_on, row.reminded_at, row.met_at = "open", until, None, None
        search.keep(row)
        record(about(row), "renewed", actor, until=until.isoformat())
        return row


def pause(ref: str, who: Who, *, basis: str | None = None) -> Post:
    """Take it out of the lists for a while; `renew` brings it back. Refused: not theirs; not in the list."""
    with transaction():
        row = locked(ref)
        actor = acting(who, row.member, basis)
        if row.status == "paused":
            return row
        if row.status != "open":
            raise Conflict(_("This is not in the list any more, so there is nothing to pause."))
        _leave_lists(row, "paused", actor)
        return row


def end(ref: str, how: str, who: Who, *, basis: str | None = None) -> Post:
    """It is "met" (a request), or "ended": not any more. Who wrote about it and had no answer is told.

    Refused: not theirs, taken down, an offer cannot be met.
    """
    with transaction():
        row = locked(ref)
        actor = acting(who, row.member, basis)
        if how not in ("met", "ended") or (how == "met" and row.kind != "request"):
            raise Refused(_("Say whether it is met, or not needed any more."))
        if row.status == how:
            return row
        if row.status == "hidden":
            raise Conflict(_("A coordinator took this down already."))
        end_now(row, how, actor)
        return row


def end_now(row: Post, how: str, actor: Actor) -> None:
    """The same as a part of an action: also when a promise was kept."""
    row.met_at = clock.now() if how == "met" else None
    _leave_lists(row, how, actor)
    for each in db.session.scalars(
        select(Conversation).where(Conversation.post_id == row.id, Conversation.status == "open", Conversation.answered_at.is_(None))
    ):
        if each.begun_by_id == each.other_id:
            notices.no_longer_needed(each, each.other)


def take_down(ref: str, reason: str, who: Who) -> Post:
    """A coordinator takes it out of the lists for good, and says why. Refused: not their place, their own, no reason."""
    with transaction():
        row = locked(ref)
        if not who.can("help others", row.member):
            raise NotYours(_("We cannot find that offer or request."))
        if members.acts_as(who, row.member):
            raise Refused(_("This is your own. End it instead."))
        if not reason:
            raise Refused(_("Write why, in a few words. Its owner reads it."), "reason")
        if row.status == "hidden":
            return row
        _leave_lists(row, "hidden", Actor(who.id), reason)
        notices.taken_down(row, reason)
        return row


def _leave_lists(row: Post, status: str, actor: Actor, reason: str | None = None) -> None:
    row.status = status
    search.keep(row)
    record(about(row), status, actor, reason=reason)


# --- the worker ----------------------------------------------------------------------------------------------------------


def remind_ending() -> int:
    """Ask owners whether what ends soon is to stay (the worker's work); once for each last day."""
    today = clock.today()
    soon = or_(*(
        (Post.kind == kind) & (Post.ends_on <= today + timedelta(days=days)) for kind, days in REMINDED_BEFORE.items()
    ))  # fmt: skip
    due = (
        select(Post.ref)
        .join(Member, Member.id == Post.member_id)
        .where(Post.status == "open", Post.ends_on >= today, Post.reminded_at.is_(None), Member.status == "active", soon)
        .order_by(Post.id)
    )
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            row = locked(ref)
            if row.status == "open" and row.reminded_at is None and row.posted_at < clock.start_of_day(today):
                row.reminded_at = clock.now()
                count += notices.ends_soon(row)
    return count


def end_due() -> int:
    """Write down which posts have left the lists by their date, and tell their owners (the worker's work)."""
    due = select(Post.ref).where(Post.status == "open", Post.ends_on < clock.today()).order_by(Post.id)
    count = 0
    for ref in db.session.scalars(due).all():
        with transaction():
            row = locked(ref)
            if row.status != "open" or row.ends_on >= clock.today():
                continue
            _leave_lists(row, "expired", SCHEME)
            if row.member.status == "active":
                notices.over(row)
            count += 1
    return count
