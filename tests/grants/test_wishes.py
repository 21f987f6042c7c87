"""Gifts before money: a line is asked of neighbours first; what is kept lowers the ask once, counts in the match, and ends with the bid."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.gifts import care, leaving, lists, posts, promises, suggestions, talks
from portal.gifts.model import GiftPost
from portal.gifts.rules import Draft
from portal.grants import apply, award, decide, goods, kept, match, pay, queries, report, rounds, wishes
from portal.grants.rules import same_lines
from portal.grants.wish_model import KeptGift, WishedLine
from portal.history import Actor, Event
from portal.money import Minutes, Pence
from portal.outbox import Message
from portal.people.actions import act_for, create_organisation, delete_me
from portal.people.queries import all_about
from portal.worker import CACHES
from tests.grants.season import Season, begin
from tests.grants.wishing import LINES, amounts, draft, gifts, given, heard, key, known, promised, save, send, status, typed, wish

assert leaving


def proved() -> list[str]:
    """What the nightly check finds broken."""
    return [line for caches in CACHES for line in caches()]


def words(name: str) -> str:
    """What somebody was told last."""
    db.session.rollback()
    return db.session.scalars(sa.select(Message.body).where(Message.to_name == name).order_by(Message.id.desc())).first() or ""


@pytest.fixture
def season(app: Flask) -> Season:
    made = begin()
    known(made, "Rita", "Rob", "Rosa", "Olga")
    return made


def asked(season: Season, ref: str) -> list[str]:
    """The states of everything that was asked for a bid."""
    return [each.state for each in wishes.of_bid(season.bid(ref).id)]


# --- asking and being given ----------------------------------------------------------------------------------------------


def test_what_neighbours_give_is_asked_for_no_more(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    assert asked(season, ref) == ["asked"]
    before = season.bid(ref).version
    promise = promised(season, post)
    assert (asked(season, ref), amounts(season, ref)) == (["promised"], [100_00, 20_00, 60_00, 180_00]), "a promise alone lowers nothing"
    promises.handed(promise, season.who("Rob"))
    promises.handed(promise, season.who("Rita"))
    assert asked(season, ref) == ["given"]
    assert amounts(season, ref) == [0, 20_00, 60_00, 80_00]
    assert gifts() == [(100_00, 100_00, True)]
    assert season.bid(ref).version == before + 1, "a page that was opened before is told"
    assert heard("Rita")[-1] == "“Timber for three beds” was given: £100.00 not needed"
    meter = queries.meter_of(season.bid(ref))
    assert (meter.counted_goods, meter.neighbours) == (40_00, 0), "goods count up to half of the match"
    assert not proved()


def test_it_was_not_so_after_all(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    promise = given(season, post)
    promises.not_so(promise, "It was only firewood.", season.who("Rita"))
    promises.not_so(promise, "It was only firewood.", season.who("Rita"))
    assert amounts(season, ref) == [100_00, 20_00, 60_00, 180_00]
    assert gifts() == [(100_00, 100_00, False)]
    assert queries.meter_of(season.bid(ref)).counted_goods == 0
    assert heard("Rita")[-1] == "“Timber for three beds” was not given after all"
    assert not proved()
    given(season, post, "Rosa")
    assert amounts(season, ref)[0] == 0, "somebody else may give it"


def test_pieces_save_their_part_and_together_never_more(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=3, still=Pence(10_00))
    given(season, post, "Rob")
    assert amounts(season, ref)[0] == 70_00
    second = given(season, post, "Rosa")
    third = given(season, post, "Olga")
    assert amounts(season, ref)[0] == 10_00, "what has to be bought all the same"
    assert [value for value, _lowered, _counts in gifts()] == [30_00] * 3
    promises.not_so(second, "They were rotten.", season.who("Rita"))
    assert amounts(season, ref)[0] == 40_00
    save(season, ref, ("Timber for three beds", 40_00), *LINES[1:])
    with pytest.raises(Refused, match=r"can ask for up to £40\.00"):
        save(season, ref, ("Timber for three beds", 40_01), *LINES[1:])
    assert third and not proved()


def test_pennies_round_down_and_the_whole_is_whole(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=3)
    for name in ("Rob", "Rosa", "Olga"):
        given(season, post, name)
    assert [value for value, *_rest in gifts()] == [33_33, 33_33, 33_34]
    assert amounts(season, ref)[0] == 0


def test_a_wish_of_more_pieces_does_not_make_each_worth_more(season: Season) -> None:
    """The owner changes the post on the boards: the line keeps what was asked then."""
    ref = draft(season)
    post = wish(season, ref, pieces=4)
    changed = Draft("wish", "give", "Timber", season.bid(ref).area_id, quantity=2)
    posts.edit(post, changed, season.who("Rita"), shown=1)
    given(season, post, pieces=2)
    assert gifts() == [(50_00, 50_00, True)]


def test_a_gift_of_somebody_is_taken_up(season: Season) -> None:
    ref = draft(season)
    area = season.bid(ref).area_id
    gift = posts.post(Draft("gift", "give", "Paint, two blue tins", area, quantity=2), season.who("Rob"), grown=True, once_key="gift")
    other = posts.post(Draft("gift", "give", "A pram", area), season.who("Rob"), grown=True, once_key="other")
    bid = season.bid(ref)
    found = wishes.suggested(bid, (), season.who("Rita"))
    assert {line.what: found[line.id].ref for line in bid.lines if line.id in found} == {"Paint": gift}
    assert not wishes.suggested(season.bid(ref), (), season.who("Rob")), "one's own is no suggestion"
    suggestions.not_this(gift, season.who("Rita"))
    assert not wishes.suggested(season.bid(ref), (), season.who("Rita"))
    paint = key(season, ref, 1)
    assert {wishes.take_up(ref, paint, gift, season.who("Rita"), pieces=2) for _twice in range(2)} == {gift}
    assert asked(season, ref) == ["picked"]
    with pytest.raises(Refused, match="asked for this already"):
        wishes.take_up(ref, paint, other, season.who("Rita"))
    given(season, gift, "Rosa", owner="Rob")
    assert gifts() == [] and asked(season, ref) == ["picked"], "that was for somebody else"
    with pytest.raises(Refused, match="from 1 to 99"):
        wishes.take_up(ref, paint, gift, season.who("Rita"), pieces=0)
    given(season, gift, "Rita", owner="Rob")
    assert (gifts(), amounts(season, ref)[1]) == ([(10_00, 10_00, True)], 10_00)
    posts.pause(other, season.who("Rob"))
    with pytest.raises(NotFound):
        wishes.take_up(ref, key(season, ref, 2), other, season.who("Rita"))


def test_what_is_said_once_we_wrote(season: Season) -> None:
    ref = draft(season)
    gift = posts.post(Draft("gift", "give", "Paint", season.bid(ref).area_id, quantity=24), season.who("Rob"), grown=True, once_key="gift")
    wishes.take_up(ref, key(season, ref, 1), gift, season.who("Rita"))
    promised(season, gift, "Rita", owner="Rob")
    assert asked(season, ref) == ["asked"]
    assert [wishes.how_many_in(what) for what in ("24 jam jars", "Paint, 2 tins", "Jars", "1000 nails")] == [24, 2, 1, 1]


def test_what_was_given_does_not_look_as_if_nobody_was_asked(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    given(season, post)
    wishes.stop(ref, post, season.who("Rita"))
    again = wish(season, ref)
    wishes.stop(ref, again, season.who("Rita"))
    line = season.bid(ref).lines[0]
    assert wishes.by_line(wishes.of_bid(season.bid(ref).id))[line.id].state == "partly"


def test_a_gift_is_asked_for_one_line(season: Season) -> None:
    ref = draft(season, (("Blue paint", 20_00), ("Paint", 30_00)))
    gift = posts.post(Draft("gift", "give", "Paint", season.bid(ref).area_id), season.who("Rob"), grown=True, once_key="gift")
    assert len(wishes.suggested(season.bid(ref), (), season.who("Rita"))) == 2
    wishes.take_up(ref, key(season, ref, 0), gift, season.who("Rita"))
    with pytest.raises(Refused, match="already, for another line: “Blue paint”"):
        wishes.take_up(ref, key(season, ref, 1), gift, season.who("Rita"))
    bid = season.bid(ref)
    assert not wishes.suggested(bid, wishes.of_bid(bid.id), season.who("Rita"))
    wishes.stop(ref, gift, season.who("Rita"))
    wishes.take_up(ref, key(season, ref, 1), gift, season.who("Rita"))


def test_a_page_that_was_opened_before_asks_for_nothing_else(season: Season) -> None:
    ref = draft(season)
    gift = posts.post(Draft("gift", "give", "Paint", season.bid(ref).area_id), season.who("Rob"), grown=True, once_key="gift")
    paint = key(season, ref, 1)
    save(season, ref, ("Paint brushes", 20_00), LINES[0], LINES[2])
    for stale in (paint, "1", "nonsense"):
        with pytest.raises(Conflict, match="budget has changed"):
            wishes.ask(ref, stale, wishes.Wish("Paint"), season.who("Rita"), grown=True, once_key=stale)
        with pytest.raises(Conflict, match="budget has changed"):
            wishes.take_up(ref, stale, gift, season.who("Rita"))
    assert asked(season, ref) == [] and wish(season, ref, 2, "Compost")


def test_only_what_the_reader_may_see_is_suggested(season: Season) -> None:
    ref = draft(season)
    area = season.bid(ref).area_id
    posts.post(Draft("gift", "give", "Compost", area, reach="area"), season.who("Rob"), grown=True, once_key="gift")
    assert not wishes.suggested(season.bid(ref), (), season.who("Rita")), "they live elsewhere, as far as we know"


def test_what_cannot_be_asked(season: Season) -> None:
    ref = draft(season, (*LINES, ("Nails", 0)))
    with pytest.raises(Refused, match="what it is and what it costs"):
        wish(season, ref, 3)
    with pytest.raises(Refused, match="not less than the whole"):
        wish(season, ref, still=Pence(100_00))
    with pytest.raises(Refused, match="Say what it is"):
        wish(season, ref, title="x")
    wish(season, ref)
    with pytest.raises(Refused, match="asked for this already"):
        wish(season, ref, title="Planks")
    blank = apply.start(season.round_ref, season.who("Rob").id, season.actor("Rob"))
    with pytest.raises(Refused, match="where it happens"):
        wishes.ask(blank, "0", wishes.Wish("Timber"), season.who("Rob"), once_key="one")
    season.with_panel(send(season, ref))
    with pytest.raises(Refused, match="Not just now"):
        wish(season, ref, 1, title="Blue paint")


def test_two_lines_in_the_same_words_are_asked_for_once(season: Season) -> None:
    twice = (*LINES, (" timber  for three BEDS", 100_00))
    ref = draft(season, twice)
    gift = posts.post(Draft("gift", "give", "Boards", season.bid(ref).area_id), season.who("Rob"), grown=True, once_key="gift")
    first = wish(season, ref)
    acts: list[Callable[[], str]] = [
        lambda: wish(season, ref, 3, title="Long planks"),
        lambda: wishes.take_up(ref, key(season, ref, 3), gift, season.who("Rita")),
    ]
    for act in acts:
        with pytest.raises(Refused, match="another line in the same words"):
            act()
    assert asked(season, ref) == ["asked"]
    wish(season, ref, 1, title="Blue paint")
    wishes.stop(ref, first, season.who("Rita"))
    wishes.take_up(ref, key(season, ref, 3), gift, season.who("Rita"))
    with pytest.raises(Refused, match="another line in the same words"):
        wish(season, ref, title="Planks again")
    assert asked(season, ref) == ["ended", "asked", "picked"]


def test_a_second_tap_posts_once(season: Season) -> None:
    ref = draft(season)
    timber = key(season, ref, 0)
    once = [wishes.ask(ref, timber, wishes.Wish("Timber"), season.who("Rita"), grown=True, once_key="tap") for _number in range(2)]
    assert once[0] == once[1] and len(asked(season, ref)) == 1


def test_the_wish_stands_in_the_name_of_who_asks(season: Season) -> None:
    with transaction():
        group = create_organisation("Mossgate Gardeners", "group", None, season.actor("Rosa")).id
        act_for(season.who("Rosa").id, group, season.actor("Rosa"))
    ref = draft(season)
    with transaction():
        db.session.execute(sa.text("update application set helper_id = :id, helper_basis = 'telephone 12'"), {"id": season.who("Olga").id})
    helped = wish(season, ref, by="Olga")
    with transaction():
        db.session.execute(sa.text("update application set organisation_id = :id"), {"id": group})
    rosa = season.people["Rosa"]
    season.people["Rosa"] = type(rosa)(rosa.id, rosa.ref, rosa.name, None, frozenset(), acts_for=frozenset({group}))
    grouped = wish(season, ref, 1, "Blue paint", by="Rosa")
    rows = {post.ref: post for post in db.session.scalars(sa.select(GiftPost).options(*lists.WHOLE)).unique()}
    assert (rows[helped].party.person_id, rows[helped].basis) == (season.who("Rita").id, "telephone")
    assert rows[grouped].party.organisation_id == group


# --- lines that change ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (["Timber", "Paint"], ["Timber", "Paint"], [0, 1]),
        (["Timber", "Paint"], ["Paint", "timber"], [1, 0]),
        (["Timber", "Paint", "Nails"], ["Timber", "Nails"], [0, 2]),
        (["Timber"], ["Timber, planed"], [0]),
        (["Timber"], ["A gazebo"], [None]),
        (["Timber with nails"], ["Paint with brushes"], [None]),
        (["Paint", "Paint"], ["Paint", "Paint"], [0, 1]),
        ([], ["Timber"], [None]),
    ],
)
def test_which_line_is_which(before: list[str], now: list[str], found: list[int | None]) -> None:
    assert same_lines(before, now) == found


def test_a_line_in_other_words_is_the_same_line(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    save(season, ref, LINES[2], ("Timber, planed", 90_00))
    assert wishes.follow() == 0 and status(post) == "open"
    given(season, post)
    assert (gifts(), amounts(season, ref)) == ([(90_00, 90_00, True)], [60_00, 0, 60_00]), "never more than it asks"


def test_a_line_whose_cost_is_being_typed_anew_counts_all_the_same(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    apply.save(ref, season.bid(ref).version, "money", {}, season.actor("Rita"), lines=[apply.Line(LINES[0][0], None), *typed(LINES[1:])])
    given(season, post)
    assert gifts() == [(50_00, 0, True)]
    with pytest.raises(Refused, match=r"can ask for up to £50\.00"):
        save(season, ref, *LINES)
    save(season, ref, (LINES[0][0], 50_00), *LINES[1:])


def test_a_line_that_goes_takes_its_wish_along(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    talks.interested(post, "I have some.", season.who("Rob"), grown=True, once_key="rob")
    save(season, ref, *LINES[1:])
    assert wishes.follow() == 1 and wishes.follow() == 0
    assert status(post) == "ended"
    assert heard("Rob")[-1] == "Not needed any more: “Timber”"


def test_a_line_for_which_something_is_promised_stays(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    promise = promised(season, post, "Rosa")
    for lines in (LINES[1:], (("A gazebo", 100_00), *LINES[1:]), (("Timber merchant trip", 100_00), *LINES[1:])):
        with pytest.raises(Refused, match="Rosa has promised “Timber for three beds”"):
            save(season, ref, *lines)
    save(season, ref, ("Timber for three long beds", 90_00), *LINES[1:])
    save(season, ref, *LINES[1:], ("Timber for three beds", 100_00))
    wishes.stop(ref, post, season.who("Rita"))
    save(season, ref, *LINES[1:])
    promises.handed(promise, season.who("Rita"))
    assert gifts() == [], "nothing that would have been bought"


def test_a_gift_promised_to_somebody_else_holds_no_line(season: Season) -> None:
    ref = draft(season)
    gift = posts.post(Draft("gift", "give", "Paint", season.bid(ref).area_id, quantity=2), season.who("Rob"), grown=True, once_key="gift")
    wishes.take_up(ref, key(season, ref, 1), gift, season.who("Rita"))
    promised(season, gift, "Rosa", owner="Rob")
    save(season, ref, LINES[0], LINES[2])
    wishes.follow()
    save(season, ref, *LINES)
    wishes.take_up(ref, key(season, ref, 1), gift, season.who("Rita"))
    promised(season, gift, "Rita", owner="Rob")
    with pytest.raises(Refused, match="Rob has promised “Paint”"):
        save(season, ref, LINES[0], LINES[2])


def test_a_wish_that_stopped_standing_may_be_asked_anew(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    with clock.held_at(clock.now() + timedelta(days=29)):
        posts.end_due()
        assert asked(season, ref) == ["off"]
        posts.renew(post, season.who("Rita"))
        assert asked(season, ref) == ["asked"]
    posts.take_down(post, "Say it otherwise, please.", season.who("Olga"))
    assert asked(season, ref) == ["hidden"]
    anew = wish(season, ref, title="Wooden boards")
    assert asked(season, ref) == ["ended", "asked"]
    given(season, anew)
    assert amounts(season, ref)[0] == 0
    assert not care.waiting(None)


def test_stopping_tells_who_offered_once_and_keeps_what_is_promised(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    promise = promised(season, post)
    talks.interested(post, "I have some too.", season.who("Rosa"), grown=True, once_key="rosa")
    for _twice in range(2):
        wishes.stop(ref, post, season.who("Rita"))
    assert status(post) == "ended"
    assert heard("Rosa").count("Not needed any more: “Timber”") == 1 and "Not needed any more: “Timber”" not in heard("Rob")
    promises.handed(promise, season.who("Rita"))
    assert gifts() == [(50_00, 50_00, True)]
    with pytest.raises(NotFound):
        wishes.stop(draft(season, by="Rob"), post, season.who("Rob"))


def test_a_line_that_costs_less_by_then_is_worth_less(season: Season) -> None:
    ref = draft(season, (("Timber", 250_00), ("Paint", 20_00)))
    post = wish(season, ref, pieces=2)
    save(season, ref, ("Timber", 10_00), ("Paint", 20_00))
    given(season, post)
    given(season, post, "Rosa")
    assert (gifts(), amounts(season, ref)) == ([(10_00, 10_00, True)], [0, 20_00, 20_00])
    assert "smallest grant" not in words("Rita")


def test_a_line_above_the_highest_grant_is_not_asked(season: Season) -> None:
    ref = draft(season, (("Timber", 5000_00), ("Paint", 20_00)))
    with pytest.raises(Refused, match="more than you can ask for"):
        wish(season, ref)
    wish(season, ref, 1, "Blue paint")


def test_what_was_given_counts_also_when_its_line_is_typed_again(season: Season) -> None:
    forks = ("Ten garden forks", 100_00)
    ref = draft(season, (forks, ("Paint", 20_00)))
    given(season, wish(season, ref, title="Garden forks", pieces=10), pieces=8)
    save(season, ref, ("Paint", 20_00))
    wishes.follow()
    for again in ("Ten garden forks", "Garden forks"):
        with pytest.raises(Refused, match=r"can ask for up to £20\.00"):
            save(season, ref, ("Paint", 20_00), (again, 100_00))
    save(season, ref, ("Paint", 20_00), ("Ten garden forks", 20_00), ("A hammock", 30_00))
    promise = given(season, wish(season, ref, 1, title="Garden forks"), "Rosa")
    assert (gifts(), amounts(season, ref)) == ([(80_00, 80_00, True), (20_00, 20_00, True)], [20_00, 0, 30_00, 50_00])
    promises.not_so(promise, "They were rusty.", season.who("Rita"))
    assert amounts(season, ref)[1] == 20_00
    with pytest.raises(Refused, match=r"can ask for up to £20\.00"):
        save(season, ref, ("Paint", 20_00), ("Ten garden forks", 21_00), ("A hammock", 30_00))
    assert not proved()


def test_what_is_asked_again_is_worth_what_is_left_of_it(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    given(season, post)
    wishes.stop(ref, post, season.who("Rita"))
    given(season, wish(season, ref), "Rosa")
    assert gifts() == [(50_00, 50_00, True), (50_00, 50_00, True)]


def test_the_last_of_some_gifts_taken_back_gives_no_more_than_its_own(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    given(season, post)
    last = given(season, post, "Rosa")
    promises.not_so(last, "It was rotten.", season.who("Rita"))
    with pytest.raises(Refused, match=r"can ask for up to £50\.00"):
        save(season, ref, ("Timber for three beds", 50_01), *LINES[1:])


def test_a_gift_taken_back_raises_no_further_than_the_round_allows(season: Season) -> None:
    ref = draft(season)
    promise = given(season, wish(season, ref))
    save(season, ref, ("Timber for three beds", 0), *LINES[1:], ("A hammock", 160_00))
    send(season, ref)
    promises.not_so(promise, "It was rotten.", season.who("Rita"))
    most = queries.most_for(season.bid(ref))
    assert amounts(season, ref)[0::4] == [most - 240_00, most]
    assert "£90.00 are still missing" in words("Rita")
    assert "Nothing was changed" not in words("Olga") and "asks for £10.00 more again" in words("Olga")
    save(season, ref, ("Timber for three beds", 100_00), *LINES[1:], ("A hammock", 70_00))


# --- the stages of a bid -------------------------------------------------------------------------------------------------


def test_a_bid_that_was_sent_asks_for_less_down_to_the_smallest_grant(season: Season) -> None:
    ref = draft(season, (("Timber", 100_00), ("Paint", 20_00)))
    post = wish(season, ref)
    send(season, ref)
    given(season, post)
    assert (amounts(season, ref), gifts()) == ([30_00, 20_00, 50_00], [(100_00, 70_00, True)])
    assert len(queries.snapshots_of(season.bid(ref).id)) == 2
    assert any("Gifts before money" in each for each in heard("Olga"))


def test_when_everything_was_given_nothing_is_asked(season: Season) -> None:
    ref = draft(season, (("Timber", 100_00), ("Paint", 20_00)))
    given(season, wish(season, ref))
    assert [each.sentence for each in apply.problems(season.bid(ref))] == [
        "Only £20.00 are missing, thanks to your neighbours. Ask your connector: small sums are given on the spot."
    ]
    given(season, wish(season, ref, 1, "Blue paint"))
    assert [each.sentence for each in apply.problems(season.bid(ref))] == [
        "Neighbours gave everything, so you need no money. Go ahead, and thank you!"
    ]


def test_what_comes_while_the_panel_has_it_changes_nothing_by_itself(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    season.with_panel(send(season, ref))
    promise = given(season, post)
    assert (amounts(season, ref)[-1], gifts()) == (180_00, [(100_00, 0, True)])
    assert "Gifts before money: “A garden for Mossgate”" in heard("Olga")
    promises.not_so(promise, "It was rotten.", season.who("Rob"))
    assert amounts(season, ref)[-1] == 180_00 and heard("Olga").count("Gifts before money: “A garden for Mossgate”") == 2
    assert not proved()


def test_a_budget_that_is_opened_again_asks_for_less(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    season.with_panel(send(season, ref))
    given(season, post)
    given(season, post, "Rosa")
    apply.ask_more(ref, ("money",), "What about the timber?", clock.today() + timedelta(days=5), season.actor("Olga"))
    with pytest.raises(Refused, match=r"can ask for up to £0\.00"):
        save(season, ref, ("Timber for three beds", 1), *LINES[1:])
    save(season, ref, ("Timber for three beds", 0), *LINES[1:])
    assert amounts(season, ref)[-1] == 80_00


def test_what_was_taken_back_while_the_panel_had_it_may_be_asked_again(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref, pieces=2)
    season.with_panel(send(season, ref))
    first = given(season, post)
    given(season, post, "Rosa")
    promises.not_so(first, "It was rotten.", season.who("Rob"))
    apply.ask_more(ref, ("money",), "What about the timber?", clock.today() + timedelta(days=5), season.actor("Olga"))
    save(season, ref, ("Timber for three beds", 50_00), *LINES[1:])
    with pytest.raises(Refused, match=r"can ask for up to £50\.00"):
        save(season, ref, ("Timber for three beds", 50_01), *LINES[1:])


def test_a_gift_that_was_counted_before_the_panel_stays_lower_when_it_was_not_so(season: Season) -> None:
    ref = draft(season)
    promise = given(season, wish(season, ref))
    season.with_panel(send(season, ref))
    promises.not_so(promise, "It was rotten.", season.who("Rob"))
    assert (amounts(season, ref)[-1], gifts()) == (80_00, [(100_00, 100_00, False)])
    assert "“Timber for three beds” was not given after all" in heard("Rita")


def test_after_the_yes_it_is_saved_and_goes_back_by_the_report(season: Season) -> None:
    ref = draft(season)
    made = season.ready(send(season, ref))
    post = wish(season, ref)
    given(season, post)
    assert (amounts(season, ref)[-1], season.award_now(made).amount, gifts()) == (180_00, 180_00, [(100_00, 0, True)])
    assert kept.not_needed() == 100_00
    assert kept.not_needed(area="mossgate", first=clock.today(), last=clock.today()) == 100_00
    assert kept.not_needed(last=clock.today() - timedelta(days=1)) == kept.not_needed(area="elsewhere") == 0
    bid = season.bid(ref)
    some = kept.gifts_of(bid.id)
    given_, checked = goods.meters(bid, queries.pledges_of(bid.id), [], [], some)
    assert (given_.counted_goods, checked.counted_goods) == (90_00, 0)
    with clock.held_at(clock.now() + timedelta(days=8)):
        assert goods.meters(bid, [], [], [], some)[1].counted_goods == 90_00, "nobody took it back in a week"
    with clock.held_at(clock.now() + timedelta(days=91)), pytest.raises(Refused, match="Not just now"):
        wish(season, ref, 1, "Blue paint")
    assert not proved()


def test_it_counts_in_figures_only_with_a_grant(season: Season) -> None:
    given(season, wish(season, draft(season)))
    assert kept.not_needed() == 0


@pytest.mark.parametrize("how", ["withdrawn", "ineligible", "declined", "lapsed"])
def test_a_bid_that_ends_lets_its_wishes_go(season: Season, how: str) -> None:
    ref = draft(season)
    post, other = wish(season, ref), wish(season, ref, 1, "Blue paint")
    agreed, loose = promised(season, post), promised(season, other, "Rosa")
    promises.meet(agreed, clock.now() + timedelta(days=20), "The hub", season.who("Rita"))
    send(season, ref)
    if how == "withdrawn":
        apply.withdraw(ref, "", season.actor("Rita"))
    elif how == "ineligible":
        apply.set_ineligible(ref, "Not here.", season.actor("Olga"))
    elif how == "declined":
        award.decline(season.offered(ref).ref, season.actor("Rita"))
    else:
        season.offered(ref)
        with clock.held_at(clock.now() + timedelta(days=15)):
            award.lapse()
    assert wishes.follow(ref) == 2 and wishes.follow() == 0
    assert (status(post), status(other)) == ("ended", "ended")
    assert heard("Rob")[-1] == "Still as you agreed? “Timber”"
    assert heard("Rosa").count("Not needed any more: “Blue paint”") == 1
    assert loose and db.session.scalar(sa.text("select count(*) from gift_promise where status = 'let_go'")) == 1
    promises.handed(agreed, season.who("Rita"))
    assert gifts() == [], "they carry it out between the two of them, and it counts for nothing"


def test_a_place_on_the_reserve_list_ends_with_its_round(app: Flask) -> None:
    season = begin(money=100_00)
    known(season, "Rita", "Rob", "Rosa")
    ref = draft(season)
    post, other = wish(season, ref), wish(season, ref, 1, "Blue paint")
    agreed, late = promised(season, post), promised(season, other, "Rosa")
    season.decided(send(season, ref))
    decide.write_letter(ref, "There is too little money.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    assert (season.bid(ref).status, season.bid(ref).reserve_place) == ("lapsed", 1)
    assert wishes.follow() == 0, "it may still be offered"
    promises.handed(agreed, season.who("Rita"))
    rounds.finish_round(season.round_ref, season.actor("Olga"))
    promises.handed(late, season.who("Rita"))
    assert len(gifts()) == 1, "what comes after the round counts for nothing"
    assert wishes.follow() == 2 and wishes.follow() == 0
    assert (status(post), status(other)) == ("gone", "gone")


def test_no_gift_is_suggested_of_somebody_who_is_blocked(season: Season) -> None:
    ref = draft(season)
    area = season.bid(ref).area_id
    for name in ("Rob", "Rosa"):
        posts.post(Draft("gift", "give", f"Paint from {name}", area), season.who(name), grown=True, once_key=name)
    post = wish(season, ref)
    for name, blocks in (("Rosa", "Rita"), ("Rob", "Rob")):
        found = wishes.suggested(season.bid(ref), (), season.who("Rita"))
        assert [each.title for each in found.values()] == [f"Paint from {name}"]
        talks.close(talks.interested(post, "I have some.", season.who(name), once_key=f"talk {name}"), season.who(blocks), block=True)
    assert not wishes.suggested(season.bid(ref), (), season.who("Rita"))


def test_the_report_ends_the_asking(season: Season) -> None:
    ref = draft(season)
    made = season.ready(send(season, ref))
    post = wish(season, ref)
    payment = season.released(made)
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    report.add_receipt(ref, "Everything", Pence(180_00), None, None, Path(), season.actor("Rita"))
    version = report.of_bid(season.bid(ref)).version
    report.save(ref, version, "It grows.", "We meet.", True, season.actor("Rita"))
    assert wishes.follow() == 0
    report.send(ref, season.actor("Rita"))
    assert wishes.follow() == 1 and status(post) == "ended"


# --- once ----------------------------------------------------------------------------------------------------------------


def test_the_same_by_hand_does_not_count_twice(season: Season) -> None:
    ref = draft(season)
    match.enter(
        ref, "Bob", None, "goods", Minutes(0), Minutes(0), 30_00, "timber for three beds", Actor(season.who("Rita").id, None, "paper")
    )
    given(season, wish(season, ref))
    bid = season.bid(ref)
    assert queries.meter_of(bid).counted_goods == 30_00, "the line by hand, and not both"
    match.invite(ref, "Rob", ("email", "rob@example.org"), season.actor("Rita"))
    pledge = next(each for each in queries.pledges_of(bid.id) if each.name == "Rob")
    match.say_yes(match.token_of(pledge), "hours", Minutes(120), Minutes(0), 0, "")
    season.ready(send(season, ref))
    day = clock.today()
    for what, value in (("Timber for three beds", 5_00), ("Wood", 100_00)):
        with pytest.raises(Refused, match="counts by itself"):
            goods.write(ref, pledge.ref, goods.Given("goods", what, Pence(value), day), None, Path(), season.actor("Rita"))
    goods.write(ref, pledge.ref, goods.Given("goods", "Screws", Pence(7_00), day), None, Path(), season.actor("Rita"))


def test_the_database_keeps_it_once(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    given(season, post)
    row = db.session.scalars(sa.select(WishedLine)).one()
    gift = db.session.scalars(sa.select(KeptGift)).one()
    same = "insert into kept_gift (promise_id, wished_line_id, application_id, pieces, value, lowered, left_to_ask, day, kept_at) select"
    tie = "insert into wished_line (application_id, line_id, post_id, kind, what, price, still, pieces, asked_at, asked_by_id) select"
    for statement in (
        f"{same} promise_id, wished_line_id, application_id, pieces, value, lowered, left_to_ask, day, kept_at from kept_gift",
        f"{tie} application_id, null, post_id, kind, what, price, still, pieces, asked_at, asked_by_id from wished_line",
        f"{tie} application_id, line_id, post_id, 'gift', what, price, still, pieces, asked_at, asked_by_id from wished_line",
        f"{tie} application_id, null, post_id, 'loan', what, price, still, pieces, asked_at, asked_by_id from wished_line",
        f"{tie} application_id, null, post_id, 'gift', what, price, price, pieces, asked_at, asked_by_id from wished_line",
        "update kept_gift set value = 1",
        "update kept_gift set lowered = 1",
        "update kept_gift set pieces = 2",
        "update kept_gift set left_to_ask = -1",
        "delete from kept_gift",
        "delete from wished_line",
        "update wished_line set price = 1",
        "update wished_line set still = 1",
        "update wished_line set ended_at = asked_at",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(sa.text(statement))
    promises.not_so(gift.promise.ref, "It was not so.", season.who("Rita"))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(sa.text("update kept_gift set taken_back_at = null"))
    assert row.id


def test_the_check_sees_a_gift_without_its_promise(season: Season) -> None:
    promise = given(season, wish(season, draft(season)))
    with transaction():
        db.session.execute(sa.text("update gift_promise set status = 'missed' where ref = :ref"), {"ref": promise})
    assert any("kept-gift" in line for line in proved())


# --- personal data -------------------------------------------------------------------------------------------------------


def test_taking_along_and_leaving(season: Season) -> None:
    ref = draft(season)
    post = wish(season, ref)
    given(season, post)
    open_ = wish(season, ref, 1, "Blue paint")
    assert all_about(season.who("Rob").id)["gifts to ideas"][0]["pence not needed"] == 100_00
    assert all_about(season.who("Rita").id)["ideas"][0]["asked of neighbours"][0]["what"] == "Timber for three beds"
    delete_me(season.who("Rita").id, season.actor("Rita"))
    assert status(open_) == "ended"
    assert wishes.follow() == 2
    assert {row.what for row in db.session.scalars(sa.select(WishedLine))} == {""}
    delete_me(season.who("Rob").id, season.actor("Rob"))
    assert kept.gifts_of(season.bid(ref).id)[0].name != "Rob"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == "gift_kept")) == 1
