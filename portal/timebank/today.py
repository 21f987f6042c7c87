"""What needs a coordinator today: one list for the desk and for the home page, so that both say the same.

Each part is a query of what waits; it is counted, and its first few are named, each with the page on which something is done about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Text, case, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.ledger.model import Account, State
from portal.ledger.queries import BALANCE
from portal.people.access import Who
from portal.people.model import Organisation, Person
from portal.places.model import Area
from portal.timebank import conversations, evidence_lists, exchange, posts, quiet, safety, session_closing, spend_queries
from portal.timebank import lines as wrong_lines
from portal.timebank.evidence_model import Evidence, EvidenceWanted
from portal.timebank.lines_model import LineQuestion
from portal.timebank.model import Exchange, Member
from portal.timebank.posts_model import Post, Reported
from portal.timebank.rules import TimeRules
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.words import _, _n

FIRST = 5  # of each part are named
WHOLE = 50  # of one part, when all of it is asked for: when those are done, the next ones stand there
MOST = 99  # a larger number tells nobody more
DESK = "/timebank/desk/"
# part: (the page of one of them, the page of all of them)
PAGES = {
    "answer": ("/timebank/desk/exchanges/{}", f"{DESK}?all=answer"),
    "hours": ("/timebank/desk/exchanges/{}", f"{DESK}?all=hours"),
    "wrong": ("/timebank/desk/exchanges/{}", f"{DESK}?all=wrong"),
    "statements": ("/timebank/desk/lines/{}", f"{DESK}?all=statements"),
    "lines": ("/timebank/sessions/{}", "/timebank/desk/sessions"),
    "bookings": ("/timebank/spend/desk/bookings/{}", "/timebank/spend/desk"),
    "reports": ("/timebank/desk/reports/{}", "/timebank/desk/reports"),
    "sessions": ("/timebank/sessions/{}/close", "/timebank/desk/sessions"),
    "offers": ("/timebank/spend/desk/{}", "/timebank/spend/desk"),
    "wanted": ("/timebank/desk/members/{}/evidence", "/timebank/desk/evidence"),
    "helping": ("/timebank/desk/members/{}/evidence", "/timebank/desk/evidence?list=helping"),
    "review": ("/timebank/desk/members/{}/evidence", "/timebank/desk/evidence?list=review"),
    "unmet": ("/timebank/posts/{}/helpers", "/timebank/desk/requests"),
    "quiet": ("/timebank/desk/quiet#{}", "/timebank/desk/quiet"),
    "limits": ("/timebank/areas", "/timebank/areas"),
}
DEADLINES = ("answer", "review")  # the day of all others says since when


@dataclass(frozen=True)
class Part:
    """One sort of what waits: the rows, and of each the last piece of its address, one or two names, and a day."""

    rows: Any  # a Select of one or more entities
    ref: Any
    one: Any
    other: Any
    day: Any


@dataclass(frozen=True)
class Item:
    """One thing to do: where, whom or what it is about, and the day until which (`deadline`) or since when it waits."""

    href: str
    name: str
    day: date | None
    deadline: bool

    @property
    def late(self) -> bool:
        return self.deadline and self.day is not None and self.day <= clock.today()


@dataclass(frozen=True)
class Heap:
    """What waits of one sort: how many (up to MOST + 1), the first of them, and the page of all."""

    what: str
    number: int
    items: Sequence[Item]
    href: str


def parts(areas: frozenset[int] | None, rules: TimeRules | None, who: Who | None) -> Mapping[str, Part]:
    """By name; nothing while the timebank is not open. `areas`: those where `who` helps others; None: all."""
    return {} if rules is None else _hours(areas) | _spend_and_sessions(areas) | _persons(areas, rules, who) | _areas(areas, rules)


def _hours(areas: frozenset[int] | None) -> dict[str, Part]:
    waits = exchange.waiting_query(areas)
    names = (Exchange.ref, _name(Exchange.giver_id), _name(Exchange.receiver_id))
    logged = select(Exchange).where(Exchange.status == "logged", or_(Exchange.settle_on <= clock.today(), _unheard()))
    if areas is not None:
        here = select(Member.id).where(Member.area_id.in_(areas))
        logged = logged.where(or_(Exchange.giver_id.in_(here), Exchange.receiver_id.in_(here)))
    two = waits.where(Exchange.status.in_(("disputed", "held")))
    return {
        "answer": Part(logged, *names, Exchange.settle_on),
        "hours": Part(two, *names, _day(Exchange.entered_at)),
        "wrong": Part(waits.where(Exchange.status == "settled"), *names, _day(Exchange.questioned_at)),
        "statements": Part(
            wrong_lines.waiting_query(areas), cast(LineQuestion.id, Text), _name(LineQuestion.member_id), None, _day(LineQuestion.asked_at)
        ),
    }


def _unheard() -> Any:
    """Hours that wait for a person whom neither e-mail nor telephone reaches: a coordinator asks them, and answers for them."""
    asked = case((Exchange.logged_by == "giver", Exchange.receiver_id), else_=Exchange.giver_id)
    silent = select(Member.id).join(Person, Person.id == Member.person_id).where(Person.email.is_(None), Person.phone.is_(None))
    return asked.in_(silent)


def _spend_and_sessions(areas: frozenset[int] | None) -> dict[str, Part]:
    line = TimeSession.ref + "/lines/" + cast(Attendance.id, Text)
    return {
        "lines": Part(
            session_closing.lines_query(areas), line, _name(Attendance.member_id), TimeSession.title, _day(Attendance.questioned_at)
        ),
        "sessions": Part(session_closing.not_closed_query(areas), TimeSession.ref, TimeSession.title, None, TimeSession.day),
        "bookings": Part(
            spend_queries.questioned_query(areas), SpendBooking.ref, _name(SpendBooking.member_id), None, _day(SpendBooking.questioned_at)
        ),
        "offers": Part(spend_queries.to_look_at_query(areas), SpendOffer.ref, SpendOffer.title, _name(SpendOffer.partner_id), None),
    }


def _persons(areas: frozenset[int] | None, rules: TimeRules, who: Who | None) -> dict[str, Part]:
    me = _name(Member.id)
    unmet = posts.unmet_query(areas)
    return {
        "reports": Part(conversations.reports_query(areas, who), cast(Reported.id, Text), _name(Reported.by_id), None, _day(Reported.at)),
        "wanted": Part(evidence_lists.waiting_query(areas, rules), Member.ref, me, None, _day(EvidenceWanted.asked_at)),
        "helping": Part(evidence_lists.helping_query(areas, rules), Member.ref, me, evidence_lists.level_of(rules), None),
        "review": Part(evidence_lists.review_query(areas), Member.ref, me, None, Evidence.review_on),
        "unmet": Part(unmet, Post.ref, Post.title, _name(Post.member_id), _day(Post.posted_at)),
        "quiet": Part(quiet.quiet_query(areas, rules), Member.ref, me, None, None),
    }


def _areas(areas: frozenset[int] | None, rules: TimeRules) -> dict[str, Part]:
    """Areas that gave others, or received from them, more than the soft limit."""
    if not rules.area_limit:
        return {}
    over = (
        select(Area)
        .join(Account, Account.code == "area:" + cast(Area.code, Text) + ":clearing")
        .join(State, State.account_id == Account.id)
        .where(func.abs(BALANCE) > rules.area_limit)
    )
    return {"limits": Part(over if areas is None else over.where(Area.id.in_(areas)), Area.code, Area.name, None, None)}


def _name(member_id: Any) -> Any:
    """What neighbours call a member, beside a row that names them by `member_id`."""
    whose = aliased(Member)
    named = (
        select(func.coalesce(Person.name, Organisation.name))
        .select_from(whose)
        .outerjoin(Person, Person.id == whose.person_id)
        .outerjoin(Organisation, Organisation.id == whose.organisation_id)
        .where(whose.id == member_id)
    )
    return named.correlate_except(whose, Person, Organisation).scalar_subquery()


def _day(instant: Any) -> Any:
    return func.date(instant, type_=Date)


# --- counting and reading ------------------------------------------------------------------------------------------------


def counted(part: Part) -> Any:
    """How many wait, up to MOST + 1, as a part of a query."""
    rows = part.rows.with_only_columns(literal(1), maintain_column_froms=True).limit(MOST + 1)
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def waiting(areas: frozenset[int] | None, rules: TimeRules | None, who: Who | None, whole: str = "") -> Sequence[Heap]:
    """What needs a coordinator, the most pressing first; `whole`: the part of which not the first five but fifty are read. Two queries,
    and none while nothing can wait.
    """
    found = parts(areas, rules, who)
    if not found:
        return []
    numbers = db.session.execute(select(*(counted(part).label(what) for what, part in found.items()))).one()._mapping
    some = {what: part for what, part in found.items() if numbers[what]}
    items = _items(some, whole) if some else {}
    heaps = [Heap(what, numbers[what], items[what], PAGES[what][1]) for what in PAGES if what in some]
    return sorted(heaps, key=lambda heap: not any(item.late for item in heap.items))


def _items(some: Mapping[str, Part], whole: str) -> Mapping[str, Sequence[Item]]:
    """The first of each part, in one query."""
    found: dict[str, list[Item]] = {what: [] for what in some}
    selects = [_first(what, part, WHOLE if what == whole else FIRST) for what, part in some.items()]
    for what, ref, one, other, day in db.session.execute(union_all(*selects)):
        found[what].append(Item(PAGES[what][0].format(ref), _said(what, one, other), day, what in DEADLINES))
    return {what: sorted(items, key=lambda item: item.day or date.max) for what, items in found.items()}


def _first(what: str, part: Part, number: int) -> Any:
    nothing, no_day = cast(literal(None), Text), cast(literal(None), Date)
    columns = [
        cast(literal(what), Text).label("what"), part.ref.label("ref"), (nothing if part.one is None else part.one).label("one"),
        (nothing if part.other is None else part.other).label("other"), (no_day if part.day is None else part.day).label("day"),
    ]  # fmt: skip
    rows = part.rows.with_only_columns(*columns, maintain_column_froms=True).order_by(None)
    rows = rows.order_by(part.ref) if part.day is None else rows.order_by(part.day, part.ref)
    inner = rows.limit(number).subquery()
    return select(inner.c.what, inner.c.ref, inner.c.one, inner.c.other, inner.c.day)


def _said(what: str, one: str | None, other: str | None) -> str:
    """The words of a link to one of them."""
    if what in ("answer", "hours", "wrong"):
        return _("%(giver)s helped %(receiver)s", giver=one, receiver=other)
    if what == "helping":
        return f"{one}, {_(safety.FOR[other or 'home'])}"
    return f"{one}, {other}" if other else one or ""


# --- words ---------------------------------------------------------------------------------------------------------------


def line(what: str, number: int) -> str:
    """What waits, beside its number, on the home page."""
    return {
        "answer": _n("exchange that nobody answers", "exchanges that nobody answers", number),
        "hours": _n("exchange that two cannot settle", "exchanges that two cannot settle", number),
        "wrong": _n("exchange that somebody says is wrong", "exchanges that somebody says are wrong", number),
        "statements": _n("line of a statement that somebody says is wrong", "lines of statements that somebody says are wrong", number),
        "lines": _n("line of a session that needs a look", "lines of sessions that need a look", number),
        "bookings": _n("booking that somebody says is wrong", "bookings that somebody says are wrong", number),
        "reports": _n("message that somebody says is wrong", "messages that somebody says are wrong", number),
        "sessions": _n("session that nobody closed", "sessions that nobody closed", number),
        "offers": _n("offer for time to look at", "offers for time to look at", number),
        "wanted": _n("member who waits until we have seen something", "members who wait until we have seen something", number),
        "helping": _n("member who helps before we have seen what we must", "members who help before we have seen what we must", number),
        "review": _n("check to look at again", "checks to look at again", number),
        "unmet": _n("request that nobody has met for two weeks", "requests that nobody has met for two weeks", number),
        "quiet": _n("member who has gone quiet", "members who have gone quiet", number),
        "limits": _n("area far out of balance with the others", "areas far out of balance with the others", number),
    }[what]


def heading(what: str) -> tuple[str, str]:
    """The heading of a part on the desk, and what to do about it."""
    return {
        "answer": (_("Hours that nobody can answer"), _("Ask the other one, by telephone or at the door, and say what they say.")),
        "hours": (_("Hours that two cannot settle"), _("Talk to both, then say how long it was.")),
        "wrong": (_("Somebody says that hours are wrong"), _("Look at it, and put it right if they are right.")),
        "statements": (_("Somebody says that a line of their statement is wrong"), _("Read what they say, and answer.")),
        "lines": (_("Hours of a session to look at"), _("Confirm them, or put them right.")),
        "bookings": (_("Somebody says that a booking is wrong"), _("Talk to the member and the partner.")),
        "reports": (_("Somebody says that a message is wrong"), _("Read it soon, and tell them what comes of it.")),
        "sessions": (_("Sessions that nobody closed"), _("Nobody has their hours yet. Call the organiser, or close it with them.")),
        "offers": (_("Offers for time to look at"), _("Members see them when you have said yes.")),
        "wanted": (_("People who wait until you have seen something"), _("They would like to help. Talk to them, and write down what you saw.")),
        "helping": (_("People who help already"), _("We have not seen what their kind of help asks for. Talk to them; their hours count.")),
        "review": (_("Checks to look at again"), _("After their day they count no more.")),
        "unmet": (_("Requests that nobody has met for two weeks"), _("See who may help. A call often works.")),
        "quiet": (_("Members who have gone quiet"), _("Ask how they are, in one tap.")),
        "limits": (_("Areas far out of balance"), _("Talk with the other areas. Nothing stops.")),
    }[what]  # fmt: skip
