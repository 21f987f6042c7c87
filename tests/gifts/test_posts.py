"""Putting up, renewing, expiring, finding: what stands on which board, and for whom."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Problem, Refused
from portal.gifts import care, drafts, lists, notes, posts, rules
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftDraft
from portal.people.access import Nobody
from portal.people.shield import not_for_the_public
from portal.photos import Picture
from portal.places.model import Area
from tests.gifts.street import PLAIN, Street, looks, open_street, the_post, told


@pytest.fixture
def street(app: Flask) -> Street:
    return open_street()


def refs(street: Street, name: str = "", typed: str = "", *, area: str = "", **chips: str) -> list[str]:
    """Titles that somebody (nobody: a visitor) finds on a board, newest first."""
    db.session.rollback()
    place = db.session.get(Area, street.areas[area]) if area else None
    board = Board(area=place, homes=lists.homes_of(street.who(name) if name else Nobody()))
    own = [street.party(name).id] if name else []
    return [row.title for row in lists.search(typed, board, Filters(**chips), own=own).rows]


def test_a_gift_stands_on_the_board_and_is_found(street: Street) -> None:
    street.put_up("Maya")
    street.put_up("Idris", "I wish to learn Welsh", kind="wish", sort="head")
    street.put_up("Walter", "Long ladder", sort="lend", area="riverside", reach="area")
    assert refs(street) == ["I wish to learn Welsh", "A child’s bike, blue"]
    assert refs(street, "Walter") == ["Long ladder", "I wish to learn Welsh", "A child’s bike, blue"]
    assert refs(street, "Maya") == ["I wish to learn Welsh", "A child’s bike, blue"], "only for neighbours in Riverside"
    assert refs(street, kind="wish") == ["I wish to learn Welsh"] and refs(street, sort="give") == ["A child’s bike, blue"]
    assert refs(street, typed="childs bikes") == ["A child’s bike, blue"] and refs(street, typed="wlesh") == ["I wish to learn Welsh"]
    assert refs(street, "Walter", area="riverside") == ["Long ladder"] and refs(street, area="estuary")[0] == "I wish to learn Welsh"


def test_what_is_promised_held_paused_or_over_is_on_no_board(street: Street) -> None:
    bike = street.put_up("Maya", quantity=2)
    street.promise("Maya", street.write("Idris", bike))
    assert refs(street) == ["A child’s bike, blue"], "one is left"
    street.promise("Maya", street.write("Walter", bike))
    assert refs(street) == [] and refs(street, typed="bike") == []
    posts.pause(street.put_up("Maya", "Three chairs"), street.who("Maya"))
    street.put_up("Maya", "A kitchen knife")
    soup = street.put_up("Idris", "Soup for six", days=7)
    assert refs(street) == ["Soup for six"]
    with clock.held_at(clock.now() + timedelta(days=8)):
        assert refs(street) == [], "at once, before any worker runs"
        assert posts.end_due() == 1 and posts.end_due() == 0
    assert the_post(soup).status == "expired" and the_post(soup).words == ""
    assert told("Idris")[-1].startswith("No longer on the board")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"title": "X"}, "title"), ({"kind": "loan"}, "kind"), ({"sort": "money"}, "sort"), ({"reach": "world"}, "reach"), ({"quantity": 0}, "quantity"),
    ({"quantity": 100}, "quantity"), ({"title": "Bike for £20"}, "title"), ({"text": "five quid and it is yours"}, "text"), ({"title": "A gift card"}, "title"),
    ({"title": "Call me on 07700 900123"}, "title"), ({"text": "I live at SW1A 1AA"}, "text"), ({"alt": "maya@example.org"}, "alt"),
    ({"title": "Unused antibiotics"}, "title"), ({"area_id": None}, "area"), ({"area_id": 99999}, "area"), ({"hub_id": 99999}, "hub"),
]  # fmt: skip


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_cannot_stand_there_says_how_to_put_it(street: Street) -> None:
    for changes, field in REFUSED:
        with pytest.raises(Refused) as why:
            posts.post(replace(PLAIN, **({"area_id": street.areas["mossgate"]} | changes)), street.who("Maya"), once_key=str(changes))
        assert why.value.field == field, changes
    for days, sentence in ((-1, "has passed"), (400, "more than a year")):
        with pytest.raises(Refused, match=sentence):
            street.put_up("Maya", until_day=clock.today() + timedelta(days=days))
    street.put_up("Maya", "Could somebody fetch my medicine on Friday?", kind="wish", sort="hands")
    with pytest.raises(NotYours):
        posts.post(replace(PLAIN, area_id=1), street.who("Maya"), organisation_id=7, once_key="other")


def test_worry_words_and_food_are_seen() -> None:
    for text in (
        "Knife set",
        "vape",
        "I am 14 and like football",
        "I am fifteen years old",
        "I’m in year 9",
        "im in yr 10",
        "Revising for my GCSEs",
        "Car seat",
        "Selling my bed",
        "Bottle of wine",
        "I have nothing to eat",
    ):
        assert rules.worries(text), text
    for text in (
        "A garden fork",
        "Baby clothes, size 3",
        "Piano, you carry it",
        "Soup for six",
        "Walk by the river",
        "I am 70 and like chess",
        "I am seventy and like chess",
        "I am in year-round need of jars",
        "I am ten minutes from the station",
    ):
        assert rules.worries(text) == [], text
    assert rules.worries("A knife and a car seat", "A KNIFE, a bottle of wine and a beer") == [
        "knife", "car seat", "bottle of wine", "beer", "wine",
    ]  # fmt: skip
    assert rules.is_food("Eggs from our hens") and not rules.is_food("A garden fork")
    assert rules.medicine("left-over ibuprofen") == "ibuprofen" and rules.medicine("A tablet for reading") is None


MEDICINES = (
    "Zopiclone, half a box", "Nurofen and Calpol", "Morphine tablets", "Z o p i c l o n e", "n.u.r.o.f.e.n", "Co-codamol 30/500", "Two ventolin inhalers", "Painkillers",
    "Half a box of pills", "Spare blood pressure tablets", "My prescription", "HRT patches", "Eye drops", "OZEMPIC pen", "Amoxicillin 500 mg", "Anti-histamines",
)  # fmt: skip
NO_MEDICINES = (
    "A tablet computer", "Iron patches on jeans", "A tablet for reading", "Tablet case, blue", "Dishwasher tablets", "Coffee capsules", "Elbow patches", "Patches for jeans",
    "Prescription glasses, to be recycled", "A strawberry patch to share", "Time capsule kit", "A b c book", "A medicine ball", "A box of dishwasher tablets", "Rennie Mackintosh print",
)  # fmt: skip


def test_medicines_are_refused_or_looked_at() -> None:
    for text in MEDICINES:
        assert rules.medicine(text), text
    for text in ("Patches", "Some tablets", "Pills", "Capsules", "Vitamins for children"):
        assert rules.medicine(text) is None and rules.worries(text), text
    for text in NO_MEDICINES:
        assert rules.medicine(text) is None and rules.worries(text) == [], text


def test_where_somebody_lives_and_numbers_in_words_are_looked_at() -> None:
    for text in (
        "14 Marsh Lane after six", "Come to 3b, Old Mill Road", "at number 12 High Street", "Flat 4, ask for me", "one two three four five six seven",
        "7 St. Mary’s Close",
    ):  # fmt: skip
        assert rules.worries(text), text
    assert not_for_the_public("ring zero seven seven double-oh nine zero zero one two three") == "a telephone number"
    for text in (
        "A walk down Marsh Lane", "2 garden chairs", "Four chairs and one table", "Railway set, 20 pieces", "3 boxes for the garden", "10 minutes to the park",
        "12 jam jars", "Size 10 walking boots", "Numbers one to ten for children",
    ):  # fmt: skip
        assert rules.worries(text) == [], text


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_gift_does_not_become_a_medicine(street: Street) -> None:
    ref = street.put_up("Maya")
    with pytest.raises(Refused, match="pharmacy takes back"):
        posts.edit(ref, replace(PLAIN, title="Morphine tablets", area_id=street.areas["mossgate"]), street.who("Maya"), shown=1)
    assert the_post(street.put_up("Maya", "Patches")).status == "held"


def test_the_same_twice_and_too_often(street: Street) -> None:
    first = street.put_up("Maya")
    with pytest.raises(Refused, match="already"):
        street.put_up("Maya", "A CHILD’S BIKE blue!")
    street.put_up("Maya", kind="wish")
    street.put_up("Idris")
    for _again in range(2):
        posts.end(first, street.who("Maya"))
        first = street.put_up("Maya")
    posts.end(first, street.who("Maya"))
    with pytest.raises(Refused, match="3 times"):
        street.put_up("Maya")
    with pytest.raises(Refused, match="a lot for one day"):
        for number in range(rules.MOST_A_DAY):
            street.put_up("Maya", f"Book number {number}")


def test_the_database_keeps_it_too(street: Street) -> None:
    ref = street.put_up("Maya")
    statements = [
        "INSERT INTO gift_post SELECT * FROM gift_post", "DELETE FROM gift_post", "UPDATE gift_post SET party_id = 1, kind = 'wish'",
        "UPDATE gift_post SET promised = 2", "UPDATE gift_post SET promised = -1", "UPDATE gift_post SET quantity = 0", "UPDATE gift_post SET status = 'gone'",
        "UPDATE gift_post SET status = 'paused'", "UPDATE gift_post SET photo_ref = 'PIC-2222-2222'", "INSERT INTO gift_party (id) VALUES (99)",
        "UPDATE gift_post SET until_day = '2020-01-01'",
        "INSERT INTO gift_post (ref, party_id, kind, sort, title, text, same, area_id, reach, quantity, promised, ends_on, status, words, photo_width, photo_height,"
        " photo_alt, posted_at, entered_by, version) SELECT 'GFT-2222-2222', party_id, kind, sort, title, text, same, area_id, reach, quantity, 0, ends_on, 'open',"
        " '', 0, 0, '', posted_at, entered_by, 1 FROM gift_post",
    ]  # fmt: skip
    for statement in statements:
        with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
            connection.execute(sa.text(statement))
    assert the_post(ref).status == "open"


def test_renewing_keeps_it_and_brings_it_back(street: Street) -> None:
    ref = street.put_up("Maya", days=7)
    with clock.held_at(clock.now() + timedelta(days=6)):
        assert posts.remind_ending() == 1 and posts.remind_ending() == 0
        assert told("Maya")[-1].startswith("Is it still so?")
        until = posts.renew(ref, street.who("Maya")).ends_on
        assert until == clock.today() + timedelta(days=28)
        with pytest.raises(NotYours):
            posts.renew(ref, street.who("Idris"))
        with pytest.raises(Refused, match="how you know"):
            posts.renew(ref, street.who("Cass"))
        posts.renew(ref, street.who("Cass"), basis="telephone")
    posts.pause(ref, street.who("Maya"))
    assert posts.renew(ref, street.who("Maya")).status == "open"
    posts.end(ref, street.who("Maya"))
    assert posts.end(ref, street.who("Maya")).status == "ended"
    with pytest.raises(Conflict):
        posts.pause(ref, street.who("Maya"))
    newer = street.put_up("Maya")
    with pytest.raises(Refused, match="already"):
        posts.renew(ref, street.who("Maya"))
    posts.end(newer, street.who("Maya"))
    assert posts.renew(ref, street.who("Maya")).status == "open"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_renewing_at_midnight(street: Street) -> None:
    """Its last day ends at midnight in London; a tap a second later brings it back, with whatever was said about it."""
    ref = street.put_up("Maya", days=7)
    last = clock.end_of_day(the_post(ref).ends_on)
    with clock.held_at(last):
        assert refs(street) == ["A child’s bike, blue"]
    with clock.held_at(last + timedelta(seconds=1)):
        assert refs(street) == []
        posts.renew(ref, street.who("Maya"))
        assert posts.end_due() == 0 and refs(street) == ["A child’s bike, blue"]


def test_must_go_by(street: Street) -> None:
    day = clock.today() + timedelta(days=3)
    ref = street.put_up("Maya", "Tomatoes", until_day=day)
    assert the_post(ref).ends_on == day
    with clock.held_at(clock.now() + timedelta(days=2)):
        assert posts.remind_ending() == 0, "it cannot be kept longer"
        assert posts.renew(ref, street.who("Maya")).ends_on == day
    with clock.held_at(clock.now() + timedelta(days=4)), pytest.raises(Refused, match="day that has passed"):
        posts.renew(ref, street.who("Maya"))


def draft_of(street: Street, **changes: object) -> rules.Draft:
    return replace(PLAIN, area_id=street.areas["mossgate"], **changes)  # type: ignore[arg-type]


def test_saying_it_in_another_way(street: Street, tmp_path: Path) -> None:
    ref = street.put_up("Maya", quantity=3)
    maya = street.who("Maya")
    posts.edit(ref, draft_of(street, title="A red bike", quantity=2), maya, shown=1, picture=Picture(b"jpeg", 4, 3), data_dir=tmp_path)
    row = the_post(ref)
    assert (row.title, row.quantity, row.version, row.photo_width) == ("A red bike", 2, 2, 4)
    assert refs(street, typed="red") == ["A red bike"]
    with pytest.raises(Conflict, match="changed meanwhile"):
        posts.edit(ref, draft_of(street), maya, shown=1)
    street.promise("Maya", street.write("Idris", ref), 2)
    with pytest.raises(Refused, match="promised already"):
        posts.edit(ref, draft_of(street, quantity=1), maya, shown=2)
    street.put_up("Maya", "Three chairs")
    with pytest.raises(Refused, match="already"):
        posts.edit(ref, draft_of(street, title="Three chairs", quantity=2), maya, shown=2)
    with pytest.raises(NotYours):
        posts.edit(ref, draft_of(street), street.who("Idris"), shown=2)
    posts.edit(ref, draft_of(street, title="A hunting knife", quantity=2), maya, shown=2, without_photo=True, data_dir=tmp_path)
    assert the_post(ref).status == "held" and not list(tmp_path.rglob("*.jpg"))


def test_a_photo_goes_when_posting_fails_and_stays_once(street: Street, tmp_path: Path) -> None:
    for _tap in range(2):
        posts.post(draft_of(street), street.who("Maya"), picture=Picture(b"jpeg", 4, 3), data_dir=tmp_path, once_key="tap")
    with pytest.raises(Refused):
        posts.post(draft_of(street), street.who("Maya"), picture=Picture(b"jpeg", 4, 3), data_dir=tmp_path, once_key="again")
    assert len(list(tmp_path.rglob("*.jpg"))) == 1


def test_somebody_else_types_it(street: Street) -> None:
    street.move_in("Rose", known=False)
    rose, cass = street.who("Rose"), street.who("Cass")
    note = notes.sheet(notes.print_sheet(street.areas["mossgate"], None, None, 1, cass, once_key="sheet"), cass)[1][0].number
    ref = posts.post(draft_of(street), cass, for_person=rose.id, basis="paper sheet", note=note, once_key="note")
    row = the_post(ref)
    assert (row.entered_by, row.basis, row.note_number, row.status) == (f"person:{cass.id}", "paper sheet", str(note), "open")
    assert row.party_id == street.party("Rose").id
    with pytest.raises(Refused, match="how you know"):
        posts.post(draft_of(street, title="Chairs"), cass, for_person=rose.id, once_key="no basis")
    with pytest.raises(NotYours):
        posts.post(draft_of(street, title="Chairs"), street.who("Maya"), for_person=rose.id, basis="telephone", once_key="not theirs")


def test_who_reads_what(street: Street) -> None:
    ref = street.put_up("Maya")
    nobody = Nobody()
    assert lists.readable(ref, nobody).ref == ref
    talk = street.write("Idris", ref)
    posts.pause(ref, street.who("Maya"))
    for name in ("Maya", "Idris", "Cass"):
        assert lists.readable(ref, street.who(name)).ref == ref
    for reader in (nobody, street.who("Walter")):
        with pytest.raises(NotFound):
            lists.readable(ref, reader)
    assert talk and len(lists.of_parties([street.party("Maya").id])) == 1


# --- who is new, and what worries ----------------------------------------------------------------------------------------


def test_the_first_of_somebody_new_is_looked_at(street: Street) -> None:
    street.move_in("Ada", known=False)
    with pytest.raises(Refused, match="18 or over"):
        posts.post(draft_of(street), street.who("Ada"), once_key="young")
    ref = street.put_up("Ada")
    assert the_post(ref).status == "held" and refs(street) == []
    held = looks()[0]
    assert held.kind == "new" and held.answerable_id == street.who("Cass").id and held.look_by > clock.today()
    assert told("Ada")[-1].startswith("We look at this first") and told("Cass")[-1].startswith("Somebody new has written")
    with pytest.raises(Conflict, match="looks at this first"):
        posts.renew(ref, street.who("Ada"))
    care.decide(held.id, "shown", "", street.who("Cass"))
    assert refs(street) == ["A child’s bike, blue"] and told("Ada")[-1].startswith("On the board now")
    street.put_up("Ada", "Three chairs")
    assert looks() == [], "whom somebody let in once is known"


def test_a_worry_word_is_looked_at_and_what_waited_stands_as_long(street: Street) -> None:
    ref = street.put_up("Maya", "A hunting knife", days=7)
    assert looks()[0].kind == "worry" and looks()[0].words == "knife"
    with clock.held_at(clock.now() + timedelta(days=10)):
        assert posts.end_due() == 0
        care.decide(looks()[0].id, "shown", "It is for the kitchen", street.who("Cass"))
        row = the_post(ref)
        assert (row.status, row.ends_on) == ("open", clock.today() + timedelta(days=7))
    other = street.put_up("Maya", "Fireworks", until_day=clock.today() + timedelta(days=2))
    with clock.held_at(clock.now() + timedelta(days=5)):
        care.decide(looks()[0].id, "shown", "", street.who("Cass"))
        assert the_post(other).status == "expired", "it was for a day that has passed"
    ended = street.put_up("Maya", "A pistol for the stage")
    posts.end(ended, street.who("Maya"))
    assert looks() == [] and the_post(ended).status == "ended"


def test_a_worry_word_does_not_come_in_by_the_back_door(street: Street) -> None:
    """Ended, changed, and put up again: a person looks; once that was done, saying it better is not looked at again."""
    ref, maya = street.put_up("Maya", "A box of tools"), street.who("Maya")
    posts.end(ref, maya)
    posts.edit(ref, draft_of(street, title="A box of tools and a knife"), maya, shown=1)
    assert the_post(ref).status == "ended" and looks() == []
    assert posts.renew(ref, maya).status == "held" and refs(street) == []
    care.decide(looks()[0].id, "shown", "", street.who("Cass"))
    posts.edit(ref, draft_of(street, title="A big box of tools and a knife"), maya, shown=2)
    assert refs(street) == ["A big box of tools and a knife"]
    posts.edit(ref, draft_of(street, title="A box of tools and a knife", text="And fireworks, and an air gun"), maya, shown=3)
    assert the_post(ref).status == "held" and looks()[0].words == "fireworks, air gun", "each word that nobody has let stand yet"
    posts.edit(ref, draft_of(street, title="A box of tools and a knife", text="And fireworks, and a machete"), maya, shown=4)
    care.decide(looks()[0].id, "shown", "", street.who("Cass"))
    posts.edit(ref, draft_of(street, title="Tools, fireworks, a machete and a knife"), maya, shown=5)
    assert looks() == [] and the_post(ref).status == "open"
    posts.pause(ref, maya)
    assert posts.renew(ref, maya).status == "open"


# --- what a stranger typed -----------------------------------------------------------------------------------------------


def test_what_a_stranger_typed_is_kept_for_a_day(app: Flask) -> None:
    ref = drafts.put_aside({"title": "Bike"}, Picture(b"jpeg", 4, 3))
    kept = drafts.of(ref)
    assert kept.typed == {"title": "Bike"} and drafts.picture_of(kept) == Picture(b"jpeg", 4, 3)
    with clock.held_at(clock.now() + timedelta(days=1, seconds=1)):
        with pytest.raises(NotFound):
            drafts.of(ref)
        assert drafts.forget() == 1 and drafts.forget() == 0
    again = drafts.put_aside({}, None)
    drafts.done_with(again)
    drafts.done_with(again)
    with pytest.raises(Problem):
        drafts.of(again)
    with transaction():
        db.session.execute(
            sa.insert(GiftDraft),
            [
                {"ref": f"GDR-{number}", "typed": {}, "width": 0, "height": 0, "typed_at": clock.now()}
                for number in range(drafts.MOST_WAITING)
            ],
        )
    with pytest.raises(Refused, match="Sign in first"):
        drafts.put_aside({}, None)


def test_days_are_london_days(street: Street) -> None:
    with clock.held_at(datetime(2027, 3, 27, 23, 30, tzinfo=clock.LONDON)):
        ref = street.put_up("Maya", days=7)
        assert the_post(ref).ends_on.isoformat() == "2027-04-03"
