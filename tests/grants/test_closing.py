"""A fund is closed when nothing of it is under way: two people, a reason, and each funder gets its share of the rest to the penny."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Refused
from portal.front.queries import Job, waiting_at_desk
from portal.grants import apply, award, closing, decide, floats, pay, queries, report, rounds
from portal.grants.model import Closing, Fund, Funder
from portal.grants.proofs import broken_caches
from portal.grants.rules import RoundRules, shared_out
from portal.history import events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels import queries as panel_queries
from portal.panels.queries import panel
from portal.people.model import Role
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin

FREE = "fund:small-sparks:available"
FUND = "/desk/funds/small-sparks"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """£1,000 of the council and £500 of Tideway Homes."""
    season = begin()
    rounds.add_funder("tideway", "Tideway Homes", season.actor("Olga"))
    contribute(season, "tideway", 500_00)
    yield season
    assert_books_are_right()


def contribute(season: Season, funder: str, pence: int) -> str:
    id_ = db.session.scalars(select(Funder.id).where(Funder.code == funder)).one()
    return rounds.contribute(season.fund_id, id_, Pence(pence), clock.today(), "", season.actor("Olga"), another=True)


def finished(season: Season) -> None:
    rounds.finish_round(season.round_ref, season.actor("Olga"))


def closed(season: Season, why: str = "It has done its work") -> Pence:
    assert closing.ask("small-sparks", why, season.actor("Olga")) is (books.balance(FREE) == 0)
    if fund().closed_at is not None and not books.balance(FREE):
        return Pence(0)
    return closing.confirm("small-sparks", books.balance(FREE), season.actor("Fay"))


def fund() -> Fund:
    db.session.rollback()
    return queries.fund_by_code("small-sparks")


def told(season: Season) -> list[str]:
    db.session.rollback()
    return [event.kind for event in events_of(f"fund:{season.fund_id}")]


# --- the sum -------------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(0, 10_000_00), min_size=1).filter(lambda each: sum(each.values()) > 0),
    st.data(),
)
def test_shares_are_whole_and_fair(weights: dict[str, int], data: st.DataObject) -> None:
    total = sum(weights.values())
    amount = data.draw(st.integers(0, total))
    shares = shared_out(amount, weights)
    assert sum(shares.values()) == amount and shares.keys() == weights.keys()
    for name, share in shares.items():
        assert share <= weights[name] and abs(share * total - amount * weights[name]) < total, "within a penny of the exact share"
    for one in weights:
        for other in weights:
            assert weights[one] <= weights[other] or shares[one] >= shares[other], "who put in more gets no less"


def test_shares_by_hand() -> None:
    assert shared_out(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert shared_out(10, {"small": 1, "big": 5}) == {"small": 2, "big": 8}  # 1.67 and 8.33
    assert shared_out(0, {"a": 3}) == {"a": 0}


def test_what_went_back_is_not_taken_back_once_more(season: Season) -> None:
    old = contribute(season, "tideway", 100_00)
    finished(season)
    closed(season)
    closing.reopen("small-sparks", "A late gift", season.actor("Olga"))
    fresh = contribute(season, "council", 900_00)
    with pytest.raises(Refused, match="went back to its funders then"):
        rounds.reverse_contribution(old, "Typed twice", season.actor("Olga"))
    assert books.balance(FREE) == 900_00
    rounds.reverse_contribution(fresh, "Another fund", season.actor("Olga"))
    assert books.balance(FREE) == 0


# --- closing -------------------------------------------------------------------------------------------------------------


def test_each_funder_gets_its_share_of_what_is_left(season: Season) -> None:
    """£250 went to a garden, £10 came back: £1,260 is left, two thirds of it the council's."""
    made = season.ready()
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    pay.refund(made.ref, Pence(10_00), clock.today(), "Not spent", season.actor("Fay"))
    report.waive(made.application.ref, "Seen by the connector", season.actor("Olga"))
    wrong = contribute(season, "tideway", 900_00)
    rounds.reverse_contribution(wrong, "Another fund", season.actor("Olga"))
    finished(season)
    assert closing.shares(fund()) == {"council": 840_00, "tideway": 420_00}
    assert closed(season) == 1260_00
    assert [books.balance(code) for code in (FREE, "funder:council", "funder:tideway")] == [0, -160_00, -80_00]
    row = db.session.scalars(select(Closing)).one()
    assert (row.amount, row.asked_by_id, row.closed_by_id) == (1260_00, season.who("Olga").id, season.who("Fay").id)
    figures = queries.figures_of(fund())[season.fund_id]
    assert (figures.received, figures.free, figures.paid, figures.given_back) == (1500_00, 0, 240_00, 1260_00)
    last = events_of(f"fund:{season.fund_id}")[-1]
    assert (last.kind, last.reason, last.data) == (
        "closed",
        "It has done its work",
        {"amount": 1260_00, "parts": {"council": 840_00, "tideway": 420_00}},
    )


def test_what_comes_back_later_is_given_back_by_the_same_shares(season: Season) -> None:
    made = season.ready()
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    report.waive(made.application.ref, "Seen", season.actor("Olga"))
    finished(season)
    closed(season)
    pay.refund(made.ref, Pence(100_00), clock.today(), "They found the timber", season.actor("Fay"))
    assert closing.shares(fund()) == {"council": 66_67, "tideway": 33_33}
    assert [line.what for line in waiting_at_desk(Job(officer=True, finance=True)) if line.href == "/desk/funds"] == [
        "closed fund into which money came back"
    ]
    assert closing.ask("small-sparks", "It came back", season.actor("Otto")) is False
    assert closing.confirm("small-sparks", 100_00, season.actor("Olga")) == 100_00
    assert told(season)[-2:] == ["closing_asked", "given_back"] and fund().closed_at is not None
    assert not [line for line in waiting_at_desk(Job(officer=True, finance=True)) if line.href == "/desk/funds"]


def test_one_person_closes_an_empty_fund(season: Season) -> None:
    finished(season)
    closed(season)
    closing.reopen("small-sparks", "Another year", season.actor("Otto"))
    assert closing.ask("small-sparks", "No money came", season.actor("Otto")) is True
    assert closing.ask("small-sparks", "No money came", season.actor("Otto")) is True, "a second tap"
    assert told(season)[-2:] == ["reopened", "closed"]
    with pytest.raises(Refused, match="closed already"):
        closing.ask("small-sparks", "Me too", season.actor("Olga"))


def test_nobody_does_it_alone(season: Season) -> None:
    finished(season)
    olga = season.actor("Olga")
    with pytest.raises(Refused, match="Nobody asks"):
        closing.confirm("small-sparks", 1500_00, olga)
    assert closing.ask("small-sparks", "Done", olga) is False
    assert closing.ask("small-sparks", "Done", olga) is False, "a second tap"
    with pytest.raises(Refused, match="Olga has asked for this already"):
        closing.ask("small-sparks", "Done", season.actor("Otto"))
    with pytest.raises(Refused, match="A second person must"):
        closing.confirm("small-sparks", 1500_00, olga)
    with pytest.raises(Refused, match=r"has £1,500\.00 free now"):
        closing.confirm("small-sparks", 1499_99, season.actor("Fay"))
    assert fund().closed_at is None and told(season).count("closing_asked") == 1
    assert closing.confirm("small-sparks", 1500_00, season.actor("Fay")) == 1500_00
    assert closing.confirm("small-sparks", 1500_00, season.actor("Fay")) == 1500_00, "a second tap"
    with pytest.raises(Refused, match="Nobody asks"):
        closing.confirm("small-sparks", 0, season.actor("Otto"))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE closing SET asked_by_id = closed_by_id"))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE closing SET closed_by_id = NULL"))


def test_it_is_left_as_it_is(season: Season) -> None:
    finished(season)
    closing.ask("small-sparks", "Done", season.actor("Olga"))
    closing.cancel("small-sparks", season.actor("Otto"))
    closing.cancel("small-sparks", season.actor("Otto"))
    assert told(season)[-1] == "closing_taken_back" and told(season).count("closing_taken_back") == 1
    closed(season)
    with pytest.raises(Refused, match="closed meanwhile"):
        closing.cancel("small-sparks", season.actor("Olga"))


@pytest.mark.parametrize("act", ["ask", "reopen"])
def test_a_reason_is_needed(season: Season, act: str) -> None:
    finished(season)
    if act == "reopen":
        closed(season)
    with pytest.raises(Refused, match="Write why"):
        getattr(closing, act)("small-sparks", "", season.actor("Olga"))


# --- what is in the way --------------------------------------------------------------------------------------------------


def in_the_way(season: Season) -> list[tuple[str, str]]:
    found = closing.in_the_way(fund())
    for each in found:
        assert each.href.endswith(each.ref) or each.href == "/desk/floats"
    with pytest.raises(Refused, match="still under way"):
        closing.ask("small-sparks", "Done", season.actor("Olga"))
    return [(each.what, each.ref) for each in found]


def test_a_round_is_in_the_way(season: Season) -> None:
    assert in_the_way(season) == [("A round that is not finished", season.round_ref)]
    finished(season)
    planned = rounds.plan_round(season.fund_id, panel(season.panel_ref).id, "Later", clock.now() + timedelta(days=9), None, None, RoundRules(), season.actor("Olga"))  # fmt: skip
    assert in_the_way(season) == [("A round that is planned", planned)]
    rounds.finish_round(planned, season.actor("Olga"))  # called off
    with clock.held_at(clock.now() + timedelta(days=20)):
        rounds.move_rounds()
        assert queries.round_by_ref(planned).status == "finished"
    assert closed(season) == 1500_00


def test_live_grants_are_in_the_way_until_they_are_closed(season: Season) -> None:
    made = season.ready()
    finished(season)
    assert in_the_way(season) == [("A grant that is not closed", made.ref)]
    payment = season.released(made)
    assert in_the_way(season) == [("A grant whose money is on its way", made.ref)]
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    assert in_the_way(season) == [("A grant that is not closed", made.ref)]
    report.waive(made.application.ref, "Seen", season.actor("Olga"))
    assert closed(season) == 1250_00


def test_what_comes_into_the_way_before_the_second_person(season: Season) -> None:
    finished(season)
    closing.ask("small-sparks", "Done", season.actor("Olga"))
    rounds.plan_round(season.fund_id, panel(season.panel_ref).id, "Later", clock.now() + timedelta(days=9), None, None, RoundRules(), season.actor("Otto"))  # fmt: skip
    with pytest.raises(Refused, match="a round that is planned"):
        closing.confirm("small-sparks", 1500_00, season.actor("Fay"))


def test_an_idea_that_comes_back_to_a_finished_round(season: Season) -> None:
    ref = season.decided(season.sent(), "not_yet")
    decide.write_letter(ref, "Ask the school first.", [], None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    finished(season)
    decide.put_to_panel(ref, season.actor("Olga"))
    assert in_the_way(season) == [("An idea that waits for an answer", ref)]
    decide.take_back(ref, "The fund ends", season.actor("Olga"))
    closed(season)
    with pytest.raises(Refused, match="The fund of this idea is closed"):
        decide.put_to_panel(ref, season.actor("Olga"))
    assert season.bid(ref).status == "sent"


def test_floats_are_in_the_way(season: Season) -> None:
    with transaction():
        db.session.add(Role(person_id=season.who("Rob").id, name="connector", since=clock.today(), reason="test"))
    finished(season)
    asked = floats.ask(season.ref("Rob"), "small-sparks", season.panel_ref, Pence(50_00), "Doors", season.actor("Rob"), once_key="one")
    assert in_the_way(season) == [("A float that a panel was asked for", asked)]
    matter = panel_queries.matters_about(floats.matter_about(floats.request_by_ref(asked)))[-1]
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter.ref, "none")
        panels.vote(season.who(seat), season.panel_ref, matter.ref, "yes", "Good.")
    panels.close(season.who("Ada"), season.panel_ref, matter.ref)
    held = floats.of_person(season.who("Rob").id, season.fund_id)
    assert held is not None
    assert in_the_way(season) == [("A float for quick sparks", held.ref)]
    floats.take_back(held.ref, "The fund ends", season.actor("Olga"))
    assert closed(season) == 1500_00
    with pytest.raises(Refused, match="is closed"):
        floats.ask(season.ref("Rob"), "small-sparks", season.panel_ref, Pence(50_00), "Doors", season.actor("Rob"), once_key="two")


# --- a closed fund -------------------------------------------------------------------------------------------------------


def test_a_closed_fund_takes_nothing_and_opens_nothing_until_it_is_reopened(season: Season) -> None:
    finished(season)
    row = queries.contributions_of(fund())[0][0].ref
    closed(season)
    planned = (season.fund_id, panel(season.panel_ref).id, "New", clock.now(), None, None, RoundRules(), season.actor("Olga"))
    for act in (
        lambda: contribute(season, "council", 10_00),
        lambda: rounds.plan_round(*planned),
        lambda: rounds.reverse_contribution(row, "Wrong", season.actor("Olga")),
    ):
        with pytest.raises(Refused, match="The fund Small Sparks is closed"):
            act()
    with pytest.raises(Refused, match="This round takes no ideas"):
        apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    closing.reopen("small-sparks", "The council gave more", season.actor("Otto"))
    closing.reopen("small-sparks", "The council gave more", season.actor("Otto"))
    with pytest.raises(Refused, match="This fund is open"):
        closing.reopen("small-sparks", "Me too", season.actor("Olga"))
    assert told(season)[-1] == "reopened" and told(season).count("reopened") == 1 and fund().closed_at is None
    contribute(season, "tideway", 30_00)
    season.round_ref = rounds.plan_round(*planned)
    assert closing.shares(fund()) == {"tideway": 30_00}, "the council has had all of its money back"
    rounds.open_round(season.round_ref, season.actor("Olga"))
    with pytest.raises(Refused, match="not finished"):
        closing.ask("small-sparks", "Again", season.actor("Olga"))
    assert award.offer_reserves() == 0


def test_giving_back_and_reopening_do_not_meet(season: Season) -> None:
    made = season.ready()
    pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
    report.waive(made.application.ref, "Seen", season.actor("Olga"))
    finished(season)
    closed(season)
    pay.refund(made.ref, Pence(100_00), clock.today(), "Back", season.actor("Fay"))
    closing.ask("small-sparks", "It came back", season.actor("Olga"))
    with pytest.raises(Refused, match="waits for a second person"):
        closing.reopen("small-sparks", "Go on", season.actor("Olga"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE closing SET amount = 1", "closing:1 says 1 pence, the books 150000"),
        ("UPDATE fund SET closed_at = NULL", "fund:1 is open, its events say something else"),
        ("UPDATE round SET status = 'open'", "fund:1 is closed, but round:1 is under way"),
        ("UPDATE award SET status = 'reporting'", "fund:1 is closed, but award:1 is under way"),
    ],
)
def test_the_ledger_check_sees_it(season: Season, change: str, says: str) -> None:
    award.decline(season.offered().ref, season.actor("Rita"))
    finished(season)
    closed(season)
    db.session.commit()
    assert list(broken_caches()) == []
    db.session.execute(text(change))
    assert any(line.startswith(says) for line in broken_caches()), list(broken_caches())
    db.session.rollback()


def test_the_ledger_check_sees_a_fund_that_was_closed_behind_the_back(season: Season) -> None:
    db.session.execute(text("UPDATE fund SET closed_at = opened_at"))
    assert "fund:1 is closed, its events say something else" in list(broken_caches())
    db.session.rollback()


# --- the pages -----------------------------------------------------------------------------------------------------------


def test_an_officer_and_finance_close_a_fund_on_the_pages(app: Flask, season: Season) -> None:
    olga, fay = (Inspector(app, budget=40).sign_in(season.who(name).id) for name in ("Olga", "Fay"))
    assert "This fund is closed" not in olga.get(FUND).text
    page = olga.get(f"{FUND}/close")
    assert (
        "Still under way" in page.text
        and f"/desk/rounds/{season.round_ref}" in list(page.links())
        and "Ask a second person" not in page.text
    )
    page = fay.get(f"{FUND}/close")
    assert season.round_ref in page.text and f"/desk/rounds/{season.round_ref}" not in list(page.links()), "no link to what is not hers"
    olga.get(f"/desk/rounds/{season.round_ref}").submit("Finish it")
    assert "An officer asks for this" in fay.get(f"{FUND}/close").text
    token = fay._values(fay.get("/people/me").forms()[0])["csrf_token"]
    assert fay.client.post(f"{FUND}/close", data={"csrf_token": token, "act": "ask", "reason": "Mine"}).status_code == 404
    assert "closing_asked" not in told(season)
    page = olga.get(f"{FUND}/close")
    assert "£1,000.00" in page.text and "£500.00" in page.text and "Tideway Homes" in page.text
    page.submit("Ask a second person", status=422, reason="")
    assert "Write why" in olga.text
    olga.submit("Ask a second person", reason="It has done its work").follow()
    assert "waits for a second person" in olga.text and "Asked to close it" in olga.text
    assert "You asked for this" in olga.get(f"{FUND}/close").text
    assert f"{FUND}/close" in list(fay.get("/finance/").links())
    contribute(season, "council", 1_00)
    stale = fay.get(f"{FUND}/close")
    contribute(season, "council", 1_00)
    stale.submit("Give it back and close the fund", status=422)
    assert "has £1,502.00 free now" in fay.text
    fay.get(f"{FUND}/close").submit("Give it back and close the fund").follow()
    assert "Given back" in fay.text and "£1,502.00" in fay.text and "Reopen it" not in fay.text
    assert "This fund is closed" in olga.get(FUND).text and "/rounds/new" not in olga.text and "contributions" not in olga.text
    assert "nothing is left in it" in olga.get(f"{FUND}/close").text
    assert "Closed" in olga.get("/desk/funds").text
    olga.get(f"{FUND}/reopen").submit("Reopen it", reason="Another year").follow()
    assert "Money has come in" in olga.text and "Another year" in olga.text


def test_the_second_person_proves_who_they_are(app: Flask, season: Season) -> None:
    finished(season)
    closing.ask("small-sparks", "Done", season.actor("Olga"))
    fay = Inspector(app).sign_in(season.who("Fay").id)
    with clock.held_at(clock.now() + timedelta(minutes=30)):
        fay.get(f"{FUND}/close").submit("Give it back and close the fund")
        assert fay.location == "/people/prove?next=/people/go-on"
    assert fund().closed_at is None


def test_a_form_that_was_open_meanwhile_says_so(app: Flask, season: Season) -> None:
    olga = Inspector(app).sign_in(season.who("Olga").id)
    form = olga.get(FUND)
    finished(season)
    closed(season)
    form.submit("Record it", status=422, amount="20", received_on_day=str(clock.today().day), received_on_month=str(clock.today().month), received_on_year=str(clock.today().year))  # fmt: skip
    assert "is closed. Reopen it first" in olga.text


def test_a_closed_fund_is_not_offered_for_floats(app: Flask, season: Season) -> None:
    olga = Inspector(app).sign_in(season.who("Olga").id)
    assert 'value="small-sparks"' in olga.get("/desk/floats/ask").text
    finished(season)
    closed(season)
    assert 'value="small-sparks"' not in olga.get("/desk/floats/ask").text
