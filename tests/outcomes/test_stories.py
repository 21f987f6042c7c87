"""Stories: told with consent, published as they stand, gone at once when the consent is taken back."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock, photos
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import pay, queries, report
from portal.grants.model import Application
from portal.history import Actor, events_of
from portal.outbox import messages_about
from portal.outcomes import catalogue, hopes, stories
from portal.outcomes.model import Hope, Story
from portal.outcomes.stories import Telling
from portal.people import keeping
from portal.people import queries as people
from portal.people.actions import delete_me
from tests.grants.season import Season, assert_books_are_right, begin

WORDS = "Before, nobody sat there. Now we drink tea on the beds every Tuesday."


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    made = begin()
    yield made
    assert_books_are_right()


@pytest.fixture
def ref(season: Season) -> str:
    """An idea whose money has come."""
    catalogue.begin(season.actor("Olga"))
    return paid(season, "Beds")


def paid(season: Season, title: str) -> str:
    bid = season.sent(title, 60_00)
    hopes.choose(bid, season.bid(bid).version, [catalogue.offered()[0].ref], season.actor("Rita"))
    pay.settle(season.released(season.ready(bid)).ref, clock.today(), season.actor("Fay"))
    db.session.rollback()
    return bid


def told(season: Season, ref: str, words: str = WORDS, photo: str = "", by: str = "Rita") -> str:
    return stories.tell(ref, Telling(words, photo, True, True), season.actor(by))


def now(season: Season, ref: str) -> Story:
    found = stories.of_bid(season.bid(ref).id)
    assert found is not None
    return found


def published(season: Season, ref: str, words: str = WORDS, photo: str = "") -> str:
    story = told(season, ref, words, photo)
    stories.publish(story, now(season, ref).version, True, season.actor("Olga"))
    return story


def test_the_consent_is_kept_as_it_was_worded(season: Season, ref: str) -> None:
    helper = Actor(season.who("Rob").id, season.who("Rita").id, "telephone")
    story = stories.tell(ref, Telling(WORDS, "", True, True), helper, once_key="one")
    assert stories.tell(ref, Telling("Other", "", True, True), helper, once_key="one") == story
    row = now(season, ref)
    assert (row.status, row.words, row.consent_by_id, row.typed_by_id, row.basis) == (
        "waiting",
        WORDS,
        season.who("Rita").id,
        helper.person_id,
        "telephone",
    )
    assert "take this back at any time" in row.consent and "parent or carer" in row.consent
    assert [event.data["consent"] for event in events_of(stories.about(row))] == [row.consent]
    assert WORDS not in str([event.data for event in events_of(stories.about(row))]), "what is forgotten must not stand in events"


def test_what_telling_refuses(season: Season, ref: str) -> None:
    rita = season.actor("Rita")
    for telling, says in (
        (Telling("", "", True, True), "Write a few sentences"),
        (Telling(WORDS, "PIC-2222-2222", True, True), "photo is gone"),
        (Telling(WORDS, "", False, True), "when you agree"),
        (Telling(WORDS, "", True, False), "Ask everybody"),
        (Telling(WORDS + " Ring 07700 900123.", "", True, True), "take out"),
    ):
        with pytest.raises(Refused, match=says):
            stories.tell(ref, telling, rita)
    with pytest.raises(NotFound):
        told(season, season.sent("Not paid yet"))
    with pytest.raises(NotFound):
        stories.take_back(ref, rita)


def test_it_is_published_as_it_stands_and_gone_at_once(season: Season, ref: str) -> None:
    story = published(season, ref)
    assert [each.words for each in stories.published().stories] == [WORDS] == [each.words for each in stories.published("mossgate").stories]
    assert any("for all to read" in message.subject for message in messages_about(f"bid:{season.bid(ref).id}"))
    stories.take_back(ref, season.actor("Rita"))
    stories.take_back(ref, season.actor("Rita"))
    assert not stories.published().stories
    with pytest.raises(NotFound):
        stories.by_ref(story)
    assert [event.kind for event in events_of(stories.about(now(season, ref)))] == ["told", "published", "consent_taken_back"]
    told(season, ref, "Another story.")
    assert not stories.published().stories, "new words wait for an officer"
    stories.publish(story, now(season, ref).version, False, season.actor("Olga"))
    assert [each.words for each in stories.published().stories] == ["Another story."]
    stories.take_down(story, "The school asked for it", season.actor("Olga"))
    assert not stories.published().stories and now(season, ref).reason == "The school asked for it"


def test_what_nobody_else_reads_is_forgotten_in_time(season: Season, ref: str) -> None:
    """Taken back, declined or taken down; what is published or waits stays. It can be told anew, and is heard of anew."""
    olga, rita = season.actor("Olga"), season.actor("Rita")
    other, third = paid(season, "Lamps"), paid(season, "Soup")
    published(season, ref)
    stories.decline(told(season, other), 1, "Leave out the school", olga)
    told(season, third)
    stories.take_back(third, rita)
    assert forgotten(364) == 0
    assert forgotten(366) == 2 and now(season, ref).words == WORDS
    stories.publish(told(season, third, "Anew."), 1, False, olga)
    assert [each.words for each in stories.published().stories] == ["Anew.", WORDS]
    assert sum("for all to read" in message.subject for message in messages_about(f"bid:{season.bid(third).id}")) == 1


def forgotten(days: int) -> int:
    with clock.held_at(clock.now() + timedelta(days=days)):
        db.session.rollback()
        due = next(each.due for each in keeping.plan() if each.keeper.name == "stories")
        assert keeping.forget_due(lambda _file: None).get("stories", 0) == due
        return due


def test_what_an_officer_cannot_do(season: Season, ref: str) -> None:
    story, olga = told(season, ref, "The three of us, with Rita, at the pump."), season.actor("Olga")
    version = now(season, ref).version
    with pytest.raises(Refused, match="Say below that you have looked"):
        stories.publish(story, version, False, olga)
    with pytest.raises(Refused, match="Write why"):
        stories.decline(story, version, "", olga)
    with pytest.raises(Refused, match="not published any more"):
        stories.take_down(story, "No", olga)
    told(season, ref, "Another story.")
    with pytest.raises(Refused, match="changed, taken back or looked at"):
        stories.publish(story, version, True, olga)
    stories.decline(story, version + 1, "Please leave out the school", olga)
    with pytest.raises(Refused, match="changed, taken back or looked at"):
        stories.publish(story, version + 1, True, olga)
    stories.take_back(ref, season.actor("Rita"))
    with pytest.raises(Refused, match="changed, taken back or looked at"):
        stories.publish(story, version + 2, True, olga)
    with pytest.raises(NotFound):
        stories.publish("STY-2222-2222", 1, True, olga)


def test_nobody_publishes_their_own(season: Season, ref: str) -> None:
    story, olga = told(season, ref), season.actor("Olga")
    with transaction():
        db.session.execute(update(Application).values(helper_id=olga.person_id))
    acts: list[Callable[[], None]] = [
        lambda: stories.publish(story, 1, True, olga),
        lambda: stories.decline(story, 1, "No", olga),
        lambda: stories.take_down(story, "No", olga),
    ]
    for act in acts:
        with pytest.raises(Refused, match="your own"):
            act()


def test_a_known_full_name_must_go(season: Season, ref: str) -> None:
    with transaction():
        people.person(season.who("Cleo").id).name = "Cleo Marchetti"
    story = told(season, ref, "Thanks to Cleo Marchetti, who baked.")
    with pytest.raises(Refused, match="cannot be published"):
        stories.publish(story, 1, True, season.actor("Olga"))


def test_the_database_has_the_last_word(season: Season, ref: str) -> None:
    published(season, ref)
    for wrong in (
        {"status": "hidden"}, {"words": ""}, {"consent": ""}, {"taken_back_at": clock.now()}, {"status": "taken_back"}, {"status": "declined"},
        {"reason": "why"}, {"published_at": None}, {"judged_by_id": None},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(update(Story).values(**wrong))
    row = now(season, ref)
    again = {"ref": "STY-2222-2222", "application_id": row.application_id, "status": "waiting", "version": 1, "words": "x", "consent": "x",
             "consent_at": clock.now(), "consent_by_id": 1, "basis": "", "reason": ""}  # fmt: skip
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(insert(Story).values(again))


def test_it_goes_along_and_is_forgotten(season: Season, ref: str) -> None:
    with transaction():
        people.person(season.who("Rita").id).name = "Rita Long"
    hopes.tell(ref, report.of_bid(season.bid(ref)).version, {1: hopes.Answer("a_lot", "We met.")}, season.actor("Rita"))
    published(season, ref)
    kept = people.all_about(season.who("Rita").id)["what came of your ideas"]
    assert kept["stories"][0]["words"] == WORDS and kept["hoped for"][0]["what happened"] == "We met."
    report.waive(ref, "They told us at the door", season.actor("Olga"))
    delete_me(season.who("Rita").id, season.actor("Rita"))
    db.session.rollback()
    assert db.session.scalar(select(Story.id)) is None and not stories.published().stories
    assert db.session.scalars(select(Hope.happened)).one() == "" and db.session.scalars(select(Hope.how_far)).one() == "a_lot"


def test_a_photo_of_the_report_goes_with_it(season: Season, ref: str, tmp_path: Path) -> None:
    image = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(image, "JPEG")
    report.add_photo(ref, photos.read(image.getvalue()), "Beds in June", tmp_path, season.actor("Rita"))
    photo = queries.photos_of(f"report:{report.of_bid(season.bid(ref)).id}")[0].ref
    story = published(season, ref, photo=photo)
    assert stories.published().stories[0].alt == "Beds in June" and stories.photo_of(story)[1].ref == photo


def test_pages_of_stories_go_on_where_the_last_one_ended(season: Season, ref: str, monkeypatch: pytest.MonkeyPatch) -> None:
    published(season, ref, "First.")
    second = paid(season, "Second")
    published(season, second, "Second.")
    monkeypatch.setattr(stories, "PAGE", 1)
    first = stories.published()
    assert [each.words for each in first.stories] == ["Second."]
    then = stories.published(after=first.older)
    assert [each.words for each in then.stories] == ["First."] and not then.older
    stories.take_back(second, season.actor("Rita"))
    assert [each.words for each in stories.published(after=first.older).stories] == ["First."], "its place is known still"
