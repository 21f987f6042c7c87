"""The sessions of the demo, on days on which days are strange."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.demo import timesessions
from portal.demo.story import Story
from portal.refs import drawn_from
from portal.timebank import session_closing
from portal.timebank.sessions_model import Attendance, SignUp, TimeSession
from tests.conftest import Store
from tests.timebank.bank import assert_books_are_right

DAYS = (datetime(2027, 1, 1, 0, 1, tzinfo=UTC), datetime(2026, 11, 25, 23, 35, tzinfo=UTC), datetime(2030, 3, 31, 0, 59, tzinfo=UTC))


@pytest.mark.parametrize("at", DAYS, ids=str)
def test_every_state_is_there(store: Store, at: datetime) -> None:
    with store.app.app_context(), clock.held_at(at):
        story = Story(7, Path(store.home), lambda _line: None)
        with drawn_from(story.random):
            story._places()
            story._people()
            timesessions.tell(story)
        assert set(db.session.scalars(select(TimeSession.status))) == {"open", "closed", "cancelled"}
        assert set(db.session.scalars(select(SignUp.state))) == {"going", "waiting", "off"}
        assert set(db.session.scalars(select(Attendance.how))) == {"phone", "organiser", "paper"}
        today = db.session.scalars(select(TimeSession).where(TimeSession.day == clock.today())).one()
        assert Counter(db.session.scalars(select(Attendance.why).where(Attendance.session_id == today.id))) == {"": 5}
        assert session_closing.waiting_lines(None) and not session_closing.not_closed(None)
        assert_books_are_right()
        db.session.remove()
