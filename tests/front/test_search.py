"""The desk's search finds what somebody may open, and nothing else."""

from dataclasses import replace

from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.db import db, transaction
from portal.front import search
from portal.front.search import Scope, everything, jump
from portal.grants import large, pay, withdrawals
from portal.grants.model import Application, Contribution, Funder
from portal.money import Pence
from portal.panels.model import Interest, Matter, Seat
from portal.settings import limits
from tests.client import Inspector
from tests.grants.season import begin, person

ALL = Scope(people=None, bids=None, money=True, rounds=True, person_id=0)
NONE = Scope(people=False, bids=False, money=False, rounds=False, person_id=0)


def found(typed: str, scope: Scope = ALL) -> dict[str, list[str]]:
    return {group.heading: [hit.href for hit in group.hits] for group in everything(typed, scope)}


def test_by_name_words_and_reference(app: Flask) -> None:
    season = begin()
    ref = season.sent()
    made = season.ready(season.sent("A choir by the sea"))
    payment = pay.prepare(made.ref, None, season.actor("Olga"))
    rita = season.who("Rita")
    assert found("rit")["People"] == [f"/desk/people/{season.ref('Rita')}"]
    assert found("garden", ALL)["Ideas"] == [f"/desk/bids/{ref}"]
    assert len(found("rita")["Ideas"]) == 2, "by who asks"
    assert found("mossgate gar")["Payments"] == [f"/finance/payments/{payment}"]
    assert found("small")["Rounds and funds"], "a part of a name"
    assert found("x") == {} and found("%%") == {} and found("nobody at all") == {} and found("rita", NONE) == {}
    for typed, href in (
        (ref.lower().replace("-", " "), f"/desk/bids/{ref}"),
        (made.ref, f"/finance/awards/{made.ref}"),
        (payment, f"/finance/payments/{payment}"),
    ):
        assert jump(typed, ALL) == href and jump(typed, NONE) is None
    assert jump("SPK-2222-2222", ALL) is None and jump(ref[:8], ALL) is None
    here = season.bid(ref).area_id
    assert here is not None
    for areas, there in (({here}, True), ({here + 1000}, False)):
        scope = Scope(people=areas, bids=areas, money=False, rounds=False, person_id=0)
        assert (jump(ref, scope) is not None) is there and bool(found("garden", scope)) is there
        assert jump(made.ref, scope) is None and "Payments" not in found("mossgate gar", scope)
    assert rita.id


def test_more_than_fit_are_said(app: Flask) -> None:
    begin()
    for number in range(search.FIRST + 1):
        person(f"Zelda {number}")
    (group,) = everything("zelda", ALL)
    assert group.more and len(group.hits) == search.FIRST


def test_the_page(app: Flask) -> None:
    season = begin()
    ref = season.sent()
    olga = Inspector(app, 9).sign_in(season.who("Olga").id).get("/desk/search")
    assert f"/desk/bids/{ref}" in olga.get("/desk/search?q=garden").links()
    assert "Nothing found" in olga.get("/desk/search?q=%00%22nothing*").text
    assert olga.get(f"/desk/search?q={ref}", status=303).location == f"/desk/bids/{ref}"
    fay = Inspector(app, 9).sign_in(season.who("Fay").id)
    assert "Nothing found" in fay.get("/desk/search?q=garden").text and "Nothing found" in fay.get(f"/desk/search?q={ref}").text
    Inspector(app, 9).sign_in(season.who("Rita").id).get("/desk/search", status=404)


def test_finance_finds_what_was_granted(app: Flask) -> None:
    """Grants by title, group, payee and reference, payees by a part, funders and the references of money; nothing that was only asked for."""
    season = begin()
    asked = season.sent()
    made = season.ready(season.sent("A choir by the sea"))
    payment = pay.prepare(made.ref, None, season.actor("Olga"))
    bid = season.award_now(made).application.ref
    fay = Scope(people=False, bids=False, money=True, rounds=False, person_id=season.who("Fay").id)
    for typed in ("choir", "gardeners", bid[:8]):
        assert found(typed, fay)["Grants"] == [f"/finance/awards/{made.ref}"], typed
    assert found("gardeners", fay)["Payments"] == [f"/finance/payments/{payment}"], "by a part of the name"
    assert found("council", fay) == {"Funders": ["/desk/funders/council"]} and found("small sp", fay) == {
        "Funds": ["/desk/funds/small-sparks"]
    }
    assert found("raised beds", fay) == {} and jump(asked, fay) is None and jump(bid, fay) == f"/finance/awards/{made.ref}"
    came = db.session.scalars(select(Contribution.ref)).one()
    assert jump(came, fay) == "/desk/funds/small-sparks" and jump(came, NONE) is None
    back = withdrawals.ask("small-sparks", "council", Pence(1_00), "They leave.", season.actor("Olga"))
    assert jump(back, fay) == "/desk/funders/council"
    assert jump(back, replace(fay, seconds=True)) == f"/desk/funders/council/withdrawals/{back}"
    funder = db.session.scalars(select(Funder.id)).one()
    much = large.ask(season.fund_id, funder, Pence(limits.LARGE.ships + 1), clock.today(), "BACS 1", season.actor("Olga"))
    assert jump(much, fay) == "/desk/funds/small-sparks"
    assert jump(much, replace(fay, seconds=True)) == f"/desk/funds/small-sparks/large/{much}"
    id_ = season.bid(bid).id
    with transaction():
        db.session.execute(update(Application).where(Application.ref == bid).values(status="decided"))
        seat = db.session.scalars(select(Seat).where(Seat.person_id == season.who("Dan").id)).one()
        matter = db.session.scalars(select(Matter).where(Matter.about == f"bid:{id_}")).one()
        who = season.who("Dan").id
        db.session.add(Interest(matter_id=matter.id, seat_id=seat.id, tie="family", declared_at=clock.now(), declared_by_id=who))
    dan = replace(fay, person_id=season.who("Dan").id)
    assert found("choir", dan) == {} and found("gardeners", dan) == {} and {jump(ref, dan) for ref in (bid, made.ref, payment)} == {None}


def test_one_letter_is_too_little(app: Flask) -> None:
    fay = Inspector(app, 9).sign_in(begin().who("Fay").id)
    for typed in ("x", "%25%25", "a%20-"):
        assert "Type at least two letters." in fay.get(f"/desk/search?q={typed}").text
    assert "Type at least" not in fay.get("/desk/search").text
