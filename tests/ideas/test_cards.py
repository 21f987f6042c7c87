"""Cards on the wall: pinned on a phone, by a stranger, from paper; held, kept, ended; and what the database refuses."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.ideas import cards, care, counting, pledges, queries, wall
from portal.people.access import Nobody
from portal.people.actions import create_person, delete_me
from portal.people.queries import all_about
from portal.web.rows import Faulty, Row
from tests.conftest import Store
from tests.grants.season import Season
from tests.grants.sparks import png
from tests.ideas.fair import BENCH, PLAIN, area, fair, joined, last_pledge, let_go, mail, pin, the, who_is_in, without


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield fair()
    assert list(counting.broken_caches()) == []


def on_the_wall(typed: str = "", code: str = "") -> list[str]:
    from portal.places.queries import area_by_code

    db.session.rollback()
    filters = queries.Filters(area=area_by_code(code) if code else None)
    return [each.title for each in queries.search(typed, filters).rows]


class TestPinning:
    def test_a_first_card_is_looked_at_and_the_next_is_not(self, season: Season) -> None:
        first = pin(season, "Maya", known=False)
        assert the(first).status == "held" and on_the_wall() == []
        look = care.waiting(None)[0]
        assert look.kind == "new" and look.due_on > clock.today() and look.keeper is not None
        let_go(season, first)
        assert on_the_wall() == [BENCH]
        pin(season, "Maya", "A second bench in the park", known=False)
        assert on_the_wall() == ["A second bench in the park", BENCH]
        assert [each.subject for each in mail() if each.to_name == "Maya"] == [f"“{BENCH}” is on the wall"]

    def test_a_connectors_own_card_needs_no_look(self, season: Season) -> None:
        assert the(pin(season, "Gus", known=False)).status == "open"

    def test_words_that_worry_are_held_also_from_paper_and_when_it_is_changed(self, season: Season) -> None:
        ref = pin(season, None, "Throw a knife at the old tree", known=False)
        assert (the(ref).status, care.waiting(None)[0].why) == ("held", "knife")
        plain = pin(season, "Maya")
        cards.edit(plain, cards.Draft(BENCH, area(), "And a gun rack."), season.who("Maya"), shown=1)
        assert the(plain).status == "held" and on_the_wall() == []
        some: list[tuple[dict[str, Any], str]] = [
            ({"text": "Meet at 14 Marsh Lane, two steps up."}, "14 Marsh Lane"),
            ({"text": "Telegram is best."}, "telegram"),
            ({"title": "Somebody to babysit at the hall"}, "babysit"),
            ({"alt": "Flat 3 from the street"}, "Flat 3"),
        ]
        for say, found in some:
            ref = pin(season, "Idris", known=False, **say)
            assert the(ref).status == "held" and found in [each.why for each in care.waiting(None) if each.idea.ref == ref]

    def test_a_stranger_gives_a_name_and_waits_for_a_look(self, season: Season) -> None:
        draft = cards.Draft(BENCH, area(), name="Elsie Reyes", contact=("email", "elsie@example.org"))
        with pytest.raises(Refused, match="first name"):
            cards.post(cards.Draft(BENCH, area()), Nobody(), once_key="a")
        ref = cards.post(draft, Nobody(), once_key="b")
        assert (the(ref).status, the(ref).owner_name, queries.whose(the(ref))) == ("held", "Elsie", "Elsie")
        let_go(season, ref)
        assert [each.address for each in mail() if "is on the wall" in each.subject] == ["elsie@example.org"]
        with transaction():  # she signs in with that address, and the card is hers
            elsie = create_person("Elsie Reyes", email="elsie@example.org")
        assert (the(ref).owner_id, the(ref).owner_contact) == (elsie.id, "")

    def test_from_paper_it_is_of_a_name_of_an_account_or_of_nobody(self, season: Season) -> None:
        nobody = pin(season, None)
        assert queries.whose(the(nobody)) == "A neighbour" and not cards.has_owner(the(nobody))
        paper = pin(season, None, "A choir for the estate", name="Arthur Reyes", contact=("sms", "+447700900123"))
        assert (queries.whose(the(paper)), the(paper).basis) == ("Arthur", "paper sheet")
        mayas = pin(season, None, "A swap of seeds in spring", name="Maya", contact=("email", "maya@example.org"))
        assert the(mayas).owner_id == season.who("Maya").id and the(mayas).owner_contact == ""
        cards.hand_over(nobody, "Walter Webb", None, season.who("Gus"), basis="in person")
        assert queries.whose(the(nobody)) == "Walter"

    def test_who_is_in_and_becomes_its_owner_counts_anyway(self, season: Season) -> None:
        ref = pin(season, None)
        pledges.say_in(ref, 60, season.who("Bo"))
        assert the(ref).people == 1
        cards.hand_over(ref, "Bo", ("email", "bo@example.org"), season.who("Gus"), basis="in person")
        assert (the(ref).owner_id, the(ref).people, the(ref).minutes) == (season.who("Bo").id, 0, 0)

    def test_the_same_form_twice_is_one_card_and_each_has_a_number(self, season: Season) -> None:
        one = pin(season, key="tap")
        assert pin(season, key="tap") == one
        other = pin(season, title="A choir for the estate")
        assert (the(one).number, the(other).number) == (1, 2)
        assert queries.by_number(2).ref == other
        with pytest.raises(NotFound, match="number"):
            queries.by_number(3)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"title": "Bench"}, "in a sentence"),
            ({"title": "Call me on 07700 900123 for benches"}, "telephone"),
            ({"text": "Write to maya@example.org"}, "e-mail"),
            ({"alt": "RM16 4JQ"}, "postcode"),
            ({"area_id": None}, "where it is"),
            ({"area_id": 999}, "where it is"),
        ],
    )
    def test_what_is_refused(self, season: Season, changes: dict[str, object], says: str) -> None:
        from dataclasses import replace

        with pytest.raises(Refused, match=says):
            cards.post(replace(PLAIN, **{"area_id": area()} | changes), season.who("Maya"), once_key="x")  # type: ignore[arg-type]

    def test_who_types_for_somebody(self, season: Season) -> None:
        with pytest.raises(NotYours):
            cards.post(cards.Draft(BENCH, area()), season.who("Maya"), for_somebody=True, basis="in person", once_key="a")
        with pytest.raises(Refused, match="how you know"):
            cards.post(cards.Draft(BENCH, area()), season.who("Gus"), for_somebody=True, once_key="a")
        with pytest.raises(Refused, match="first name of who"):
            cards.post(
                cards.Draft(BENCH, area(), contact=("email", "a@example.org")),
                season.who("Gus"),
                for_somebody=True,
                basis="in person",
                once_key="a",
            )

    def test_twenty_at_a_time(self, season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cards, "MOST_OPEN", 1)
        pin(season)
        with pytest.raises(Refused, match="at a time"):
            pin(season, title="A second bench in the park")

    def test_a_photo_comes_and_goes(self, season: Season, store: Store) -> None:
        ref = pin(season, picture=png(), data_dir=store.home, alt="The stop")
        file = the(ref).photo_file
        assert file is not None and (store.home / "photos" / file).exists() and the(ref).photo_alt == "The stop"
        cards.edit(ref, cards.Draft(BENCH, area()), season.who("Maya"), shown=1, without_photo=True, data_dir=store.home)
        assert the(ref).photo_ref is None and not (store.home / "photos" / file).exists() and the(ref).status == "open"

    def test_another_photo_alone_is_looked_at_where_others_know_the_card(self, season: Season, store: Store) -> None:
        ref, draft = pin(season, picture=png(), data_dir=store.home, text=""), cards.Draft(BENCH, area())
        without(ref, "Ada", 60, ("email", "ada@example.org"))

        def change(by: str, version: int) -> str:
            cards.edit(ref, draft, season.who(by), shown=version, basis="telephone", picture=png(), data_dir=store.home)
            return the(ref).status

        assert change("Maya", 1) == "held" and on_the_wall() == []
        assert (care.waiting(None)[0].kind, care.waiting(None)[0].why) == ("words", "the new photo")
        let_go(season, ref)
        assert on_the_wall() == [BENCH] and not [each for each in mail() if "has changed" in each.subject], "it says the same"
        assert change("Gus", 2) == "open", "a connector sees what they put up"
        later = pin(season, title="A second bench in the park", known=False)
        assert the(later).status == "open" and not the(later).people
        cards.edit(
            later, cards.Draft("A second bench in the park", area()), season.who("Maya"), shown=1, picture=png(), data_dir=store.home
        )
        assert the(later).status == "open", "nobody has looked at it or is in on it: as a new card of hers"


class TestKeepingAndEnding:
    def test_changing_it_and_two_phones(self, season: Season) -> None:
        ref = pin(season)
        cards.edit(ref, cards.Draft("A bench and a bin", area("chadwell")), season.who("Maya"), shown=1)
        assert on_the_wall(code="chadwell") == ["A bench and a bin"]
        with pytest.raises(Conflict, match="meanwhile"):
            cards.edit(ref, cards.Draft(BENCH, area()), season.who("Maya"), shown=1)
        with pytest.raises(NotYours):
            cards.edit(ref, cards.Draft(BENCH, area()), season.who("Bo"), shown=2)
        with pytest.raises(Refused, match="how you know"):
            cards.edit(ref, cards.Draft(BENCH, area()), season.who("Gus"), shown=2)

    def test_a_card_that_neighbours_know_and_that_says_something_else_is_looked_at_again(self, season: Season) -> None:
        ref = pin(season)
        without(ref, "Hattie", contact=("email", "hattie@example.org"))
        cards.edit(ref, cards.Draft("A bench by the bus stopp", area(), PLAIN.text), season.who("Maya"), shown=1)
        assert the(ref).status == "open"  # a slip
        cards.edit(ref, cards.Draft("The Millers are liars and cheats", area(), PLAIN.text), season.who("Maya"), shown=2)
        assert the(ref).status == "held" and on_the_wall() == []
        assert "cheat" in care.waiting(None)[0].why and not [each for each in mail() if "has changed" in each.subject]
        cards.edit(ref, cards.Draft("A shelter and a table for chess", area()), season.who("Maya"), shown=3)
        let_go(season, ref)
        assert [each.to_name for each in mail() if "has changed" in each.subject] == ["Hattie"]
        for shown, title in enumerate(
            ("A shelter and a table for cards", "A shelter and a table for draughts", "A shelter and a stage, draughts"), 4
        ):
            cards.edit(ref, cards.Draft(title, area()), season.who("Maya"), shown=shown)
        assert the(ref).status == "held"  # little by little
        let_go(season, ref)
        cards.edit(ref, cards.Draft("Something quite different again", area()), season.who("Gus"), shown=7, basis="in person")
        assert the(ref).status == "open"  # a connector has looked while typing

    def test_the_full_name_of_somebody_who_lives_there_is_looked_at(self, season: Season) -> None:
        with transaction():
            create_person("Rosa Lee Marsh", email="rosa.marsh@example.org", area_id=area())
            create_person("Will Ferry", email="will.ferry@example.org", area_id=area("chadwell"))
        for title, status in (
            ("Thank you Rosa Marsh for the garden", "held"), ("A party with Rosa Lee Marsh", "held"), ("A Marsh walk with rosa", "open"),
            ("The Will Ferry over the river", "open"),
        ):  # fmt: skip
            assert the(pin(season, "Gus", title, known=False)).status == status, title

    def test_half_a_year_a_reminder_and_one_tap(self, season: Season) -> None:
        ref = pin(season)
        with clock.held_at(clock.now() + timedelta(days=170)):
            assert (cards.remind_ending(), cards.remind_ending()) == (1, 0)
            assert "Shall “A bench by the bus stop” stay" in mail()[-1].subject
        with clock.held_at(clock.now() + timedelta(days=181)):
            assert on_the_wall() == []  # by its date, before any worker comes
            with pytest.raises(NotFound):
                queries.readable(ref, Nobody())
            assert (cards.end_due(), cards.end_due()) == (1, 0)
            assert the(ref).status == "expired" and "has left the wall" in mail()[-1].subject
            assert queries.readable(ref, season.who("Maya")).ref == ref
            cards.renew(ref, season.who("Maya"))
            assert on_the_wall() == [BENCH] and the(ref).ends_on == clock.today() + timedelta(days=180)

    def test_taken_back_happened_and_put_among_the_earlier(self, season: Season) -> None:
        ref, choir, seeds = pin(season), pin(season, title="A choir for the estate"), pin(season, title="A swap of seeds in spring")
        without(ref, contact=("email", "ruth@example.org"))
        cards.end(ref, "withdrawn", season.who("Maya"))
        cards.end(ref, "withdrawn", season.who("Maya"))
        assert [each.address for each in mail() if "taken back" in each.subject] == ["ruth@example.org"]
        cards.end(choir, "done", season.who("Maya"))
        with pytest.raises(Refused, match="Say whether"):
            cards.end(seeds, "archived", season.who("Maya"))
        cards.end(seeds, "archived", season.who("Gus"), basis="telephone")
        assert on_the_wall() == []
        assert [queries.readable(each, Nobody()).status for each in (choir, seeds)] == ["done", "archived"]
        with pytest.raises(NotFound):
            queries.readable(ref, Nobody())
        with pytest.raises(Conflict):
            cards.end(choir, "withdrawn", season.who("Maya"))


class TestCare:
    def test_taking_it_back_or_waiting_is_no_way_round_a_look(self, season: Season) -> None:
        ref, known = pin(season, "Maya", known=False), pin(season, "Bo", "A choir for the estate")
        cards.end(ref, "withdrawn", season.who("Maya"))
        assert cards.renew(ref, season.who("Maya")).status == "held" and on_the_wall() == ["A choir for the estate"]
        assert [each.kind for each in care.waiting(None)] == ["new"]
        with clock.held_at(clock.now() + timedelta(days=181)):
            cards.end_due()
            cards.edit(known, cards.Draft("A knife for the estate", area()), season.who("Bo"), shown=1)
            assert the(known).status == "expired"
            assert cards.renew(known, season.who("Bo")).status == "held" and on_the_wall() == []
            let_go(season, known)
            assert on_the_wall() == ["A knife for the estate"]

    def test_a_report_has_a_person_and_a_day_and_the_card_stays_meanwhile(self, season: Season) -> None:
        ref = pin(season)
        with pytest.raises(Refused, match="few words"):
            care.report(ref, "", season.who("Bo"), once_key="r0")
        care.report(ref, "This is unkind to bus drivers", season.who("Bo"), once_key="r1")
        care.report(ref, "This is unkind to bus drivers", season.who("Bo"), once_key="r2")
        care.report(ref, "I say so too", Nobody(), once_key="r3")
        looks = care.waiting(None)
        assert [each.kind for each in looks] == ["reported", "reported"] and on_the_wall() == [BENCH]
        assert all(each.keeper is not None for each in looks)
        care.hold_back(ref, "We look at it together", season.who("Gus"))
        assert on_the_wall() == [] and the(ref).status == "held"
        care.settle(looks[0].id, "stands", "It is kind enough.", season.who("Cora"), shown=1)
        assert on_the_wall() == [BENCH] and care.waiting(None) == []
        assert [each.outcome for each, _who in care.log(None)] == ["stands"] * 4  # the first look at a new card too
        assert [each.to_name for each in mail() if "Thank you for telling us" in each.subject] == ["Bo"]

    def test_taken_down_with_a_reason(self, season: Season) -> None:
        ref = pin(season)
        care.report(ref, "Not a bench at all", season.who("Bo"), once_key="r1")
        look = care.waiting(None)[0].id
        with pytest.raises(Refused, match="Write why"):
            care.settle(look, "taken_down", "", season.who("Gus"), shown=1)
        with pytest.raises(Refused, match="stands or comes down"):
            care.settle(look, "", "", season.who("Gus"), shown=1)
        with pytest.raises(NotYours):
            care.settle(look, "stands", "", season.who("Bo"), shown=1)
        care.settle(look, "taken_down", "It names somebody.", season.who("Gus"), shown=1)
        care.settle(look, "taken_down", "It names somebody.", season.who("Gus"), shown=1)
        assert the(ref).status == "hidden" and "off the wall" in [each for each in mail() if each.to_name == "Maya"][-1].subject
        with pytest.raises(Conflict, match="colleague"):
            care.settle(look, "stands", "", season.who("Cora"), shown=1)
        with pytest.raises(Conflict):
            cards.renew(ref, season.who("Maya"))

    def test_nobody_judges_their_own(self, season: Season) -> None:
        ref = pin(season, "Gus")
        care.report(ref, "Hm", season.who("Bo"), once_key="r")
        look = care.waiting(None)[0]
        assert look.keeper_id != season.who("Gus").id
        with pytest.raises(Refused, match="your own"):
            care.settle(look.id, "stands", "", season.who("Gus"), shown=1)

    def test_what_is_judged_is_what_was_on_the_page(self, season: Season) -> None:
        ref = pin(season, known=False)
        look = care.waiting(None)[0].id
        cards.edit(ref, cards.Draft("A bench and a bin", area()), season.who("Maya"), shown=1)
        with pytest.raises(Conflict, match="changed meanwhile"):
            care.settle(look, "stands", "", season.who("Gus"), shown=1)
        assert the(ref).status == "held" and len(care.waiting(None)) == 1
        care.settle(look, "stands", "", season.who("Gus"), shown=2)
        assert on_the_wall() == ["A bench and a bin"]

    def test_a_second_look_is_told_as_the_first(self, season: Season) -> None:
        ref = pin(season)
        for _turn in range(2):
            care.hold_back(ref, "We look at it together", season.who("Gus"))
            let_go(season, ref)
        subjects = [each.subject for each in mail() if each.to_name == "Maya"]
        assert subjects == [f"“{BENCH}” is on the wall"] + [f"We look at “{BENCH}” first", f"“{BENCH}” is on the wall"] * 2

    def test_one_that_has_joined_another_comes_down_however_long_ago_and_takes_its_neighbours_along(self, season: Season) -> None:
        third, one, other = (
            pin(season, "Idris", "Benches where a bus stops"),
            pin(season, "Bo", "Some benches by the bus stop"),
            pin(season),
        )
        without(one, "Hattie", 60)
        without(other, "Ada", 120)
        joined(season, third, one)
        join = joined(season, one, other)
        assert (the(other).people, the(other).minutes) == (2, 180)
        with clock.held_at(clock.now() + timedelta(days=20)):
            care.report(one, "It names somebody", season.who("Idris"), once_key="r")
            care.settle(care.waiting(None)[0].id, "taken_down", "It names somebody.", season.who("Gus"), shown=1)
            assert (the(one).status, the(one).into_id, who_is_in(other), the(other).people) == ("hidden", None, [("Ada", 120)], 1)
            assert on_the_wall() == [BENCH, "Benches where a bus stops"] and join.status == "undone"
            told = [(each.to_name, each.subject) for each in mail() if "off the wall" in each.subject or "by itself" in each.subject]
            assert told == [
                ("Idris", "“Benches where a bus stops” is on the wall by itself again"),
                ("Bo", "We took “Some benches by the bus stop” off the wall"),
            ]

    def test_whoever_is_a_party_is_never_asked_to_look(self, season: Season) -> None:
        ref, keepers = pin(season, "Gus"), set()
        care.report(ref, "Hm", season.who("Cora"), once_key="r")
        for turn in range(4):
            keepers.add(care.waiting(None)[0].keeper_id)
            with clock.held_at(clock.now() + timedelta(days=9 * (turn + 1))):
                assert care.remind_late() == 1
        assert keepers == {season.who("Olga").id, season.who("Otto").id}

    def test_a_look_that_is_late_goes_to_somebody_else(self, season: Season) -> None:
        pin(season, known=False)
        first = care.waiting(None)[0].keeper_id
        with clock.held_at(clock.now() + timedelta(days=9)):
            assert (care.remind_late(), care.remind_late()) == (1, 0)
            assert care.waiting(None)[0].keeper_id != first and care.waiting(None)[0].due_on > clock.today()


class TestTheWall:
    def rows(self, *ideas: str, **more: Any) -> list[Row]:
        return [wall.note(line, idea, **more) for line, idea in enumerate(ideas, 1)]

    def test_all_at_once_with_their_numbers(self, season: Season) -> None:
        rows = [
            wall.note(1, BENCH, "", "Elsie", "elsie@example.org"), wall.note(2), wall.note(3, "A choir for the estate", "", "", "", "Chadwell"),
            wall.note(4, "A swap of seeds in spring", "", "Maya", "maya@example.org"),
        ]  # fmt: skip
        ref = wall.pin_wall(rows, area(), season.who("Gus"), once_key="w")
        assert wall.pin_wall(rows, area(), season.who("Gus"), once_key="w") == ref
        found = queries.of_wall(ref)
        assert [(each.number, queries.whose(each), each.area.name) for each in found] == [
            (1, "Elsie", "Mossgate"),
            (2, "A neighbour", "Chadwell"),
            (3, "Maya", "Mossgate"),
        ]
        assert len(on_the_wall()) == 3

    def test_one_bad_row_is_told_at_its_place_and_nothing_is_half_saved(self, season: Season) -> None:
        rows = [
            wall.note(1, BENCH), wall.note(2, "Choir"), wall.note(3, "A swap of seeds", "", "Al", "0770"), wall.note(4, "A walk by the river", "", "", "", "Nowhere"),
            wall.note(5, "A talk with tea and cake", "", "", "a@example.org"),
        ]  # fmt: skip
        with pytest.raises(Faulty) as told:
            wall.pin_wall(rows, area(), season.who("Gus"), once_key="w")
        assert [(each.line, each.column) for each in told.value.faults] == [(2, "idea"), (3, "contact"), (4, "area"), (5, "name")]
        assert on_the_wall() == [] and list(mail()) == []
        assert wall.pin_wall(rows[:1], area(), season.who("Gus"), once_key="w2")

    def test_notes_that_say_the_same_are_pointed_out(self, season: Season) -> None:
        there = pin(season, "Maya", "Plant apple trees on the green")
        rows = self.rows("Plant apple trees on the green!", "A bench by the bus stop", "a BENCH by the bus stops")
        with pytest.raises(Faulty) as told:
            wall.pin_wall(rows, area(), season.who("Gus"), once_key="w")
        first, second = told.value.faults
        assert first.line == 1 and first.twice is not None and first.twice[0] == f"/ideas/{there}"
        assert second.line == 3 and "row 2" in second.sentence
        from dataclasses import replace

        again = [replace(each, again=each.line in (1, 3)) for each in rows]
        wall.pin_wall(again, area(), season.who("Gus"), once_key="w2")
        assert len(on_the_wall()) == 4

    def test_who_may(self, season: Season) -> None:
        with pytest.raises(Refused, match="at least one"):
            wall.pin_wall([wall.note(1)], area(), season.who("Gus"), once_key="w")
        with pytest.raises(Refused, match="at most"):
            wall.pin_wall(self.rows(*(f"Idea number {n} of many" for n in range(61))), area(), season.who("Gus"), once_key="w")
        with pytest.raises(NotYours):
            wall.pin_wall(self.rows(BENCH), area(), season.who("Maya"), once_key="w")


class TestFinding:
    def test_by_words_with_a_slip_and_by_leafing(self, season: Season) -> None:
        for title in ("Plant apple trees on the green", "A bench by the bus stop", "A choir for the estate"):
            pin(season, title=title)
        assert on_the_wall("aple") == ["Plant apple trees on the green"]
        assert on_the_wall("!!") == []
        first = queries.search("", queries.Filters(), limit=2)
        assert first.more and [each.title for each in queries.search("", queries.Filters(), before=first.rows[-1].id, limit=2).rows] == [
            "Plant apple trees on the green"
        ]

    def test_what_is_alike_says_why(self, season: Season) -> None:
        one = pin(season, title="Plant apple trees on the green")
        pin(season, title="Fruit trees for the green by the church", code="chadwell")
        pin(season, title="A choir for the estate")
        found = queries.alike_to(the(one).title, "", area(), but=[the(one).id])
        assert [(each.idea.title, each.shared, each.near) for each in found] == [
            ("Fruit trees for the green by the church", ["tree", "green"], False)
        ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE idea SET status = 'odd'", "status"),
        ("UPDATE idea SET status = 'joined', words = ''", "joined"),
        ("UPDATE idea SET status = 'taken', words = ''", "taken"),
        ("UPDATE idea SET into_id = id, status = 'joined', words = ''", "not_into_itself"),
        ("UPDATE idea SET owner_name = 'Bo'", "owner"),
        ("UPDATE idea SET status = 'expired'", "found_while_open"),
        ("UPDATE idea SET number = 7", "stays"),
        ("DELETE FROM idea", "never deleted|refuse|append"),
        ("UPDATE idea_pledge SET minutes = 10", "minutes"),
        ("UPDATE idea_pledge SET minutes = 975", "minutes"),
        ("UPDATE idea_pledge SET idea_id = 99", "stays"),
        ("DELETE FROM idea_pledge", "never deleted|refuse|append"),
        ("INSERT INTO idea_pledge (ref, idea_id, name, channel, contact, person_id, minutes, status, link_number, said_at, changed_at) SELECT 'X', idea_id, 'B', 'none', '', person_id, 60, 'in', 1, said_at, changed_at FROM idea_pledge WHERE person_id IS NOT NULL", "person"),
        ("UPDATE idea_look SET outcome = 'stands'", "settled"),
    ],
)  # fmt: skip
def test_what_the_database_refuses(season: Season, change: str, says: str) -> None:
    ref = pin(season)
    pledges.say_in(ref, 60, season.who("Bo"))
    care.report(ref, "Hm", season.who("Bo"), once_key="r")
    with pytest.raises(DatabaseError, match=says), transaction():
        db.session.execute(text(change))


class TestLeaving:
    def test_everything_comes_along_and_goes(self, season: Season, store: Store) -> None:
        mine = pin(season, "Maya", picture=png(), data_dir=store.home)
        other = pin(season, "Bo", "Some benches by the bus stop")
        joined(season, other, mine)
        without(mine, "Ada", contact=("email", "ruth@example.org"))
        pledges.say_in(mine, 60, season.who("Idris"))
        care.report(mine, "Hm", season.who("Idris"), once_key="r")
        told = all_about(season.who("Idris").id)
        assert told["ideas you are in"][0]["minutes"] == 60 and told["cards that you reported"][0]["your words"] == "Hm"
        assert all_about(season.who("Maya").id)["idea cards"][0]["sentence"] == BENCH
        files = delete_me(season.who("Maya").id, season.actor("Maya"))
        assert len(files) == 1
        gone = the(mine)
        assert (gone.status, gone.owner_id, gone.text, gone.photo_ref) == ("withdrawn", None, "", None) and "bench" not in gone.title
        assert on_the_wall() == ["Some benches by the bus stop"]  # Bo's is by itself again
        assert "ruth@example.org" in {each.address for each in mail() if "taken back" in each.subject}
        delete_me(season.who("Idris").id, season.actor("Idris"))
        assert [name for name, _minutes in who_is_in(mine)] == ["Ada"]

    def test_a_neighbour_with_a_link_who_joins_later_takes_it_along(self, season: Season) -> None:
        ref = pin(season)
        without(ref, "Ada", contact=("email", "new@example.org"))
        with transaction():
            someone = create_person("Ada Bell", email="new@example.org")
        assert last_pledge().person_id == someone.id
        delete_me(someone.id, season.actor("Maya"))
        assert last_pledge().status == "out" and last_pledge().contact == "" and who_is_in(ref) == []
