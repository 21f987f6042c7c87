"""The wall, a card, "I'm in", joining, the desk and the way into an application, as people see them. HTML alone differs: on SQLite only."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal.db import db
from portal.ideas import counting, joining, pledges
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season
from tests.grants.sparks import picture_bytes, png
from tests.ideas.fair import BENCH, fair, joined, last_pledge, let_go, pin, sent, the, without


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, stores: dict[str, Store], worker: str, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """As everywhere, on one engine."""
    if "sqlite" not in stores:
        stores["sqlite"] = Store("sqlite", tmp_path_factory.mktemp("sqlite"), worker)
    stores["sqlite"].fresh()
    return stores["sqlite"]


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield fair()
    assert list(counting.broken_caches()) == []


class Pages(Inspector):
    """What is sent does more than show a page, and may ask more for it."""

    def post(self, path: str, data: object, status: int = 303) -> Inspector:
        before, self.budget = self.budget, 70
        try:
            return super().post(path, data, status)  # type: ignore[arg-type]
        finally:
            self.budget = before


@pytest.fixture
def browser(app: Flask, season: Season) -> Callable[..., Inspector]:
    def open_as(name: str = "", budget: int = 15) -> Inspector:
        one = Pages(app, budget)
        return one.sign_in(season.who(name).id) if name else one

    return open_as


def test_pinning_on_a_phone(season: Season, browser: Callable[..., Inspector]) -> None:
    maya = browser("Maya")
    assert "The wall is empty" in browser(budget=8).get("/ideas/").text
    maya.get("/grants/").get("/ideas/new")
    assert "in a sentence" in maya.submit("Pin it up", 422, area="mossgate", text="For all of us").text and "For all of us" in maya.text
    maya.submit("Pin it up", title=BENCH, area="mossgate").follow()
    assert "looks at your card first" in maya.text
    ref = maya.path.split("/")[2]
    browser().get(f"/ideas/{ref}", status=404)
    gus = browser("Gus")
    assert "card of an idea to look at" in gus.get("/desk/").text
    gus.get("/ideas/desk/").get(next(each for each in gus.links() if each.startswith("/ideas/desk/looks/")))
    gus.submit("Settle it", 422)
    gus.submit("Settle it", outcome="stands").follow()
    assert "Nothing waits" in gus.text and "It stands" in gus.get("/ideas/desk/log").text
    anybody = browser(budget=8)
    assert BENCH in anybody.get("/ideas/").text and BENCH in anybody.get("/ideas/?q=benches&area=mossgate").text
    assert "Nothing like that" in anybody.get("/ideas/?state=done").text and "Nothing to look for" in anybody.get("/ideas/?q=!!").text
    assert "what we found for" in anybody.get("/ideas/?q=bensch").text
    assert anybody.get("/i/1", status=303).location == f"/ideas/{ref}"
    anybody.get("/i/2", status=404)
    maya.get(f"/ideas/{ref}/edit").submit(
        "Save", title="A bench and a bin", area="mossgate", photo=(__import__("io").BytesIO(picture_bytes()), "p.png")
    ).follow()
    assert "/ideas/photos/" in maya.text and "looks at this card" in maya.text
    let_go(season, ref)
    browser().get(next(re.findall(r"/ideas/photos/[^\"]+", maya.text).__iter__()))
    assert "One neighbour" not in maya.get("/").text and "Your card on the wall of ideas" in maya.text
    maya.get(f"/ideas/{ref}").submit("Keep it 180 more days").follow()
    maya.get(f"/ideas/{ref}/end").submit("Save", how="done").follow()
    assert "It happened" in maya.get("/ideas/mine").text


def test_a_strangers_card(season: Season, browser: Callable[..., Inspector]) -> None:
    stranger = browser()
    stranger.get("/ideas/new")
    assert "first name" in stranger.submit("Pin it up", 422, title=BENCH, area="mossgate").text
    assert "number 1" in stranger.submit("Pin it up", 200, title=BENCH, area="mossgate", name="Elsie", contact="elsie@example.org").text


def test_in_with_two_taps_and_without_an_account(season: Season, browser: Callable[..., Inspector]) -> None:
    ref = pin(season)
    bo = browser("Bo")
    bo.get(f"/ideas/{ref}").get(f"/ideas/{ref}/in").submit("2 h").follow()
    assert "You are in with 2 h" in bo.text and "What you are in" in bo.get("/ideas/mine").text
    bo.get(f"/ideas/{ref}/in").submit("Change my hours", 422, minutes="20")
    for wrong, says in (("-3", "too little"), ("0", "too little"), ("17", "too much"), ("9999", "too much")):
        assert says in bo.submit("Change my hours", 422, minutes=wrong).text, wrong
    bo.submit("Change my hours", minutes="1 h 15 min").follow()
    assert "in with 1 h 15 min now" in bo.get(f"/ideas/{ref}/in").text and 'value="1 h 15 min"' in bo.text
    bo.get(f"/ideas/{ref}")
    bo.submit("I’m out").follow()
    assert "Nobody is in yet" in bo.text
    walter = browser()
    walter.get(f"/ideas/{ref}/in").submit("I’m in", 422, minutes="2", name="")
    walter.submit("I’m in", minutes="2", name="Walter Webb").follow()
    assert "Walter, you are in with 2 h" in walter.text and "Keep this page" in walter.text
    back = browser()
    back.get(f"/ideas/{ref}/in").submit("I’m in", 422, minutes="2", name="Walter")
    assert "Is that you?" in back.text and "another neighbour of that name" in back.text
    walter.submit("Change my hours", 422, minutes="17")
    walter.submit("Change my hours", minutes="3").follow().submit("I’m out").follow()
    hattie = browser()
    hattie.get(f"/ideas/{ref}/in").submit("I’m in", minutes="2", name="Hattie", contact="hattie@example.org").follow()
    assert "sent you a link" in hattie.text and "hattie@" not in hattie.text
    hattie.get(f"/ideas/in/{sent(last_pledge())}").submit("Yes, that was me").follow()
    assert "Was it you" not in hattie.text
    gus = browser("Gus")
    gus.get(f"/ideas/{ref}/paper").submit("Write it down", 422, name="Dot", minutes="1")
    gus.submit("Write it down", name="Dot", minutes="1", basis="paper sheet").follow()
    maya = browser("Maya")
    assert "One of them left no address" in maya.get(f"/ideas/{ref}").text
    browser("Bo").get(f"/ideas/{ref}/neighbours", status=404)
    maya.get(f"/ideas/{ref}/neighbours/{last_pledge().ref}").submit("Take off", 422)
    assert "Dot" in maya.text and "left no address" in maya.get(f"/ideas/{ref}/neighbours").text
    page = browser().get(f"/ideas/{ref}").text
    assert "no address" not in page
    assert "Hattie, Dot" in page and "hattie@" not in page and "Webb" not in page
    token = counting.token_of(last_pledge())
    the(ref)
    from portal.ideas import cards

    cards.end(ref, "withdrawn", season.who("Maya"))
    assert "not on the wall any more" in browser().get(f"/ideas/in/{token}").text
    browser().get("/ideas/in/INN-2222-2222-000000000000", status=404)


def test_joining(season: Season, browser: Callable[..., Inspector]) -> None:
    one, other = pin(season, "Bo", "Some benches by the bus stop"), pin(season)
    bo = browser("Bo")
    assert "These may want the same" in bo.get(f"/ideas/{one}").text and "Both say: bench, bus, stop, old" in bo.text
    bo.get(f"/ideas/{one}/join").submit("Go on", 422, number="99")
    bo.get(f"/ideas/{one}/join?with=2").submit("Make one of them").follow()
    assert "Asked" in bo.text
    maya = browser("Maya")
    maya.get("/").get("/ideas/mine").get(next(each for each in maya.links() if each.startswith("/ideas/joins/")))
    maya.submit("Yes, make them one").follow()
    assert "Joined: Some benches" in maya.text
    assert browser().get(f"/ideas/{one}", status=303).location == f"/ideas/{other}"
    assert "has joined" in bo.get(f"/ideas/{one}").text
    gus = browser("Gus")
    gus.get(f"/ideas/{other}").get(next(each for each in gus.links() if each.endswith("/undo")))
    gus.submit("Take them apart", 422)
    gus.submit("Take them apart", reason="Two benches are wanted").follow()
    gus.get(f"/ideas/{one}/join?with=2").submit("Make one of them", 422, said="both")
    gus.submit("Make one of them", said="this", basis="telephone").follow()
    maya.get("/ideas/mine").get(next(each for each in maya.links() if each.startswith("/ideas/joins/"))).submit(
        "No, they stay two"
    ).follow()


def test_saying_yes_again_makes_nothing_one(season: Season, browser: Callable[..., Inspector]) -> None:
    one, other = pin(season, "Bo", "Some benches by the bus stop"), pin(season)
    join = joining.ask(one, other, season.who("Bo"))
    bo = browser("Bo").get(f"/ideas/joins/{join.ref}")
    bo.submit("Yes, make them one").follow()
    assert "has not said yes yet" in bo.text and "They are one idea now" not in bo.text and the(one).status == "open"


def test_yes_in_one_tab_and_no_in_another_leads_to_the_cards(season: Season, browser: Callable[..., Inspector]) -> None:
    one, other = pin(season, "Bo", "Some benches by the bus stop"), pin(season)
    join = joining.ask(one, other, season.who("Bo"))
    maya = browser("Maya").get(f"/ideas/joins/{join.ref}")
    joining.answer(join.ref, True, season.who("Maya"))
    maya.submit("No, they stay two", 409)
    assert "answered meanwhile" in maya.text and f"/ideas/{one}" in maya.text and f"/ideas/{other}" in maya.text


def test_the_photo_of_a_held_card(season: Season, browser: Callable[..., Inspector], store: Store) -> None:
    ref = pin(season, known=False, picture=png(), data_dir=store.home)
    photo = f"/ideas/photos/{the(ref).photo_ref}.jpg"
    for name in ("", "Bo"):
        browser(name).get(photo, status=404)
    for name in ("Maya", "Gus"):
        assert browser(name).client.get(photo).headers["Cache-Control"].startswith("no-store")
    let_go(season, ref)
    browser().get(photo)


def test_the_desk(season: Season, browser: Callable[..., Inspector]) -> None:
    ref = pin(season)
    anybody = browser()
    anybody.get(f"/ideas/{ref}/report").submit("Tell us", 422)
    anybody.submit("Tell us", words="It is unkind").follow()
    gus = browser("Gus")
    gus.get(f"/ideas/{ref}/hold").submit("Hold it", 422)
    gus.submit("Hold it", why="A look together").follow()
    looks = [each for each in gus.links() if each.startswith("/ideas/desk/looks/")]
    assert len(looks) == 2 and "Reported" in gus.text
    gus.get(looks[0]).submit("Settle it", outcome="taken_down", answer="It names somebody")
    assert "taken off the wall" in browser("Maya").get(f"/ideas/{ref}").text
    browser("Maya").get("/ideas/desk/", status=404)
    nobodys = pin(season, None, "A choir for the estate")
    gus.get(f"/ideas/{nobodys}").get(f"/ideas/{nobodys}/whose").submit("Write it down", name="Walter", basis="in person").follow()
    assert "Walter’s idea" in gus.text
    gus.get("/ideas/new?for=somebody").submit("Pin it up", title="A swap of seeds", area="mossgate", name="Dot", basis="in person").follow()
    assert "Dot’s idea" in gus.text


def test_a_wall_by_keyboard_with_a_bad_row(season: Season, browser: Callable[..., Inspector]) -> None:
    gus = browser("Gus", 18)
    gus.get("/ideas/desk/wall")
    wrong = {"idea-0": BENCH, "idea-1": "Choir", "idea-2": "A bench by the bus stop!"}
    gus.submit("Pin them all up", 422, **{name.replace("-", "_"): value for name, value in wrong.items()})
    assert "Row 2:" in gus.text and "same as row 1" in gus.text and "Nothing was saved" in gus.text
    gus.submit("Pin them all up", idea_1="A choir for the estate", again_2="y").follow()
    assert "Write each number on its note" in gus.text
    ref = gus.path.rpartition("/")[2]
    gus.budget = 20
    for path in (f"/ideas/desk/walls/{ref}.pdf", f"/ideas/desk/walls/{ref}.pdf?large=1", "/ideas/desk/cards.pdf?area=chadwell"):
        answer = gus.client.get(path)
        assert answer.status_code == 200 and answer.data[:5] == b"%PDF-", (
            path,
            re.findall("<h1.*?</p>", answer.get_data(as_text=True), re.S),
        )
    db.session.rollback()
    browser("Maya").get(f"/ideas/desk/walls/{ref}", status=404)


def test_into_an_application_and_back(season: Season, browser: Callable[..., Inspector]) -> None:
    ref, other = pin(season), pin(season, "Bo", "Some benches by the bus stop")
    joined(season, other, ref)
    pledges.say_in(ref, 960, season.who("Idris"))
    without(ref, "Ada", 60)
    browser("Bo").get(f"/grants/from-idea/{ref}", status=404)
    maya = browser("Maya", 20)
    maya.get(f"/grants/from-idea/{ref}")
    assert "Idris, 16 h" in maya.text and "more than" in maya.text and "show them the link" in maya.text
    maya.submit("Start the application").follow()
    assert BENCH in maya.text
    bid = maya.path.split("/")[2]
    assert "It began as a card on the wall in Mossgate" in maya.get(f"/grants/{bid}").text
    assert maya.get(f"/grants/from-idea/{ref}", status=303).location == f"/grants/{bid}"
    assert "Idris" in maya.get(f"/grants/{bid}/match").text
    anybody = browser().get(f"/ideas/{ref}")
    assert "An application" not in anybody.text and "I’m in</a>" not in anybody.text
    idris = browser("Idris")
    assert "step back" in idris.get("/ideas/mine").text
    idris.get(f"/ideas/{ref}")
    theirs = re.findall(r'href="[^"]*(/m/[^"]+)"', idris.text)[0]
    assert "Change what I promise" in idris.get(theirs).text and "Not this time" in idris.text
    assert "Go to its page" in browser().get(f"/ideas/in/{counting.token_of(last_pledge())}").text
    maya.get(f"/grants/{bid}/withdraw").submit("Withdraw this idea" if "Withdraw this idea" in maya.text else None)
    assert the(ref).status == "open"
    maya.get(f"/grants/{bid}/withdraw").submit("Withdraw this idea").follow()  # from a page that stood open
    assert "Your idea is withdrawn" in maya.text
    assert f"/ideas/{ref}" in idris.get(theirs).text and "This idea has ended" not in idris.text
    gus = browser("Gus", 20)
    gus.get(f"/grants/from-idea/{ref}").submit("Start the application", 422)
    gus.submit("Start the application", basis="telephone").follow()
    second = season.bid(gus.path.split("/")[2])
    assert second.ref != bid and (second.person_id, second.helper_id) == (season.who("Maya").id, season.who("Gus").id)
