"""One hour, three jobs: it credits, it is match, it counts in the figures, once each, and no other path counts it again."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Problem, Refused
from portal.grants import match, queries
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
