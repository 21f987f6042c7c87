"""Whether the scheme asks, whether somebody was asked, and whether what they say is an answer to what we ask."""

from collections.abc import Mapping, Sequence

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.db import db, is_postgresql, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.history import Actor, Event, record
from portal.surveys.model import NAMES, SurveyAsked, SurveySwitch
from portal.surveys.wording import Wordings
from portal.words import _


def asks(name: str) -> bool:
    """Whether the scheme asks this. One query."""
    return db.session.scalar(select(SurveySwitch.asks).where(SurveySwitch.name == name)) is not False


def must_ask(name: str) -> None:
    """Refused while it is switched off."""
    if not asks(name):
        raise Refused(_("We do not ask this just now. There is nothing to do."))


def switch(name: str, on: bool, actor: Actor) -> None:
    """Ask, or stop asking; what was said before stays. The log says who did it. NotFound: there is no such thing."""
    if name not in NAMES:
        raise NotFound(_("We cannot find that page."))
    with transaction():
        row = db.session.get(SurveySwitch, name, with_for_update=True, populate_existing=True)
        if on == (row is None or row.asks):
            return
        if row is None:
            row = SurveySwitch(name=name)
            db.session.add(row)
        assert actor.person_id is not None
        row.asks, row.changed_at, row.changed_by_id = on, clock.now(), actor.person_id
        record(f"survey:{name}", "switched_on" if on else "switched_off", actor)


def switched(limit: int = 20) -> Sequence[Event]:
    """When it was switched on and off lately, newest first."""
    abouts = [f"survey:{name}" for name in NAMES]
    return db.session.scalars(select(Event).where(Event.about.in_(abouts)).order_by(Event.id.desc()).limit(limit)).all()


def was_asked(person_id: int, what: str) -> bool:
    """Whether somebody answered this or put it away."""
    return bool(db.session.scalar(select(exists().where(SurveyAsked.person_id == person_id, SurveyAsked.what == what))))


def claim(person_id: int, what: str) -> bool:
    """Say, as a part of an action, that somebody has been asked; False when they had been."""
    must_be_in_transaction()
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    statement = insert(SurveyAsked).values(person_id=person_id, what=what).on_conflict_do_nothing().returning(SurveyAsked.what)
    return db.session.scalar(statement) is not None


def put_away(person_id: int, what: str) -> None:
    """They do not want to answer, and are not asked again."""
    with transaction():
        claim(person_id, what)


def judged(wordings: Wordings, wording: int, answers: Mapping[str, str]) -> Mapping[str, str]:
    """What was really answered, by question; what was left out is not in it. Refused: a question, an answer or a wording that is not ours."""
    if wording not in wordings:
        raise Refused(_("This page was open for too long. Please answer once more."))
    known = {each.code: each for each in wordings[wording]}
    for code, answer in answers.items():
        if answer and (code not in known or answer not in known[code].answers):
            raise Refused(_("Choose something from the list."), code)
    return {code: answer for code, answer in answers.items() if answer}
