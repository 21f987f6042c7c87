"""Entries of the map from the first word to the last, on both engines."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.history import Actor, events_of
from portal.people import actions as people
from portal.people.queries import all_about
from portal.places import actions as places
from portal.places.queries import areas
from portal.strengths import actions, desk, keeping, maps, queries, shapes, today
from portal.strengths.model import Strength
from portal.strengths.queries import Filters
from tests.strengths.ground import Ground, begin, the, told


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    yield begin()


def refused(act: Any, *given: Any, **named: Any) -> str:
    with pytest.raises((Refused, Conflict)) as why:
        act(*given, **named)
    assert not isinstance(why.value, NotYours)
    return why.value.field or ""


def names(typed: str = "", **filters: str) -> set[str]:
    db.session.rollback()
    return {row.name for row in queries.search(typed, Filters(**filters)).rows}


class TestSuggesting:
    def test_it_waits_then_everybody_finds_it(self, ground: Ground) -> None:
        ref = ground.suggest(tags=" singing,Singing , music", kind="people")
        assert the(ref).status == "suggested" and the(ref).tags == "singing, music" and names() == set()
        assert queries.may_see(ground.who("Maya"), the(ref)) and not queries.may_see(ground.who("Idris"), the(ref))
        desk.publish(ref, ground.who("Cass"), shown=1)
        desk.publish(ref, ground.who("Cass"), shown=1)  # again changes nothing
        assert names() == names("singin") == names("coir") == names(kind="people", area="mossgate") == {"Mossgate Choir"}
        assert names("plumber") == names(kind="place") == names(area="riverside") == names(access="loop") == set()
        assert told(ground, "Maya") == ["On the map: Mossgate Choir"]
        assert the(ref).review_on == clock.months_on(clock.today(), 12)

    def test_the_second_tap_gets_the_first_answer(self, ground: Ground) -> None:
        first = actions.suggest(ground.draft(), ground.who("Maya"), once_key="same")
        assert actions.suggest(ground.draft(), ground.who("Maya"), once_key="same") == first

    def test_the_same_entry_twice_warns(self, ground: Ground) -> None:
        ref = ground.published()
        for name, area in (("mossgate CHOIR!", "mossgate"), ("Mossgate Choir", "larch-court"), ("Mossgate Choir", "mossgate")):
            with pytest.raises(actions.Twin) as twin:
                ground.suggest("Idris", name, area)
            assert [row.ref for row in twin.value.found] == [ref] and twin.value.field == "again"
        assert ground.suggest("Idris", area="riverside")  # another place
        assert ground.suggest("Idris", again=True)

    def test_a_suggestion_of_somebody_else_is_not_shown(self, ground: Ground) -> None:
        ground.suggest("Maya")
        with pytest.raises(actions.Twin) as twin:
            ground.suggest("Idris")
        assert twin.value.found == []

    def test_who_may(self, ground: Ground) -> None:
        ref = ground.suggest()
        for stranger in ("Maya", "Idris", "Rob"):
            with pytest.raises(NotYours):
                desk.publish(ref, ground.who(stranger), shown=1)
            with pytest.raises(NotYours):
                desk.turn_down(ref, "No", ground.who(stranger))
        estate = ground.suggest("Maya", "Estate Choir", "larch-court")
        desk.publish(estate, ground.who("Cass"), shown=1)  # what lies in her ward is hers to look at
        with pytest.raises(NotYours):
            ground.suggest("Maya", "Other", keeper=ground.group("Others", "Idris"))

    def test_refusals(self, ground: Ground) -> None:
        assert refused(ground.suggest, "Maya", "ab") == "name"
        assert refused(actions.suggest, replace(ground.draft(), area_id=None), ground.who("Maya"), once_key="x") == "area"
        assert refused(ground.suggest, area="estuary") == "area"
        places.retire_area("riverside", "Joined", Actor(ground.who("Olga").id))
        assert refused(ground.suggest, area="riverside") == "area"
        for number in range(actions.MOST_WAITING):
            ground.suggest("Maya", f"Group {number}")
        refused(ground.suggest, "Maya", "One more")
        ref = ground.suggest("Idris", "Thing")
        assert refused(desk.publish, ref, ground.who("Olga"), shown=1, months=7) == "months"
        refused(desk.publish, ref, ground.who("Olga"), shown=9)
        assert refused(desk.turn_down, ref, "", ground.who("Olga")) == "reason"

    def test_no_private_address_is_published(self, ground: Ground) -> None:
        ref = ground.suggest("Maya", email="idris@example.org", contact_public=True)
        assert refused(desk.publish, ref, ground.who("Olga"), shown=1) == "email"
        assert actions.private_contact(the(ref)).id == ground.who("Idris").id  # type: ignore[union-attr]
        own = ground.suggest("Maya", "Own", email="maya@example.org", contact_public=True, keeper="me")
        desk.publish(own, ground.who("Olga"), shown=1)
        draft = ground.draft("Own", email="idris@example.org", contact_public=True)
        assert refused(actions.edit, own, draft, ground.who("Maya"), shown=1) == "email"

    def test_turned_down_can_be_put_right(self, ground: Ground) -> None:
        ref = ground.suggest()
        desk.turn_down(ref, "Say when", ground.who("Cass"))
        desk.turn_down(ref, "Say when", ground.who("Cass"))
        assert told(ground, "Maya") == ["Not on the map yet: Mossgate Choir"]
        actions.edit(ref, ground.draft(when_words="Tuesdays"), ground.who("Maya"), shown=1)
        assert the(ref).status == "suggested" and the(ref).reason == ""
        desk.publish(ref, ground.who("Cass"), shown=2)
        refused(desk.turn_down, ref, "No", ground.who("Cass"))


class TestChanging:
    def test_what_it_said_before_stays_without_contacts(self, ground: Ground) -> None:
        ref = ground.published(keeper="me", email="choir@sing.example", contact_public=True)
        draft = ground.draft("Mossgate Singers", offers="We sing loudly.", email="new@sing.example", contact_public=True)
        actions.edit(ref, draft, ground.who("Maya"), shown=1)
        actions.edit(ref, draft, ground.who("Maya"), shown=2)  # nothing is different
        assert the(ref).status == "suggested"
        desk.publish(ref, ground.who("Cass"), shown=2)
        (before,) = queries.history(the(ref))
        assert before.said == {"name": "Mossgate Choir", "offers": "We sing what we like.", "email": ""}
        assert names("singers") == {"Mossgate Singers"} and names("choir") == set()
        refused(actions.edit, ref, draft, ground.who("Maya"), shown=1)

    def test_what_a_keeper_changes_is_looked_at_first(self, ground: Ground) -> None:
        ref = ground.published(keeper="me")
        actions.edit(ref, ground.draft(access="loop"), ground.who("Maya"), shown=1)
        assert the(ref).status == "published" and today.numbers(None)["look"] == 0
        actions.edit(ref, ground.draft(offers="Ask for Idris Cole."), ground.who("Maya"), shown=2)
        assert names() == set() and today.numbers(None)["look"] == 1 and not queries.may_see(ground.who("Idris"), the(ref))
        actions.edit(ref, ground.draft(offers="We sing on Sundays."), ground.who("Cass"), shown=3)  # who looks may put it right
        desk.publish(ref, ground.who("Cass"), shown=4)
        assert names() == {"Mossgate Choir"} and told(ground, "Maya") == ["On the map: Mossgate Choir"] * 2
        actions.edit(ref, ground.draft(offers="We sing daily."), ground.who("Cass"), shown=4)
        assert the(ref).status == "published"
        with clock.held_at(clock.now() + timedelta(days=1)), transaction():
            desk.archive_now(queries.locked(ref), Actor(ground.who("Cass").id))
        actions.edit(ref, ground.draft(offers="Rude words."), ground.who("Maya"), shown=5)
        refused(desk.restore, ref, ground.who("Maya"))  # not by way of the archive either
        assert the(ref).status == "suggested"

    def test_who_may_change_it(self, ground: Ground) -> None:
        ref = ground.published()  # suggested by Maya, kept by nobody
        for stranger in ("Maya", "Idris", "Rob"):
            with pytest.raises(NotYours):
                actions.edit(ref, ground.draft("New name"), ground.who(stranger), shown=1)
        actions.edit(ref, ground.draft("New name"), ground.who("Cass"), shown=1)
        kept = ground.published("Maya", "Kept", keeper="me")
        assert refused(actions.edit, kept, ground.draft("Kept", "riverside"), ground.who("Maya"), shown=1) == "area"
        assert refused(actions.edit, kept, ground.draft("Kept", "riverside"), ground.who("Cass"), shown=1) == "area"
        actions.edit(kept, ground.draft("Kept", "riverside"), ground.who("Olga"), shown=1)
        assert names(area="riverside") == {"Kept"}


class TestKeeping:
    def test_asked_twice_then_put_away_then_back(self, ground: Ground) -> None:
        ref = ground.published(keeper="me", months=3)
        due = the(ref).review_on
        assert due is not None
        for days, count in ((-29, 0), (-28, 1), (-28, 0), (-8, 0), (-7, 1), (-6, 0)):
            with clock.held_at(clock.start_of_day(due + timedelta(days=days))):
                assert (keeping.remind(), keeping.archive_due()) == (count, 0), days
        assert told(ground, "Maya")[1:] == ["Is it still so? Mossgate Choir"] * 2
        with clock.held_at(clock.start_of_day(due + timedelta(days=8))):
            assert keeping.archive_due() == 1 and keeping.archive_due() == 0
            assert the(ref).status == "archived" and names() == set()
            assert told(ground, "Maya")[-1] == "Off the map for now: Mossgate Choir"
            refused(keeping.still_so, ref, ground.who("Maya"))
            desk.restore(ref, ground.who("Maya"))
            desk.restore(ref, ground.who("Maya"))
            assert the(ref).status == "published" and names() == {"Mossgate Choir"}

    def test_a_worker_that_slept_puts_nothing_away_unasked(self, ground: Ground) -> None:
        ref = ground.published(keeper="me", months=3)
        late = clock.now() + timedelta(days=400)
        with clock.held_at(late):
            assert keeping.archive_due() == 0 and keeping.remind() == 1 and keeping.remind() == 0 and keeping.archive_due() == 0
        with clock.held_at(late + timedelta(days=8)):
            assert keeping.remind() == 1 and keeping.archive_due() == 0
        with clock.held_at(late + timedelta(days=23)):
            assert keeping.archive_due() == 1
        assert the(ref).status == "archived"

    def test_answered_twice_counts_once(self, ground: Ground) -> None:
        ref = ground.published(keeper="me", months=3)
        with clock.held_at(clock.now() + timedelta(days=70)):
            keeping.remind()
            keeping.still_so(ref, ground.who("Maya"))
            keeping.still_so(ref, ground.who("Cass"))
            assert the(ref).nudges == 0 and the(ref).review_on == clock.months_on(clock.today(), 12)
            assert [event.kind for event in events_of(queries.about(the(ref)))].count("strength_still_so") == 1
            with pytest.raises(NotYours):
                keeping.still_so(ref, ground.who("Idris"))

    def test_a_group_is_asked_and_else_the_connector(self, ground: Ground) -> None:
        group = ground.group("Friends of the Green", "Idris", "Maya")
        ground.published("Idris", "The Green", keeper=group, months=3)
        ground.published("Maya", "Nobody's", months=3)
        with clock.held_at(clock.now() + timedelta(days=80)):
            keeping.remind()
        for name in ("Idris", "Maya"):
            assert "Is it still so? The Green" in told(ground, name)
        assert told(ground, "Cass") == ["Is it still so? Nobody's"] and told(ground, "Olga") == []

    def test_put_away_with_a_reason_only_a_coordinator_brings_back(self, ground: Ground) -> None:
        ref = ground.published(keeper="me")
        assert refused(desk.archive, ref, "", ground.who("Maya")) == "reason"
        desk.archive(ref, "It has closed", ground.who("Cass"))
        desk.archive(ref, "It has closed", ground.who("Cass"))
        with pytest.raises(NotYours):
            desk.restore(ref, ground.who("Maya"))
        refused(desk.publish, ref, ground.who("Cass"), shown=1)
        desk.restore(ref, ground.who("Cass"))
        waiting = ground.suggest("Maya", "Other")
        refused(desk.archive, waiting, "No", ground.who("Cass"))
        refused(desk.restore, waiting, ground.who("Cass"))

    def test_somebody_offers_to_look_after_it(self, ground: Ground) -> None:
        ref = ground.published()
        assert today.numbers(frozenset([ground.areas["mossgate"]])) == {
            "look": 0,
            "offers": 0,
            "review": 0,
            "keepers": 1,
            "retired": 0,
        }
        actions.offer_to_keep(ref, ground.who("Idris"))
        actions.offer_to_keep(ref, ground.who("Idris"))
        refused(actions.offer_to_keep, ref, ground.who("Maya"))
        desk.answer_offer(ref, False, ground.who("Cass"))
        actions.offer_to_keep(ref, ground.who("Maya"))
        desk.answer_offer(ref, True, ground.who("Cass"))
        desk.answer_offer(ref, True, ground.who("Cass"))
        assert the(ref).keeper_id == ground.who("Maya").id and the(ref).keeper_wanted_at is None
        refused(actions.offer_to_keep, ref, ground.who("Idris"))
        refused(desk.keep_it_myself, ref, ground.who("Cass"))
        with pytest.raises(NotYours):
            actions.let_go(ref, ground.who("Idris"))
        actions.let_go(ref, ground.who("Maya"))
        assert told(ground, "Cass") == ["Who looks after it? Mossgate Choir"]
        desk.keep_it_myself(ref, ground.who("Cass"))
        assert the(ref).keeper_id == ground.who("Cass").id
        with pytest.raises(NotYours):
            actions.offer_to_keep(ground.suggest("Maya", "Hidden"), ground.who("Idris"))

    def test_the_keeper_leaves(self, ground: Ground) -> None:
        maya = ground.who("Maya")
        ref = ground.published(keeper="me", email="maya@example.org", contact_public=True)
        waits = ground.published("Idris", "Walkers")
        actions.offer_to_keep(waits, maya)
        actions.edit(ref, ground.draft(offers="Louder.", email="maya@example.org", contact_public=True), maya, shown=1)
        desk.publish(ref, ground.who("Cass"), shown=2)
        held = all_about(maya.id)
        assert [entry["reference"] for entry in held["entries on the map"]] == [ref, waits]
        assert held["changes to the map"][0]["changed"] == ["offers"] and held["lists that you brought to the map"] == []
        people.delete_me(maya.id, Actor(maya.id))
        row = the(ref)
        assert (row.status, row.keeper_id, row.suggested_by_id, row.email) == ("published", None, None, "")
        assert row.keeper_wanted_at is not None and the(waits).offer_by_id is None
        assert queries.history(row)[0].by_id is None
        assert told(ground, "Cass") == ["Who looks after it? Mossgate Choir"]


class TestMerging:
    def test_the_old_address_leads_on_always_in_one_step(self, ground: Ground) -> None:
        first, second, third = (ground.published("Maya", name, tags=tag, keeper=keeper) for name, tag, keeper in (("One", "a", "me"), ("Two", "b", ""), ("Three", "c", "")))  # fmt: skip
        desk.merge(first, second, "The same", ground.who("Cass"))
        desk.merge(first, second, "The same", ground.who("Cass"))
        assert queries.leads_to(first) == second and queries.leads_to(second) is None
        assert the(second).tags == "b, a" and the(second).keeper_id == ground.who("Maya").id
        desk.merge(second, third, "All the same", ground.who("Cass"))
        assert queries.leads_to(first) == queries.leads_to(second) == third
        assert names() == {"Three"}
        refused(desk.merge, first, second, "Again", ground.who("Cass"))

    def test_refusals(self, ground: Ground) -> None:
        one, two = ground.published("Maya", "One"), ground.published("Maya", "Two")
        waits, far = ground.suggest("Maya", "Three"), ground.published("Maya", "Four", "riverside")
        assert refused(desk.merge, one, one, "x", ground.who("Cass")) == "into"
        assert refused(desk.merge, one, waits, "x", ground.who("Cass")) == "into"
        assert refused(desk.merge, one, two, "", ground.who("Cass")) == "reason"
        for other in (far, "STR-2222-2222"):
            with pytest.raises(NotYours):
                desk.merge(one, other, "x", ground.who("Cass"))
        desk.merge(waits, two, "Suggested twice", ground.who("Cass"))
        assert the(waits).status == "merged"


class TestAreas:
    def test_a_retired_area_is_seen_and_moved(self, ground: Ground) -> None:
        olga = ground.who("Olga")
        ref = ground.published("Maya", "Estate Choir", "larch-court")
        waits = ground.suggest("Maya", "Estate Walk", "larch-court")
        places.retire_area("larch-court", "Pulled down", Actor(olga.id))
        assert today.numbers(None)["retired"] == 1
        assert maps.the_map().sums.total() == 1 and maps.the_map().grounds[0].total == 1  # still told, in the ward around it
        assert refused(desk.publish, waits, olga, shown=1) == "area"
        for args, field in ((("larch-court", "larch-court", "x"), "new"), (("mossgate", "larch-court", "x"), "new"), (("larch-court", "mossgate", ""), "reason")):  # fmt: skip
            assert refused(desk.move_all, *args, olga) == field
        with pytest.raises(NotYours):
            desk.move_all("larch-court", "riverside", "x", ground.who("Cass"))
        assert desk.move_all("larch-court", "mossgate", "Pulled down", ground.who("Cass")) == 2
        assert desk.move_all("larch-court", "mossgate", "Pulled down", ground.who("Cass")) == 0
        assert the(ref).area.code == "mossgate" and names("mossgate") == {"Estate Choir"}
        desk.archive(ref, "Gone", olga)
        desk.restore(ref, olga)

    def test_shapes(self, ground: Ground) -> None:
        actor = Actor(ground.who("Olga").id)
        shapes.set_shape("mossgate", 2, 1, "", actor)
        shapes.set_shape("mossgate", 2, 1, "", actor)
        assert len([event for event in events_of(f"area:{ground.areas['mossgate']}") if event.kind == "area_drawn"]) == 1
        assert refused(shapes.set_shape, "riverside", 2, 1, "", actor) == "column"
        assert refused(shapes.set_shape, "riverside", 2, None, "", actor) == "row"
        assert refused(shapes.set_shape, "riverside", 31, 1, "", actor) == "column"
        assert refused(shapes.set_shape, "riverside", None, None, "51, 0", actor) == "outline"
        found = maps.the_map()
        assert found.tiles and [each.area.code for each in found.drawn] == ["riverside", "mossgate"]
        shapes.set_shape("mossgate", 2, 1, "51.40, 0.30\n51.40, 0.35\n51.45, 0.35\n51.45, 0.30", actor)
        assert maps.the_map().tiles  # until every area has an outline
        shapes.set_shape("riverside", None, None, "51.45, 0.30\n51.45, 0.35\n51.50, 0.35\n51.50, 0.30", actor)
        ground.published("Maya", "Hall", kind="place", open_door=True, latitude=51420, longitude=320)
        found = maps.the_map()
        assert not found.tiles and len(found.dots) == 1 and found.height > found.width
        assert [each.total for each in found.drawn] == [1, 0] and found.steps == [(1, 1, 1)]

    def test_without_wards_what_lies_highest_is_drawn(self, ground: Ground) -> None:
        with transaction():
            for area in areas():
                if area.kind == "ward":
                    db.session.merge(area).kind = "estate"
        assert [ground_.area.code for ground_ in queries.grounds()[0]] == ["mossgate", "riverside"]


BROKEN = (
    "kind = 'thing'", "status = 'gone'", "ways = 'group'", "email = 'a@b.example'", "latitude = 51000", "latitude = 51000, longitude = 0", "merged_into_id = id, status = 'merged', words = ''",
    "status = 'merged', words = ''", "review_on = NULL", "status = 'archived', words = ''", "status = 'archived', archived_at = published_at", "offer_at = published_at", "import_key = 'x:1'",
    "ref = 'STR-2222-2222'", "status = 'suggested'",
)  # fmt: skip


@pytest.mark.parametrize("change", BROKEN)
def test_the_database_has_the_last_word(ground: Ground, change: str) -> None:
    ground.published()
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(f"UPDATE strength SET {change}"))


def test_nothing_is_deleted(ground: Ground) -> None:
    ground.published()
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("DELETE FROM strength"))
    assert db.session.scalar(select(Strength.id)) is not None
    key = uuid.uuid4().hex
    assert actions.suggest(ground.draft("Other"), ground.who("Maya"), once_key=key)
