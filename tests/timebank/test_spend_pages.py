"""The pages of spend offers, as members, visitors, a partner at the till and a coordinator see them."""

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.people.actions import act_for, create_organisation
from portal.timebank import members, spend, spend_offers
from portal.timebank.spend_model import SpendBooking, SpendOffer
from tests.client import Inspector
from tests.timebank.bank import assert_books_are_right
from tests.timebank.pool import FRIDAY, POOL, TODAY, TOMORROW, WEDNESDAY, Pool, on, open_pool

BUDGET = 8
AN_ACT = 60  # an act reads what it judges by, writes the fact, the books, receipts
TITLE = "A swim in the quiet hours"
GIVEN: dict[str, Any] = {
    "title": TITLE, "words": "The whole pool. Bring a towel.", "area": "mossgate", "place": "Blackshots Lane", "time": "1 h", "ahead": "yes", "places": "2",
    "per": "day", "days1": ["0", "1", "2", "3", "4"], "from1": "10 am", "until1": "3pm",
}  # fmt: skip


class Phone(Inspector):
    """A page has its budget; an act may take more."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, BUDGET)

    def post(self, path: str, data: Mapping[str, Any], status: int = 303) -> "Phone":
        self.budget = AN_ACT
        super().post(path, data, status)
        self.budget = BUDGET
        return self


Browser = Callable[..., Phone]


@pytest.fixture
def pool(app: Flask) -> Iterator[Pool]:
    with clock.held_at(WEDNESDAY):
        yield open_pool()


@pytest.fixture
def at(app: Flask, pool: Pool) -> Browser:
    def browser(name: str = "") -> Phone:
        them = Phone(app)
        if name:
            them.sign_in(pool.bank.who(name).id)
        return them

    return browser


def newest() -> SpendOffer:
    db.session.rollback()
    return db.session.scalars(select(SpendOffer).order_by(SpendOffer.id.desc())).first()  # type: ignore[return-value]


def test_from_a_partners_form_to_a_place_and_the_till(pool: Pool, at: Browser) -> None:
    pia = at("Pia").get("/timebank/spend/partner")
    assert "Nothing offered yet" in pia.text
    pia.get(f"/timebank/spend/new?as={pool.card}")
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(out, "PNG")
    pia.submit("Send it", **GIVEN, photo=(io.BytesIO(out.getvalue()), "pool.png"), alt="The pool")
    pia.follow()
    assert "a coordinator looks at it" in pia.text
    ref = newest().ref
    at().get(f"/timebank/spend/{ref}", status=404)
    at("Maya").get(f"/timebank/spend/{ref}", status=404).get(f"/timebank/spend/{ref}/photo.jpg", status=404)
    cass = at("Cass").get("/timebank/spend/desk")
    assert TITLE in cass.text
    cass.get(f"/timebank/spend/desk/{ref}").submit("Send it back", status=422)
    assert "Write what to change" in cass.text
    cass.submit("Yes, open it")
    cass.follow()
    assert "No offer waits." in cass.text
    visitor = at().get("/timebank/spend/")
    assert TITLE in visitor.text and "Monday to Friday, 10:00 to 15:00" in visitor.text
    visitor.get(f"/timebank/spend/{ref}").get(f"/timebank/spend/{ref}/photo.jpg")
    maya = at("Maya").get("/timebank/spend/")
    assert f"/timebank/spend/{ref}" in list(maya.links())
    maya.get(f"/timebank/spend/{ref}")
    assert "Your balance: 0 h. With this: -1 h." in maya.text and "2 places free" in maya.text
    maya.submit("Book Friday 5 June 2026, 10:00")
    maya.follow()
    code = spend.code_of(pool.booking(maya.path.rpartition("/")[2]))
    assert f"{code[:3]} {code[3:]}" in maya.text and "Thursday 4 June 2026, 10:00 am" in maya.text
    maya.get("/timebank/spend/mine")
    assert TITLE in maya.text and "booked" in maya.text
    with on(FRIDAY, 10, 5):
        pia.get("/help")  # two days later the session itself takes a query more, once
        pia.get("/timebank/spend/partner")
        assert "Maya (" in pia.text and pool.bank.cards["Maya"] not in pia.text
        pia.get(f"/timebank/spend/till?as={pool.card}")
        pia.submit("Go on", shown=code)
        pia.follow()
        assert "<h1" in pia.text and "Maya" in pia.text and "booked" in pia.text
        pia.submit(f"Take 1 h {TITLE}, 10:00")
        pia.follow()
        assert "They have a message" in pia.text and "Maya (" in pia.text
        pia.get("/timebank/spend/partner")
        assert pool.bank.has("Maya") == -60
        maya.get(maya.path.replace("mine", f"bookings/{db.session.scalars(select(SpendBooking.ref)).one()}"))
        assert f"You spent 1 h at {POOL}." in maya.text
        maya.get("/timebank/statement")
        assert f"Time spent at {POOL}" in maya.text
    assert_books_are_right()


def test_what_is_typed_is_kept_when_it_cannot_be(pool: Pool, at: Browser) -> None:
    pia = at("Pia").get(f"/timebank/spend/new?as={pool.card}")
    pia.submit("Send it", status=422)
    for sentence in (
        "Write what it is",
        "Write a few words",
        "Write where it is",
        "Choose the days of the week",
        "Write a number of places",
    ):
        assert sentence in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "from1": "noonish", "until1": "3pm", "words": "Bring <b>a towel</b>"})
    assert "Write a time of day" in pia.text and 'value="noonish"' in pia.text and "&lt;b&gt;a towel" in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "from1": "4pm"})
    assert "The end comes after the beginning" in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "time": "20 min"})
    assert "quarters of an hour" in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "days2": ["0"], "from2": "14:00", "until2": "16:00"})
    assert "Two of the times overlap" in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "days2": ["5"], "from2": "", "until2": ""})
    assert "Write a time of day" in pia.text
    pia.submit("Send it", status=422, **{**GIVEN, "days2": [], "from2": "", "until2": ""}, photo=(io.BytesIO(b"no picture"), "a.jpg"))
    assert "not a photo that we can read" in pia.text
    assert db.session.scalar(select(SpendOffer.id)) is None


def test_the_filter_says_why_and_an_officer_may_be_asked(pool: Pool, at: Browser) -> None:
    pia = at("Pia").get(f"/timebank/spend/new?as={pool.card}")
    pia.submit("Send it", status=422, **{**GIVEN, "title": "G i f t  c a r d for a swim"})
    assert "We found “giftcard”. Time is never swapped for something that works like money." in pia.text.replace("&#39;", "'")
    pia.submit("Ask an officer", **{**GIVEN, "title": "Make gift cards of paper"})
    ref = newest().ref
    cass = at("Cass").get("/timebank/spend/desk")
    assert "our filter found something" in cass.text
    cass.get(f"/timebank/spend/desk/{ref}")
    assert "Yes, open it" not in cass.text
    cass.post(f"/timebank/spend/desk/{ref}", {**cass._values(cass.forms()[0]), "reason": "Fine"}, status=422)
    assert "An officer decides" in cass.text
    olga = at("Olga").get(f"/timebank/spend/desk/{ref}").submit("Yes, open it", status=422)
    assert "Write why it may be there" in olga.text
    olga.submit("Yes, open it", reason="It is a craft class.")
    olga.get(f"/timebank/spend/desk/{ref}")
    assert "It was let through: It is a craft class." in olga.text and "Approved (“gift cards”)" in olga.text


def test_what_may_be_like_cash_is_looked_at_twice(pool: Pool, at: Browser) -> None:
    at("Pia").get(f"/timebank/spend/new?as={pool.card}").submit("Send it", **{**GIVEN, "words": "We share the petrol."})
    cass = at("Cass").get("/timebank/spend/desk")
    assert "look twice" in cass.text and "“petrol”" in cass.text
    cass.get(f"/timebank/spend/desk/{newest().ref}")
    assert "This may work like cash: “petrol”. Look twice." in cass.text
    cass.submit("Yes, open it")
    assert newest().status == "open", "a connector decides, without an officer"


def test_what_is_over_today_is_not_to_come(pool: Pool, at: Browser) -> None:
    pool.book(pool.open(), "Maya")
    with on(FRIDAY, 14):
        assert "To come" in at("Maya").get("/timebank/spend/mine").text
    with on(FRIDAY, 16, 45):
        maya = at("Maya").get("/timebank/spend/mine")
        assert "Just over" in maya.text and "To come" not in maya.text


def test_changing_and_sending_back(pool: Pool, at: Browser) -> None:
    ref = pool.made()
    cass = at("Cass").get(f"/timebank/spend/desk/{ref}").submit("Send it back", reason="Say how deep it is.")
    pia = at("Pia").get(f"/timebank/spend/{ref}")
    assert "Say how deep it is." in pia.text
    pia.get(f"/timebank/spend/{ref}/change")
    assert 'value="10:00"' in pia.text and 'value="A swim in the quiet hours"' in pia.text
    pia.submit("Save", words="Not deep at all.")
    assert pool.offer(ref).status == "waiting"
    cass.get(f"/timebank/spend/desk/{ref}").submit("Yes, open it")
    old = pia.get(f"/timebank/spend/{ref}/change")._values(pia.forms()[0])
    pia.submit("Save", places="7")
    assert pool.offer(ref).status == "open" and pool.offer(ref).places == 7
    pia.post(f"/timebank/spend/{ref}/change", {**old, "words": "Typed twice"}, status=409)
    assert "Typed twice" in pia.text
    at("Maya").get(f"/timebank/spend/{ref}/change", status=404).get(f"/timebank/spend/{ref}/end", status=404).get(
        f"/timebank/spend/{ref}/off", status=404
    )


def test_the_list_by_place_and_by_what_one_has(pool: Pool, at: Browser) -> None:
    at().get("/timebank/spend/")
    for number in range(23):
        pool.open(title=f"Swim {number}")
    pool.open(title="The whole hall", minutes=960, area_id=pool.bank.areas["riverside"])
    pool.bank.settled("Idris", "Maya", 600)
    maya = at("Maya").get("/timebank/spend/")
    assert "The whole hall" in maya.text and maya.text.count("card--link") == 20
    older = [link for link in maya.links() if "before=" in link]
    maya.get(older[0])
    assert maya.text.count("card--link") == 4
    maya.get("/timebank/spend/?afford=1")
    assert "The whole hall" not in maya.text and "before=" in "".join(maya.links())
    maya.get("/timebank/spend/?area=riverside")
    assert "The whole hall" in maya.text and maya.text.count("card--link") == 1
    maya.get("/timebank/spend/?area=riverside&afford=1")
    assert "Nothing here just now" in maya.text
    maya.get("/timebank/spend/?before=1")
    assert "That was all" in maya.text
    for odd in ("?area=%00nowhere", "?before=x", "?area=" + "a" * 400, "?as=MEM-2222-2222"):
        maya.get(f"/timebank/spend/{odd}", status=404 if "as=" in odd else 200)


def test_full_waiting_and_giving_back(pool: Pool, at: Browser) -> None:
    ref = pool.open(places=1)
    idris, maya = at("Idris").get(f"/timebank/spend/{ref}"), at("Maya").get(f"/timebank/spend/{ref}")
    idris.submit("Book Friday 5 June 2026, 10:00")
    maya.submit("Book Friday 5 June 2026, 10:00", status=422)
    assert "Somebody was quicker" in maya.text
    maya.submit("Wait Friday 5 June 2026, 10:00")
    maya.follow()
    assert "You are number 1 in line" in maya.text
    mine = maya.path
    idris.follow().submit("Give the place back")
    idris.follow()
    assert "given back" in idris.text
    maya.get(mine).submit("Give the place back")
    with on(TOMORROW, 11):
        idris.get(f"/timebank/spend/{ref}").submit("Book Friday 5 June 2026, 10:00")
        idris.follow()
        assert "It is late to give it back" in idris.text
        idris.submit("Give the place back").follow()
        assert "given back late" in idris.text
    stranger = at("Walter")
    stranger.get(mine, status=404).post(f"{mine}/cancel", {"csrf_token": _token(stranger.get("/timebank/spend/mine"))}, status=404)


def _token(phone: Inspector) -> str:
    phone.get("/timebank/me")
    return str(phone._values(phone.forms()[0])["csrf_token"])


def test_later_days_and_odd_times(pool: Pool, at: Browser) -> None:
    ref = pool.open()
    maya = at("Maya").get(f"/timebank/spend/{ref}")
    later = next(link for link in maya.links() if "from=" in link)
    maya.get(later)
    assert "Wednesday 17 June 2026" in maya.text and "Friday 5 June 2026" not in maya.text
    for odd in ("?from=x", "?from=9999-12-31", "?from=0001-01-01"):
        maya.get(f"/timebank/spend/{ref}{odd}")
    maya.get(f"/timebank/spend/{ref}")
    values = maya._values(maya.forms()[-1])
    for when in ("", "x", "2026-06-05", "2026-06-05 x", "2026-06-05 99999999999", "9999-99-99 600", "2026-06-06 600 wait wait wait"):
        maya.post(f"/timebank/spend/{ref}/book", {**values, "when": when}, status=422)
        assert "cannot be booked any more" in maya.text


def test_just_come_and_the_till_by_the_card(pool: Pool, at: Browser) -> None:
    ref = pool.open(ahead=False)
    maya = at("Maya").get(f"/timebank/spend/{ref}")
    assert "Just come" in maya.text
    pia = at("Pia").get(f"/timebank/to/{pool.bank.cards['Maya']}")
    till = next(link for link in pia.links() if "/timebank/spend/till" in link)
    pia.get(till)
    assert pool.bank.cards["Maya"] in pia.text
    pia.submit("Go on", status=422)
    assert "Type the four digits" in pia.text
    pia.submit("Go on", status=422, digits=f"{(int(pool.digits('Maya')) + 1) % 10_000:04}")
    assert "do not belong together" in pia.text and pool.bank.cards["Maya"] in pia.text and "Maya" not in pia.text
    pia.submit("Go on", digits=pool.digits("Maya"))
    served = pia.location
    pia.follow().submit(f"Take 1 h {TITLE}, 10:00")
    pia.get(served)
    assert "taken already" in pia.text and "Take 1 h" not in pia.text
    pia.get(f"/timebank/spend/till?as={pool.card}")
    undo = next(link for link in pia.links() if link.endswith("/undo"))
    pia.get(undo).submit("Undo it", status=422)
    pia.submit("Undo it", reason="The wrong Maya")
    pia.follow()
    assert "Undone." in pia.text and pool.bank.has("Maya") == 0
    at("Maya").get(served, status=404)
    with clock.held_at(WEDNESDAY + timedelta(minutes=30)):
        pia.get(served, status=303).follow()
        assert "That was a while ago" in pia.text
    with on(TODAY, 20):
        pia.get(f"/timebank/spend/till?as={pool.card}").submit("Go on", shown=pool.bank.cards["Maya"], digits=pool.digits("Maya"))
        pia.follow()
        assert "There is nothing for Maya at this time of day" in pia.text
    assert_books_are_right()


def test_at_the_floor_the_till_says_what_to_do(pool: Pool, at: Browser) -> None:
    from tests.timebank.bank import lend

    lend(pool.bank, "Idris", 2400)
    for days in (0, 1):
        pool.bank.settled("Idris", "Maya", 600, day=TODAY - timedelta(days=days))
    ref = pool.open()
    pool.open(title="Just come", ahead=False)
    maya = at("Maya").get(f"/timebank/spend/{ref}").submit("Book Friday 5 June 2026, 10:00", status=422)
    assert "Give an hour first, or ask a coordinator" in maya.text
    pia = at("Pia").get(f"/timebank/spend/till?as={pool.card}").submit("Go on", shown=pool.bank.cards["Maya"], digits=pool.digits("Maya"))
    pia.follow().submit("Take 1 h Just come, 10:00", status=422)
    assert "Maya has not enough time left" in pia.text and "20 h" not in pia.text


def test_something_wrong_reaches_the_desk(pool: Pool, at: Browser) -> None:
    place = pool.redeemed(pool.open(ahead=False), "Maya")
    maya = at("Maya").get(f"/timebank/spend/bookings/{place}").submit("Tell a coordinator", status=422)
    maya.submit("Tell a coordinator", words="I was at home")
    maya.follow()
    assert "A coordinator looks at it" in maya.text
    cass = at("Cass").get("/timebank/spend/desk")
    assert f"/timebank/spend/desk/bookings/{place}" in list(cass.links())
    cass.get(f"/timebank/spend/mine?as={pool.bank.cards['Maya']}").get(f"/timebank/spend/bookings/{place}")
    assert f"/timebank/spend/desk/bookings/{place}" in list(cass.links())
    cass.get(f"/timebank/spend/desk/bookings/{place}")
    assert "I was at home" in cass.text and "by the card" in cass.text
    cass.submit("It stands", status=422)
    cass.submit("It stands", reason="We talked.")
    maya.get(f"/timebank/spend/bookings/{place}").submit("Tell a coordinator", words="It was not me")
    cass.get(f"/timebank/spend/desk/bookings/{place}").submit("Undo it", reason="Another Maya")
    assert pool.bank.has("Maya") == 0
    at("Pia").get(f"/timebank/spend/desk/bookings/{place}", status=404)
    at("Pia").get("/timebank/spend/desk", status=404)


def test_a_connector_books_for_somebody(pool: Pool, at: Browser) -> None:
    pool.bank.join("Nell", email=None)
    ref, card = pool.open(), pool.bank.cards["Nell"]
    cass = at("Cass").get(f"/timebank/spend/?as={card}")
    assert "You are choosing for Nell." in cass.text
    cass.get(f"/timebank/spend/{ref}?as={card}").submit("Book Friday 5 June 2026, 10:00", status=422)
    assert "how you know" in cass.text
    cass.submit("Book Friday 5 June 2026, 10:00", basis="telephone")
    cass.follow()
    assert "You are choosing for Nell." in cass.text
    cass.submit("Give the place back", status=422)
    cass.submit("Give the place back", basis="in person")
    cass.follow()
    assert "given back" in cass.text
    at("Maya").get(f"/timebank/spend/?as={card}", status=404)


def test_a_day_off_an_end_and_the_list_of_a_day(pool: Pool, at: Browser) -> None:
    ref = pool.open()
    pool.book(ref, "Maya"), pool.book(ref, "Idris", TOMORROW)
    pia = at("Pia").get(f"/timebank/spend/partner/day?as={pool.card}&day=2026-06-05")
    assert "Maya (" in pia.text
    for odd in ("x", "0001-01-01", "9999-12-31"):
        pia.get(f"/timebank/spend/partner/day?as={pool.card}&day={odd}")
    pia.get(f"/timebank/spend/{ref}/off").submit("Call it off", day_day="5", day_month="6", day_year="2026", reason="No lifeguard")
    pia.follow()
    assert "Called off: Friday 5 June 2026. One person is told." in pia.text
    pia.get(f"/timebank/spend/{ref}/end").submit("End it")
    pia.follow()
    assert "ended" in pia.text
    at("Idris").get("/timebank/spend/mine")
    at().get(f"/timebank/spend/{ref}")
    other = pool.open(title="Another")
    cass = at("Cass").get(f"/timebank/spend/{other}/end").submit("End it", status=422)
    cass.submit("End it", reason="Not as it was said")
    assert pool.offer(other).answer == "Not as it was said"


def test_marks_on_the_partners_page(pool: Pool, at: Browser) -> None:
    place = pool.book(pool.open(), "Maya")
    with on(FRIDAY + timedelta(days=1), 9):
        spend.mark_missed()
        pia = at("Pia").get("/timebank/spend/partner")
        assert "Kept and not used" in pia.text
        pia.get(f"/timebank/spend/partner/bookings/{place}/excuse").submit("Let it go", reason="She was there")
        pia.follow()
        assert "Kept and not used" not in pia.text
        maya = at("Maya").get(f"/timebank/spend/bookings/{place}")
        assert "given back" in maya.text


def test_the_file_of_a_month(pool: Pool, at: Browser) -> None:
    pool.redeemed(pool.open(ahead=False, title="=SUM(A1)"), "Maya")
    pia = at("Pia").get(f"/timebank/spend/partner/redemptions.csv?as={pool.card}&month=2026-06")
    assert pia.text.splitlines() == [
        "day,offer,first name,end of number,minutes,state",
        f"2026-06-03,'=SUM(A1),Maya,{pool.bank.cards['Maya'][-4:]},60,",
    ]
    pia.get(f"/timebank/spend/partner/redemptions.csv?as={pool.card}&month=2026-05")
    assert len(pia.text.splitlines()) == 1
    for odd in ("x", "9999-12", "0000-00"):
        pia.get(f"/timebank/spend/partner/redemptions.csv?as={pool.card}&month={odd}")
    at("Maya").get(f"/timebank/spend/partner/redemptions.csv?as={pool.card}", status=404)


def test_a_group_becomes_a_member_and_a_partner(pool: Pool, at: Browser) -> None:
    maya = at("Maya").get("/timebank/spend/partner")
    assert "You act for no other group" in maya.text
    with transaction():
        made = create_organisation("Mossgate Yoga", "group", pool.bank.areas["mossgate"], pool.bank.actor("Maya"))
        act_for(pool.bank.who("Maya").id, made.id, pool.bank.actor("Maya"))
    maya.get("/timebank/spend/partner").submit("Join as Mossgate Yoga", status=422)
    maya.submit("Join as Mossgate Yoga", area="mossgate")
    maya.follow()
    assert "Offers of Mossgate Yoga" in maya.text
    maya.get("/timebank/spend/partner/join")
    maya.post("/timebank/spend/partner/join", {"csrf_token": _token(maya), "organisation": "ORG-2222-2222", "area": "mossgate"}, status=422)
    assert "Choose a group for which you act" in maya.text


def test_who_is_no_member_may_look_and_is_led_to_join(app: Flask, pool: Pool) -> None:
    from portal.people.actions import create_person

    ref = pool.open()
    with transaction():
        new = create_person("Nia", email="nia@example.org").id
    nia = Phone(app).sign_in(new)
    nia.get("/timebank/spend/").get(f"/timebank/spend/{ref}")
    assert "Join the timebank" in nia.text
    assert nia.get("/timebank/spend/mine", status=303).location.startswith("/timebank/join?next=")


def test_before_the_timebank_is_open(app: Flask) -> None:
    from tests.grants.season import begin

    season = begin()
    rita = Phone(app).sign_in(season.who("Rita").id)
    rita.get("/timebank/spend/").get("/timebank/spend/partner").get("/timebank/spend/nothing", status=404)


@pytest.mark.parametrize("day", [date(2026, 10, 24), date(2026, 10, 25)])
def test_the_night_when_the_clocks_go_back(pool: Pool, at: Browser, day: date) -> None:
    from portal.timebank.spend_rules import Window

    with on(day, 12):
        ref = pool.open(times=tuple(Window(each, 60, 150) for each in range(7)))
        at("Maya").get(f"/timebank/spend/{ref}").submit("Book Monday 26 October 2026, 1:00")
        assert spend_offers.by_ref(ref).status == "open" and members.rules() is not None
