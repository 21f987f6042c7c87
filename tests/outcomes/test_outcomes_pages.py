"""The pages of outcomes: the desk's list, the question in the journey, the panel, and the report."""

import pytest
from flask import Flask

from portal import clock
from portal.grants import pay
from portal.outcomes import catalogue, hopes
from portal.panels import actions as panels
from tests.client import Inspector
from tests.grants.season import Season, begin


@pytest.fixture
def season(app: Flask) -> Season:
    return begin()


def test_officers_keep_the_list(app: Flask, season: Season) -> None:
    olga = Inspector(app, budget=40).sign_in(season.who("Olga").id).get("/desk/outcomes")
    olga.submit("Begin with our list").follow()
    olga.budget = 15
    assert "People get to know their neighbours" in olga.text and "Enabling inclusion" in olga.text
    olga.get("/desk/outcomes/new").submit("Add it to the list", words="", status=422)
    olga.get("/desk/outcomes/new").submit("Add it to the list", words="Children play outside", heading="ownership").follow()
    olga.submit("Up: Children play outside").follow()
    new = next(path for path in olga.links() if path == f"/desk/outcomes/{catalogue.offered()[-2].ref}")
    olga.get(new).submit("Keep these words", words="People get to know their neighbours", status=422)
    assert "stands on the list already" in olga.text
    olga.get(new).submit("Keep these words", words="Children play outdoors").follow()
    olga.get(new).submit("Retire it", reason="", status=422)
    olga.get(new).submit("Retire it", reason="Nobody chose it").follow()
    assert "Nobody chose it" in olga.text
    olga.get(new).submit("Offer it again").follow()
    assert "Children play outdoors" in olga.text
    for name in ("Rita", "Fay"):
        Inspector(app).sign_in(season.who(name).id).get("/desk/outcomes", status=404)


def test_nobody_is_asked_without_a_list(app: Flask, season: Season) -> None:
    rita = Inspector(app).sign_in(season.who("Rita").id).get(f"/grants/new?round={season.round_ref}")
    rita.submit("Start").follow()
    ref = rita.path.split("/")[2]
    rita.get(f"/grants/{ref}/who").submit("Continue", who_for="All", better="We meet").follow()
    assert rita.path.endswith("/money") and "What you hope for" not in rita.get(f"/grants/{ref}/check").text
    assert "nothing to choose" in rita.get(f"/grants/{ref}/outcomes").text


def test_from_the_question_to_the_report(app: Flask, season: Season) -> None:
    catalogue.begin(season.actor("Olga"))
    rita = Inspector(app, budget=40).sign_in(season.who("Rita").id).get(f"/grants/new?round={season.round_ref}")
    rita.submit("Start").follow()
    draft = rita.path.split("/")[2]
    rita.get(f"/grants/{draft}/who").submit("Continue", who_for="All", better="We meet").follow()
    assert "What do you hope for?" in rita.text and "(optional)" in rita.text
    four = [each.ref for each in catalogue.offered()[:4]]
    rita.submit("Continue", picked=four, status=422)
    assert "Choose 3 at most" in rita.text and rita.text.count(" checked") == 4
    rita.submit("Continue", picked=four[0]).follow()
    assert rita.path.endswith("/money") and "People get to know their neighbours" in rita.get(f"/grants/{draft}/check").text
    Inspector(app).sign_in(season.who("Rob").id).get(f"/grants/{draft}/outcomes", status=404)

    ref = season.sent("Beds")
    hopes.choose(ref, season.bid(ref).version, four[:2], season.actor("Rita"))
    assert "What it hopes for" in Inspector(app, budget=15).sign_in(season.who("Olga").id).get(f"/desk/bids/{ref}").text
    season.with_panel(ref)
    matter = season.matter(ref).ref
    panels.declare(season.who("Ada"), season.panel_ref, matter, "none")
    ada = Inspector(app, budget=30).sign_in(season.who("Ada").id).get(f"/panels/{season.panel_ref}/bids/{matter}")
    assert "People get to know their neighbours" in ada.text


def test_what_came_of_it(app: Flask, season: Season) -> None:
    catalogue.begin(season.actor("Olga"))
    ref = season.sent()
    hopes.choose(ref, season.bid(ref).version, [each.ref for each in catalogue.offered()[:2]], season.actor("Rita"))
    pay.settle(season.released(season.ready(ref)).ref, clock.today(), season.actor("Fay"))
    rita = Inspector(app, budget=20).sign_in(season.who("Rita").id).get(f"/grants/{ref}/report")
    assert f"/grants/{ref}/report/outcomes" in rita.links()
    rita.get(f"/grants/{ref}/report/outcomes").submit("Save", status=422, o1_happened="x" * 501)
    assert "501 characters" in rita.text
    rita.get(f"/grants/{ref}/report/outcomes").submit("Save", o1_far="a_lot", o1_happened="We all met.").follow()
    assert "A lot" in rita.text and "We all met." in rita.text
    olga = Inspector(app, budget=15).sign_in(season.who("Olga").id).get(f"/desk/reports/{ref}")
    assert "We all met." in olga.text
    assert Inspector(app).sign_in(season.who("Rob").id).get(f"/grants/{ref}/report/outcomes", status=404)


def test_a_story_from_telling_to_taking_back(app: Flask, season: Season) -> None:
    ref = season.sent()
    pay.settle(season.released(season.ready(ref)).ref, clock.today(), season.actor("Fay"))
    rita = Inspector(app, budget=20).sign_in(season.who("Rita").id).get(f"/grants/{ref}/report")
    assert f"/grants/{ref}/story" in rita.links()
    rita.get(f"/grants/{ref}/story").submit("Tell this story", words="We drink tea there now.", status=422)
    assert "when you agree" in rita.text and "We drink tea there now." in rita.text
    rita.submit("Tell this story", agreed="y", shown="y").follow()
    assert "With us" in rita.text and "Rita agreed on" in rita.text
    assert "No stories yet" in Inspector(app, budget=8).get("/register/stories").text

    olga = Inspector(app, budget=15).sign_in(season.who("Olga").id).get("/desk/")
    one = next(path for path in olga.links() if path.startswith("/desk/stories/STY-"))
    assert one in olga.get("/desk/stories").links()
    olga.get(one).submit("Do not publish it", w_reason="", status=422)
    olga.budget = 30
    olga.get(one).submit("Publish these words").follow()
    assert "For all to read" in olga.text

    public = Inspector(app, budget=8).get("/register/stories")
    assert "We drink tea there now." in public.text and "We drink tea there now." in public.get(f"/register/{ref}").text
    rita.get(f"/grants/{ref}/story").submit("Take it back").follow()
    assert "Nobody else can read it" in rita.text
    assert "We drink tea" not in public.get("/register/stories").text + public.get(f"/register/{ref}").text
    olga.get(one, status=404)
    Inspector(app).sign_in(season.who("Rob").id).get(f"/grants/{ref}/story", status=404)
