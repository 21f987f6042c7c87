"""The pages of gifts before money: from the budget to the board and back, for the applicant, the panel, officers and everybody."""

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.db import db
from portal.gifts import care, posts
from portal.gifts.model import GiftPost
from portal.gifts.rules import Draft
from portal.grants import pay
from portal.panels import actions as panels
from tests.client import Inspector
from tests.grants.season import Season, begin
from tests.grants.wishing import draft, given, key, known, promised, send, wish


@pytest.fixture
def season(app: Flask) -> Season:
    made = begin()
    known(made, "Rob", "Rosa")
    return made


def test_a_line_is_asked_from_the_budget_and_comes_back_as_a_gift(app: Flask, season: Season) -> None:
    ref = draft(season)
    rita = Inspector(app, budget=36).sign_in(season.who("Rita").id)
    posts.post(Draft("gift", "give", "Compost, two bags", season.bid(ref).area_id), season.who("Rob"), grown=True, once_key="gift")
    page = rita.get(f"/grants/{ref}/money")
    assert page.queries <= 15
    assert "Somebody gives something like this" in page.text and "Compost, two bags" in page.text
    page.submit("Ask neighbours for thing 1 first").follow()
    assert "Timber for three beds" in page.text and "£100.00" in page.text
    page.submit("Put it on the board", 422)
    assert "18 or over" in page.text
    page.submit("Put it on the board", title="Timber, planed", pieces="2", still="20", grown="y").follow()
    assert "Asked" in page.text and "Neighbours write to you" in page.text
    post = db.session.scalars(sa.select(GiftPost.ref).where(GiftPost.kind == "wish")).one()
    page.get(f"/gifts/{post}")
    assert "A person looks at it first" in page.get(f"/grants/{ref}/wishes").text
    care.decide(care.waiting(None)[0].id, "shown", "", season.who("Olga"))
    promised(season, post, "Rosa")
    assert "1 neighbour wrote." in page.get(f"/grants/{ref}/wishes").text and "Promised: 1 of 2." in page.text
    given(season, post, "Rob")
    page.get(f"/grants/{ref}/wishes")
    assert page.queries <= 15
    assert "£40.00" in page.text and "not needed" in page.text and "Rob" in page.text
    page.submit("Stop asking for “Timber for three beds”").follow()
    assert "Ask them for “Compost, two bags”" in page.text
    page.submit("Ask them for “Compost, two bags”", 409, pieces="0")
    page.get(f"/grants/{ref}/wishes").submit("Ask them for “Compost, two bags”").follow()
    assert "Compost, two bags" in page.text and "Now write to them" in page.text
    assert "You picked a neighbour’s gift. Write to them." in page.get(f"/grants/{ref}/wishes").text
    page.get(f"/grants/{ref}/wishes").submit("Stop asking for “Compost”").follow()
    page.submit("Ask them for “Compost, two bags”").follow()
    page.get(f"/grants/{ref}/money")
    assert "£40.00 not needed" in page.text
    page.get(f"/grants/{ref}/match")
    assert "Given, so that it need not be bought" in page.text
    page.get(f"/grants/{ref}")
    assert page.queries <= 15
    assert "Neighbours were asked first" in page.text and "A neighbour gave this" in page.text
    page.get(f"/grants/{ref}/check")


def test_asking_may_stop_while_the_panel_has_it(app: Flask, season: Season) -> None:
    known(season, "Rita")
    ref = draft(season)
    wish(season, ref)
    season.with_panel(send(season, ref))
    rita = Inspector(app).sign_in(season.who("Rita").id)
    page = rita.get(f"/grants/{ref}/wishes")
    page.submit("Stop asking for “Timber for three beds”").follow()
    assert "Neighbours are not asked for this any more" in page.text and "Not asked any more" in page.text


def test_what_does_not_work_is_said_on_the_page(app: Flask, season: Season) -> None:
    ref = draft(season)
    known(season, "Rita")
    rita = Inspector(app).sign_in(season.who("Rita").id)
    rita.get(f"/grants/{ref}/wishes/new?line=9", 409)
    page = rita.get(f"/grants/{ref}/wishes/new?line={key(season, ref, 0)}")
    page.submit("Put it on the board", 422, still="100")
    assert "not less than the whole" in page.text
    page.submit("Put it on the board", 422, still="0", pieces="100")
    assert "from 1 to 99" in page.text
    Inspector(app).sign_in(season.who("Rob").id).get(f"/grants/{ref}/wishes", 404)


def test_the_panel_officers_and_everybody_see_it(app: Flask, season: Season) -> None:
    known(season, "Rita")
    ref = draft(season)
    given(season, wish(season, ref))
    send(season, ref)
    desk = Inspector(app).sign_in(season.who("Olga").id)
    assert "£100.00 not needed" in desk.get(f"/desk/bids/{ref}").text
    assert "Rob" in desk.get(f"/grants/{ref}/wishes").text
    assert "Rob" not in Inspector(app).sign_in(season.who("Fay").id).get(f"/grants/{ref}/wishes").text
    made = season.ready(ref)
    given(season, wish(season, ref, 1, "Blue paint"), "Rosa")
    payment = season.released(made)
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    rita = Inspector(app).sign_in(season.who("Rita").id)
    assert "£120.00 not needed" in rita.get(f"/grants/{ref}/report").text
    assert "£120.00 not needed" in desk.get(f"/desk/reports/{ref}").text
    anybody = Inspector(app, budget=8)
    assert "£120.00 not needed" in anybody.get("/register/").text
    assert "£120.00 not needed" in anybody.get("/register/?area=mossgate").text
    assert "not needed" not in anybody.get("/register/?year=2019-20").text
    entry = anybody.get(f"/register/{ref}").text
    assert "Neighbours gave things that need not be bought." in entry and "£120.00" in entry and "Rob" not in entry
    assert '"not_needed_pence":12000' in anybody.get(f"/register/{ref}.json").text.replace(" ", "")


def test_the_panel_reads_it(app: Flask, season: Season) -> None:
    known(season, "Rita")
    ref = draft(season)
    given(season, wish(season, ref))
    matter = season.with_panel(send(season, ref))
    panels.declare(season.who("Ada"), season.panel_ref, matter, "none")
    seat = Inspector(app, budget=23).sign_in(season.who("Ada").id)
    page = seat.get(f"/panels/{season.panel_ref}/bids/{matter}")
    assert "Neighbours were asked first" in page.text and "Rob" not in page.text
