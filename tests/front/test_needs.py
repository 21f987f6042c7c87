"""What needs an officer or finance today: named, with its days, and the page where it is done."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal import clock, turns
from portal.db import db, transaction
from portal.front import needs, queries, search
from portal.front.queries import Job, waiting_at_desk
from portal.grants import appeals, award, decide, pay, withdrawals
from portal.money import Pence
from portal.outbox import Addressee, Message, Text, queue
from portal.panels import actions as panels
from tests.client import Inspector
from tests.grants.season import NUMBER, SORT_CODE, Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


def names(job: Job) -> dict[str, needs.Heap]:
    return {heap.name: heap for heap in queries.desk(job)[0]}


OFFICER, FINANCE = Job(officer=True), Job(finance=True)


def test_a_bid_waits_until_it_is_late_and_then_comes_first(season: Season) -> None:
    assert queries.desk(OFFICER) == ([], [])
    first, second = season.sent(), season.sent("A choir by the sea")
    season.decided(second)
    heap = names(OFFICER)["screen"]
    bid = season.bid(first)
    assert [(item.href, item.name, item.days, item.due, item.late) for item in heap.items] == [
        (f"/desk/bids/{first}", bid.title, 0, bid.hear_by, False)
    ]
    assert (heap.number, heap.late) == (1, 0)
    assert [item.href for item in names(OFFICER)["decided"].items] == [f"/desk/bids/{second}/letter"]
    assert bid.hear_by is not None
    with clock.held_at(clock.now() + (bid.hear_by - clock.today()) + timedelta(days=1)):
        heaps = queries.desk(OFFICER)[0]
        assert heaps[0].late and {heap.name: heap.late for heap in heaps} == {"screen": 1, "late_decision": 2, "decided": 1}
        assert all(item.late and item.days for heap in heaps for item in heap.items)
        assert [line.number for line in waiting_at_desk(OFFICER)] == [1, 2, 1], "home and desk count alike"


def test_money_is_named_for_finance_step_by_step(season: Season) -> None:
    made = season.ready()
    assert [item.href for item in names(FINANCE)["pay"].items] == [f"/finance/awards/{made.ref}"]
    payment = pay.prepare(made.ref, None, season.actor("Olga"))
    assert [item.href for item in names(FINANCE)["approve"].items] == [f"/finance/payments/{payment}"]
    pay.approve(payment, season.actor("Fay"))
    assert [item.href for item in names(FINANCE)["send"].items] == [f"/finance/release?payments={payment}"]
    assert "screen" not in names(FINANCE) and "send" in names(OFFICER)


def test_a_message_whose_words_are_forgotten_needs_nobody(season: Season) -> None:
    for key, body in (("kept", "Hello"), ("forgotten", "")):
        with transaction():
            queue(key, Addressee("Ann", "email", "ann@example.org"), Text("Hello", body, "Hello"), about="x")
            db.session.execute(update(Message).where(Message.key == key).values(failed_at=clock.now()))
    assert names(OFFICER)["failed"].number == 1


def test_an_officer_for_an_area_gets_what_lies_there(season: Season) -> None:
    ref = season.sent()
    there = season.bid(ref).area_id
    assert there is not None
    season.ready(season.sent("A choir by the sea"))
    assert set(names(Job(officer=True, areas={there}))) == {"screen"}
    assert names(Job(officer=True, areas={there + 1000})) == {}


def test_the_desk(app: Flask, season: Season) -> None:
    fay = Inspector(app, 9).sign_in(season.who("Fay").id).get("/desk/")
    assert "Nothing waits" in fay.text and "/desk/rounds" not in fay.text
    for title in ("Bulbs for the verge", "Tea on Tuesdays", "Repair café", "Chess in the park", "A swift box", "Story time"):
        season.sent(title)
    made = season.ready()
    fay.get("/desk/")
    assert "grant to pay" in fay.text and f"/finance/awards/{made.ref}" in fay.links() and "idea to screen" not in fay.text
    olga = Inspector(app, 9).sign_in(season.who("Olga").id).get("/desk/")
    assert olga.text.count("Screen it") == needs.FIRST and "/desk/bids?status=sent" in olga.links() and "is late" not in olga.text
    turns.take(turns.LEDGER_CHECK, unless_done_since=clock.now(), patience=timedelta(0))
    turns.finish(turns.LEDGER_CHECK, {"ok": False, "broken": ["fund"]})
    assert "The books are broken" in olga.get("/desk/").text
    Inspector(app, 9).sign_in(season.who("Rita").id).get("/desk/", status=404)


def test_what_a_tie_hides_is_not_named_and_one_s_own_is_not_to_judge(season: Season) -> None:
    """An officer who sits on the panel and said that something ties them sees the idea nowhere until its letter has gone out."""
    ref, other = season.sent(), season.sent("A choir by the sea")
    matter = season.with_panel(ref)
    panels.declare(season.who("Dan"), season.panel_ref, matter, "family")
    for seat in ("Ada", "Ben", "Cleo"):
        panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "no", "Not now.")
    panels.close(season.who("Ada"), season.panel_ref, matter)
    assert season.bid(ref).status == "decided"
    dan, ben = (Job(officer=True, who=season.who(name)) for name in ("Dan", "Ben"))
    assert "decided" not in names(dan) and [line.number for line in waiting_at_desk(dan)] == [1], "counted and named alike"
    assert [item.href for item in names(ben)["decided"].items] == [f"/desk/bids/{ref}/letter"]
    for who, seen in ((season.who("Dan"), False), (season.who("Ben"), True)):
        scope = search.Scope(people=False, bids=None, money=False, rounds=False, person_id=who.id)
        assert (search.jump(ref, scope) is not None) is seen and search.jump(other, scope) is not None
        assert len(search.everything("mossgate gardeners", scope)[0].hits) == 1 + seen
    decide.write_letter(ref, "Not now.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [ref], season.actor("Olga")), season.actor("Otto"))
    assert search.jump(ref, search.Scope(False, None, money=False, rounds=False, person_id=season.who("Dan").id)) is not None
    appeals.make(ref, "tie", "They did not read it.", season.actor("Rita"))
    assert "appeals" in names(Job(officer=True, who=season.who("Olga"))) and "appeals" not in names(
        Job(officer=True, who=season.who("Rita"))
    )


def test_nobody_is_offered_the_second_half_of_what_they_began(season: Season) -> None:
    """Who prepared or approved a payment, or asked for something, does not find it among what waits; a colleague does."""
    olga, otto, fay = (Job(officer=name != "Fay", finance=name == "Fay", who=season.who(name)) for name in ("Olga", "Otto", "Fay"))
    made = season.ready()
    withdrawals.ask("small-sparks", "council", Pence(1_00), "They leave.", season.actor("Olga"))
    assert "withdrawals" not in names(olga) and names(otto)["withdrawals"].number == 1 and names(fay)["withdrawals"].number == 1
    ref = pay.prepare(made.ref, None, season.actor("Fay"))
    assert "approve" not in names(fay) and "approve" in names(olga)
    pay.approve(ref, season.actor("Olga"))
    assert ["send" in names(job) for job in (olga, fay, otto)] == [False, False, True], "three hands, and the third is Otto’s"
    for job in (olga, otto, fay):
        assert [line.number for line in waiting_at_desk(job)] == [heap.number for heap in names(job).values()], "home and desk count alike"


def test_what_waits_for_its_account_is_not_to_pay(season: Season) -> None:
    made = season.offered()
    award.accept(made.ref, season.actor("Rita"))
    assert set(names(FINANCE)) == {"no_account"}
    award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, NUMBER, season.actor("Rita"))
    assert set(names(FINANCE)) == {"pay"}
