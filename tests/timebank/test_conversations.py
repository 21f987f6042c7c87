"""Two members write to each other, agree on a day, and hear of what changes; no address is ever shown."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.outbox import Message
from portal.people.actions import delete_me
from portal.people.model import Role
from portal.people.queries import all_about
from portal.timebank import conversations, members, posts, promises, queries, today
from portal.timebank.posts_model import Conversation, Relayed, Reported
from portal.web.forms import parse_clock
from tests.client import Inspector
from tests.timebank.bank import Bank, open_bank
from tests.timebank.market import Pages, bodies, promise, propose, put_up, reply, talk, the_post, told, write

SECRETS = ("@example.org", "07700", "+447", "12 Marsh Lane")


@pytest.fixture
def bank(app: Flask) -> Bank:
    return open_bank()


@pytest.fixture
def offer(bank: Bank) -> str:
    return put_up(bank, "Maya")


def soon(days: int = 7) -> datetime:
    return (clock.now() + timedelta(days=days)).replace(hour=10, minute=30, second=0, microsecond=0)


def said(ref: str) -> list[str]:
    return [each.words for each in conversations.thread(talk(ref))]


class TestWriting:
    def test_each_message_is_passed_on_by_the_others_own_way(self, bank: Bank, offer: str) -> None:
        bank.join("Nell", email=None, phone="+447700900123")
        bank.join("Otto", email=None, postal="12 Marsh Lane")
        nell, otto = write(bank, "Nell", offer, "Mine squeaks. " * 60), write(bank, "Otto", offer, "A tandem?")
        assert told("Maya") == ["Nell writes: “I can mend bicycles”", "Otto writes: “I can mend bicycles”"]
        assert "A tandem?" in bodies("Maya")[1] and f"/timebank/conversations/{otto}" in bodies("Maya")[1]
        reply(bank, "Maya", nell, "Bring it on Friday. " * 30)
        reply(bank, "Maya", otto, "Yes, bring it.")
        text = db.session.scalars(sa.select(Message).where(Message.to_name == "Nell")).one()
        assert text.channel == "sms" and "Bring it on Friday." in text.short and len(text.short) <= 306
        assert text.short.endswith(f"/timebank/conversations/{nell}"), "the link stays whole"
        letter = db.session.scalars(sa.select(Message).where(Message.to_name == "Otto")).one()
        assert letter.channel == "letter" and "Yes, bring it." in letter.letter
        assert "call 01375 000000" in letter.letter and otto in letter.letter

    def test_no_message_shows_an_address(self, bank: Bank, offer: str) -> None:
        bank.join("Nell", email=None, phone="+447700900123")
        bank.join("Otto", email=None, postal="12 Marsh Lane")
        for name in ("Nell", "Otto", "Idris"):
            ref = write(bank, name, offer)
            reply(bank, "Maya", ref)
            promises.accept(propose(bank, name, ref, soon()), bank.who("Maya"), shown=0)
        everything = " ".join(" ".join((row.subject, row.body, row.short, row.letter)) for row in db.session.scalars(sa.select(Message)))
        assert not [secret for secret in SECRETS if secret in everything]

    def test_one_conversation_for_a_post_and_two(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer, "First")
        assert write(bank, "Idris", offer, "Second") == ref and said(ref) == ["First", "Second"]

    def test_the_same_form_twice_is_one_message(self, bank: Bank, offer: str) -> None:
        for _time in range(2):
            ref = conversations.answer(offer, bank.cards["Idris"], "Hello", bank.who("Idris"), once_key="one")
            conversations.say(ref, "More", bank.who("Idris"), once_key="two")
        assert said(ref) == ["Hello", "More"]

    def test_what_is_refused(self, bank: Bank, offer: str) -> None:
        with pytest.raises(Refused, match="your own"):
            write(bank, "Maya", offer)
        with pytest.raises(Refused, match="few words"):
            write(bank, "Idris", offer, "")
        with pytest.raises(Refused, match="That is long"):
            write(bank, "Idris", offer, "x" * 1501)
        with pytest.raises(NotYours):
            conversations.answer(offer, bank.cards["Walter"], "Hello", bank.who("Idris"), once_key="x")
        near = put_up(bank, "Maya", reach="area")
        with pytest.raises(Refused, match="only for neighbours in Mossgate"):
            write(bank, "Walter", near)
        ref = write(bank, "Idris", offer)
        with pytest.raises(NotYours):
            reply(bank, "Walter", ref)
        posts.pause(offer, bank.who("Maya"))
        with pytest.raises(Refused, match="not in the list"):
            write(bank, "Walter", offer)
        reply(bank, "Idris", ref, "What is begun goes on.")

    def test_too_much_at_once(self, bank: Bank, offer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conversations, "MOST_AN_HOUR", 3)
        monkeypatch.setattr(conversations, "MOST_BEGUN_A_DAY", 2)
        ref = write(bank, "Idris", offer)
        write(bank, "Idris", put_up(bank, "Maya"))
        with pytest.raises(Refused, match="many neighbours today"):
            write(bank, "Idris", put_up(bank, "Maya"))
        reply(bank, "Idris", ref)
        with pytest.raises(Refused, match="lot of messages"):
            reply(bank, "Idris", ref)
        reply(bank, "Maya", ref)
        with clock.held_at(clock.now() + timedelta(minutes=61)):
            reply(bank, "Idris", ref)
        with clock.held_at(clock.now() + timedelta(hours=25)):
            write(bank, "Idris", put_up(bank, "Maya"))

    def test_an_organisation_answers_a_persons_request(self, bank: Bank) -> None:
        request = put_up(bank, "Maya", "I need my garden dug", "request")
        bank.group("Gardeners", "Idris", "Walter")
        ref = conversations.answer(request, bank.cards["Gardeners"], "We come with spades.", bank.who("Idris"), once_key="x")
        assert told("Maya") == ["Gardeners writes: “I need my garden dug”"]
        reply(bank, "Walter", ref, "I come too.")
        reply(bank, "Maya", ref, "Lovely!")
        assert told("Idris") == told("Walter") == ["Maya writes: “I need my garden dug”"]

    def test_a_coordinator_speaks_for_somebody_without_internet(self, bank: Bank, offer: str) -> None:
        bank.join("Otto", email=None, postal="12 Marsh Lane")
        ref = write(bank, "Idris", put_up(bank, "Otto"), "Hello")
        cass, card = bank.who("Cass"), bank.cards["Otto"]
        with pytest.raises(Refused, match="how you know"):
            conversations.say(ref, "Yes", cass, for_member=card, once_key="a")
        with pytest.raises(NotYours):
            conversations.say(ref, "Yes", cass, once_key="b")
        with pytest.raises(NotYours):
            conversations.say(ref, "Yes", bank.who("Walter"), for_member=card, basis="telephone", once_key="c")
        conversations.say(ref, "Otto says yes", cass, for_member=card, basis="telephone", once_key="d")
        row = db.session.scalars(sa.select(Relayed).where(Relayed.words == "Otto says yes")).one()
        assert (row.from_id, row.by_person_id, row.basis) == (bank.member("Otto").id, cass.id, "telephone")
        own = write(bank, "Cass", offer)
        with pytest.raises(NotYours):
            conversations.say(own, "Yes", cass, for_member=bank.cards["Maya"], basis="telephone", once_key="e")


class TestClosing:
    def test_closing_and_opening_again(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        conversations.close(ref, bank.who("Maya"), block=False)
        for name in ("Idris", "Maya"):
            with pytest.raises(Conflict, match="closed"):
                reply(bank, name, ref)
        with pytest.raises(Refused, match="Only whoever closed"):
            conversations.reopen(ref, bank.who("Idris"))
        conversations.reopen(ref, bank.who("Maya"))
        reply(bank, "Idris", ref)
        with pytest.raises(NotYours):
            conversations.close(ref, bank.who("Walter"), block=True)

    def test_not_hearing_from_whom_closed_it_first(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        conversations.close(ref, bank.who("Maya"), block=False)
        conversations.close(ref, bank.who("Idris"), block=True)
        with pytest.raises(Refused, match="Only whoever closed"):
            conversations.reopen(ref, bank.who("Maya"))
        assert not conversations.reopen(ref, bank.who("Idris")) and talk(ref).status == "closed", "lifted, and still closed by the other"
        assert conversations.reopen(ref, bank.who("Maya")) and talk(ref).status == "open"

    def test_not_hearing_from_somebody_any_more(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        other = put_up(bank, "Idris", "I can teach chess")
        elsewhere = write(bank, "Idris", put_up(bank, "Maya", "I can bake"))
        conversations.close(ref, bank.who("Maya"), block=True)
        for name in ("Idris", "Maya"):
            with pytest.raises(Refused, match="cannot write to each other"):
                reply(bank, name, elsewhere)
        for name, post in (("Idris", put_up(bank, "Maya")), ("Maya", other)):
            with pytest.raises(Refused, match="cannot write to each other"):
                write(bank, name, post)
        write(bank, "Walter", other)
        conversations.reopen(ref, bank.who("Maya"))
        write(bank, "Maya", other)


class TestSomethingWrong:
    def test_a_coordinator_hears_looks_and_answers(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer, "Send me money first.")
        mine = conversations.thread(talk(ref))[0].id
        with pytest.raises(Refused, match="what is wrong"):
            conversations.something_wrong(ref, mine, "", bank.who("Maya"))
        with pytest.raises(NotFound):
            conversations.something_wrong(ref, mine, "I wrote it myself", bank.who("Idris"))
        with pytest.raises(NotYours):
            conversations.something_wrong(ref, mine, "Nosy", bank.who("Walter"))
        for _time in range(2):
            conversations.something_wrong(ref, mine, "He wants money.", bank.who("Maya"))
        assert told("Cass") == ["Somebody says that something is wrong with a message"] and told("Olga") == []
        report = db.session.scalars(sa.select(Reported)).one().id
        for name in ("Idris", "Maya", "Walter"):
            with pytest.raises(NotFound):
                conversations.report_for(report, bank.who(name))
        with pytest.raises(NotYours):
            conversations.settle_report(report, "Fine", bank.who("Walter"), close_it=False)
        with pytest.raises(Refused, match="what came of it"):
            conversations.settle_report(report, "", bank.who("Cass"), close_it=True)
        conversations.settle_report(report, "We have talked to him.", bank.who("Cass"), close_it=True)
        with pytest.raises(Conflict, match="meanwhile"):
            conversations.settle_report(report, "Again", bank.who("Olga"), close_it=True)
        assert talk(ref).status == "closed" and told("Maya")[-1] == "We have looked at the message that you told us about"
        with pytest.raises(Refused, match="Only whoever closed"):
            conversations.reopen(ref, bank.who("Maya"))
        assert conversations.reports(None, None) == []

    def test_nobody_looks_at_their_own(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Cass", offer, "Hello")
        conversations.something_wrong(ref, conversations.thread(talk(ref))[0].id, "Rude.", bank.who("Maya"))
        assert told("Cass") == [] and told("Olga") == ["Somebody says that something is wrong with a message"]
        report = db.session.scalars(sa.select(Reported)).one().id
        with pytest.raises(NotFound):
            conversations.report_for(report, bank.who("Cass"))
        assert conversations.reports(None, bank.who("Cass")) == [] and len(conversations.reports(None, bank.who("Olga"))) == 1
        desks = [today.waiting(None, members.rules(), who=bank.who(name)) for name in ("Cass", "Olga")]
        assert ["reports" in [heap.what for heap in heaps] for heaps in desks] == [False, True]

    def test_with_nobody_else_an_administrator_hears_of_it(self, bank: Bank, offer: str) -> None:
        bank.join("Ada", "riverside", "administrator")
        with transaction():
            db.session.execute(sa.delete(Role).where(Role.name == "officer"))
        ref = write(bank, "Cass", offer, "Hello")
        conversations.something_wrong(ref, conversations.thread(talk(ref))[0].id, "Rude.", bank.who("Maya"))
        assert told("Cass") == told("Olga") == [] and told("Ada") == ["Somebody says that something is wrong with a message"]


class TestTimers:
    def test_no_reply(self, bank: Bank, offer: str) -> None:
        put_up(bank, "Walter", "Bicycle repairs at the station")
        start = clock.now()
        write(bank, "Idris", offer)
        for days, count in ((2, 0), (3, 1), (4, 0), (6, 0), (7, 1), (8, 0), (30, 0)):
            with clock.held_at(start + timedelta(days=days, minutes=1)):
                assert (conversations.remind(), conversations.remind()) == (count, 0), days
        assert told("Maya")[1:] == ["Idris waits for your answer"]
        assert told("Idris") == ["No answer yet: “I can mend bicycles”"]
        assert "Bicycle repairs at the station" in bodies("Idris")[0] and "mend bicycles\n" not in bodies("Idris")[0]

    def test_who_answers_is_left_in_peace(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        write(bank, "Idris", offer, "Are you there?")
        assert talk(ref).answered_at is None, "writing twice is no answer"
        reply(bank, "Maya", ref)
        closed = write(bank, "Walter", offer)
        conversations.close(closed, bank.who("Maya"), block=False)
        with clock.held_at(clock.now() + timedelta(days=10)):
            assert conversations.remind() == 0

    def test_a_worker_that_was_away_for_long_says_it_once(self, bank: Bank, offer: str) -> None:
        write(bank, "Idris", offer)
        with clock.held_at(clock.now() + timedelta(days=10)):
            assert (conversations.remind(), conversations.remind()) == (1, 0)
        assert len(told("Maya")) == 1 and told("Idris") == ["No answer yet: “I can mend bicycles”"]

    def test_nobody_is_reminded_of_what_is_done(self, bank: Bank) -> None:
        request = put_up(bank, "Maya", "I need a lift to town", "request")
        write(bank, "Idris", request)
        posts.end(request, "met", bank.who("Maya"))
        with clock.held_at(clock.now() + timedelta(days=10)):
            assert conversations.remind() == 0


class TestPromises:
    def test_proposing_and_agreeing(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        made = propose(bank, "Idris", ref, soon())
        with pytest.raises(Refused, match="proposed this yourself"):
            promises.accept(made, bank.who("Idris"), shown=0)
        with pytest.raises(NotYours):
            promises.accept(made, bank.who("Walter"), shown=0)
        for _time in range(2):
            promises.accept(made, bank.who("Maya"), shown=0)
        assert promise(made).status == "agreed" and told("Maya")[1].startswith("Does this suit you?")
        assert told("Idris") == [told("Maya")[-1].replace("Idris", "Maya")] and told("Maya")[-1].startswith("Agreed: ")
        assert f"/timebank/promises/{made}.ics" in bodies("Idris")[-1] and "The library" in bodies("Idris")[-1]
        assert [each.kind for each in conversations.thread(talk(ref))] == ["words", "proposed", "agreed"]

    def test_what_is_refused(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        for at, minutes, place, says in (
            (clock.now() - timedelta(minutes=1), 60, "Here", "has passed"), (soon(400), 60, "Here", "more than a year"), (soon(), 0, "Here", "how long"),
            (soon(), 60, "", "where you meet"),
        ):  # fmt: skip
            with pytest.raises(Refused, match=says):
                promises.propose(ref, at, minutes, place, bank.who("Idris"), once_key=uuid.uuid4().hex)
        with pytest.raises(NotYours):
            propose(bank, "Walter", ref, soon())
        propose(bank, "Idris", ref, soon())
        with pytest.raises(Refused, match="what you have now"):
            propose(bank, "Maya", ref, soon())
        conversations.close(ref, bank.who("Maya"), block=False)
        with pytest.raises(Conflict, match="closed"):
            propose(bank, "Idris", ref, soon(8))

    def test_another_day_waits_for_a_yes_and_counts_up(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        made = propose(bank, "Idris", ref, soon())
        assert propose(bank, "Maya", ref, soon(8)) == made
        with pytest.raises(Conflict, match="another day now"):
            promises.accept(made, bank.who("Idris"), shown=0)
        promises.accept(made, bank.who("Idris"), shown=1)
        propose(bank, "Idris", ref, soon(9))
        now = promise(made)
        assert (now.status, now.sequence, now.accepted_by_id) == ("proposed", 2, None)
        promises.accept(made, bank.who("Maya"), shown=2)
        assert promise(made).starts_at == soon(9)
        assert len([subject for subject in told("Idris") if subject.startswith("Agreed")]) == 2, "each agreement in writing"

    def test_calling_it_off_with_kind_words(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        made = propose(bank, "Idris", ref, soon())
        promises.accept(made, bank.who("Maya"), shown=0)
        with pytest.raises(Refused, match="kind words"):
            promises.cancel(made, "", bank.who("Maya"))
        for _time in range(2):
            promises.cancel(made, "My knee hurts, sorry!", bank.who("Maya"))
        assert (promise(made).status, promise(made).sequence) == ("cancelled", 1)
        assert told("Idris")[-1].startswith("Called off") and "My knee hurts" in bodies("Idris")[-1]
        assert propose(bank, "Idris", ref, soon(20)) != made
        with pytest.raises(Conflict, match="not open"):
            promises.accept(made, bank.who("Maya"), shown=1)

    def test_the_day_after_and_a_request_is_met(self, bank: Bank) -> None:
        request = put_up(bank, "Maya", "I need a lift to town", "request")
        ref = write(bank, "Idris", request)
        made = propose(bank, "Idris", ref, soon(2))
        promises.accept(made, bank.who("Maya"), shown=0)
        with pytest.raises(Refused, match="still ahead"):
            promises.tell_how_it_went(made, True, bank.who("Maya"))
        with clock.held_at(soon(2) + timedelta(hours=2)):
            assert promises.ask_after() == 0, "not on the day itself"
        with clock.held_at(soon(3)):
            assert (promises.ask_after(), promises.ask_after()) == (1, 0)
            assert f"/timebank/log/gave/{bank.cards['Maya']}" in bodies("Idris")[-1]
            assert f"/timebank/log/received/{bank.cards['Idris']}" in bodies("Maya")[-1]
            for _time in range(2):
                promises.tell_how_it_went(made, True, bank.who("Idris"))
            assert promise(made).status == "kept" and the_post(request).status == "met" and the_post(request).met_at == clock.now()
            assert promises.tell_how_it_went(made, False, bank.who("Maya")).status == "kept", "what one said stands"

    def test_it_did_not_happen(self, bank: Bank) -> None:
        request = put_up(bank, "Maya", "I need a lift to town", "request")
        made = propose(bank, "Idris", write(bank, "Idris", request), soon(2))
        with clock.held_at(soon(3)):
            with pytest.raises(Conflict, match="not agreed"):
                promises.tell_how_it_went(made, True, bank.who("Maya"))
            with pytest.raises(Refused, match="has passed"):
                promises.accept(made, bank.who("Maya"), shown=0)
        promises.accept(made, bank.who("Maya"), shown=0)
        with clock.held_at(soon(3)):
            promises.tell_how_it_went(made, False, bank.who("Maya"))
        assert promise(made).status == "missed" and the_post(request).status == "open"

    @pytest.mark.parametrize(
        ("kind", "giver", "kept"), [("request", "Idris", 1), ("request", "Maya", 0), ("offer", "Maya", 1), ("offer", "Idris", 0)]
    )
    def test_hours_that_were_written_down_keep_it(self, bank: Bank, kind: str, giver: str, kept: int) -> None:
        ref = put_up(bank, "Maya", "Gardening on Saturday", kind)
        made = propose(bank, "Idris", write(bank, "Idris", ref), soon(2))
        promises.accept(made, bank.who("Maya"), shown=0)
        other = "Maya" if giver == "Idris" else "Idris"
        bank.settled(giver, other, day=clock.today() - timedelta(days=3))
        day = clock.london_day(soon(2))
        with clock.held_at(soon(3)):
            assert promises.keep_logged() == 0, "hours from before the day are others"
            bank.settled(giver, other, day=day)
            assert (promises.keep_logged(), promises.keep_logged()) == (kept, 0)
            assert promises.ask_after() == 1 - kept, "who wrote the hours down is not asked for them"
        assert the_post(ref).status == ("met" if kept and kind == "request" else "open")


class TestTimes:
    @pytest.mark.parametrize(
        ("typed", "time"),
        [("10", "10:00"), ("10:30", "10:30"), ("9.05", "09:05"), ("2 pm", "14:00"), ("12am", "00:00"), ("12 p.m.", "12:00"), ("noon", "12:00"), ("1430", "14:30"), ("12 noon", "12:00"), ("half past ten", "10:30"), ("half past two", "14:30"), ("quarter to three", "14:45"), ("ten o’clock", "10:00"), ("midnight", "00:00")],
    )  # fmt: skip
    def test_times_as_people_write_them(self, typed: str, time: str) -> None:
        assert f"{parse_clock(typed):%H:%M}" == time

    @pytest.mark.parametrize("typed", ["", "tea", "25", "10:60", "13 pm", "0 am", "²", "10:3", "half past 10:30", "half to ten"])
    def test_what_is_no_time(self, typed: str) -> None:
        with pytest.raises(ValueError, match="10:30"):
            parse_clock(typed)


def refused(statement: str) -> str:
    with pytest.raises(DBAPIError) as caught, db.engine.begin() as connection:
        done = connection.execute(sa.text(statement))
        assert done.rowcount != 0, "the statement met no row: this test proves nothing"
    return str(caught.value.orig)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE relayed SET words = 'I never said that'", "only ever appended"),
        ("UPDATE relayed SET by_person_id = 1", "only ever appended"),
        ("UPDATE relayed SET words = '', at = '2020-01-01 00:00:00'", "only ever appended"),
        ("DELETE FROM relayed", "only ever appended"),
        ("UPDATE conversation SET owner_id = other_id", "conversation"),
        ("UPDATE conversation SET status = 'lost'", "ck_conversation_status"),
        ("UPDATE conversation SET blocked_by_id = 1", "ck_conversation_blocked_by"),
        ("UPDATE promise SET proposed_by_id = 1", "ck_promise"),
        ("UPDATE promise SET accepted_by_id = proposed_by_id", "ck_promise_both"),
        ("UPDATE promise SET status = 'agreed', accepted_by_id = NULL", "ck_promise_agreed"),
        ("UPDATE promise SET other_id = 1", ""),
        ("UPDATE promise SET status = 'lost'", "ck_promise"),
        ("DELETE FROM promise", ""),
        ("INSERT INTO relayed (conversation_id, owner_id, other_id, from_id, by_person_id, kind, words, at) SELECT id, owner_id, other_id, 1, 1, 'words', 'x', opened_at FROM conversation", "ck_relayed_of_the_two"),
        ("INSERT INTO relayed (conversation_id, owner_id, other_id, from_id, by_person_id, kind, words, at) SELECT id, owner_id, 1, 1, 1, 'words', 'x', opened_at FROM conversation", ""),
        ("INSERT INTO promise (ref, conversation_id, owner_id, other_id, status, starts_at, minutes, place, proposed_by_id, sequence, changed_at) SELECT 'PRM-2', id, owner_id, other_id, 'proposed', opened_at, 60, 'x', owner_id, 0, opened_at FROM conversation", "promise"),
    ],
)  # fmt: skip
def test_what_the_database_refuses(bank: Bank, offer: str, change: str, says: str) -> None:
    propose(bank, "Idris", write(bank, "Idris", offer), soon())
    db.session.rollback()
    assert says in refused(change)


def test_the_words_of_who_left_may_go(bank: Bank, offer: str) -> None:
    write(bank, "Idris", offer)
    with transaction():
        db.session.execute(sa.text("UPDATE relayed SET words = ''"))


class TestLeaving:
    def test_words_go_and_the_other_side_hears_that_it_is_off(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer, "My secret recipe")
        reply(bank, "Maya", ref, "I keep it to myself")
        made = propose(bank, "Idris", ref, soon(), "My kitchen")
        promises.accept(made, bank.who("Maya"), shown=0)
        conversations.something_wrong(ref, conversations.thread(talk(ref))[1].id, "My complaint", bank.who("Idris"))
        ours = all_about(bank.who("Idris").id)["conversations"]
        assert [each["words"] for each in ours[0]["said"]][:2] == ["My secret recipe", "I keep it to myself"]
        assert ours[0]["days"][0]["where"] == "My kitchen" and ours[0]["what you told us about a message"][0]["words"] == "My complaint"
        delete_me(bank.who("Idris").id, bank.actor("Idris"))
        assert talk(ref).status == "closed" and promise(made).status == "cancelled" and promise(made).place == ""
        assert "secret" not in str(said(ref)) and "I keep it to myself" in said(ref)
        assert told("Maya")[-1].startswith("Called off") and "secret" not in " ".join(bodies("Maya"))
        assert db.session.scalars(sa.select(Reported.words)).all() == [""]


# --- pages ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(app: Flask, bank: Bank) -> Callable[[str], Inspector]:
    return lambda name: Pages(app, budget=8).sign_in(bank.who(name).id)


class TestPages:
    def test_from_hello_to_hours(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        request = put_up(bank, "Maya", "I need a lift to town", "request")
        ref = write(bank, "Idris", request, "I can drive you.")
        path = f"/timebank/conversations/{ref}"
        maya, idris = browser("Maya"), browser("Idris")
        assert "Waits for you" in maya.get("/timebank/conversations").text and "No answer yet" in idris.get("/timebank/conversations").text
        maya.get(path).submit("Send", 422)
        assert "Write a few words" in maya.text
        maya.submit("Send", words="How kind! Thursday?").follow()
        idris.get(f"{path}/day").submit("Propose it", 422, at="25 o’clock", place="")
        for words in ("Say on which day", "Write the time of day like", "Say where you meet"):
            assert words in idris.text
        day = soon(5).date()
        idris.submit(
            "Propose it", 422, day_day=str(day.day), day_month=str(day.month), day_year=str(day.year - 1), at="2 pm", place="Outside yours"
        )
        assert "has passed" in idris.text and "Outside yours" in idris.text
        idris.submit("Propose it", day_year=str(day.year)).follow()
        assert "You proposed a day" in idris.text and "2:00 pm" in idris.text
        maya.get(path).submit("Yes, that suits me").follow()
        assert "Agreed" in maya.text and "Outside yours" in maya.get("/timebank/conversations").text
        ics = next(link for link in maya.get(path).links() if link.endswith(".ics"))
        file = maya.client.get(ics)
        assert file.mimetype == "text/calendar" and b"STATUS:CONFIRMED" in file.data and b"DTSTART:" in file.data
        browser("Walter").get(ics, status=404)
        maya.get(f"{path}/day")
        assert 'value="14:00"' in maya.text and "Outside yours" in maya.text
        with clock.held_at(soon(6)):
            idris.get(path).submit("It happened").follow()
            assert f"/timebank/log/gave/{bank.cards['Maya']}" in idris.text
            assert f"/timebank/log/received/{bank.cards['Idris']}" in maya.get(path).text

    def test_about_how_long_is_in_quarters_of_an_hour(self, bank: Bank, offer: str) -> None:
        ref = write(bank, "Idris", offer)
        with pytest.raises(Refused, match="quarters of an hour"):
            promises.propose(ref, soon(), 7, "The library", bank.who("Maya"), once_key="seven")

    def test_a_number_is_passed_on_knowingly(self, bank: Bank, offer: str, browser: Callable[[str], Inspector]) -> None:
        idris = browser("Idris").get(f"/timebank/posts/{offer}/answer")
        idris.submit("Send", 422, words="Ring me on 07700 900123, please")
        assert (
            "You are about to pass on a telephone number. Is that what you want?" in idris.text
            and "Ring me on 07700 900123, please" in idris.text
        )
        idris.submit("Yes, pass it on").follow()
        idris.submit("Send", 422, words="Or rosa (at) mail dot com")
        assert "an e-mail address" in idris.text
        idris.submit("Send", words="Or come by").follow()
        idris.submit("Send", words="At half past ten").follow()
        assert "07700 900123" in idris.text and "Yes, pass it on" not in idris.text

    def test_calling_off_and_closing(self, bank: Bank, offer: str, browser: Callable[[str], Inspector]) -> None:
        ref = write(bank, "Idris", offer)
        made = propose(bank, "Idris", ref, soon())
        path = f"/timebank/conversations/{ref}"
        maya = browser("Maya").get(f"/timebank/promises/{made}/off")
        maya.submit("Call it off", 422)
        maya.submit("Call it off", words="I am away, sorry!").follow()
        assert "I am away, sorry!" in maya.text and "Propose a day" in maya.text
        assert b"METHOD:CANCEL" in maya.client.get(f"/timebank/promises/{made}.ics").data
        maya.submit("Close it").follow()
        assert "This conversation is closed" in maya.text
        idris = browser("Idris").get(path)
        assert "Open it again" not in idris.text
        idris.submit("I do not want to hear from them any more").follow()
        assert "I do not want to hear from them" not in idris.text
        idris.submit("They may write to me again").follow()
        assert "only they can open it" in idris.text
        maya.submit("Open it again").follow()
        maya.submit("Close it", block="y").follow()

    def test_something_wrong(self, bank: Bank, offer: str, browser: Callable[[str], Inspector]) -> None:
        ref = write(bank, "Idris", offer, "Send me money first.")
        maya = browser("Maya").get(f"/timebank/conversations/{ref}")
        link = next(each for each in maya.links() if "/wrong/" in each)
        maya.get(link).submit("Tell a coordinator", 422)
        maya.submit("Tell a coordinator", words="He wants money.").follow()
        for name in ("Idris", "Walter"):
            browser(name).get(link, status=404)
        cass = browser("Cass").get("/timebank/desk/reports")
        page = next(each for each in cass.links() if re.search(r"/reports/\d+$", each))
        cass.get(page).submit("Settle it", 422)
        assert "Send me money first." in cass.text and "This one" in cass.text
        cass.submit("Settle it", outcome="We talked to him.", close_it="y").follow()
        assert "Nothing waits" in cass.text and "Settled on" in cass.get(page).text
        browser("Maya").get(page, status=404)

    def test_somebody_calls_with_a_letter_in_the_hand(self, bank: Bank, browser: Callable[[str], Inspector]) -> None:
        bank.join("Otto", email=None, postal="12 Marsh Lane")
        ref = write(bank, "Idris", put_up(bank, "Otto", "I can tell stories"), "Between us two.")
        made = propose(bank, "Idris", ref, soon())
        cass = browser("Cass").get("/timebank/desk/say")
        cass.submit("Continue", 422, number="CNV-2222-2222")
        cass.submit("Continue", number=ref.lower().replace("-", " ")).follow()
        assert "Idris proposes" in cass.text and "Between us two." not in cass.text
        cass.submit("Pass it on", 422, side=bank.cards["Otto"], basis="telephone")
        assert "Write their words, or tick" in cass.text
        cass.submit("Pass it on", yes="y", words="I bring biscuits.")
        assert promise(made).status == "agreed" and said(ref)[-1] == "I bring biscuits."
        browser("Walter").get(f"/timebank/desk/say/{ref}", status=404)
        own = write(bank, "Cass", put_up(bank, "Maya"))
        cass.get(f"/timebank/desk/say/{own}", status=404)

    def test_strangers_see_nothing(self, bank: Bank, offer: str, browser: Callable[[str], Inspector]) -> None:
        ref = write(bank, "Idris", offer)
        made = propose(bank, "Idris", ref, soon())
        for name in ("Walter", "Cass"):
            for path in (f"conversations/{ref}", f"conversations/{ref}/day", f"promises/{made}/off", f"promises/{made}.ics"):
                browser(name).get(f"/timebank/{path}", status=404)

    def test_pages_of_many(self, bank: Bank, browser: Callable[[str], Inspector], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posts, "MOST_OPEN", 99)
        start = clock.now() - timedelta(days=40)
        for number in range(22):
            with clock.held_at(start + timedelta(days=number)):
                name = f"Person{number:02}"
                bank.join(name)
                write(bank, name, put_up(bank, "Maya", f"I can mend bicycles {number}"))
        maya = browser("Maya").get("/timebank/conversations")
        older = next(link for link in maya.links() if "before=" in link)
        assert "Person21" in maya.text and "Person01" not in maya.text
        maya.get(older)
        assert "Person01" in maya.text and "Person00" in maya.text and "Person02" not in maya.text


def test_members_who_take_a_break_are_not_written_to(bank: Bank, offer: str) -> None:
    members.set_member(bank.cards["Idris"], area_id=bank.areas["mossgate"], seen_outside=False, paused=True, actor=bank.actor("Idris"))
    with pytest.raises(Refused, match="You are taking a break"):
        write(bank, "Idris", offer)
    request = put_up(bank, "Maya", "I need a lift to town", "request")
    with pytest.raises(Refused, match="Idris is taking a break"):
        conversations.invite(request, bank.cards["Idris"], "Could you?", bank.who("Maya"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Conversation)) == 0


def test_the_home_page_says_who_waits_for_a_word(bank: Bank, offer: str, app: Flask) -> None:
    """Until it is answered; a day that somebody proposed waits too. Not for whoever wrote."""

    def at_home(name: str) -> int:
        db.session.rollback()
        return queries.at_home(bank.who(name)).talks

    ref = write(bank, "Walter", offer)
    assert (at_home("Maya"), at_home("Walter"), at_home("Idris")) == (1, 0, 0)
    assert "One neighbour wrote to you and waits" in Pages(app, budget=8).sign_in(bank.who("Maya").id).get("/").text
    reply(bank, "Maya", ref)
    assert (at_home("Maya"), at_home("Walter")) == (0, 0)
    day = propose(bank, "Maya", ref, soon())
    assert (at_home("Maya"), at_home("Walter")) == (0, 1)
    promises.accept(day, bank.who("Walter"), shown=0)
    assert at_home("Walter") == 0
