"""A neighbour without an account who helps several ideas is one neighbour: by the address their link goes to, and no applicant sees more."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.grants import apply, award, match, queries, worked
from portal.grants.model import Pledge
from portal.history import Actor
from portal.ledger import queries as books
from portal.ledger.model import Account
from portal.ledger.posting import open_account
from portal.money import Minutes
from portal.people import queries as people
from portal.people.actions import create_person, delete_me
from portal.people.model import Person
from portal.work.model import WorkRecord
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin
from tests.races import race, ways

BOB = ("email", "bob@example.org")
MATCH = "__import__('portal.grants.match', fromlist=['invite'])"
PEOPLE = "__import__('portal.people.actions', fromlist=['join'])"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def helped(season: Season, title: str, by: str, contact: tuple[str, str] | None = BOB, name: str = "Bob") -> tuple[str, str]:
    """An idea under way that this neighbour said yes to: its reference, and their link."""
    ref = season.sent(title, by=by)
    found = match.invite(ref, name, contact, season.actor(by))
    token = match.token_of(pledge(found))
    match.say_yes(token, "hours", Minutes(420), Minutes(0), 0, "digging")
    award.accept(season.offered(ref).ref, season.actor(by))
    return ref, token


def pledge(ref: str) -> Pledge:
    db.session.rollback()
    return db.session.scalars(select(Pledge).where(Pledge.ref == ref)).one()


def workers() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Pledge.worker).order_by(Pledge.id)))


class TestKnownAgain:
    def test_one_day_has_sixteen_hours_whoever_asked(self, season: Season) -> None:
        _garden, first = helped(season, "A garden", "Rita")
        _bench, second = helped(season, "A bench", "Rob")
        assert workers() == ["pledge:1", "pledge:1"]
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.did_it(first, clock.today(), Minutes(600), "digging")
            with pytest.raises(Refused, match="more than one person can give in a day") as told:
                match.did_it(second, clock.today(), Minutes(375), "planting")
            assert "10 h" not in told.value.sentence and "garden" not in told.value.sentence
            match.did_it(second, clock.today(), Minutes(360), "planting")

    def test_the_books_have_one_account_of_theirs(self, season: Season) -> None:
        garden, first = helped(season, "A garden", "Rita")
        bench, second = helped(season, "A bench", "Rob")
        with clock.held_at(clock.now() + timedelta(days=31)):
            for ref, token, by in ((garden, first, "Rita"), (bench, second, "Rob")):
                match.check(ref, match.did_it(token, clock.today(), Minutes(60), "digging"), season.actor(by))
        assert books.balance("neighbour:pledge:1:given") == -120
        assert not db.session.scalar(select(Account.id).where(Account.code.contains("example.org")))
        assert [season.award(ref).delivered for ref in (garden, bench)] == [60, 60]

    def test_a_name_at_the_door_or_another_address_is_not_them(self, season: Season) -> None:
        helped(season, "A garden", "Rita")
        helped(season, "A bench", "Rob", None)
        helped(season, "A shelf", "Rosa", ("sms", "+447700900321"))
        assert workers() == ["pledge:1", "pledge:2", "pledge:3"]

    def test_no_applicant_sees_what_they_do_elsewhere(self, app: Flask, season: Season) -> None:
        garden, first = helped(season, "A garden", "Rita")
        bench, second = helped(season, "A bench", "Rob", name="Robert Secretname")
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.did_it(first, clock.today(), Minutes(615), "weeding the pond")
            match.did_it(second, clock.today(), Minutes(105), "sanding the bench")
            record = worked.hours_of(match.by_token(second))[0].ref
            match.check(bench, record, season.actor("Rob"))
            rita = Inspector(app, budget=30).sign_in(season.who("Rita").id)
            for path in (f"/grants/{garden}/match", f"/grants/{garden}", f"/grants/{garden}/match/{match.by_token(first).ref}/hours"):
                rita.get(path)
                for words in ("Secretname", "sanding", "bench", "1 h 45", bench):
                    assert words not in rita.text, (path, words)
            page = Inspector(app, budget=30).get(f"/m/{first}")
            assert "weeding" not in page.text and "1 h 45" not in page.text and "10 h 15 min" in page.text
            assert "Secretname" not in json.dumps(people.all_about(season.who("Rita").id))

    def test_who_takes_an_account_later_is_still_the_same(self, season: Season) -> None:
        garden, first = helped(season, "A garden", "Rita")
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.check(garden, match.did_it(first, clock.today(), Minutes(600), "digging"), season.actor("Rita"))
            with transaction():
                bob = create_person("Bob", email="bob@example.org").id
            assert workers() == [f"person:{bob}"]
            ref = season.sent("A bench", by="Rob")
            again = match.invite(ref, "Bob", BOB, season.actor("Rob"))
            assert pledge(again).worker == f"person:{bob}"
            row = db.session.scalars(select(WorkRecord)).one()
            assert (row.worker, row.entered_by, row.checked_by) == (f"person:{bob}", f"person:{bob}", season.actor("Rita").code)
            assert people.all_about(bob)["hours"][0]["minutes"] == 600
            match.take_back(garden, row.ref, "The day before", season.actor("Rita"))
        assert season.award(garden).delivered == 0

    def test_an_officer_does_not_check_what_they_said_by_their_link_before_they_had_an_account(self, season: Season) -> None:
        garden, first = helped(season, "A garden", "Rita")
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.did_it(first, clock.today(), Minutes(60), "digging")
            with transaction():
                bob = create_person("Bob", email="bob@example.org").id
            with pytest.raises(Refused, match="A second person checks"):
                match.check(garden, record, Actor(bob))

    def test_two_who_stand_in_one_idea_with_one_day_stay_two(self, season: Season) -> None:
        """Asked by e-mail and by telephone before joining: one line cannot stand for both, so nothing is joined."""
        garden, first = helped(season, "A garden", "Rita")
        other = match.invite(garden, "Bobby", ("sms", "+447700900321"), season.actor("Rita"))
        second = match.token_of(pledge(other))
        match.say_yes(second, "hours", Minutes(60), Minutes(0), 0, "")
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.did_it(first, clock.today(), Minutes(60), "digging")
            match.did_it(second, clock.today(), Minutes(60), "digging")
            with transaction():
                bob = create_person("Bob", email="bob@example.org", phone="+447700900321").id
        assert workers() == [f"person:{bob}", "pledge:2"]
        assert queries.meter_of(season.bid(garden)).neighbours == 2

    def test_an_address_that_passes_on_takes_nobodys_hours_along(self, season: Season) -> None:
        with transaction():
            bob = create_person("Bob", email="bob@example.org").id
        helped(season, "A garden", "Rita")
        with transaction():
            db.session.get_one(Person, bob).email = "bob@elsewhere.example"
        ref = season.sent("A bench", by="Rob")
        match.invite(ref, "Nell", BOB, season.actor("Rob"))
        assert workers() == [f"person:{bob}", "pledge:2"]
        with transaction():
            nell = create_person("Nell", email="bob@example.org").id
        assert workers() == [f"person:{bob}", f"person:{nell}"]
        assert [one["idea"] for one in people.all_about(nell)["promises to ideas"]] == ["A bench"]
        delete_me(nell, Actor(nell))
        db.session.rollback()
        assert [each.name for each in db.session.scalars(select(Pledge).order_by(Pledge.id))] == ["Bob", "Former member"]

    def test_who_leaves_a_draft_takes_no_neighbours_name_from_elsewhere(self, season: Season) -> None:
        garden, first = helped(season, "A garden", "Rita")
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.check(garden, match.did_it(first, clock.today(), Minutes(60), "digging"), season.actor("Rita"))
            draft = apply.start(season.round_ref, season.who("Rosa").id, season.actor("Rosa"))
            apply.save(draft, 1, "idea", {"title": "A shelf"}, season.actor("Rosa"))
            match.invite(draft, "Bob", BOB, season.actor("Rosa"))
            delete_me(season.who("Rosa").id, season.actor("Rosa"))
        db.session.rollback()
        assert db.session.scalars(select(WorkRecord.worker_name)).one() == "Bob"
        assert db.session.scalars(select(Account.name).where(Account.code == "neighbour:pledge:1:given")).one() == "Bob"


class TestAtOnce:
    @pytest.fixture
    def season(self, store: Store) -> Season:
        with store.app.app_context():
            made = begin()
            db.session.remove()
            return made

    def test_two_ideas_ask_the_same_neighbour(self, store: Store, season: Season) -> None:
        with store.app.app_context():
            refs = [(season.sent(f"Idea {by}", by=by), by) for by in ("Rita", "Rob", "Rosa", "Ada")]
            db.session.remove()
        calls = [f"{MATCH}.invite({ref!r}, 'Bob', {BOB!r}, Actor({season.who(by).id}))" for ref, by in refs]
        assert ways(race(store, calls)) == ["done"] * 4
        with store.app.app_context():
            first = db.session.scalars(select(Pledge.id).order_by(Pledge.id)).first()
            assert workers() == [f"pledge:{first}"] * 4
            assert_books_are_right()

    def test_two_ideas_ask_while_the_neighbour_joins(self, store: Store, season: Season) -> None:
        with store.app.app_context():
            refs = [(season.sent(f"Idea {by}", by=by), by) for by in ("Rita", "Rob", "Rosa")]
            db.session.remove()
        calls = [f"{MATCH}.invite({ref!r}, 'Bob', {BOB!r}, Actor({season.who(by).id}))" for ref, by in refs]
        joins = "__import__('tests.grants.test_one_neighbour', fromlist=['joins']).joins()"
        assert ways(race(store, [*calls, joins])) == ["done"] * 4
        with store.app.app_context():
            bob = people.person_at(*BOB)
            assert bob is not None and workers() == [f"person:{bob.id}"] * 3

    def test_hours_for_two_ideas_on_one_day(self, store: Store, season: Season) -> None:
        with store.app.app_context():
            tokens = [helped(season, f"Idea {by}", by)[1] for by in ("Rita", "Rob")]
            db.session.remove()
        did = "__import__('tests.grants.test_one_neighbour', fromlist=['did']).did({token!r})"
        results = race(store, [did.format(token=token) for token in tokens * 2])
        with store.app.app_context():
            assert db.session.scalar(select(sa.func.sum(WorkRecord.minutes))) == 600, results
            assert_books_are_right()


def joins() -> int:
    """A racer: Bob takes an account."""
    with transaction():
        return create_person("Bob", email=BOB[1]).id


def did(token: str) -> str:
    """A racer: ten hours on the first day of the idea."""
    with clock.held_at(clock.now() + timedelta(days=31)):
        return match.did_it(token, clock.today(), Minutes(600), "digging")


def test_rows_of_before_are_joined_or_left_with_a_word(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """0012: Bob on two ideas, Cora who has joined since, and Dora, who stands in one idea twice on one day."""
    with store.app.app_context():
        season = begin()
        garden, bench = season.sent("A garden"), season.sent("A bench", by="Rob")
        for ref, by in ((garden, "Rita"), (bench, "Rob")):
            for name in ("Bob", "Cora", "Dora"):
                match.invite(ref, name, ("email", f"{name.lower()}@example.org"), season.actor(by))
            award.accept(season.offered(ref).ref, season.actor(by))
        with transaction():
            cora = create_person("Cora", email="cora@example.org").id
            dora = create_person("Dora", email="dora@example.org").id
            # as the older release kept it
            open_account("neighbour:pledge:4:given", "MATCH", "memo", "Bob")
            db.session.execute(sa.text("UPDATE pledge SET worker = 'pledge:' || id"))
            day = clock.today()
            purposes = {str(row.about): int(row.id) for row in db.session.execute(sa.text("SELECT about, id FROM purpose"))}
            for number, (worker, award_id, entered, checked) in enumerate(
                (
                    ("pledge:1", 1, "pledge:1", None), ("pledge:4", 2, "pledge:4", season.actor("Rob").code), ("pledge:2", 1, "person:4", "pledge:2"),
                    ("pledge:3", 1, "pledge:3", None), (f"person:{dora}", 1, "person:4", None),
                )
            ):  # fmt: skip
                db.session.add(
                    WorkRecord(
                        ref=f"WRK-{number}", purpose_id=purposes[f"award:{award_id}"], worker=worker, worker_name="x", day=day, minutes=Minutes(60),
                        entered_by=entered, entered_at=clock.now(), checked_by=checked, checked_at=clock.now() if checked else None,
                    )
                )  # fmt: skip
        before = db.session.execute(sa.text("SELECT ref, worker, entered_by, checked_by FROM work_record ORDER BY id")).all()
        db.session.remove()
        downgrade(revision="0011")
        with caplog.at_level("WARNING"):
            upgrade()
        assert workers() == ["pledge:1", f"person:{cora}", "pledge:3", "pledge:1", f"person:{cora}", f"person:{dora}"]
        assert "1 of " in caplog.text and "stay two" in caplog.text
        found = db.session.execute(sa.text("SELECT worker, entered_by, checked_by FROM work_record ORDER BY id")).all()
        assert [tuple(row) for row in found] == [
            ("pledge:1", "pledge:1", None), ("pledge:1", "pledge:1", season.actor("Rob").code), (f"person:{cora}", "person:4", f"person:{cora}"),
            ("pledge:3", "pledge:3", None), (f"person:{dora}", "person:4", None),
        ]  # fmt: skip
        db.session.remove()
        downgrade(revision="0011")
        back = db.session.execute(sa.text("SELECT ref, worker, entered_by, checked_by FROM work_record ORDER BY id")).all()
        assert back[:4] == before[:4], "the older code finds each under its pledge"
        db.session.remove()
        db.engine.dispose()
