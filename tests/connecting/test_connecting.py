"""Who links whom and who might lead: only of people who said yes, deletable, resting, forgotten; and what the database refuses."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.connecting import actions, began, picture, queries, rules, signs
from portal.connecting.model import EntryLook, Introduction, LeadAsk, Openness
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.events.model import Gathering, Guest
from portal.gifts import posts as gifts
from portal.history import Actor, events_of
from portal.outbox import Message
from portal.people import actions as people
from portal.people.queries import all_about
from tests.connecting.village import asked, introduced, notes, village
from tests.timebank.bank import open_bank


def test_off_until_somebody_says_yes_and_gone_at_once(app: Flask) -> None:
    street = village()
    maya, cass = street.who("Maya"), street.who("Cass")
    with pytest.raises(NotFound):
        introduced(street, "Maya", "Idris")
    with pytest.raises(Refused) as why:
        actions.say_yes(maya, grown=False)
    assert why.value.field == "grown"
    for name in ("Maya", "Idris", "Maya"):  # again changes nothing
        actions.say_yes(street.who(name), grown=True)
    ref = introduced(street, "Idris", "Maya")
    asked(street, "Maya")
    actions.look([maya.ref], cass)
    actions.look([maya.ref], cass)
    told = all_about(maya.id)["introductions and being asked to lead"]
    assert told["introductions of you"][0]["to"] == "Idris" and told["you were asked"][0]["by"] == "Cass"
    assert [each["who"] for each in told["who looked"]] == ["Cass"]
    hers = all_about(cass.id)["introductions and being asked to lead"]
    assert hers["introductions that you noted"][0]["about"] == "bees" and hers["you looked at an entry"] == [clock.today().isoformat()]
    actions.stop(maya)
    actions.stop(maya)
    assert notes() == (0, 0) and db.session.scalars(select(EntryLook)).all() == []
    assert [each.kind for each in events_of(actions.about(maya.id))] == ["on", "off"] and not any(
        each.data for each in events_of(actions.about(maya.id))
    )
    with pytest.raises(NotFound):
        actions.came_of_it(ref, "met", "", cass)
    with pytest.raises(NotFound):
        actions.never_ask(maya, True)


def test_somebody_without_e_mail_says_it_to_a_coordinator(app: Flask) -> None:
    street = village("Idris")
    cass = street.who("Cass")
    with transaction():
        elsie = people.create_person("Elsie Moor", area_id=street.areas["mossgate"], postal_address="1 Low Lane")
    ref = elsie.ref
    for whose, basis, grown, field in (
        (street.who("Maya").ref, "telephone", True, "number"),
        (ref, "telephone", False, "grown"),
        (ref, None, True, "basis"),
        (ref, "dream", True, "basis"),
    ):
        with pytest.raises(Refused) as why:
            actions.say_yes_for(whose, cass, basis, grown=grown)
        assert why.value.field == field
    for who, whose in ((street.who("Rhea"), ref), (cass, "PER-2345-6789"), (cass, cass.ref)):
        with pytest.raises(NotFound):
            actions.say_yes_for(whose, who, "telephone", grown=True)
    for _tap in range(2):
        actions.say_yes_for(ref, cass, "in person", grown=True)
    (letter,) = db.session.scalars(select(Message).where(Message.person_id == elsie.id)).all()
    assert letter.channel == "letter" and "To stop" in letter.body
    actions.introduce(ref, street.who("Idris").ref, "bees", clock.today(), cass, once_key="a")
    with pytest.raises(NotFound):
        actions.stop_for(ref, street.who("Rhea"), "telephone")
    with pytest.raises(Refused):
        actions.stop_for(ref, cass, "")
    actions.stop_for(ref, cass, "telephone")
    assert notes() == (0, 0) and db.session.scalars(select(Message).where(Message.person_id == elsie.id)).all() == []
    assert [(each.kind, each.basis) for each in events_of(actions.about(elsie.id))] == [("on", "in person"), ("off", "telephone")]


def test_each_of_the_two_deletes_a_line_and_who_wrote_it(app: Flask) -> None:
    street = village("Maya", "Idris")
    for name in ("Maya", "Idris", "Cass"):
        ref = introduced(street, "Maya", "Idris")
        with pytest.raises(NotFound):
            actions.forget_introduction(ref, street.who("Walter"))
        assert notes()[0] == 1
        actions.forget_introduction(ref, street.who(name))
        assert notes()[0] == 0
    for name in ("Maya", "Cass"):
        ref = asked(street, "Maya")
        with pytest.raises(NotFound):
            actions.forget_ask(ref, street.who("Idris"))
        assert notes()[1] == 1
        actions.forget_ask(ref, street.who(name))
        assert notes()[1] == 0


def test_what_a_note_refuses(app: Flask) -> None:
    street = village("Maya", "Idris", "Walter", "Cass")
    today = clock.today()
    ref = introduced(street, "Maya", "Idris")
    for one, other, words, day, field in (
        ("Maya", "Maya", "bees", today, "two"), ("Maya", "Walter", "", today, "words"), ("Maya", "Walter", "ring 07700 900123", today, "words"),
        ("Maya", "Walter", "bees", today + timedelta(days=1), "day"), ("Maya", "Walter", "bees", date(2020, 1, 1), "day"), ("Idris", "Maya", "bees", today, "two"),
    ):  # fmt: skip
        with pytest.raises(Refused) as why:
            introduced(street, one, other, words, day)
        assert why.value.field == field, (words, day)
    with pytest.raises(NotFound):
        introduced(street, "Cass", "Maya")  # not oneself
    for outcome, led_to, field in (("", "", "outcome"), ("began", "GFT-2345-6789", "led_to"), ("began", "lemonade", "led_to")):
        with pytest.raises(Refused) as why:
            actions.came_of_it(ref, outcome, led_to, street.who("Cass"))
        assert why.value.field == field
    held, theirs = street.put_up("Walter"), street.put_up("Walter", title="A blue kettle")
    gifts.pause(held, street.who("Walter"))
    for nothing_of_theirs in (held, "EXC-2345-6789", "EVT-2345-6789", "SES-2345-6789", "IDE-2345-6789"):
        with pytest.raises(Refused, match="We cannot find that"):
            actions.came_of_it(ref, "began", nothing_of_theirs, street.who("Cass"))
    actions.came_of_it(ref, "began", theirs, street.who("Cass"))  # everybody may read it
    gift = street.put_up("Maya")
    actions.came_of_it(ref, "began", gift.lower().replace("-", " "), street.who("Cass"))
    assert queries.introductions(None)[0].led_to == gift
    actions.came_of_it(ref, "met", gift, street.who("Cass"))
    assert queries.introductions(None)[0].led_to == "" and not queries.introductions(None, began=True)


def test_sent_twice_it_is_noted_once(app: Flask) -> None:
    street = village("Maya", "Idris")
    made = {
        actions.introduce(street.who("Maya").ref, street.who("Idris").ref, "bees", clock.today(), street.who("Cass"), once_key="a")
        for _tap in range(2)
    }
    for _tap in range(2):
        actions.ask(street.who("Maya").ref, "the lunch", street.who("Cass"), once_key="b")
    assert len(made) == 1 and notes() == (1, 1)


def test_a_coordinator_of_another_area_finds_nobody(app: Flask) -> None:
    street = village("Maya", "Idris", "Walter")
    ref = introduced(street, "Maya", "Idris")
    question, rhea, walter = asked(street, "Maya"), street.who("Rhea"), street.who("Walter")
    maya = street.who("Maya")
    for act in (
        lambda: queries.entry(maya.ref, rhea), lambda: actions.look([maya.ref], rhea), lambda: actions.ask(maya.ref, "x", rhea, once_key="x"),
        lambda: actions.answered(maya.ref, question, "yes", rhea), lambda: actions.came_of_it(ref, "met", "", rhea), lambda: introduced(street, "Maya", "Walter", by="Cora"),
        lambda: queries.entry(maya.ref, walter), lambda: queries.entry("PER-2345-6789", rhea), lambda: queries.introduction(ref, maya),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    here = frozenset({street.areas["riverside"]})
    assert [each.person_id for each in queries.people(here, rhea)] == [walter.id] and queries.introductions(here) == []
    introduced(street, "Maya", "Walter")  # by who helps everywhere: each of the two areas sees it
    assert len(queries.introductions(here)) == 1 and len(queries.introductions(None)) == 2


def test_nobody_is_asked_twice_and_not_now_rests(app: Flask) -> None:
    street = village("Maya")
    maya, cass = street.who("Maya"), street.who("Cass")

    def askable() -> bool:
        db.session.rollback()
        return bool(queries.people(None, cass, askable=True))

    assert askable()
    ref = asked(street, "Maya")
    with pytest.raises(Refused, match="asked already"):
        asked(street, "Maya")
    with pytest.raises(Refused):
        actions.answered(maya.ref, ref, "maybe", cass)
    actions.answered(maya.ref, ref, "not_now", cass)
    actions.answered(maya.ref, ref, "not_now", cass)
    with pytest.raises(Conflict):
        actions.answer_mine(ref, "yes", maya)
    with pytest.raises(NotFound):
        actions.answer_mine("ASK-2345-6789", "yes", maya)
    assert not askable()
    with pytest.raises(Refused, match="six months"):
        asked(street, "Maya")
    with clock.held_at(clock.now() + timedelta(days=186)):
        assert askable()
        again = asked(street, "Maya")
        actions.answer_mine(again, "never", maya)
        assert not askable()
        with pytest.raises(Refused, match="do not want"):
            asked(street, "Maya")
        actions.never_ask(maya, False)
        assert askable()
        asked(street, "Maya")
        actions.never_ask(maya, True)
        assert queries.asks_of(maya.id)[0].answer == "never" and queries.last_asks([maya.id])[maya.id].answer == "never"


def test_the_rest_after_an_answer_outlives_its_line(app: Flask) -> None:
    street = village("Maya")
    maya, cass = street.who("Maya"), street.who("Cass")
    ref = asked(street, "Maya")
    actions.answered(maya.ref, ref, "not_now", cass)
    with pytest.raises(NotFound, match="not yours"):
        actions.forget_ask(ref, cass)
    assert notes() == (0, 1)
    actions.forget_ask(ref, maya)
    assert notes() == (0, 0) and not queries.people(None, cass, askable=True)
    with pytest.raises(Refused, match="six months"):
        asked(street, "Maya")
    with clock.held_at(clock.now() + timedelta(days=186)):
        assert queries.people(None, cass, askable=True)
        asked(street, "Maya")


def test_who_looks_at_introductions_is_seen_by_both(app: Flask) -> None:
    street = village("Maya", "Idris", "Walter")
    ref = introduced(street, "Maya", "Walter")
    maya, walter, cora = street.who("Maya"), street.who("Walter"), street.who("Cora")
    with pytest.raises(NotFound):
        actions.look_at_introductions([introduced(street, "Maya", "Idris")], street.who("Rhea"))
    with pytest.raises(NotFound):
        actions.look_at_introductions([ref, "INT-2345-6789"], cora)
    actions.look_at_introductions([ref], cora)
    assert [[each.by.name for each in queries.looks_of(whose.id)] for whose in (maya, walter)] == [["Cora"], ["Cora"]]
    actions.look([maya.ref], street.who("Cass"), introduced=True)
    assert {each.by.name for each in queries.looks_of(street.who("Idris").id)} == {"Cass"}


def test_after_two_years_it_is_forgotten(app: Flask) -> None:
    street = village("Maya", "Idris")
    introduced(street, "Maya", "Idris")
    actions.answer_mine(asked(street, "Maya"), "never", street.who("Maya"))
    actions.look([street.who("Maya").ref], street.who("Cass"))
    assert actions.forget_old() == 0
    with clock.held_at(clock.now() + timedelta(days=732)):
        assert actions.forget_old() == 3 and actions.forget_old() == 0
        assert actions.why_not_ask(queries.people(None, street.who("Cass"))[1]) is not None, "who never wants to be asked stays so"


def test_leaving_takes_it_all_along(app: Flask) -> None:
    street = village("Maya", "Idris", "Cora")
    introduced(street, "Maya", "Idris", by="Cora")
    actions.look([street.who("Maya").ref], street.who("Cora"))
    people.delete_me(street.who("Cora").id, Actor(street.who("Cora").id))
    assert notes()[0] == 1 and db.session.scalars(select(EntryLook)).all() == [], "what she noted is theirs to keep"
    people.delete_me(street.who("Maya").id, Actor(street.who("Maya").id))
    assert (
        notes()[0] == 0 and queries.openness_of(street.who("Maya").id) is None and queries.openness_of(street.who("Idris").id) is not None
    )


def test_signs_in_words(app: Flask) -> None:
    street = village("Maya", "Idris")
    maya, idris = street.who("Maya"), street.who("Idris")
    assert signs.of([]) == {} and signs.of([maya.id]) == {maya.id: []}
    street.handed("Maya", "Idris")
    actions.came_of_it(introduced(street, "Maya", "Idris"), "began", "", street.who("Cass"))
    with transaction():
        for number in range(3):
            event = Gathering(
                ref=f"EVT-2222-222{number}", kind="hub", title="Soup on Tuesday", area_id=street.areas["mossgate"], place="The hub", day=clock.today() - timedelta(days=7 + number),
                starts=time(10), ends=time(12), organiser_id=maya.id, entered_by=f"person:{maya.id}", code=f"00000{number}", made_at=clock.now(), changed_at=clock.now(),
                status="open", decided_at=clock.now(), decided_by="scheme",
            )  # fmt: skip
            db.session.add(event)
            db.session.flush()
            db.session.add(
                Guest(
                    ref=f"GST-2222-222{number}", gathering_id=event.id, person_id=idris.id, state="going", asked_at=clock.now(), entered_by="scheme",
                    here_at=clock.now(), here_party=1, how="organiser",
                )
            )  # fmt: skip
    found = {id_: [each.words for each in some] for id_, some in signs.of([maya.id, idris.id]).items()}
    assert "Kept a promise on the gift boards" in found[maya.id] and sum("Soup on Tuesday" in each for each in found[maya.id]) in (1, 2)
    assert any("Came to several events" in each for each in found[idris.id]) and any("Something began" in each for each in found[idris.id])
    with clock.held_at(clock.now() + timedelta(days=800)):
        assert signs.of([maya.id, idris.id]) == {maya.id: [], idris.id: []}


def test_the_picture(app: Flask) -> None:
    street = village("Maya", "Idris", "Walter")
    introduced(street, "Maya", "Idris")
    actions.came_of_it(introduced(street, "Maya", "Walter"), "began", "", street.who("Cass"))
    made = picture.drawn(queries.introductions(None))
    assert [name for name, _y in made.names] == ["Idris", "Maya", "Walter"] and made.height == 84
    assert sorted((arc.dashes, arc.stroke) for arc in made.arcs) == [("", 4.0), ("2 5", 1.5)]


def test_six_months_and_two_years(app: Flask) -> None:
    assert clock.months_on(date(2026, 8, 31), 6) == date(2027, 2, 28) and rules.kept_since(date(2028, 2, 29)) == date(2026, 2, 28)
    assert rules.rests_until("never", date(2026, 1, 1)) is None and rules.rests_until("yes", date(2026, 1, 1)) == date(2026, 7, 1)


def test_the_database_refuses(app: Flask) -> None:
    street = village("Maya", "Idris")
    ids = sorted((street.who("Maya").id, street.who("Idris").id))
    other, cass, now = street.who("Walter").id, street.who("Cass").id, clock.now()
    good = {
        "ref": "INT-2222-2222",
        "one_id": ids[0],
        "two_id": ids[1],
        "by_id": cass,
        "day": clock.today(),
        "words": "bees",
        "outcome": "nothing",
        "led_to": "",
        "noted_at": now,
    }
    ask = {"ref": "ASK-2222-2222", "person_id": ids[0], "by_id": cass, "words": "lunch", "asked_on": clock.today(), "answer": ""}
    with transaction():
        db.session.execute(insert(Introduction).values(good))
        db.session.execute(insert(LeadAsk).values(ask))
    for table, values in (
        (Introduction, good | {"ref": "INT-3", "two_id": other, "one_id": ids[0]}),  # who has not said yes
        (Introduction, good | {"ref": "INT-3", "one_id": ids[1], "two_id": ids[0]}),
        (Introduction, good | {"ref": "INT-3"}),  # the same pair on the same day
        (Introduction, good | {"ref": "INT-3", "day": date(2026, 1, 1), "by_id": ids[0]}),
        (Introduction, good | {"ref": "INT-3", "day": date(2026, 1, 1), "outcome": "wedding"}),
        (Introduction, good | {"ref": "INT-3", "day": date(2026, 1, 1), "led_to": "GFT-2345-6789"}),
        (Introduction, good | {"ref": "INT-3", "day": date(2026, 1, 1), "words": ""}),
        (LeadAsk, ask | {"ref": "ASK-3"}),  # asked already
        (LeadAsk, ask | {"ref": "ASK-3", "person_id": other}),
        (LeadAsk, ask | {"ref": "ASK-3", "person_id": ids[1], "by_id": ids[1]}),
        (LeadAsk, ask | {"ref": "ASK-3", "person_id": ids[1], "answer": "never"}),
        (Openness, {"person_id": other, "since": now, "basis": "a dream"}),
        (EntryLook, {"person_id": other, "by_id": cass, "day": clock.today()}),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(insert(table).values(values))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(delete(Openness).where(Openness.person_id == ids[0]))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(update(LeadAsk).values(answer="yes"))


def test_an_exchange_of_others_is_nothing_that_began(app: Flask) -> None:
    bank = open_bank()
    ref = bank.log("Idris", "gave", "Walter", 60)
    reads, cass = began.ROOMS["EXC"].read, bank.who("Cass")
    assert reads(ref, cass, [bank.who("Maya"), bank.who("Walter")])
    assert not reads(ref, cass, [bank.who("Maya")]) and not reads("EXC-2345-6789", cass, [bank.who("Walter")])
    assert began.page_of(ref) == f"/timebank/exchanges/{ref}" and began.page_of(ref, desk=True) == f"/timebank/desk/exchanges/{ref}"
    assert began.page_of("") == "" and began.page_of("IDE-2345-6789", desk=True) == "/ideas/IDE-2345-6789"
    assert not reads(ref, replace(cass, roles=frozenset()), [bank.who("Walter")])
