"""The read interface of a grant that has all the words there can be: told without names, and not told at all once they are taken down."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from portal import clock
from portal.db import db, transaction
from portal.exports.publish import publishing, settings
from portal.grants import report
from portal.grants.model import Application
from portal.money import Pence
from portal.outcomes import catalogue, hopes, stories
from portal.outcomes.model import Hope
from portal.people.model import Person
from portal.web.interface import ROOT
from tests.conftest import Store
from tests.exports.reading import RESOURCES, ask, valid, whole
from tests.exports.small import Small
from tests.exports.test_giving import SET, signed
from tests.grants.sparks import png

NAME = "Marguerite Sandpiper"
WORDS = (
    "A garden for Mossgate",
    "Mossgate Gardeners",
    "Because of the pump",
    "Beans grew",
    "tea on the beds",
    "Ripe beans",
    "Beans in a bowl",
)


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    return store.app


@pytest.fixture
def garden(small: Small, app: Flask) -> str:
    """A grant with a reason, a report with a photo, hopes, and a published story; it is signed off. Each word names who asked."""
    bid, folder = small.bids["garden"], Path(app.extensions["kindling"].data_dir)
    rita, olga = small.season.actor("Rita"), small.season.actor("Olga")
    catalogue.begin(olga)
    id_ = small.season.bid(bid).id
    outcome = catalogue.offered()[0]
    with transaction():
        db.session.execute(update(Person).where(Person.id == rita.person_id).values(name=NAME))
        reason = f"Because of the pump, and of {NAME}."
        db.session.execute(update(Application).where(Application.ref == bid).values(decision_reason=reason))
        db.session.add(Hope(application_id=id_, outcome_id=outcome.id, position=1, words=outcome.words, heading=outcome.heading))
    report.add_receipt(bid, "Beans", Pence(250_00), clock.today(), None, folder, rita)
    report.add_photo(bid, png(), f"Beans in a bowl of {NAME}", folder, rita)
    version = report.save(bid, report.of_bid(small.season.bid(bid)).version, f"Beans grew for {NAME}.", "Ripe beans for all.", True, rita)
    hopes.tell(bid, version, {1: hopes.Answer("a_lot", f"Beans grew, says {NAME}.")}, rita)
    story = stories.tell(bid, stories.Telling("We drink tea on the beds.", "", True, True), rita)
    stories.publish(story, 1, True, olga)
    report.send(bid, rita)
    report.accept(bid, olga)
    settings.change(SET, olga)
    signed(small, "garden")
    return bid


def in_full(app: Flask, bid: str) -> Any:
    told = ask(app, f"{ROOT}/register/{bid}").get_json()
    valid(told, "GrantInFull")
    return told


def in_list(app: Flask, bid: str) -> Any:
    return next(item for item in whole(app, RESOURCES["register"]) if item["reference"] == bid)


def test_a_name_in_any_word_is_not_told(app: Flask, garden: str) -> None:
    told = in_full(app, garden)
    assert [words for words in WORDS if words not in str(told)] == [], "what can be told is told"
    (hope,) = told["hoped_for"]
    assert hope["how_far"] == "a_lot" and hope["what_happened"] == "Beans grew, says a neighbour."
    assert (told["reason"], told["what_happened"]) == ("Because of the pump, and of a neighbour.", "Beans grew for a neighbour.")
    assert told["story"] == "We drink tea on the beds." and told["photos"][0]["shows"] == "Beans in a bowl of a neighbour"
    for said in (str(told), str(in_list(app, garden))):
        assert "Sandpiper" not in said and "Marguerite" not in said


def test_words_that_were_taken_down_are_nowhere(app: Flask, small: Small, garden: str) -> None:
    before, listed, olga = in_full(app, garden), in_list(app, garden), small.season.actor("Olga")
    tag = ask(app, f"{ROOT}/register/{garden}").headers["ETag"]
    assert before["words_taken_down"] is listed["words_taken_down"] is False
    publishing.take_down(garden, "The group asked for it.", olga)
    ask(app, f"{ROOT}/register/{garden}", 200, {"If-None-Match": tag})  # who kept the words is told that they are gone
    told, line = in_full(app, garden), in_list(app, garden)
    for said in (told, line):
        assert not [words for words in WORDS if words in str(said)] and "The group asked" not in str(said)
        assert (said["words_taken_down"], said["title"], said["summary"], said["reason"]) == (True, "Words taken down", "", "")
        assert said["recipient"] == "A group in Mossgate"
        same = ("state", "decided_on", "asked_pence", "awarded_pence", "paid_pence", "votes", "declared_ties")
        assert {name: said[name] for name in same} == {name: before[name] for name in same}, "what was decided and paid stays"
    assert (told["story"], told["what_happened"], told["what_changed"], told["began_as"], told["photos"]) == (None, None, None, None, [])
    assert [(hope["words"], hope["what_happened"]) for hope in told["hoped_for"]] == [(before["hoped_for"][0]["words"], None)]
    for query in ("garden", "mossgate", "raised beds"):  # a search must not tell what stood there
        assert garden not in str(whole(app, RESOURCES["register"], f"&q={query}")), query
    publishing.put_back(garden, "They changed their mind.", olga)
    assert in_full(app, garden) == before | {"story": None} and in_list(app, garden) == listed
