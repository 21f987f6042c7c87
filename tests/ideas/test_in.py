""" "I'm in" and joining: with and without an account, by link, once over all cards that are one idea; asked, agreed, undone."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.ideas import cards, counting, joining, pledges, queries, taking_off
from portal.people.access import Nobody
from portal.people.actions import create_person
from portal.people.queries import person_by_ref
from tests.grants.season import Season
from tests.ideas.fair import BENCH, fair, joined, last_pledge, mail, pin, sent, the, who_is_in, without

HATTIE = ("email", "hattie@example.org")


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield fair()
    assert list(counting.broken_caches()) == []


@pytest.fixture
def bench(season: Season) -> str:
    return pin(season)


class TestIn:
    def test_with_an_account_by_one_tap_changed_and_out(self, season: Season, bench: str) -> None:
        pledges.say_in(bench, 120, season.who("Bo"))
        pledges.say_in(bench, 180, season.who("Bo"))
        assert who_is_in(bench) == [("Bo", 180)] and (the(bench).people, the(bench).minutes) == (1, 180)
        assert last_pledge().proved_at is not None
        pledges.say_out(bench, season.who("Bo"))
        pledges.say_out(bench, season.who("Bo"))
        assert who_is_in(bench) == [] and the(bench).people == 0
        pledges.say_in(bench, 60, season.who("Bo"))
        assert who_is_in(bench) == [("Bo", 60)]

    @pytest.mark.parametrize(("minutes", "says"), [(0, "quarters"), (50, "quarters"), (-60, "quarters"), (975, "16 hours")])
    def test_hours_that_cannot_be(self, season: Season, bench: str, minutes: int, says: str) -> None:
        with pytest.raises(Refused, match=says):
            pledges.say_in(bench, minutes, season.who("Bo"))
        with pytest.raises(Refused, match=says):
            pledges.say_in_without(bench, "Ada", minutes, None, once_key="x")

    def test_nobody_is_in_on_their_own(self, season: Season, bench: str) -> None:
        with pytest.raises(Refused, match="your own"):
            pledges.say_in(bench, 60, season.who("Maya"))
        assert pledges.say_in_without(bench, "Maya", 60, ("email", "maya@example.org"), once_key="x") == ""
        assert who_is_in(bench) == []

    def test_without_an_account_by_the_link_of_the_page(self, season: Season, bench: str) -> None:
        ref = pledges.say_in_without(bench, "Ada Bell", 120, None, once_key="tap")
        assert pledges.say_in_without(bench, "Ada Bell", 120, None, once_key="tap") == ref
        assert who_is_in(bench) == [("Ada", 120)]  # never more than a first name
        token = counting.token_of(counting.by_ref(ref))
        pledges.change(token, 240)
        pledges.prove(token)
        assert who_is_in(bench) == [("Ada", 240)] and last_pledge().proved_at is None  # the page proves nothing
        pledges.take_back(token)
        pledges.take_back(token)
        assert who_is_in(bench) == []
        pledges.change(token, 60)
        assert who_is_in(bench) == [("Ada", 60)]
        for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), ref, "INN-2222-2222-aaaaaaaaaaaa", ""):
            with pytest.raises(NotFound):
                pledges.change(wrong, 60)
        for name, says in (("", "first name"), ("07700900123", "telephone")):
            with pytest.raises(Refused, match=says):
                pledges.say_in_without(bench, name, 60, None, once_key="y")

    def test_an_address_gets_the_link_and_is_proved_by_it_and_tells_nobody_who_is_in(self, season: Season, bench: str) -> None:
        assert pledges.say_in_without(bench, "Hattie", 120, HATTIE, once_key="a") == ""
        pledge = last_pledge()
        assert counting.link_of(pledge) in mail()[-1].body and mail()[-1].address == HATTIE[1]
        for turn in range(4):  # somebody else tries the address: the same answer, the same pledge, and no heap of messages
            assert pledges.say_in_without(bench, "Eve", 960, HATTIE, once_key=f"b{turn}") == ""
        assert who_is_in(bench) == [("Hattie", 120)]
        assert len([each for each in mail() if each.subject.startswith("You are in")]) == pledges.MOST_LINKS
        pledges.prove(sent(pledge))
        assert last_pledge().proved_at is not None
        pledges.change(sent(pledge), 180)
        assert last_pledge().proved_at is not None and who_is_in(bench) == [("Hattie", 180)]
        pledges.change(counting.token_of(pledge), 240)
        assert last_pledge().proved_at is None

    def test_an_address_of_an_account_is_that_person_once(self, season: Season, bench: str) -> None:
        without(bench, "Bo", 120, ("email", "bo@example.org"))
        assert last_pledge().person_id == season.who("Bo").id and last_pledge().proved_at is None
        pledges.say_in(bench, 60, season.who("Bo"))
        assert who_is_in(bench) == [("Bo", 60)] and last_pledge().proved_at is not None

    def test_who_types_the_address_of_an_account_says_nothing_for_them(self, season: Season, bench: str) -> None:
        pledge = without(bench, "Rude", 960, ("email", "bo@example.org"))
        assert who_is_in(bench) == [] and the(bench).people == 0 and counting.waits(pledge)
        assert mail()[-1].subject == f"Are you in? {BENCH}" and counting.of_person(season.who("Bo").id) == []
        pledges.prove(counting.token_of(pledge))  # not the link that went to the address
        assert who_is_in(bench) == []
        pledges.prove(sent(pledge))
        pledges.prove(sent(pledge))
        assert who_is_in(bench) == [("Bo", 960)] and last_pledge().proved_at is not None

    def test_no_it_was_not_me_is_no_and_a_name_is_ones_own(self, season: Season, bench: str) -> None:
        pledge = without(bench, "Rude", 60, ("email", "bo@example.org"))
        pledges.take_back(sent(pledge))
        pledges.prove(sent(pledge))
        assert who_is_in(bench) == [] and not counting.waits(last_pledge())
        pledges.say_in(bench, 60, season.who("Bo"))
        assert who_is_in(bench) == [("Bo", 60)]
        pledges.write_down(bench, "Rude", 60, ("email", "idris@example.org"), season.who("Gus"), basis="in person", once_key="w")
        assert who_is_in(bench) == [("Bo", 60), ("Idris", 60)]
        without(bench, "Rude", 60, ("email", "ada.new@example.org"))
        with transaction():
            create_person("Ada Bell", email="ada.new@example.org")
        assert who_is_in(bench)[-1] == ("Ada", 60)

    def test_a_late_yes_to_what_waits_is_refused(self, season: Season, bench: str) -> None:
        pledge = without(bench, "Bo", 60, ("email", "bo@example.org"))
        cards.end(bench, "withdrawn", season.who("Maya"))
        with pytest.raises(Refused, match="not on the wall"):
            pledges.prove(sent(pledge))

    @pytest.mark.parametrize("name", ["Idiot", "W\u200banker", "<b>", "Nazi", "!!!", "Nonce", "\u202e\u200f"])
    def test_what_is_no_name(self, season: Season, bench: str, name: str) -> None:
        with pytest.raises(Refused, match="first name"):
            pledges.say_in_without(bench, name, 60, None, once_key="n")
        with pytest.raises(Refused, match="first name"):
            pin(season, None, "A choir for the estate", name=name)

    def test_one_is_taken_off_for_good_and_told(self, season: Season, bench: str) -> None:
        hattie, rude = without(bench, "Hattie", 60, HATTIE), without(bench, "Rude", 960)
        assert [each.unreached for each in counting.neighbours_of(the(bench))] == [False, True]
        pledges.say_in(bench, 60, season.who("Bo"))
        bo = last_pledge()
        with pytest.raises(NotYours):
            taking_off.take_off(bench, rude.ref, "No", season.who("Bo"))
        with pytest.raises(Refused, match="Write why"):
            taking_off.take_off(bench, rude.ref, "", season.who("Maya"))
        with pytest.raises(NotFound):
            taking_off.take_off(pin(season, "Idris", "A choir for all of us"), rude.ref, "No", season.who("Idris"))
        for ref, by in ((rude.ref, "Maya"), (rude.ref, "Maya"), (hattie.ref, "Gus"), (bo.ref, "Maya")):
            taking_off.take_off(bench, ref, "That is no name.", season.who(by))
        assert who_is_in(bench) == [] and the(bench).minutes == 0
        assert [each.to_name for each in mail() if each.subject.startswith("You are not in")] == ["Hattie", "Bo"]
        before = len(mail())
        assert pledges.say_in_without(bench, "Hattie", 60, HATTIE, once_key="h") == ""
        assert who_is_in(bench) == [] and len(mail()) == before
        with pytest.raises(NotFound):
            pledges.change(sent(hattie), 60)
        with pytest.raises(Refused, match="taken off"):
            pledges.say_in(bench, 60, season.who("Bo"))
        with pytest.raises(Refused, match="taken off"):
            pledges.write_down(bench, "Hattie", 60, HATTIE, season.who("Gus"), basis="in person", once_key="w")

    def test_the_back_button_asks_whether_it_is_the_same_neighbour(self, season: Season, bench: str) -> None:
        pledges.say_in(bench, 60, season.who("Bo"))
        assert pledges.say_in_without(bench, "Bo", 60, None, once_key="a")  # he has an account, so this is another one
        for name in ("Bo", "bo Webb"):
            with pytest.raises(Refused, match=r"^Bo is in already\. Is that you"):
                pledges.say_in_without(bench, name, 120, None, once_key="b")
        assert the(bench).people == 2
        assert pledges.say_in_without(bench, "Bo", 120, None, once_key="b", another=True)
        assert the(bench).people == 3

    def test_typed_from_paper(self, season: Season, bench: str) -> None:
        def typed(basis: str | None, contact: tuple[str, str] | None = None, by: str = "Gus") -> None:
            pledges.write_down(bench, "Walter", 60, contact, season.who(by), basis=basis, once_key=uuid.uuid4().hex)

        typed("paper sheet")
        assert who_is_in(bench) == [("Walter", 60)]
        with pytest.raises(Refused, match="how you know"):
            typed(None)
        with pytest.raises(NotYours):
            typed("in person", by="Bo")
        typed("in person", HATTIE)
        with pytest.raises(Refused, match="already"):
            typed("in person", HATTIE)
        with pytest.raises(Refused, match="their own"):
            typed("in person", ("email", "maya@example.org"))

    def test_a_link_after_the_idea_has_ended(self, season: Season, bench: str) -> None:
        pledge = without(bench)
        token = counting.token_of(pledge)
        cards.end(bench, "withdrawn", season.who("Maya"))
        with pytest.raises(Refused, match="not on the wall"):
            pledges.change(token, 60)
        with pytest.raises(Refused, match="not on the wall"):
            pledges.say_in(bench, 60, season.who("Bo"))
        pledges.take_back(token)  # that is always possible
        assert last_pledge().status == "out"
        with clock.held_at(clock.now() + timedelta(days=200)):
            other = pin(season, title="A choir for the estate")
            with clock.held_at(clock.now() + timedelta(days=200)), pytest.raises(Refused, match="not on the wall"):
                pledges.say_in(other, 60, season.who("Bo"))


class TestJoining:
    def two(self, season: Season) -> tuple[str, str]:
        return pin(season, "Bo", "Some benches by the bus stop"), pin(season)

    def test_both_owners_say_yes_and_each_neighbour_counts_once(self, season: Season) -> None:
        one, other = self.two(season)
        without(one, "Hattie", 60, HATTIE)
        without(other, "Hattie", 180, HATTIE)
        without(one, "Ada", 120)
        pledges.say_in(one, 240, season.who("Maya"))  # whose idea the other one is: she counts anyway
        pledges.say_in(one, 240, season.who("Idris"))
        join = joining.ask(one, other, season.who("Bo"))
        assert join.status == "asked" and [each.ref for each in joining.waiting_for(season.who("Maya").id)] == [join.ref]
        with pytest.raises(NotYours):
            joining.answer(join.ref, True, season.who("Idris"))
        assert joining.answer(join.ref, True, season.who("Maya")).status == "joined"
        assert joining.answer(join.ref, True, season.who("Maya")).status == "joined"
        assert sorted(who_is_in(other)) == [("Ada", 120), ("Hattie", 180), ("Idris", 240)]
        assert (the(other).people, the(other).minutes) == (3, 540)
        assert queries.root_of(the(one)).ref == other and queries.readable(one, Nobody()).status == "joined"
        told = [(each.to_name, each.subject) for each in mail() if each.subject.startswith("Two ideas are one")]
        assert {name for name, _subject in told} == {"Bo", "Maya", "Hattie", "Idris"}
        with pytest.raises(Conflict, match="joined another"):
            pledges.say_in(one, 60, season.who("Ada"))
        # out is out, whichever card it was said on; and a new number is the number
        hattie = next(each for each in counting.neighbours_of(the(other)) if each.pledge.name == "Hattie")
        pledges.change(counting.token_of(hattie.all[0]), 60)
        assert ("Hattie", 60) in who_is_in(other)
        pledges.take_back(counting.token_of(hattie.all[0]))
        pledges.say_out(other, season.who("Idris"))
        assert who_is_in(other) == [("Ada", 120)]

    def test_an_idea_joined_twice_is_refused_and_so_is_a_ring(self, season: Season) -> None:
        one, other = self.two(season)
        third = pin(season, "Idris", "Benches wherever a bus stops")
        joined(season, one, other)
        with pytest.raises(Conflict, match="already"):
            joined(season, one, third)
        with pytest.raises(Conflict, match="itself"):
            joined(season, third, one)
        with pytest.raises(Refused, match="same card"):
            joined(season, other, other)
        joined(season, other, third)
        assert queries.root_of(the(one)).ref == third
        with pytest.raises(Conflict):
            joined(season, third, one)

    def test_no_and_taking_the_question_back(self, season: Season) -> None:
        one, other = self.two(season)
        join = joining.ask(one, other, season.who("Bo"))
        assert joining.ask(one, other, season.who("Bo")).ref == join.ref
        assert joining.answer(join.ref, False, season.who("Maya")).status == "declined"
        assert mail()[-1].to_name == "Bo" and mail()[-1].subject == "They stay two ideas"
        with pytest.raises(Conflict, match="answered meanwhile"):
            joining.answer(join.ref, True, season.who("Maya"))
        again = joining.ask(other, one, season.who("Maya"))
        with clock.held_at(clock.now() + timedelta(days=31)):
            assert (joining.lapse(), joining.lapse()) == (1, 0)
            with pytest.raises(Conflict):
                joining.answer(again.ref, True, season.who("Bo"))

    def test_a_connector_speaks_on_a_basis_and_for_nobodys_card_without(self, season: Season) -> None:
        one, other = self.two(season)
        with pytest.raises(Refused, match="they agree"):
            joining.ask(one, other, season.who("Gus"))
        with pytest.raises(NotYours):
            joining.ask(one, other, season.who("Idris"))
        half = joining.ask(one, other, season.who("Gus"), basis="telephone", said=("idea",))
        assert half.status == "asked" and half.into_yes_at is None
        assert [each.ref for each in joining.at_desk(None)] == []  # Maya has an account: she is asked herself
        paper = pin(season, None, "A bench where the bus stops", name="Elsie")
        waits = joining.ask(other, paper, season.who("Maya"))
        assert [each.ref for each in joining.at_desk(None)] == [waits.ref]
        nobodys = pin(season, None, "Benches and more benches")
        assert joining.ask(nobodys, paper, season.who("Gus"), basis="in person").status == "joined"
        assert (
            joining.ask(
                pin(season, None, "A bench again and again"), pin(season, None, "Another bench is needed here"), season.who("Cora")
            ).status
            == "joined"
        )

    def test_undone_by_a_connector_within_two_weeks(self, season: Season) -> None:
        one, other = self.two(season)
        without(one, "Hattie", 60, HATTIE)
        without(other, "Hattie", 180, HATTIE)
        join = joined(season, one, other)
        with pytest.raises(NotYours):
            joining.undo(join.ref, "No", season.who("Maya"))
        with pytest.raises(Refused, match="Write why"):
            joining.undo(join.ref, "", season.who("Gus"))
        joining.undo(join.ref, "They want two benches.", season.who("Gus"))
        joining.undo(join.ref, "They want two benches.", season.who("Gus"))
        assert (who_is_in(one), who_is_in(other)) == ([("Hattie", 60)], [("Hattie", 180)])
        assert (the(one).status, the(one).people) == ("open", 1)
        again = joined(season, one, other)
        with clock.held_at(clock.now() + timedelta(days=15)), pytest.raises(Refused, match="Two weeks"):
            joining.undo(again.ref, "Too late", season.who("Gus"))

    def test_a_second_time_is_told_as_the_first(self, season: Season) -> None:
        one, other = self.two(season)
        without(one, "Hattie", 60, HATTIE)
        for _turn in range(2):
            joining.undo(joined(season, one, other).ref, "They want two benches.", season.who("Gus"))
        cards.end(one, "withdrawn", season.who("Bo"))
        with clock.held_at(clock.now() + timedelta(days=3)):
            cards.renew(one, season.who("Bo"))
            cards.end(one, "withdrawn", season.who("Bo"))
        told = Counter((each.to_name, each.subject.rpartition("”")[2]) for each in mail())
        for name in ("Bo", "Maya"):
            assert (told[name, f"Two ideas are one now: {BENCH}"], told[name, " is on the wall by itself again"]) == (2, 2)
        assert (told["Hattie", f"Two ideas are one now: {BENCH}"], told["Hattie", " was taken back"]) == (2, 2)

    def test_nothing_joins_what_has_left_the_wall(self, season: Season) -> None:
        one, other = self.two(season)
        cards.end(other, "withdrawn", season.who("Maya"))
        with pytest.raises(Conflict, match="not on the wall"):
            joined(season, one, other)

    def test_a_new_address_does_not_count_somebody_twice(self, season: Season) -> None:
        one, other = self.two(season)
        without(one, "Ada", 60, ("email", "ada.new@example.org"))
        without(other, "Ada", 120, ("email", "ada.new@example.org"))
        joined(season, one, other)
        with transaction():
            ada = create_person("Ada Bell", email="ada.new@example.org")
        assert person_by_ref(ada.ref).id == last_pledge().person_id
        assert who_is_in(other) == [("Ada", 120)] and the(other).people == 1
        assert the(other).title == BENCH
