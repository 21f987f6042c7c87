"""The pages of the map, on SQLite alone: what they show does not depend on the engine."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask

from portal.history import Actor
from portal.people.actions import delete_me
from portal.strengths import desk, shapes
from tests.client import Inspector
from tests.strengths.ground import Ground, begin, the
from tests.timebank.market import Pages

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    yield begin()


def browser(app: Flask, ground: Ground, name: str = "", budget: int = 10) -> Inspector:
    made = Pages(app, budget=budget)
    return made.sign_in(ground.who(name).id) if name else made


def test_suggested_looked_at_found(app: Flask, ground: Ground) -> None:
    maya = browser(app, ground, "Maya").get("/strengths/new?kind=people")
    maya.submit("Suggest it", 422, name="ab", offers="Call 07700 900123", area="mossgate", kind="people")
    assert "3 to 120" in maya.text or "telephone number" in maya.text
    maya.submit("Suggest it", 422, name="Choir <b>", offers="We sing.", contact="", position="51.4 0.3 x", links="http://x.example")
    assert "Write it like 51.482, 0.331" in maya.text
    maya.submit("Suggest it", 422, position="", contact="", links="")
    assert "Say how to get in touch" in maya.text
    maya.submit("Suggest it", 303, contact="Just come", links="", keeper="me", access="step-free", when_words="Tuesdays")
    ref = maya.location.rpartition("/")[2]
    assert "Only you and a connector see this yet" in maya.follow().text
    browser(app, ground, "Idris").get(f"/strengths/{ref}", 404)
    cass = browser(app, ground, "Cass").get("/desk/")
    assert "suggestion for the map to look at" in cass.text
    assert "Choir &lt;b&gt;" in cass.get("/strengths/desk/").text
    cass.get(f"/strengths/desk/{ref}").submit("Put it on the map", initiative=True)
    visitor = browser(app, ground, budget=8).get("/strengths/?q=coir&kind=people&access=step-free")
    assert "Choir &lt;b&gt;" in visitor.text and "This is what we found for" in visitor.text
    page = visitor.get(f"/strengths/{ref}").text
    assert "Tuesdays" in page and "Maya" not in page and "No steps" in page
    assert "You look after it" in maya.get("/strengths/mine").text
    maya.get(f"/strengths/{ref}/edit").submit("Save", name="Choir of Mossgate")
    assert "Maya changed it" in maya.get(f"/strengths/{ref}/history").text
    maya.get(f"/strengths/{ref}/review", 303)
    assert "changed it" in cass.get(f"/strengths/desk/{ref}").text
    cass.submit("Put it on the map")
    maya.get(f"/strengths/{ref}/review").submit("Yes, it is still so")
    maya.get(f"/strengths/{ref}/review").submit("Put it away", 422, reason="")
    maya.submit("Put it away", reason="We stopped")
    visitor.get(f"/strengths/{ref}", 404)
    cass.get(f"/strengths/desk/{ref}").submit("Bring it back")


def test_every_empty_list_helps(app: Flask, ground: Ground) -> None:
    visitor = browser(app, ground, budget=12)
    for path, words in (("/strengths/", "Be the first"), ("/strengths/?q=!!!", "Type a word"), ("/strengths/?kind=place&area=nowhere&way=x&access=y", "Nothing like that yet"), ("/strengths/?before=1", "You have seen everything")):  # fmt: skip
        assert words in visitor.get(path).text, path
    assert "Nothing of yours yet" in browser(app, ground, "Maya").get("/strengths/mine").text
    assert "Nothing waits here" in browser(app, ground, "Cass").get("/strengths/desk/").text
    assert "No list was brought yet" in browser(app, ground, "Olga").get("/strengths/desk/imports").text
    assert "Nothing yet in this year" in visitor.get("/register/initiatives").text
    visitor.get("/strengths/directory.pdf", 409)
    visitor.get("/strengths/STR-2222-2222", 404)


def test_the_same_twice_is_asked(app: Flask, ground: Ground) -> None:
    ref = ground.published()
    idris = browser(app, ground, "Idris", 16).get("/strengths/new")
    idris.submit("Suggest it", 422, kind="people", name="Mossgate choir", offers="We sing.", contact="Come", area="mossgate")
    assert f"/strengths/{ref}" in idris.text and "Mine is another one" in idris.text
    idris.submit("Suggest it", 303, again="y")
    twin = idris.location.rpartition("/")[2]
    cass = browser(app, ground, "Cass", 16).get(f"/strengths/desk/{twin}")
    assert f"merge?into={ref}" in cass.text
    cass.get(f"/strengths/desk/{twin}/merge?into={ref}").submit("Join them", 422, reason="")
    cass.submit("Join them", 422, reason="Same", into="x")
    cass.submit("Join them", 303, reason="Same", into=ref)
    answer = browser(app, ground).client.get(f"/strengths/{twin}")
    assert answer.status_code == 301 and answer.headers["Location"].endswith(ref)


def test_nobody_gets_into_anothers_desk(app: Flask, ground: Ground) -> None:
    ref = ground.published()
    for name in ("Maya", "Rob"):
        stranger = browser(app, ground, name)
        for path in (f"/strengths/desk/{ref}", f"/strengths/{ref}/edit", f"/strengths/{ref}/history", f"/strengths/{ref}/review", f"/strengths/desk/{ref}/merge", f"/strengths/desk/{ref}/archive"):  # fmt: skip
            stranger.get(path, 404)
    for path in ("/strengths/desk/map", "/strengths/desk/import", "/strengths/desk/imports"):
        browser(app, ground, "Cass").get(path, 404)


def test_looking_after_it(app: Flask, ground: Ground) -> None:
    ref = ground.published()
    maya = browser(app, ground, "Maya").get(f"/strengths/{ref}").submit("I would look after it").follow()
    assert "A connector says yes when they know you" in maya.text
    browser(app, ground, "Cass", 16).get(f"/strengths/desk/{ref}").submit("Yes, thank you")
    maya.get(f"/strengths/{ref}").submit("Let somebody else look after it")
    cass = browser(app, ground, "Cass", 16).get("/strengths/desk/?part=keepers")
    assert "Mossgate Choir" in cass.text
    cass.get(f"/strengths/desk/{ref}").submit("I look after it")
    delete_me(ground.who("Cass").id, Actor(ground.who("Cass").id))
    assert "Nobody yet" in browser(app, ground, "Olga", 16).get(f"/strengths/desk/{ref}").text


def test_turning_down_and_moving(app: Flask, ground: Ground) -> None:
    ref = ground.suggest("Maya", "Loans", "larch-court")
    cass = browser(app, ground, "Cass", 16).get(f"/strengths/desk/{ref}/turn-down")
    cass.submit("Send", 422, reason="")
    cass.submit("Send", reason="Not here")
    assert "Not here" in browser(app, ground, "Maya").get(f"/strengths/{ref}").text
    cass.get("/strengths/desk/move").submit("Move everything", 422, old="larch-court", new="", reason="")
    cass.submit("Move everything", 303, old="larch-court", new="mossgate", reason="Pulled down")
    assert the(ref).area.code == "mossgate"


def test_the_map_is_read_without_seeing_it(app: Flask, ground: Ground) -> None:
    ground.published("Maya", "Hall", "larch-court", kind="place", open_door=True, latitude=51420, longitude=320)
    visitor = browser(app, ground, budget=8).get("/strengths/map")
    assert 'aria-label="Mossgate: one entry"' in visitor.text and 'aria-label="Riverside: 0 entries"' in visitor.text
    assert "Each square is an area" in visitor.text and "Everywhere" in visitor.text
    olga = browser(app, ground, "Olga").get("/strengths/desk/map/mossgate")
    olga.submit("Save", 422, outline="51, 0", column="x")
    olga.submit("Save", 422, column="", outline="51, 0")
    assert "three points" in olga.text
    olga.submit("Save", 303, outline="51.40, 0.30\n51.40, 0.35\n51.45, 0.35\n51.45, 0.30", column="1", row="1")
    assert "4 points" in olga.follow().text and "51.4500, 0.3000" in olga.get("/strengths/desk/map/mossgate").text
    shapes.set_shape("riverside", None, None, "51.45, 0.30\n51.45, 0.35\n51.50, 0.35\n51.50, 0.30", Actor(None))
    assert 'aria-label="Hall"' in visitor.get("/strengths/map").text and "map__dot" in visitor.text


def test_a_list_comes_and_goes(app: Flask, ground: Ground) -> None:
    olga = browser(app, ground, "Olga", 16).get("/strengths/desk/import")
    assert "offers" in olga.client.get("/strengths/desk/import/template.csv").text
    olga.submit("See what would come", 422, source="List")
    data = b"name;kind;offers;area;contact\nChoir;people;We sing.;Mossgate;Come\nHall;place;A hall.;Nowhere;Ring\n"
    olga.get("/strengths/desk/import").submit("See what would come", 200, source="List", file=(io.BytesIO(data), "list.csv"))
    assert "We do not know the area “Nowhere”" in olga.text and "Bring them" not in olga.text
    right = data.replace(b"Nowhere", b"Riverside")
    olga.get("/strengths/desk/import").submit("See what would come", 200, source="List", publish="y", file=(io.BytesIO(right), "list.csv"))
    assert "Would bring 2 entries" in olga.text
    olga.submit("Bring them")
    assert "2 are here" in olga.follow().text and "Choir" in browser(app, ground).get("/strengths/").text
    olga.submit("Take it back").follow()
    assert "taken back" in olga.text and "Choir" not in browser(app, ground).get("/strengths/").text


def test_paper_and_data(app: Flask, ground: Ground) -> None:
    ref = ground.published(initiative=True)
    visitor = browser(app, ground, budget=12)
    assert "looked_after_by" in visitor.get("/strengths/data").text
    answer = visitor.client.get("/strengths/directory.pdf?area=mossgate&large=1")
    assert answer.data.startswith(b"%PDF") and "directory-mossgate" in answer.headers["Content-Disposition"]
    assert "Make the PDF" in visitor.get("/strengths/directory?area=mossgate").text
    assert f"/strengths/{ref}" in visitor.get("/register/initiatives").text
    olga = browser(app, ground, "Olga", 16).get(f"/strengths/desk/{ref}").submit("Take it out of the table")
    assert "Nothing yet in this year" in visitor.get("/register/initiatives").text
    assert olga.status == 303 and desk.MONTHS
