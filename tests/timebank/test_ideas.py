"""One hour, three jobs: it credits, it is match, it counts in the figures, once each, and no other path counts it again."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Problem, Refused
from portal.grants import match, queries
from portal.grants.rules import like_names
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Minutes
from portal.timebank import exchange, members
from portal.timebank.rules import TimeRules
from portal.work import queries as works
from portal.work.model import WorkRecord, WorkUse
from tests.client import Inspector
from tests.grants.season import Season, begin
from tests.timebank.bank import Bank, assert_books_are_right


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    """A grant under way on its first day, asked for by Rita; Rob has promised, Rosa has not; all three are members."""
    made = begin()
    ref = made.sent()
    rob = match.invite(ref, "Rob", ("email", "rob@example.org"), made.actor("Rita"))
    pledge = next(each for each in queries.pledges_of(made.bid(ref).id) if each.ref == rob)
    match.say_yes(match.token_of(pledge), "hours", Minutes(300), Minutes(0), 0, "")
    award = made.ready(ref)
    members.open_timebank(TimeRules(), made.actor("Olga"))
    area = award.area_id
    assert area is not None
    made.bank = Bank(people=made.people)  # type: ignore[attr-defined]
    for name in ("Rita", "Rob", "Rosa", "Cleo", "Otto", "Olga"):
        made.bank.cards[name] = members.join(made.who(name).id, area, True, made.actor(name))  # type: ignore[attr-defined]
    made.idea = ref  # type: ignore[attr-defined]
    with clock.held_at(clock.start_of_day(award.first_day) + timedelta(hours=12)):
        yield made


def bank(season: Season) -> Bank:
    return season.bank  # type: ignore[attr-defined,no-any-return]


def idea_of(season: Season) -> str:
    return season.idea  # type: ignore[attr-defined,no-any-return]


def purpose() -> int:
    found = works.open_purposes(clock.today())
    assert [each.title for each in found] == ["A garden for Mossgate"]
    return found[0].id


def log(season: Season, giver: str, receiver: str, minutes: int = 60) -> str:
    b = bank(season)
    return exchange.log(
        b.cards[giver], b.cards[receiver], "gave", minutes, "garden", clock.today(), "", season.actor(giver), once_key=uuid.uuid4().hex,
        again=True, purpose_id=purpose(),
    )  # fmt: skip


def uses() -> dict[str, int]:
    """How many records count for each use, of those that stand."""
    query = select(WorkUse.use, func.count()).join(WorkRecord).where(WorkRecord.refused_at.is_(None)).group_by(WorkUse.use)
    return dict(db.session.execute(query).tuples().all())


def delivered(season: Season) -> int:
    db.session.rollback()
    award = season.award(season.idea)  # type: ignore[attr-defined]
    assert award.delivered == books.balance(f"award:{award.id}:delivered")
    return int(award.delivered)


def test_three_jobs_once_each(season: Season) -> None:
    ref = log(season, "Rob", "Cleo", 90)
    assert delivered(season) == 0
    exchange.answer(ref, 75, "", season.who("Cleo"), shown=90)
    assert bank(season).has("Rob") == 75 and delivered(season) == 75 and uses() == {"credit": 1, "match": 1, "figures": 1}
    pledge = next(each for each in queries.pledges_of(season.bid(season.idea).id) if each.name == "Rob")  # type: ignore[attr-defined]
    assert pledge.status == "checked", "his promise is kept"
    assert_books_are_right()


def test_who_promised_nothing_helps_too_and_who_asks_does_not(season: Season) -> None:
    exchange.answer(log(season, "Rosa", "Cleo"), 60, "", season.who("Cleo"), shown=60)
    assert delivered(season) == 60
    with pytest.raises(Refused, match="Whoever asks for an idea does not count"):
        log(season, "Rita", "Cleo")


@pytest.mark.parametrize("ways", [*permutations(("link", "applicant", "exchange")), ("exchange", "again", "link")], ids=" then ".join)
def test_no_two_paths_count_one_day_twice(season: Season, ways: tuple[str, ...]) -> None:
    """The neighbour's own link, the applicant's list, an exchange, a second exchange: in whatever order, the day counts once."""
    idea = season.idea  # type: ignore[attr-defined]
    pledge = next(each for each in queries.pledges_of(season.bid(idea).id) if each.name == "Rob")
    token, ref = match.token_of(pledge), pledge.ref
    for way in ways:
        try:
            if way == "link":
                match.check(idea, match.did_it(token, clock.today(), Minutes(60), ""), season.actor("Rita"))
            elif way == "applicant":
                match.check(idea, match.log_for(idea, ref, clock.today(), Minutes(60), "", season.actor("Rita")), season.actor("Olga"))
            else:
                exchange.answer(
                    log(season, "Rob", "Cleo" if way == "exchange" else "Rosa"),
                    60,
                    "",
                    season.who("Cleo" if way == "exchange" else "Rosa"),
                    shown=60,
                )
        except Problem:
            continue
    assert delivered(season) == 60 and uses()["match"] == 1 and uses()["figures"] == 1
    assert_books_are_right()


def test_the_database_refuses_a_second_use(season: Season) -> None:
    exchange.answer(log(season, "Rob", "Cleo"), 60, "", season.who("Cleo"), shown=60)
    row = db.session.scalars(select(WorkRecord)).one()
    for use in ("credit", "match", "figures"):
        with pytest.raises(IntegrityError), transaction():
            db.session.add(WorkUse(work_record_id=row.id, use=use, used_at=clock.now()))


def test_what_settles_by_itself_is_credit_and_waits_for_a_second_person_as_match(season: Season) -> None:
    log(season, "Rob", "Cleo")
    with clock.held_at(clock.now() + timedelta(days=14)):
        assert exchange.settle_due() == 1
        assert bank(season).has("Rob") == 60 and delivered(season) == 0
        row = db.session.scalars(select(WorkRecord)).one()
        match.check(season.idea, row.ref, season.actor("Olga"))  # type: ignore[attr-defined]
        assert delivered(season) == 60
        assert_books_are_right()


def test_taken_back_turned_down_and_put_right(season: Season) -> None:
    exchange.withdraw(log(season, "Rob", "Cleo"), season.who("Rob"))
    no = log(season, "Rob", "Cleo")
    exchange.answer(no, 0, "It was not so", season.who("Cleo"), shown=60)
    exchange.decide(no, 0, "It was another day", season.who("Olga"))
    assert delivered(season) == 0 and uses() == {}
    yes = log(season, "Rob", "Cleo", 120)
    exchange.answer(yes, 120, "", season.who("Cleo"), shown=120)
    exchange.put_right(yes, 60, "It was one hour", season.who("Otto"))
    assert bank(season).has("Rob") == 60 and delivered(season) == 60
    exchange.put_right(yes, 0, "It was another idea", season.who("Otto"))
    assert bank(season).has("Rob") == 0 and delivered(season) == 0
    assert_books_are_right()


def test_the_page_offers_the_idea_and_the_idea_shows_the_hours(season: Season, app: Flask) -> None:
    rob = Inspector(app, 60).sign_in(season.who("Rob").id).get(f"/timebank/log/gave/{bank(season).cards['Cleo']}")
    rob.submit("Write it down", kind="garden", time="2 h", purpose=str(purpose()))
    rob.follow()
    ref = rob.path.rpartition("/")[2]
    Inspector(app, 60).sign_in(season.who("Cleo").id).get(f"/timebank/exchanges/{ref}").submit("Yes, 2 h")
    rob.get(f"/timebank/exchanges/{ref}")
    assert "A garden for Mossgate, counted" in rob.text
    rita = Inspector(app, 60).sign_in(season.who("Rita").id).get(f"/grants/{season.idea}/match")  # type: ignore[attr-defined]
    assert "2 h" in rita.text and delivered(season) == 120


def test_hours_of_an_organisation_are_no_neighbours(season: Season) -> None:
    b = bank(season)
    b.areas["mossgate"] = b.member("Rob").area_id
    b.group("Friends", "Rosa")
    with pytest.raises(Refused, match="the hours of people count"):
        exchange.log(
            b.cards["Friends"], b.cards["Cleo"], "gave", 60, "garden", clock.today(), "", Actor(season.who("Rosa").id), once_key="x", purpose_id=purpose()
        )  # fmt: skip


class TestTheIdeaSeesAll:
    """Hours from the timebank stand on the idea's page, whoever gave them, and somebody there can say that they were so."""

    def waiting(self, season: Season) -> str:
        """Rosa, who is in no list of the idea, gave an hour that settled by itself; returns the reference of the hours."""
        log(season, "Rosa", "Cleo")
        with clock.held_at(clock.now() + timedelta(days=14)):
            exchange.settle_due()
        return db.session.scalars(select(WorkRecord.ref)).one()

    def test_of_somebody_who_is_not_in_the_list(self, season: Season, app: Flask) -> None:
        idea = idea_of(season)
        self.waiting(season)
        rita = Inspector(app, 40).sign_in(season.who("Rita").id).get(f"/grants/{idea}")
        assert "1 h that neighbours gave wait for a second person" in rita.text
        rita.get(f"/grants/{idea}/match")
        assert "Rosa" in rita.text and "Given: 1 h of about" in rita.text and "Checked: 0 h of about" in rita.text
        rita.submit("Yes, 1 h is right").follow()
        assert delivered(season) == 60 and "Checked: 1 h of about" in rita.text
        assert "Given and checked so far: 1 h" in rita.get(f"/grants/{idea}").text

    def test_the_desk_knows_what_waits(self, season: Season, app: Flask) -> None:
        self.waiting(season)
        olga = Inspector(app, 40).sign_in(season.who("Olga").id).get("/desk/")
        assert "idea whose hours wait for a second person" in olga.text
        assert "A garden for Mossgate" in olga.get("/desk/hours").text and "1 line, 1 h" in olga.text
        assert "1 h to check" in olga.get(f"/desk/bids/{idea_of(season)}").text

    def test_the_two_settle_on_another_figure_after_the_idea_has_checked_it(self, season: Season) -> None:
        ref = log(season, "Rosa", "Cleo", 120)
        match.check(idea_of(season), db.session.scalars(select(WorkRecord.ref)).one(), season.actor("Olga"))
        assert delivered(season) == 120
        exchange.answer(ref, 60, "", season.who("Cleo"), shown=120)
        exchange.accept_answer(ref, season.who("Rosa"), shown=60)
        assert bank(season).has("Rosa") == 60 and delivered(season) == 60


class TestALikeName:
    """A name on paper in the idea's list may be a member whose hours came from the timebank: an hour counts once."""

    def paper(self, season: Season, name: str = "Rosa Marsh") -> str:
        return match.enter(
            idea_of(season), name, None, "hours", Minutes(60), Minutes(0), 0, "", Actor(season.who("Olga").id, None, "paper sheet")
        )

    def member_first(self, season: Season) -> None:
        exchange.answer(log(season, "Rosa", "Cleo", 90), 90, "", season.who("Cleo"), shown=90)
        assert delivered(season) == 90

    def test_who_writes_it_down_says_that_it_is_another_hour(self, season: Season, app: Flask) -> None:
        self.member_first(season)
        pledge = self.paper(season)
        idea = idea_of(season)
        olga = Inspector(app, 40).sign_in(season.who("Olga").id).get(f"/grants/{idea}/match/{pledge}/hours")
        today = clock.today()
        typed: dict[str, Any] = {"day-day": str(today.day), "day-month": str(today.month), "day-year": str(today.year), "minutes": "1 h"}
        olga.submit("Write it down", status=422, **typed)
        assert "Rosa has 1 h 30 min of" in olga.text and "Count an hour only once" in olga.text
        olga.submit("Write it down", another="y", **typed).follow()
        assert "Rosa has 1 h 30 min of that day here too" in olga.text

    def test_who_checks_sees_both_and_says_the_same(self, season: Season, app: Flask) -> None:
        self.member_first(season)
        idea = idea_of(season)
        ref = match.log_for(idea, self.paper(season), clock.today(), Minutes(60), "", season.actor("Olga"), another=True)
        with pytest.raises(Refused, match="Count an hour only once"):
            match.check(idea, ref, season.actor("Otto"))
        otto = Inspector(app, 40).sign_in(season.who("Otto").id).get(f"/grants/{idea}/match/hours/{ref}/twice")
        otto.submit("It is another hour: 1 h count").follow()
        assert delivered(season) == 150

    def test_one_person(self, season: Season, app: Flask) -> None:
        self.member_first(season)
        idea = idea_of(season)
        pledge = self.paper(season)
        ref = match.log_for(idea, pledge, clock.today(), Minutes(60), "", season.actor("Olga"), another=True)
        otto = Inspector(app, 40).sign_in(season.who("Otto").id).get(f"/grants/{idea}/match/hours/{ref}/twice")
        otto.submit("Rosa Marsh is Rosa of the timebank").follow()
        assert delivered(season) == 90 and uses()["match"] == 1
        assert [each.ref for each in db.session.scalars(select(WorkRecord).where(WorkRecord.refused_at.is_not(None)))] == [ref]
        assert "from the timebank" not in otto.text, "in the list now"
        with pytest.raises(Refused, match="checked already"):
            match.log_for(idea, pledge, clock.today(), Minutes(60), "", season.actor("Olga"))
        with pytest.raises(Refused, match="cannot be made one"):
            match.one_person(
                idea, pledge, db.session.scalars(select(WorkRecord.ref).where(WorkRecord.refused_at.is_(None))).one(), season.actor("Olga")
            )

    def test_the_paper_first_then_the_timebank_waits_on_the_ideas_page(self, season: Season) -> None:
        idea = idea_of(season)
        ref = match.log_for(idea, self.paper(season), clock.today(), Minutes(60), "", season.actor("Olga"))
        match.check(idea, ref, season.actor("Otto"))
        exchange.answer(log(season, "Rosa", "Cleo"), 60, "", season.who("Cleo"), shown=60)
        assert bank(season).has("Rosa") == 60 and delivered(season) == 60, "the credit, and the match waits"

    def test_both_checked_stay_two(self, season: Season) -> None:
        self.member_first(season)
        idea, pledge = idea_of(season), self.paper(season)
        ref = match.log_for(idea, pledge, clock.today(), Minutes(60), "", season.actor("Olga"), another=True)
        match.check(idea, ref, season.actor("Otto"), another=True)
        member = db.session.scalars(select(WorkRecord.ref).where(WorkRecord.worker == f"person:{season.who('Rosa').id}")).one()
        with pytest.raises(Refused, match="Both have checked hours"):
            match.one_person(idea, pledge, member, season.actor("Olga"))

    @pytest.mark.parametrize(
        ("one", "other", "like"),
        [("Elsie Reyes", "elsie", True), ("E. Reyes", "Elsie Reyes", True), ("Zoë Dear", "Zoe Dear", True), ("Elsy Reyes", "Elsie Reyes", True), ("Rob", "Rosa", False), ("Elsie Reyes", "Elsie Marsh", False), ("Ann B", "Ann C", False), ("", "Ann", False)],
    )  # fmt: skip
    def test_names(self, one: str, other: str, like: bool) -> None:
        assert like_names(one, other) == like_names(other, one) == like
