"""The weekly letter: what is new on the boards, one for each person over all their places and groups, and none when nothing is new.

It goes out on Thursdays at five in the afternoon in London, by e-mail. What is written in it was live at that moment, and comes once.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, or_, select

from portal import clock, vault
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.gifts import lists, notices, parties, suggestions
from portal.gifts.matching_model import GiftTold
from portal.gifts.model import WEEKLY, GiftPost, GiftWeekly
from portal.gifts.suggestions import Suggestion
from portal.gifts.talks_model import GiftLook
from portal.history import Actor, record
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import Setting
from portal.refs import clean_ref, new_ref
from portal.words import _

WEEKDAY, HOUR = 3, time(17)  # Thursday, London
LATE = timedelta(days=1)  # a worker that was away for longer leaves it to the next week
MOST_NEW = 200
OVERLAP = timedelta(hours=1)  # what was being put up while a letter was written; `GiftTold` keeps it from coming twice
MARK = 16  # hex digits of the link


# --- asking for it -------------------------------------------------------------------------------------------------------


def of(person_id: int) -> GiftWeekly | None:
    """What somebody set; None when they never did. One query."""
    return db.session.get(GiftWeekly, person_id)


def ask(who_id: int, what: str, *, by_link: bool = False) -> None:
    """Send the letter from now on: "all" that is new, or what may fit "mine". Again changes nothing; the other one changes only that.
    `by_link`: without signing in.

    Refused: no e-mail address, no such kind.
    """
    with transaction():
        someone = people.person(who_id)
        if what not in WEEKLY:
            raise Refused(_("Choose what it tells you."))
        if not someone.email:
            raise Refused(_("It comes by e-mail. Add your e-mail address on the page about you first."))
        parties.enter(person_id=who_id)
        row = _locked(who_id)
        now = clock.now()
        if row is None:
            row = GiftWeekly(person_id=who_id, ref=new_ref("GWK"), what=what, asked_at=now, seen_to=now)
            db.session.add(row)
        elif (row.what, row.stopped_at) == (what, None):
            return
        if row.stopped_at is not None:
            row.stopped_at, row.asked_at, row.seen_to = None, now, now
        row.what = what
        record(f"person:{who_id}", "weekly_gifts", Actor(None if by_link else who_id), what=what)


def stop(who_id: int, *, by_link: bool = False) -> None:
    """No more letters. Again changes nothing. `by_link`: as for `ask`."""
    with transaction():
        row = _locked(who_id)
        if row is not None and row.stopped_at is None:
            row.stopped_at = clock.now()
            record(f"person:{who_id}", "weekly_gifts", Actor(None if by_link else who_id), what="")


def _locked(person_id: int) -> GiftWeekly | None:
    query = select(GiftWeekly).where(GiftWeekly.person_id == person_id).with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def token_of(row: GiftWeekly) -> str:
    """The last part of the link by which it is changed or stopped without signing in."""
    return f"{row.ref}-{vault.marks('gift weekly', row.ref)[0][:MARK]}"


def by_token(token: str) -> GiftWeekly:
    """Whose link this is. NotFound: none of ours, or they have left."""
    ref, _dash, mark = token.rpartition("-")
    plain = clean_ref(ref)
    row = db.session.scalar(select(GiftWeekly).where(GiftWeekly.ref == plain)) if plain else None
    marks = vault.marks("gift weekly", plain) if plain else ()
    if row is None or not any(hmac.compare_digest(each[:MARK].encode(), mark.encode()) for each in marks):
        raise NotFound(_("This link does not work any more. Sign in to set your weekly letter."))
    return row


def in_words(row: GiftWeekly | None) -> str:
    """How it is set, in a sentence."""
    if row is None or row.stopped_at is not None:
        return _("You do not get it. It comes on Thursdays by e-mail, and only when there is something new.")
    if row.what == "mine":
        return _("You get it on Thursdays by e-mail: what may fit your gifts and wishes. When nothing does, nothing comes.")
    return _("You get it on Thursdays by e-mail: what is new near you. When nothing is new, nothing comes.")


def choices(row: GiftWeekly | None) -> list[tuple[str, str, str]]:
    """What one tap may change now: (what, words, tone), the likeliest first."""
    now = row.what if row is not None and row.stopped_at is None else "stop"
    some = [("all", _("Tell me what is new"), ""), ("mine", _("Only what may fit mine"), "secondary"), ("stop", _("No weekly letter"), "secondary")]  # fmt: skip
    return [each for each in some if each[0] != now]


def _setting(someone: Person) -> Setting:
    row = of(someone.id)
    if not someone.email:
        return Setting(_("Weekly letter about gifts and wishes"), _("It comes by e-mail. Add your e-mail address first."), [])
    return Setting(
        _("Weekly letter about gifts and wishes"), in_words(row), [(f"/gifts/weekly/{what}", words, "secondary") for what, words, _tone in choices(row)]
    )  # fmt: skip


people.SETTINGS.append(_setting)


# --- what is new ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class News:
    """What a letter tells: posts that may fit the reader's own, with the reasons, and the others."""

    fitting: Sequence[Suggestion]
    others: Sequence[GiftPost]

    @property
    def posts(self) -> list[GiftPost]:
        return [each.post for each in self.fitting if each.post is not None] + list(self.others)


def news_for(row: GiftWeekly, someone: Person, above: Mapping[int, int | None]) -> News:
    """What is on the boards at this moment, reaches somebody or a group of theirs, and is new to them since `row.seen_to`.
    `above`: as `suggestions.parents` says.
    """
    groups = frozenset(each.id for each in people.organisations_of(someone.id))
    who = Who(someone.id, someone.ref, someone.name, someone.area_id, acts_for=groups)
    ids = [each.id for each in parties.own(who)]
    query = select(GiftPost).where(
        lists.live(), lists.reaches(lists.homes_of(who)), _came_since(row.seen_to), GiftPost.party_id.not_in(ids),
        suggestions.unblocked(ids), suggestions.wanted(someone.id),
        ~exists().where(GiftTold.person_id == someone.id, GiftTold.post_id == GiftPost.id),
    ).options(*lists.WHOLE)  # fmt: skip
    new = db.session.scalars(query.order_by(GiftPost.id.desc()).limit(MOST_NEW)).all()
    own = suggestions.live_of(ids) if new else []
    found = [fit for each in new if (fit := suggestions.fits(each, own, above)) is not None]
    fitting = sorted(found, key=lambda each: -each.score)
    told = {each.post.id for each in fitting if each.post is not None}
    return News(fitting, [each for each in new if each.id not in told] if row.what == "all" else [])


def _came_since(instant: datetime) -> ColumnElement[bool]:
    """Posts put up since an instant, or let onto the board since then by whoever looked."""
    let = GiftLook.decision == "shown"
    return or_(GiftPost.posted_at >= instant, exists().where(GiftLook.post_id == GiftPost.id, let, GiftLook.decided_at >= instant))


# --- the worker ----------------------------------------------------------------------------------------------------------


def due_day(now: datetime) -> date | None:
    """The day whose letter is due: its hour has passed in London, by less than a day. None in between."""
    today = clock.london_day(now)
    day = today - timedelta(days=(today.weekday() - WEEKDAY) % 7)
    begins = hour_of(day)
    return day if begins <= now < begins + LATE else None


def hour_of(day: date) -> datetime:
    """The instant at which the letter of a day is due."""
    return datetime.combine(day, HOUR, clock.LONDON)


def send() -> int:
    """The letters of this week, on its day (the worker's work); each once, and none to whom nothing is new."""
    day = due_day(clock.now())
    if day is None:
        return 0
    count, above = 0, suggestions.parents()
    for person_id in db.session.scalars(select(GiftWeekly.person_id).where(_due(day)).order_by(GiftWeekly.person_id)).all():
        with transaction():
            row = db.session.scalar(select(GiftWeekly).where(GiftWeekly.person_id == person_id, _due(day)).with_for_update())
            count += _sent(row, day, above) if row is not None else 0
    return count


def _due(day: date) -> ColumnElement[bool]:
    asked = (GiftWeekly.stopped_at.is_(None)) & (GiftWeekly.asked_at < hour_of(day))
    return asked & or_(GiftWeekly.week.is_(None), GiftWeekly.week < day)


def _sent(row: GiftWeekly, day: date, above: Mapping[int, int | None]) -> bool:
    must_be_in_transaction()
    row.week = day
    someone = people.person(row.person_id)
    if someone.deleted_at is not None or not someone.email:
        return False
    news = news_for(row, someone, above)
    row.seen_to = clock.now() - OVERLAP
    posts = news.posts
    if not posts:
        return False
    db.session.add_all(GiftTold(person_id=someone.id, post_id=each.id) for each in posts)
    return notices.weekly(someone, news.fitting, news.others, token_of(row), day)
