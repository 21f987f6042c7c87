"""The street of the gift boards, in which Maya, Idris and Walter may say yes to being introduced; Cass the connector looks after Mossgate."""

import uuid
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.connecting import actions, leaving, queries
from portal.connecting.model import Introduction, LeadAsk
from portal.db import db
from tests.gifts.street import Street, open_street

assert leaving


def village(*yes: str) -> Street:
    """`yes`: who has said yes."""
    street = open_street()
    street.move_in("Cora", "mossgate", "connector", at="mossgate")
    street.move_in("Rhea", "riverside", "connector", at="riverside")
    for name in yes:
        actions.say_yes(street.who(name), grown=True)
    return street


def introduced(street: Street, one: str, other: str, words: str = "bees", day: date | None = None, by: str = "Cass") -> str:
    refs = (street.who(one).ref, street.who(other).ref)
    return actions.introduce(*refs, words, day or clock.today(), street.who(by), once_key=uuid.uuid4().hex)


def asked(street: Street, name: str, words: str = "the Tuesday lunch", by: str = "Cass") -> str:
    actions.ask(street.who(name).ref, words, street.who(by), once_key=uuid.uuid4().hex)
    db.session.rollback()
    return queries.asks_of(street.who(name).id)[0].ref


def notes() -> tuple[int, int]:
    """How many introductions and questions there are."""
    db.session.rollback()
    return len(db.session.scalars(select(Introduction)).all()), len(db.session.scalars(select(LeadAsk)).all())
