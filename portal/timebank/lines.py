"""Something wrong? of what has no page of its own: gifts, hours of a pot, what was brought along, a partner's lines of the till.

A member says what is wrong with a line of their statement; a coordinator answers with a sentence, and puts right what can be put right
here by a reversal that stays to be seen. Exchanges, sessions and bookings have pages of their own, where their figures are put right.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from portal import clock
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.ledger.model import Account, Entry, Transfer
from portal.ledger.posting import reverse
from portal.outbox import Text, address_of, queue
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import COLLECTORS, ERASERS
from portal.timebank import members
from portal.timebank.lines_model import LineQuestion
from portal.timebank.members import NAMED, account, persons_of
from portal.timebank.model import Member
from portal.words import _

PUT_RIGHT_HERE = ("donation", "pot grant", "starting credit", "opening")  # kinds of entries; others by their own pages, or not at all


@dataclass(frozen=True)
class Seen:
    """A line that somebody says is wrong, as its pages show it."""

    question: LineQuestion
    entry: Entry
    others: Sequence[Member]  # the members at its other end
    reversed: bool


def about(question: LineQuestion) -> str:
    """How events and messages name it."""
    return f"line:{question.id}"


# --- a member ------------------------------------------------------------------------------------------------------------


def line_of(member: Member, sequence: int) -> books.StatementLine:
    """A line of a member's statement by its number there. NotFound."""
    found = books.statement(account(member), before=sequence + 1, limit=1)
    if not found or found[0].sequence != sequence:
        raise NotFound(_("We cannot find that line of the statement."))
    return found[0]


def question_about(member: Member, key: str) -> LineQuestion | None:
    """What a member said about an entry, if anything."""
    return db.session.scalar(
        select(LineQuestion).join(Entry, Entry.id == LineQuestion.entry_id).where(LineQuestion.member_id == member.id, Entry.key == key)
    )


def asked_about(member: Member, keys: Collection[str]) -> frozenset[str]:
    """Which of these entries a member has asked about and has no answer yet. One query, or none."""
    query = select(Entry.key).join(LineQuestion, LineQuestion.entry_id == Entry.id)
    query = query.where(LineQuestion.member_id == member.id, LineQuestion.answered_at.is_(None), Entry.key.in_(keys))
    return frozenset(db.session.scalars(query)) if keys else frozenset()


def something_wrong(member_ref: str, sequence: int, words: str, who: Who, *, basis: str | None = None) -> LineQuestion:
    """A member says what is wrong with a line, once; or a coordinator types it for them on a `basis`. The coordinators hear of it.

    Refused: not theirs, put right already, said already, no words.
    """
    with transaction():
        member = members.by_ref(member_ref)
        own = members.acts_as(who, member)
        if not own and not (basis and who.can("help others", member)):
            raise members.unknown()
        line = line_of(member, sequence)
        if line.reverses or line.reversed:
            raise Conflict(_("This was put right already. Both lines stay to be seen."))
        one_at_a_time(f"line:{member.id}:{sequence}")
        known = question_about(member, line.key)
        if known is not None and known.answered_at is None:
            raise Conflict(_("A coordinator has been told already, and looks at it."))
        if known is not None:
            raise Conflict(_("A coordinator has answered this already. Talk with them when it is still not right."))
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        entry_id = db.session.scalars(select(Entry.id).where(Entry.key == line.key)).one()
        made = LineQuestion(
            member_id=member.id, entry_id=entry_id, words=words, asked_at=clock.now(), asked_by=f"person:{who.id}" if own else members.about(member)
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        record(about(made), "questioned", Actor(who.id) if own else Actor(who.id, member.person_id, basis), reason=words)
        _tell_coordinators(made, member)
        return made


# --- a coordinator -------------------------------------------------------------------------------------------------------


def waiting_query(here: frozenset[int] | None) -> Select[LineQuestion]:
    """What a coordinator of the areas `here` (None: all) has to answer."""
    query = select(LineQuestion).where(LineQuestion.answered_at.is_(None))
    if here is not None:
        query = query.join(Member, Member.id == LineQuestion.member_id).where(Member.area_id.in_(here))
    return query


def seen_by_coordinator(id_: int, who: Who) -> Seen:
    """One of them for a coordinator of the member's area. NotFound for everybody else."""
    query = select(LineQuestion, Entry).join(Entry, Entry.id == LineQuestion.entry_id).where(LineQuestion.id == id_)
    row = db.session.execute(query.options(joinedload(LineQuestion.member).options(*NAMED))).one_or_none()
    if row is None or not who.can("help others", row[0].member):
        raise NotFound(_("We cannot find that page."))
    question, entry = row
    mirror = select(Entry.id).where(Entry.reverses_id == entry.id).limit(1)
    return Seen(question, entry, _others(entry, question.member), db.session.scalar(mirror) is not None)


def _others(entry: Entry, member: Member) -> Sequence[Member]:
    """The other members in an entry; at most a few are looked for, as a session has hundreds."""
    line = aliased(Transfer)
    query = (
        select(Member)
        .join(Account, Account.code == "member:" + Member.ref)
        .join(line, or_(line.debit_id == Account.id, line.credit_id == Account.id))
        .where(line.entry_id == entry.id, Member.id != member.id)
        .options(*NAMED)
        .limit(3)
    )
    return db.session.scalars(query).unique().all()


def can_be_put_right(seen: Seen) -> bool:
    """Whether a coordinator can reverse the entry here."""
    return seen.entry.kind in PUT_RIGHT_HERE and not seen.reversed


def answer(id_: int, put_right: bool, words: str, who: Who) -> None:
    """A coordinator says why it stands, or puts it right by a reversal; the two at its ends are told. Again changes nothing.

    Refused: no words, one of the two ends, not to be put right here, what was given has been spent.
    """
    with transaction():
        locked = db.session.scalar(
            select(LineQuestion).where(LineQuestion.id == id_).with_for_update().execution_options(populate_existing=True)
        )
        seen = seen_by_coordinator(id_, who)
        question = seen.question
        assert locked is question
        if question.answered_at is not None:
            return
        if any(members.acts_as(who, each) for each in (question.member, *seen.others)) or question.asked_by == f"person:{who.id}":
            raise Refused(_("Ask a colleague: nobody decides about their own hours, or what they typed."))
        if not words:
            raise Refused(_("Write why, in a few words."), "words")
        actor = Actor(who.id)
        if put_right:
            if not can_be_put_right(seen):
                raise Refused(_("This cannot be put right here. Say what you did instead, and let the line stand."))
            reverse(seen.entry.key, reason=_("a coordinator looked at it"), actor=actor.code)
        question.answer, question.answered_by, question.answered_at = words, actor.code, clock.now()
        question.outcome = "reversed" if put_right else "stands"
        record(about(question), question.outcome, actor, reason=words)
        _tell_both(seen, words)


# --- what is told --------------------------------------------------------------------------------------------------------


def _tell_coordinators(question: LineQuestion, member: Member) -> None:
    link = address_of(f"/timebank/desk/lines/{question.id}")
    subject = _("Somebody says that a line of their statement is wrong")
    text = Text(subject=subject, body=_("%(subject)s. See what it is:\n\n%(link)s", subject=subject, link=link), short=f"{subject}: {link}")
    for someone in members.coordinators_of((member.area_id,), (member,)):
        queue(f"line:{question.id}:coordinator:person:{someone.id}", people.addressee_of(someone), text, about=about(question))


def _tell_both(seen: Seen, words: str) -> None:
    entry, link = seen.entry, address_of("/timebank/statement")
    values = {"what": entry.sentence, "why": words, "link": link}
    said = (
        _("A coordinator has looked at “%(what)s”, and it is taken back. Both lines stay to be seen.", **values)
        if seen.question.outcome == "reversed"
        else _("A coordinator has looked at “%(what)s”: it stands.", **values)
    )
    text = Text(
        subject=_("A coordinator has looked at a line of your statement"),
        body=_("%(said)s\n\nWhy: %(why)s\n\n%(link)s", said=said, **values),
        short=_("%(said)s Why: %(link)s", said=said, **values),
    )
    for member in (seen.question.member, *seen.others):
        for someone in persons_of(member):
            queue(f"line:{seen.question.id}:answered:person:{someone.id}", people.addressee_of(someone), text, about=about(seen.question))


# --- what we keep about a person -----------------------------------------------------------------------------------------


def _asked_by_person(person_id: int) -> list[Mapping[str, Any]]:
    query = (
        select(LineQuestion, Entry.sentence)
        .join(Entry, Entry.id == LineQuestion.entry_id)
        .join(Member, Member.id == LineQuestion.member_id)
        .where(or_(Member.person_id == person_id, LineQuestion.asked_by == f"person:{person_id}"))
        .order_by(LineQuestion.id)
    )
    return [
        {"line": sentence, "you said": row.words, "when": row.asked_at.isoformat(), "answer": row.answer, "what came of it": row.outcome}
        for row, sentence in db.session.execute(query)
    ]


def _forget(someone: Person) -> Sequence[str]:
    mine = select(Member.id).where(Member.person_id == someone.id)
    db.session.execute(
        update(LineQuestion).where(or_(LineQuestion.member_id.in_(mine), LineQuestion.asked_by == f"person:{someone.id}")).values(words="", answer="")
    )  # fmt: skip
    return ()


COLLECTORS["lines of your statement"] = _asked_by_person
ERASERS.append(_forget)
