"""Signs that somebody might like to lead, each with its reason in words: found when somebody looks, never kept, never counted up.

Only of people who said yes to this, and of what they did in the last two years.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Integer, Select, Text, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.connecting import began, rules
from portal.connecting.model import Introduction
from portal.db import db
from portal.events.model import Gathering, Guest
from portal.gifts.model import GiftParty
from portal.gifts.talks_model import GiftPromise
from portal.ideas.model import Idea, IdeaPledge
from portal.timebank.model import Member
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.web.filters import month
from portal.words import _

SEVERAL = 3
FOLLOWED = 2  # others who were in after them
EACH = 2  # of one sort are told


@dataclass(frozen=True)
class Sign:
    """A reason, and the page where what it speaks of stands, or ""."""

    words: str
    href: str = ""


def of(person_ids: Collection[int]) -> Mapping[int, Sequence[Sign]]:
    """By person: what speaks for asking them, the newest of each sort first. One query."""
    found: dict[int, list[Sign]] = {id_: [] for id_ in person_ids}
    if not person_ids:
        return found
    told: dict[tuple[int, str], int] = {}
    parts = union_all(*(part(person_ids) for part in PARTS)).subquery()
    for person_id, what, title, ref, day in db.session.execute(select(parts).order_by(parts.c.what, parts.c.day.desc(), parts.c.ref)):
        sign = _sign(what, title, ref, day)
        if told.get((person_id, what), 0) < EACH and sign.words not in [each.words for each in found[person_id]]:
            told[person_id, what] = told.get((person_id, what), 0) + 1
            found[person_id].append(sign)
    return found


def _sign(what: str, title: str, ref: str, day: date) -> Sign:
    words = {
        "a_began": _("Something began after they were introduced to somebody"),
        "b_idea": _("Others are in on their idea “%(title)s”", title=title),
        "c_first": _("Was in on “%(title)s” early, and others followed", title=title),
        "d_event": _("Organised “%(title)s” in %(month)s", title=title, month=month(day)),
        "e_session": _("Ran the session “%(title)s” in %(month)s", title=title, month=month(day)),
        "f_promise": _("Kept a promise on the gift boards"),
        "g_helped": _("Gave time at several sessions, the last in %(month)s", month=month(day)),
        "h_came": _("Came to several events, the last in %(month)s", month=month(day)),
    }[what]
    return Sign(words, began.page_of(ref))


def _row(person: Any, what: str, title: Any, ref: Any, day: Any) -> tuple[Any, ...]:
    return (
        cast(person, Integer).label("person_id"), cast(literal(what), Text).label("what"), cast(title, Text).label("title"),
        cast(ref, Text).label("ref"), day.label("day"),
    )  # fmt: skip


def _since() -> date:
    return rules.kept_since(clock.today())


def _from() -> datetime:
    return clock.start_of_day(_since())


def _on(instant: Any) -> Any:
    return func.date(instant, type_=Date)


NONE = literal("")


def _began(ids: Collection[int]) -> Select[Any]:
    led = (Introduction.outcome == "began", Introduction.day >= _since())
    sides = (
        select(side.label("person_id"), Introduction.day.label("day")).where(side.in_(ids), *led)
        for side in (Introduction.one_id, Introduction.two_id)
    )
    both = union_all(*sides).subquery()
    return select(*_row(both.c.person_id, "a_began", NONE, NONE, func.max(both.c.day, type_=Date))).group_by(both.c.person_id)


def _ideas(ids: Collection[int]) -> Select[Any]:
    theirs = (Idea.owner_id.in_(ids), Idea.people >= SEVERAL, Idea.status.in_(("open", "taken", "done")), Idea.posted_at >= _from())
    return select(*_row(Idea.owner_id, "b_idea", Idea.title, Idea.ref, _on(Idea.posted_at))).where(*theirs)


def _first(ids: Collection[int]) -> Select[Any]:
    later = aliased(IdeaPledge)
    followed = select(func.count()).where(later.idea_id == IdeaPledge.idea_id, later.status == "in", later.said_at > IdeaPledge.said_at)
    query = select(*_row(IdeaPledge.person_id, "c_first", Idea.title, Idea.ref, _on(IdeaPledge.said_at)))
    return query.join(Idea, Idea.id == IdeaPledge.idea_id).where(
        IdeaPledge.person_id.in_(ids), IdeaPledge.status == "in", IdeaPledge.said_at >= _from(), Idea.status.in_(("open", "taken", "done")),
        or_(Idea.owner_id.is_(None), Idea.owner_id != IdeaPledge.person_id), followed.correlate(IdeaPledge).scalar_subquery() >= FOLLOWED,
    )  # fmt: skip


def _organised(ids: Collection[int]) -> Select[Any]:
    over = (Gathering.day < clock.today(), Gathering.day >= _since(), Gathering.status == "open")
    own = (Gathering.organiser_id.in_(ids), Gathering.role == "")
    return select(*_row(Gathering.organiser_id, "d_event", Gathering.title, Gathering.ref, Gathering.day)).where(*own, *over)


def _ran(ids: Collection[int]) -> Select[Any]:
    row = _row(TimeSession.organiser_id, "e_session", TimeSession.title, TimeSession.ref, TimeSession.day)
    return select(*row).where(TimeSession.organiser_id.in_(ids), TimeSession.status == "closed", TimeSession.day >= _since())


def _kept(ids: Collection[int]) -> Select[Any]:
    last = _on(func.max(GiftPromise.done_at))
    query = select(*_row(GiftParty.person_id, "f_promise", NONE, NONE, last)).join(GiftPromise, GiftPromise.giver_id == GiftParty.id)
    return query.where(GiftParty.person_id.in_(ids), GiftPromise.status == "handed", GiftPromise.done_at >= _from()).group_by(
        GiftParty.person_id
    )


def _helped(ids: Collection[int]) -> Select[Any]:
    query = select(*_row(Member.person_id, "g_helped", NONE, NONE, func.max(TimeSession.day, type_=Date)))
    query = query.join(Attendance, Attendance.member_id == Member.id).join(TimeSession, TimeSession.id == Attendance.session_id)
    gave = (Attendance.minutes > 0, TimeSession.status == "closed", TimeSession.day >= _since())
    return query.where(Member.person_id.in_(ids), *gave).group_by(Member.person_id).having(func.count() >= SEVERAL)


def _came(ids: Collection[int]) -> Select[Any]:
    query = select(*_row(Guest.person_id, "h_came", NONE, NONE, func.max(Gathering.day, type_=Date))).join(
        Gathering, Gathering.id == Guest.gathering_id
    )
    there = (Guest.person_id.in_(ids), Guest.here_at.is_not(None), Gathering.day >= _since())
    return query.where(*there).group_by(Guest.person_id).having(func.count() >= SEVERAL)


PARTS = (_began, _ideas, _first, _organised, _ran, _kept, _helped, _came)
