"""Offers and requests: posting, keeping them fresh, ending them; who may; and their pages."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy.exc import DBAPIError

from portal import clock, photos
from portal.db import db, transaction
from portal.demo import posts as demo_posts
from portal.demo.story import Story
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.people.access import Nobody
from portal.people.actions import delete_me
from portal.people.queries import all_about
from portal.refs import drawn_from
from portal.timebank import members, posts, search
from portal.timebank.posts_model import Conversation, KnownWord, Post, Promise, Reported
from tests.client import Inspector
from tests.conftest import Store
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import PLAIN, Pages, put_up, talk, the_post, told, write


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


def picture(colour: str = "red") -> photos.Picture:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return photos.read(out.getvalue())


def in_list(bank: Bank, name: str = "Idris") -> list[str]:
    db.session.rollback()
    return [post.title for post in search.search("", search.viewer_of(bank.who(name)), search.Filters()).rows]


class TestPosting:
    def test_offers_stay_ninety_days_and_requests_thirty_or_until_their_date(self, bank: Bank) -> None:
        today = clock.today()
        assert the_post(put_up(bank, "Maya")).ends_on == today + timedelta(days=90)
        assert the_post(put_up(bank, "Maya", "I need a lift to town", "request")).ends_on == today + timedelta(days=30)
        day = today + timedelta(days=50)
        assert the_post(put_up(bank, "Maya", "I need a lift to town", "request", until_day=day)).ends_on == day
        assert the_post(put_up(bank, "Maya", until_day=today + timedelta(days=5))).ends_on == today + timedelta(days=5)
        assert the_post(put_up(bank, "Maya", until_day=today + timedelta(days=300))).ends_on == today + timedelta(days=90)

    def test_the_same_form_twice_is_one_post(self, bank: Bank) -> None:
        first = put_up(bank, "Maya", key="one")
        assert put_up(bank, "Maya", key="one") == first
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Post)) == 1

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"title": "Lift"}, "in a sentence"),
            ({"title": "Call me on 01375 123456 for bicycles"}, "telephone number"),
            ({"title": "Bicycles at RM17 6SL mended"}, "postcode"),
            ({"text": "Write to maya@example.org"}, "e-mail address"),
            ({"when_words": "ring 07700 900123"}, "telephone number"),
            ({"tags": "maya@example.org"}, "e-mail address"),
            ({"alt": "My number 07700 900123 on the van"}, "telephone number"),
            ({"tags": "a, b, c, d, e, f, g"}, "6 words"),
            ({"reach": "moon"}, "who sees"),
            ({"category": "rockets"}, "kind of help"),
            ({"until_day": "yesterday"}, "has passed"),
            ({"until_day": "in two years"}, "more than a year"),
            ({"from_day": "next week", "until_day": "tomorrow"}, "after the last"),
            ({"title": "I sell my old bike for £40"}, "Time is the only coin here, so leave out “£”"),
            ({"when_words": "Any day, 40 quid"}, "Time is the only coin here"),
            ({"text": "wa.me/447700900123"}, "Leave out a name or link of another network"),
        ],
    )
    def test_what_is_refused(self, bank: Bank, changes: dict[str, object], says: str) -> None:
        days = {"yesterday": -1, "tomorrow": 1, "next week": 7, "in two years": 730}
        said = {name: clock.today() + timedelta(days=days[value]) if value in days else value for name, value in changes.items()}
        with pytest.raises(Refused, match=says):
            put_up(bank, "Maya", **said)  # type: ignore[arg-type]
        assert in_list(bank) == []

    def test_a_full_name_stays_out_and_a_first_name_may_stand(self, bank: Bank) -> None:
        bank.join("Rose Hill")
        with pytest.raises(Refused, match="name of a person"):
            put_up(bank, "Rose Hill", "Rose Hill can mend bicycles")
        put_up(bank, "Rose Hill", "Rose cuttings for your garden")

    def test_twenty_at_a_time(self, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posts, "MOST_OPEN", 2)
        first = put_up(bank, "Maya")
        put_up(bank, "Maya")
        with pytest.raises(Refused, match="2 at a time"):
            put_up(bank, "Maya")
        posts.end(first, "ended", bank.who("Maya"))
        put_up(bank, "Maya")
        with pytest.raises(Refused, match="2 at a time"):
            posts.renew(first, bank.who("Maya"))

    def test_who_may_write_for_whom(self, bank: Bank) -> None:
        with pytest.raises(NotYours):
            put_up(bank, "Maya", by=bank.who("Idris"))
        with pytest.raises(Refused, match="how you know"):
            put_up(bank, "Maya", by=bank.who("Cass"))
        ref = put_up(bank, "Maya", by=bank.who("Cass"), basis="telephone")
        post = the_post(ref)
        assert (post.member_id, post.entered_by, post.basis) == (bank.member("Maya").id, f"person:{bank.who('Cass').id}", "telephone")
        bank.group("Gardeners", "Idris")
        assert (
            the_post(put_up(bank, "Gardeners", "Come and dig with us", by=bank.who("Idris"), area="mossgate")).member.organisation
            is not None
        )

    def test_no_post_from_who_takes_a_break(self, bank: Bank) -> None:
        members.set_member(bank.cards["Maya"], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Maya"))
        with pytest.raises(Refused, match="You are taking a break"):
            put_up(bank, "Maya")


class TestChanging:
    def test_saying_it_in_another_way_does_not_keep_it_longer(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        ends = the_post(ref).ends_on
        with clock.held_at(clock.now() + timedelta(days=20)):
            posts.edit(
                ref, replace(PLAIN, title="I can mend bicycles and prams", area_id=bank.areas["mossgate"]), bank.who("Maya"), shown=1
            )
            post = the_post(ref)
            assert (post.title, post.ends_on, post.version) == ("I can mend bicycles and prams", ends, 2)
            posts.edit(
                ref, replace(PLAIN, area_id=bank.areas["mossgate"], until_day=clock.today() + timedelta(days=3)), bank.who("Maya"), shown=2
            )
            assert the_post(ref).ends_on == clock.today() + timedelta(days=3)

    def test_two_phones(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        draft = replace(PLAIN, area_id=bank.areas["mossgate"])
        posts.edit(ref, draft, bank.who("Maya"), shown=1)
        with pytest.raises(Conflict, match="changed meanwhile"):
            posts.edit(ref, draft, bank.who("Maya"), shown=1)
        with pytest.raises(NotYours):
            posts.edit(ref, draft, bank.who("Idris"), shown=2)

    def test_an_offer_stays_an_offer(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        posts.edit(ref, replace(PLAIN, kind="request", area_id=bank.areas["mossgate"]), bank.who("Maya"), shown=1)
        assert the_post(ref).kind == "offer"

    def test_photos_come_and_go(self, bank: Bank, store: Store) -> None:
        folder = store.home / "photos"
        before = set(folder.rglob("*.jpg")) if folder.exists() else set()
        ref = put_up(bank, "Maya", picture=picture(), data_dir=store.home, alt="A bicycle", key="once")
        put_up(bank, "Maya", picture=picture(), data_dir=store.home, alt="A bicycle", key="once")
        first = the_post(ref)
        name = first.photo_ref
        assert len(set(folder.rglob("*.jpg")) - before) == 1 and (first.photo_width, first.photo_height) == (40, 30)
        with pytest.raises(Refused):
            put_up(bank, "Maya", "Lift", picture=picture(), data_dir=store.home)
        draft = replace(PLAIN, area_id=bank.areas["mossgate"], alt="Blue")
        posts.edit(ref, draft, bank.who("Maya"), shown=1, picture=picture("blue"), data_dir=store.home)
        second = the_post(ref)
        assert len(set(folder.rglob("*.jpg")) - before) == 1 and second.photo_ref not in (None, name)
        posts.edit(ref, draft, bank.who("Maya"), shown=2, without_photo=True, data_dir=store.home)
        assert set(folder.rglob("*.jpg")) == before and the_post(ref).photo_ref is None and the_post(ref).photo_alt == ""


class TestKeepingAndEnding:
    def test_a_reminder_and_one_tap(self, bank: Bank) -> None:
        offer, request = put_up(bank, "Maya"), put_up(bank, "Walter", "I need a lift to town", "request")
        start = clock.now()
        for days, reminded in ((0, 0), (26, 0), (27, 1), (28, 0), (82, 0), (83, 1), (84, 0)):
            with clock.held_at(start + timedelta(days=days)):
                assert (posts.remind_ending(), posts.remind_ending()) == (reminded, 0), days
                if days == 28:
                    posts.end(request, "met", bank.who("Walter"))
        assert told("Maya") == ["Is it still so? “I can mend bicycles”"] and told("Walter") == ["Is it still so? “I need a lift to town”"]
        with clock.held_at(start + timedelta(days=85)):
            posts.renew(offer, bank.who("Maya"))
            until = clock.today() + timedelta(days=90)
            assert the_post(offer).ends_on == until
            posts.renew(offer, bank.who("Maya"))
        with clock.held_at(start + timedelta(days=168)):
            assert posts.remind_ending() == 1, "again before the new end"
        kinds = db.session.scalars(sa.text(f"SELECT kind FROM event WHERE about = 'post:{the_post(offer).id}'"))
        assert sorted(kinds) == ["posted", "renewed"], "a second tap is no second renewal"

    def test_it_leaves_by_its_date_before_any_worker_comes(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        with clock.held_at(clock.now() + timedelta(days=90)):
            assert in_list(bank) == ["I can mend bicycles"]
        with clock.held_at(clock.now() + timedelta(days=91)):
            assert in_list(bank) == []
            with pytest.raises(NotFound):
                posts.readable(ref, bank.who("Idris"))
            assert posts.readable(ref, bank.who("Maya")).status == "open"
            assert (posts.end_due(), posts.end_due()) == (1, 0)
            assert the_post(ref).status == "expired" and told("Maya") == ["No longer in the list: “I can mend bicycles”"]
            posts.renew(ref, bank.who("Maya"))
            assert in_list(bank) == ["I can mend bicycles"]

    def test_pausing_and_coming_back(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        maya = bank.who("Maya")
        posts.pause(ref, maya)
        posts.pause(ref, maya)
        assert in_list(bank) == [] and the_post(ref).status == "paused"
        posts.renew(ref, maya)
        assert in_list(bank) == ["I can mend bicycles"]
        posts.end(ref, "ended", maya)
        with pytest.raises(Conflict, match="nothing to pause"):
            posts.pause(ref, maya)

    def test_an_offer_cannot_be_met_and_a_day_that_has_passed_not_renewed(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        with pytest.raises(Refused, match="met, or not needed"):
            posts.end(ref, "met", bank.who("Maya"))
        dated = put_up(bank, "Maya", "I need a lift on Monday", "request", until_day=clock.today() + timedelta(days=2))
        with clock.held_at(clock.now() + timedelta(days=4)), pytest.raises(Refused, match="Change the day first"):
            posts.renew(dated, bank.who("Maya"))

    def test_who_waited_for_an_answer_is_told_that_it_is_done(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya", "I need a lift to town", "request")
        write(bank, "Idris", ref, "I can drive you.")
        posts.end(ref, "met", bank.who("Maya"))
        posts.end(ref, "met", bank.who("Maya"))
        assert told("Idris") == ["Thank you: “I need a lift to town” is done"]

    def test_a_coordinator_takes_it_down_with_a_reason(self, bank: Bank) -> None:
        ref = put_up(bank, "Maya")
        with pytest.raises(Refused, match="Write why"):
            posts.take_down(ref, "", bank.who("Cass"))
        with pytest.raises(NotYours):
            posts.take_down(ref, "I do not like it", bank.who("Idris"))
        own = put_up(bank, "Cass")
        with pytest.raises(Refused, match="your own"):
            posts.take_down(own, "Why not", bank.who("Cass"))
        posts.take_down(ref, "It asks for money.", bank.who("Cass"))
        assert in_list(bank, "Walter") == ["I can mend bicycles"], "only Cass's own"
        with pytest.raises(Conflict, match="took this down"):
            posts.renew(ref, bank.who("Maya"))
        with pytest.raises(Conflict, match="took this down"):
            posts.end(ref, "ended", bank.who("Maya"))
        assert told("Maya") == ["We took this down: “I can mend bicycles”"]

    def test_words_are_counted_as_posts_come_and_go(self, bank: Bank) -> None:
        def uses(word: str) -> int:
            db.session.rollback()
            return db.session.scalar(sa.select(KnownWord.uses).where(KnownWord.word == word)) or 0

        one, two = put_up(bank, "Maya"), put_up(bank, "Idris", "I can mend kettles")
        assert (uses("mend"), uses("bicycles"), uses("kettles"), uses("the")) == (2, 1, 1, 0)
        posts.pause(one, bank.who("Maya"))
        assert (uses("mend"), uses("bicycles")) == (1, 0)
        posts.renew(one, bank.who("Maya"))
        posts.end(two, "ended", bank.who("Idris"))
        assert (uses("mend"), uses("bicycles"), uses("kettles")) == (1, 1, 0)


class TestUnmet:
    def test_what_a_coordinator_should_see(self, bank: Bank) -> None:
        start = clock.now()
        with clock.held_at(start - timedelta(days=40)):
            put_up(bank, "Maya", "I need my hedge cut", "request")
            put_up(bank, "Walter", "I need a lift to town", "request")
            put_up(bank, "Maya", "I can mend bicycles")
            met = put_up(bank, "Maya", "I need eggs for a cake", "request")
            posts.end(met, "met", bank.who("Maya"))
        with clock.held_at(start - timedelta(days=13)):
            put_up(bank, "Idris", "I need a chess partner", "request")
        posts.end_due()
        assert [post.title for post in posts.unmet(None)] == ["I need my hedge cut", "I need a lift to town"]
        here = frozenset({bank.areas["riverside"]})
        assert [post.title for post in posts.unmet(here)] == ["I need a lift to town"]
        assert list(posts.unmet(frozenset())) == []
        first = posts.unmet(None, limit=1)[0]
        assert [post.title for post in posts.unmet(None, after=first.id)] == ["I need a lift to town"]
        with clock.held_at(start + timedelta(days=2)):
            assert "I need a chess partner" in [post.title for post in posts.unmet(None)]
            assert first.title in [post.title for post in posts.unmet(None)], "its time was over, the need was not"


def refused(statement: str) -> str:
    with pytest.raises(DBAPIError) as caught, db.engine.begin() as connection:
        done = connection.execute(sa.text(statement))
        assert done.rowcount != 0, "the statement met no row: this test proves nothing"
    return str(caught.value.orig)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE post SET kind = 'gift'", "stays whose it is"),
        ("UPDATE post SET member_id = member_id + 1", "stays whose it is"),
        ("UPDATE post SET member_id = NULL", "post"),
        ("UPDATE post SET status = 'lost', words = ''", "ck_post_status"),
        ("UPDATE post SET status = 'met'", "ck_post"),
        ("UPDATE post SET status = 'paused'", "ck_post_found_while_open"),
        ("UPDATE post SET reach = 'moon'", "ck_post_reach"),
        ("UPDATE post SET from_day = '2030-01-02', until_day = '2030-01-01'", "ck_post_days"),
        ("UPDATE post SET photo_ref = 'PIC-1'", "ck_post_photo"),
        ("DELETE FROM post", "never deleted"),
    ],
)
def test_what_the_database_refuses(bank: Bank, change: str, says: str) -> None:
    put_up(bank, "Maya")
    db.session.rollback()
    assert says in refused(change)


class TestLeaving:
    def test_everything_comes_along_and_goes(self, bank: Bank, store: Store) -> None:
        ref = put_up(bank, "Maya", text="Also prams.", picture=picture(), data_dir=store.home, alt="A bicycle")
        maya = bank.who("Maya")
        ours = all_about(maya.id)["offers and requests"]
        assert [(each["sentence"], each["more"], each["state"]) for each in ours] == [("I can mend bicycles", "Also prams.", "open")]
        conversation = write(bank, "Idris", ref)
        file = the_post(ref).photo_file
        assert file in delete_me(maya.id, bank.actor("Maya"))
        left = the_post(ref)
        assert (left.status, left.title, left.text, left.photo_file, left.words) == ("ended", "Taken down", "", None, "")
        assert talk(conversation).status == "closed" and in_list(bank) == []


# --- pages ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(app: Flask, bank: Bank) -> Callable[[str], Inspector]:
    def open_as(name: str) -> Inspector:
        fresh = Pages(app, budget=8)
        return fresh.sign_in(bank.who(name).id) if name else fresh

    return open_as


class TestPages:
    def test_the_list_for_everybody(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        for number in range(23):
            put_up(bank, "Maya" if number % 2 else "Idris", f"I can mend bicycles {number}", when_words="Weekdays")
        member = browser("Idris").get("/timebank/posts")
        assert "Maya in Mossgate" in member.text and "A neighbour in" not in member.text and "bicycles 22" in member.text
        older = next(link for link in member.links() if "before=" in link)
        assert "bicycles 0<" in member.get(older).text and "bicycles 22" not in member.text
        visitor = browser("").get("/timebank/posts?q=bycicle")
        assert "A neighbour in Mossgate" in visitor.text and "Maya" not in visitor.text and "Nobody has written “bycicle”" in visitor.text
        assert "Nothing like that" in visitor.get("/timebank/posts?q=zeppelin").text
        assert "Nothing to look for" in visitor.get("/timebank/posts?q=%F0%9F%9A%B2").text
        for chips in ("kind=request", "kind=offer&category=repairs&near=1&q=mend", "kind=%00&category=x&area=nowhere&before=x"):
            member.get("/timebank/posts?" + chips)

    def test_a_visitor_who_says_where_they_live(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        put_up(bank, "Maya", reach="area")
        visitor = browser("").get("/timebank/posts")
        assert "I can mend" not in visitor.text
        assert "I can mend" in visitor.get("/timebank/posts?area=mossgate").text and "Maya" not in visitor.text
        assert "I can mend" not in visitor.get("/timebank/posts?area=riverside").text

    def test_empty(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        assert "Nothing here yet" in browser("").get("/timebank/posts").text
        assert "Nothing yet" in browser("Maya").get("/timebank/posts/mine").text

    def test_from_asking_to_who_may_help(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        put_up(bank, "Idris", "I can drive you about", category="lifts")
        maya = browser("Maya").get("/timebank/posts/new?kind=request")
        maya.submit("Put it in the list", 422, title="Lift", category="lifts")
        assert "Say it in a sentence" in maya.text and 'value="Lift"' in maya.text
        maya.submit("Put it in the list", title="I need a lift to the clinic", category="lifts").follow()
        assert "Who may help" in maya.text and "Idris in Mossgate" in maya.text and "Offers: I can drive you about" in maya.text
        maya.submit("Ask Idris").follow()
        assert "Asked. They hear of it now" in maya.text and "Nobody yet whom we could name" in maya.text
        assert told("Idris") == ["Maya writes: “I need a lift to the clinic”"]

    def test_the_whole_form(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        bank.group("Gardeners", "Maya")
        maya = browser("Maya").get("/timebank/posts/new")
        maya.submit("Put it in the list", 422, title="We can dig your garden")
        assert "Say whether you offer something" in maya.text
        out = io.BytesIO()
        Image.new("RGB", (30, 20), "green").save(out, "PNG")
        day = clock.today() + timedelta(days=30)
        maya.submit(
            "Put it in the list", whose=bank.cards["Gardeners"], kind="offer", title="We can dig your garden", category="garden", area="riverside", reach="scheme",
            when_words="Saturdays", text="Two hours at most.\nTea is nice.", until_day_day=str(day.day), until_day_month=str(day.month), until_day_year=str(day.year),
            tags="spade, digging", alt="A spade", photo=(io.BytesIO(out.getvalue()), "spade.png"),
        )  # fmt: skip
        maya.follow()
        assert "Gardeners in Mossgate" in maya.text and "Riverside" in maya.text and 'alt="A spade"' in maya.text
        image = next(part.get("src") for part in maya.tree.iter("{http://www.w3.org/1999/xhtml}img"))
        assert browser("").get(image).status == 200
        ref = maya.path.rpartition("/")[2]
        maya.get(f"/timebank/posts/{ref}/edit").submit("Save", title="We can dig and plant").follow()
        assert "We can dig and plant" in maya.text
        maya.submit("Pause it").follow()
        assert "It is in no list" in maya.text
        browser("Idris").get(image, status=404)
        browser("Idris").get(f"/timebank/posts/{ref}", status=404)
        maya.get(image)
        maya.get("/timebank/posts/mine").submit("Put it up again").follow()
        maya.submit("Not any more").follow()
        maya.get("/timebank/posts/mine")
        assert "Ended" in maya.text

    def test_a_broken_photo_keeps_what_was_typed(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        maya = browser("Maya").get("/timebank/posts/new?kind=offer")
        maya.submit("Put it in the list", 422, title="I can mend bicycles", category="repairs", photo=(io.BytesIO(b"no photo"), "x.jpg"))
        assert "not a photo that we can read" in maya.text and "I can mend bicycles" in maya.text

    def test_answering(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        ref = put_up(bank, "Maya")
        assert "Sign in to answer" in browser("").get(f"/timebank/posts/{ref}").text
        idris = browser("Idris").get(f"/timebank/posts/{ref}")
        idris.submit("Send", 422)
        assert "Write a few words" in idris.text
        idris.submit("Send", words="Mine has a flat tyre.").follow()
        assert "Mine has a flat tyre." in idris.text and "You and Maya" in idris.text
        assert "Go to your conversation" in idris.get(f"/timebank/posts/{ref}").text
        assert "Idris in Mossgate" in browser("Maya").get(f"/timebank/posts/{ref}").text
        assert idris.get(f"/timebank/posts/{ref}/helpers", status=404).status == idris.get(f"/timebank/posts/{ref}/edit", status=404).status

    def test_a_coordinator(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        with clock.held_at(clock.now() - timedelta(days=20)):
            ref = put_up(bank, "Maya", "I need my hedge cut", "request", category="garden")
            put_up(bank, "Walter", "I need a lift to town", "request")
        bank.join("Nell", email=None)
        cass = browser("Cass").get("/timebank/desk/requests")
        assert "20 days" in cass.text and "maya@example.org" in cass.text and "I need a lift to town" in cass.text
        cass.get(f"/timebank/posts/{ref}/answer?behalf=1").submit("Send", 422, number=bank.cards["Nell"], words="Nell would do it.")
        assert "Say how you know" in cass.text
        cass.submit("Send", 422, number="MEM-2222-2222", basis="telephone")
        assert "cannot find that member" in cass.text and "Nell would do it." in cass.text
        cass.submit("Send", number=bank.cards["Nell"], words="Nell would do it.", basis="telephone").follow()
        assert told("Maya") == ["Nell writes: “I need my hedge cut”"]
        cass.get(f"/timebank/posts/{ref}/manage").submit("Do it", 422)
        cass.submit("Do it", act="met", basis="telephone").follow()
        assert the_post(ref).status == "met" and the_post(ref).met_at is not None
        cass.get(f"/timebank/posts/{ref}/edit").submit("Save", 422, title="I needed my hedge cut")
        assert "Say how you know" in cass.text
        cass.get(f"/timebank/posts/{ref}/take-down").submit("Take it down", reason="By mistake").follow()
        cass.get("/timebank/posts/new?for=" + bank.cards["Nell"] + "&kind=offer")
        assert "You are writing for Nell" in cass.text
        cass.submit("Put it in the list", title="I can knit warm socks", category="crafts", basis="in person").follow()
        assert "Nell in Mossgate" in cass.text
        for path in (
            "/timebank/desk/requests",
            f"/timebank/posts/{ref}/manage",
            f"/timebank/posts/{ref}/take-down",
            "/timebank/desk/reports",
        ):
            browser("Idris").get(path, status=404)

    def test_a_connector_of_another_place(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        from portal.people.access import Who
        from portal.people.model import Role

        walter = bank.who("Walter")
        with transaction():
            db.session.add(Role(person_id=walter.id, name="connector", area_id=bank.areas["riverside"], since=clock.today(), reason="test"))
        bank.people["Walter"] = Who(walter.id, walter.ref, "Walter", walter.area_id, frozenset({("connector", bank.areas["riverside"])}))
        with clock.held_at(clock.now() - timedelta(days=20)):
            ref = put_up(bank, "Maya", "I need my hedge cut", "request", reach="area")
        pages = browser("Walter")
        assert "Nobody waits" in pages.get("/timebank/desk/requests").text
        for path in ("manage", "take-down", "edit", "helpers"):
            pages.get(f"/timebank/posts/{ref}/{path}", status=404)


def test_a_stranger_reads_what_is_in_the_lists_and_nothing_else(bank: Bank) -> None:
    ref = put_up(bank, "Maya")
    assert posts.readable(ref, Nobody()).ref == ref
    posts.pause(ref, bank.who("Maya"))
    with pytest.raises(NotFound):
        posts.readable(ref, Nobody())


@pytest.mark.slow
def test_the_demo_has_every_state_and_the_workers_first_minute_changes_nothing(app: Flask, store: Store) -> None:
    story = Story(7, store.home, lambda _line: None)
    with drawn_from(story.random):
        story._places()
        story._people()
        demo_posts.tell(story)
    assert set(db.session.scalars(sa.select(Post.status).distinct())) == {"open", "paused", "met", "ended", "expired", "hidden"}
    assert set(db.session.scalars(sa.select(Promise.status).distinct())) == {"proposed", "agreed", "cancelled", "kept", "missed"}
    assert set(db.session.scalars(sa.select(Conversation.status).distinct())) == {"open", "closed"}
    waits = sa.select(sa.func.count()).select_from(Reported).where(Reported.settled_at.is_(None))
    assert db.session.scalar(waits) == 1 and len(posts.unmet(None)) >= 3
    db.session.rollback()
    assert [each() for each in demo_posts.DUE] == [0] * len(demo_posts.DUE)


def test_what_was_written_to_a_post_that_was_paused_meanwhile_is_not_lost(bank: Bank, browser: Callable[..., Pages]) -> None:
    ref = put_up(bank, "Maya")
    idris = browser("Idris").get(f"/timebank/posts/{ref}/answer")
    posts.pause(ref, bank.who("Maya"))
    idris.submit("Send", status=404, words="My bicycle has a flat tyre")
    assert "not in the list, or not any more" in idris.text and "My bicycle has a flat tyre" in idris.text
