"""Neighbours' hours: promised by a link, given once, checked by a second person, counted once, and right in the books."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.grants import apply, award, match, queries, timeline, worked
from portal.grants.model import Application, Pledge
from portal.grants.moves import TABLES
from portal.grants.rules import PledgeFact, RoundRules, meter
from portal.history import Actor, events_of
from portal.ledger import queries as books
from portal.ledger.model import Entry
from portal.ledger.periods import close_period
from portal.money import Minutes
from portal.outbox import messages_about
from portal.people.actions import create_person, delete_me
from portal.people.model import ActingFor, Organisation, Person
from tests.client import WRITES, Inspector, _seen
from tests.grants.season import Season, assert_books_are_right, begin

NOTHING = Minutes(0)
ANN = ("email", "ann@example.org")


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()
    assert_books_are_right()


@pytest.fixture
def ref(season: Season) -> str:
    return season.sent()


def asked(season: Season, ref: str, name: str, contact: tuple[str, str] | None = None) -> Pledge:
    found = match.invite(ref, name, contact, season.actor("Rita"))
    db.session.rollback()
    return db.session.scalars(select(Pledge).where(Pledge.ref == found)).one()


def yes(pledge: Pledge, hours: float) -> str:
    token = match.token_of(pledge)
    match.say_yes(token, "hours", Minutes(int(hours * 60)), NOTHING, 0, "digging")
    return token


def live(season: Season, ref: str) -> None:
    """Decided, offered, accepted; the first day has come."""
    made = season.offered(ref)
    award.accept(made.ref, season.actor("Rita"))


class TestTheLink:
    def test_opening_it_changes_nothing_and_no_account_is_needed(self, app: Flask, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann")
        address = "/m/" + match.token_of(pledge)
        for _scanner in range(2):
            Inspector(app).get(address)
            assert not [each for each in map(WRITES.match, _seen) if each]
        ann = Inspector(app).get(address).submit("I’m in", form=f"{address}/yes", minutes="7").follow()
        assert "You are in" in ann.text
        ann.submit("Change what I promise", form=f"{address}/yes", minutes="2 h 30 min").follow()
        assert queries.meter_of(season.bid(ref)).counted_minutes == 150
        ann.submit("Not this time").follow()
        assert queries.meter_of(season.bid(ref)).counted_minutes == 0
        ann.submit("I’m in", form=f"{address}/yes", status=422, minutes="soon")
        assert 'value="soon"' in ann.text

    def test_another_ones_link_or_a_made_up_one_opens_nothing(self, app: Flask, season: Season, ref: str) -> None:
        token = match.token_of(asked(season, ref, "Ann"))
        for wrong in (
            token[:-1] + ("0" if token[-1] != "0" else "1"),
            token.rsplit("-", 1)[0] + "-",
            "PLG-2222-2222-" + token.rsplit("-", 1)[1],
        ):
            Inspector(app).get(f"/m/{wrong}", status=404)

    def test_a_link_that_ends_while_it_is_used_does_nothing(self, monkeypatch: pytest.MonkeyPatch, season: Season, ref: str) -> None:
        """Between reading the link and locking the pledge, the applicant takes the neighbour off the list."""
        token = match.token_of(asked(season, ref, "Ann"))
        lock = match.locked_pledge

        def taken_off_meanwhile(pledge_id: int) -> tuple[Application, Pledge]:
            db.session.execute(
                text("update pledge set link_number = link_number + 1, status = 'refused'")
            )  # as another session: not seen here
            return lock(pledge_id)

        monkeypatch.setattr(match, "locked_pledge", taken_off_meanwhile)
        for late in (
            lambda: match.say_yes(token, "hours", Minutes(60), NOTHING, 0, ""),
            lambda: match.say_no(token),
            lambda: match.did_it(token, clock.today(), Minutes(60), ""),
            lambda: match.check_by_token(token, "WRK-2222-2222"),
        ):
            with pytest.raises(NotFound):
                late()
        monkeypatch.undo()
        assert match.by_token(token).status == "invited"

    def test_a_message_carries_the_link_once_and_again_when_asked_for(self, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann", ("email", "ann@example.org"))
        first = [each for each in messages_about(f"bid:{season.bid(ref).id}") if each.key.startswith("pledge:")]
        assert len(first) == 1 and match.link_of(pledge) in first[0].body
        match.resend(ref, pledge.ref, season.actor("Rita"))
        again = [each for each in messages_about(f"bid:{season.bid(ref).id}") if each.key.startswith("pledge:")]
        assert len(again) == 2

    def test_a_reminder_once_and_the_end_of_waiting(self, app: Flask) -> None:
        season = begin(rolling=False)
        ref = season.sent()
        pledge = asked(season, ref, "Ann", ("email", "ann@example.org"))
        asked(season, ref, "Doorstep")
        now = clock.now()
        with clock.held_at(now + timedelta(days=4)):
            assert (match.remind_invited(), match.remind_invited()) == (1, 0)
        with clock.held_at(now + timedelta(days=40)):
            assert (match.expire(), match.expire()) == (2, 0)
        db.session.rollback()
        assert db.session.get_one(Pledge, pledge.id).status == "expired"


class TestWhoCounts:
    def test_oneself_the_same_address_and_the_same_name_are_caught(self, season: Season, ref: str) -> None:
        with pytest.raises(Refused, match="your own address"):
            asked(season, ref, "Me", ("email", "rita@example.org"))
        asked(season, ref, "Ann", ("email", "ann@example.org"))
        with pytest.raises(Refused, match="at that address already"):
            asked(season, ref, "Anne", ("email", "ann@example.org"))
        asked(season, ref, "Bob")
        with pytest.raises(Refused, match="called bob"):
            asked(season, ref, "bob")

    @pytest.mark.parametrize(
        "name", ["Rita", "rita ", "R\u200bita", "\uff32ita", "Ri\u00adta", "RITA@example.org", "07700 900 456", "+44 7700 900456", "Olga"]
    )
    def test_nobody_promises_to_themselves_by_their_own_name(self, season: Season, ref: str, name: str) -> None:
        with transaction():
            db.session.get_one(Person, season.who("Rita").id).phone = "+447700900456"
            apply.locked(ref).helper_id = season.who("Olga").id
        with pytest.raises(Refused, match="is asking already"):
            asked(season, ref, name)
        with pytest.raises(Refused, match="is asking already"):
            asked(season, ref, name, ("email", "second@example.org"))
        asked(season, ref, "Rita from Mill Lane")

    def test_one_name_with_and_without_an_address_is_one_neighbour(self, season: Season, ref: str) -> None:
        asked(season, ref, "Ann")
        for name in ("ann", "A\u200dnn"):
            with pytest.raises(Refused, match="in your list already"):
                asked(season, ref, name, ANN)
        asked(season, ref, "Bob", ("email", "bob@example.org"))
        with pytest.raises(Refused, match="in your list already"):
            asked(season, ref, "Bob")
        asked(season, ref, "Bob", ("email", "another.bob@example.org"))  # two addresses are two people

    def test_asked_before_joining_by_one_way_and_after_by_another_is_one_neighbour(self, season: Season, ref: str) -> None:
        asked(season, ref, "Nell", ("email", "nell@example.org"))
        with transaction():
            create_person("Nell", email="nell@example.org").phone = "+447700900123"
        with pytest.raises(Refused, match="at that address already"):
            asked(season, ref, "Nell", ("sms", "+447700900123"))

    def test_on_paper_only_with_a_basis(self, season: Season, ref: str) -> None:
        rita = season.who("Rita").id
        for basis in (None, ""):
            with pytest.raises(Refused, match="how you know"):
                match.enter(ref, "Ann", None, "hours", Minutes(60), NOTHING, 0, "", Actor(rita, None, basis))
        match.enter(ref, "Ann", None, "hours", Minutes(60), NOTHING, 0, "", Actor(rita, None, "paper sheet"))
        assert queries.meter_of(season.bid(ref)).counted_minutes == 60

    @pytest.mark.parametrize(
        ("kind", "minutes", "planning", "value", "what", "sentence"),
        [
            ("hours", 0, 0, 0, "", "quarters"),
            ("hours", 50, 0, 0, "", "quarters"),
            ("hours", 60 * 24 * 31 + 15, 0, 0, "", "more hours than there are"),
            ("hours", 60, 75, 0, "", "Meetings are a part"),
            ("goods", 0, 0, 0, "Timber", "what it is worth"),
            ("goods", 0, 0, 20_00, "", "what you bring"),
        ],
    )
    def test_what_cannot_be_promised(
        self, season: Season, ref: str, kind: str, minutes: int, planning: int, value: int, what: str, sentence: str
    ) -> None:
        token = match.token_of(asked(season, ref, "Ann"))
        with pytest.raises(Refused, match=sentence):
            match.say_yes(token, kind, Minutes(minutes), Minutes(planning), value, what)

    def test_caps_of_the_round(self) -> None:
        """Half from one person, half from goods, a fifth from meetings, at £12 an hour (design 1)."""
        rules = RoundRules()
        assert (meter(250_00, [], rules).needed, meter(250_00, [], rules).missing_minutes, meter(250_00, [], rules).whole_hours) == (
            250_00,
            1250,
            21,
        )
        one = meter(250_00, [PledgeFact("a", "hours", Minutes(6000))], rules)
        assert one.counted_minutes < 6000 and not one.full and one.missing_neighbours == 2
        three = meter(250_00, [PledgeFact(name, "hours", Minutes(420)) for name in "abc"], rules)
        assert three.full and three.counted_minutes == 1260


class TestGiving:
    def test_given_checked_and_counted_once_in_meter_figures_and_books(self, app: Flask, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        with pytest.raises(Refused, match="once the grant is accepted"):
            match.did_it(token, clock.today(), Minutes(60), "digging")
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.did_it(token, clock.today(), Minutes(420), "digging")
            with pytest.raises(Refused):
                match.check_by_token(token, record)  # who entered it does not check it
            match.check(ref, record, season.actor("Rita"))
            with pytest.raises((Refused, Conflict)):
                match.check(ref, record, season.actor("Olga"))
            with pytest.raises((Refused, Conflict)):
                match.did_it(token, clock.today(), Minutes(420), "again")
        made = season.award(ref)
        assert made.delivered == 420
        assert books.balance(f"award:{made.id}:delivered") == 420

    def test_entered_by_the_applicant_checked_by_the_neighbour(self, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann", ANN)
        token = yes(pledge, 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.log_for(ref, pledge.ref, clock.today(), Minutes(120), "digging", season.actor("Rita"))
            with pytest.raises(Refused):
                match.check(ref, record, season.actor("Rita"))
            match.check_by_token(token, record)
        assert season.award(ref).delivered == 120

    def test_taken_back_it_stops_counting_and_the_books_show_both(self, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.did_it(token, clock.today(), Minutes(60), "digging")
            match.check(ref, record, season.actor("Rita"))
            with pytest.raises(Refused):
                match.take_back(ref, record, "", season.actor("Rita"))
            match.take_back(ref, record, "It was the day before", season.actor("Rita"))
            with pytest.raises(Refused):
                match.take_back(ref, record, "Twice", season.actor("Rita"))
            made = season.award(ref)
            assert (made.delivered, books.balance(f"award:{made.id}:delivered")) == (0, 0)
            again = match.did_it(token, clock.today() - timedelta(days=1), Minutes(75), "digging")
            match.check(ref, again, season.actor("Olga"))
        assert season.award(ref).delivered == 75

    def test_what_was_not_so_never_counts(self, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.did_it(token, clock.today(), Minutes(60), "digging")
            match.turn_down(ref, record, "Nobody was there", season.actor("Rita"))
            with pytest.raises(Refused):
                match.check(ref, record, season.actor("Olga"))
        assert season.award(ref).delivered == 0

    def test_no_hours_outside_the_days_of_the_idea_and_none_of_another(self, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        other = season.sent("Another idea")
        stranger = match.token_of(asked(season, other, "Zoe"))
        live(season, ref)
        with pytest.raises(Refused, match="between the first and the last day"):
            match.did_it(token, clock.today(), Minutes(60), "too early")
        with clock.held_at(clock.now() + timedelta(days=31)):
            record = match.did_it(token, clock.today(), Minutes(60), "digging")
            with pytest.raises(NotFound):
                match.check_by_token(stranger, record)
            with pytest.raises(Refused):
                match.did_it(stranger, clock.today(), Minutes(60), "no grant")

    def test_a_neighbour_who_leaves_keeps_their_hours_in_the_books_without_a_name(self, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Rosa", ("email", "rosa@example.org")), 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.check(ref, match.did_it(token, clock.today(), Minutes(60), "digging"), season.actor("Rita"))
            delete_me(season.who("Rosa").id, season.actor("Rosa"))
        assert season.award(ref).delivered == 60


class TestTwoPersons:
    """Nobody makes a neighbour and checks the hours alone."""

    def test_the_applicants_side_cannot_answer_for_a_neighbour(self, app: Flask, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann", ANN)
        address = "/m/" + match.token_of(pledge)
        rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(address)
        assert "you cannot answer for them" in rita.text
        rita.submit("I’m in", form=f"{address}/yes", status=409, minutes="7")
        assert "on their own phone" in rita.text
        rita.get(address).submit("Not this time", status=409)
        yes(pledge, 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(address)
            token = rita.submit("I did it", status=409, did_minutes="7") and match.token_of(pledge)
            match.log_for(ref, pledge.ref, clock.today(), Minutes(60), "digging", season.actor("Rita"))
            record = worked.hours_of(pledge)[0].ref
            rita.get(address)
            assert "Is this right?" not in rita.text
            csrf = Inspector._values(rita.forms()[0])["csrf_token"]
            rita.post(f"/m/{token}/check/{record}", {"csrf_token": csrf, "minutes": "60"}, status=409)
            Inspector(app, budget=36).get(address).submit("Yes, that is right").follow()
        assert season.award(ref).delivered == 60

    def test_whoever_acts_for_the_group_is_of_the_applicants_side(self, app: Flask, season: Season) -> None:
        with transaction():
            group = Organisation(ref="ORG-2222-3333", name="Mossgate Gardeners", created_at=clock.now())
            db.session.add(group)
            db.session.flush()
            for name in ("Rita", "Rob", "Otto"):
                db.session.add(ActingFor(person_id=season.who(name).id, organisation_id=group.id, since=clock.today()))
            group_id = group.id
        ref = season.sent(organisation_id=group_id)
        address = "/m/" + match.token_of(asked(season, ref, "Aunt May"))
        Inspector(app, budget=36).sign_in(season.who("Rob").id).get(address).submit(
            "I’m in", form=f"{address}/yes", status=409, minutes="7"
        )
        assert match.may_check_at_the_door(season.bid(ref), season.who("Olga").id)
        assert not match.may_check_at_the_door(season.bid(ref), season.who("Otto").id)  # an officer, and of the group
        Inspector(app, budget=36).sign_in(season.who("Rosa").id).get(address).submit("I’m in", form=f"{address}/yes", minutes="7")

    def test_hours_at_the_door_are_checked_by_an_officer_or_a_connector(self, app: Flask, season: Season, ref: str) -> None:
        """Whoever holds an unaddressed link may be the applicant: neither the link nor the applicant checks such hours."""
        pledge = asked(season, ref, "Aunt May")
        token = yes(pledge, 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            may = Inspector(app, budget=36).get(f"/m/{token}").submit("I did it", did_minutes="7").follow()
            assert "An officer or a connector checks it." in may.text and "checks your hours" in may.text
            record = worked.hours_of(pledge)[0].ref
            with pytest.raises(Refused, match="An officer or a connector"):
                match.check(ref, record, season.actor("Rita"))
            rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
            assert "Yes, 7 h is right" not in rita.text and "because Aunt May has no address" in rita.text
            olga = Inspector(app, budget=36).sign_in(season.who("Olga").id).get(f"/desk/bids/{ref}")
            assert f"/grants/{ref}/match" in set(olga.links())
            olga.get(f"/grants/{ref}/match").submit("Yes, 7 h is right")
            assert season.award(ref).delivered == 420
            second = match.log_for(ref, pledge.ref, clock.today() + timedelta(days=-1), Minutes(60), "", season.actor("Rita"))
            with pytest.raises(Refused, match="An officer or a connector"):
                match.check_by_token(token, second)
            match.check(ref, second, season.actor("Otto"))
        assert season.award(ref).delivered == 480

    def test_a_link_that_the_applicant_has_seen_proves_no_second_person(self, app: Flask, season: Season, ref: str) -> None:
        """An invented neighbour: any address, the link opened by the applicant, signed out."""
        pledge = asked(season, ref, "Fred", ("email", "fred@nowhere.example"))
        token = match.token_of(pledge)
        page = f"/grants/{ref}/match/{pledge.ref}/link"
        rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(page)
        assert token not in rita.text and "somebody else than you checks what Fred gives" in rita.text
        assert not match.at_the_door(pledge), "to look at the question changes nothing"
        rita.submit("Show the link").follow()
        assert token in rita.text and "because whoever asks for this idea has seen the link of Fred" in rita.text
        match.show_link(ref, pledge.ref, season.actor("Rita"))
        seen = [each for each in events_of(f"pledge:{pledge.id}") if each.kind == match.LINK_SHOWN]
        assert [each.actor_id for each in seen] == [season.who("Rita").id], "once"
        assert any("Rita opened the link of a neighbour" in each.sentence for each in timeline.told(events_of(f"pledge:{pledge.id}")))
        yes(pledge, 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            fred = Inspector(app, budget=36).get(f"/m/{token}").submit("I did it", did_minutes="7").follow()
            assert "An officer or a connector checks it." in fred.text
            record = worked.hours_of(pledge)[0].ref
            rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
            assert "Yes, 7 h is right" not in rita.text and "has seen the link of Fred" in rita.text
            with pytest.raises(Refused, match="An officer or a connector"):
                match.check(ref, record, season.actor("Rita"))
            theirs = match.log_for(ref, pledge.ref, clock.today() - timedelta(days=1), Minutes(60), "", season.actor("Rita"))
            with pytest.raises(Refused, match="An officer or a connector"):
                match.check_by_token(token, theirs)
            Inspector(app, budget=36).sign_in(season.who("Olga").id).get(f"/grants/{ref}/match").submit("Yes, 7 h is right")
        assert season.award(ref).delivered == 420

    def test_a_fresh_link_does_not_make_it_unseen(self, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Fred", ANN)
        match.show_link(ref, pledge.ref, season.actor("Rita"))
        match.resend(ref, pledge.ref, season.actor("Rita"))
        assert match.at_the_door(pledge)

    def test_an_officer_who_shows_the_link_changes_nothing(self, app: Flask, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann", ANN)
        olga = Inspector(app, budget=36).sign_in(season.who("Olga").id).get(f"/grants/{ref}/match/{pledge.ref}/link")
        assert match.token_of(pledge) in olga.text
        match.show_link(ref, pledge.ref, season.actor("Olga"))
        assert not match.at_the_door(pledge)

    def test_yes_is_said_to_the_figure_that_was_shown(self, app: Flask, season: Season, ref: str) -> None:
        pledge = asked(season, ref, "Ann", ANN)
        token = yes(pledge, 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.did_it(token, clock.today(), Minutes(420), "digging")
            rita = Inspector(app, budget=36).sign_in(season.who("Rita").id).get(f"/grants/{ref}/match")
            match.did_it(token, clock.today(), Minutes(960), "digging")
            rita.submit("Yes, 7 h is right", status=409)
            assert "This is 16 h now. Look at it again." in rita.text
            assert season.award(ref).delivered == 0
            rita.get(f"/grants/{ref}/match").submit("Yes, 16 h is right")
            match.log_for(ref, pledge.ref, clock.today() - timedelta(days=1), Minutes(60), "", season.actor("Rita"))
            ann = Inspector(app, budget=36).get(f"/m/{token}")
            match.log_for(ref, pledge.ref, clock.today() - timedelta(days=1), Minutes(90), "", season.actor("Rita"))
            ann.submit("Yes, that is right", status=409)
            assert "This is 1 h 30 min now" in ann.text
        assert season.award(ref).delivered == 960


def other_idea(season: Season, contact: tuple[str, str]) -> tuple[str, str]:
    """An idea of Rob's with the same neighbour, accepted; its reference and the neighbour's link."""
    other = season.sent("Another idea", by="Rob")
    found = match.invite(other, "Rosa", contact, season.actor("Rob"))
    token = yes(db.session.scalars(select(Pledge).where(Pledge.ref == found)).one(), 7)
    award.accept(season.offered(other).ref, season.actor("Rob"))
    return other, token


class TestDays:
    def test_a_day_has_sixteen_hours_for_all_ideas_together(self, season: Season, ref: str) -> None:
        rosa = ("email", "rosa@example.org")
        token = yes(asked(season, ref, "Rosa", rosa), 7)
        live(season, ref)
        _other, second = other_idea(season, rosa)
        with clock.held_at(clock.now() + timedelta(days=31)):
            first = match.did_it(token, clock.today(), Minutes(600), "digging")
            with pytest.raises(Refused, match="With what is written down elsewhere"):
                match.did_it(second, clock.today(), Minutes(375), "planting")
            match.did_it(second, clock.today(), Minutes(360), "planting")
            with pytest.raises(Refused, match="With what is written down elsewhere"):
                match.did_it(token, clock.today(), Minutes(615), "digging")
            match.did_it(token, clock.today(), Minutes(540), "digging")  # the same line again, put right
            match.turn_down(ref, first, "Another day", season.actor("Rita"))
            match.did_it(second, clock.today(), Minutes(960), "planting")

    def test_the_page_asks_what_was_done_from_the_first_day_on(self, app: Flask, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        live(season, ref)
        first, last = season.award(ref).first_day, season.award(ref).last_day
        page = Inspector(app).get(f"/m/{token}")
        assert "I did it" not in page.text and f"It begins on {clock.in_words(first)}" in page.text
        with pytest.raises(Refused, match=f"{clock.in_words(first)} to {clock.in_words(last)}"):
            match.did_it(token, clock.today(), Minutes(60), "too early")
        with clock.held_at(clock.start_of_day(first)):
            assert "I did it" in page.get(f"/m/{token}").text and "It begins on" not in page.text

    def test_hours_of_a_closed_day_stand_in_the_books_today(self, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Ann", ANN), 7)
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            day = clock.today()
            record = match.did_it(token, day, Minutes(60), "digging")
        with clock.held_at(clock.now() + timedelta(days=40)):
            with transaction():
                close_period(day, "person:1")
            match.check(ref, record, season.actor("Rita"))
            made = season.award(ref)
            entry = db.session.scalars(select(Entry).where(Entry.key == f"work:{record}:match")).one()
            assert (made.delivered, entry.effective_on) == (60, clock.today())
            match.take_back(ref, record, "Not so", season.actor("Rita"))
            assert season.award(ref).delivered == 0

    def test_an_invitation_ends_with_its_idea_and_in_a_rolling_round_after_sixty_days(self, season: Season, ref: str) -> None:
        asked(season, ref, "Ann", ANN)
        other = season.sent("Another idea", by="Rob")
        match.invite(other, "Bob", None, season.actor("Rob"))
        assert match.expire() == 0
        apply.withdraw(other, "Moved away", season.actor("Rob"))
        assert (match.expire(), match.expire()) == (1, 0)
        with clock.held_at(clock.now() + timedelta(days=59)):
            assert match.expire() == 0
        with clock.held_at(clock.now() + timedelta(days=61)):
            assert (match.expire(), match.expire()) == (1, 0)
        assert [each.status for each in queries.pledges_of(season.bid(ref).id)] == ["expired"]


class TestTheStory:
    def test_neighbours_are_in_it_once_each_and_without_a_name(self, app: Flask, season: Season, ref: str) -> None:
        token = yes(asked(season, ref, "Rosa", ("email", "rosa@example.org")), 7)
        yes(db.session.scalars(select(Pledge)).one(), 8)
        match.say_no(match.token_of(asked(season, ref, "Bo Quillon")))
        live(season, ref)
        with clock.held_at(clock.now() + timedelta(days=31)):
            match.turn_down(ref, match.did_it(token, clock.today(), Minutes(60), "dug"), "Rosa was away", season.actor("Rita"))
            record = match.did_it(token, clock.today(), Minutes(60), "dug")
            match.check(ref, record, season.actor("Rita"))
            match.take_back(ref, record, "Rosa was away", season.actor("Rita"))
            bid = season.bid(ref)
            events = queries.story_of(bid, queries.award_of(bid.id))
            near, far = timeline.told(events), timeline.told(events, near=False)
            said = [each.sentence for each in near]
            for sentence, times in (
                ("Rita asked a neighbour to help.", 2),
                ("A neighbour said yes.", 1),
                ("A neighbour changed what they promise.", 1),
                ("A neighbour cannot help this time.", 1),
                ("A neighbour's hours were written down.", 2),
                ("A neighbour's hours were turned down.", 1),
                ("A neighbour's hours were checked.", 1),
                ("A neighbour's hours were taken back.", 1),
            ):
                assert said.count(sentence) == times, (sentence, said)
            assert not [line for line in said if "Rosa" in line or "Quillon" in line]
            assert [each.sentence for each in far] == said and not [each for each in far if each.note and "Rosa" in each.note]
            for reader, knows in (("Rita", True), ("Olga", True), ("Fay", False)):
                page = Inspector(app, budget=36).sign_in(season.who(reader).id).get(f"/grants/{ref}")
                assert "hours were turned down" in page.text and ("Rosa" in page.text) == knows, reader

    def test_each_move_has_its_sentence(self) -> None:
        for name, moves in TABLES.values():
            if name != "round":  # a round's own page tells it
                assert not [kind for kind in moves if f"{name}.{kind}" not in timeline.SENTENCES], name
        for kind in ("bid.neighbour_yes", "bid.neighbour_no", "award.hours_logged", "award.hours_refused", "award.hours_taken_back"):
            assert kind in timeline.SENTENCES
