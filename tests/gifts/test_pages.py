"""Pages of the boards, looked at as a careful reader does: post first and sign in last, from interest to thanks, and the desk."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound
from portal.gifts import care, posts
from portal.gifts.model import GiftDraft, GiftPost
from portal.gifts.talks_model import GiftPromise, GiftTalk
from portal.outbox import Message
from portal.people.model import Organisation
from portal.photos import Picture
from tests.client import Inspector
from tests.gifts.street import PLAIN, Street, looks, open_street, said, the_post, the_promise

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # the same pages on either engine


@pytest.fixture
def street(app: Flask) -> Iterator[Street]:
    yield open_street()


def browser(app: Flask, street: Street, name: str) -> Inspector:
    return Inspector(app, budget=40).sign_in(street.who(name).id)


def jpeg() -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    out.seek(0)
    return out, "bike.jpg"


def code_for(address: str) -> str:
    db.session.rollback()
    found = re.search(
        r"\d{6}", db.session.scalars(select(Message.body).where(Message.address == address).order_by(Message.id.desc())).first() or ""
    )
    assert found is not None
    return found[0]


def test_a_stranger_types_first_and_signs_in_last(app: Flask, street: Street) -> None:
    visitor = Inspector(app, budget=40)
    visitor.get("/gifts/").get("/gifts/new?kind=gift&area=mossgate")
    assert "k-file" in visitor.text and visitor.text.index("k-file") < visitor.text.index('name="title"'), "photo first"
    assert "letter or label with a name or address" in visitor.text and "mail" not in visitor.text.split("<main")[1].split("</main")[0]
    visitor.submit("Continue", title="Bike for £20", sort="give", photo=jpeg(), status=422)
    assert "Nothing has a price here" in visitor.text and "Bike for £20" in visitor.text and "photo once more" in visitor.text
    visitor.submit("Continue", title="A blue bike", sort="give", photo=jpeg()).follow()
    assert "A blue bike" in visitor.text and "Mossgate" in visitor.text and "Nobody sees it yet" in visitor.text
    page = visitor.path
    sign_in = next(link for link in visitor.links() if link.startswith("/people/sign-in?next=/gifts/drafts/"))
    visitor.get(f"{page}.jpg")
    assert db.session.scalars(select(GiftPost)).all() == []
    visitor.get(sign_in).submit("Send me a code", address="new@example.org").follow()
    visitor.submit("Continue", code=code_for("new@example.org")).follow()
    visitor.submit("Come in", name="Nora New", area="mossgate")
    assert visitor.location == page
    visitor.follow()
    assert "A blue bike" in visitor.text
    visitor.submit("Put it on the board", status=422)
    assert "18 or over" in visitor.text
    visitor.submit("Put it on the board", grown="y").follow()
    assert "A person looks at it first" in visitor.text
    row = db.session.scalars(select(GiftPost)).one()
    assert row.title == "A blue bike" and row.photo_width == 40 and row.status == "held"
    assert db.session.scalars(select(GiftDraft)).all() == []
    visitor.get(page, status=404)
    Inspector(app).get(f"/gifts/{row.ref}", status=404)
    Inspector(app).get(f"/gifts/photos/{row.photo_ref}.jpg", status=404)


def test_what_is_refused_after_signing_in_is_changed_and_goes_up(app: Flask, street: Street) -> None:
    street.put_up("Maya", "A blue bike")
    visitor, maya = Inspector(app, budget=15), browser(app, street, "Maya")
    visitor.get("/gifts/new?kind=gift&area=mossgate").submit(
        "Continue", title="A blue bike", text="With a bell", sort="lend", photo=jpeg()
    ).follow()
    page = visitor.path
    visitor.get("/gifts/new?draft=" + page.rpartition("/")[2])
    visitor.submit("Continue", text="With a loud bell").follow()
    assert "With a loud bell" in visitor.text and visitor.path != page
    old, page = page, visitor.path
    visitor.get(old, status=404)
    maya.get(page).submit("Put it on the board", status=422)
    assert "on the board already" in maya.text and "Nothing is lost" in maya.text
    change = next(link for link in maya.links() if link.startswith("/gifts/new?draft="))
    maya.get(change)
    assert "With a loud bell" in maya.text and f"{page}.jpg" in maya.text
    maya.submit("Put it on the board", title="Bike for £20", status=422)
    maya.submit("Put it on the board", title="A bike with a bell").follow()
    row = db.session.scalars(select(GiftPost).where(GiftPost.title == "A bike with a bell")).one()
    assert (row.text, row.sort, row.photo_width, row.status) == ("With a loud bell", "lend", 40, "open")
    assert db.session.scalars(select(GiftDraft)).all() == []
    maya.get(change, status=404)
    maya.get("/gifts/new").path = change  # the day passed while they typed
    maya.submit("Put it on the board", kind="wish", title="A red bike", sort="give", area="mossgate").follow()
    assert "A red bike" in maya.text


def test_from_interest_to_thanks_without_an_address_to_anybody_else(app: Flask, street: Street) -> None:
    maya, idris, walter = (browser(app, street, name) for name in ("Maya", "Idris", "Walter"))
    maya.get("/gifts/new?kind=gift").submit("Put it on the board", title="Jam jars", sort="give", quantity="3").follow()
    post = maya.path
    assert "Nobody has written yet" in maya.text
    visitor = Inspector(app, budget=8).get("/gifts/")
    assert "A neighbour in Mossgate" in visitor.text and "Maya" not in visitor.text
    visitor.get(post)
    visitor.get(f"{post}/interested", status=303)
    idris.get("/gifts/")
    assert "Maya in Mossgate" in idris.text
    idris.get(post).get(f"{post}/interested").submit("Send", words="", status=422)
    idris.submit("Send", words="For honey!").follow()
    talk = idris.path
    maya.get("/")
    assert "One neighbour is interested" in maya.text
    maya.get("/gifts/mine").get(talk).get(f"{talk}/promise").submit("Promise it", quantity="9", status=422)
    assert "Only 3 are left" in maya.text
    maya.submit("Promise it", quantity="2").follow()
    promise = db.session.scalars(select(GiftPromise)).one().ref
    to = f"/gifts/promises/{promise}"
    idris.get(f"{to}.ics", status=404)
    idris.get(talk).get(f"{to}/meet").submit("Tell Maya", status=422, place="", at="25", day_day="31", day_month="2", day_year="2027")
    soon = clock.today() + timedelta(days=5)
    idris.submit(
        "Tell Maya", place="The library", at="2 pm", day_day=str(soon.day), day_month=str(soon.month), day_year=str(soon.year)
    ).follow()
    assert "The library" in idris.text
    assert idris.get(f"{to}.ics").text.startswith("BEGIN:VCALENDAR")
    idris.get(f"{to}/address", status=404)
    maya.get(talk).get(f"{to}/address").submit("Save", address="1 High Street, blue door").follow()
    assert "1 High Street" in idris.get(talk).text and "Only you see this address" in idris.text
    for other in (walter, browser(app, street, "Cass"), browser(app, street, "Olga")):
        for path in (talk, f"{to}.ics", f"{to}/meet", f"{to}/off", f"{talk}/promise"):
            other.get(path, status=404)
        for path in (post, "/gifts/", "/gifts/mine"):
            assert "High Street" not in other.get(path).text
    for path in ("/gifts/", post, talk):
        assert "High Street" not in visitor.get(path, status=303 if path == talk else 200).text
    maya.get(talk).submit("It was handed over").follow()
    assert "High Street" not in maya.text + idris.get(talk).text
    idris.get(f"{to}/thanks").submit("Say thank you", words="Sweet!").follow()
    assert "Sweet!" in maya.get(talk).text and "Gifts given" in maya.get("/gifts/mine").text
    maya.get(f"{to}/thanks", status=404)
    idris.get(talk).get(f"{to}/undo").submit("It was not so", words="They broke.").follow()
    assert the_post(post.rsplit("/", 1)[1]).promised == 0
    walter.get(f"{post}/interested").submit("Send", words="I take them")
    other_talk = walter.location
    maya.get(f"{other_talk}/promise").submit("Promise it", quantity="3")
    second = db.session.scalars(select(GiftPromise.ref).order_by(GiftPromise.id.desc())).first()
    walter.get(f"/gifts/promises/{second}/off").submit("Call it off", words="No room, sorry").follow()
    walter.submit("Close it", block="y").follow()
    walter.submit("Open it again").follow()
    assert the_promise(str(second)).status == "let_go"


def test_a_loan_and_a_wish(app: Flask, street: Street) -> None:
    street.found("Allotment", "Walter")
    maya, walter = browser(app, street, "Maya"), browser(app, street, "Walter")
    wish = street.put_up("Maya", "My garden has got away from me", kind="wish", sort="hands")
    walter.get(f"/gifts/{wish}")
    assert "I can help" in walter.text
    walter.get(f"/gifts/{wish}/interested").submit(
        "Send", words="We dig!", whose=db.session.scalars(select(Organisation.ref)).one()
    ).follow()
    maya.get(walter.path)
    assert "Yes please, Allotment" in maya.text
    maya.get(f"{maya.path}/promise").submit("Say yes").follow()
    assert "Allotment helps you" in maya.text and "You help Maya" in walter.get(maya.path).text and "Promised to" not in walter.text
    ladder = street.put_up("Maya", "A long ladder", sort="lend")
    talk = f"/gifts/talks/{street.write('Walter', ladder)}"
    maya.get(f"{talk}/promise").submit("Promise it", status=422)
    day = clock.today() + timedelta(days=9)
    maya.submit("Promise it", back_on_day=str(day.day), back_on_month=str(day.month), back_on_year=str(day.year)).follow()
    maya.submit("It was handed over").follow()
    assert "Walter has it" in maya.text and "You have it" in walter.get(talk).text
    later = day + timedelta(days=9)
    to = f"/gifts/promises/{db.session.scalars(select(GiftPromise.ref).order_by(GiftPromise.id.desc())).first()}"
    maya.get(f"{to}/longer").submit(
        "Let them keep it", back_on_day=str(later.day), back_on_month=str(later.month), back_on_year=str(later.year)
    ).follow()
    maya.submit("It came back").follow()
    assert "It came back" in maya.text


def test_what_is_mine_under_its_heading(app: Flask, street: Street) -> None:
    maya = browser(app, street, "Maya")
    street.put_up("Maya", "A blue bike")
    posts.pause(street.put_up("Maya", "Three chairs"), street.who("Maya"))
    wish, ended = street.put_up("Maya", "A drill", kind="wish"), street.put_up("Maya", "Jam jars")
    street.handed("Maya", "Idris", wish)
    street.write("Walter", ended)
    assert "Waits for you" in maya.get("/gifts/mine").text
    posts.end(ended, street.who("Maya"))
    page = maya.get("/gifts/mine").text
    places = [
        page.index(words)
        for words in (
            ">On the boards<",
            "A blue bike</a></h3>",
            ">Not on the boards just now<",
            "Three chairs</a></h3>",
            ">Over<",
            "Jam jars</a></h3>",
        )
    ]
    assert places == sorted(places) and "Waits for you" not in page and "Fulfilled, thank you" in page and "All gone" not in page
    assert "Fulfilled. Thank you!" in maya.get(f"/gifts/{wish}").text


def test_keeping_changing_and_ending(app: Flask, street: Street) -> None:
    maya = browser(app, street, "Maya")
    ref = street.put_up("Maya", "Soup for six", text="Vegetables and barley")
    maya.get(f"/gifts/{ref}")
    assert "Home-made" in maya.text, "the rules for food"
    maya.submit("Keep it four more weeks").follow()
    maya.get(f"/gifts/{ref}/edit").submit("Save", title="Soup for eight", photo=jpeg()).follow()
    assert "Soup for eight" in maya.text
    photo = the_post(ref).photo_ref
    Inspector(app).get(f"/gifts/photos/{photo}.jpg")
    maya.submit("Pause it").follow()
    gone = Inspector(app).get(f"/gifts/{ref}", status=404)
    assert "not on the board any more" in gone.text and "/gifts/" in gone.links()
    Inspector(app).get(f"/gifts/photos/{photo}.jpg", status=404)
    maya.submit("Put it up again").follow().submit("Not any more").follow()
    browser(app, street, "Idris").get(f"/gifts/{ref}/edit", status=404)
    cass = browser(app, street, "Cass").get(f"/gifts/{ref}").submit("They called: keep it").follow()
    cass.get(f"/gifts/{ref}/edit").submit("Save", title="Soup for nine", status=422)
    cass.submit("Save", title="Soup for nine", basis="telephone").follow()
    cass.get(f"/gifts/{ref}/take-down").submit("Take it down", reason="It is Friday’s soup").follow()
    assert the_post(ref).status == "hidden"


def test_boards_of_an_area_and_a_hub_and_looking_for_things(app: Flask, street: Street) -> None:
    street.found("Mossgate Hub", "Cass", kind="hub")
    street.put_up("Maya", "A blue bike", hub_id=street.groups["Mossgate Hub"])
    street.put_up("Walter", "A red bike", area="riverside")
    street.put_up("Cass", "Warm space on Fridays", group="Mossgate Hub", sort="heart")
    for number in range(25):
        street.put_up(("Maya", "Idris", "Walter", "Cass", "Olga")[number % 5], f"Book number {number}", sort="lend")
    hub = db.session.scalars(select(Organisation)).one().ref
    visitor = Inspector(app, budget=8)
    assert "A red bike" in visitor.get("/gifts/areas/riverside").text and "A blue bike" not in visitor.text
    assert "A blue bike" in visitor.get(f"/gifts/hubs/{hub}").text and "Warm space" in visitor.text and "red bike" not in visitor.text
    visitor.get("/gifts/?sort=lend")
    older = next(link for link in visitor.links() if "before=" in link)
    assert "Book number 0" in visitor.get(older).text
    assert "Nothing like that" in visitor.get("/gifts/?q=elephant&sort=give").text
    assert "we found for" in visitor.get("/gifts/?q=bkie").text and "A blue bike" in visitor.text
    for path in ("/gifts/?q=%3F%3F", "/gifts/?kind=x&sort=y&before=z&area=nowhere", "/gifts/?before=1", "/gifts/rules"):
        visitor.get(path)
    for path in (
        "/gifts/areas/nowhere",
        "/gifts/hubs/ORG-2222-2222",
        "/gifts/GFT-2222-2222",
        "/gifts/drafts/GDR-2222-2222",
        "/gifts/photos/PIC-2222-2222.jpg",
    ):
        visitor.get(path, status=404)


def test_who_is_signed_out_reads_how_to_take_part_and_meets_no_dead_end(app: Flask, street: Street) -> None:
    bike = street.put_up("Walter", "A red bike", area="riverside")
    street.put_up("Walter", "Long ladder", area="riverside", reach="area")
    visitor, maya = Inspector(app, budget=8), browser(app, street, "Maya")
    for path in ("/gifts/areas/riverside", "/gifts/areas/mossgate", "/gifts/areas/mossgate?q=elephant", "/gifts/areas/riverside?before=1"):
        board = path.split("?")[0]
        assert "How to take part" in visitor.get(path).text and f"/people/sign-in?next={board}" in visitor.links(), path
        assert "01375 000000" in visitor.text.split("How to take part")[1].split("</section>")[0], "without e-mail too"
        for link in set(visitor.links()):
            if link.startswith("/gifts/"):
                Inspector(app).get(link)
        assert "How to take part" not in maya.get(path).text
    assert "First you sign in" in visitor.get(f"/gifts/{bike}").text and "First you sign in" not in maya.get(f"/gifts/{bike}").text
    assert visitor.get(f"/gifts/{bike}/interested", status=303).location == f"/people/sign-in?next=/gifts/{bike}/interested"
    assert "/gifts/new?kind=wish&area=mossgate" in visitor.get("/gifts/areas/mossgate?q=elephant").links()


def test_what_is_for_neighbours_stays_among_them(app: Flask, street: Street) -> None:
    ladder = street.put_up("Walter", "Long ladder", sort="lend", area="riverside", reach="area")
    same = replace(PLAIN, title="Long ladder", sort="lend", area_id=street.areas["riverside"], reach="area")
    posts.edit(ladder, same, street.who("Walter"), shown=1, picture=Picture(b"jpeg", 4, 3), data_dir=app.extensions["kindling"].data_dir)
    photo = f"/gifts/photos/{the_post(ladder).photo_ref}.jpg"
    street.move_in("Nell", "riverside")
    street.move_in("Connie", "mossgate", "connector", at="riverside")
    pages = ("/gifts/", "/gifts/areas/riverside", "/gifts/?q=ladder", "/gifts/areas/riverside?q=ladder")
    stranger, maya = Inspector(app, budget=40), browser(app, street, "Maya")
    for reader in (stranger, maya):
        for page in pages:
            assert "Long ladder" not in reader.get(page).text, page
        for page in (f"/gifts/{ladder}", photo):
            reader.get(page, status=404)
            assert "ladder" not in reader.text
    maya.get(f"/gifts/{ladder}/interested", status=404)
    maya.get(f"/gifts/{ladder}/report", status=404)
    with pytest.raises(NotFound):
        care.report(ladder, "Hm", street.who("Maya"))
    for name in ("Nell", "Walter", "Connie"):
        reader = browser(app, street, name)
        for page in (*pages, f"/gifts/{ladder}"):
            assert "Long ladder" in reader.get(page).text, (name, page)
        reader.get(photo)
    street.found("Ladder Circle", "Maya")
    browser(app, street, "Maya").get(f"/gifts/{ladder}", status=404)
    with transaction():
        db.session.get_one(Organisation, street.groups["Ladder Circle"]).area_id = street.areas["riverside"]
    browser(app, street, "Maya").get(f"/gifts/{ladder}")


def test_something_wrong_and_the_desk(app: Flask, street: Street) -> None:
    ref = street.put_up("Maya")
    talk = street.write("Idris", ref, "Give it or else")
    idris, maya, cass = (browser(app, street, name) for name in ("Idris", "Maya", "Cass"))
    idris.get(f"/gifts/{ref}/report").submit("Tell us", words="", status=422)
    idris.submit("Tell us", words="It is mine")
    maya.get(f"/gifts/talks/{talk}")
    wrong = next(link for link in maya.links() if "/wrong/" in link)
    maya.get(wrong).submit("Tell us", words="That is rude").follow()
    street.move_in("Ada", known=False)
    street.put_up("Ada", "Three chairs")
    cass.get("/")
    assert "gifts and wishes to look at" in cass.text
    cass.get("/desk/").get("/gifts/desk/")
    assert "Three chairs" in cass.text and "Cass" in cass.text
    report, message, new = looks()
    cass.get(f"/gifts/desk/looks/{message.id}")
    assert "Give it or else" in cass.text
    cass.submit("Decide", decision="settled", reason="", status=422)
    cass.submit("Decide", decision="settled", reason="Talked to them", stop="y").follow()
    assert "Kept from the boards" in cass.text
    cass.submit("Let them back", reason="Said sorry").follow()
    cass.get(f"/gifts/desk/looks/{new.id}").submit("Decide", decision="shown")
    cass.get(f"/gifts/desk/looks/{report.id}").submit("Decide", decision="taken_down", reason="It is his").follow()
    cass.get("/gifts/desk/log")
    assert "It is his" in cass.text and "Talked to them" in cass.text
    cass.get(f"/gifts/desk/looks/{new.id}", status=404)
    for path in ("/gifts/desk/", "/gifts/desk/log", f"/gifts/desk/looks/{new.id}", f"/gifts/{ref}/take-down"):
        maya.get(path, status=404)
    assert db.session.scalars(select(GiftTalk.status)).one() == "open"


def test_somebody_calls_with_the_number_in_their_letter(app: Flask, street: Street) -> None:
    talk = street.write("Idris", street.put_up("Maya"), "My secret words")
    cass = browser(app, street, "Cass").get("/gifts/desk/say").submit("Continue", number="GTK-2222-2222", status=422)
    cass.submit("Continue", number=talk.lower().replace("-", " ")).follow()
    assert "My secret words" not in cass.text
    maya, idris = str(street.party("Maya").id), str(street.party("Idris").id)
    cass.submit("Pass it on", side=maya, act="words", words="", basis="telephone", status=422)
    cass.submit("Pass it on", side=idris, act="promise", basis="telephone", status=404)
    page = f"/gifts/desk/say/{talk}"
    cass.get(page).submit("Pass it on", side=maya, act="words", words="Come on Friday", basis="telephone")
    cass.get(page).submit("Pass it on", side=maya, act="promise", basis="telephone")
    cass.get(page).submit("Pass it on", side=idris, act="off", words="No room", basis="in person")
    cass.get(page).submit("Pass it on", side=maya, act="promise", basis="telephone")
    cass.get(page).submit("Pass it on", side=maya, act="handed", basis="telephone")
    assert [kind for kind, _words in said(talk)] == ["words", "words", "promised", "let_go", "promised", "handed"]
    browser(app, street, "Maya").get(page, status=404)
    own = street.write("Cass", street.put_up("Idris", "Jam jars"))
    cass.get(f"/gifts/desk/say/{own}", status=404)
