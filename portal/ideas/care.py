"""Care for the wall: what is held until a neighbour who helps has looked, what somebody reports, and the log of it all.

Every look has a day until when, and somebody who does it where anybody helps there.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.history import SCHEME, Actor, record
from portal.ideas import notices, queries, saying
from portal.ideas.model import Idea, IdeaLook
from portal.ideas.moves import take_down
from portal.ideas.queries import about, hold, locked
from portal.ideas.rules import LOOK_WORKING_DAYS
from portal.people import queries as people
from portal.people.access import Nobody, Who
from portal.people.model import Person
from portal.settings.days_off import working_days_after
from portal.words import N_, _

MOST_REPORTS = 20  # open ones of one card: more say nothing new
KINDS = {
    "words": N_("Words or a photo to look at"),
    "new": N_("First card of a neighbour"),
    "reported": N_("Reported"),
    "held": N_("Held by a connector"),
}
OUTCOMES = {"": N_("Waits"), "stands": N_("It stands"), "taken_down": N_("Taken down")}
WHOLE = (joinedload(IdeaLook.idea).joinedload(Idea.area), joinedload(IdeaLook.idea).joinedload(Idea.owner), joinedload(IdeaLook.keeper))


def ask_for_a_look(idea: Idea, kind: str, why: str, by_id: int | None = None) -> IdeaLook:
    """Put a card before somebody who helps where it is, with a day; as a part of an action. One that asks already is that one."""
    must_be_in_transaction()
    standing = select(IdeaLook).where(IdeaLook.idea_id == idea.id, IdeaLook.kind == kind, IdeaLook.settled_at.is_(None))
    if kind == "reported":
        standing = standing.where(IdeaLook.by_id == by_id) if by_id is not None else standing.where(IdeaLook.id.is_(None))
    found = db.session.scalar(standing)
    if found is not None:
        return found
    keeper = _keeper(idea, by_id)
    made = IdeaLook(
        idea_id=idea.id, kind=kind, why=why, by_id=by_id, keeper_id=keeper.id if keeper is not None else None, opened_at=clock.now(),
        due_on=working_days_after(clock.today(), LOOK_WORKING_DAYS), outcome="", answer="",
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    if keeper is not None:
        notices.please_look(made, idea, keeper)
    return made


def _keeper(idea: Idea, *but: int | None) -> Person | None:
    """Who looks: of those who help there, not whose card it is nor any of these, the one with the fewest open looks."""
    there = [one for one in people.holders("connector", "officer", at=idea.area_id) if one.id not in (idea.owner_id, *but)]
    if not there:
        return None
    busy = select(IdeaLook.keeper_id, func.count()).where(IdeaLook.settled_at.is_(None), IdeaLook.keeper_id.in_([one.id for one in there]))
    held = dict(db.session.execute(busy.group_by(IdeaLook.keeper_id)).tuples().all())
    return min(there, key=lambda one: (held.get(one.id, 0), one.id))


def unsettled(idea: Idea) -> str | None:
    """The kind of a look at a card that must come before it is on the wall, while nobody has; None: nothing stands in its way."""
    waits = select(IdeaLook.kind).where(IdeaLook.idea_id == idea.id, IdeaLook.kind != "reported", IdeaLook.settled_at.is_(None))
    return db.session.scalar(waits.order_by(IdeaLook.id).limit(1))


# --- saying that something is wrong --------------------------------------------------------------------------------------


def report(ref: str, words: str, who: Who | Nobody, *, once_key: str) -> None:
    """Somebody says what is wrong with a card; a connector hears of it and has a day. The card stays until they have looked.

    Refused: no words. NotFound: they cannot read the card. The same person again changes nothing.
    """
    with transaction():
        if once.claim(once_key) is not None:
            return
        hold()
        idea = queries.readable(ref, who)
        if not words:
            raise Refused(_("Write what is wrong, in a few words."), "words")
        reporter = who.id if isinstance(who, Who) else None
        standing = select(func.count()).where(IdeaLook.idea_id == idea.id, IdeaLook.kind == "reported", IdeaLook.settled_at.is_(None))
        if (db.session.scalar(standing) or 0) < MOST_REPORTS:
            ask_for_a_look(idea, "reported", words, reporter)
            record(about(idea), "reported", Actor(reporter))


def hold_back(ref: str, why: str, who: Who) -> None:
    """A connector takes a card off the wall until it is settled. Refused: no reason, their own. Conflict: not on the wall."""
    with transaction():
        hold()
        idea = locked(ref)
        _must_judge(idea, who)
        if not why:
            raise Refused(_("Write why, in a few words. They read it."), "why")
        if idea.status == "held":
            return
        if idea.status != "open":
            raise Conflict(_("This idea is not on the wall, so there is nothing to hold."))
        idea.status = "held"
        queries.keep(idea)
        record(about(idea), "held", Actor(who.id), reason=why)
        notices.held(ask_for_a_look(idea, "held", why, who.id), idea)


def settle(look_id: int, outcome: str, answer: str, who: Who, *, shown: int) -> Idea:
    """A connector has looked: the card "stands", and is on the wall, or is "taken_down". Its owner is told, and who reported it.

    All that is open about the card is settled with it. `shown`: the version of the card that was on the page. Refused: no outcome, no
    words for a card that goes, their own. Conflict: a colleague has said otherwise, or the card has been changed meanwhile.
    """
    with transaction():
        hold()
        look = db.session.scalar(select(IdeaLook).where(IdeaLook.id == look_id).with_for_update())
        if look is None:
            raise NotFound(_("We cannot find that card."))
        idea = queries.locked_by_id(look.idea_id)
        _must_judge(idea, who)
        if outcome not in ("stands", "taken_down"):
            raise Refused(_("Say whether it stands or comes down."), "outcome")
        if outcome == "taken_down" and not answer:
            raise Refused(_("Write why, in a few words. Its owner reads it."), "answer")
        if look.settled_at is not None:
            if look.outcome == outcome:
                return idea
            raise Conflict(_("A colleague has settled this already. Look at the log."))
        if idea.version != shown:
            raise Conflict(_("This was changed meanwhile. Look at it again."))
        if outcome == "taken_down":
            take_down(idea, answer, Actor(who.id))
        elif idea.status == "held":
            idea.status = "open"
            queries.keep(idea)
            if saying.rewritten(idea):
                notices.says_something_else(look, idea)
            record(about(idea), "let_go", Actor(who.id), reason=answer or None)
            notices.let_go(look, idea)
        _settle_all(idea, outcome, answer, who.id)
        return idea


def _must_judge(idea: Idea, who: Who) -> None:
    if not who.can("help others", idea):
        raise NotYours(_("We cannot find that card."))
    if who.id == idea.owner_id:
        raise Refused(_("This card is your own. Ask a colleague to look at it."))


def _settle_all(idea: Idea, outcome: str, answer: str, by_id: int) -> None:
    open_ = select(IdeaLook).where(IdeaLook.idea_id == idea.id, IdeaLook.settled_at.is_(None)).with_for_update()
    for each in db.session.scalars(open_):
        each.settled_at, each.settled_by_id, each.outcome, each.answer = clock.now(), by_id, outcome, answer
        if each.kind == "reported" and each.by_id is not None:
            notices.report_settled(each, idea)


# --- the list and the log ------------------------------------------------------------------------------------------------


def due_query(areas: Collection[int] | None) -> Select[IdeaLook]:
    """Looks that wait, in these areas; None: everywhere."""
    query = select(IdeaLook).join(Idea, Idea.id == IdeaLook.idea_id).where(IdeaLook.settled_at.is_(None))
    return query if areas is None else query.where(Idea.area_id.in_(areas))


def waiting(areas: Collection[int] | None, *, after: int | None = None, limit: int = 30) -> Sequence[IdeaLook]:
    """The same to be read, the soonest due first. `after`: the id of the last one seen."""
    query = due_query(areas)
    if after is not None:
        seen = select(IdeaLook.due_on).where(IdeaLook.id == after).scalar_subquery()
        query = query.where(or_(IdeaLook.due_on > seen, and_(IdeaLook.due_on == seen, IdeaLook.id > after)))
    return db.session.scalars(query.options(*WHOLE).order_by(IdeaLook.due_on, IdeaLook.id).limit(limit)).unique().all()


def log(areas: Collection[int] | None, *, before: int | None = None, limit: int = 30) -> Sequence[tuple[IdeaLook, str]]:
    """All that was looked at or waits, newest first, with the name of who settled it."""
    query = select(IdeaLook, Person.name).join(Idea, Idea.id == IdeaLook.idea_id).outerjoin(Person, Person.id == IdeaLook.settled_by_id)
    if areas is not None:
        query = query.where(Idea.area_id.in_(areas))
    if before is not None:
        query = query.where(IdeaLook.id < before)
    rows = db.session.execute(query.options(*WHOLE).order_by(IdeaLook.id.desc()).limit(limit)).unique()
    return [(look, name or "") for look, name in rows]


def look_of(look_id: int) -> IdeaLook:
    """One look with its card. NotFound."""
    found = db.session.scalar(select(IdeaLook).where(IdeaLook.id == look_id).options(*WHOLE))
    if found is None:
        raise NotFound(_("We cannot find that card."))
    return found


def remind_late() -> int:
    """A look whose day has passed goes to whoever else helps there, and they are told, once (the worker's work). Never to a party."""
    late = select(IdeaLook.id).where(IdeaLook.settled_at.is_(None), IdeaLook.due_on < clock.today()).order_by(IdeaLook.id)
    count = 0
    for look_id in db.session.scalars(late).all():
        with transaction():
            hold()
            look = db.session.get_one(IdeaLook, look_id, populate_existing=True)
            if look.settled_at is not None or look.due_on >= clock.today():
                continue
            idea = queries.locked_by_id(look.idea_id)
            look.due_on = working_days_after(clock.today(), LOOK_WORKING_DAYS)
            keeper = _keeper(idea, look.by_id, look.keeper_id) or _keeper(idea, look.by_id)
            look.keeper_id = keeper.id if keeper is not None else None
            record(about(idea), "look_passed_on", SCHEME)
            if keeper is not None:
                notices.please_look(look, idea, keeper)
            count += 1
    return count
