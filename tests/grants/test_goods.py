"""Things, rooms and money of neighbours: pledged, delivered, checked by a second person, counted once; never money of the scheme's."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select

from portal import clock, photos
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.exports import register
from portal.grants import award, goods, match, pay, queries, report, timeline, worked
from portal.grants.goods import ByLink, ForIdea, Given
from portal.grants.model import Award, Delivery, Photo, Pledge
from portal.grants.proofs import broken_caches
from portal.history import Actor
from portal.ledger.model import Entry
from portal.money import Minutes, Pence
from portal.people import queries as people
from portal.people.actions import create_person, delete_me
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, assert_books_are_right, begin, person
from tests.grants.sparks import png
from tests.races import race, ways

ANN, LATER = ("email", "ann@example.org"), timedelta(days=31)
GOODS = "__import__('portal.grants.goods', fromlist=['say'])"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    season = begin()
    with clock.held_at(clock.now()):
        yield season
    assert_books_are_right()


def promised(
    season: Season,
    ref: str,
    name: str = "Ann",
    contact: tuple[str, str] | None = ANN,
    kind: str = "goods",
    by: str = "Rita",
    value: int = 40_00,
) -> str:
    """A neighbour promises help beside hours; returns their link."""
    made = match.invite(ref, name, contact, season.actor(by))
    db.session.rollback()
    token = match.token_of(db.session.scalars(select(Pledge).where(Pledge.ref == made)).one())
    match.say_yes(token, kind, Minutes(0 if kind != "hours" else 420), Minutes(0), value, "Timber" if kind != "hours" else "")
    return token


def live(season: Season, ref: str, by: str = "Rita") -> None:
    award.accept(season.offered(ref).ref, season.actor(by))


def timber(**changes: object) -> Given:
    return replace(Given("goods", "Timber", Pence(40_00), clock.today()), **changes)  # type: ignore[arg-type]


def say(token: str, given: Given | None = None, picture: photos.Picture | None = None) -> str:
    return goods.say(token, given or timber(), picture, Path())


def line(ref: str) -> Delivery:
    db.session.rollback()
    return db.session.scalars(select(Delivery).where(Delivery.ref == ref)).one()


def state(token: str) -> str:
    db.session.rollback()
    return match.by_token(token).status


@pytest.fixture
def ref(season: Season) -> str:
    return season.sent()


class TestGiving:
    @pytest.mark.parametrize("kind", ["goods", "room", "cash"])
    def test_promised_given_checked_and_counted_once(self, season: Season, ref: str, kind: str) -> None:
        token = promised(season, ref, kind=kind)
        entries = db.session.scalar(select(sa.func.count(Entry.id)))
        with pytest.raises(Refused, match="once the grant is accepted"):
            say(token)
        live(season, ref)
        after_offer = db.session.scalar(select(sa.func.count(Entry.id)))
        said = say(token, timber(kind=kind))
        assert state(token) == "delivered" and season.award(ref).given == 0
        goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        assert (state(token), season.award(ref).given, season.award(ref).delivered) == ("checked", 40_00, 0)
        with pytest.raises(Conflict, match="checked already"):
            goods.check(ForIdea(ref, season.actor("Olga")), said, 1)
        assert season.award(ref).given == 40_00
        assert entries is not None and db.session.scalar(select(sa.func.count(Entry.id))) == after_offer, "no line of the ledger"

    def test_another_value_than_promised_and_something_beside_hours(self, season: Season, ref: str) -> None:
        token = promised(season, ref, kind="hours")
        live(season, ref)
        said = say(token, timber(kind="cash", what="For the skip", value=Pence(7_35)))
        goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        assert season.award(ref).given == 7_35

    def test_the_meter_in_three_stages_under_the_caps(self, season: Season, ref: str) -> None:
        """£250 needs £250 of match, at most half of it goods (design 1)."""
        token = promised(season, ref, value=200_00)
        hours = promised(season, ref, "Bob", ("email", "bob@example.org"), "hours")
        live(season, ref)

        def stages() -> list[tuple[int, int, int]]:
            bid, made = season.bid(ref), season.award(ref)
            pledges = queries.pledges_of(bid.id)
            both = goods.meters(bid, pledges, worked.hours_for(made, pledges).everything, queries.deliveries_of(made.id))
            return [(one.counted_minutes, one.counted_goods, one.percent) for one in (queries.meter_of(bid), *both)]

        assert stages() == [(420, 125_00, 83), (0, 0, 0), (0, 0, 0)]
        said = say(token, timber(value=Pence(130_00)))
        assert stages()[1:] == [(0, 125_00, 50), (0, 0, 0)]
        goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        with clock.held_at(clock.now() + LATER):
            record = match.did_it(hours, clock.today(), Minutes(60), "dug")
            assert stages()[1:] == [(60, 125_00, 54), (0, 125_00, 50)]
            match.check(ref, record, season.actor("Rita"))
        assert stages()[2] == (60, 125_00, 54)

    @pytest.mark.parametrize(
        ("changes", "sentence", "field"),
        [
            ({"what": ""}, "what it was", "what"), ({"value": Pence(0)}, "what it is worth", "value"), ({"kind": "hours"}, "things, a room or money", "kind"),
            ({"days": 1}, "still ahead", "day"), ({"days": -1}, "between the yes and the last day", "day"), ({"days": 200, "at": 200}, "between the yes and the last day", "day"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_written_down(self, season: Season, ref: str, changes: dict[str, object], sentence: str, field: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        changes = dict(changes)
        days, at = changes.pop("days", 0), changes.pop("at", 0)
        assert isinstance(days, int) and isinstance(at, int)
        day = clock.today() + timedelta(days=days)
        with clock.held_at(clock.now() + timedelta(days=at)), pytest.raises(Refused, match=sentence) as why:
            say(token, timber(day=day, **changes))
        assert why.value.field == field
        assert db.session.scalar(select(sa.func.count(Delivery.id))) == 0

    def test_nothing_more_once_the_grant_is_finished_or_given_back(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        waits = say(token)
        award.withdraw(season.award(ref).ref, season.actor("Rita"))
        with pytest.raises(Refused, match="once the grant is accepted"):
            say(token, timber(what="Soil"))
        goods.withdraw(ByLink(token), waits, Path())
        other = season.sent("Another", by="Rob")
        second = promised(season, other, by="Rob")
        made = season.ready(other)
        pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
        late = say(second)
        report.waive(other, "Seen", season.actor("Olga"))
        with pytest.raises(Refused, match="is finished"):
            say(second, timber(what="Soil"))
        goods.check(ForIdea(other, season.actor("Rob")), late, 1)  # what was said in time may be checked

    def test_who_has_not_said_yes_gives_nothing(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        match.say_no(token)
        live(season, ref)
        with pytest.raises(Refused, match="have not said yes"):
            say(token)


class TestTwoPeople:
    def test_nobody_checks_what_they_wrote(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        mine = say(token)
        with pytest.raises(Refused, match="A second person checks"):
            goods.check(ByLink(token), mine, 1)
        pledge = match.by_token(token).ref
        theirs = goods.write(ref, pledge, timber(what="Soil", value=Pence(5_00)), None, Path(), season.actor("Rita"))
        with pytest.raises(Refused, match="A second person checks"):
            goods.check(ForIdea(ref, season.actor("Rita")), theirs, 1)
        goods.check(ByLink(token), theirs, 1)
        assert season.award(ref).given == 5_00
        with pytest.raises(sa.exc.IntegrityError), transaction():
            db.session.execute(sa.text("UPDATE delivery SET checked_by = entered_by"))

    def test_an_account_is_the_same_hand_as_the_link_of_before(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        with transaction():
            ann = create_person("Ann", email="ann@example.org").id
        assert line(said).entered_by == f"person:{ann}"
        with pytest.raises(Refused, match="A second person checks"):
            goods.check(ForIdea(ref, Actor(ann)), said, 1)

    def test_at_the_door_only_an_officer_or_a_connector_who_is_not_of_that_side(self, season: Season, ref: str) -> None:
        token = promised(season, ref, "Aunt May", None)
        live(season, ref)
        said = say(token)
        with pytest.raises(Refused, match="An officer or a connector checks this"):
            goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        theirs = goods.write(ref, match.by_token(token).ref, timber(what="Soil", value=Pence(1_00)), None, Path(), season.actor("Rita"))
        with pytest.raises(Refused, match="An officer or a connector checks"):
            goods.check(ByLink(token), theirs, 1)
        gus = person("Gus", "connector")
        goods.check(ForIdea(ref, Actor(gus.id)), said, 1)
        goods.check(ForIdea(ref, season.actor("Olga")), theirs, 1)
        assert season.award(ref).given == 41_00

    def test_nor_does_the_applicant_whose_eyes_saw_the_link(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        match.show_link(ref, match.by_token(token).ref, season.actor("Rita"))
        live(season, ref)
        said = say(token)
        with pytest.raises(Refused, match=r"has seen the link of Ann\. Ask one of them"):
            goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        goods.check(ForIdea(ref, season.actor("Olga")), said, 1)

    def test_yes_is_said_to_what_was_shown(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        goods.correct(ByLink(token), said, 1, timber(value=Pence(90_00)), None, Path())
        with pytest.raises(Refused, match=r"This is “Timber”, £90\.00, now"):
            goods.check(ForIdea(ref, season.actor("Rita")), said, 1)
        goods.check(ForIdea(ref, season.actor("Rita")), said, 2)
        assert season.award(ref).given == 90_00

    def test_another_idea_or_another_neighbour_is_out_of_reach(self, season: Season, ref: str) -> None:
        token, other = promised(season, ref), season.sent("Another", by="Rob")
        live(season, ref)
        stranger, second = promised(season, ref, "Zoe", ("email", "zoe@example.org")), promised(season, other, by="Rob")
        said = say(token)
        for hand in (ByLink(stranger), ByLink(second), ForIdea(other, season.actor("Rob"))):
            with pytest.raises(NotFound):
                goods.check(hand, said, 1)
            with pytest.raises(NotFound):
                goods.withdraw(hand, said, Path())
            with pytest.raises(NotFound):
                goods.turn_down(hand, said, "x", Path())
            with pytest.raises(NotFound):
                goods.correct(hand, said, 1, timber(), None, Path())
        with pytest.raises(NotFound):
            goods.take_back(other, said, "x", season.actor("Rob"))


class TestOnce:
    def test_the_same_thing_twice_is_refused_whoever_writes_it(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        say(token)
        pledge = match.by_token(token).ref
        for given, sentence in (
            (timber(), "“Timber” is written down for that day already"), (timber(what="  tIMBER\u200b"), "“Timber” is written down"),
            (timber(what="TIMBER", value=Pence(1_00)), "“Timber” is written down"),
        ):  # fmt: skip
            with pytest.raises(Refused, match=sentence):
                say(token, given)
            with pytest.raises(Refused, match=sentence):
                goods.write(ref, pledge, given, None, Path(), season.actor("Rita"))
        with pytest.raises(Refused, match="written down already, as “Timber”"):  # in other words, by the other side
            goods.write(ref, pledge, timber(what="Wood from the yard"), None, Path(), season.actor("Rita"))
        say(token, timber(what="A saw, of the same worth"))
        goods.write(ref, pledge, timber(what="Nails", value=Pence(3_00)), None, Path(), season.actor("Rita"))
        with clock.held_at(clock.now() + timedelta(days=1)):
            say(token)  # another load, another day

    def test_for_one_idea_only(self, season: Season, ref: str) -> None:
        token, other = promised(season, ref), season.sent("Another", by="Rob")
        live(season, ref)
        second = promised(season, other, by="Rob")
        live(season, other, "Rob")
        said = say(token)
        with pytest.raises(Refused, match="written down elsewhere already") as why:
            say(second)
        assert "garden" not in why.value.sentence.lower()
        say(second, timber(what="Soil"))
        goods.withdraw(ByLink(token), said, Path())
        say(second)

    def test_a_double_tap_gets_the_first_result(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        first, second = (goods.say(token, timber(), None, Path(), once_key="tap") for _tap in range(2))
        assert first == second and db.session.scalar(select(sa.func.count(Delivery.id))) == 1


class TestPuttingRight:
    def test_by_whoever_wrote_it_until_it_is_checked(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        rita = ForIdea(ref, season.actor("Rita"))
        with pytest.raises(Refused, match="Somebody else wrote this"):
            goods.correct(rita, said, 1, timber(value=Pence(1_00)), None, Path())
        with pytest.raises(Refused, match="Somebody else wrote this"):
            goods.withdraw(rita, said, Path())
        goods.correct(ByLink(token), said, 1, timber(what="Timber and nails", value=Pence(45_00)), None, Path())
        with pytest.raises(Conflict, match="changed meanwhile"):
            goods.correct(ByLink(token), said, 1, timber(value=Pence(1_00)), None, Path())
        goods.check(rita, said, 2)
        with pytest.raises(Refused, match="checked already"):
            goods.correct(ByLink(token), said, 2, timber(value=Pence(1_00)), None, Path())
        with pytest.raises(Refused, match="checked already"):
            goods.withdraw(ByLink(token), said, Path())
        with pytest.raises(Refused, match="checked already"):
            goods.turn_down(rita, said, "Late", Path())
        assert (line(said).what, line(said).value, season.award(ref).given) == ("Timber and nails", 45_00, 45_00)

    def test_taken_out_or_turned_down_the_neighbour_is_waited_for_again(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        for _tap in range(2):
            goods.withdraw(ByLink(token), said, Path())
        assert (state(token), line(said).status) == ("confirmed", "withdrawn")
        again = say(token)
        rita = ForIdea(ref, season.actor("Rita"))
        with pytest.raises(Refused, match="Write why"):
            goods.turn_down(rita, again, "", Path())
        with pytest.raises(Refused, match="wrote this yourself"):
            goods.turn_down(ByLink(token), again, "No", Path())
        goods.turn_down(rita, again, "It never came", Path())
        assert (state(token), line(again).status) == ("confirmed", "turned_down")
        with pytest.raises(Refused, match="taken out"):
            goods.check(rita, again, 1)

    def test_the_neighbour_says_that_what_was_written_for_them_is_not_so(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        theirs = goods.write(ref, match.by_token(token).ref, timber(), None, Path(), season.actor("Rita"))
        goods.turn_down(ByLink(token), theirs, "I was away", Path())
        assert line(theirs).status == "turned_down"

    def test_once_checked_only_by_a_reversal_with_a_reason(self, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        rita = season.actor("Rita")
        with pytest.raises(Refused, match="not checked"):
            goods.take_back(ref, said, "Early", rita)
        goods.check(ForIdea(ref, rita), said, 1)
        with pytest.raises(Refused, match="Write why"):
            goods.take_back(ref, said, "", rita)
        goods.take_back(ref, said, "It was lent", rita)
        with pytest.raises(Refused):
            goods.take_back(ref, said, "Twice", rita)
        assert (season.award(ref).given, state(token), line(said).status, line(said).value) == (0, "confirmed", "taken_back", 40_00)
        again = say(token)
        goods.check(ForIdea(ref, rita), again, 1)
        assert season.award(ref).given == 40_00

    def test_hours_that_stand_keep_the_neighbour_among_those_who_helped(self, season: Season, ref: str) -> None:
        token = promised(season, ref, kind="hours")
        live(season, ref)
        with clock.held_at(clock.now() + LATER):
            record = match.did_it(token, clock.today(), Minutes(60), "dug")
            said = say(token)
            match.turn_down(ref, record, "Not that day", season.actor("Rita"))
            assert state(token) == "delivered"
            goods.withdraw(ByLink(token), said, Path())
            assert state(token) == "confirmed"


class TestPhotos:
    def test_shown_to_those_who_check_replaced_and_forgotten(self, app: Flask, season: Season, ref: str) -> None:
        folder = app.extensions["kindling"].data_dir
        token = promised(season, ref)
        live(season, ref)

        def kept() -> list[Photo]:
            db.session.rollback()
            return list(db.session.scalars(select(Photo).where(Photo.about.startswith("delivery:"))))

        def files() -> int:
            return len(list(folder.glob("photos/*/*.jpg")))

        before = files()
        said = goods.say(token, timber(), png(), folder, once_key="tap")
        goods.say(token, timber(), png(), folder, once_key="tap")
        with pytest.raises(Refused):
            goods.say(token, timber(), png(), folder)
        first = kept()[0]
        assert len(kept()) == 1 and files() == before + 1 and not first.public
        for name, status in (("Rita", 200), ("Olga", 200), ("Rob", 404), ("Ada", 404)):
            Inspector(app).sign_in(season.who(name).id).get(f"/photos/{first.ref}.jpg", status=status)
        gus = person("Gus", "connector")
        Inspector(app).sign_in(gus.id).get(f"/photos/{first.ref}.jpg")
        Inspector(app).get(f"/photos/{first.ref}.jpg", status=404)
        goods.correct(ByLink(token), said, 1, timber(), png(), folder)
        assert [each.ref for each in kept()] != [first.ref] and len(kept()) == 1 and files() == before + 1
        goods.withdraw(ByLink(token), said, folder)
        assert kept() == [] and files() == before


class TestPages:
    def test_the_neighbour_by_their_link(self, app: Flask, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        ann = Inspector(app, budget=30).get(f"/m/{token}")
        assert "I brought it" in ann.text and 'value="Timber"' in ann.text and 'value="40.00"' in ann.text
        ann.submit("I brought it", form=f"/m/{token}/gave", status=422, gave_value="lots", gave_what="Planks")
        assert 'value="lots"' in ann.text and 'value="Planks"' in ann.text and "in pounds" in ann.text
        ann.submit("I brought it", form=f"/m/{token}/gave", gave_value="45").follow()
        assert "Whoever asked you checks it." in ann.text and "waiting for a second person" in ann.text
        assert "I brought something more" in ann.get(f"/m/{token}").text
        ann.submit("I brought it", form=f"/m/{token}/gave", status=422, gave_what="planks", gave_value="45")
        assert "is written down for that day already" in ann.text
        row = db.session.scalars(select(Delivery)).one()
        ann.get(f"/m/{token}/gave/{row.ref}").submit("Keep it so", status=422, value="")
        assert "what it is worth" in ann.text
        ann.submit("Keep it so", value="50").follow()
        assert "£50.00" in ann.text and line(row.ref).value == 50_00
        rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
        rita.submit("Yes, £50.00 for “Planks” is right").follow()
        assert "checked" in rita.text and "£50.00 of other help" in rita.text
        assert "counted" in ann.get(f"/m/{token}").text and "Put it right" not in ann.text
        ann.get(f"/m/{token}/gave/{row.ref}", status=303)
        rita.get(f"/grants/{ref}/match/gave/{row.ref}/take_back").submit("Do not count it", status=422)
        rita.submit("Do not count it", reason="It was lent").follow()
        assert season.award(ref).given == 0

    def test_the_applicant_writes_and_the_neighbour_looks(self, app: Flask, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
        page = f"/grants/{ref}/match/{match.by_token(token).ref}/gave"
        assert page in set(rita.links())
        rita.get(page).submit("Write it down", status=422, what="", kind="room")
        assert "Write what it was." in rita.text
        rita.submit("Write it down", what="The hall").follow()
        assert "A second person checks this." in rita.text and "Yes, £40.00" not in rita.text
        row = db.session.scalars(select(Delivery)).one()
        rita.get(f"/grants/{ref}/match/gave/{row.ref}").submit("Keep it so", value="30").follow()
        ann = Inspector(app, budget=30).get(f"/m/{token}")
        assert "you gave “The hall”, worth £30.00" in ann.text
        ann.get(f"/m/{token}/gave/{row.ref}/refuse").submit("Do not count it", reason="I never did").follow()
        assert line(row.ref).status == "turned_down"
        rita.get(page).submit("Write it down", kind="room", what="The hall").follow()
        rita.submit("Take out “The hall”").follow()
        rita.get(page).submit("Write it down", what="The hall").follow()
        ann.get(f"/m/{token}").submit("Yes, “The hall” is right").follow()
        assert season.award(ref).given == 40_00

    def test_the_applicants_side_does_not_answer_for_a_neighbour(self, app: Flask, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        theirs = goods.write(ref, match.by_token(token).ref, timber(), None, Path(), season.actor("Rita"))
        rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/m/{token}")
        assert "Is this right?" not in rita.text
        csrf = Inspector._values(rita.forms()[0])["csrf_token"]
        for path in ("gave", f"gave/{theirs}", f"gave/{theirs}/check", f"gave/{theirs}/withdraw", f"gave/{theirs}/refuse"):
            rita.post(f"/m/{token}/{path}", {"csrf_token": csrf, "version": "1"}, status=409)
        assert line(theirs).status == "delivered"

    def test_a_stranger_finds_nothing(self, app: Flask, season: Season, ref: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        said = say(token)
        rob = Inspector(app, budget=30).sign_in(season.who("Rob").id)
        for path in (f"{match.by_token(token).ref}/gave", f"gave/{said}", f"gave/{said}/refuse", f"gave/{said}/take_back"):
            rob.get(f"/grants/{ref}/match/{path}", status=404)
        Inspector(app).get(f"/m/{token[:-1]}x/gave/{said}", status=404)

    def test_report_register_story_and_data(self, app: Flask, season: Season, ref: str) -> None:
        token = promised(season, ref)
        made = season.ready(ref)
        pay.settle(season.released(made).ref, clock.today(), season.actor("Fay"))
        rita = Inspector(app, budget=30).sign_in(season.who("Rita").id).get(f"/grants/{ref}/report")
        assert "promised Timber, £40.00" in rita.text
        assert f"/grants/{ref}/match/{match.by_token(token).ref}/gave" in set(rita.links())
        said = say(token)
        goods.turn_down(ForIdea(ref, season.actor("Rita")), said, "Ann was away", Path())
        goods.check(ForIdea(ref, season.actor("Rita")), say(token), 1)
        page = rita.get(f"/grants/{ref}/report")
        assert "Timber, £40.00" in page.text and "£40.00 of other help" in page.text
        entry = register.entry(ref)
        assert (entry.other_pledged, entry.other_given) == (40_00, 40_00)
        facts = register.as_data(entry)
        assert (facts["pledged_other_help_pence"], facts["delivered_other_help_pence"]) == (40_00, 40_00)
        public = Inspector(app).get(f"/register/{ref}")
        assert "Other help given" in public.text and "£40.00" in public.text and "Timber" not in public.text and "Ann" not in public.text
        bid = season.bid(ref)
        events = queries.story_of(bid, queries.award_of(bid.id))
        near, far = timeline.told(events), timeline.told(events, near=False)
        assert [each.sentence for each in near][-6:] == [
            "It is time to tell how it goes.", "A few words on how it went are asked for.", "What a neighbour gave was written down.",
            "What a neighbour gave was turned down.", "What a neighbour gave was written down.", "What a neighbour gave was checked.",
        ]  # fmt: skip
        assert "Ann was away" in {each.note for each in near} and "Ann was away" not in {each.note for each in far}
        with transaction():
            ann = create_person("Ann", email="ann@example.org").id
        given = people.all_about(ann)["promises to ideas"][0]["other help given"]
        assert [(each["what"], each["value in pence"], each["state"]) for each in given] == [
            ("Timber", 40_00, "turned_down"),
            ("Timber", 40_00, "checked"),
        ]
        delete_me(ann, Actor(ann))
        assert season.award(ref).given == 40_00
        assert "ann@example.org" not in json.dumps(
            [row._asdict() for row in db.session.execute(sa.text("SELECT * FROM delivery"))], default=str
        )

    def test_who_leaves_takes_the_pictures_along(self, app: Flask, season: Season, ref: str) -> None:
        folder = app.extensions["kindling"].data_dir
        token = promised(season, ref, "Rosa", ("email", "rosa@example.org"))
        live(season, ref)
        goods.check(ForIdea(ref, season.actor("Rita")), goods.say(token, timber(), png(), folder), 1)
        file = photos.path(db.session.scalars(select(Photo.file).where(Photo.about.startswith("delivery:"))).one(), folder)
        assert file.exists()
        browser = Inspector(app, budget=120).sign_in(season.who("Rosa").id).get("/people/me/data")
        browser.submit("Delete me", sure="y").follow()
        assert not file.exists() and season.award(ref).given == 40_00


class TestProofs:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("UPDATE delivery SET status = 'turned_down'", "delivery:1 says turned_down, its events say checked"),
            ("UPDATE delivery SET value = 1", "delivery:1 says 1 pence, its events say 4000"),
            ("UPDATE award SET given = 1", "award:1 says 1 pence of other help were given, its checked lines say 4000"),
            ("UPDATE award SET given = 0", "award:1 says 0 pence of other help were given, its checked lines say 4000"),
        ],
    )
    def test_what_was_changed_behind_the_back_is_named(self, season: Season, ref: str, change: str, says: str) -> None:
        token = promised(season, ref)
        live(season, ref)
        goods.check(ForIdea(ref, season.actor("Rita")), say(token), 1)
        assert list(broken_caches()) == []
        db.session.execute(sa.text(change))
        assert says in list(broken_caches())
        db.session.rollback()


class TestAtOnce:
    @pytest.fixture
    def raced(self, store: Store) -> tuple[Season, str, str]:
        with store.app.app_context():
            season = begin()
            ref = season.sent()
            token = promised(season, ref)
            live(season, ref)
            db.session.remove()
            return season, ref, token

    def test_two_write_one_thing(self, store: Store, raced: tuple[Season, str, str]) -> None:
        season, ref, token = raced
        with store.app.app_context():
            pledge = match.by_token(token).ref
            db.session.remove()
        given = f"{GOODS}.Given('goods', 'Timber', 4000, today())"
        calls = [f"{GOODS}.say({token!r}, {given}, None, Path())"] * 2
        calls += [f"{GOODS}.write({ref!r}, {pledge!r}, {given}, None, Path(), Actor({season.who('Rita').id}))"] * 2
        assert ways(race(store, calls)) == ["done", "refused", "refused", "refused"]

    def test_two_ideas_one_thing(self, store: Store, raced: tuple[Season, str, str]) -> None:
        season, _ref, token = raced
        with store.app.app_context():
            other = season.sent("Another", by="Rob")
            second = promised(season, other, by="Rob")
            live(season, other, "Rob")
            db.session.remove()
        given = f"{GOODS}.Given('goods', 'Timber', 4000, today())"
        results = race(store, [f"{GOODS}.say({each!r}, {given}, None, Path())" for each in (token, second)])
        assert ways(results) == ["done", "refused"], results

    def test_many_check_and_one_takes_it_out(self, store: Store, raced: tuple[Season, str, str]) -> None:
        season, ref, token = raced
        with store.app.app_context():
            said = say(token)
            db.session.remove()
        calls = [
            f"{GOODS}.check({GOODS}.ForIdea({ref!r}, Actor({season.who(name).id})), {said!r}, 1)"
            for name in ("Rita", "Olga", "Otto", "Rita")
        ]
        race(store, [*calls, f"{GOODS}.withdraw({GOODS}.ByLink({token!r}), {said!r}, Path())"])
        with store.app.app_context():
            made = db.session.scalars(select(Award)).one()
            assert made.given == (40_00 if line(said).status == "checked" else 0)
            assert_books_are_right()


def test_a_picture_of_nothing_is_refused_with_what_was_typed(app: Flask, season: Season, ref: str) -> None:
    token = promised(season, ref)
    live(season, ref)
    ann = Inspector(app, budget=30).get(f"/m/{token}")
    form = next(one for one in ann.forms() if one.get("action") == f"/m/{token}/gave")
    values = Inspector._values(form) | {"gave-what": "Planks", "gave-photo": (io.BytesIO(b"no picture"), "a.jpg")}
    answer = ann.client.post(f"/m/{token}/gave", data=values, content_type="multipart/form-data")
    assert answer.status_code == 422 and "not a photo that we can read" in answer.text and 'value="Planks"' in answer.text
    assert db.session.scalar(select(sa.func.count(Delivery.id))) == 0
