"""What may fit together on real boards: only what both may see, the likeliest first, and never again what somebody does not want."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound
from portal.gifts import lists, parties, suggestions, talks
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftPost
from portal.gifts.suggestions import Suggestion
from portal.people.access import Who
from portal.people.model import Organisation
from portal.people.queries import all_about
from portal.strengths import actions as strengths
from portal.strengths import desk
from portal.strengths.model import Strength
from portal.strengths.rules import Draft
from tests.gifts.street import Street, open_street, the_post


@pytest.fixture
def street(app: Flask) -> Street:
    return open_street()


def found(street: Street, name: str, post: str) -> Sequence[Suggestion]:
    who = street.who(name)
    return suggestions.for_post(the_post(post), who, parties.own(who))


def titles(street: Street, name: str, post: str) -> list[str]:
    return [each.post.title if each.post else each.entry.name if each.entry else "" for each in found(street, name, post)]


@contextmanager
def queries() -> Iterator[list[str]]:
    seen: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    yield seen
    event.remove(Engine, "before_cursor_execute", listen)


def entry(street: Street, name: str, offers: str, **changes: object) -> str:
    draft = Draft("place", name, offers, street.areas["mossgate"], tags="garden", contact="Ask at the gate", **changes)  # type: ignore[arg-type]
    ref = strengths.suggest(draft, street.who("Cass"), once_key=uuid.uuid4().hex)
    desk.publish(ref, street.who("Cass"), shown=1, months=12)
    db.session.rollback()
    return ref


def test_both_sides_are_shown_the_other_with_the_reason(street: Street) -> None:
    ladder = street.put_up("Walter", "A long ladder", sort="lend", area="riverside")
    wish = street.put_up("Maya", "To borrow a ladder", kind="wish", sort="lend")
    assert [each.reasons for each in found(street, "Maya", wish)] == [["Same words: ladder", "Same sort: Things to lend"]]
    assert titles(street, "Walter", ladder) == ["To borrow a ladder"]
    who = street.who("Maya")
    assert [each.mine.ref for each in suggestions.for_reader(who, parties.own(who), lists.homes_of(who), suggestions.parents())] == [wish]
    assert suggestions.for_reader(street.who("Idris"), [], (), {}) == []


def test_at_most_five_the_likeliest_first_and_ties_to_the_newer(street: Street) -> None:
    wish = street.put_up("Maya", "A bike for a child", kind="wish")
    for number in range(3):
        street.put_up("Idris", f"Bike number {['one', 'two', 'three'][number]}")
        street.put_up("Walter", f"Bike, {['red', 'green', 'black'][number]}", area="riverside")
    near = ["Bike number three", "Bike number two", "Bike number one"]
    assert titles(street, "Maya", wish) == [*near, "Bike, black", "Bike, green"] == titles(street, "Maya", wish)


def test_only_what_both_may_see(street: Street) -> None:
    wish = street.put_up("Maya", "To learn the guitar", kind="wish", sort="head", reach="area")
    other = street.put_up("Walter", "Guitar lessons", sort="head", area="riverside")
    assert titles(street, "Maya", wish) == [], "Walter may not see the wish"
    with transaction():
        lists.by_ref(wish).reach = "linked"
    assert titles(street, "Maya", wish) == ["Guitar lessons"]
    with transaction():
        lists.by_ref(other).reach = "area"
    assert titles(street, "Maya", wish) == [], "Maya may not see the gift"
    near = street.put_up("Idris", "Guitar for two", sort="head", reach="area")
    assert titles(street, "Maya", wish) == ["Guitar for two"]
    with clock.held_at(clock.now() + timedelta(days=40)):
        assert titles(street, "Maya", wish) == []
    with transaction():
        party = street.party("Idris")
        party.stopped_at, party.stopped_by_id = clock.now(), street.who("Cass").id
    assert titles(street, "Maya", wish) == [], "a coordinator keeps its owner away"
    with transaction():
        party = street.party("Idris")
        party.stopped_at = party.stopped_by_id = None
    assert titles(street, "Maya", wish) == ["Guitar for two"]
    with transaction():
        db.session.execute(sa.update(GiftPost).where(GiftPost.ref == near).values(status="held", words=""))
    assert titles(street, "Maya", wish) == []


def test_who_acts_for_a_group_elsewhere_sees_what_is_meant_for_there(street: Street) -> None:
    street.found("Riverside Club", "Maya")
    with transaction():
        db.session.get_one(Organisation, street.groups["Riverside Club"]).area_id = street.areas["riverside"]
    wish = street.put_up("Maya", "To learn the guitar", kind="wish", sort="head")
    near = street.put_up("Walter", "Guitar lessons", sort="head", area="riverside", reach="area")
    maya, idris = street.who("Maya"), street.who("Idris")
    for who, sees in ((maya, True), (idris, False)):
        on_board = [post.ref for post in lists.search("guitar lessons", Board(homes=lists.homes_of(who)), Filters()).rows]
        assert (near in on_board, lists.is_seen(the_post(near), who), lists.is_meant_for(the_post(near), who)) == (sees, sees, sees)
    assert titles(street, "Maya", wish) == ["Guitar lessons"]
    assert [each.ref for each in suggestions.for_reader(maya, parties.own(maya), lists.homes_of(maya), suggestions.parents())] == [near]


def test_not_who_writes_already_nor_who_is_blocked_nor_oneself(street: Street) -> None:
    street.found("The Guitar Club", "Maya")
    wish = street.put_up("Maya", "To learn the guitar", kind="wish", sort="head")
    street.put_up("Maya", "Guitar lessons at the club", sort="head", group="The Guitar Club")
    street.put_up("Idris", "Guitar lessons", sort="head")
    walters = street.put_up("Walter", "My guitar", sort="lend")
    assert titles(street, "Maya", wish) == ["Guitar lessons", "My guitar"]
    street.write("Idris", wish)
    assert titles(street, "Maya", wish) == ["My guitar"], "he has written to her"
    talk = street.write("Maya", walters)
    assert titles(street, "Maya", wish) == []
    talks.close(talk, street.who("Walter"), block=True)
    street.put_up("Walter", "Guitar strings")
    assert titles(street, "Maya", wish) == [] == titles(street, "Walter", walters)


def test_a_group_and_a_mother_who_both_wish(street: Street) -> None:
    street.found("School allotment group", "Idris", kind="school")
    wish = street.put_up("Maya", "I cannot face my garden", kind="wish", sort="hands")
    ground = street.put_up("Idris", "More ground to grow on", kind="wish", sort="lend", group="School allotment group")
    assert titles(street, "Idris", ground) == ["I cannot face my garden"] and titles(street, "Maya", wish) == ["More ground to grow on"]
    group = street.groups["School allotment group"]
    mine = suggestions.answering(ground, street.who("Idris"), the_post(wish))
    assert mine is not None and mine.party.organisation_id == group
    assert (
        suggestions.answering(ground, street.who("Walter"), the_post(wish)) is None is suggestions.answering("x", street.who("Idris"), mine)
    )


def test_the_map_of_strengths_answers_too(street: Street) -> None:
    wish = street.put_up("Maya", "Help with our garden", kind="wish", sort="hands")
    ref = entry(street, "Mossgate allotments", "Plots to share, and people who dig.")
    assert titles(street, "Maya", wish) == ["Mossgate allotments"]
    seen = found(street, "Maya", wish)[0]
    assert seen.reasons[0] == "On the map of strengths: A place to meet" and seen.ref == ref and "Also in Mossgate" in seen.reasons
    street.found("The diggers", "Maya")
    with transaction():
        db.session.execute(sa.update(Strength).values(organisation_id=street.groups["The diggers"], keeper_id=None))
    assert titles(street, "Maya", wish) == [], "her own"
    with transaction():
        db.session.execute(sa.update(Strength).values(organisation_id=None))
    suggestions.not_this(ref, street.who("Maya"))
    assert titles(street, "Maya", wish) == []


def test_what_is_not_wanted_is_never_suggested_again(street: Street) -> None:
    wish = street.put_up("Maya", "A ladder", kind="wish", sort="lend")
    ladder = street.put_up("Walter", "A long ladder", sort="lend")
    other = street.put_up("Idris", "A ladder", kind="wish", sort="lend")
    for _again in range(2):
        suggestions.not_this(ladder.lower(), street.who("Maya"))
    assert titles(street, "Maya", wish) == [] and titles(street, "Idris", other) == ["A long ladder"]
    assert all_about(street.who("Maya").id)["what fits on the boards"]["not this one"] == [ladder]
    for ref in ("GFT-2222-2222", "nonsense", ""):
        with pytest.raises(NotFound):
            suggestions.not_this(ref, street.who("Maya"))
    with transaction(), pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.execute(sa.text("insert into gift_not_this (person_id, post_id, entry_ref) values (1, null, null)"))


def test_a_slip_of_the_finger_is_found_all_the_same(street: Street) -> None:
    street.put_up("Walter", "A bycicle for a child")
    wish = street.put_up("Maya", "A bicycle", kind="wish")
    assert titles(street, "Maya", wish) == ["A bycicle for a child"]
    street.put_up("Idris", "One more bicycle")
    assert titles(street, "Maya", wish) == ["One more bicycle"], "known as it stands: no other word stands in for it"


def test_it_takes_few_queries(street: Street) -> None:
    wish = the_post(street.put_up("Maya", "A ladder", kind="wish", sort="lend"))
    for number in range(6):
        street.put_up("Walter", f"A ladder of {['pine', 'oak', 'ash', 'elm', 'yew', 'box'][number]}", sort="lend")
    who: Who = street.who("Maya")
    own = parties.own(who)
    wish = the_post(wish.ref)
    lists.is_live(wish)
    with queries() as seen:
        assert len(suggestions.for_post(wish, who, own)) == 5
    assert len([each for each in seen if each.startswith("SELECT")]) <= 6, seen
