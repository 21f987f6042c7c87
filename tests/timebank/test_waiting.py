"""What waits at the desk for whoever looks after the timebank, in their areas and nowhere else."""

from datetime import timedelta

from flask import Flask

from portal import clock
from portal.front.queries import Job, waiting_at_desk
from portal.timebank import exchange
from tests.client import Inspector
from tests.timebank.bank import open_bank


def test_a_connector_sees_it_at_home_and_others_do_not(app: Flask) -> None:
    bank = open_bank()
    ref = bank.log("Idris", "gave", "Maya", 180)
    exchange.answer(ref, 30, "", bank.who("Maya"), shown=180)

    def hours(areas: frozenset[int] | None) -> list[int]:
        found = waiting_at_desk(Job(officer=False, finance=False, coordinator=True, helps_in=areas))
        return [line.number for line in found if line.href.startswith("/timebank/desk/?all=")]

    assert hours(None) == hours(frozenset({bank.areas["mossgate"]})) == [1]
    assert hours(frozenset({bank.areas["riverside"]})) == []
    cass = Inspector(app, 8).sign_in(bank.who("Cass").id).get("/")
    assert "exchange that two cannot settle" in cass.text
    assert "cannot settle" not in Inspector(app, 8).sign_in(bank.who("Maya").id).get("/").text
    bank.log("Walter", "gave", "Maya", 30)
    with clock.held_at(clock.now() + timedelta(days=15)):
        assert hours(frozenset({bank.areas["riverside"]})) == [1], "nobody answers: somebody looks at it"
