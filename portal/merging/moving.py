"""What is of one record is of another from now on: every column that names a person or a group, read from the tables themselves, so that
a new one is never forgotten. Part of an action.

What somebody did in the books, on a panel or in a talk stays under the number under which they did it: the database refuses to change
it, and the folded record leads to the other one.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Table, and_, exists, literal, select, union_all, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import Base, db, must_be_in_transaction
from portal.events.model import Guest
from portal.grants.model import Pledge
from portal.ideas.model import IdeaPledge
from portal.panels.model import SeatOffer
from portal.people.model import ActingFor
from portal.timebank.sessions_model import TimeSession

# (table, column): written once and kept by the database, or gone within days
STAYS = frozenset(
    {
        ("event", "actor_id"), ("event", "on_behalf_id"), ("record_look", "by_id"), ("record_look", "whom_id"),
        ("award", "released_by_id"), ("award", "seconded_by_id"), ("payment", "prepared_by_id"), ("payment", "approved_by_id"),
        ("payment", "released_by_id"), ("conduct", "published_by_id"), ("interest", "declared_by_id"), ("vote", "entered_by_id"),
        ("mark", "entered_by_id"), ("struck", "struck_by_id"), ("quick_float", "person_id"), ("quick_spark", "entered_by_id"),
        ("quick_spark", "reversed_by_id"), ("evidence", "seen_by_id"), ("evidence", "recorded_by_id"), ("idea_join", "asked_by_id"),
        ("gift_said", "by_person_id"), ("fresh_file", "asked_by_id"), ("fresh_file", "done_by_id"), ("relayed", "by_person_id"), ("wished_line", "asked_by_id"), ("run_file", "taken_by_id"),
        ("paying_account", "given_by_id"), ("calling_back", "asked_by_id"), ("calling_back", "done_by_id"), ("withdrawal", "asked_by_id"),
        ("withdrawal", "done_by_id"), ("bank_line", "read_by_id"), ("bank_line", "decided_by_id"), ("publication", "by_id"),
        ("time_session", "organiser_id"), ("openness", "person_id"), ("code_try", "person_id"), ("gathering_wrong_code", "person_id"),
        ("merger", "kept_id"), ("merger", "folded_id"), ("merger", "kept_group_id"), ("merger", "folded_group_id"), ("merger", "asked_by_id"),
        ("merger", "done_by_id"), ("sign_in_session", "person_id"), ("sign_in_code", "person_id"), ("second_factor", "person_id"),
        ("recovery_code", "person_id"), ("cheque", "written_by_id"), ("cheque", "cancelled_by_id"), ("purchase", "told_by_id"),
    }
)  # fmt: skip


def columns_of(kind: str) -> list[Column[Any]]:
    """Every column that names a "person" or an "organisation" and goes along."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if (table.name, column.name) not in STAYS and any(key.column.table.name == kind for key in column.foreign_keys)
    ]


def _named(kind: str, id_: int) -> list[Column[Any]]:
    """Of these, in which a record is named. One query."""
    columns = columns_of(kind)
    asked = [select(literal(number)).where(exists(select(literal(1)).where(column == id_))) for number, column in enumerate(columns)]
    return [columns[number] for number in sorted(db.session.scalars(union_all(*asked)))]


def move(kind: str, old: int, new: int) -> None:
    """All of them from one record to the other. What the other has of its own already, where there may be one, is ended instead."""
    must_be_in_transaction()
    db.session.flush()
    for column in _named(kind, old):
        _move(column, old, new)
    if kind == "person":
        db.session.execute(
            update(TimeSession).where(TimeSession.organiser_id == old, TimeSession.status == "open").values(organiser_id=new)
        )
        _end_second_person(old)
    _end_second(ActingFor.person_id if kind == "person" else ActingFor.organisation_id, old)
    db.session.expire_all()


def _move(column: Column[Any], old: int, new: int) -> None:
    table = column.table
    assert isinstance(table, Table)
    if _moved(table, column, new, column == old):
        return
    key = list(table.primary_key.columns)  # one by one: some clash with what the other has
    for row in db.session.execute(select(*key).where(column == old)).all():
        _moved(table, column, new, and_(*(part == value for part, value in zip(key, row, strict=True))))


def _moved(table: Table, column: Column[Any], new: int, where: Any) -> bool:
    try:
        with db.session.begin_nested():
            db.session.execute(update(table).where(where).values({column.name: new}))
    except IntegrityError:
        return False
    return True


def _end_second(column: Any, old: int) -> None:
    """Both acted for the same: once is enough."""
    db.session.execute(update(ActingFor).where(column == old, ActingFor.until.is_(None)).values(until=clock.today() - timedelta(days=1)))


def _end_second_person(old: int) -> None:
    """Both did the same once-only thing: one of the two counts. A promise stays, of the same neighbour: see `same_neighbour`."""
    db.session.execute(update(Pledge).where(Pledge.person_id == old).values(person_id=None))
    db.session.execute(update(SeatOffer).where(SeatOffer.person_id == old, SeatOffer.status == "open").values(status="withdrawn"))
    db.session.execute(update(IdeaPledge).where(IdeaPledge.person_id == old, IdeaPledge.status == "in").values(status="out"))
    waits = Guest.state.in_(("going", "waiting")) & Guest.here_at.is_(None)
    db.session.execute(update(Guest).where(Guest.person_id == old, waits).values(state="off"))
