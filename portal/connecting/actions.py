"""Saying yes and stopping; noting introductions and what came of them; asking somebody to lead; looking; forgetting.

None of it but the yes and the stop is written into the history: what somebody may delete must not stay there.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock, once
from portal.connecting import began, notices, queries, rules
from portal.connecting.model import ANSWERS, OUTCOMES, EntryLook, Introduction, LeadAsk, Openness
from portal.db import db, is_postgresql, must_be_in_transaction, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.history import BASES, Actor, record
from portal.outbox import Message
from portal.people.access import Who
from portal.people.model import Person
from portal.refs import new_ref
from portal.words import _


def about(person_id: int) -> str:
    """How the history names somebody's yes and stop."""
    return f"connecting:{person_id}"


# --- the person ----------------------------------------------------------------------------------------------------------


def say_yes(who: Who, *, grown: bool) -> None:
    """From now on they may be introduced and asked to lead. Again changes nothing. Refused: not 18 or over."""
    with transaction():
        _must_be_grown(grown)
        insert = postgresql.insert if is_postgresql() else sqlite.insert
        made = insert(Openness).values(person_id=who.id, since=clock.now()).on_conflict_do_nothing(index_elements=["person_id"])
        if db.session.scalar(made.returning(Openness.person_id)) is not None:
            record(about(who.id), "on", Actor(who.id))


def _must_be_grown(grown: bool) -> None:
    if not grown:
        raise Refused(_("This is for people who are 18 or over. Tick the box if that is so."), "grown")


def say_yes_for(ref: str, who: Who, basis: str | None, *, grown: bool) -> None:
    """A coordinator writes down the yes of somebody who has neither e-mail nor telephone; a letter tells them how to stop. Again changes
    nothing. NotFound: nobody who lives where they help others. Refused: they can say it themselves, not 18 or over, or no basis.
    """
    with transaction():
        someone = _neighbour(ref, who)
        if someone.email or someone.phone:
            raise Refused(_("They can say yes themselves, on their page “About you”. Show them where."), "number")
        _must_be_grown(grown)
        actor = Actor(who.id, someone.id, _judged(basis))
        if queries.openness_of(someone.id) is None:
            db.session.add(Openness(person_id=someone.id, since=clock.now(), basis=basis))
            record(about(someone.id), "on", actor)
            notices.said_yes(someone, about(someone.id))


def stop_for(ref: str, who: Who, basis: str | None) -> None:
    """Somebody told a coordinator that they stop: the same as `stop`. NotFound: as for `queries.entry`. Refused: no basis."""
    with transaction():
        person_id = queries.entry(ref, who).person_id
        forget(person_id, Actor(who.id, person_id, _judged(basis)))


def _neighbour(ref: str, who: Who) -> Person:
    someone = db.session.scalar(select(Person).where(Person.ref == ref, Person.deleted_at.is_(None)).with_for_update())
    if someone is None or someone.id == who.id or not who.can("help others", someone):
        raise NotFound(_("We know nobody with this number where you help others."))
    return someone


def _judged(basis: str | None) -> str:
    if basis not in BASES:
        raise Refused(_("Say how you know: on paper, by telephone or face to face."), "basis")
    return basis


def stop(who: Who) -> None:
    """Everything noted of them is deleted at once; only that it was on and off stays. Again changes nothing."""
    with transaction():
        forget(who.id, Actor(who.id))


def forget(person_id: int, actor: Actor) -> None:
    """The same as a part of an action: of stopping, or of leaving us."""
    must_be_in_transaction()
    if not queries.locked(person_id):
        return
    db.session.execute(delete(Introduction).where(or_(Introduction.one_id == person_id, Introduction.two_id == person_id)))
    db.session.execute(delete(LeadAsk).where(LeadAsk.person_id == person_id))
    db.session.execute(delete(EntryLook).where(EntryLook.person_id == person_id))
    db.session.execute(delete(Openness).where(Openness.person_id == person_id))
    db.session.execute(delete(Message).where(Message.about == about(person_id)))
    record(about(person_id), "off", actor)


def never_ask(who: Who, never: bool) -> None:
    """Whether they do not want to be asked to lead. What was asked and not answered is answered by it. NotFound: they have not said yes."""
    with transaction():
        mine = _mine(who)
        mine.never_since = (mine.never_since or clock.today()) if never else None
        if never:
            _close(mine, "never")


def _mine(who: Who) -> Openness:
    mine = queries.locked(who.id)
    if not mine:
        raise NotFound(_("You have not said yes to this, so nothing is noted."))
    return mine[0]


def _close(whose: Openness, answer: str) -> None:
    query = select(LeadAsk).where(LeadAsk.person_id == whose.person_id, LeadAsk.answer == "").with_for_update()
    for row in db.session.scalars(query).all():
        _answered(row, answer, whose)


def _answered(row: LeadAsk, answer: str, whose: Openness) -> None:
    row.answer, row.answered_on = answer, clock.today()
    whose.rests_until = rules.rests_until(answer, clock.today()) or whose.rests_until


def forget_introduction(ref: str, who: Who) -> None:
    """One of the two takes a note away, for good and for both; or who wrote it. NotFound: not theirs, or taken away already."""
    theirs = or_(Introduction.one_id == who.id, Introduction.two_id == who.id, Introduction.by_id == who.id)
    with transaction():
        if db.session.scalar(delete(Introduction).where(Introduction.ref == ref, theirs).returning(Introduction.id)) is None:
            raise _no_line()


def forget_ask(ref: str, who: Who) -> None:
    """Whom it is about takes a note away for good, or who asked, while it is not answered. What rests after an answer rests on.

    NotFound: not theirs, or taken away already.
    """
    theirs = or_(LeadAsk.person_id == who.id, and_(LeadAsk.by_id == who.id, LeadAsk.answer == ""))
    with transaction():
        if db.session.scalar(delete(LeadAsk).where(LeadAsk.ref == ref, theirs).returning(LeadAsk.id)) is None:
            raise _no_line()


def _no_line() -> NotFound:
    return NotFound(_("This line is deleted already, or it is not yours to delete."))


def answer_mine(ref: str, answer: str, who: Who) -> None:
    """Whom somebody asked says it themselves. NotFound: not theirs. Refused: no answer that there is. Conflict: answered otherwise."""
    with transaction():
        mine = _mine(who)
        _answer(_ask(ref, who.id), mine, answer)


# --- introductions -------------------------------------------------------------------------------------------------------


def introduce(one: str, two: str, words: str, day: date, who: Who, *, once_key: str) -> str:
    """Note that two people, by their references, were brought together; both said yes to such notes. Returns its reference.

    Refused: the same person twice, themselves, who has not said yes, no words, a day that is no good, this pair on this day already.
    NotFound: somebody who lives where they do not help others.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        if one == two:
            raise Refused(_("Choose two different people."), "two")
        pair = [each.person_id for each in queries.entries((one, two), who)]
        if len(queries.locked(*pair)) < 2:
            raise Refused(_("One of them has stopped this meanwhile, so it is not noted."))
        _judge_words(words)
        if (wrong := rules.wrong_day(day, clock.today())) is not None:
            raise Refused(wrong, "day")
        first, second = sorted(pair)
        if db.session.scalar(
            select(Introduction.id).where(Introduction.one_id == first, Introduction.two_id == second, Introduction.day == day)
        ):
            raise Refused(_("These two are noted for that day already."), "two")
        made = Introduction(ref=new_ref("INT"), one_id=first, two_id=second, by_id=who.id, day=day, words=words, noted_at=clock.now())
        db.session.add(made)
        once.keep(once_key, made.ref)
        return made.ref


def _judge_words(words: str) -> None:
    if (wrong := rules.wrong_words(words)) is not None:
        raise Refused(wrong, "words")


def came_of_it(ref: str, outcome: str, led_to: str, who: Who) -> None:
    """What came of an introduction; `led_to`: the reference of what began, or "". NotFound: not where they help others. Refused: a
    reference of nothing that is here for them and one of the two.
    """
    with transaction():
        row = queries.introduction(ref, who, lock=True)
        if outcome not in OUTCOMES:
            raise Refused(_("Choose what came of it."), "outcome")
        row.outcome = outcome
        row.led_to = began.known(led_to, row, who) if outcome == "began" and led_to else ""


# --- asking to lead ------------------------------------------------------------------------------------------------------


def ask(ref: str, words: str, who: Who, *, once_key: str) -> None:
    """Note that somebody was asked to lead something, so that nobody asks twice. NotFound: as for `queries.entry`. Refused: no words; they
    never want to be asked, were asked and have not answered, or answered lately.
    """
    with transaction():
        if once.claim(once_key) is not None:
            return
        person_id = queries.entry(ref, who).person_id
        found = queries.locked(person_id)
        if not found:
            raise Refused(_("They have stopped this meanwhile, so it is not noted."))
        _judge_words(words)
        if (why := why_not_ask(found[0])) is not None:
            raise Refused(why)
        db.session.add(LeadAsk(ref=new_ref("ASK"), person_id=person_id, by_id=who.id, words=words, asked_on=clock.today()))
        once.keep(once_key, "asked")


def why_not_ask(whose: Openness) -> str | None:
    """A sentence when nobody asks this person now."""
    if whose.never_since is not None:
        return _("They do not want to be asked.")
    asks = queries.asks_of(whose.person_id)
    if any(each.answer == "" for each in asks):
        return _("They were asked already, and have not answered yet.")
    if whose.rests_until is not None and whose.rests_until > clock.today():
        return _("They answered less than six months ago. Let it rest.")
    return None


def answered(ref: str, ask_ref: str, answer: str, who: Who) -> None:
    """What somebody said to a coordinator. NotFound: as for `queries.entry`. Refused, Conflict: as for `answer_mine`."""
    with transaction():
        person_id = queries.entry(ref, who).person_id
        found = queries.locked(person_id)
        if not found:
            raise NotFound(_("They have stopped this meanwhile."))
        _answer(_ask(ask_ref, person_id), found[0], answer)


def _ask(ref: str, person_id: int) -> LeadAsk:
    row = db.session.scalar(select(LeadAsk).where(LeadAsk.ref == ref, LeadAsk.person_id == person_id).with_for_update())
    if row is None:
        raise NotFound(_("We cannot find that question."))
    return row


def _answer(row: LeadAsk, whose: Openness, answer: str) -> None:
    if not answer or answer not in ANSWERS:
        raise Refused(_("Choose what they said."), "answer")
    if row.answer == answer:
        return
    if row.answer:
        raise Conflict(_("This was answered meanwhile. Look at it again."))
    _answered(row, answer, whose)
    if answer == "never":
        whose.never_since = whose.never_since or clock.today()


# --- looking and forgetting ----------------------------------------------------------------------------------------------


def look(refs: Collection[str], who: Who, *, introduced: bool = False) -> None:
    """A coordinator opens entries: each person sees who looked, and on which day; with `introduced` also those to whom they were
    introduced, who stand there by name. NotFound: as for `queries.entry`.
    """
    with transaction():
        ids = {each.person_id for each in queries.entries(refs, who)}
        if introduced:
            ids |= {each for row in queries.introductions_of(*ids) for each in (row.one_id, row.two_id)}
        _looked(ids - {who.id}, who)


def look_at_introductions(refs: Collection[str], who: Who) -> None:
    """The same of the people of these introductions. NotFound: not where they help others."""
    with transaction():
        rows = queries.listed(refs)
        if len(rows) < len(set(refs)) or not all(queries.is_near(row, who) for row in rows):
            raise NotFound(_("We cannot find that introduction."))
        _looked({each for row in rows for each in (row.one_id, row.two_id)} - {who.id}, who)


def _looked(ids: Collection[int], who: Who) -> None:
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    rows = [{"person_id": whose.person_id, "by_id": who.id, "day": clock.today()} for whose in queries.locked(*ids)]
    if rows:
        db.session.execute(insert(EntryLook).values(rows).on_conflict_do_nothing())


def forget_old() -> int:
    """Delete what was noted more than two years ago (the worker's work). Who never wants to be asked stays so."""
    since = rules.kept_since(clock.today())
    with transaction():
        count = len(db.session.scalars(delete(Introduction).where(Introduction.day < since).returning(Introduction.id)).all())
        count += len(db.session.scalars(delete(LeadAsk).where(LeadAsk.asked_on < since).returning(LeadAsk.id)).all())
        return count + len(db.session.scalars(delete(EntryLook).where(EntryLook.day < since).returning(EntryLook.person_id)).all())
