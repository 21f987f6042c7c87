"""The desk's search finds what somebody may open, and nothing else."""

from flask import Flask

from portal.front import search
from portal.front.search import Scope, everything, jump
from portal.grants import pay
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
