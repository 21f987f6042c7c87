"""From a sent bid to its letter: every refusal, the reserve list, and that nobody learns anything before the release."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image

from portal import clock, photos
from portal.db import transaction
from portal.errors import NotFound, Refused
from portal.front.queries import Job, waiting_at_desk
from portal.grants import apply, award, decide, rounds
from portal.grants.rules import SECTIONS
from portal.history import events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import messages_about
from portal.panels import actions as panels
from portal.people.actions import act_for, create_organisation, delete_me
from portal.people.queries import all_about
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def lettered(season: Season, ref: str, reason: str = "Because.", place: int | None = None, by: str = "Olga") -> str:
    decide.write_letter(ref, reason, [], place, season.actor(by))
    return ref


class TestWithThePanel:
    def test_a_draft_and_a_bid_twice(self, season: Season) -> None:
        draft = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
        with pytest.raises(Refused, match="Only an idea that was sent"):
            decide.put_to_panel(draft, season.actor("Olga"))
        ref = season.sent()
        decide.put_to_panel(ref, season.actor("Olga"))
        with pytest.raises(Refused):
            decide.put_to_panel(ref, season.actor("Olga"))
        with pytest.raises(NotFound):
            decide.put_to_panel("SPK-2222-2222", season.actor("Olga"))

    def test_taking_back_says_why_and_ends_the_matter(self, season: Season) -> None:
        ref = season.sent()
        with pytest.raises(Refused, match="Write why"):
            decide.take_back(ref, "", season.actor("Olga"))
        with pytest.raises(Refused, match="not with the panel"):
            decide.take_back(ref, "x", season.actor("Olga"))
        matter = season.with_panel(ref)
        decide.take_back(ref, "They asked us to wait", season.actor("Olga"))
        with pytest.raises(Refused, match=r"closed meanwhile|taken back"):
            panels.declare(season.who("Ada"), season.panel_ref, matter, "none")
        assert season.with_panel(ref) != matter

    def test_withdrawing_and_asking_more_end_the_matter_too(self, season: Season) -> None:
        ref = season.sent()
        matter = season.with_panel(ref)
        apply.withdraw(ref, "", season.actor("Rita"))
        assert season.matter_by(matter).status == "withdrawn"
        ref = season.sent("Another")
        matter = season.with_panel(ref)
        apply.ask_more(ref, ["money"], "What is the soil for?", clock.today() + timedelta(days=3), season.actor("Olga"))
        assert season.matter_by(matter).status == "withdrawn"

    def test_the_outcome_is_nowhere_before_the_release(self, season: Season) -> None:
        ref = season.decided(season.sent(), "no")
        bid = season.bid(ref)
        assert all(event.reason is None and "no" not in event.data.values() for event in events_of(f"bid:{bid.id}"))
        assert not [message for message in messages_about(f"bid:{bid.id}") if "no" in message.subject.lower().split()]

    def test_undoing_sends_it_back_and_is_never_possible_after(self, season: Season) -> None:
        ref = season.decided(season.sent())
        with pytest.raises(Refused, match="Write why"):
            decide.undo_decision(ref, "", season.actor("Olga"))
        decide.undo_decision(ref, "A seat was tied", season.actor("Olga"))
        bid = season.bid(ref)
        assert (bid.status, bid.decided) == ("with_panel", None)
        ref = season.offered(season.sent("Bench")).application.ref
        with pytest.raises(Refused, match="Only a decision that has not been released"):
            decide.undo_decision(ref, "x", season.actor("Olga"))


class TestLetters:
    def test_refusals(self, season: Season) -> None:
        ref = season.sent()
        with pytest.raises(Refused, match="has not decided"):
            decide.write_letter(ref, "x", [], None, season.actor("Olga"))
        season.decided(ref, "no")
        with pytest.raises(Refused, match="reason in plain words"):
            decide.write_letter(ref, "", [], None, season.actor("Olga"))
        with pytest.raises(Refused, match="Only a yes"):
            decide.write_letter(ref, "x", ["A condition"], None, season.actor("Olga"))
        with pytest.raises(Refused, match="At most 5"):
            decide.write_letter(ref, "x", ["c"] * 6, None, season.actor("Olga"))

    def test_not_while_a_release_waits(self, season: Season) -> None:
        ref = lettered(season, season.decided(season.sent()))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        with pytest.raises(Refused, match="waiting for the second person"):
            lettered(season, ref)
        with pytest.raises(Refused, match="waiting for the second person"):
            decide.undo_decision(ref, "x", season.actor("Olga"))
        decide.cancel_release(release, season.actor("Olga"))
        decide.cancel_release(release, season.actor("Olga"))
        lettered(season, ref, "Better words.")
        assert season.bid(ref).decision_reason == "Better words."


class TestRelease:
    def test_what_cannot_be_prepared(self, season: Season) -> None:
        ref = season.sent()
        with pytest.raises(Refused, match="Choose at least one"):
            decide.prepare_release(season.round_ref, [], season.actor("Olga"))
        with pytest.raises(Refused, match="is not decided"):
            decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        season.decided(ref)
        with pytest.raises(Refused, match="Write the reason"):
            decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        lettered(season, ref)
        decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        with pytest.raises(Refused, match="waiting for the second person"):
            decide.prepare_release(season.round_ref, [ref], season.actor("Otto"))

    def test_two_people_and_once(self, season: Season) -> None:
        ref = lettered(season, season.decided(season.sent()))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        with pytest.raises(Refused, match="A second person"):
            decide.release(release, season.actor("Olga"))
        decide.release(release, season.actor("Otto"))
        with pytest.raises(Refused, match="Otto has released"):
            decide.release(release, season.actor("Fay"))
        with pytest.raises(Refused, match="never undone"):
            decide.cancel_release(release, season.actor("Otto"))
        letters = [each for each in messages_about(f"bid:{season.bid(ref).id}") if "said yes" in each.body]
        assert len(letters) == 1

    def test_a_release_that_was_taken_back(self, season: Season) -> None:
        ref = lettered(season, season.decided(season.sent()))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        decide.cancel_release(release, season.actor("Otto"))
        with pytest.raises(Refused, match="taken back"):
            decide.release(release, season.actor("Otto"))
        with pytest.raises(NotFound):
            decide.release("REL-2222-2222", season.actor("Otto"))

    def test_nobody_releases_their_own(self, season: Season) -> None:
        ref = season.decided(season.sent("Olga's bench", by="Olga"))
        with pytest.raises(Refused, match="your own"):
            lettered(season, ref)
        with pytest.raises(Refused, match="your own"):
            decide.undo_decision(ref, "I would like a yes", season.actor("Olga"))
        lettered(season, ref, by="Otto")
        with pytest.raises(Refused, match="your own"):
            decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Otto"))
        with pytest.raises(Refused, match="your own"):
            decide.release(release, season.actor("Olga"))
        with transaction():
            group = create_organisation("Gardeners", "group", None, season.actor("Rita"))
            act_for(season.who("Olga").id, group.id, season.actor("Rita"))
            group_id = group.id
        ref = lettered(season, season.decided(season.sent("Theirs", organisation_id=group_id)), by="Otto")
        with pytest.raises(Refused, match="your own"):
            decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))

    def test_withdrawn_meanwhile_gets_no_letter(self, season: Season) -> None:
        ref = lettered(season, season.decided(season.sent()))
        release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
        apply.withdraw(ref, "", season.actor("Rita"))
        assert [each.what for each in decide.plan(decide.release_by_ref(release))] == ["gone"]
        assert decide.release(release, season.actor("Otto")) == 0
        assert season.bid(ref).status == "withdrawn" and books.balance(FREE) == 1000_00

    def test_no_and_not_yet(self, season: Season) -> None:
        no = lettered(season, season.decided(season.sent("One"), "no"), "Too far away.")
        later = lettered(season, season.decided(season.sent("Two"), "not_yet"), "Ask the school first.")
        decide.release(decide.prepare_release(season.round_ref, [no, later], season.actor("Olga")), season.actor("Otto"))
        assert season.bid(no).status == "declined"
        assert "Too far away." in messages_about(f"bid:{season.bid(no).id}")[0].body
        back = season.bid(later)
        assert (back.status, back.decided) == ("sent", None)
        assert "Ask the school first." in messages_about(f"bid:{back.id}")[0].body
        season.offered(later)  # and it may come back, with a letter of its own
        assert season.bid(later).status == "offered"
        assert books.balance(FREE) == 750_00

    def test_the_preview_is_what_goes_out(self, season: Season) -> None:
        refs = [
            lettered(season, season.decided(season.sent(title), choice)) for title, choice in (("A", "yes"), ("B", "no"), ("C", "not_yet"))
        ]
        release = decide.prepare_release(season.round_ref, refs, season.actor("Olga"))
        planned = {each.bid.ref: each.letter for each in decide.plan(decide.release_by_ref(release))}
        decide.release(release, season.actor("Otto"))
        for ref in refs:
            letter = planned[ref]
            assert letter is not None
            sent = messages_about(f"bid:{season.bid(ref).id}")[0]
            assert sent.subject == letter.subject
            if season.bid(ref).status == "offered":
                assert sent.body == letter.body.replace("(a link of their own)", award.accept_link(season.award(ref)))
            else:
                assert sent.body == letter.body


class TestTheReserveList:
    @pytest.fixture
    def season(self, app: Flask) -> Iterator[Season]:
        yield begin(money=350_00)
        assert_books_are_right()

    def waits(self, season: Season) -> tuple[str, str]:
        """£200 is offered, £250 stands first on the list, and £150 is left."""
        first, second = (lettered(season, season.decided(season.sent(title, asked))) for title, asked in (("A", 200_00), ("B", 250_00)))
        decide.release(decide.prepare_release(season.round_ref, [first, second], season.actor("Olga")), season.actor("Otto"))
        assert (season.bid(second).status, season.bid(second).reserve_place) == ("lapsed", 1)
        return first, second

    def test_nobody_overtakes_it_in_a_later_release(self, season: Season) -> None:
        _first, waiting = self.waits(season)
        small = lettered(season, season.decided(season.sent("Small", 100_00, by="Rob")))
        release = decide.prepare_release(season.round_ref, [small], season.actor("Olga"))
        assert [(each.what, each.place) for each in decide.plan(decide.release_by_ref(release))] == [("reserve", 2)]
        decide.release(release, season.actor("Otto"))
        assert season.bid(small).reserve_place == 2 and books.balance(FREE) == 150_00
        rounds.contribute(season.fund_id, 1, Pence(100_00), clock.today(), "", season.actor("Olga"))
        assert award.offer_reserves() == 1 and season.bid(waiting).status == "offered"
        third = lettered(season, season.decided(season.sent("Third", 50_00, by="Rosa")))
        assert decide.plan(decide.release_by_ref(decide.prepare_release(season.round_ref, [third], season.actor("Olga"))))[0].place == 3

    def test_who_leaves_leaves_the_list(self, season: Season) -> None:
        first, waiting = self.waits(season)
        award.decline(season.award(first).ref, season.actor("Rita"))
        delete_me(season.who("Rita").id, season.actor("Rita"))
        assert season.bid(waiting).reserve_place is None and award.offer_reserves() == 0


class TestAfterANotYet:
    def test_what_the_panel_does_anew_is_private_again(self, app: Flask, season: Season) -> None:
        ref = lettered(season, season.decided(season.sent(), "not_yet"), "Ask the school first.")
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
        assert season.bid(ref).told
        lettered(season, season.decided(ref, "no"), "Still too far away.")
        rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{ref}")
        assert rita.text.count("The panel decided.") == 1 and "too far away" not in rita.text
        idea = all_about(season.who("Rita").id)["ideas"][0]
        assert idea["state"] == "with_panel" and "decision" not in idea
        assert [each["what"] for each in idea["what happened"]].count("decided") == 1
        apply.withdraw(ref, "", season.actor("Rita"))
        idea = all_about(season.who("Rita").id)["ideas"][0]
        assert idea["decision"] is None and "too far away" not in rita.get(f"/grants/{ref}").text

    def test_it_is_hidden_from_a_tied_seat_again(self, season: Season) -> None:
        ref = season.sent()
        panels.declare(season.who("Dan"), season.panel_ref, season.with_panel(ref), "friend")
        decide.take_back(ref, "Once more", season.actor("Olga"))
        lettered(season, season.decided(ref, "not_yet"), "Ask the school first.")
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
        assert decide.hidden_from(season.who("Dan").id) == frozenset(), "the letter has gone out"
        season.with_panel(ref)
        assert decide.hidden_from(season.who("Dan").id) == {season.bid(ref).id}

    def test_its_photos_stay_private_too(self, app: Flask, season: Season, store: Store) -> None:
        ref = season.sent()
        picture = io.BytesIO()
        Image.new("RGB", (50, 50)).save(picture, "PNG")
        photo = apply.add_photo(ref, photos.read(picture.getvalue()), "x", store.home, season.actor("Rita"))
        lettered(season, season.decided(ref, "not_yet"))
        decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
        season.decided(ref, "yes")
        assert app.test_client().get(f"/photos/{photo}.jpg").status_code == 404


class TestADatedRound:
    @pytest.fixture
    def season(self, app: Flask) -> Iterator[Season]:
        yield begin(money=600_00, rolling=False)
        assert_books_are_right()

    def test_all_hear_together_and_the_money_runs_in_order(self, season: Season) -> None:
        refs = [season.sent(f"Idea {number}") for number in range(4)]
        with pytest.raises(Refused, match="still open until"):
            decide.put_to_panel(refs[0], season.actor("Olga"))
        with clock.held_at(clock.now() + timedelta(days=11)):
            assert rounds.move_rounds() == 1
            assert decide.put_round_to_panel(season.round_ref, season.actor("Olga")) == 4
            assert season.bid(refs[0]).round.status == "deciding"
            for ref in refs[:3]:
                season_vote(season, ref, "yes")
            with pytest.raises(Refused, match="1 ideas of this round are not decided"):
                decide.prepare_release(season.round_ref, [], season.actor("Olga"))
            season_vote(season, refs[3], "no")
            # £600 pays two of three; the officer puts the third first
            lettered(season, refs[0])
            lettered(season, refs[1])
            lettered(season, refs[2], place=1)
            lettered(season, refs[3])
            release = decide.prepare_release(season.round_ref, [], season.actor("Olga"))
            assert [(each.bid.ref, each.what) for each in decide.plan(decide.release_by_ref(release))] == [
                (refs[2], "offered"), (refs[0], "offered"), (refs[1], "reserve"), (refs[3], "refused"),
            ]  # fmt: skip
            assert decide.release(release, season.actor("Otto")) == 4
            assert season.bid(refs[0]).round.status == "released"
            reserve = season.bid(refs[1])
            assert (reserve.status, reserve.reserve_place) == ("lapsed", 1)
            assert books.balance(FREE) == 100_00
            assert award.offer_reserves() == 0, "£100 does not pay £250"
            # the first on the list is offered what somebody turned down
            award.decline(season.award(refs[0]).ref, season.actor("Rita"))
            assert award.offer_reserves() == 1
            assert award.offer_reserves() == 0
            assert season.bid(refs[1]).status == "offered" and season.bid(refs[1]).reserve_place is None
            assert books.balance(FREE) == 100_00
            second = season.award(refs[1])
            assert {second.released_by_id, second.seconded_by_id} == {season.who("Olga").id, season.who("Otto").id}

    def test_a_smaller_one_does_not_overtake_on_the_list(self, season: Season) -> None:
        refs = [
            season.sent("Large one", 250_00),
            season.sent("Large two", 250_00),
            season.sent("Large three", 250_00),
            season.sent("Small", 100_00),
        ]
        with clock.held_at(clock.now() + timedelta(days=11)):
            rounds.move_rounds()
            decide.put_round_to_panel(season.round_ref, season.actor("Olga"))
            for place, ref in enumerate(refs, start=1):
                season_vote(season, ref, "yes")
                lettered(season, ref, place=place)
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            assert [season.bid(ref).status for ref in refs] == ["offered", "offered", "lapsed", "lapsed"]
            assert [season.bid(ref).reserve_place for ref in refs[2:]] == [1, 2]
            assert award.offer_reserves() == 0

    def test_a_not_yet_can_come_back_and_holds_nothing_up(self, app: Flask, season: Season) -> None:
        ref = season.sent()
        with clock.held_at(clock.now() + timedelta(days=11)):
            rounds.move_rounds()
            assert apply.sections_open(season.bid(ref)) == ()
            lettered(season, season.decided(ref, "not_yet"), "Ask the school first.")
            decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
            bid = season.bid(ref)
            assert apply.sections_open(bid) == SECTIONS
            apply.save(ref, bid.version, "idea", {"idea": "The school says yes."}, season.actor("Rita"))
            rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/{ref}")
            assert "The panel said: not yet." in rita.text and f"/grants/{ref}/check" in set(rita.links())
            rounds.finish_round(season.round_ref, season.actor("Olga"))
        with clock.held_at(clock.now() + timedelta(days=100)):
            assert not [line for line in waiting_at_desk(Job(officer=True, finance=False)) if "should have heard" in line.what]
            decide.put_to_panel(ref, season.actor("Olga"))
            bid = season.bid(ref)
            assert bid.hear_by == clock.today() + timedelta(days=21) == season.matter(ref).decide_by
            decide.take_back(ref, "They call us", season.actor("Olga"))
            assert apply.sections_open(season.bid(ref)) == SECTIONS, "it may still be put right"
            assert season.offered(ref).status == "reserved"

    def test_more_time_for_one_keeps_only_that_one_back(self, season: Season) -> None:
        one, two = season.sent("One"), season.sent("Two")
        rounds.extend(season.round_ref, clock.now() + timedelta(days=20), "Their phone broke", season.actor("Olga"), season.bid(one).id)
        with clock.held_at(clock.now() + timedelta(days=11)):
            rounds.move_rounds()
            with pytest.raises(Refused):
                decide.put_to_panel(one, season.actor("Olga"))
            decide.put_to_panel(two, season.actor("Olga"))


def season_vote(season: Season, ref: str, choice: str) -> None:
    matter = season.matter(ref).ref
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, choice, "We talked about it.")
    panels.close(season.who("Olga"), season.panel_ref, matter)
