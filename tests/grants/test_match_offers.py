"""A funder doubles what neighbours raise: checked, with a receipt that an officer saw, once a sum and never over the cap."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.exports import register
from portal.grants import award, goods, match, match_offers, rounds
from portal.grants.goods import ForIdea, Given
from portal.grants.match_offers import Offer
from portal.grants.model import Contribution, Delivery, Pledge
from portal.grants.pooled_model import OfferMatch
from portal.grants.pooled_rules import matched
from portal.ledger import queries as books
from portal.money import Minutes, Pence
from portal.people import queries as people
from portal.people import sessions
from portal.people.model import SecondFactor
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.pots import FREE, at
from tests.grants.season import Season, assert_books_are_right, begin, person
from tests.grants.sparks import png
from tests.races import race, ways


def began() -> Season:
    season = begin(5_000_00)
    rounds.add_funder("harbour", "The Harbour Trust", season.actor("Olga"))
    return season


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    with clock.held_at(clock.now()):
        yield began()
    assert_books_are_right()


def offered(season: Season, cap: int = 2_000_00, ratio: int = 10_000, **changes: Any) -> str:
    day = clock.today()
    given: dict[str, Any] = {"funder_code": "harbour", "fund_code": "small-sparks", "round_ref": "", "first_day": day}
    given |= {"last_day": day + timedelta(days=90)} | changes
    return match_offers.offer(ratio=ratio, cap=Pence(cap), actor=season.actor("Olga"), **given)


def so_far(ref: str) -> int:
    db.session.rollback()
    return match_offers.by_ref(ref).offer.given


def live(season: Season, by: str = "Rita", title: str = "A garden for Mossgate") -> str:
    """An idea whose grant is accepted, with a neighbour who promised to raise money; returns the bid's reference."""
    ref = season.sent(title, by=by)
    made = match.invite(ref, "Ann", ("email", f"ann.{by.lower()}@example.org"), season.actor(by))
    db.session.rollback()
    match.say_yes(
        match.token_of(db.session.scalars(sa.select(Pledge).where(Pledge.ref == made)).one()),
        "cash",
        Minutes(0),
        Minutes(0),
        40_00,
        "A sale",
    )
    award.accept(season.offered(ref).ref, season.actor(by))
    return ref


def raised(
    season: Season, ref: str, folder: Path, pence: int = 340_00, by: str = "Rita", *, receipt: bool = True, what: str = "A jumble sale"
) -> str:
    """Money that the applicant's side wrote down; returns the line's reference."""
    db.session.rollback()
    pledge = db.session.scalars(sa.select(Pledge.ref).where(Pledge.application_id == season.bid(ref).id)).one()
    said = Given("cash", what, Pence(pence), clock.today())
    return goods.write(ref, pledge, said, png() if receipt else None, folder, season.actor(by))


def checked(season: Season, ref: str, line: str, by: str = "Otto") -> None:
    goods.check(ForIdea(ref, season.actor(by)), line, 1, officer=by in ("Olga", "Otto"))


@given(st.integers(0, 10**9), st.integers(1, 100_000), st.integers(0, 10**9))
def test_what_is_added_is_rounded_down_and_never_over_the_cap(pence: int, ratio: int, left: int) -> None:
    added = matched(pence, ratio, left)
    assert 0 <= added <= left and added * 10_000 <= pence * ratio
    assert added == left or (added + 1) * 10_000 > pence * ratio


def test_an_officer_checks_it_and_the_money_moves(season: Season, tmp_path: Path) -> None:
    one, ref = offered(season), live(season)
    line = raised(season, ref, tmp_path)
    before = books.balance(FREE)
    checked(season, ref, line)
    assert so_far(one) == 340_00 and books.balance(FREE) == before + 340_00 and at("harbour").left == 340_00
    assert match_offers.offers_for(season.bid(ref))[0].words == "The Harbour Trust doubles what you raise, up to £2,000: £340 so far."
    assert (register.entry(ref).added, register.entry(ref).added_by) == (340_00, "The Harbour Trust")
    assert match_offers.give(ref, line, season.actor("Otto")) == 340_00 and so_far(one) == 340_00, "a second tap adds nothing"


def test_it_ends_at_the_cap(season: Season, tmp_path: Path) -> None:
    one, ref = offered(season, cap=500_00, ratio=5_000), live(season)
    checked(season, ref, raised(season, ref, tmp_path, 900_01))
    assert so_far(one) == 450_00, "half of it, rounded down"
    checked(season, ref, raised(season, ref, tmp_path, 200_00, what="A raffle"))
    assert so_far(one) == 500_00
    line = raised(season, ref, tmp_path, 10_00, what="Cakes")
    checked(season, ref, line)
    with pytest.raises(Refused, match="has anything left"):
        match_offers.give(ref, line, season.actor("Otto"))
    assert match_offers.by_ref(one).words.startswith("The Harbour Trust adds £0.50 for each £1")


def test_without_a_receipt_or_an_officer_it_waits(season: Season, tmp_path: Path) -> None:
    one, ref = offered(season), live(season)
    bare = raised(season, ref, tmp_path, receipt=False)
    with pytest.raises(Refused, match="Only money that is checked"):
        match_offers.give(ref, bare, season.actor("Otto"))
    checked(season, ref, bare)
    with pytest.raises(Refused, match="no receipt yet"):
        match_offers.give(ref, bare, season.actor("Otto"))
    season.people["Gus"] = person("Gus", "connector")
    line = raised(season, ref, tmp_path, 50_00, what="A raffle")
    checked(season, ref, line, by="Gus")
    assert so_far(one) == 0, "a connector checked it"
    with pytest.raises(Refused, match="your own"):
        match_offers.give(ref, line, season.actor("Rita"))
    assert match_offers.give(ref, line, season.actor("Olga")) == 50_00
    waits = match_offers.raised_under(match_offers.by_ref(one))
    assert [(each.line.ref, each.receipt is not None, each.match is not None) for each in waits] == [
        (bare, False, False),
        (line, True, True),
    ]


def test_only_money_in_its_days_and_its_round(season: Season, tmp_path: Path) -> None:
    from portal.panels.queries import panel

    other = rounds.plan_round(
        season.fund_id, panel(season.panel_ref).id, "Autumn", clock.now(), None, None, rules(season), season.actor("Olga")
    )
    tomorrow = clock.today() + timedelta(days=1)
    offered(season, round_ref=other)
    offered(season, first_day=tomorrow)
    ended = offered(season)
    match_offers.end(ended, season.actor("Olga"))
    match_offers.end(ended, season.actor("Olga"))
    ref = live(season)
    line = raised(season, ref, tmp_path)
    checked(season, ref, line)
    with pytest.raises(Refused, match="No offer"):
        match_offers.give(ref, line, season.actor("Olga"))
    assert not match_offers.offers_for(season.bid(ref)) and not register.entry(ref).added
    pledge = db.session.scalars(sa.select(Pledge.ref)).one()
    things = goods.write(ref, pledge, replace(Given("goods", "Timber", Pence(10_00), clock.today())), png(), tmp_path, season.actor("Rita"))
    offered(season)
    checked(season, ref, things)
    with pytest.raises(Refused, match="Only money"):
        match_offers.give(ref, things, season.actor("Olga"))
    with pytest.raises(NotFound):
        match_offers.give(ref, "DLV-0000-0000", season.actor("Olga"))


def rules(season: Season) -> Any:
    from portal.grants.rules import RoundRules

    return RoundRules()


def test_what_is_taken_back_goes_back(season: Season, tmp_path: Path) -> None:
    one, ref = offered(season), live(season)
    line = raised(season, ref, tmp_path)
    checked(season, ref, line)
    came = db.session.scalars(sa.select(Contribution.ref).order_by(Contribution.id.desc())).first()
    assert came is not None
    with pytest.raises(Refused, match="match page"):
        rounds.reverse_contribution(came, "Wrong", season.actor("Olga"))
    goods.take_back(ref, line, "It was another sale", season.actor("Olga"))
    assert so_far(one) == 0 and "harbour" not in {
        each for each in books.net_from("funder:harbour", FREE) if books.net_from("funder:harbour", FREE)[each]
    }
    again = raised(season, ref, tmp_path, 100_00, what="The right sale")
    checked(season, ref, again)
    assert so_far(one) == 100_00


def test_what_is_promised_meanwhile_is_not_taken_back(season: Season, tmp_path: Path) -> None:
    one, ref = offered(season), live(season)
    line = raised(season, ref, tmp_path)
    checked(season, ref, line)
    season.offered(season.sent("Benches", by="Rob"))
    with pytest.raises(Refused, match="promised or paid meanwhile"):
        goods.take_back(ref, line, "It was another sale", season.actor("Olga"))
    assert so_far(one) == 340_00 and db.session.scalars(sa.select(Delivery.status)).one() == "checked"


def test_refused(season: Season) -> None:
    day = clock.today()
    for changes, sentence in (
        ({"ratio": 0}, "between 1p"), ({"ratio": 100_001}, "between 1p"), ({"cap": 0}, "the most"), ({"last_day": day - timedelta(days=1)}, "last day"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=sentence):
            offered(season, **changes)
    with pytest.raises(NotFound):
        offered(season, funder_code="nobody")


def test_the_database_keeps_the_cap_and_one_match_a_sum(season: Season, tmp_path: Path) -> None:
    offered(season, cap=340_00)
    ref = live(season)
    checked(season, ref, raised(season, ref, tmp_path))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(sa.text("UPDATE match_offer SET given = given + 1"))
    db.session.rollback()
    with pytest.raises(IntegrityError), transaction():
        row = db.session.scalars(sa.select(OfferMatch)).one()
        other = db.session.scalars(sa.select(Contribution.id).where(Contribution.id != row.contribution_id)).first()
        same = {
            "offer_id": row.offer_id,
            "delivery_id": row.delivery_id,
            "raised": row.raised,
            "amount": row.amount,
            "seen_by_id": row.seen_by_id,
        }
        db.session.add(OfferMatch(**same, contribution_id=other, seen_at=clock.now()))
    db.session.rollback()


def test_a_broken_sum_is_found(season: Season, tmp_path: Path) -> None:
    offered(season)
    with transaction():
        db.session.execute(sa.text("UPDATE match_offer SET given = 1"))
    assert any("was added" in each for each in match_offers.broken_caches())
    with transaction():
        db.session.execute(sa.text("UPDATE match_offer SET given = 0"))


def test_many_at_once_never_go_over_the_cap(store: Store, tmp_path: Path) -> None:
    """Two ideas, two sums each of £300, £500 left: four officers tap at once, twice each."""
    with store.app.app_context():
        season = began()
        one = offered(season, cap=500_00)
        season.people["Gus"] = person("Gus", "connector")
        calls = []
        for by, title in (("Rita", "A garden"), ("Rob", "Benches")):
            ref = live(season, by, title)
            for what in ("A jumble sale", "A raffle"):
                line = raised(season, ref, tmp_path, 300_00 if what == "A raffle" else 299_99, by, what=what)
                checked(season, ref, line, by="Gus")
                calls += [f"match_offers.give({ref!r}, {line!r}, Actor({season.who(officer).id}))" for officer in ("Olga", "Otto")]
        db.session.remove()
    results = race(store, calls)
    with store.app.app_context():
        assert "done" in ways(results)
        assert so_far(one) == 500_00 == at("harbour").left
        assert sum(amount for amount in db.session.scalars(sa.select(OfferMatch.amount))) == 500_00
        assert_books_are_right()
        db.session.remove()
        db.engine.dispose()


def test_the_role_of_an_officer_that_sleeps_moves_no_money(app: Flask, season: Season, tmp_path: Path) -> None:
    """Checking is open to a connector; the funder's money follows an officer who gave their second factor in this browser."""
    one, ref = offered(season), live(season)
    oda = person("Oda", "officer", "connector").id
    with transaction():
        db.session.add(SecondFactor(person_id=oda, sealed="x", made_at=clock.now(), confirmed_at=clock.now(), last_step=1))
    browser = Inspector(app, budget=40).sign_in(oda)
    for what, added in (("A jumble sale", 0), ("A raffle", 340_00)):
        raised(season, ref, tmp_path, what=what)
        browser.get(f"/grants/{ref}/match").submit(f"Yes, £340.00 for “{what}” is right")
        assert so_far(one) == added
        assert [each.line.status for each in match_offers.raised_under(match_offers.by_ref(one))] == ["checked"] * (1 + bool(added))
        with transaction():
            sessions.give_second(people.sessions_of(oda)[0].id)


def test_the_pages(app: Flask, season: Season, tmp_path: Path) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only the page differs")
    season.people["Gus"] = person("Gus", "connector")
    olga = Inspector(app, budget=20).sign_in(season.who("Olga").id)
    olga.get("/desk/match-offers")
    olga.get("/desk/match-offers/new")
    olga.submit("Write it down", 422, cap="")
    until = clock.today() + timedelta(days=30)
    days = {"last_day-day": str(until.day), "last_day-month": str(until.month), "last_day-year": str(until.year)}
    fields: dict[str, Any] = {"funder": "harbour", "where": "small-sparks/", "ratio": "10000", "cap": "2,000"} | days
    olga.submit("Write it down", **fields).follow()
    one: Offer = match_offers.all_offers()[0]
    ref = live(season)
    line = raised(season, ref, tmp_path)
    checked(season, ref, line, by="Gus")
    rita = Inspector(app, budget=20).sign_in(season.who("Rita").id)
    assert "The Harbour Trust doubles what you raise, up to £2,000: £0 so far" in rita.get(f"/grants/{ref}/match").text
    olga.get(f"/desk/match-offers/{one.offer.ref}")
    olga.submit("I have seen the receipt of £340.00").follow()
    assert "£340.00 came into the fund" in olga.text
    assert register.entry(ref).line.title
    assert "The Harbour Trust added £340.00" in Inspector(app).get(f"/register/{ref}").text
    olga.get(f"/desk/match-offers/{one.offer.ref}")
    olga.submit("End it").follow()
