"""Appeals: what can be appealed, until when, who answers, and what comes of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import appeals, apply, award, decide, queries, rounds, timeline
from portal.grants.model import Appeal
from portal.grants.moves import TABLES
from portal.grants.rules import APPEAL_MOVES, after
from portal.history import Actor, Event, events_of
from portal.ledger import checks
from portal.outbox import Message, messages_about
from portal.panels import actions as panels
from portal.panels import seats
from portal.panels.model import Override, Sitting
from portal.people import actions as people
from portal.people import queries as persons
from portal.worker import CACHES, DUE
from tests.grants.season import Season, assert_books_are_right, begin, person

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)  # two plain weeks follow


def at(day: date, hour: int = 12) -> datetime:
    return clock.start_of_day(day) + timedelta(hours=hour)


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """On a Monday in June, with two officers who had no part in anything: Hana and Ivo."""
    with clock.held_at(MONDAY):
        made = begin()
        for name in ("Hana", "Ivo"):
            made.people[name] = person(name, "officer")
        yield made
        assert_books_are_right()


def told(season: Season, ref: str, choice: str = "no", conditions: tuple[str, ...] = ()) -> str:
    season.decided(ref, choice)
    decide.write_letter(ref, "There is one round the corner.", conditions, None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    return ref


def refused(season: Season, title: str = "A garden for Mossgate") -> str:
    return told(season, season.sent(title))


def on_reserve(season: Season) -> str:
    for number in range(4):
        season.offered(season.sent(f"Garden {number}"))
    return told(season, season.sent("A bench"), "yes")


def ineligible(season: Season) -> str:
    ref = season.sent()
    apply.set_ineligible(ref, "That is for another fund.", season.actor("Olga"))
    return ref


def with_conditions(season: Season) -> str:
    return told(season, season.sent(), "yes", ("The owner agrees", "A plan"))


CAN_BE_APPEALED: dict[str, Callable[[Season], str]] = {
    "no": refused, "reserve": on_reserve, "ineligible": ineligible, "conditions": with_conditions,
}  # fmt: skip


def made(season: Season, bid: str | None = None, ground: str = "unseen") -> str:
    return appeals.make(bid or refused(season), ground, "Nobody saw the photos.", season.actor("Rita"))


def answer(season: Season, ref: str, upheld: bool = False, by: str = "Hana", stage: str = "open", dropped: tuple[int, ...] = ()) -> None:
    appeals.answer(ref, stage, upheld, "I read everything.", dropped, True, season.actor(by))


def now(ref: str) -> Appeal:
    db.session.rollback()
    return appeals.appeal_by_ref(ref)


def keys(season: Season, bid: str) -> list[str]:
    return sorted(
        each.key.partition(":")[2].partition(":")[2]
        for each in messages_about(f"bid:{season.bid(bid).id}")
        if each.key.startswith("appeal:")
    )


# --- what can be appealed, and until when --------------------------------------------------------------------------------


@pytest.mark.parametrize("against", CAN_BE_APPEALED)
def test_each_of_the_four_letters_says_how_and_can_be_appealed_once(season: Season, against: str) -> None:
    bid = CAN_BE_APPEALED[against](season)
    until = date(2026, 6, 29)
    letter = messages_about(f"bid:{season.bid(bid).id}")[0]
    assert "You can appeal until Monday 29 June 2026" in letter.body and f"/grants/{bid}/appeal" in letter.body
    found = appeals.letter_of(season.bid(bid))
    assert found is not None and (found.against, found.until, found.late) == (against, until, False)
    one = now(made(season, bid))
    assert (one.against, one.status, one.letter_at, one.answer_by) == (against, "open", found.at, date(2026, 6, 15))
    assert one.letter_reason == ("That is for another fund." if against == "ineligible" else "There is one round the corner.")
    with pytest.raises(Refused, match=f"appealed against this letter already: {one.ref}"):
        made(season, bid)
    received = [each for each in messages_about(f"bid:{one.application_id}") if ":received:" in each.key]
    assert (
        len(received) == 1 and one.ref in received[0].body and "Monday 15 June 2026" in received[0].body and len(received[0].short) <= 306
    )


def nothing(season: Season, what: str) -> str:
    ref = season.sent()
    rita = season.actor("Rita")
    match what:
        case "with the panel":
            season.with_panel(ref)
        case "decided":
            season.decided(ref, "no")
        case "not yet":
            told(season, ref, "not_yet")
        case "offered without conditions":
            season.offered(ref)
        case "turned down":
            award.decline(season.offered(ref, ("The owner agrees",)).ref, rita)
        case "withdrawn":
            apply.withdraw(ref, "", rita)
        case "conditions met":
            grant = season.offered(ref, ("The owner agrees",))
            award.accept(grant.ref, rita)
            award.meet_condition(grant.ref, 0, season.actor("Olga"))
        case "lapsed":
            season.offered(ref, ("The owner agrees",))
            with clock.held_at(MONDAY + timedelta(days=15)):
                award.lapse()
    return ref


@pytest.mark.parametrize(
    "what",
    ["sent", "with the panel", "decided", "not yet", "offered without conditions", "turned down", "withdrawn", "conditions met", "lapsed"],
)
def test_nothing_else_can_be_appealed(season: Season, what: str) -> None:
    bid = nothing(season, what)
    assert appeals.may_appeal(season.bid(bid), []) is None
    with pytest.raises(Refused, match="no decision here that you could appeal"):
        made(season, bid)
    letters = [each.body for each in messages_about(f"bid:{season.bid(bid).id}")]
    assert any("appeal" in each for each in letters) == (what in ("turned down", "conditions met", "lapsed"))


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (datetime(2026, 6, 29, 22, 59, 59, tzinfo=UTC), True),  # one second before midnight in London, in summer time
        (datetime(2026, 6, 29, 23, 0, 0, tzinfo=UTC), False),
    ],
)
def test_until_midnight_in_london(season: Season, moment: datetime, taken: bool) -> None:
    bid = refused(season)
    with clock.held_at(moment):
        if taken:
            assert made(season, bid)
        else:
            with pytest.raises(Refused, match="ended on Monday 29 June 2026"):
                made(season, bid)
            assert appeals.may_appeal(season.bid(bid), []) is None


def test_a_letter_in_the_last_minute_of_a_day_counts_from_that_day(season: Season) -> None:
    bid = season.decided(season.sent(), "no")
    decide.write_letter(bid, "No.", (), None, season.actor("Olga"))
    release = decide.prepare_release(season.round_ref, [bid], season.actor("Olga"))
    with clock.held_at(datetime(2026, 6, 4, 22, 59, tzinfo=UTC)):  # Thursday, 23:59 in London
        decide.release(release, season.actor("Otto"))
    found = appeals.letter_of(season.bid(bid))
    assert found is not None and found.until == date(2026, 7, 2)
    with clock.held_at(datetime(2026, 6, 4, 23, 1, tzinfo=UTC)):  # Friday, 00:01 in London
        assert now(made(season, bid)).answer_by == date(2026, 6, 19)


@pytest.mark.parametrize(
    ("ground", "words", "sentence"), [("disagree", "x", "what went wrong"), ("", "x", "what went wrong"), ("tie", "", "what happened")]
)
def test_only_about_the_process_and_in_words(season: Season, ground: str, words: str, sentence: str) -> None:
    bid = refused(season)
    with pytest.raises(Refused, match=sentence):
        appeals.make(bid, ground, words, season.actor("Rita"))


def test_a_second_tap_gets_the_first_appeal(season: Season) -> None:
    bid = refused(season)
    first = appeals.make(bid, "tie", "x", season.actor("Rita"), once_key="tap")
    assert appeals.make(bid, "tie", "x", season.actor("Rita"), once_key="tap") == first
    assert keys(season, bid) == [f"received:{season.who('Rita').id}"]


def test_there_is_no_such_appeal(season: Season) -> None:
    for act in (appeals.appeal_by_ref, lambda ref: appeals.withdraw(ref, season.actor("Rita"))):
        with pytest.raises(NotFound, match="cannot find that appeal"):
            act("APL-2222-2222")


def test_the_database_takes_one_appeal_for_a_letter_and_two_people(season: Season) -> None:
    ref = made(season)
    one = now(ref)
    columns = {
        "application_id": one.application_id,
        "against": "no",
        "letter_at": one.letter_at,
        "ground": "tie",
        "opened_at": clock.now(),
        "answer_by": one.answer_by,
    }
    with pytest.raises(IntegrityError), transaction():
        db.session.add(Appeal(ref="APL-2222-2222", **columns))
    for wrong in (
        "status = 'closed'",
        "status = 'answered'",
        "answer_by = null",
        "ground = 'disagree'",
        "answered_by_id = 1, second_answered_by_id = 1",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(f"UPDATE appeal SET {wrong}"))


# --- who may answer ------------------------------------------------------------------------------------------------------


def test_whoever_had_a_part_may_not_answer_and_is_told_why(season: Season) -> None:
    with transaction():
        for name in ("Rosa", "Ada", "Ben", "Dan", "Cleo"):
            db.session.execute(
                text("INSERT INTO role (person_id, name, since, reason) VALUES (:id, 'officer', '2026-01-01', 'test')"),
                {"id": season.who(name).id},
            )
    bid = season.sent()
    matter = season.with_panel(bid)
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "no", "No.")
    panels.declare(season.who("Dan"), season.panel_ref, matter, "friend")
    panels.close(season.who("Ivo"), season.panel_ref, matter)
    season.people["Ines"] = person("Ines", "officer")
    decide.write_letter(bid, "First try.", (), None, season.actor("Ines"))
    decide.write_letter(bid, "No.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
    ref = appeals.make(bid, "tie", "x", Actor(season.who("Rosa").id, season.who("Rita").id, "telephone"))
    sentences = {
        "Rita": "hidden from you", "Dan": "hidden from you", "Ada": "seat on the panel", "Ben": "seat on the panel", "Cleo": "seat on the panel", "Ivo": "counted", "Ines": "wrote the letter",
        "Olga": "wrote the letter", "Otto": "prepared or released", "Rosa": "typed this appeal",
    }  # fmt: skip
    kept_out = appeals.barred(season.bid(bid), now(ref))
    assert {name for name, who in season.people.items() if who.id in kept_out} == set(sentences)
    for name, sentence in sentences.items():
        assert sentence in kept_out[season.who(name).id], name
        with pytest.raises(Refused, match=sentence):
            answer(season, ref, by=name)
    assert now(ref).status == "open"
    answer(season, ref, by="Hana")


def test_an_officer_whose_seat_ended_before_it_came_to_the_panel_may(season: Season) -> None:
    seats.add_seat(
        season.who("Olga"), season.panel_ref, season.ref("Hana"), term_start=date(2026, 5, 1), term_end=date(2026, 5, 31), reason="x"
    )
    seats.add_seat(
        season.who("Olga"), season.panel_ref, season.ref("Ivo"), term_start=date(2026, 5, 1), term_end=date(2026, 6, 1), reason="x"
    )
    ref = made(season)
    with pytest.raises(Refused, match="seat on the panel"):
        answer(season, ref, by="Ivo")
    answer(season, ref, by="Hana")


def test_who_said_that_it_is_not_for_this_round_does_not_judge_that(season: Season) -> None:
    ref = made(season, ineligible(season))
    with pytest.raises(Refused, match="cannot be taken in the round"):
        answer(season, ref, by="Olga")
    answer(season, ref, by="Otto")


def test_two_who_changed_what_the_rule_gave_do_not_judge_that(season: Season) -> None:
    bid = refused(season)
    matter = season.matter(bid)
    with transaction():
        sitting = Sitting(
            ref="SIT-2222-2222",
            panel_id=matter.panel_id,
            about="round:1",
            name="x",
            rule={},
            seed="x",
            opened_at=MONDAY,
            decide_by=MONDAY.date(),
        )
        db.session.add(sitting)
        db.session.flush()
        ids = {"proposed_by_id": season.who("Hana").id, "seconded_by_id": season.who("Ivo").id}
        db.session.add(
            Override(ref="OVR-2222-2222", sitting_id=sitting.id, matter_id=matter.id, funded=True, reason="x", proposed_at=MONDAY, **ids)
        )
    ref = made(season, bid)
    for name in ("Hana", "Ivo"):
        with pytest.raises(Refused, match="changed what the panel"):
            answer(season, ref, by=name)


def test_who_joins_the_group_later_is_tied(season: Season) -> None:
    with transaction():
        group = people.create_organisation("Gardeners", "group", None, season.actor("Rita")).id
        people.act_for(season.who("Rita").id, group, season.actor("Rita"))
    ref = made(season, told(season, season.sent(organisation_id=group)))
    with transaction():
        people.act_for(season.who("Hana").id, group, season.actor("Rita"))
    with pytest.raises(Refused, match="hidden from you"):
        answer(season, ref, by="Hana")
    assert [line.appeal.ref for line in appeals.waiting(season.who("Ivo").id)] == [ref]
    assert appeals.waiting(season.who("Hana").id) == []


# --- the answer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reasons", "sure", "sentence"), [("", True, "Write why"), ("x", False, "nothing ties you")])
def test_an_answer_has_reasons_and_no_tie(season: Season, reasons: str, sure: bool, sentence: str) -> None:
    ref = made(season)
    with pytest.raises(Refused, match=sentence):
        appeals.answer(ref, "open", True, reasons, (), sure, season.actor("Hana"))
    assert (now(ref).status, now(ref).outcome, now(ref).answer) == ("open", None, "")


@pytest.mark.parametrize("against", ["no", "reserve", "ineligible"])
def test_right_it_is_looked_at_anew_and_the_old_letter_stays_written(season: Season, against: str) -> None:
    bid = CAN_BE_APPEALED[against](season)
    before = season.bid(bid)
    sent_at, place, id_ = before.sent_at, before.reserve_place, before.id
    ref = made(season, bid)
    with clock.held_at(MONDAY + timedelta(days=3)):
        answer(season, ref, upheld=True)
    one, anew = now(ref), season.bid(bid)
    assert (one.status, one.outcome, one.remedy, one.answer_by) == ("closed", "upheld", "anew", None)
    assert (anew.status, anew.decided, anew.decision_reason, anew.released_at, anew.reserve_place) == ("sent", None, "", None, None)
    assert anew.hear_by == date(2026, 6, 25) and anew.sent_at == sent_at
    event = next(each for each in events_of(f"bid:{id_}") if each.kind == "appeal_upheld")
    assert event.data["why"] == one.letter_reason and event.data["place"] == place and event.data["appeal"] == ref
    closed = [each for each in messages_about(f"bid:{id_}") if each.key.endswith(":closed")]
    assert len(closed) == 1 and "You were right" in closed[0].subject and "Thursday 25 June 2026" in closed[0].body
    with clock.held_at(MONDAY + timedelta(days=4)):  # the panel looks at it anew, and its new letter is a letter like any other
        told(season, bid, "no")
        assert season.matter(bid).decide_by == date(2026, 6, 25)
        assert appeals.may_appeal(season.bid(bid), queries.appeals_of(id_)) is not None
        assert made(season, bid) != ref


def test_set_aside_a_second_time_they_hear_of_it_a_second_time(season: Season) -> None:
    bid = ineligible(season)
    answer(season, made(season, bid), upheld=True, by="Otto")
    with clock.held_at(MONDAY + timedelta(days=1)):
        apply.set_ineligible(bid, "Looked at anew: that is for another fund.", season.actor("Olga"))
        assert now(made(season, bid)).letter_reason == "Looked at anew: that is for another fund."
    assert len([each for each in messages_about(f"bid:{season.bid(bid).id}") if ":ineligible:" in each.key]) == 2


def test_right_after_a_dated_round_has_ended_it_is_decided_by_itself(app: Flask) -> None:
    with clock.held_at(MONDAY):
        season = begin(rolling=False)
        season.people["Hana"] = person("Hana", "officer")
        bid = season.sent()
    with clock.held_at(MONDAY + timedelta(days=11)):
        rounds.move_rounds()
        season.decided(bid, "no")
        decide.write_letter(bid, "No.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [], season.actor("Olga")), season.actor("Otto"))
        rounds.finish_round(season.round_ref, season.actor("Olga"))
        ref = made(season, bid)
    with clock.held_at(MONDAY + timedelta(days=60)):
        answer(season, ref, upheld=True)
        season.decided(bid, "yes")
        assert season.matter(bid).decide_by == season.bid(bid).hear_by
        decide.write_letter(bid, "Yes after all.", (), None, season.actor("Olga"))
        decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
        assert season.bid(bid).status == "offered"
        assert_books_are_right()


@pytest.mark.parametrize("accepted", [True, False])
def test_right_about_conditions_they_fall_away_and_the_grant_goes_on(season: Season, accepted: bool) -> None:
    bid = with_conditions(season)
    grant = season.award(bid)
    if accepted:
        award.accept(grant.ref, season.actor("Rita"))
    ref = made(season, bid)
    for chosen in ((), (7,)):
        with pytest.raises(Refused, match="which conditions fall away"):
            answer(season, ref, upheld=True, dropped=chosen)
    answer(season, ref, upheld=True, dropped=(0, 1))
    assert now(ref).remedy == "conditions"
    closed = next(each for each in messages_about(f"bid:{grant.application_id}") if each.key.endswith(":closed"))
    assert "- The owner agrees\n- A plan" in closed.body
    grant = season.award_now(grant)
    assert [each["dropped"] for each in grant.conditions] == [ref, ref]
    if not accepted:
        assert grant.status == "reserved"
        award.accept(grant.ref, season.actor("Rita"))
    assert season.award_now(grant).status == "ready_to_pay"


def test_one_of_two_conditions_falls_away(season: Season) -> None:
    bid = with_conditions(season)
    award.accept(season.award(bid).ref, season.actor("Rita"))
    answer(season, made(season, bid), upheld=True, dropped=(1,))
    grant = season.award(bid)
    assert grant.status == "conditions_open" and award.unmet(grant) == {0: "The owner agrees"}
    award.meet_condition(grant.ref, 0, season.actor("Olga"))
    assert season.award_now(grant).status == "ready_to_pay"


def test_an_offer_waits_for_its_yes_while_its_conditions_are_looked_at(season: Season) -> None:
    bid = with_conditions(season)
    grant = season.award(bid)
    assert grant.accept_by == date(2026, 6, 15)
    with clock.held_at(MONDAY + timedelta(days=10)):
        ref = made(season, bid)
    assert season.award_now(grant).accept_by == date(2026, 7, 2)  # answered by 25 June, and five working days
    assert "Thursday 2 July 2026" in next(each.body for each in messages_about(f"bid:{grant.application_id}") if ":received:" in each.key)
    with clock.held_at(MONDAY + timedelta(days=15)):
        assert award.lapse() == 0
        answer(season, ref)
        appeals.ask_again(ref, "x", season.actor("Rita"))
    assert season.award_now(grant).accept_by == date(2026, 7, 7)
    with clock.held_at(MONDAY + timedelta(days=40)):
        assert award.lapse() == 1


@pytest.mark.parametrize("since", ["offered from reserve", "turned down", "withdrawn", "asked again"])
def test_right_about_what_has_moved_on_there_is_a_word_and_nothing_is_undone(season: Season, since: str) -> None:
    if since == "offered from reserve":
        bid = on_reserve(season)
        ref = made(season, bid)
        award.decline(season.award(next(each.ref for each in queries.bids(status="offered"))).ref, season.actor("Rita"))
        assert award.offer_reserves() == 1
    elif since == "asked again":
        ref = made(season, bid := refused(season))
        season.sent("a garden for MOSSGATE")
    else:
        bid = with_conditions(season)
        ref = made(season, bid)
        grant = season.award(bid).ref
        if since == "turned down":
            award.decline(grant, season.actor("Rita"))
        else:
            award.accept(grant, season.actor("Rita"))
            award.withdraw(grant, season.actor("Rita"))
    before = season.bid(bid).status
    answer(season, ref, upheld=True)
    assert (now(ref).status, now(ref).remedy, season.bid(bid).status) == ("closed", "words", before)
    assert any("moved on" in each.body for each in messages_about(f"bid:{season.bid(bid).id}"))


def test_not_right_twice_and_by_different_people(season: Season) -> None:
    bid = refused(season)
    ref = made(season, bid)
    with pytest.raises(Refused, match="no answer yet"):
        appeals.ask_again(ref, "x", season.actor("Rita"))
    answer(season, ref)
    answer(season, ref)  # a second tap
    one = now(ref)
    assert (one.status, one.outcome, one.second_by, one.answer_by) == ("answered", "not_upheld", date(2026, 6, 15), None)
    with pytest.raises(Refused, match="Hana has answered this already"):
        answer(season, ref, by="Ivo")
    with pytest.raises(Refused, match="not right about the answer"):
        appeals.ask_again(ref, "", season.actor("Rita"))
    with clock.held_at(MONDAY + timedelta(days=2)):
        appeals.ask_again(ref, "And the photos?", season.actor("Rita"))
        appeals.ask_again(ref, "And the photos?", season.actor("Rita"))
    assert (now(ref).status, now(ref).answer_by, now(ref).second_words) == ("second_stage", date(2026, 6, 17), "And the photos?")
    with pytest.raises(Refused, match="gave the first answer"):
        answer(season, ref, stage="second_stage")
    answer(season, ref)  # a page of the first stage that was still open: nothing is taken for the second
    with pytest.raises(Refused, match="Hana has answered"):
        answer(season, ref, by="Ivo")
    assert now(ref).status == "second_stage"
    answer(season, ref, by="Ivo", stage="second_stage")
    one = now(ref)
    assert (one.status, one.outcome, one.second_answered_by_id, season.bid(bid).status) == (
        "closed",
        "not_upheld",
        season.who("Ivo").id,
        "declined",
    )
    with pytest.raises(Refused, match="closed"):
        appeals.ask_again(ref, "Once more", season.actor("Rita"))
    with pytest.raises(Refused, match="already"):
        made(season, bid)
    assert keys(season, bid) == ["answered", "closed", f"received:{season.who('Rita').id}", "second"]
    assert "Ombudsman" in messages_about(f"bid:{one.application_id}")[0].body


def test_right_at_the_second_look(season: Season) -> None:
    bid = refused(season)
    ref = made(season, bid)
    answer(season, ref)
    appeals.ask_again(ref, "x", season.actor("Rita"))
    answer(season, ref, upheld=True, by="Ivo", stage="second_stage")
    assert (now(ref).outcome, season.bid(bid).status) == ("upheld", "sent")


def test_taken_back_it_is_closed(season: Season) -> None:
    bid = refused(season)
    ref = made(season, bid)
    appeals.withdraw(ref, season.actor("Rita"))
    appeals.withdraw(ref, season.actor("Rita"))
    assert (now(ref).status, now(ref).outcome) == ("closed", "withdrawn")
    with pytest.raises(Refused, match="taken back"):
        answer(season, ref)
    with pytest.raises(Refused, match="closed"):
        appeals.ask_again(ref, "x", season.actor("Rita"))
    assert keys(season, bid) == ["closed", f"received:{season.who('Rita').id}"]


def test_what_is_answered_cannot_be_taken_back(season: Season) -> None:
    ref = made(season)
    answer(season, ref)
    with pytest.raises(Refused, match="answered already"):
        appeals.withdraw(ref, season.actor("Rita"))


# --- dates ---------------------------------------------------------------------------------------------------------------


def test_nobody_asks_for_a_second_look_and_after_midnight_it_is_closed(season: Season) -> None:
    bid = refused(season)
    ref = made(season, bid)
    answer(season, ref)
    with clock.held_at(datetime(2026, 6, 15, 22, 59, 59, tzinfo=UTC)):
        assert appeals.close_unasked() == 0
    with clock.held_at(datetime(2026, 6, 15, 23, tzinfo=UTC)):
        with pytest.raises(Refused, match="ended on Monday 15 June 2026"):
            appeals.ask_again(ref, "x", season.actor("Rita"))
        assert (appeals.close_unasked(), appeals.close_unasked()) == (1, 0)
    assert (now(ref).status, now(ref).outcome) == ("closed", "not_upheld")
    assert keys(season, bid) == ["answered", "closed", f"received:{season.who('Rita').id}"]


def test_until_the_last_second_a_second_look_can_be_asked_for(season: Season) -> None:
    ref = made(season)
    answer(season, ref)
    with clock.held_at(datetime(2026, 6, 15, 22, 59, 59, tzinfo=UTC)):
        appeals.ask_again(ref, "x", season.actor("Rita"))
    assert now(ref).answer_by == date(2026, 6, 29)


def reminders(ref: str) -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(Message).where(Message.about == f"appeal:{now(ref).id}").order_by(Message.id))
    return sorted((each.key.split(":", 2)[2].rpartition(":")[0], each.to_name) for each in rows)


def test_those_who_may_answer_are_reminded_when_it_is_due_and_when_it_is_late_each_once(season: Season) -> None:
    ref = made(season)
    seen = []
    for day in (10, 11, 11, 12, 15, 16, 16, 30):  # answer by Monday 15 June: two working days before is Thursday 11
        with clock.held_at(at(date(2026, 6, day) if day != 30 else date(2026, 6, 30))):
            appeals.remind()
        seen.append((day, len(reminders(ref))))
    assert seen == [(10, 0), (11, 2), (11, 2), (12, 2), (15, 2), (16, 4), (16, 4), (30, 4)]
    assert reminders(ref) == [("open:late", "Hana"), ("open:late", "Ivo"), ("open:soon", "Hana"), ("open:soon", "Ivo")]
    answer(season, ref)
    appeals.ask_again(ref, "x", season.actor("Rita"))
    for day in (11, 16, 17):
        with clock.held_at(at(date(2026, 6, day))):
            appeals.remind()
    assert [each for each in reminders(ref) if "second" in each[0]] == [("second_stage:late", "Ivo"), ("second_stage:soon", "Ivo")]


def test_a_worker_that_slept_says_only_that_it_is_late(season: Season) -> None:
    ref = made(season)
    with clock.held_at(at(date(2026, 6, 20))):
        assert (appeals.remind(), appeals.remind()) == (1, 0)
    assert {what for what, _name in reminders(ref)} == {"open:late"}


def test_where_no_officer_may_an_administrator_hears_of_it(season: Season) -> None:
    season.people["Anna"] = person("Anna", "administrator")
    ref = made(season)
    with transaction():
        db.session.execute(text("DELETE FROM role WHERE person_id in (:a, :b)"), {"a": season.who("Hana").id, "b": season.who("Ivo").id})
    with clock.held_at(at(date(2026, 6, 12))):
        assert appeals.remind() == 1
    assert reminders(ref) == [("open:soon", "Anna")]
    said = db.session.scalars(select(Message.body).where(Message.about == f"appeal:{now(ref).id}")).one()
    assert "give the role to somebody who had none" in said


def test_the_worker_does_both() -> None:
    assert {appeals.close_unasked, appeals.remind} <= set(DUE)


# --- the rest of the house -----------------------------------------------------------------------------------------------


def test_every_move_of_everything_has_a_sentence() -> None:
    assert [
        f"{name}.{kind}"
        for name, moves in TABLES.values()
        if name != "round"
        for kind in moves
        if f"{name}.{kind}" not in timeline.SENTENCES
    ] == []


def test_the_moves_lead_where_they_should() -> None:
    reached = {end for _starts, end in APPEAL_MOVES.values()}
    assert reached == {"open", "answered", "second_stage", "closed"}
    assert not [kind for kind in APPEAL_MOVES if after("closed", kind, APPEAL_MOVES)], "closed is the end"


def test_the_story_tells_it_in_order(season: Season) -> None:
    bid = refused(season)
    ref = made(season, bid)
    answer(season, ref)
    appeals.ask_again(ref, "x", season.actor("Rita"))
    answer(season, ref, upheld=True, by="Ivo", stage="second_stage")
    story = [each.sentence for each in timeline.told(queries.story_of(season.bid(bid), None))]
    assert story[-5:] == [
        "Rita appealed.", "Hana answered the appeal: the rules were kept.", "Rita asked for a second look at the appeal.",
        "Ivo answered the appeal: it was right.", "After an appeal the idea is looked at anew.",
    ]  # fmt: skip


def test_a_state_that_its_events_do_not_say_breaks_the_check(season: Season) -> None:
    ref = made(season)
    with transaction():
        db.session.execute(update(Appeal).values(status="answered", answer_by=None))
    report = checks.check(full=True, caches=CACHES)
    assert not report.ok and f"appeal:{now(ref).id} says answered, its events say open" in report.broken
    with transaction():
        db.session.execute(update(Appeal).values(status="open", answer_by=date(2026, 6, 15)))


def test_what_they_wrote_goes_with_who_leaves_and_the_appeal_stays(season: Season) -> None:
    bid = refused(season)
    ref = appeals.make(bid, "fact", "My knee, of which I told nobody", season.actor("Rita"))
    mine = persons.all_about(season.who("Rita").id)["ideas"][0]["appeals"]
    assert [(each["reference"], each["your words"]) for each in mine] == [(ref, "My knee, of which I told nobody")]
    with pytest.raises(Refused, match="Take it back first"):
        people.delete_me(season.who("Rita").id, season.actor("Rita"))
    answer(season, ref)
    people.delete_me(season.who("Rita").id, season.actor("Rita"))
    one = now(ref)
    assert (one.words, one.status, one.outcome, one.answer) == ("", "closed", "not_upheld", "I read everything.")
    assert not [each for each in db.session.scalars(select(Event)) if "knee" in f"{each.data} {each.reason}"]
