"""Members of whom nothing was heard for a while: a coordinator asks how they are, by a message in one tap, by telephone or at the door.

What counts as hearing of somebody: hours written down, a session, a promise, something booked, and joining. That somebody asked after
them is an event without a word about what they said; it takes them off the list for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, and_, cast, exists, func, literal, or_, select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.history import Actor, Event, record
from portal.outbox import Text as Words
from portal.outbox import address_of, queue
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.places.queries import scheme
from portal.timebank import members
from portal.timebank.model import Exchange, Member
from portal.timebank.posts_model import Promise
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from portal.timebank.spend_model import SpendBooking
from portal.words import _

ASKED = "asked_after"  # the event
REST = timedelta(days=60)  # off the list after somebody asked
HOW = ("asked", "rang", "visited")
NOTHING = ("withdrawn", "refused")  # hours that say nothing of anybody


def quiet_query(areas: frozenset[int] | None, rules: TimeRules) -> Select[Member]:
    """Active persons of these areas (None: all) of whom nothing was heard for `rules.quiet_days`, and whom nobody asked lately."""
    since = clock.today() - timedelta(days=rules.quiet_days)
    at = clock.start_of_day(since)
    came = and_(Event.kind == "imported", Event.at > at)  # from another timebank: nobody knows how it was there
    asked = select(Event.about).where(or_(came, and_(Event.kind == ASKED, Event.at > clock.now() - REST)))
    query = select(Member).where(
        Member.status == "active", Member.person_id.is_not(None), Member.joined_at < at,
        ~exists().where(Exchange.giver_id == Member.id, Exchange.day >= since, Exchange.status.not_in(NOTHING)),
        ~exists().where(Exchange.receiver_id == Member.id, Exchange.day >= since, Exchange.status.not_in(NOTHING)),
        ~exists().where(Attendance.member_id == Member.id, Attendance.session_id == TimeSession.id, TimeSession.day >= since),
        ~exists().where(
            SignUp.member_id == Member.id, SignUp.state != "off", SignUp.session_id == TimeSession.id, TimeSession.day >= since,
            TimeSession.status != "cancelled",
        ),
        Member.id.not_in(select(Promise.owner_id).where(Promise.changed_at >= at)),
        Member.id.not_in(select(Promise.other_id).where(Promise.changed_at >= at)),
        ~exists().where(SpendBooking.member_id == Member.id, SpendBooking.day >= since),
        (literal("member:") + cast(Member.id, Text)).not_in(asked),
    )  # fmt: skip
    return query if areas is None else query.where(Member.area_id.in_(areas))


@dataclass(frozen=True)
class Quiet:
    """A member, and the day on which something was heard last."""

    member: Member
    last: date

    @property
    def days(self) -> int:
        return (clock.today() - self.last).days


def _last_heard() -> Sequence[Any]:
    """When something of each sort was heard of a member last, days and one instant, for a query that selects members."""
    sorts = (
        select(func.max(Exchange.day)).where(Exchange.giver_id == Member.id, Exchange.status.not_in(NOTHING)),
        select(func.max(Exchange.day)).where(Exchange.receiver_id == Member.id, Exchange.status.not_in(NOTHING)),
        select(func.max(TimeSession.day)).where(Attendance.member_id == Member.id, Attendance.session_id == TimeSession.id),
        select(func.max(SpendBooking.day)).where(SpendBooking.member_id == Member.id),
        select(func.max(Promise.changed_at)).where(or_(Promise.owner_id == Member.id, Promise.other_id == Member.id)),
    )
    return [each.correlate(Member).scalar_subquery() for each in sorts]


def quiet(areas: frozenset[int] | None, *, skip: int = 0, limit: int = 25) -> Sequence[Quiet]:
    """The same to be read, after the first `skip`: who joined longest ago first. One query, and the rules."""
    query = quiet_query(areas, members.open_rules()).add_columns(*_last_heard()).options(*members.NAMED)
    found = []
    for row in db.session.execute(query.order_by(Member.joined_at, Member.id).limit(limit).offset(skip)):
        member, *heard = row
        days = [clock.london_day(each) if isinstance(each, datetime) else each for each in heard if each is not None]
        found.append(Quiet(member, max([*days, clock.london_day(member.joined_at)])))
    return found


def ask_after(ref: str, how: str, who: Who) -> None:
    """Somebody asks how a member is: "asked" sends them a friendly message (on paper where nothing else reaches them); "rang" and
    "visited" say that it was done so. Off the list for sixty days. Twice on one day is once.

    Refused: none of the three, no address for a letter, oneself. NotYours: a member elsewhere.
    """
    with transaction():
        member = members.locked(ref)
        if not who.can("help others", member) or member.status == "left" or member.person is None:
            raise members.unknown()
        if member.person_id == who.id:
            raise Refused(_("That is you. Ask a colleague to ring you!"))
        if how not in HOW:
            raise Refused(_("Say whether you wrote, rang or visited."))
        if _asked_today(member):
            return
        if how == "asked":
            _how_are_you(member, member.person, who)
        record(members.about(member), ASKED, Actor(who.id), how=how)


def _asked_today(member: Member) -> bool:
    since = clock.start_of_day(clock.today())
    return (
        db.session.scalar(select(Event.id).where(Event.about == members.about(member), Event.kind == ASKED, Event.at >= since)) is not None
    )


def _how_are_you(member: Member, someone: Person, who: Who) -> None:
    to = people.addressee_of(someone)
    if not to.address:
        raise Refused(_("We have no e-mail, telephone or address of %(name)s. Go and knock, then say that you visited.", name=someone.name))
    ours = scheme()
    values = {"name": who.name, "link": address_of("/timebank/"), "telephone": ours.telephone if ours is not None else ""}
    text = Words(
        subject=_("How are you?"),
        body=_("We have not heard from you in the timebank for a while, and wonder how you are. Is there something small that a neighbour could do for you? Or something that you would like to do?\n\n%(link)s\n\nYou need do nothing. If you would like to talk, call %(telephone)s.\n\n%(name)s", **values),
        short=_("How are you? We have not heard from you in the timebank for a while. If you would like to talk, call %(telephone)s. %(name)s", **values),
        letter=_("We have not heard from you in the timebank for a while, and wonder how you are. Is there something small that a neighbour could do for you? Or something that you would like to do?\n\nYou need do nothing. If you would like to talk, call %(telephone)s.\n\n%(name)s", **values),
    )  # fmt: skip
    queue(f"quiet:{member.id}:{clock.today()}:person:{someone.id}", to, text, about=members.about(member))
