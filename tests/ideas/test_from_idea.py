"""From a card to an application: words, photo and neighbours come along, the rules of the round hold, one at a time, and the story is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.db import one_at_a_time, transaction
from portal.errors import Conflict, NotYours, Refused
from portal.exports import register
from portal.grants import apply, award, decide, from_idea, idea_drafts, match, queries, rounds
from portal.grants.model import Pledge
from portal.grants.rules import RoundRules
from portal.history import events_of
from portal.ideas import cards, care, counting, joining, pledges
from portal.ideas import queries as ideas
from portal.money import Minutes, Pence
from portal.people import keeping as retention
from portal.people import queries as people
from portal.people.actions import create_person, delete_me
from portal.people.model import Person
from tests.conftest import Store
from tests.grants.season import Season
from tests.grants.sparks import png
from tests.ideas.fair import BENCH, fair, joined, last_pledge, mail, pin, sent, the, without

HATTIE = ("email", "hattie@example.org")


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield fair()
    assert list(counting.broken_caches()) == []


def begin(season: Season, ref: str, store: Store, who: str = "Maya", key: str = "begin", **more: object) -> str:
    return from_idea.start(ref, season.round_ref, season.who(who), data_dir=store.home, once_key=key, **more)  # type: ignore[arg-type]


def came(season: Season, bid: str) -> dict[str, Pledge]:
    return {each.name: each for each in queries.pledges_of(season.bid(bid).id)}


def sent_off(season: Season, bid: str) -> None:
    """The other questions, answered and sent."""
    first = clock.today() + timedelta(days=30)
    answers = {
        "who_for": "Everybody", "better": "We meet.", "public_summary": "A bench for all.", "first_day": first, "last_day": first + timedelta(days=30),
        "pay_route": "group", "pay_to": "Mossgate",
    }  # fmt: skip
    application = season.bid(bid)
    version = apply.save(bid, application.version, "when", answers, season.actor("Maya"), lines=[apply.Line("Timber", Pence(100_00))])
    apply.send(bid, version, season.actor("Maya"), sure=True)


def test_whoever_has_a_new_address_holds_the_ideas_before_any_room_knows_them_again(
    season: Season, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As who begins from an idea; in whichever order the rooms came to be asked."""
    told: list[str] = []

    def hold(what: str) -> None:
        one_at_a_time(what)
        told.append(f"{what} held")

    def asked(place: str) -> Callable[[Person], None]:
        return lambda someone: told.append(f"{place} room, of {someone.name}")

    monkeypatch.setattr(ideas, "one_at_a_time", hold)
    monkeypatch.setattr(people, "AT_NEW_ADDRESS", [asked("first"), *people.AT_NEW_ADDRESS, asked("last")])
    with transaction():
        create_person("Ada Bell", email="ada.bell@example.org")
    assert told == ["ideas held", "first room, of Ada Bell", "last room, of Ada Bell"]


class TestBeginning:
    def test_words_photo_and_neighbours_come_along_in_their_honest_state(self, season: Season, store: Store) -> None:
        ref = pin(season, picture=png(), data_dir=store.home, alt="The stop")
        pledges.say_in(ref, 120, season.who("Bo"))
        hattie = without(ref, "Hattie", 180, HATTIE)
        pledges.prove(sent(hattie))
        without(ref, "Walter", 60, ("sms", "+447700900123"))  # has not opened the link
        without(ref, "Ada", 60)  # at the door
        without(ref, "Ada", 90)  # another one of that name
        bid = begin(season, ref, store)
        assert begin(season, ref, store) == bid
        application = season.bid(bid)
        assert (application.title, application.idea, application.person_id) == (
            BENCH,
            "So that old people can rest.",
            season.who("Maya").id,
        )
        photo = queries.photos_of(f"bid:{application.id}")[0]
        assert photo.alt == "The stop" and photo.file != the(ref).photo_file and (store.home / "photos" / photo.file).exists()
        states = {name: (each.status, each.minutes) for name, each in came(season, bid).items()}
        assert states == {
            "Bo": ("confirmed", 120),
            "Hattie": ("confirmed", 180),
            "Walter": ("invited", 60),
            "Ada": ("invited", 60),
            "Ada 2": ("invited", 90),
        }
        told = list(mail(f"bid:{application.id}"))
        assert sorted(each.to_name for each in told) == ["Bo", "Hattie", "Walter"]  # once each, who can be reached
        assert match.link_of(came(season, bid)["Walter"]) in next(each.body for each in told if each.to_name == "Walter")
        assert queries.meter_of(application).neighbours == 2 and match.at_the_door(came(season, bid)["Ada"])
        assert (the(ref).status, the(ref).taken_by) == ("taken", f"bid:{application.id}")
        match.say_yes(match.token_of(came(season, bid)["Walter"]), "hours", came(season, bid)["Walter"].minutes, Minutes(0), 0, "")
        assert came(season, bid)["Walter"].status == "confirmed"

    def test_a_long_sentence_is_the_answer_too(self, season: Season, store: Store) -> None:
        long = "A place where everybody who lives here can sit down together and talk, with tea and with cake"
        application = season.bid(begin(season, pin(season, title=long), store))
        assert application.title.endswith("…") and len(application.title) <= 80 and application.idea.startswith(long)

    def test_who_may_begin(self, season: Season, store: Store) -> None:
        ref = pin(season)
        with pytest.raises(NotYours):
            begin(season, ref, store, "Bo")
        with pytest.raises(Refused, match="how you know"):
            begin(season, ref, store, "Gus")
        bid = begin(season, ref, store, "Gus", basis="telephone")
        assert (season.bid(bid).person_id, season.bid(bid).helper_id) == (season.who("Maya").id, season.who("Gus").id)
        with pytest.raises(Conflict, match="one at a time"):
            begin(season, ref, store, key="second")

    def test_a_card_from_paper_gets_a_person(self, season: Season, store: Store) -> None:
        ref = pin(season, None)
        with pytest.raises(Refused, match="whose idea it is"):
            begin(season, ref, store, "Gus", basis="in person")
        bid = begin(season, ref, store, "Gus", basis="in person", name="Elsie Reyes", contact=("email", "elsie@example.org"))
        assert the(ref).owner_id == season.bid(bid).person_id

    def test_what_has_joined_comes_along_and_the_connectors_own_yes_is_shown_as_left(self, season: Season, store: Store) -> None:
        ref, other = pin(season), pin(season, "Bo", "Some benches by the bus stop")
        without(other, "Hattie", 60, HATTIE)
        pledges.say_in(ref, 60, season.who("Gus"))
        join = joined(season, other, ref)
        with pytest.raises(Conflict, match="Begin from that"):
            begin(season, other, store, "Bo")
        bid = begin(season, ref, store, "Gus", basis="telephone")
        assert list(came(season, bid)) == ["Hattie"]
        assert from_idea.left_behind(season.bid(bid).id) == ["Gus"]  # who helps to ask is no neighbour; not cut in silence
        with pytest.raises(Refused, match="together"):
            joining.undo(join.ref, "Too late", season.who("Cora"))
        care.report(other, "Hm", season.who("Idris"), once_key="r")
        with pytest.raises(Refused, match="An officer looks"):
            care.settle(care.waiting(None)[0].id, "taken_down", "It names somebody.", season.who("Cora"), shown=1)

    def test_the_look_before_shows_what_the_rules_do_not_count(self, season: Season, store: Store) -> None:
        ref = pin(season)
        pledges.say_in(ref, 960, season.who("Bo"))
        without(ref, "Ada", 60)
        look = from_idea.look(the(ref), RoundRules())
        assert [(each.name, each.said, each.reached) for each in look.coming] == [("Bo", True, True), ("Ada", False, False)]
        assert look.too_much == ["Bo"] and look.meter.capped and look.meter.neighbours == 1
        bid = begin(season, ref, store)
        assert came(season, bid)["Bo"].minutes == 960  # all of it is there

    def test_a_closed_round_takes_nothing_and_the_card_stays(self, season: Season, store: Store) -> None:
        ref = pin(season)
        rounds.close_round(season.round_ref, season.actor("Olga"))
        with pytest.raises(Refused, match="no ideas just now"):
            begin(season, ref, store)
        assert the(ref).status == "open"


class TestAfterwards:
    def test_withdrawn_the_card_is_on_the_wall_again_and_may_begin_anew(self, season: Season, store: Store) -> None:
        ref = pin(season)
        pledge = without(ref, "Hattie", 60, HATTIE)
        bid = begin(season, ref, store)
        with pytest.raises(Refused, match="under way"):
            pledges.take_back(sent(pledge))
        with pytest.raises(Refused, match="under way"):
            pledges.change(sent(pledge), 120)
        assert match.link_of(came(season, bid)["Hattie"]) == from_idea.next_link(pledge.id)
        apply.withdraw(bid, "Not now", season.actor("Maya"))
        from_idea.open_again(bid)
        from_idea.open_again(bid)
        assert from_idea.follow() == 0 and the(ref).status == "open" and from_idea.next_link(pledge.id) == ""
        told = [each.subject for each in mail() if each.to_name == "Hattie"]
        assert told[1:] == [f"“{BENCH}” goes on: are you still in?", f"“{BENCH}” is on the wall again"]
        second = begin(season, ref, store, key="second")
        assert second != bid and list(came(season, second)) == ["Hattie"]
        assert [each.subject for each in mail() if each.to_name == "Hattie"][3:] == [f"“{BENCH}” starts anew: are you still in?"]
        assert ideas.became([the(ref).id]) == {the(ref).id: []}  # what was never sent is nobody else's matter

    def test_who_has_said_yes_is_not_told_twice_that_it_begins(self, season: Season, store: Store) -> None:
        ref = pin(season)
        pledges.say_in(ref, 60, season.who("Bo"))
        apply.withdraw(bid := begin(season, ref, store), "", season.actor("Maya"))
        from_idea.open_again(bid)
        second = begin(season, ref, store, key="second")
        assert came(season, second)["Bo"].status == "confirmed"
        assert [each.subject for each in mail() if each.to_name == "Bo"] == [
            f"“{BENCH}” goes on: are you still in?", f"“{BENCH}” is on the wall again",
        ]  # fmt: skip
        assert ideas.next_link([last_pledge().id]).endswith(match.token_of(came(season, second)["Bo"]))

    def test_a_sent_one_that_is_taken_back_is_told(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        sent_off(season, bid)
        apply.withdraw(bid, "", season.actor("Maya"))
        assert [each.sentence for each in ideas.became([the(ref).id])[the(ref).id]] == [
            "An application for a small grant was sent.", "The application was taken back.",
        ]  # fmt: skip

    def test_a_forgotten_draft_lets_the_card_go_back_after_a_reminder(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        now = clock.now()
        with clock.held_at(now + timedelta(days=54)):
            assert (idea_drafts.remind(), idea_drafts.remind(), idea_drafts.let_go()) == (1, 0, 0)
            assert (mail()[-1].to_name, mail()[-1].subject) == ("Maya", f"Will you go on with “{BENCH}”?")
        with clock.held_at(now + timedelta(days=58)):  # she writes: it counts anew
            apply.save(bid, season.bid(bid).version, "who", {"who_for": "Everybody"}, season.actor("Maya"))
        with clock.held_at(now + timedelta(days=62)):
            assert (idea_drafts.remind(), idea_drafts.let_go(), the(ref).status) == (0, 0, "taken")
        with clock.held_at(now + timedelta(days=130)):  # nobody is surprised, however late the worker is
            assert (idea_drafts.let_go(), idea_drafts.remind(), idea_drafts.let_go()) == (0, 1, 0)
        with clock.held_at(now + timedelta(days=138)):
            assert (idea_drafts.let_go(), idea_drafts.let_go()) == (1, 0)
            assert (the(ref).status, season.bid(bid).status) == ("open", "withdrawn")
            assert retention.forget_due(lambda _file: None).get("drafts", 0) == 0 and season.bid(bid).who_for == "Everybody", (
                "kept for a while"
            )
        with clock.held_at(now + timedelta(days=58 + 366)):
            dropped: list[str] = []
            assert [retention.forget_due(dropped.append).get("drafts", 0) for _turn in range(2)] == [1, 0]
            gone = season.bid(bid)
            assert (gone.title, gone.idea, gone.who_for) == ("", "", "")
            assert {each.name for each in queries.pledges_of(gone.id)} <= {"Former member"}
            assert events_of(f"bid:{gone.id}")[-1].kind == "forgotten"

    def test_the_worker_brings_it_back_where_the_page_did_not(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        apply.withdraw(bid, "Not now", season.actor("Maya"))
        assert (from_idea.follow(), from_idea.follow()) == (1, 0) and the(ref).status == "open"

    def test_the_decision_is_told_when_it_is_public_and_the_register_says_where_it_began(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        sent_off(season, bid)
        season.decided(bid)

        def told() -> list[str]:
            return [each.sentence for each in ideas.became([the(ref).id])[the(ref).id]]

        assert told()[-1] == "An application for a small grant was sent."  # decided in private
        decide.write_letter(bid, "It brings neighbours together.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
        assert told()[-1] == "The panel said yes."
        entry = register.entry(bid)
        assert entry.origin is not None and entry.origin.words.startswith("It began as a card on the wall in Mossgate")
        assert entry.origin.href == f"/ideas/{ref}" and register.as_data(entry)["origin"] == entry.origin.words
        assert from_idea.follow() == 0 and the(ref).status == "taken"

    def test_a_no_brings_the_card_back(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        sent_off(season, bid)
        season.decided(bid, "no")
        decide.write_letter(bid, "Not this time, and here is why.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
        assert from_idea.follow() == 1 and the(ref).status == "open"

    def test_an_offer_that_lapsed_brings_it_back(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        sent_off(season, bid)
        until = season.offered(bid).accept_by
        with clock.held_at(clock.now() + timedelta(days=(until - clock.today()).days + 1)):
            assert (from_idea.follow(), award.lapse(), from_idea.follow(), the(ref).status) == (0, 1, 1, "open")

    def test_a_place_on_the_reserve_list_keeps_it_until_the_round_is_finished(self, season: Season, store: Store) -> None:
        ref = pin(season)
        bid = begin(season, ref, store)
        sent_off(season, bid)
        for title, asked in (("A garden", 250_00), ("A workshop", 250_00), ("A library", 250_00), ("A kitchen", 200_00)):
            season.offered(season.sent(title, asked))
        season.decided(bid)
        decide.write_letter(bid, "It brings neighbours together.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
        assert (season.bid(bid).status, season.bid(bid).reserve_place, from_idea.follow(), the(ref).status) == ("lapsed", 1, 0, "taken")
        with clock.held_at(clock.now() + timedelta(days=60)):
            award.lapse()
            rounds.finish_round(season.round_ref, season.actor("Olga"))
            assert (from_idea.follow(), the(ref).status) == (1, "open")

    def test_the_owner_leaves_with_a_draft(self, season: Season, store: Store) -> None:
        ref = pin(season)
        without(ref, "Hattie", 60, HATTIE)
        bid = begin(season, ref, store)
        delete_me(season.who("Maya").id, season.actor("Maya"))
        assert (the(ref).status, the(ref).owner_id, season.bid(bid).status) == ("withdrawn", None, "withdrawn")
        assert from_idea.follow() == 1 and the(ref).status == "withdrawn"
        assert last_pledge().name == "Hattie"
        with pytest.raises(Conflict):
            cards.edit(ref, cards.Draft(BENCH, the(ref).area_id), season.who("Gus"), shown=the(ref).version)
