"""One £250 grant from the letter to the end, as a treasurer reads it."""

from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.errors import Refused
from portal.grants import award, decide, pay, queries
from portal.history import events_of
from portal.ledger import queries as books
from portal.money import Pence
from portal.outbox import messages_about
from portal.panels import actions as panels
from tests.grants.season import NUMBER, SORT_CODE, assert_books_are_right, begin


def test_one_grant_of_250_pounds_to_the_end(app: Flask) -> None:
    season = begin(money=1000_00)
    free = "fund:small-sparks:available"
    assert books.balance(free) == 1000_00

    # Rita sends her idea; Olga puts it to the panel; three neighbours say yes, one is tied; Ada, in the chair, counts
    ref = season.sent("A garden for Mossgate", 250_00)
    matter = season.with_panel(ref)
    assert panels.declare(season.who("Dan"), season.panel_ref, matter, "family", "My sister") is False
    for seat in ("Ada", "Ben", "Cleo"):
        assert panels.declare(season.who(seat), season.panel_ref, matter, "none")
        panels.vote(season.who(seat), season.panel_ref, matter, "yes")
    assert panels.close(season.who("Ada"), season.panel_ref, matter) == "yes"
    assert season.bid(ref).status == "decided" and season.bid(ref).decided == "yes"
    tally = season.matter(ref).tally
    assert tally is not None and [(each["kind"], each["chair"]) for each in tally.pop("seats")] == [
        ("member", True),
        ("member", False),
        ("member", False),
    ]
    assert tally == {"able": 3, "tied": 1, "yes": 3, "no": 0, "not_yet": 0, "abstain": 0, "sources": {"phone": 3}, "ties": ["family"]}
    assert books.balance(free) == 1000_00, "a decision moves no money"

    # the letter says why; Olga prepares, Otto releases: the money is reserved and Rita hears
    decide.write_letter(ref, "It brings neighbours together.", ["Permission of the landowner"], None, season.actor("Olga"))
    release = decide.prepare_release(season.round_ref, [ref], season.actor("Olga"))
    assert decide.release(release, season.actor("Otto")) == 1
    made = season.award(ref)
    assert (made.status, made.amount, made.ward_code, made.ward_name) == ("reserved", 250_00, "E05099001", "Mossgate")
    assert books.balance(free) == 750_00 and books.balance(award.reserved(made)) == 250_00
    letter = messages_about(f"bid:{made.application_id}")[0]
    assert "£250.00" in letter.body and "It brings neighbours together." in letter.body and "Permission of the landowner" in letter.body
    assert award.accept_link(made) in letter.body

    # one tap: accepted, but the landowner must agree first
    award.accept(made.ref, season.actor("Rita"))
    award.accept(made.ref, season.actor("Rita"))
    assert season.award_now(made).status == "conditions_open"
    assert books.balance(award.payable(made)) == 0
    award.give_details(made.ref, "Mossgate Gardeners", SORT_CODE, NUMBER, season.actor("Rita"))
    award.meet_condition(made.ref, 0, season.actor("Olga"))
    assert season.award_now(made).status == "ready_to_pay"
    assert books.balance(award.reserved(made)) == 0 and books.balance(award.payable(made)) == 250_00

    # three hands
    payment_ref = pay.prepare(made.ref, None, season.actor("Fay"))
    pay.approve(payment_ref, season.actor("Olga"))
    with pytest.raises(Refused, match="third person"):
        pay.release_run([payment_ref], season.actor("Olga"))
    run_ref = pay.release_run([payment_ref], season.actor("Otto"))
    run = pay.run_by_ref(run_ref)
    assert books.balance(pay.in_transit(run.id)) == 250_00 and books.balance(award.payable(made)) == 0
    assert season.award_now(made).status == "ready_to_pay"

    # the bank says it has arrived: paid, and the report opens
    assert pay.settle_run(run_ref, clock.today(), season.actor("Fay")) == 1
    made = season.award_now(made)
    payee = award.current_payee(made)
    assert payee is not None and payee.masked == "••-••-34 ••••5678" and NUMBER not in payee.sealed
    assert books.balance(pay.paid_to(payee)) == 250_00 == made.paid
    assert made.status == "reporting"

    # £12.40 was not needed and comes back
    pay.refund(made.ref, Pence(12_40), clock.today(), "The soil was cheaper.", season.actor("Fay"))
    made = season.award_now(made)
    assert made.paid == 237_60 and books.balance(free) == 762_40
    assert [entry.key for entry in books.entries_about(f"award:{made.id}")] == [
        f"award:{made.id}:offered", f"award:{made.id}:accepted", f"award:{made.id}:instalment:1:released",
        f"payment:{pay.payment_by_ref(payment_ref).id}:settled", books.entries_about(f"award:{made.id}")[4].key,
    ]  # fmt: skip
    assert [event.kind for event in events_of(f"award:{made.id}") if event.kind in ("offered", "accepted", "conditions_met", "paid", "report_opened")] == [
        "offered", "accepted", "conditions_met", "paid", "report_opened",
    ]  # fmt: skip
    assert_books_are_right()

    # a month later the account number is forgotten
    with clock.held_at(clock.now() + timedelta(days=31)):
        assert award.purge_details() == 1
        assert award.purge_details() == 0
    payee = award.current_payee(season.award_now(made))
    assert payee is not None and payee.sealed == "" and payee.masked == "••-••-34 ••••5678"
    assert queries.award_of(made.application_id) is not None
