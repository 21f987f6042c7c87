"""Members, substitutes and guests; the code of conduct; offers to sit; ties that others note: each rule and each refusal."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import clock, worker
from portal.db import db, transaction
from portal.errors import NotFound, NotYours, Problem, Refused
from portal.history import events_of
from portal.outbox import Message
from portal.panels import actions, calls, conduct, offers, queries, seats, story, ties
from portal.panels.model import Called, Interest, Panel, PanelArea, Seat, SeatOffer
from portal.panels.rules import Threshold
from portal.people import actions as people
from portal.people.access import Who
from portal.people.model import Person
from portal.people.queries import all_about
from portal.places.model import Area
from tests.client import Inspector
from tests.conftest import Store
from tests.grants.season import Season, begin, person


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield begin()


@pytest.fixture
def matter(season: Season) -> str:
    return season.with_panel(season.sent())


def vote(season: Season, matter: str, name: str, choice: str = "yes") -> None:
    actions.declare(season.who(name), season.panel_ref, matter, "none")
    actions.vote(season.who(name), season.panel_ref, matter, choice, "Because.")


def give(season: Season, name: str, kind: str = "substitute", days_ago: int = 1) -> None:
    start = clock.today() - timedelta(days=days_ago)
    seats.add_seat(season.who("Olga"), season.panel_ref, season.ref(name), kind=kind, term_start=start, term_end=None, reason="Drawn")


def panel_of(season: Season) -> Panel:
    db.session.rollback()
    return queries.panel(season.panel_ref)


def seat(season: Season, name: str) -> Seat:
    found = queries.seat_of(season.who(name).id, panel_of(season).id)
    assert found is not None
    return found


def tie(season: Season, matter: str, *names: str) -> None:
    for name in names:
        actions.declare(season.who(name), season.panel_ref, matter, "friend")


def able(season: Season, matter: str) -> set[str]:
    return {each.name for each in queries.standing(season.matter_by(matter)).able}


def kinds_of(about: str) -> list[str]:
    return [event.kind for event in events_of(about)]


def told(name: str) -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.to_name == name).order_by(Message.id)))


def area(code: str, parent: str | None = None) -> int:
    with transaction():
        inside = db.session.scalar(select(Area.id).where(Area.code == parent)) if parent else None
        made = Area(code=code, name=code.title(), kind="estate", parent_id=inside)
        db.session.add(made)
        db.session.flush()
        return made.id


def opened_to_guests(season: Season, areas: tuple[int, ...] = ()) -> None:
    conduct.publish(season.who("Olga"), season.panel_ref, "Be kind.", "First", 0)
    for name in ("Ada", "Ben", "Cleo", "Dan"):
        conduct.accept(season.who(name), season.panel_ref, 1)
    edit(season, area_ids=areas, takes_guests=True)


def edit(season: Season, **changes: object) -> None:
    given: dict[str, object] = {
        "name": "Mossgate panel",
        "purpose": "",
        "area_ids": (),
        "takes_guests": False,
        "reason": "We agreed",
    } | changes
    seats.edit_panel(season.who("Olga"), season.panel_ref, **given)  # type: ignore[arg-type]


class TestPanels:
    def test_what_changes_is_kept_with_its_reason(self, season: Season) -> None:
        here = db.session.scalars(select(Area.id)).one()
        edit(season, name="Moss panel", area_ids=[here, 999_999])
        assert [one.code for one in queries.areas_of([panel_of(season).id])[panel_of(season).id]] == ["mossgate"]
        lines = story.story_of(panel_of(season))
        assert "its name and what it decides and its areas" in lines[0].sentence and "We agreed" in (lines[0].note or "")
        edit(season, name="Moss panel", area_ids=[here])
        assert len(story.story_of(panel_of(season))) == len(lines), "nothing changed, nothing is told"
        for wrong, says in (({"name": ""}, "name"), ({"reason": ""}, "Write why")):
            with pytest.raises(Refused, match=says):
                edit(season, **wrong)

    def test_two_taps_make_one_panel(self, season: Season) -> None:
        olga = season.who("Olga")
        first, second = (seats.create_panel(olga, "New", "", once_key="k") for _time in range(2))
        assert first == second

    def test_the_history_says_who_came_went_and_chaired(self, season: Season) -> None:
        olga = season.who("Olga")
        give(season, "Rob")
        seats.set_kind(olga, season.panel_ref, season.ref("Rob"), "member", "Needed")
        seats.set_chair(olga, season.panel_ref, season.ref("Rob"), True, "Ada is away")
        seats.end_seat(olga, season.panel_ref, season.ref("Ben"), clock.today(), "Moved away")
        said = [(line.sentence, line.note) for line in story.story_of(panel_of(season))]
        assert said[0] == (f"Olga ended the seat of Ben. Last day: {seats.day_words(clock.today())}.", "Moved away")
        assert said[1] == ("Olga gave the chair to Rob.", "Ada is away")
        assert said[2] == ("Olga made Rob, a substitute, a member.", "Needed")
        assert said[3][0] == "Olga gave Rob a seat as a substitute."
        assert ("Olga gave Ada a seat. They have the chair.", "Elected") in said


class TestKinds:
    def test_refusals(self, season: Season) -> None:
        olga, today = season.who("Olga"), clock.today()
        with pytest.raises(Refused, match="kind of seat"):
            give(season, "Rob", "king")
        with pytest.raises(Refused, match="Only a member"):
            seats.add_seat(
                olga, season.panel_ref, season.ref("Rob"), kind="substitute", chair=True, term_start=today, term_end=None, reason="x"
            )
        give(season, "Rob")
        with pytest.raises(Refused, match="Only a member"):
            seats.set_chair(olga, season.panel_ref, season.ref("Rob"), True, "x")
        with pytest.raises(Refused, match="Take the chair"):
            seats.set_kind(olga, season.panel_ref, season.ref("Ada"), "substitute", "x")
        with pytest.raises(Refused, match="guest"):
            seats.set_kind(olga, season.panel_ref, season.ref("Rob"), "guest", "x")
        with pytest.raises(Refused, match="Write why"):
            seats.set_kind(olga, season.panel_ref, season.ref("Rob"), "member", "")

    def test_a_term_that_ended_or_has_not_begun(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ben")
        with clock.held_at(clock.now() + timedelta(days=2)):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref("Ben"), clock.today() - timedelta(days=1), "Moved")
            with pytest.raises(NotFound):
                actions.vote(season.who("Ben"), season.panel_ref, matter, "no", "Late")
            assert queries.standing(season.matter_by(matter)).tally.voted == 0
            seats.add_seat(
                season.who("Olga"),
                season.panel_ref,
                season.ref("Rob"),
                term_start=clock.today() + timedelta(days=3),
                term_end=None,
                reason="x",
            )
            with pytest.raises(NotFound):
                actions.declare(season.who("Rob"), season.panel_ref, matter, "none")

    def test_two_officers_give_the_same_person_a_seat_at_once(self, store: Store, season: Season) -> None:
        barrier, answers = threading.Barrier(2), []
        today, rob = clock.today(), season.ref("Rob")

        def officer(who: Who) -> None:
            with store.app.app_context():
                barrier.wait()
                try:
                    seats.add_seat(who, season.panel_ref, rob, term_start=today, term_end=None, reason="Drawn")
                    answers.append("done")
                except Problem as why:
                    answers.append(why.sentence)
                finally:
                    db.session.remove()

        threads = [threading.Thread(target=officer, args=(season.who(name),)) for name in ("Olga", "Otto")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(answers) == ["Rob has a seat on this panel at that time already.", "done"]
        db.session.rollback()
        assert len(db.session.scalars(select(Seat).where(Seat.person_id == season.who("Rob").id)).all()) == 1


class TestSubstitutes:
    def test_they_see_nothing_until_they_are_called(self, season: Season, matter: str) -> None:
        give(season, "Rob")
        rob = season.who("Rob")
        assert not queries.waiting_for(rob.id) and not queries.sittings(seat(season, "Rob")) and not queries.my_sittings(rob.id)
        assert "Rob" not in able(season, matter)
        with pytest.raises(NotFound):
            actions.declare(rob, season.panel_ref, matter, "none")
        with pytest.raises(Refused, match="not called"):
            actions.enter_vote(season.who("Olga"), season.panel_ref, matter, rob.ref, "yes", "", "paper", "7")
        assert [message.subject for message in told("Rob")] == []

    def test_they_are_called_in_the_order_of_their_terms_once_the_quorum_would_fail(self, season: Season, matter: str) -> None:
        give(season, "Rosa", days_ago=2)
        give(season, "Rob", days_ago=9)
        tie(season, matter, "Ada")
        assert able(season, matter) == {"Ben", "Cleo", "Dan"} and not told("Rob")
        tie(season, matter, "Ben")
        assert able(season, matter) == {"Cleo", "Dan", "Rob"} and not told("Rosa")
        assert [message.subject for message in told("Rob")] == ["Your panel needs you"]
        tie(season, matter, "Rob")
        assert able(season, matter) == {"Cleo", "Dan", "Rosa"}
        about = season.matter_by(matter)
        assert not about.short and kinds_of(f"matter:{about.id}").count("substitute_called") == 2
        for name in ("Cleo", "Dan", "Rosa"):
            vote(season, matter, name)
        assert actions.close(season.who("Olga"), season.panel_ref, matter) == "yes"

    def test_the_desk_hears_when_nobody_is_left_and_when_somebody_came(self, app: Flask, season: Season, matter: str) -> None:
        tie(season, matter, "Ada", "Ben")
        assert season.matter_by(matter).short
        assert kinds_of(f"matter:{season.matter_by(matter).id}").count("too_few_seats") == 1
        officer = Inspector(app).sign_in(season.who("Olga").id)
        assert "idea that too few of its panel can decide" in officer.get("/desk/").text
        assert "A garden for Mossgate" in officer.get("/desk/seats").text
        give(season, "Rob")
        assert not season.matter_by(matter).short and "Rob" in able(season, matter)
        assert "too few of its panel" not in officer.get("/desk/").text

    def test_they_are_called_when_a_seat_ends_and_when_somebody_leaves_the_scheme(self, season: Season, matter: str) -> None:
        give(season, "Rob")
        give(season, "Rosa")
        yesterday = clock.today() - timedelta(days=1)
        for name in ("Ada", "Ben"):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref(name), yesterday, "Moved")
        assert able(season, matter) == {"Cleo", "Dan", "Rob"}
        people.delete_me(season.who("Cleo").id, season.actor("Cleo"))
        assert able(season, matter) == {"Dan", "Rob", "Rosa"}

    def test_they_are_called_when_a_matter_is_opened_and_never_to_their_own(self, season: Season) -> None:
        give(season, "Rita", days_ago=9)
        give(season, "Rob")
        for name in ("Ada", "Ben"):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref(name), clock.today() - timedelta(days=1), "Moved")
        matter = season.with_panel(season.sent(by="Rita"))
        assert able(season, matter) == {"Cleo", "Dan", "Rob"}

    def test_the_worker_sees_terms_that_ended_by_their_date(self, season: Season, matter: str) -> None:
        give(season, "Rob")
        for name in ("Ada", "Ben"):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref(name), clock.today() + timedelta(days=1), "Term is over")
        assert calls.after_terms_ended() == 0 and "Rob" not in able(season, matter)
        with clock.held_at(clock.now() + timedelta(days=2)):
            assert calls.after_terms_ended() == 1
            assert able(season, matter) == {"Cleo", "Dan", "Rob"}
            assert calls.after_terms_ended() == 0
        assert calls.after_terms_ended in worker.DUE and seats.remind_of_ends in worker.DUE

    def test_who_was_called_is_only_ever_appended(self, season: Season, matter: str) -> None:
        give(season, "Rob")
        tie(season, matter, "Ada", "Ben")
        assert len(db.session.scalars(select(Called)).all()) == 1
        db.session.rollback()
        for statement in ("UPDATE called SET seat_id = 1", "DELETE FROM called"):
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()

    def test_once_a_day_however_many_they_are_called_to(self, season: Season) -> None:
        give(season, "Rob")
        for number in range(2):
            tie(season, season.with_panel(season.sent(f"Idea {number}")), "Ada", "Ben")
        assert len([message for message in told("Rob") if "needs you" in message.subject]) == 1
        assert len(queries.my_sittings(season.who("Rob").id)) == 2


class TestGuests:
    def test_one_tap_after_accepting(self, season: Season) -> None:
        opened_to_guests(season)
        before = season.with_panel(season.sent("Before"))
        offers.join(season.who("Rob"), season.panel_ref, 1)
        offers.join(season.who("Rob"), season.panel_ref, 1)
        held = seat(season, "Rob")
        assert (held.kind, held.conduct, held.term_end) == ("guest", 1, clock.today() + offers.GUEST_TERM)
        after = season.with_panel(season.sent("After"))
        assert "Rob" not in able(season, before) and "Rob" in able(season, after)
        with pytest.raises(NotFound):
            actions.declare(season.who("Rob"), season.panel_ref, before, "none")
        vote(season, after, "Rob")
        assert [each.matter.ref for each in queries.my_sittings(season.who("Rob").id)] == []
        assert "Rob joined as a guest." in [line.sentence for line in story.story_of(panel_of(season))]

    def test_refusals(self, season: Season) -> None:
        rob = season.who("Rob")
        with pytest.raises(Refused, match="takes no guests"):
            offers.join(rob, season.panel_ref, 0)
        edit(season, takes_guests=True)
        with pytest.raises(Refused, match="how it works"):
            offers.join(rob, season.panel_ref, 0)
        edit(season)
        opened_to_guests(season)
        with pytest.raises(Refused, match="changed meanwhile"):
            offers.join(rob, season.panel_ref, 0)
        db.session.rollback()
        assert queries.seat_of(rob.id, panel_of(season).id) is None
        offers.join(rob, season.panel_ref, 1)
        edit(season)
        with pytest.raises(Refused, match="takes no guests"):
            offers.join(season.who("Rosa"), season.panel_ref, 1)
        assert seat(season, "Rob").kind == "guest", "who is there stays, unless the officer says so"

    def test_residents_of_its_areas_and_of_what_lies_in_them(self, season: Season) -> None:
        moss = db.session.scalars(select(Area.id).where(Area.code == "mossgate")).one()
        db.session.rollback()
        larch, other = area("larch", "mossgate"), area("other")
        opened_to_guests(season, (moss,))
        near, far = person("Near", area_id=larch), person("Far", area_id=other)
        offers.join(near, season.panel_ref, 1)
        with pytest.raises(Refused, match="live elsewhere"):
            offers.join(far, season.panel_ref, 1)
        with pytest.raises(Refused, match="where you live"):
            offers.join(season.who("Rob"), season.panel_ref, 1)

    def test_officers_end_them_all_and_nobody_comes_back_by_themselves(self, season: Season) -> None:
        opened_to_guests(season)
        offers.join(season.who("Rob"), season.panel_ref, 1)
        after = season.with_panel(season.sent())
        with clock.held_at(clock.now() + timedelta(days=1)):
            edit(season, end_guests=True)
            assert queries.seat_of(season.who("Rob").id, panel_of(season).id) is None and "Rob" not in able(season, after)
            edit(season, takes_guests=True)
            with pytest.raises(Refused, match="was ended"):
                offers.join(season.who("Rob"), season.panel_ref, 1)

    def test_a_guest_who_is_given_a_seat_keeps_the_place(self, season: Season) -> None:
        opened_to_guests(season)
        offers.join(season.who("Rob"), season.panel_ref, 1)
        before = seat(season, "Rob").id
        give(season, "Rob", "member", days_ago=0)
        assert (seat(season, "Rob").id, seat(season, "Rob").kind, seat(season, "Rob").conduct) == (before, "member", 1)


class TestConduct:
    def test_nothing_opens_before_it_is_accepted(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ben")
        assert conduct.publish(season.who("Olga"), season.panel_ref, "Be kind.", "First", 0) == 1
        for attempt in (
            lambda: actions.declare(season.who("Ada"), season.panel_ref, matter, "none"),
            lambda: actions.vote(season.who("Ben"), season.panel_ref, matter, "no", "x"),
            lambda: actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Cleo"), "yes", "", "paper", "7"),
        ):
            with pytest.raises(Refused, match="code of conduct"):
                attempt()
        with pytest.raises(NotYours):
            actions.close(season.who("Ada"), season.panel_ref, matter)
        assert queries.standing(season.matter_by(matter)).tally.yes == 1, "what was voted before stays"
        assert not queries.may_read(season.who("Ben").id, season.matter_by(matter).about)
        conduct.accept(season.who("Ben"), season.panel_ref, 1)
        assert queries.may_read(season.who("Ben").id, season.matter_by(matter).about)
        actions.vote(season.who("Ben"), season.panel_ref, matter, "no", "x")
        conduct.accept_on_paper(season.who("Olga"), season.panel_ref, season.ref("Cleo"), 1, "Sheet 3")
        actions.enter_vote(season.who("Olga"), season.panel_ref, matter, season.ref("Cleo"), "yes", "", "paper", "7")

    def test_versions_are_appended_and_accepted_once_each(self, season: Season) -> None:
        olga, ada = season.who("Olga"), season.who("Ada")
        conduct.publish(olga, season.panel_ref, "Be kind.", "First", 0)
        assert conduct.publish(olga, season.panel_ref, "Be kind.", "Again", 0) == 1
        with pytest.raises(Refused, match="meanwhile"):
            conduct.publish(season.who("Otto"), season.panel_ref, "Be kinder.", "x", 0)
        for wrong in (("", "x"), ("Be", "")):
            with pytest.raises(Refused):
                conduct.publish(olga, season.panel_ref, *wrong, 1)
        conduct.accept(ada, season.panel_ref, 1)
        conduct.accept(ada, season.panel_ref, 1)
        assert conduct.publish(olga, season.panel_ref, "Be kinder.", "More", 1) == 2
        with pytest.raises(Refused, match="changed meanwhile"):
            conduct.accept(ada, season.panel_ref, 1)
        conduct.accept(ada, season.panel_ref, 2)
        held = seat(season, "Ada")
        assert held.conduct == 2 and held.conduct_at is not None
        accepted = [event.data for event in events_of(f"panel:{held.panel_id}") if event.kind == "conduct_accepted"]
        assert accepted == [{"seat": held.id, "version": 1}, {"seat": held.id, "version": 2}]
        with pytest.raises(NotFound):
            conduct.accept(season.who("Rob"), season.panel_ref, 2)
        with pytest.raises(Refused, match="Write how"):
            conduct.accept_on_paper(olga, season.panel_ref, season.ref("Ben"), 2, "")
        db.session.rollback()
        for statement in ("UPDATE conduct SET words = 'x'", "DELETE FROM conduct"):
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()

    def test_its_pages(self, app: Flask, season: Season, matter: str) -> None:
        officer = Inspector(app, budget=15).sign_in(season.who("Olga").id)
        page = officer.get(f"/panels/{season.panel_ref}/conduct/edit")
        assert "Judge the idea, not the person" in page.text
        officer.submit("Publish", 422)
        assert "Write why" in officer.text
        officer.submit("Publish", reason="So that all begin with the same")
        ada = Inspector(app, budget=15).sign_in(season.who("Ada").id)
        assert "First read and accept" in ada.get("/panels/").text
        assert ada.get(f"/panels/{season.panel_ref}/bids/{matter}", 303).location == f"/panels/{season.panel_ref}/conduct"
        ada.follow().submit("I accept", 422)
        ada.submit("I accept", read="y").follow()
        assert "You accepted version 1" in ada.text
        ada.get(f"/panels/{season.panel_ref}/bids/{matter}")
        Inspector(app).sign_in(season.who("Rob").id).get(f"/panels/{season.panel_ref}/conduct", 404).get(
            f"/panels/{season.panel_ref}/history", 404
        )
        Inspector(app).sign_in(season.who("Ada").id).get(f"/panels/{season.panel_ref}/conduct/edit", 404)


class TestOffers:
    def test_yes_with_a_seat_and_a_message(self, season: Season) -> None:
        ref = offers.offer(season.who("Rob"), season.panel_ref, "I like ideas")
        assert offers.offer(season.who("Rob"), season.panel_ref, "Twice") == ref
        offers.say_yes(season.who("Olga"), ref, kind="substitute", term_start=clock.today(), term_end=None, words="")
        assert seat(season, "Rob").kind == "substitute"
        assert [message.subject for message in told("Rob")] == ["You have a seat on the panel Mossgate panel"]
        assert "\n\n\n" not in told("Rob")[0].body
        with pytest.raises(Refused, match="meanwhile"):
            offers.say_yes(season.who("Otto"), ref, kind="member", term_start=clock.today(), term_end=None, words="")
        with pytest.raises(Refused, match="meanwhile"):
            offers.say_no(season.who("Otto"), ref, "No")
        with pytest.raises(Refused, match="sit on this panel already"):
            offers.offer(season.who("Rob"), season.panel_ref, "Once more")

    def test_no_with_a_kind_reason(self, season: Season) -> None:
        ref = offers.offer(season.who("Rob"), season.panel_ref, "I like ideas")
        with pytest.raises(Refused, match="kindly"):
            offers.say_no(season.who("Olga"), ref, "")
        offers.say_no(season.who("Olga"), ref, "The panel is full this year.")
        assert "The panel is full" in told("Rob")[0].body
        assert offers.offer(season.who("Rob"), season.panel_ref, "Next year") != ref

    def test_withdrawn_and_other_refusals(self, season: Season) -> None:
        with pytest.raises(Refused, match="in a line"):
            offers.offer(season.who("Rob"), season.panel_ref, "")
        ref = offers.offer(season.who("Rob"), season.panel_ref, "I like ideas")
        with pytest.raises(Refused, match="guest"):
            offers.say_yes(season.who("Olga"), ref, kind="guest", term_start=clock.today(), term_end=None, words="")
        with pytest.raises(Refused, match="last day"):
            offers.say_yes(
                season.who("Olga"), ref, kind="member", term_start=clock.today(), term_end=clock.today() - timedelta(days=1), words=""
            )
        offers.withdraw(season.who("Rosa"), season.panel_ref)  # nobody else's
        offers.withdraw(season.who("Rob"), season.panel_ref)
        offers.withdraw(season.who("Rob"), season.panel_ref)
        with pytest.raises(Refused, match="withdrawn"):
            offers.say_no(season.who("Olga"), ref, "No")
        with pytest.raises(NotFound):
            offers.say_no(season.who("Olga"), "OFR-2222-2222", "No")

    def test_from_the_help_page_to_the_desk_and_back(self, app: Flask, season: Season) -> None:
        rob = Inspector(app).sign_in(season.who("Rob").id).get("/help")
        assert "/panels/" in set(rob.links())
        rob.get("/panels/").get(f"/panels/offer/{season.panel_ref}").submit("Offer to sit", 422)
        rob.submit("Offer to sit", words="I like <b>ideas</b>").follow()
        assert "You offered to sit here" in rob.text
        assert "Take my offer back" in rob.get(f"/panels/offer/{season.panel_ref}").text
        officer = Inspector(app).sign_in(season.who("Olga").id)
        assert "neighbour who offers to sit on a panel" in officer.get("/desk/").text
        officer.get("/desk/seats")
        link = next(link for link in officer.links() if link.startswith("/desk/seats/OFR"))
        officer.get(link).submit("Give them this seat", 422)
        assert "Write the first day" in officer.text
        officer.get(link).submit("Not this time", 422)
        officer.get(link).submit("Not this time", no_words="The panel is full.").follow()
        assert "The panel is full." in rob.get("/panels/").text
        assert "You said no." in officer.get(link).text
        for path in ("/desk/seats", link):
            Inspector(app).sign_in(season.who("Ada").id).get(path, 404)


class TestTiesOnEvidence:
    def test_a_vote_counts_no_more_and_the_seat_hears(self, season: Season, matter: str) -> None:
        for name in ("Ada", "Ben", "Cleo", "Dan"):
            vote(season, matter, name)
        ties.declare_for(season.who("Ada"), season.panel_ref, matter, season.ref("Ben"), "family", "Her sister leads the group")
        standing = queries.standing(season.matter_by(matter))
        assert (standing.tally.yes, standing.tally.tied) == (3, 1) and queries.voted(season.matter_by(matter)) == 3
        about = f"matter:{season.matter_by(matter).id}"
        assert kinds_of(about)[-2:] == ["vote_withdrawn", "tie_declared"]
        assert not any("sister" in str(event.data) + (event.reason or "") for event in events_of(about)), "the note is for officers"
        message = told("Ben")[-1]
        assert "Ada has said" in message.body and "sister" not in message.body and "garden" not in message.body
        assert not queries.may_read(season.who("Ben").id, season.matter_by(matter).about)

    def test_the_same_when_a_seat_says_so_late(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ben")
        tie(season, matter, "Ben")
        assert kinds_of(f"matter:{season.matter_by(matter).id}")[-2:] == ["vote_withdrawn", "tie_declared"]
        tie(season, matter, "Dan")
        assert kinds_of(f"matter:{season.matter_by(matter).id}").count("vote_withdrawn") == 1, "Dan had not voted"

    def test_refusals(self, season: Season, matter: str) -> None:
        def say(who: str, whom: str, tie: str = "friend", reason: str = "Seen") -> None:
            ties.declare_for(season.who(who), season.panel_ref, matter, season.ref(whom), tie, reason)

        for wrong, says in (({"reason": ""}, "Write why"), ({"tie": "none"}, "what ties them"), ({"tie": "hunch"}, "Say whether")):
            with pytest.raises(Refused, match=says):
                say("Olga", "Ben", **wrong)
        for who in ("Rob", "Ben", "Fay"):
            with pytest.raises(NotYours):
                say(who, "Dan")
        with pytest.raises(Refused, match="yourself"):
            say("Ada", "Ada")
        with pytest.raises(NotFound):
            say("Olga", "Rob")
        say("Olga", "Ben")
        with pytest.raises(Refused, match="already"):
            say("Olga", "Ben")
        tie(season, matter, "Ada")
        with pytest.raises(NotFound):
            say("Ada", "Dan")  # a chair who is tied sees nothing
        for name in ("Cleo", "Dan"):
            vote(season, matter, name)
        with clock.held_at(clock.now() + timedelta(days=60)):
            actions.close(season.who("Olga"), season.panel_ref, matter)
        with pytest.raises(Refused, match="closed"):
            say("Olga", "Dan")

    def test_a_mistake_is_put_right_and_the_vote_is_given_anew(self, season: Season, matter: str) -> None:
        vote(season, matter, "Ben")
        olga = season.who("Olga")
        ties.declare_for(olga, season.panel_ref, matter, season.ref("Ben"), "family", "I thought so")
        for name, reason in (("Ben", ""), ("Dan", "x")):
            with pytest.raises(Refused):
                ties.correct(olga, season.panel_ref, matter, season.ref(name), reason)
        with pytest.raises(NotFound):
            ties.correct(season.who("Ada"), season.panel_ref, matter, season.ref("Ben"), "The chair cannot")
        ties.correct(season.who("Otto"), season.panel_ref, matter, season.ref("Ben"), "Another Ben")
        assert [row.tie for row in db.session.scalars(select(Interest).order_by(Interest.id))][-2:] == ["family", "none"]
        assert queries.standing(season.matter_by(matter)).tally.yes == 0
        assert queries.sitting(seat(season, "Ben"), season.matter_by(matter)).vote is None
        assert sum(queries.waiting_for(season.who("Ben").id).values()) == 1
        actions.vote(season.who("Ben"), season.panel_ref, matter, "yes")
        assert queries.standing(season.matter_by(matter)).tally.yes == 1
        assert told("Ben")[-1].subject == "You decide about an idea after all"

    def test_what_somebody_is_tied_to_by_what_it_is_cannot_be_put_right(self, season: Season) -> None:
        matter = season.with_panel(season.sent(by="Ada"))
        with pytest.raises(Refused, match="already"):
            ties.declare_for(season.who("Olga"), season.panel_ref, matter, season.ref("Ada"), "member", "It is hers")
        with pytest.raises(Refused, match="No tie was declared"):
            ties.correct(season.who("Olga"), season.panel_ref, matter, season.ref("Ada"), "x")

    def test_an_officer_who_sits_does_not_free_themselves(self, season: Season, matter: str) -> None:
        give(season, "Otto", "member")
        ties.declare_for(season.who("Olga"), season.panel_ref, matter, season.ref("Otto"), "friend", "Seen together")
        for attempt in (
            lambda: ties.correct(season.who("Otto"), season.panel_ref, matter, season.ref("Otto"), "x"),
            lambda: actions.close(season.who("Otto"), season.panel_ref, matter),
            lambda: ties.declare_for(season.who("Otto"), season.panel_ref, matter, season.ref("Ben"), "friend", "x"),
        ):
            with pytest.raises(NotFound):
                attempt()

    def test_the_seat_sees_that_and_by_whom_and_objects_once(self, app: Flask, season: Season, matter: str) -> None:
        ties.declare_for(season.who("Ada"), season.panel_ref, matter, season.ref("Ben"), "family", "A secret note")
        ben = Inspector(app, budget=16).sign_in(season.who("Ben").id).get(f"/panels/{season.panel_ref}")
        assert "garden" not in ben.text
        link = next(link for link in ben.links() if "/said/" in link)
        ben.get(link)
        assert "Ada noted" in ben.text and "A secret note" not in ben.text and "garden" not in ben.text
        ben.submit("This is not right", 422)
        ben.submit("This is not right", words="She is no sister of mine").follow()
        ties.object_to(season.who("Ben"), season.panel_ref, int(link.rsplit("/", 1)[1]), "Again")
        assert "She is no sister" in ben.get(link).text
        heard = [message for message in told("Olga") + told("Otto") if "does not agree" in message.subject]
        assert len(heard) == 2 and "She is no sister" in heard[0].body, "the chair noted it, so all officers hear"
        officer = Inspector(app, budget=40).sign_in(season.who("Olga").id).get(f"/panels/{season.panel_ref}/bids/{matter}/ties")
        assert officer.queries <= 15
        assert "A secret note" in officer.text and "She is no sister" in officer.text
        officer.submit("Put it right", 422)
        officer.submit("Put it right", none_reason="True").follow()
        assert "Nobody is tied" in officer.text
        for name in ("Ada", "Rob", "Olga"):
            Inspector(app).sign_in(season.who(name).id).get(link, 404)
        assert "A secret note" not in str(all_about(season.who("Ben").id))

    def test_the_chair_notes_one_on_the_page_and_reads_no_note(self, app: Flask, season: Season, matter: str) -> None:
        ties.declare_for(season.who("Olga"), season.panel_ref, matter, season.ref("Dan"), "money", "A secret note")
        path = f"/panels/{season.panel_ref}/bids/{matter}/ties"
        ada = Inspector(app, budget=40).sign_in(season.who("Ada").id).get(path, 404)  # before saying that nothing ties her
        actions.declare(season.who("Ada"), season.panel_ref, matter, "none")
        ada.get(path)
        assert "A secret note" not in ada.text and "Put it right" not in ada.text
        ada.submit("Note this tie", 422)
        ada.submit("Note this tie", tie_person=season.ref("Ben"), tie_tie="friend", tie_reason="Seen").follow()
        assert "Noted by Ada" in ada.text
        for name in ("Ben", "Cleo", "Rob"):  # tied, no chair, a stranger
            Inspector(app).sign_in(season.who(name).id).get(path, 404)


class TestMySittings:
    def test_soonest_first_on_all_panels_with_the_time_it_takes(self, app: Flask, season: Season) -> None:
        for number in range(5):
            season.with_panel(season.sent(f"Idea {number}"))
        other = seats.create_panel(season.who("Olga"), "Another panel", "")
        seats.add_seat(season.who("Olga"), other, season.ref("Ada"), term_start=clock.today(), term_end=None, reason="x")
        urgent = season.bid(season.sent("Urgent")).id
        with transaction():
            actions.open_matter(queries.panel(other).id, f"bid:{urgent}", Threshold(), clock.today(), season.actor("Olga"))
        ada = Inspector(app, budget=8).sign_in(season.who("Ada").id).get("/panels/")
        assert "about 30 minutes." in ada.text
        assert ada.text.index("Urgent") < ada.text.index("Idea 0") < ada.text.index("Idea 4")
        for number in range(8):
            season.with_panel(season.sent(f"More {number}"))
        assert "about 1 h 10 min." in ada.get("/panels/").text
        Inspector(app, budget=8).sign_in(season.who("Olga").id).get("/panels/")
        Inspector(app, budget=8).sign_in(season.who("Rob").id).get("/panels/")

    def test_an_officer_who_is_a_substitute_reads_as_an_officer_and_votes_when_called(
        self, app: Flask, season: Season, matter: str
    ) -> None:
        give(season, "Otto")
        otto = Inspector(app, budget=25).sign_in(season.who("Otto").id)
        assert "A garden for Mossgate" in otto.get(f"/panels/{season.panel_ref}").text
        assert "The count" in otto.get(f"/panels/{season.panel_ref}/bids/{matter}").text
        tie(season, matter, "Ada", "Ben")
        assert "say whether something ties you" in otto.get(f"/panels/{season.panel_ref}/bids/{matter}").text
        tie(season, matter, "Otto")
        otto.get(f"/panels/{season.panel_ref}/bids/{matter}", 404)
        assert "A garden for Mossgate" not in otto.get(f"/panels/{season.panel_ref}").text + otto.get("/desk/seats").text

    def test_an_uncalled_substitute_and_a_late_guest_find_nothing_anywhere(self, app: Flask, season: Season) -> None:
        opened_to_guests(season)
        matter = season.with_panel(season.sent())
        give(season, "Rob")
        conduct.accept(season.who("Rob"), season.panel_ref, 1)
        offers.join(season.who("Rosa"), season.panel_ref, 1)
        for name in ("Rob", "Rosa"):
            browser = Inspector(app, budget=15).sign_in(season.who(name).id)
            assert "garden" not in browser.get("/panels/").text + browser.get(f"/panels/{season.panel_ref}").text
            for path in ("", "/paper", "/ties"):
                browser.get(f"/panels/{season.panel_ref}/bids/{matter}{path}", 404)


class TestPagesOfSeats:
    def test_an_officer_changes_a_seat(self, app: Flask, season: Season) -> None:
        officer = Inspector(app, budget=15).sign_in(season.who("Olga").id)
        officer.get(f"/panels/{season.panel_ref}/seats/new").submit("Give this seat", 422)
        today = clock.today()
        typed: dict[str, Any] = {
            "term_start_day": today.day, "term_start_month": today.month, "term_start_year": today.year, "reason": "Drawn",
        }  # fmt: skip
        officer.submit("Give this seat", person="rob@example.org", kind="substitute", **typed).follow()
        assert "Substitute" in officer.text
        path = f"/panels/{season.panel_ref}/seats/{season.ref('Rob')}"
        officer.get(path).submit("Keep this", 422)
        officer.get(path).submit("Keep this", kind_kind="member", kind_reason="Needed").follow()
        conduct.publish(season.who("Olga"), season.panel_ref, "Be kind.", "First", 0)
        officer.get(path).submit("They accepted it", 422)
        officer.get(path).submit("They accepted it", paper_sheet="Sheet 9").follow()
        assert seat(season, "Rob").conduct == 1
        assert "Written down for them: Sheet 9" in officer.get(f"/panels/{season.panel_ref}/history").text

    def test_an_officer_changes_a_panel(self, app: Flask, season: Season) -> None:
        officer = Inspector(app, budget=15).sign_in(season.who("Olga").id)
        officer.get(f"/panels/{season.panel_ref}/edit").submit("Keep this", 422)
        officer.submit("Keep this", reason="Agreed", areas="mossgate", takes_guests="y").follow()
        assert "For Mossgate" in officer.text
        officer.get("/panels/new").submit("Make the panel", name="Another").follow()
        Inspector(app).sign_in(season.who("Ada").id).get(f"/panels/{season.panel_ref}/edit", 404)

    def test_a_guest_joins_on_the_page(self, app: Flask, season: Season) -> None:
        rob = Inspector(app, budget=30).sign_in(season.who("Rob").id)
        assert "takes no guests" in rob.get(f"/panels/join/{season.panel_ref}").text
        opened_to_guests(season)
        assert "Join as a guest" in rob.get("/panels/").text
        rob.get(f"/panels/join/{season.panel_ref}").submit("Join", 422)
        rob.submit("Join", read="y").follow()
        assert "Guest" in rob.text
        assert rob.get(f"/panels/join/{season.panel_ref}", 303).location == f"/panels/{season.panel_ref}"


class TestDates:
    def test_officers_hear_once_of_a_term_that_ends_within_a_month(self, season: Season) -> None:
        for name, days in (("Ada", 31), ("Ben", 30), ("Cleo", 2)):
            seats.end_seat(season.who("Olga"), season.panel_ref, season.ref(name), clock.today() + timedelta(days=days), "Term")
        assert seats.remind_of_ends() == 4 and seats.remind_of_ends() == 0
        subjects = [message.body.split("\n")[0] for message in told("Olga")]
        assert [line.split(" on ")[0] for line in subjects] == ["The term of Ben", "The term of Cleo"]
        with clock.held_at(clock.now() + timedelta(days=1)):
            assert seats.remind_of_ends() == 2, "now Ada's"


class TestLeaving:
    def test_their_seats_end_and_their_words_go(self, season: Season, matter: str) -> None:
        offers.offer(season.who("Rob"), season.panel_ref, "Words of Rob")
        ties.declare_for(season.who("Olga"), season.panel_ref, matter, season.ref("Ben"), "family", "Note")
        ties.object_to(season.who("Ben"), season.panel_ref, ties.said_of(seat(season, "Ben"))[0].interest.id, "Words of Ben")
        assert all_about(season.who("Rob").id)["offers to sit on a panel"][0]["why"] == "Words of Rob"
        for name in ("Rob", "Ben"):
            people.delete_me(season.who(name).id, season.actor(name))
        row = db.session.scalars(select(SeatOffer)).one()
        assert (row.status, row.words) == ("withdrawn", "")
        assert "Words of Ben" not in str(db.session.execute(text("select words from objection")).all())
        assert not offers.waiting() and "Former member" in story.story_of(panel_of(season))[0].sentence
        assert db.session.get_one(Person, season.who("Ben").id).name == "Former member"
        assert not db.session.scalars(select(PanelArea)).all()
