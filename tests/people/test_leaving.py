"""Take my data with me, and delete me: everything in the file, nothing left but what the books need."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import inspect, select, text

from portal import clock, outbox, photos
from portal.db import Base, db, transaction
from portal.errors import Refused
from portal.exports import register
from portal.grants import apply, decide, floats, match, pay, queries
from portal.grants import award as awards
from portal.grants.model import Payee, Photo, QuickSpark, Report
from portal.history import Actor
from portal.ledger.model import Account
from portal.money import Minutes
from portal.outbox import Addressee, Text
from portal.panels import seats
from portal.panels.model import Seat
from portal.people import actions, invitations
from portal.people import queries as people
from portal.people.model import Person
from portal.refs import new_ref
from portal.work.model import WorkRecord
from tests.client import Inspector
from tests.grants.season import NUMBER, Season, assert_books_are_right, begin, person
from tests.grants.sparks import granted, held, season_with_connectors, spend


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()


def of_rita(season: Season) -> dict[str, object]:
    db.session.rollback()
    found: dict[str, object] = json.loads(json.dumps(people.all_about(season.who("Rita").id)))
    return found


def whole_database() -> str:
    """Every text of every table, to look for what should be gone."""
    db.session.rollback()
    names = [name for name in inspect(db.engine).get_table_names() if "words" not in name]
    rows = []
    for name in names:
        rows += [f"{name}: {tuple(row)}" for row in db.session.execute(text(f'SELECT * FROM "{name}"'))]
    db.session.rollback()
    return "\n".join(rows)


def png() -> photos.Picture:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "PNG")
    return photos.read(out.getvalue())


# --- taking along --------------------------------------------------------------------------------------------------------


def test_the_file_holds_what_every_room_knows(season: Season) -> None:
    rita, ada = season.who("Rita"), season.who("Ada")
    actions.found_group(rita.id, "Mossgate Gardeners", "group", None, "", "")
    bid = season.sent()
    match.invite(bid, "Rob", ("email", "rob@example.org"), season.actor("Rita"))
    season.ready(bid)
    help_ref = season.sent("A bench", by="Rosa")
    match.invite(help_ref, "Rita", ("email", "rita@example.org"), season.actor("Rosa"))
    mine = of_rita(season)
    assert set(mine) == {
        "you", "ideas", "promises to ideas", "awards", "hours", "panels", "sessions", "time", "talks of panels", "area ballots", "offers to sit on a panel",
        "quick sparks", "offers and requests", "conversations", "paper sheets", "time brought along", "spend offers", "questions to neighbours",
        "lines of your statement", "cards that became one", "what we have seen", "tariffs", "gifts and wishes", "what fits on the boards", "gifts to ideas", "conversations about gifts", "introductions and being asked to lead",
        "care for the boards", "idea cards", "ideas you are in", "cards that you reported", "events", "entries on the map", "changes to the map",
        "lists that you brought to the map", "who saw what", "grants in the open data", "what came of your ideas", "questions that we ask",
    }  # fmt: skip
    you, ideas, promises, grants = mine["you"], mine["ideas"], mine["promises to ideas"], mine["awards"]
    assert isinstance(you, dict) and isinstance(ideas, list) and isinstance(promises, list) and isinstance(grants, list)
    assert (you["name"], you["email"], you["reference"]) == ("Rita", "rita@example.org", rita.ref)
    assert [one["group"] for one in you["acts for"]] == ["Mossgate Gardeners"]
    assert any("Mossgate" in message["text"] for message in you["messages to you"])
    assert ideas[0]["answers"]["idea"] == "Raised beds by the old pump." and ideas[0]["decision"] == "yes"
    assert [one["name"] for one in ideas[0]["neighbours you asked"]] == ["Rob"]
    assert {"sent", "offered", "accepted"} <= {one["what"] for one in ideas[0]["what happened"]}
    assert promises[0]["idea"] == "A bench" and promises[0]["your address there"] == "rita@example.org"
    assert grants[0]["amount in pence"] == 250_00 and NUMBER not in json.dumps(mine) and NUMBER[-4:] in grants[0]["account"]
    seats = people.all_about(ada.id)["panels"]
    assert seats[0]["chair"] and seats[0]["votes"][0]["vote"] == "yes" and seats[0]["ties"][0]["tie"] == "none"
    assert "Ben" not in json.dumps(seats)


def test_a_decision_that_is_private_is_not_in_the_file(season: Season) -> None:
    season.decided(season.sent(), "no")
    told = json.dumps(of_rita(season)["ideas"])
    assert "decision" not in json.loads(told)[0] and '"no"' not in told and '"decided"' not in told


def test_it_is_taken_from_the_page_and_is_nobody_elses(app: Flask, season: Season) -> None:
    season.sent("A secret of Rita")
    rob = Inspector(app, budget=90).sign_in(season.who("Rob").id).get("/people/me/data.json")
    assert "secret of Rita" not in rob.text and json.loads(rob.text)["you"]["name"] == "Rob"
    rita = Inspector(app, budget=90).sign_in(season.who("Rita").id)
    answer = rita.client.get("/people/me/data.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"' and "no-store" in answer.headers["Cache-Control"]
    assert "secret of Rita" in rita.get("/people/me/data.json").text


def test_codes_that_open_the_door_are_not_in_the_file(season: Season) -> None:
    actions.ask_for_code(
        "email", "rita@example.org", purpose="sign-in", next_path="/", network="x", secret_key="s" * 40, base_url="http://localhost"
    )
    assert "Your code is" not in json.dumps(of_rita(season))


# --- what keeps somebody -------------------------------------------------------------------------------------------------


def test_a_bid_under_way_keeps_them_until_it_is_withdrawn(season: Season) -> None:
    rita = season.who("Rita")
    bid = season.sent()
    with pytest.raises(Refused, match="Withdraw it first"):
        actions.delete_me(rita.id, season.actor("Rita"))
    assert people.person(rita.id).name == "Rita"
    apply.withdraw(bid, "", season.actor("Rita"))
    actions.delete_me(rita.id, season.actor("Rita"))


def test_money_under_way_keeps_them(app: Flask, season: Season) -> None:
    season.ready()
    with pytest.raises(Refused, match="money under way"):
        actions.delete_me(season.who("Rita").id, season.actor("Rita"))
    browser = Inspector(app).sign_in(season.who("Rita").id).get("/people/me/data")
    assert "money under way" in browser.text and "Yes, delete" not in browser.text


def test_the_only_administrator_stays(app: Flask) -> None:
    ann = person("Ann", "administrator")
    with pytest.raises(Refused, match="only administrator"):
        actions.delete_me(ann.id, Actor(ann.id))
    bea = person("Bea", "administrator")
    actions.delete_me(ann.id, Actor(ann.id))
    with pytest.raises(Refused):
        actions.delete_me(bea.id, Actor(bea.id))


# --- going ---------------------------------------------------------------------------------------------------------------


def test_nothing_of_them_is_left_but_what_was_decided(app: Flask, season: Season) -> None:
    """Somebody with a name like no other: after they left, it stands nowhere in the database but in what they had sent."""
    quill = person("Quillon", area_id=1)
    season.people["Quillon"] = quill
    with transaction():
        me = db.session.get_one(Person, quill.id)
        me.phone, me.postal_address = "+447700900456", "9 Quillon Lane"
        outbox.queue("loose", Addressee("Quillon", "email", "quillon@example.org"), Text("Hello", "Dear Quillon", "Hi Quillon"), about="x")
    who = Actor(quill.id)
    group = people.organisation_by_ref(actions.found_group(quill.id, "Mossgate Gardeners", "group", None, "", ""))
    invitations.invite(group.id, "Rob", ("email", "rob@example.org"), who)
    draft = apply.start(season.round_ref, quill.id, who)
    apply.save(draft, 1, "idea", {"title": "Quillon's own idea", "idea": "Ask Quillon", "place": "9 Quillon Lane"}, who)
    match.invite(draft, "Zebedee", ("email", "zebedee@example.org"), who)
    photo = apply.add_photo(draft, png(), "Quillon in the garden", app.extensions["kindling"].data_dir, who)
    other = season.sent("A bench", by="Rosa")
    match.invite(other, "Quillon", ("email", "quillon@example.org"), season.actor("Rosa"))
    seats.add_seat(season.who("Olga"), season.panel_ref, quill.ref, term_start=clock.today(), term_end=None, reason="Elected", chair=False)
    browser = Inspector(app, budget=115).sign_in(quill.id).get("/people/me/data")
    assert "Quillon" in whole_database() and "zebedee" in whole_database()
    file = photos.path(db.session.scalars(select(Photo.file).where(Photo.ref == photo)).one(), app.extensions["kindling"].data_dir)
    assert file.exists()
    browser.submit("Delete me", status=422).submit("Delete me", sure="y").follow()
    assert browser.path == "/people/goodbye"
    left = whole_database()
    for trace in ("Quillon", "quillon", "900456", "Zebedee", "zebedee"):
        assert trace not in left, [line[:200] for line in left.splitlines() if trace in line]
    assert not file.exists()
    db.session.rollback()
    assert people.person(quill.id).deleted_at is not None and queries.bid(draft).status == "withdrawn"
    pledge = queries.pledges_of(queries.bid(other).id)[0]
    assert (pledge.status, pledge.contact, pledge.channel) == ("refused", "", "none")
    seat = db.session.scalars(select(Seat).where(Seat.person_id == quill.id)).one()
    assert seat.term_end is not None and seat.term_end < clock.today()
    Inspector(app).sign_in(season.who("Olga").id).get(f"/panels/{season.panel_ref}")
    assert_books_are_right()


def test_who_shares_an_address_keeps_their_messages(app: Flask) -> None:
    """Ann had the family's address before Ben: what went there to her, or to a neighbour with another name, is not Ben's."""
    ann, ben = person("Ann"), person("Ben")
    there = "ben@example.org"
    with transaction():
        for key, name, whose in (
            ("ann", "Ann", ann.id),
            ("zoe", "Zoe", None),
            ("ben", "Ben", ben.id),
            ("benny", "BEN Hill", None),
            ("code", "", None),
        ):
            outbox.queue(key, Addressee(name, "email", there, whose), Text("Hello", "Hello", "Hello"), about="x")
    actions.delete_me(ben.id, Actor(ben.id))
    db.session.rollback()
    assert set(db.session.scalars(select(outbox.Message.key).where(outbox.Message.about == "x"))) == {"ann", "zoe"}


def test_who_shares_an_address_does_not_read_what_went_to_others(app: Flask) -> None:
    ben = person("Ben")
    with transaction():
        for key, name in (("zoe", "Zoe"), ("benny", "Ben Hill")):
            outbox.queue(key, Addressee(name, "email", "ben@example.org"), Text(f"For {name}", "Hello", "Hello"), about="x")
    assert [message["subject"] for message in people.all_about(ben.id)["you"]["messages to you"]] == ["For Ben Hill"]


def test_the_books_stay_and_lose_the_name(season: Season) -> None:
    """Rob gave hours that were checked: the minutes stay, in the books and for the idea; his name goes from all of them."""
    bid = season.sent()
    match.invite(bid, "Rob Robson", ("email", "rob@example.org"), season.actor("Rita"))
    pledge = queries.pledges_of(season.bid(bid).id)[0]
    match.say_yes(match.token_of(pledge), "hours", Minutes(180), Minutes(0), 0, "")
    made = season.ready(bid)
    payment = season.released(made)
    pay.settle(payment.ref, clock.today(), season.actor("Fay"))
    day = made.first_day
    with clock.held_at(clock.start_of_day(day) + timedelta(hours=20)):
        record = match.did_it(match.token_of(queries.pledges_of(made.application_id)[0]), day, Minutes(120), "Dug")
        match.check(bid, record, season.actor("Rita"))
        old_link = match.token_of(queries.pledges_of(made.application_id)[0])
        actions.delete_me(season.who("Rob").id, season.actor("Rob"))
    left = whole_database()
    assert "Rob Robson" not in left and "rob@example.org" not in left, [line[:200] for line in left.splitlines() if "Rob" in line]
    assert season.award_now(made).delivered == 120
    row = db.session.scalars(select(WorkRecord)).one()
    assert (row.minutes, row.worker_name) == (120, "Former member")
    assert "Former member" in db.session.scalars(select(Account.name).where(Account.code.like("neighbour:%"))).all()
    with pytest.raises(Exception, match="link"):
        match.by_token(old_link)
    assert_books_are_right()


def test_an_account_number_goes_with_its_owner(season: Season) -> None:
    made = season.ready()
    awards.withdraw(made.ref, season.actor("Rita"))
    assert db.session.scalars(select(Payee.sealed)).one()
    actions.delete_me(season.who("Rita").id, season.actor("Rita"))
    payee = db.session.scalars(select(Payee)).one()
    assert payee.sealed == "" and payee.purged_at is not None
    assert season.award_now(made).amount == 250_00, "the grant itself stays as it was decided"
    assert_books_are_right()


def test_a_draft_of_a_group_stays_with_the_group(season: Season) -> None:
    rita, rob = season.who("Rita"), season.who("Rob")
    group = people.organisation_by_ref(actions.found_group(rita.id, "Mossgate Gardeners", "group", None, "", ""))
    group_id = group.id
    with transaction():
        actions.act_for(rob.id, group_id, season.actor("Rita"))
    ours = apply.start(season.round_ref, rita.id, season.actor("Rita"), organisation_id=group_id)
    apply.save(ours, 1, "idea", {"title": "Ours"}, season.actor("Rita"))
    actions.delete_me(rita.id, season.actor("Rita"))
    assert season.bid(ours).title == "Ours" and season.bid(ours).status == "draft"
    actions.delete_me(rob.id, season.actor("Rob"))
    assert [someone.id for _row, someone in people.acting_for(group_id)] == []


def test_their_name_goes_from_what_everybody_reads(season: Season) -> None:
    """The register leaves out whom it knows; once they left it knows nobody, so the words themselves change."""
    with transaction():
        db.session.get_one(Person, season.who("Rita").id).name = "Rita  Quill"
    bid = season.sent()
    match.invite(bid, "Robbie Quill", ("email", "rob@example.org"), season.actor("Rita"))
    season.decided(bid, "no")
    with transaction():  # else it is screened when it is sent, and when it goes to the panel
        apply.locked(bid).title = "Rita Quill's garden"
    decide.write_letter(bid, "RITA QUILL asked twice. Robbie Quill helped; ask Quill Street.", (), None, season.actor("Olga"))
    decide.release(decide.prepare_release(season.round_ref, [bid], season.actor("Olga")), season.actor("Otto"))
    before = register.entry(bid)
    assert "RITA" not in before.reason and "Robbie" not in before.reason and before.line.title == "a neighbour's garden"
    for name in ("Rita", "Rob"):
        actions.delete_me(season.who(name).id, season.actor(name))
    db.session.rollback()
    after = register.entry(bid)
    assert after.line.title == "a neighbour's garden"
    assert after.reason == "a neighbour asked twice. a neighbour helped; ask Quill Street."


def test_a_neighbours_name_goes_from_reports_and_photos(season: Season) -> None:
    bid = season.sent()
    match.invite(bid, "Robbie Quill", ("email", "rob@example.org"), season.actor("Rita"))
    made = season.ready(bid)
    with transaction():
        said = {"happened": "Robbie Quill dug.", "changed": "robbie  quill smiles."}
        report = Report(ref=new_ref("RPT"), award_id=made.id, due=clock.today(), **said)
        db.session.add(report)
        db.session.flush()
        for shown in (f"bid:{made.application_id}", f"report:{report.id}"):
            db.session.add(
                Photo(
                    ref=new_ref("PIC"), about=shown, file="x.jpg", width=40, height=30, alt="Robbie Quill with a spade", public=True,
                    added_by=season.actor("Rita").code, added_at=clock.now(),
                )
            )  # fmt: skip
    actions.delete_me(season.who("Rob").id, season.actor("Rob"))
    row = db.session.scalars(select(Report)).one()
    assert (row.happened, row.changed) == ("a neighbour dug.", "a neighbour smiles.")
    assert db.session.scalars(select(Photo.alt)).all() == ["a neighbour with a spade"] * 2


def test_a_connectors_name_goes_from_quick_sparks(app: Flask, tmp_path: Path) -> None:
    season = season_with_connectors()
    granted(season)
    spent = spend(season, tmp_path, photo=png())
    with transaction():
        db.session.get_one(QuickSpark, spent.id).what = "A kettle that Gus Penny found"
        db.session.scalars(select(Photo).where(Photo.public)).one().alt = "Gus Penny pours tea"
    assert (
        "Penny" not in Inspector(app).get("/register/quick/").text
        and "a neighbour pours tea" in Inspector(app).get("/register/quick/").text
    )
    floats.take_back(held(season).ref, "Gus moves away", season.actor("Olga"))
    actions.delete_me(season.who("Gus").id, season.actor("Gus"))
    assert db.session.scalars(select(QuickSpark.what)).one() == "A kettle that a neighbour found"
    assert db.session.scalars(select(Photo.alt).where(Photo.public)).one() == "a neighbour pours tea"


def test_they_can_come_back_as_somebody_new(app: Flask) -> None:
    first = person("Rita")
    actions.delete_me(first.id, Actor(first.id))
    again = person("Rita")
    assert again.id != first.id and again.ref != first.ref
    assert people.all_about(again.id)["you"]["what happened"] == []
    assert not people.search("Former")


def test_leaving_is_all_or_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that stumbles leaves everything as it was."""
    rita = person("Rita")

    def stumble(_someone: Person) -> tuple[str, ...]:
        raise RuntimeError("no")

    monkeypatch.setattr(people, "ERASERS", [*people.ERASERS, stumble])
    with pytest.raises(RuntimeError):
        actions.delete_me(rita.id, Actor(rita.id))
    assert people.person(rita.id).name == "Rita" and people.person(rita.id).deleted_at is None


def test_what_the_desk_keeps_is_written_down(app: Flask) -> None:
    """Each table of the desk that names a person or holds sealed words stands in docs/security.md, with the reason why it is kept."""
    rooms = (
        "portal.people.model",
        "portal.grants.bank_model",
        "portal.exports.publish.model",
        "portal.books.model",
        "portal.grants.pooled_model",
    )
    money = {"payee", "payment", "refund", "payment_run", "message", "closing", "ending"}
    elsewhere = {
        "person",
        "keeping_rule",
        "publishing",
        "fund_draw",
        "fund_share",
        "offer_match",
        "organisation",
        "acting_for",
        "invitation",
        "role",
        "top_slice",
        "slice_year",
        "match_offer",
        "match_addition",
        "journal_code",
        "journal_line",
    }
    told = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    tables = {str(mapper.local_table) for mapper in Base.registry.mappers if mapper.class_.__module__ in rooms} | money
    assert {name for name in tables - elsewhere if f"`{name}`" not in told} == set()
