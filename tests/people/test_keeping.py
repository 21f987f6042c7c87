"""How long things are kept: what is due is seen before it goes, goes once a day, and the books never do."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal import clock, worker
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import apply, timeline
from portal.grants import keeping as drafts
from portal.grants import queries as grants
from portal.grants.model import Extension
from portal.history import Actor, Event, events_of
from portal.ledger import checks
from portal.outbox import Addressee, Message, Text, address_of, queue
from portal.people import copies, keeping, queries, second
from portal.people.model import KeepingRule, SignInCode, SignInSession
from tests.client import Inspector
from tests.grants.season import begin

NOON = datetime(2031, 6, 1, 12, tzinfo=UTC)


def due() -> dict[str, int]:
    db.session.rollback()
    return {each.keeper.name: each.due for each in keeping.plan() if each.due}


def forget() -> dict[str, int]:
    return keeping.forget_due(lambda _file: None)


def sign_in_code(at: datetime) -> None:
    values = {
        "purpose": "sign-in",
        "address": "a@example.org",
        "ticket": str(at),
        "link_hash": str(at),
        "code_hash": "x",
        "created_at": at,
        "expires_at": at,
    }
    db.session.execute(insert(SignInCode).values(values))


def test_each_kind_goes_on_its_day_and_not_before(app: Flask) -> None:
    season = begin()
    forget()
    Inspector(app).sign_in(season.who("Rita").id)
    second.show(season.who("Rita").id, queries.sessions_of(season.who("Rita").id)[0].id)
    with clock.held_at(NOON):
        db.session.rollback()
        with transaction():
            sign_in_code(NOON)
            queue("old", Addressee("Rita", "email", "rita@example.org"), Text("a", "b", "c"), about="bid:1")
            db.session.execute(Message.__table__.update().values(sent_at=NOON))  # type: ignore[attr-defined]
    with clock.held_at(NOON + timedelta(days=1)):
        assert "codes" not in due() and "messages" not in due()
    with clock.held_at(NOON + timedelta(days=1, seconds=1)):
        assert due()["codes"] == 1 and forget()["codes"] == 1 and "codes" not in due()
        assert "sessions" not in due() or db.session.scalars(select(SignInSession)).all() == []
    with clock.held_at(NOON + timedelta(days=365, seconds=1)):
        assert due()["messages"] >= 1
        forget()
        assert due() == {} and forget() == {}
    row = db.session.scalars(select(Message).where(Message.key == "old")).one()
    assert (row.body, row.address, row.to_name) == ("", "", ""), "the key stays, so that nobody is told twice"
    told = db.session.scalars(select(Event).where(Event.about == "keeping", Event.kind == "forgotten")).all()
    assert {"codes", "messages", "sessions"} <= {event.data["what"] for event in told}


def test_drafts_go_and_what_was_sent_and_the_books_stay(app: Flask) -> None:
    season = begin()
    sent = season.offered()
    draft = apply.start(season.round_ref, season.who("Rita").id, season.actor("Rita"))
    apply.save(draft, 1, "idea", {"title": "A secret shed"}, season.actor("Rita"))
    before = clock.now()
    with clock.held_at(before + timedelta(days=366)):
        assert "drafts" not in due() and drafts.warn_of_drafts() == 1
    with clock.held_at(before + timedelta(days=381)):
        assert due()["drafts"] == 1
        forget()
        assert "drafts" not in due()
    db.session.rollback()
    gone, kept = season.bid(draft), season.bid(sent.application.ref)
    assert (gone.title, gone.status) == ("", "withdrawn") and kept.title == "A garden for Mossgate"
    story = timeline.told(grants.story_of(gone, None))
    assert story[-1].sentence == "It was never sent, and was forgotten after 381 days."
    assert {event.actor_id for event in events_of(f"bid:{gone.id}") if event.kind == "forgotten"} == {None}
    assert checks.check(caches=worker.CACHES).broken == []


def warned() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.to_name).where(Message.key.like("draft-warned:%")).order_by(Message.to_name)))


def test_nobody_loses_a_draft_without_two_weeks_warning(app: Flask) -> None:
    season = begin()
    began = clock.now()
    with clock.held_at(began):
        olga = season.who("Olga")
        draft = apply.start_for(season.round_ref, "Rita", ("email", "rita@example.org"), None, "", "in person", olga.id, once_key="once")
    who = season.actor("Rita")

    def planned() -> keeping.Planned:
        db.session.rollback()
        return next(each for each in keeping.plan() if each.keeper.name == "drafts")

    with clock.held_at(began + timedelta(days=351)):
        assert drafts.warn_of_drafts() == 0 and planned().warned == 0
    late = began + timedelta(days=351, seconds=1)
    with clock.held_at(late):
        assert planned().warned == 1
        page = Inspector(app).sign_in(olga.id).get("/desk/privacy/keeping").text
        assert "one more is told first" in page
        assert (drafts.warn_of_drafts(), drafts.warn_of_drafts()) == (1, 0) and planned().warned == 0
        assert warned() == ["Olga", "Rita"], "whoever wrote it for them hears too"
    with clock.held_at(late + timedelta(days=13, hours=23)):
        apply.save(draft, 1, "idea", {"title": "A shed after all"}, who)
    with clock.held_at(late + timedelta(days=300)):
        assert planned().due == 0 and forget().get("drafts") is None, "written on since"
    again = late + timedelta(days=400)
    with clock.held_at(again):
        assert planned().due == 0 and drafts.warn_of_drafts() == 1 and len(warned()) == 4
        bid = season.bid(draft)
        with transaction():
            given = {"until": again + timedelta(days=30), "given_at": again, "given_by_id": olga.id}
            db.session.add(Extension(round_id=bid.round_id, application_id=bid.id, reason="In hospital", **given))
    with clock.held_at(again + timedelta(days=20)):
        assert planned().due == 0 and forget().get("drafts") is None, "they have more time"
    with clock.held_at(again + timedelta(days=31)):
        assert planned().due == 1 and forget()["drafts"] == 1
    assert season.bid(draft).title == ""


def test_officers_choose_the_days_within_reason(app: Flask) -> None:
    season = begin()
    olga = season.actor("Olga")
    for days, why, sentence in ((89, "x", "from 90 to 3650"), (3651, "x", "from 90"), (None, "x", "from 90"), (100, "", "Write why")):
        with pytest.raises(Refused, match=sentence):
            keeping.set_days("messages", days, why, olga)
    for name in ("books", "codes", "numbers", "nothing"):
        with pytest.raises(NotFound):
            keeping.set_days(name, 100, "x", olga)
    keeping.set_days("messages", 100, "The council says so", olga)
    keeping.set_days("messages", 120, "Longer", olga)
    assert keeping.days_of()["messages"] == 120
    assert [(event.data["old"], event.data["new"]) for event in keeping.changes()] == [(100, 120), (365, 100)]
    with pytest.raises(IntegrityError):
        db.session.execute(insert(KeepingRule).values(name="x", days=0, changed_at=NOON, changed_by_id=season.who("Olga").id))
    db.session.rollback()


def test_the_worker_forgets_once_a_day(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    monkeypatch.setattr(worker, "DUE", [])
    with clock.held_at(NOON):
        with transaction():
            sign_in_code(NOON - timedelta(days=2))
        worker.run_once(app.extensions["kindling"])
        worker.run_once(app.extensions["kindling"])
    db.session.rollback()
    assert db.session.scalars(select(SignInCode)).all() == []


# --- copies --------------------------------------------------------------------------------------------------------------


def test_a_copy_is_everything_and_says_who_made_it(app: Flask) -> None:
    season = begin()
    rita, olga = season.who("Rita").id, season.who("Olga").id
    for whom, reason, sentence in ((olga, "x", "About you"), (rita, "", "Write how")):
        with pytest.raises(Refused, match=sentence):
            copies.for_who_asks(whom, reason, Actor(olga, whom, "in person"))
    made = copies.for_who_asks(rita, "She showed her library card", Actor(olga, rita, "in person"))
    assert set(made) == {"you", *queries.COLLECTORS} and '"name": "Rita"' in copies.as_json(made)
    assert made["you"]["what happened"][-1]["what"] == "copy_made"


def test_a_copy_of_the_desk_opens_no_door_and_leaves_others_out(app: Flask) -> None:
    """Links by which only they may act are cut; what went to who had the address before them is not theirs."""
    season = begin()
    rita, rob, olga = season.who("Rita").id, season.who("Rob").id, season.who("Olga").id
    doors = ["/people/join/s3cret-a", "/a/AWD-ABCD/s3cret-b", "/m/s3cret-c", "/gifts/weekly/by/s3cret-d", "/t/s3cret-e"]
    words = "Come in:\n\n" + "\n".join(map(address_of, doors)) + "\n\n" + address_of("/grants/BID-ABCD")
    with transaction():
        queue("a", Addressee("Rita", "email", "rita@example.org", rita), Text("To you", words, "x"), about="bid:1")
        queue("b", Addressee("Rob", "email", "rita@example.org", rob), Text("To Rob", "His", "x"), about="bid:1")
        queue("c", Addressee("", "email", "rita@example.org"), Text("To nobody yet", "x", "x"), about="bid:1")
    made = copies.for_who_asks(rita, "She showed her library card", Actor(olga, rita, "in person"))
    texts = {each["subject"]: each["text"] for each in made["you"]["messages to you"]}
    assert "To Rob" not in texts and "To nobody yet" in texts
    assert "s3cret" not in texts["To you"] and "/people/join/…" in texts["To you"] and "/grants/BID-ABCD" in texts["To you"]
    assert "s3cret-a" in copies.as_json(queries.all_about(rita)), "their own copy is whole"


def test_the_pages_of_looking_after_data(app: Flask) -> None:
    season = begin()
    season.sent("A <b>bench</b>")
    olga, ref = Inspector(app, budget=120).sign_in(season.who("Olga").id), season.ref("Rita")
    olga.get("/desk/privacy/").get("/desk/privacy/keeping")
    assert "Messages and letters" in olga.text and olga.queries <= 15
    olga.get("/desk/privacy/keeping/messages").submit("Save", status=422, days="5", reason="Shorter")
    olga.submit("Save", days="200", reason="Shorter").follow()
    assert "200 days after" in olga.text and "365 days became 200" in olga.text and "Shorter" in olga.text
    olga.get("/desk/privacy/keeping/books", 404)
    olga.get(f"/desk/people/{ref}").get(f"/desk/privacy/copy/{ref}").submit("Make the copy", status=422)
    olga.submit("Make the copy", status=200, basis="in person", reason="Library card", kind="pages")
    assert "rita@example.org" in olga.text and "A &lt;b&gt;bench" in olga.text
    olga.get(f"/desk/privacy/copy/{ref}").submit("Make the copy", status=200, basis="in person", reason="Library card", kind="json")
    assert '"reference": "' + ref in olga.text
    olga.get("/desk/privacy/seen?whom=" + ref)
    assert "A copy of everything we hold" in olga.text
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        olga.get(f"/desk/privacy/copy/{ref}").submit("Make the copy", basis="in person", reason="Library card", kind="pages")
        assert olga.location == "/people/prove?next=/people/go-on"
    rita = Inspector(app).sign_in(season.who("Rita").id)
    for path in ("/desk/privacy/keeping", "/desk/privacy/keeping/messages", f"/desk/privacy/copy/{ref}"):
        rita.get(path, 404)


def test_privacy_says_what_councils_must_say(app: Flask) -> None:
    begin()
    page = Inspector(app).get("/privacy").text
    for words in ("National Fraud Initiative", "Information Commissioner", "Estuary Council", "hello@estuary.example", "six more"):
        assert words in page, words
