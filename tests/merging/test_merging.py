"""Two records of one human being, or of one group, become one: by two people, whole, and for good."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import Base, db, transaction
from portal.errors import Refused
from portal.grants import pay, queries
from portal.grants.model import Pledge
from portal.history import Actor, Event
from portal.merging import actions, moving
from portal.outbox import Message
from portal.panels import actions as panels
from portal.panels import seats
from portal.panels.queries import has_seat
from portal.people import actions as people
from portal.people import queries as persons
from portal.people.access import Who
from portal.people.known import known_names
from portal.people.merged import person_now
from portal.people.model import Merger, Organisation, Person, SignInSession
from portal.surveys import neighbours
from portal.surveys.model import NeighboursAnswer
from portal.timebank.model import Member
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin, person
from tests.races import race, ways
from tests.timebank.bank import open_bank

WHY = "Same street and birthday, and she said so"


@pytest.fixture
def season(app: Flask) -> Season:
    """Rita signed up; Rita Grey was typed from paper before."""
    made = begin()
    made.people["Rita Grey"] = paper("Rita Grey")
    return made


def paper(name: str, email: str | None = None) -> Who:
    with transaction():
        made = people.create_person(name, email=email, postal_address="1 Quay Street")
        return Who(made.id, made.ref, name, None)


def ask(season: Season, old: str = "Rita Grey", new: str = "Rita", by: str = "Olga", reason: str = WHY) -> str:
    return actions.ask("person", season.ref(old), season.ref(new), reason, season.actor(by))


def merged(season: Season, old: str = "Rita Grey", new: str = "Rita") -> str:
    ref = ask(season, old, new)
    actions.confirm(ref, season.actor("Otto"))
    return ref


def group(name: str, who: Who) -> str:
    return people.found_group(who.id, name, "group", None, "", "")


def group_id(ref: str) -> int:
    return persons.organisation_by_ref(ref).id


def names_somebody(person_id: int) -> list[str]:
    """Where a record is still named."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            of_people = any(key.column.table.name == "person" for key in column.foreign_keys)
            if of_people and db.session.scalar(select(column).where(column == person_id).limit(1)) is not None:
                found.append(f"{table.name}.{column.name}")
    return found


def test_everything_is_the_kept_ones_and_both_addresses_lead_there(app: Flask, season: Season) -> None:
    with transaction():
        db.session.get_one(Person, season.who("Rita Grey").id).email = "grey@example.org"
    sent = season.sent(by="Rita Grey")
    members = group("Mossgate Gardeners", season.who("Rita Grey"))
    Inspector(app).sign_in(season.who("Rita Grey").id)
    merged(season)
    rita, old = (db.session.get_one(Person, season.who(name).id) for name in ("Rita", "Rita Grey"))
    assert season.bid(sent).person_id == rita.id and [each.ref for each in persons.organisations_of(rita.id)] == [members]
    assert old.deleted_at is not None and rita.postal_address == "1 Quay Street"
    assert {at.id for each in ("rita@example.org", "grey@example.org") if (at := persons.person_at("email", each))} == {rita.id}
    assert db.session.scalar(select(SignInSession).where(SignInSession.person_id == old.id)) is None
    assert [each.id for each in persons.search("Rita")] == [rita.id]
    assert known_names(["rita grey was here"]) == {"rita grey"}
    stays = {f"{table}.{column}" for table, column in moving.STAYS}
    assert set(names_somebody(old.id)) <= stays
    told = db.session.scalars(select(Message).where(Message.key.like("merger:%"))).all()
    assert {(each.person_id, each.address) for each in told} == {(rita.id, "rita@example.org"), (rita.id, "grey@example.org")}
    assert persons.all_about(rita.id)["records that became this one"][old.ref]["you"]["name"] == "Rita Grey"
    kinds = db.session.scalars(select(Event.kind).where(Event.about == f"person:{rita.id}")).all()
    assert kinds[-2:] == ["merging_asked", "merged"]


def test_what_was_answered_is_asked_again_of_the_kept_one(season: Season) -> None:
    """Unless that one answered too: then the other's answers stay in the figures, and nobody's key leads to them."""
    rita, grey = season.who("Rita"), season.who("Rita Grey")
    with clock.held_at(datetime(2025, 5, 10, 10, tzinfo=UTC)):
        assert neighbours.answer(grey, "start", 1, {"trust": "most"})
    merged(season)
    assert [each.trust for each in neighbours.answers_of(rita.ref)] == ["most"] and not neighbours.answers_of(grey.ref)
    assert neighbours.due(rita) == "later"
    season.people["Rita Brown"] = brown = paper("Rita Brown")
    assert neighbours.answer(brown, "start", 1, {"trust": "none"})
    merged(season, "Rita Brown")
    assert [each.trust for each in neighbours.answers_of(rita.ref)] == ["most"] and not neighbours.answers_of(brown.ref)
    assert db.session.scalar(select(func.count()).select_from(NeighboursAnswer)) == 2


def test_an_address_is_taken_over_or_made_room_for(season: Season) -> None:
    with transaction():
        db.session.get_one(Person, season.who("Rita Grey").id).phone = "+447700900111"
        db.session.get_one(Person, season.who("Rita Grey").id).email = "grey@example.org"
    merged(season)
    rita = db.session.get_one(Person, season.who("Rita").id)
    assert (rita.email, rita.phone) == ("rita@example.org", "+447700900111")
    with pytest.raises(Refused, match="belongs to somebody"):
        paper("Another", "grey@example.org")
    ticket = people.ask_for_code(
        "email", "grey@example.org", purpose="change", next_path="/", network="", secret_key="x", base_url="", person_id=rita.id
    )
    code = db.session.scalars(select(Message.subject).where(Message.key == f"code:{ticket}")).one()
    people.use_code(ticket, code, purpose="change", device="", secret_key="x")
    assert db.session.get_one(Person, rita.id).email == "grey@example.org"


def test_no_new_way_in_to_somebody_with_a_seat_or_a_role(season: Season) -> None:
    for kept in ("Ada", "Fay"):
        season.people["Fake"] = paper("Fake", "fake@example.org")
        merged(season, "Fake", kept)
        assert persons.person_at("email", "fake@example.org") is None
        assert db.session.scalars(select(Person.email).where(Person.id == season.who(kept).id)).one() == f"{kept.lower()}@example.org"


def test_who_is_trusted_later_has_one_way_in(season: Season) -> None:
    """What was folded led to them while they were a neighbour; with a role or a seat it does not, and is nobody's."""
    trusts: tuple[Callable[[Who], None], ...] = (
        lambda to: people.grant_role(to.id, "connector", "They know everybody", season.actor("Olga")),
        lambda to: seats.add_seat(season.who("Olga"), season.panel_ref, to.ref, term_start=clock.today(), term_end=None, reason="Voted in"),
    )  # fmt: skip
    for number, trust in enumerate(trusts):
        one, two = f"One {number}", f"Two {number}"
        season.people |= {one: paper(one, f"one{number}@example.org"), two: paper(two, f"two{number}@example.org")}
        merged(season, one, two)
        assert persons.person_at("email", f"one{number}@example.org").id == season.who(two).id  # type: ignore[union-attr]  # it leads there now
        trust(season.who(two))
        assert persons.person_at("email", f"one{number}@example.org") is None


def test_who_leaves_is_joined_with_nobody(season: Season) -> None:
    ref = ask(season)
    people.delete_me(season.who("Rita").id, season.actor("Rita"))
    assert actions.by_ref(ref).status == "dropped"


def test_deleting_the_kept_one_empties_both(season: Season) -> None:
    with transaction():
        db.session.get_one(Person, season.who("Rita Grey").id).email = "grey@example.org"
    merged(season)
    people.delete_me(season.who("Rita").id, season.actor("Rita"))
    old = db.session.get_one(Person, season.who("Rita Grey").id)
    assert (old.name, old.email, old.postal_address) == ("Former member", None, "")
    assert known_names(["Rita Grey", "Former member"]) == frozenset()
    assert persons.person_at("email", "grey@example.org") is None


def test_two_promises_to_one_idea_are_of_one_neighbour(season: Season) -> None:
    with transaction():
        db.session.get_one(Person, season.who("Rita Grey").id).email = "grey@example.org"
    ref = season.sent(by="Rosa")
    with transaction():
        for number, name in enumerate(("Rita", "Rita Grey")):
            id_ = season.who(name).id
            row = Pledge(
                ref=f"PLG-AAAA-AAA{number + 2}", application_id=queries.bid(ref).id, name=name, person_id=id_,
                worker=f"person:{id_}", minutes=120, status="confirmed", invited_at=clock.now(),
            )  # fmt: skip
            db.session.add(row)
    assert queries.meter_of(season.bid(ref)).neighbours == 2
    merged(season)
    assert queries.meter_of(season.bid(ref)).neighbours == 1
    assert {queries.worker_of(each) for each in queries.pledges_of(season.bid(ref).id)} == {f"person:{season.who('Rita').id}"}


def test_a_promise_to_ones_own_idea_ends(season: Season) -> None:
    ref = season.sent(by="Rita")
    with transaction():
        id_ = season.who("Rita Grey").id
        db.session.add(Pledge(ref="PLG-AAAA-AAA2", application_id=queries.bid(ref).id, name="Rita Grey", person_id=id_, worker=f"person:{id_}", minutes=120, status="confirmed", invited_at=clock.now()))  # fmt: skip
    merged(season)
    assert [each.status for each in queries.pledges_of(season.bid(ref).id)] == ["refused"]


class TestRefused:
    def test_by_whom(self, season: Season) -> None:
        with pytest.raises(Refused, match="Write how you know"):
            ask(season, reason="")
        with pytest.raises(Refused, match="the same record"):
            ask(season, "Rita", "Rita")
        season.people["Olga Too"] = paper("Olga Too")
        with pytest.raises(Refused, match="One of the two is you"):
            ask(season, "Olga Too", "Olga")
        with pytest.raises(Refused, match="has, or had, a role"):
            ask(season, "Otto", "Rita")
        ref = ask(season)
        assert ask(season) == ref
        with pytest.raises(Refused, match="waits for a second person already"):
            ask(season, "Rita", "Rob")
        with pytest.raises(Refused, match="You asked for this"):
            actions.confirm(ref, season.actor("Olga"))
        actions.drop(ref, season.actor("Olga"))
        with pytest.raises(Refused, match="Nobody asks for this now"):
            actions.confirm(ref, season.actor("Otto"))

    def test_what_is_over(self, season: Season) -> None:
        ref = merged(season)
        actions.confirm(ref, season.actor("Otto"))  # a second tap
        with pytest.raises(Refused, match="become one meanwhile"):
            actions.drop(ref, season.actor("Olga"))
        with pytest.raises(Refused, match="become one with another record already"):
            ask(season, "Rita Grey", "Rob")
        merged(season, "Rita", "Rob")  # and the first one leads on
        assert persons.person_at("email", "rita@example.org") is not None
        now = person_now(season.who("Rita Grey").id)
        assert now is not None and now.id == season.who("Rob").id
        people.delete_me(season.who("Rosa").id, season.actor("Rosa"))
        with pytest.raises(Refused, match="has left"):
            ask(season, "Rosa", "Rob")

    def test_two_seats_on_one_panel(self, season: Season) -> None:
        with pytest.raises(Refused, match="seat on the panel “Mossgate panel”"):
            ask(season, "Ada", "Ben")
        merged(season, "Ada", "Rita")
        assert has_seat(season.who("Rita").id) and not has_seat(season.who("Ada").id)

    def test_a_vote_on_their_own_idea(self, season: Season) -> None:
        ref = season.sent()
        matter = season.with_panel(ref)
        panels.declare(season.who("Ada"), season.panel_ref, matter, "none")
        panels.vote(season.who("Ada"), season.panel_ref, matter, "yes", "We talked about it.")
        with pytest.raises(Refused, match="would be their own idea"):
            ask(season, "Ada", "Rita")
        assert db.session.scalar(select(Merger)) is None and season.bid(ref).person_id == season.who("Rita").id

    def test_money_that_one_handles_for_the_other(self, season: Season) -> None:
        made = season.ready(season.sent(by="Rita"))
        ref = pay.prepare(made.ref, None, season.actor("Fay"))
        with pytest.raises(Refused, match=ref):
            ask(season, "Rita", "Fay")
        merged(season)
        pay.cancel(ref, "Not now", season.actor("Fay"))
        merged(season, "Rita", "Fay")
        with pytest.raises(Refused, match="award of your own"):
            pay.prepare(made.ref, None, season.actor("Fay"))
        assert_books_are_right()


def test_two_groups_become_one(season: Season) -> None:
    one, other = group("Mossgate Gardeners", season.who("Rita")), group("Mossgate gardners", season.who("Rob"))
    with transaction():
        people.act_for(season.who("Rita").id, group_id(other), season.actor("Rita"))
    sent = season.sent(by="Rob", organisation_id=group_id(other))
    ref = actions.ask("organisation", other, one, WHY, season.actor("Olga"))
    actions.confirm(ref, season.actor("Otto"))
    assert season.bid(sent).organisation_id == group_id(one)
    assert [someone.name for _row, someone in persons.acting_for(group_id(one))] == ["Rita", "Rob"]
    assert db.session.scalars(select(Organisation).where(Organisation.ref == other)).one().archived_at is not None
    assert [each.ref for each in persons.organisations_of(season.who("Rita").id)] == [one]
    with pytest.raises(Refused, match="become one with another record"):
        actions.ask("organisation", other, one, WHY, season.actor("Olga"))


def test_who_acts_for_a_group_does_not_join_it(season: Season) -> None:
    one, other = group("Mossgate Gardeners", season.who("Rita")), group("Mossgate gardners", season.who("Olga"))
    with pytest.raises(Refused, match="You act for one"):
        actions.ask("organisation", other, one, WHY, season.actor("Olga"))


def test_a_card_of_the_timebank_goes_along_or_is_joined_first(app: Flask) -> None:
    bank = open_bank()
    bank.join("Maya Greene", "riverside")
    bank.people["Nell"] = person("Nell")
    with pytest.raises(Refused, match="Join the cards first"):
        actions.ask("person", bank.who("Maya Greene").ref, bank.who("Maya").ref, WHY, bank.actor("Olga"))
    card = bank.cards["Maya Greene"]
    bank.settled("Maya Greene", "Idris", 60)
    ref = actions.ask("person", bank.who("Maya Greene").ref, bank.who("Nell").ref, WHY, bank.actor("Olga"))
    other = person("Otto", "officer")
    actions.confirm(ref, Actor(other.id))
    member = db.session.scalars(select(Member).where(Member.ref == card)).one()
    assert member.person_id == bank.who("Nell").id and bank.has("Maya Greene") == 60
    assert_books_are_right()


def test_the_database_lets_a_card_move_along_a_join_alone_and_keeps_what_was_done(app: Flask) -> None:
    bank, changed = open_bank(), "UPDATE member SET person_id = {} WHERE ref = '{}'"
    nell = person("Nell")
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(changed.format(nell.id, bank.cards["Maya"])))
    row: dict[str, Any] = {"reason": "x", "asked_by_id": bank.who("Olga").id, "asked_at": clock.now(), "kept_id": nell.id}
    wrongs: tuple[dict[str, Any], ...] = (
        {"folded_id": nell.id}, {}, {"folded_id": bank.who("Maya").id, "done_at": clock.now()}, {"folded_id": bank.who("Maya").id, "reason": ""},
        {"folded_id": bank.who("Maya").id, "status": "done", "done_at": clock.now(), "done_by_id": bank.who("Olga").id},
    )  # fmt: skip
    for number, wrong in enumerate(wrongs):
        with pytest.raises(IntegrityError), transaction():
            db.session.add(Merger(**({"ref": f"MRG-{number}"} | row | wrong)))
    with transaction():
        db.session.add(Merger(ref="MRG-9", **(row | {"folded_id": bank.who("Maya").id, "status": "done", "done_at": clock.now(), "done_by_id": bank.who("Cass").id})))  # fmt: skip
    for statement in ("DELETE FROM merger", "UPDATE merger SET status = 'dropped', done_at = NULL, done_by_id = NULL"):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))
    with pytest.raises(IntegrityError), transaction():
        db.session.add(Merger(ref="MRG-8", **(row | {"folded_id": bank.who("Maya").id})))


def test_the_same_join_twice_and_a_chain_of_them(store: Store, season: Season) -> None:
    ref = ask(season)
    confirm = f"__import__('portal.merging.actions', fromlist=['x']).confirm({ref!r}, Actor({{}}))"
    results = race(store, [confirm.format(season.who(name).id) for name in ("Otto", "Otto", "Fay")])
    assert ways(results).count("done") >= 1
    db.session.rollback()
    row = db.session.scalars(select(Merger)).one()
    assert row.status == "done" and db.session.query(Message).filter(Message.key.like("merger:%")).count() == 1  # Rita Grey has no address
    asked = "__import__('portal.merging.actions', fromlist=['x']).ask('person', {!r}, {!r}, 'x', Actor({}))"
    chain = [
        asked.format(season.ref(old), season.ref(new), season.who("Olga").id)
        for old, new in (("Rita", "Rob"), ("Rob", "Rosa"), ("Rob", "Rita"))
    ]
    assert ways(race(store, chain)) == ["done", "refused", "refused"]


def test_the_pages(app: Flask, season: Season) -> None:
    olga, otto = Inspector(app, budget=64).sign_in(season.who("Olga").id), Inspector(app, budget=64).sign_in(season.who("Otto").id)
    season.sent(by="Rita Grey")
    one, other = group("Mossgate Gardeners", season.who("Rob")), group("Mossgate gardners", season.who("Rosa"))
    olga.get(f"/desk/people/{season.ref('Rita Grey')}")
    assert f"/desk/people/{season.ref('Rita Grey')}/same" in list(olga.links())
    olga.get(f"/desk/people/{season.ref('Rita Grey')}/same?q=Rita")
    path = f"/desk/people/{season.ref('Rita Grey')}/same/{season.ref('Rita')}"
    assert path in list(olga.links())
    olga.get(path).submit("Ask a second person to join them", status=422)
    olga.submit("Ask a second person to join them", reason=WHY, sure="y")
    page = olga.location
    olga.follow()
    assert "a second person must do it" in olga.text
    otto.get("/desk/merging/")
    assert page in list(otto.links())
    otto.get(page).submit("Yes, they are the same: join them")
    otto.follow()
    otto.get(f"/desk/people/{season.ref('Rita Grey')}", status=303)
    otto.get(page)
    olga.get("/desk/organisations?q=gard").get(f"/desk/organisations/{one}/same?q=Moss")
    olga.get(f"/desk/organisations/{other}/same/{one}").submit("Ask a second person to join them", reason=WHY, sure="y")
    otto.get(olga.location).submit("No, leave them two")
    olga.get(f"/desk/people/{season.ref('Otto')}/same/{season.ref('Rob')}")
    assert "has, or had, a role" in olga.text
    Inspector(app).sign_in(season.who("Rob").id).get(path, status=404).get("/desk/organisations", status=404)
