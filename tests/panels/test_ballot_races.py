"""One vote on two phones, one paper under two hands, the last line of the roll: real processes on both engines."""

import pytest
from sqlalchemy import func, select

from portal.db import db
from portal.panels.model import Ballot, BallotPaper
from portal.people.access import Who
from tests.conftest import Store
from tests.panels.test_ballots import Poll
from tests.races import race, ways

BALLOTS, POLLING, SITTINGS = (f"__import__('portal.panels.{name}', fromlist=['x'])" for name in ("ballots", "polling", "sittings"))


@pytest.fixture
def poll(store: Store) -> Poll:
    with store.app.app_context():
        made = Poll().open()
        db.session.remove()
        return made


def at(poll: Poll, call: str) -> str:
    """A racer's call at the time of the poll. The name keeps the clock held."""
    held = f"(held := __import__('portal.clock', fromlist=['x']).held_at(__import__('datetime').datetime.fromisoformat({poll.now.isoformat()!r})))"
    return f"[{held}.__enter__(), {call}][1]"


def known(who: Who) -> str:
    return f"Who({who.id}, {who.ref!r}, {who.name!r}, {who.area_id!r}, frozenset({sorted(who.roles, key=str)!r}))"


def desk(poll: Poll, act: str, by: str, *more: object, **named: object) -> str:
    given = ", ".join(
        [known(poll.who(by)), *(repr(each) for each in (poll.panel, poll.ref, *more)), *(f"{name}={one!r}" for name, one in named.items())]
    )
    return at(poll, f"{POLLING}.{act}({given})")


def cast(poll: Poll, who: Who, *numbers: int) -> str:
    return at(poll, f"{BALLOTS}.cast({known(who)}, {poll.ref!r}, {[poll.matters[number] for number in numbers]!r})")


def test_one_person_on_three_phones_has_one_ballot(store: Store, poll: Poll) -> None:
    assert ways(race(store, [cast(poll, poll.voters[0], number) for number in range(3)])) == ["done"] * 3
    with store.app.app_context():
        ids = {poll.season.matter_by(ref).id for ref in poll.matters}
        rows = db.session.scalars(select(Ballot)).all()
        assert len(rows) == 1 and len(rows[0].ticks or ()) == 1 and set(rows[0].ticks or ()) <= ids
        db.session.remove()


def test_many_vote_at_once(store: Store, poll: Poll) -> None:
    assert ways(race(store, [cast(poll, voter, number % 3) for number, voter in enumerate(poll.voters)])) == ["done"] * 8
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Ballot)) == 8
        db.session.remove()


def test_on_the_phone_and_at_the_desk_at_once(store: Store, poll: Poll) -> None:
    """Whoever is first counts; the other is told so."""
    ann = poll.voters[0]
    results = race(store, [cast(poll, ann, 0), desk(poll, "take", "Olga", ann.ref)])
    assert ways(results) == ["done", "refused"]
    with store.app.app_context():
        row = db.session.scalars(select(Ballot)).one()
        assert row.way == ("phone" if results[0][0] == "done" else "paper")
        told = str(next(said for what, said in results if what == "refused"))
        assert ("voted on the phone already" if row.way == "phone" else "took a paper ballot") in told
        db.session.remove()


def test_one_paper_under_two_hands_is_entered_once(store: Store, poll: Poll) -> None:
    with store.app.app_context():
        serial = poll.papers(2)[0]
        for voter in poll.voters[:2]:
            poll.take(voter)
        db.session.remove()
    results = race(store, [desk(poll, "enter", name, serial, [poll.matters[place]]) for place, name in enumerate(("Olga", "Otto"))])
    assert ways(results) == ["done", "refused"]
    first = "Olga" if results[0][0] == "done" else "Otto"
    assert f"{first} entered this paper on" in str(next(said for what, said in results if what == "refused"))
    with store.app.app_context():
        row = db.session.scalars(select(BallotPaper).where(BallotPaper.status == "entered")).one()
        assert row.ticks == [poll.season.matter_by(poll.matters[0 if first == "Olga" else 1]).id]
        db.session.remove()


def test_the_last_line_of_the_roll_takes_one_paper(store: Store, poll: Poll) -> None:
    with store.app.app_context():
        first, second = poll.papers(2)
        poll.take(poll.voters[0])
        db.session.remove()
    assert ways(race(store, [desk(poll, "enter", "Olga", each, [poll.matters[0]]) for each in (first, second)])) == ["done", "refused"]


def test_two_taps_print_one_batch(store: Store, poll: Poll) -> None:
    results = race(store, [desk(poll, "print_papers", "Olga", 3, once_key="tap")] * 3)
    assert results == [("done", 1)] * 3
    with store.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(BallotPaper)) == 3
        db.session.remove()


def test_two_officers_count_at_once(store: Store, poll: Poll) -> None:
    with store.app.app_context():
        for voter in poll.voters[:5]:
            poll.cast(voter, 0)
        poll.close()
        db.session.remove()
    calls = [at(poll, f"dict({SITTINGS}.count({known(poll.who(name))}, {poll.panel!r}, {poll.ref!r}))") for name in ("Olga", "Otto", "Ada")]
    results = race(store, calls)
    assert [what for what, _said in results] == ["done"] * 3 and all(str(said) == "{'yes': 1, 'no': 2}" for _what, said in results)
    with store.app.app_context():
        assert len((poll.sitting().result or {})["votes"]) == 5
        db.session.remove()
