"""Two of finance at the same month: one journal, one closing, whoever is quicker. Real processes on both engines."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.books import closing, layout
from portal.books.model import Journal, JournalLine
from portal.db import db
from portal.grants.model import Contribution
from portal.ledger.model import Period
from tests.conftest import Store
from tests.grants.season import Season, begin, person
from tests.races import race, ways

AGO = timedelta(days=40)  # in a month that is over by now


@pytest.fixture
def season(store: Store) -> Season:
    with store.app.app_context():
        with clock.held_at(clock.now() - AGO):
            made = begin()
            for name in ("Finn", "Flo"):
                made.people[name] = person(name, "finance")
            codes = {side: layout.Codes(subjective="0400") for side in layout.SIDES}
            layout.set_codes("small-sparks", "contribution", codes, made.actor("Fay"))
        db.session.remove()
        return made


def began() -> date:
    return db.session.scalars(select(Contribution.received_on)).one()


def test_one_journal_of_a_month(store: Store, season: Season) -> None:
    with store.app.app_context():
        month = f"{began():%Y-%m}"
        db.session.remove()
    results = race(store, [f"journal.make('month', {month!r}, Actor({season.who(name).id}))" for name in ("Fay", "Finn", "Flo")])
    assert ways(results) == ["done", "refused", "refused"]
    assert all("has gone out already" in str(said) for what, said in results if what == "refused")
    with store.app.app_context():
        assert (
            db.session.scalar(select(func.count()).select_from(Journal))
            == db.session.scalar(select(func.count()).select_from(JournalLine))
            == 1
        )


def test_one_second_person_closes_a_month(store: Store, season: Season) -> None:
    with store.app.app_context():
        day = closing.month_end(began())
        closing.ask(day, season.actor("Fay"))
        db.session.remove()
    call = f"books_closing.confirm(date({day.year}, {day.month}, {day.day}), Actor({{}}))"
    results = race(store, [call.format(season.who(name).id) for name in ("Finn", "Flo", "Fay")])
    assert ways(results) == ["done", "refused", "refused"]
    with store.app.app_context():
        assert db.session.scalars(select(Period.last_day)).all() == [day]
