"""Who looked at figures of people and who took them away: in the same log as every file that leaves."""

from sqlalchemy import exists, select

from portal import clock
from portal.db import db, transaction
from portal.history import Actor, Event, record

TAKEN = "downloaded"  # as the log of all exports has it


def note(what: str, file: str, actor: Actor, *, kind: str = "csv", **narrowed: str) -> None:
    """Somebody looks at `what`, or takes it as `file`."""
    with transaction():
        record(f"export:{what}", TAKEN, actor, format=kind, file=file, filter=narrowed)


def today(what: str, person_id: int) -> bool:
    """Whether somebody said today that they look at it."""
    mine = (
        Event.about == f"export:{what}",
        Event.kind == TAKEN,
        Event.actor_id == person_id,
        Event.at >= clock.start_of_day(clock.today()),
    )
    return bool(db.session.scalar(select(exists().where(*mine))))
