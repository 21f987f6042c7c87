"""Reading the timebank for its pages: what waits for whom, and the statement in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import joinedload

from portal import clock
from portal.db import db
from portal.ledger import queries as books
from portal.ledger.model import Account, Entry, State, Transfer
from portal.ledger.queries import BALANCE
from portal.money import Minutes
from portal.people.access import Who
from portal.people.model import Person
from portal.timebank import lines, members, neighbour_queries
from portal.timebank.members import account, name_of
from portal.timebank.model import OPEN, Category, Exchange, Member
from portal.timebank.neighbours_model import STANDS, NeighbourQuestion
from portal.timebank.posts_model import Conversation, Promise
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.timebank.spend_model import SpendBooking
from portal.words import _

WITH_NAMES = (
    *(
        joinedload(side).joinedload(part)
        for side in (Exchange.giver, Exchange.receiver)
        for part in (Member.person, Member.organisation, Member.area)
    ),
    joinedload(Exchange.category),
)


@dataclass(frozen=True)
class AtHome:
    """A person's time as the home page shows it: number of their card ("" for who is no member), balance in minutes, how many exchanges
    wait for their answer, how many questions to neighbours for what they say from a panel's seat, and how many neighbours wrote or
    proposed a day and heard nothing yet.
    """

    ref: str
    balance: Minutes
    waiting: int
    asked: int
    talks: int


def at_home(who: Who) -> AtHome:
    """One query; what waits for the organisations they act for counts too, and nothing that they wrote down themselves."""
    mine = select(Member.id).where(or_(Member.person_id == who.id, Member.organisation_id.in_(who.acts_for)))
    waiting = select(func.count()).select_from(Exchange).where(_answered_by(mine, who)).scalar_subquery()
    asked = select(func.count()).select_from(neighbour_queries.waiting_ids(who.id).subquery()).scalar_subquery()
    talks = select(func.count()).select_from(Conversation).where(_talk_waits_for(mine)).scalar_subquery()
    row = db.session.execute(
        select(Member.ref, BALANCE, waiting, asked, talks)
        .select_from(Person)
        .outerjoin(Member, and_(Member.person_id == Person.id, Member.status != "left"))
        .outerjoin(Account, Account.code == "member:" + Member.ref)
        .outerjoin(State, State.account_id == Account.id)
        .where(Person.id == who.id)
    ).one()
    return AtHome(row[0] or "", Minutes(row[1] or 0), row[2] if row[0] else 0, row[3], row[4])


def _talk_waits_for(ids: Select[int]) -> ColumnElement[bool]:
    """Conversations in which one of these members was written to and has not answered, or has a day to say yes to."""
    mine = or_(Conversation.owner_id.in_(ids), Conversation.other_id.in_(ids))
    proposed = exists().where(Promise.conversation_id == Conversation.id, Promise.status == "proposed", Promise.proposed_by_id.not_in(ids))
    unanswered = and_(Conversation.answered_at.is_(None), Conversation.begun_by_id.not_in(ids))
    return and_(mine, Conversation.status == "open", or_(unanswered, proposed))


def _answered_by(ids: Select[int] | Collection[int], who: Who) -> ColumnElement[bool]:
    """Exchanges that wait for the answer of one of these members, which `who` may give: they did not write them down."""
    return and_(
        Exchange.status == "logged",
        Exchange.entered_by != f"person:{who.id}",
        or_(
            and_(Exchange.logged_by == "giver", Exchange.receiver_id.in_(ids)),
            and_(Exchange.logged_by == "receiver", Exchange.giver_id.in_(ids)),
        ),
    )


def unsettled(mine: Member, who: Who, limit: int = 40) -> tuple[Sequence[Exchange], Sequence[Exchange]]:
    """What is not in the books yet of a member: (what waits for their answer and `who` may answer, the oldest first; what waits for others
    or is looked at, the latest first). One query.
    """
    query = select(Exchange).where(Exchange.status.in_(OPEN), or_(Exchange.giver_id == mine.id, Exchange.receiver_id == mine.id))
    asked: list[Exchange] = []
    others: list[Exchange] = []
    for each in db.session.scalars(query.options(*WITH_NAMES).order_by(Exchange.id.desc()).limit(limit)):
        answers = each.receiver_id if each.logged_by == "giver" else each.giver_id
        open_to_me = each.status == "logged" and answers == mine.id and each.entered_by != f"person:{who.id}"
        (asked if open_to_me else others).append(each)
    return asked[::-1], others


def asked_of(some: Collection[Member], who: Who) -> Mapping[int, int]:
    """How many exchanges wait for the answer of each of these members, by member id, which `who` may give. One query, or none."""
    if not some:
        return {}
    ids = {member.id for member in some}
    answers = case((Exchange.logged_by == "giver", Exchange.receiver_id), else_=Exchange.giver_id)
    query = select(answers, func.count()).where(_answered_by(ids, who)).group_by(answers)
    return dict(db.session.execute(query).tuples().all())


def with_names(ref: str) -> Exchange | None:
    """One exchange with both its members, in one query."""
    return db.session.scalar(select(Exchange).where(Exchange.ref == ref).options(*WITH_NAMES))


def last_kind(mine: Member, other: Member) -> str:
    """The kind of help that these two wrote down last, or else the first one's last; "" when there is none."""
    both = or_(
        and_(Exchange.giver_id == mine.id, Exchange.receiver_id == other.id),
        and_(Exchange.giver_id == other.id, Exchange.receiver_id == mine.id),
    )
    query = select(Category.code).join(Exchange, Exchange.category_id == Category.id).where(both, Category.archived_at.is_(None))
    return db.session.scalar(query.order_by(Exchange.id.desc()).limit(1)) or ""


# --- the statement -------------------------------------------------------------------------------------------------------


PAGES = {"exchange": "/timebank/exchanges/", "session": "/timebank/sessions/", "spend": "/timebank/spend/bookings/"}
DESK = {"exchange": "/timebank/desk/exchanges/", "session": "/timebank/sessions/", "spend": "/timebank/spend/bookings/"}


@dataclass(frozen=True)
class Line:
    """A line of a member's statement. `minutes` is what it changed, `after` the balance after it. `day`: when the help was given;
    `entered`: when it came into the books, by which the lines are ordered.

    `path`: the page of the exchange, session or booking that it comes from, or else its own, where something wrong is told; `ref` of
    the former. `asked`: somebody says that it is wrong, or neighbours look at it, and there is no answer yet.
    """

    sequence: int
    day: date
    entered: date
    sentence: str
    note: str
    minutes: int
    after: int
    ref: str
    path: str
    undone: bool  # it was put right later
    reverses: bool  # it puts another line right
    asked: bool = False


def statement(member: Member, before: int | None = None, limit: int = 25, *, to_member: bool = True) -> Sequence[Line]:
    """A member's lines in words, newest first; `before`: the last sequence seen; not `to_member`: for a coordinator, who is not "you". At
    most six queries.
    """
    rows = books.statement(account(member), before=before, limit=limit)
    exchanges = _exchanges_of(_numbers(rows, "exchange"))
    others = _others_of(member, _numbers(rows, "session"), _numbers(rows, "spend"))
    names = members.names_by_ref(_paid_for(rows, others))
    told = []
    for row in rows:
        kind, _colon, number = row.about.partition(":")
        day, sentence, note, ref, asked = row.effective_on, row.sentence, "", "", None
        if kind == "exchange":
            exchange, neighbours = exchanges[int(number)]
            day, sentence, note, ref = (
                exchange.day,
                in_words(exchange, member) if to_member else plain(exchange),
                exchange.category.name,
                exchange.ref,
            )
            asked = exchange.questioned_at or neighbours
        elif kind == "session":
            ref, day, title, note, asked, role = others[row.about]
            sentence = at_session(member, role, title, names.get(row.other.removeprefix("member:"), "")) if to_member else title
        elif kind == "spend":
            ref, _day, _title, _note, asked, _role = others[row.about]
        if (row.reverses and kind == "exchange") or (
            kind == "session" and row.kind != "session"
        ):  # told anew above; others have their own words
            sentence = _("Put right: %(what)s", what=sentence)
        path = PAGES[kind] + ref if ref else f"/timebank/lines/{member.ref}/{row.sequence}"
        told.append(
            (
                row.key,
                Line(
                    row.sequence,
                    day,
                    clock.london_day(row.recorded_at),
                    sentence,
                    note,
                    row.amount,
                    row.after,
                    ref,
                    path,
                    row.reversed,
                    row.reverses,
                    bool(asked and ref),
                ),
            )
        )
    own = lines.asked_about(member, [key for key, line in told if not line.ref])
    return [replace(line, asked=True) if key in own and not line.ref else line for key, line in told]


def page_about(about: str) -> str:
    """Where a coordinator looks at what an entry is about; "" when it has no page. One query, or none."""
    kind, _colon, number = about.partition(":")
    table: Any = {"exchange": Exchange, "session": TimeSession, "spend": SpendBooking}.get(kind)
    ref = db.session.scalar(select(table.ref).where(table.id == int(number))) if table is not None else None
    return DESK[kind] + ref if ref else ""


def _numbers(rows: Sequence[books.StatementLine], kind: str) -> set[int]:
    """Which of one kind the lines are about."""
    return {int(row.about.partition(":")[2]) for row in rows if row.about.startswith(kind + ":")}


Other = tuple[str, date, str, str, datetime | None, str]


def _paid_for(rows: Sequence[books.StatementLine], others: Mapping[str, Other]) -> set[str]:
    """Card numbers of those with whom lines of sessions were, where the member pays or gives to many."""
    lines_ = [row for row in rows if row.about.startswith("session:") and others[row.about][5] in ("payer", "giver")]
    return {row.other.removeprefix("member:") for row in lines_ if row.other.startswith("member:")}


def at_session(member: Member, role: str, title: str, name: str) -> str:
    """ "You paid for Linh at “Litter pick”", as this member reads it. `role`: as `_others_of` tells it; `name`: the other one's, "" when they
    are from another place.
    """
    values = {"title": title, "name": name or _("somebody from another place")}
    if member.organisation_id is not None:
        return {
            "payer": _("We paid for %(name)s at “%(title)s”", **values), "giver": _("We gave time to %(name)s at “%(title)s”", **values),
            "received": _("We received time at “%(title)s”", **values), "gave": _("We gave time at “%(title)s”", **values),
        }[role]  # fmt: skip
    return {
        "payer": _("You paid for %(name)s at “%(title)s”", **values), "giver": _("You gave time to %(name)s at “%(title)s”", **values),
        "received": _("You received time at “%(title)s”", **values), "gave": _("You gave time at “%(title)s”", **values),
    }[role]  # fmt: skip


def _exchanges_of(ids: Collection[int]) -> Mapping[int, tuple[Exchange, str | None]]:
    """Exchanges by id, each with what neighbours are asked about it. One query, or none."""
    if not ids:
        return {}
    look = and_(NeighbourQuestion.exchange_id == Exchange.id, NeighbourQuestion.status.in_(STANDS))
    query = select(Exchange, NeighbourQuestion.ref).outerjoin(NeighbourQuestion, look).options(*WITH_NAMES)
    return {each.id: (each, asked) for each, asked in db.session.execute(query.where(Exchange.id.in_(ids)))}


def _others_of(member: Member, sessions: Collection[int], bookings: Collection[int]) -> Mapping[str, Other]:
    """Sessions and bookings by what they are called in the books: reference, day, title, kind of help, since when the member asks about it,
    and what the member did there: "payer" of what others gave, "giver" to many who pay, "received" as one of these, or "gave". The
    reference is empty where the line is the payer's or the partner's, who have lists of their own. One query, or none.
    """
    some: list[Any] = []
    empty = literal("", Text)
    if sessions:
        there = and_(Attendance.session_id == TimeSession.id, Attendance.member_id == member.id)
        own = case((TimeSession.payer_id == member.id, empty), else_=TimeSession.ref)
        many = TimeSession.split.in_(("shared", "each"))
        mine = TimeSession.payer_id == member.id
        role = case(
            (and_(mine, many), literal("giver", Text)),
            (mine, literal("payer", Text)),
            (many, literal("received", Text)),
            else_=literal("gave", Text),
        )
        some.append(
            select(
                literal("session"), TimeSession.id, own, TimeSession.day, TimeSession.title, Category.name, Attendance.questioned_at, role
            )
            .join(Category, Category.id == TimeSession.category_id)
            .outerjoin(Attendance, there)
            .where(TimeSession.id.in_(sessions))
        )
    if bookings:
        own = case((SpendBooking.member_id == member.id, SpendBooking.ref), else_=empty)
        some.append(
            select(literal("spend"), SpendBooking.id, own, SpendBooking.day, empty, empty, SpendBooking.questioned_at, empty).where(
                SpendBooking.id.in_(bookings)
            )
        )
    if not some:
        return {}
    return {
        f"{kind}:{id_}": (ref, day, title, note, asked, role)
        for kind, id_, ref, day, title, note, asked, role in db.session.execute(union_all(*some))
    }


def in_words(exchange: Exchange, member: Member) -> str:
    """ "You helped Idris", as this member reads it; for an organisation "We helped Idris"."""
    gave = exchange.giver_id == member.id
    name = name_of(exchange.receiver if gave else exchange.giver)
    if member.organisation_id is not None:
        return _("We helped %(name)s", name=name) if gave else _("%(name)s helped us", name=name)
    return _("You helped %(name)s", name=name) if gave else _("%(name)s helped you", name=name)


def plain(exchange: Exchange) -> str:
    """ "Idris helped Maya", for who is neither."""
    return _("%(giver)s helped %(receiver)s", giver=name_of(exchange.giver), receiver=name_of(exchange.receiver))


def broken_caches() -> Sequence[str]:
    """Lines in words about exchanges whose figure is not what the books say; for the ledger check."""
    giver = select(Exchange.ref, Exchange.settled_minutes, func.min(Transfer.amount), func.max(Transfer.amount))
    query = (
        giver.outerjoin(Entry, Entry.key == Exchange.entry_key)
        .outerjoin(Transfer, Transfer.entry_id == Entry.id)
        .where(Exchange.status.in_(("settled", "reversed")))
        .group_by(Exchange.id, Exchange.ref, Exchange.settled_minutes)
        .having(or_(func.min(Transfer.amount).is_(None), func.min(Transfer.amount) != Exchange.settled_minutes, func.max(Transfer.amount) != Exchange.settled_minutes))
    )  # fmt: skip
    lines = [
        f"exchange {ref} says {said} minutes and the books say {least}" for ref, said, least, _most in db.session.execute(query).tuples()
    ]
    mirror = select(Entry.reverses_id).where(Entry.reverses_id.is_not(None)).scalar_subquery()
    wrong = (
        select(Exchange.ref, Exchange.status)
        .join(Entry, Entry.key == Exchange.entry_key)
        .where(or_(and_(Exchange.status == "settled", Entry.id.in_(mirror)), and_(Exchange.status == "reversed", Entry.id.not_in(mirror))))
    )
    return lines + [f"exchange {ref} is {status}, and the books say otherwise" for ref, status in db.session.execute(wrong).tuples()]
