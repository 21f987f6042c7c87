"""From a first word to an idea that was sent: nothing typed is lost, nothing is sent twice, nothing is changed that is closed."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pillow_heif
import pytest
from flask import Flask
from PIL import Image

from portal import clock, photos
from portal.db import db, transaction
from portal.errors import Conflict, Refused
from portal.grants import apply, decide, match, queries, rounds
from portal.history import events_of
from portal.money import Minutes, Pence
from portal.outbox import messages_about
from portal.people.actions import act_for, create_organisation
from tests.client import Inspector
from tests.grants.season import Season, assert_books_are_right, begin


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


@pytest.fixture
def rita(app: Flask, season: Season) -> Inspector:
    return Inspector(app, budget=30).sign_in(season.who("Rita").id)


def draft(season: Season, by: str = "Rita") -> str:
    return apply.start(season.round_ref, season.who(by).id, season.actor(by))


def kinds(season: Season, ref: str) -> list[str]:
    return [event.kind for event in events_of(f"bid:{season.bid(ref).id}")]


def day(field: str, on: date) -> dict[str, Any]:
    return {f"{field}_day": str(on.day), f"{field}_month": str(on.month), f"{field}_year": str(on.year)}


class TestOnAPhone:
    def test_six_pages_each_kept_as_it_is_left(self, rita: Inspector, season: Season) -> None:
        rita.get(f"/grants/new?round={season.round_ref}").submit("Start").follow()
        rita.submit("Continue", title="Planters", idea="On the steps", area="mossgate").follow()
        rita.submit("Save and go on later", who_for="All of us", better="We sit there").follow()
        ref = rita.path.rsplit("/", 1)[1]
        assert (season.bid(ref).title, season.bid(ref).who_for) == ("Planters", "All of us")
        rita.get(f"/grants/{ref}/money").submit("Continue", what_0="Planters", cost_0="£200", what_1="", cost_1="").follow()
        assert [(line.what, line.amount) for line in season.bid(ref).lines] == [("Planters", 200_00)]
        rita.submit("Continue", group_name="Steps Together").follow()
        rita.submit("Continue", **day("first_day", clock.today()), **day("last_day", clock.today() + timedelta(days=30))).follow()
        rita.submit("Continue", pay_route="council_buys").follow()
        assert "0 of 3 neighbours have said yes so far" in rita.text
        rita.submit("Send your idea", status=422)
        rita.submit("Send your idea", sure="y").follow()
        assert "Your idea is sent" in rita.text and ref in rita.text

    def test_what_cannot_be_understood_stays_as_it_was_typed(self, rita: Inspector, season: Season) -> None:
        ref = draft(season)
        rita.get(f"/grants/{ref}/money").submit("Continue", status=422, what_0="Soil", cost_0="about fifty", what_1="Pots", cost_1="12.50")
        assert "like 45 or 45.50" in rita.text and 'value="about fifty"' in rita.text
        assert [(line.what, line.amount, line.typed) for line in season.bid(ref).lines] == [
            ("Soil", None, "about fifty"),
            ("Pots", 12_50, ""),
        ]
        rita.get(f"/grants/{ref}/money")
        assert 'value="about fifty"' in rita.text

    def test_another_phone_never_overwrites_the_newer_words(self, app: Flask, rita: Inspector, season: Season) -> None:
        ref = draft(season)
        other = Inspector(app).sign_in(season.who("Rita").id).get(f"/grants/{ref}/who")
        rita.get(f"/grants/{ref}/who").submit("Continue", who_for="From this phone", better="Better")
        other.submit("Continue", who_for="From the other phone", better="Other words", status=409)
        assert "From the other phone" in other.text and "Other words" in other.text  # shown back, to be copied
        assert season.bid(ref).who_for == "From this phone"

    def test_a_row_that_nobody_wrote_in_is_no_line_and_rows_come_and_go(self, rita: Inspector, season: Season) -> None:
        ref = draft(season)
        rita.get(f"/grants/{ref}/money").submit("Add another thing", what_0="Soil", cost_0="20").follow()
        assert 'name="what-1"' in rita.text and len(season.bid(ref).lines) == 1
        rita.submit("Remove thing 1").follow()
        assert season.bid(ref).lines == [] and season.bid(ref).asked == 0

    def test_two_taps_and_the_back_button_send_once(self, rita: Inspector, season: Season) -> None:
        ref = season.sent()
        rita.get(f"/grants/{ref}/check")
        one = draft(season)
        bid = season.bid(ref)
        answers = {
            name: getattr(bid, name) for name in ("idea", "area_id", "who_for", "better", "first_day", "last_day", "pay_route", "pay_to")
        }
        apply.save(one, 1, "idea", {"title": "Another", **answers}, season.actor("Rita"), lines=[apply.Line("Pots", Pence(60_00))])
        rita.get(f"/grants/{one}/check")
        values = rita._values(rita._form("Send your idea", None)) | {"sure": "y"}
        for _tap in range(3):
            rita.post(f"/grants/{one}/send", values)
            assert rita.location == f"/grants/{one}/sent"
        assert kinds(season, one).count("sent") == 1
        assert len([each for each in messages_about(f"bid:{season.bid(one).id}") if ":sent:" in each.key]) == 1


class TestSending:
    def test_an_unfinished_idea_says_all_that_is_missing_and_a_draft_is_seen_by_nobody(self, app: Flask, season: Season) -> None:
        ref = draft(season)
        with pytest.raises(Refused) as why:
            apply.send(ref, season.bid(ref).version, season.actor("Rita"), sure=True)
        for words in ("short name", "who it is for", "what will be better", "what it costs", "when it starts", "how the money"):
            assert words in why.value.sentence
        Inspector(app).sign_in(season.who("Rob").id).get(f"/grants/{ref}", status=404)
        assert queries.bids() == []

    @pytest.mark.parametrize(("asked", "sentence"), [(49_99, "The smallest grant is £50.00"), (250_01, "up to £250.00 this time")])
    def test_too_little_and_too_much(self, season: Season, asked: int, sentence: str) -> None:
        with pytest.raises(Refused, match=sentence.replace(".", r"\.")):
            season.sent(asked=asked)

    @pytest.mark.parametrize("text", ["Call me on 07700 900123", "ada@example.org knows", "At RM17 6SL", "20-12-34", "QQ123456C"])
    def test_what_everybody_reads_holds_nothing_private(self, season: Season, text: str) -> None:
        ref = draft(season)
        apply.save(ref, 1, "who", {"public_summary": text}, season.actor("Rita"))
        found = [problem.sentence for problem in apply.problems(season.bid(ref)) if "for everybody to read" in problem.sentence]
        assert bool(found) == (text != "QQ123456C"), found  # QQ begins no National Insurance number

    def test_one_open_bid_for_one_idea(self, season: Season) -> None:
        first = season.sent("A bench")
        with pytest.raises(Refused, match=first):
            season.sent("a BENCH")
        apply.withdraw(first, "", season.actor("Rita"))
        assert season.sent("a BENCH")

    def test_one_open_bid_for_one_idea_of_a_group_whoever_asks(self, season: Season) -> None:
        with transaction():
            group = create_organisation("Gardeners", "group", None, season.actor("Rita"))
            for name in ("Rita", "Rob"):
                act_for(season.who(name).id, group.id, season.actor("Rita"))
            group_id = group.id
        first = season.sent("A bench", organisation_id=group_id)
        with pytest.raises(Refused, match=first):
            season.sent("A bench", by="Rob", organisation_id=group_id)
        assert season.sent("A bench", by="Rob")  # somebody else's bench

    def test_an_older_look_at_the_answers_does_not_send_newer_ones(self, season: Season) -> None:
        ref = draft(season)
        apply.save(ref, 1, "idea", {"title": "A bench"}, season.actor("Rita"))
        with pytest.raises(Conflict):
            apply.send(ref, 1, season.actor("Rita"), sure=True)

    def test_no_round_takes_ideas_when_it_is_closed(self, app: Flask) -> None:
        season = begin(rolling=False)
        ref, late = season.sent(), draft(season, "Rob")
        with clock.held_at(clock.now() + timedelta(days=11)):
            rounds.move_rounds()
            with pytest.raises(Refused, match="can no longer be changed"):
                apply.save(ref, season.bid(ref).version, "who", {"who_for": "Others"}, season.actor("Rita"))
            with pytest.raises(Refused):
                apply.send(late, 1, season.actor("Rob"), sure=True)
            with pytest.raises(Refused, match="takes no ideas"):
                draft(season)

    def test_a_change_after_sending_is_kept_with_what_stood_before(self, season: Season) -> None:
        ref = season.sent()
        apply.save(ref, season.bid(ref).version, "who", {"who_for": "Everybody, and their dogs"}, season.actor("Rita"))
        first, second = queries.snapshots_of(season.bid(ref).id)
        assert (first.content["who_for"], second.content["who_for"]) == ("Everybody on the estate", "Everybody, and their dogs")
        assert kinds(season, ref) == ["started", "sent", "changed"]


class TestAfterwards:
    def test_only_what_was_asked_about_can_be_answered(self, app: Flask, rita: Inspector, season: Season) -> None:
        ref = season.sent()
        with pytest.raises(Refused, match="Choose which parts"):
            apply.ask_more(ref, [], "How many?", clock.today(), season.actor("Olga"))
        apply.ask_more(ref, ["who"], "How many people?", clock.today() + timedelta(days=7), season.actor("Olga"))
        rita.get(f"/grants/{ref}")
        assert "How many people?" in rita.text
        rita.get(f"/grants/{ref}/who").submit("Save this answer", who_for="Forty people")
        rita.get(f"/grants/{ref}/money", status=409)
        with pytest.raises(Refused, match="can no longer be changed"):
            apply.save(ref, season.bid(ref).version, "money", {}, season.actor("Rita"), lines=[apply.Line("Gold", Pence(250_00))])
        rita.get(f"/grants/{ref}/check")
        apply.answer_more(ref, season.bid(ref).version, season.actor("Rita"))
        assert season.bid(ref).status == "sent" and season.bid(ref).asked == 250_00
        olga = Inspector(app).sign_in(season.who("Olga").id).get(f"/desk/bids/{ref}")
        assert "Forty people" in olga.text and "Everybody on the estate" in olga.text  # before and after

    def test_withdrawing_is_one_tap_and_final(self, rita: Inspector, season: Season) -> None:
        ref = season.sent()
        rita.get(f"/grants/{ref}/withdraw").submit(reason="We moved").follow()
        assert season.bid(ref).status == "withdrawn"
        told = len(events_of(f"bid:{season.bid(ref).id}"))
        apply.withdraw(ref, "Twice", season.actor("Rita"))
        assert len(events_of(f"bid:{season.bid(ref).id}")) == told

    def test_whoever_types_for_somebody_is_kept_with_the_basis(self, app: Flask, season: Season) -> None:
        ref = apply.start_for(season.round_ref, "Winnie", None, None, "1 The Green", "telephone", season.who("Olga").id, once_key="k")
        again = apply.start_for(season.round_ref, "Winnie", None, None, "1 The Green", "telephone", season.who("Olga").id, once_key="k")
        assert ref == again
        bid = season.bid(ref)
        event = events_of(f"bid:{bid.id}")[0]
        assert (event.actor_id, event.on_behalf_id, event.basis) == (season.who("Olga").id, bid.person_id, "telephone")
        assert bid.helper_id == season.who("Olga").id
        Inspector(app).sign_in(season.who("Olga").id).get(f"/grants/{ref}/idea")


def image(form: str, **save: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, form, **save)
    return out.getvalue()


def heic() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "red")).save(out)
    return out.getvalue()


class TestPhotos:
    def test_the_place_is_taken_out(self) -> None:
        exif = Image.Exif()
        exif.get_ifd(0x8825)[2] = (51.5, 0.0, 0.0)
        exif[0x010F] = "Phone"
        sent = image("JPEG", exif=exif.tobytes())
        assert b"Phone" in sent
        with Image.open(io.BytesIO(photos.read(sent).data)) as kept:
            assert kept.format == "JPEG" and not kept.getexif()

    def test_what_phones_make_is_taken(self) -> None:
        for sent in (image("JPEG"), image("PNG"), image("WEBP"), heic()):
            assert (photos.read(sent).width, photos.read(sent).height) == (64, 48)

    def test_large_ones_are_made_small(self) -> None:
        out = io.BytesIO()
        Image.new("RGB", (6000, 4000), "blue").save(out, "PNG")
        assert (photos.read(out.getvalue()).width, photos.read(out.getvalue()).height) == (1600, 1067)

    @pytest.mark.parametrize(
        ("sent", "sentence"),
        [
            (b"", "empty"),
            (b"MZ\x90\x00" + b"\x00" * 500, "not a photo"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a photo"),
            (image("JPEG")[:300], "damaged"),
            (b"\xff" * (photos.MOST_BYTES + 1), "larger than 35"),
        ],
    )
    def test_what_is_no_photo_is_said_kindly(self, sent: bytes, sentence: str) -> None:
        with pytest.raises(Refused, match=sentence):
            photos.read(sent)

    def test_a_bomb_is_not_unpacked(self) -> None:
        out = io.BytesIO()
        Image.new("1", (30_000, 30_000)).save(out, "PNG")
        assert len(out.getvalue()) < 2_000_000
        with pytest.raises(Refused, match="too many dots"):
            photos.read(out.getvalue())

    def test_on_the_page_words_stay_when_the_photo_does_not(self, rita: Inspector, season: Season) -> None:
        ref = draft(season)
        rita.get(f"/grants/{ref}/idea")
        values = rita._values(rita._form("Continue", None)) | {"title": "Benches", "idea": "Three", "area": "mossgate"}
        rita.post(f"/grants/{ref}/idea", values | {"photo": (io.BytesIO(b"MZ"), "holiday.jpg")}, status=422)
        assert "not a photo that we can read" in rita.text and "Benches" in rita.text
        assert season.bid(ref).title == "Benches"
        version = str(season.bid(ref).version)
        rita.post(
            f"/grants/{ref}/idea", values | {"version": version, "photo": (io.BytesIO(image("PNG")), "../../x.png"), "alt": "A red square"}
        )
        (photo,) = queries.photos_of(f"bid:{season.bid(ref).id}")
        assert photo.alt == "A red square" and ".." not in photo.file
        rita.get(f"/photos/{photo.ref}.jpg")


def test_neighbours_fill_the_meter_while_it_is_written(season: Season) -> None:
    ref = draft(season)
    apply.save(ref, 1, "money", {"title": "Planters"}, season.actor("Rita"), lines=[apply.Line("Soil", Pence(250_00))])
    assert {problem.sentence for problem in apply.warnings(season.bid(ref))} == {
        "0 of 3 neighbours have said yes so far.", "About 20 h 50 min of help are still missing.",
    }  # fmt: skip
    for name in ("Ann", "Bob", "Cat"):
        pledge = match.invite(ref, name, None, season.actor("Rita"))
        db.session.rollback()
        token = match.token_of(next(each for each in queries.pledges_of(season.bid(ref).id) if each.ref == pledge))
        match.say_yes(token, "hours", Minutes(420), Minutes(0), 0, "digging")
    assert apply.warnings(season.bid(ref)) == []


class TestChangesAfterSending:
    """A bid that was sent may be edited until its round closes, and stays one that could be sent."""

    @pytest.mark.parametrize(
        ("section", "answers", "lines", "sentence"),
        [
            ("money", {}, [apply.Line("Everything", Pence(5000_00))], "up to £250.00"),
            ("money", {}, [], "what you will buy"),
            ("idea", {"area_id": None}, None, "where it happens"),
            ("when", {"first_day": None}, None, "when it starts"),
            ("who", {"public_summary": "Call me on 07700 900123"}, None, "for everybody to read"),
        ],
    )
    def test_what_could_not_be_sent_is_refused(
        self, season: Season, section: str, answers: dict[str, Any], lines: list[apply.Line] | None, sentence: str
    ) -> None:
        ref = season.sent()
        version = season.bid(ref).version
        with pytest.raises(Refused, match=sentence):
            apply.save(ref, version, section, answers, season.actor("Rita"), lines=lines)
        bid = season.bid(ref)
        assert (bid.asked, bid.version) == (250_00, version) and bid.area_id is not None

    def test_a_page_keeps_what_was_typed(self, season: Season, app: Flask) -> None:
        ref = season.sent()
        rita = Inspector(app, budget=22).sign_in(season.who("Rita").id)
        rita.get(f"/grants/{ref}/money").submit("Save this answer", status=422, what_0="Everything", cost_0="5000")
        assert "You can ask for up to £250.00 this time." in rita.text and "5000" in rita.text

    def test_a_name_cannot_become_that_of_another_open_bid(self, season: Season) -> None:
        first = season.sent("A bench")
        second = season.sent("A table")
        with pytest.raises(Refused, match=first):
            apply.save(second, season.bid(second).version, "idea", {"title": "A bench"}, season.actor("Rita"))

    def test_what_slipped_through_does_not_reach_the_panel(self, season: Season) -> None:
        ref = season.sent()
        with transaction():
            season_bid = queries.bid(ref)
            season_bid.area_id = None
        with pytest.raises(Refused, match="Choose where it happens"):
            decide.put_to_panel(ref, season.actor("Olga"))
        assert season.bid(ref).status == "sent"
