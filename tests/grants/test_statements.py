"""A funder's statement: what came in, what became of it, what is left; by year and fund, as the books say. And money that goes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DatabaseError, IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import award, closing, floats, pay, pooled, queries, report, rounds, statements, withdrawals
from portal.grants.model import Funder
from portal.grants.pooled_model import Withdrawal
from portal.grants.rules import RoundRules
from portal.grants.statements import Year
from portal.ledger import queries as books
from portal.ledger.posting import Line, post
from portal.money import Pence, financial_year
from portal.refs import new_ref
from tests.client import Inspector
from tests.grants.pots import FREE, at, contribute, left, pot, settled, shares
from tests.grants.season import Season, assert_books_are_right
from tests.grants.sparks import granted, spend

FUND = "small-sparks"


@pytest.fixture
def season(app: Flask) -> Iterator[Season]:
    yield pot()
    assert sum(left().values()) == books.balance(FREE) and min(left().values()) >= 0
    assert_books_are_right()


def lines(code: str = "council") -> list[Year]:
    db.session.rollback()
    return list(statements.years_of(statements.funder_by_code(code)))


def sums(each: Year) -> tuple[int, ...]:
    return each.came, each.back, each.promised, each.returned, each.paid, each.left


def test_a_year_on_one_line(season: Season) -> None:
    """£250 promised, £100 of it paid, £150 not needed, £20 refunded; the council's part of it is ten eighteenths."""
    made = season.ready()
    settled(season, made, 100_00)
    pay.keep_rest(made.ref, "Cheaper than we thought", season.actor("Fay"))
    pay.refund(made.ref, Pence(20_00), clock.today(), "Not spent", season.actor("Fay"))
    wrong = contribute(season, "council", 77_00)
    rounds.reverse_contribution(wrong, "Typed twice", season.actor("Olga"))
    (line,) = lines()
    assert (line.year, line.fund.code) == (financial_year(clock.today()), FUND)
    assert sums(line) == (1000_00, 0, 138_89, 94_44, 44_45, 955_55)
    assert sum(sums(each)[5] for code in left() for each in lines(code)) == books.balance(FREE)


@pytest.mark.parametrize("hour", [22, 23])
def test_the_year_ends_at_midnight_in_london(season: Season, hour: int) -> None:
    """31 March 2030, 23:30 in London (already summer time there), and half an hour into April."""
    with clock.held_at(datetime(2030, 3, 31, hour, 30, tzinfo=UTC)):
        made = season.ready()
        assert {each.year for each in lines()} == {financial_year(clock.today()), "2029-30" if hour == 22 else "2030-31"} | {
            lines()[-1].year
        }
        assert lines()[0].year == ("2029-30" if hour == 22 else "2030-31")
    with clock.held_at(datetime(2030, 5, 1, 12, tzinfo=UTC)):
        settled(season, made)
        newest = lines()[0]
        assert (newest.year, newest.paid) == ("2030-31", 138_89)
        assert newest.promised == (138_89 if hour == 23 else 0), "what was promised last year is not promised again"


def test_a_float_over_two_years(season: Season, tmp_path: object) -> None:
    float_ = granted(season, 90_00)
    first = lines()[0]
    assert (first.promised, first.paid, first.left) == (50_00, 0, 950_00)
    with clock.held_at(clock.now() + timedelta(days=370)):
        floats.take_back(float_.ref, "The year is over", season.actor("Olga"))
        newest = lines()[0]
        assert (newest.promised, newest.returned, newest.left) == (0, 50_00, 1000_00) and newest.year > first.year


def test_quick_sparks_are_paid(season: Season, tmp_path_factory: pytest.TempPathFactory) -> None:
    granted(season, 90_00)
    spend(season, tmp_path_factory.mktemp("photos"))
    assert lines()[0].paid == 8_33 == at("council").quick


def test_ideas_that_the_money_helped(season: Season) -> None:
    made, gone = season.offered(), season.offered(season.sent("Benches", by="Rob"))
    award.decline(gone.ref, season.actor("Rob"))
    found = statements.ideas_of(statements.funder_by_code("harbour"), clock.today(), clock.today())
    assert [(each.ref, each.share, each.grant) for each in found] == [(made.ref, 41_67, 250_00)]


def test_a_closed_fund_gives_each_what_is_left_of_theirs(season: Season) -> None:
    made = season.offered()
    award.decline(made.ref, season.actor("Rita"))
    rounds.finish_round(season.round_ref, season.actor("Olga"))
    closing.ask(FUND, "It has done its work", season.actor("Olga"))
    closing.confirm(FUND, books.balance(FREE), season.actor("Fay"))
    assert sums(lines("harbour")[0]) == (300_00, 300_00, 41_67, 41_67, 0, 0)


def test_a_broken_sum_is_found(season: Season) -> None:
    made = season.ready()
    settled(season, made)
    with transaction():
        db.session.execute(sa.text("UPDATE award SET paid = paid - 100"))
    assert any("The Harbour Trust" in each for each in statements.broken_caches())
    with transaction():
        db.session.execute(sa.text("UPDATE award SET paid = paid + 100"))


def test_a_funder_who_is_short_since_before_shares_were_kept(season: Season, app: Flask) -> None:
    """As after an upgrade: £60 of Tideway's went out of the pot that were promised. The others bear it, and take out no more than is there."""
    season.offered()
    key = new_ref("TST")
    with transaction():
        post([Line(FREE, "funder:tideway", 490_56)], key=key, kind="given_back", about="test", sentence="By an older rule", actor="test")
    free = books.balance(FREE)
    now = pooled.positions(queries.fund_by_code(FUND))
    assert now["tideway"].bare == -60_00 and now["council"].bare == 861_11
    assert sum(left().values()) == free and left()["tideway"] == 0
    assert sum(lines(code)[0].left for code in left()) == free and lines()[0].covers == 861_11 - left()["council"]
    assert withdrawals.free(queries.fund_by_code(FUND), statements.funder_by_code("harbour")) == left()["harbour"] < 258_33
    with pytest.raises(Refused, match="of this funder"):
        asked(season, 258_33)
    waits, theirs = asked(season, left()["harbour"]), left()["harbour"]
    second = season.offered(season.sent("Benches", by="Rob"))
    assert "Tideway Homes" not in shares(second)
    with pytest.raises(Refused, match="of this funder"):
        withdrawals.confirm(waits, season.actor("Fay"))
    award.decline(second.ref, season.actor("Rob"))
    assert withdrawals.confirm(waits, season.actor("Fay")) == theirs
    page = Inspector(app, budget=20).sign_in(season.who("Olga").id).get("/desk/funders/council")
    assert "stands in for a funder" in page.text
    assert_books_are_right()


# --- a funder leaves -----------------------------------------------------------------------------------------------------


def asked(season: Season, pence: int, funder: str = "harbour", by: str = "Olga") -> str:
    return withdrawals.ask(FUND, funder, Pence(pence), "They end their work here", season.actor(by))


def test_a_funder_leaves_and_what_is_promised_stays(season: Season) -> None:
    made = season.ready()
    ref = asked(season, 258_33)
    assert asked(season, 258_33) == ref, "a second tap"
    assert withdrawals.confirm(ref, season.actor("Fay")) == 258_33
    assert withdrawals.confirm(ref, season.actor("Fay")) == 258_33, "a second tap"
    assert books.balance("funder:harbour") == -41_67 and at("harbour").promised == 41_67 and left()["harbour"] == 0
    settled(season, made)
    assert sums(lines("harbour")[0]) == (300_00, 258_33, 41_67, 0, 41_67, 0)
    assert queries.figures_of(queries.fund_by_code(FUND))[season.fund_id].given_back == 258_33
    other = season.offered(season.sent("Benches", by="Rob"))
    assert "The Harbour Trust" not in shares(other)


def test_what_comes_back_later_is_theirs_too(season: Season) -> None:
    made = season.offered()
    withdrawals.confirm(asked(season, 258_33), season.actor("Fay"))
    award.decline(made.ref, season.actor("Rita"))
    withdrawals.confirm(asked(season, 41_67), season.actor("Fay"))
    assert books.balance("funder:harbour") == 0


def test_refused(season: Season) -> None:
    season.offered()
    for pence, sentence in ((258_34, r"258\.33 of this funder"), (0, "how much goes back")):
        with pytest.raises(Refused, match=sentence):
            asked(season, pence)
    with pytest.raises(Refused, match="Write why"):
        withdrawals.ask(FUND, "harbour", Pence(1), "", season.actor("Olga"))
    with pytest.raises(NotFound):
        asked(season, 1, "nobody")
    ref = asked(season, 100_00)
    with pytest.raises(Refused, match="waits for a second person already"):
        asked(season, 50_00)
    with pytest.raises(Refused, match="You asked for this"):
        withdrawals.confirm(ref, season.actor("Olga"))
    withdrawals.cancel(ref, season.actor("Otto"))
    withdrawals.cancel(ref, season.actor("Otto"))
    with pytest.raises(Refused, match="Nobody asks for this now"):
        withdrawals.confirm(ref, season.actor("Fay"))
    done = asked(season, 50_00)
    withdrawals.confirm(done, season.actor("Fay"))
    with pytest.raises(Refused, match="gone back meanwhile"):
        withdrawals.cancel(done, season.actor("Olga"))
    with pytest.raises(Refused, match="Nobody asks for this now"):
        withdrawals.confirm(done, season.actor("Otto"))


def test_refused_when_it_was_promised_meanwhile(season: Season) -> None:
    ref = asked(season, 300_00)
    season.offered()
    with pytest.raises(Refused, match=r"258\.33 of this funder"):
        withdrawals.confirm(ref, season.actor("Fay"))
    assert left()["harbour"] == 258_33 and books.balance("funder:harbour") == -300_00


def test_the_database_wants_two_people_and_keeps_what_is_done(season: Season) -> None:
    ref = asked(season, 10_00)
    with pytest.raises(IntegrityError), transaction():
        row = db.session.scalars(sa.select(Withdrawal).where(Withdrawal.ref == ref)).one()
        row.done_by_id, row.done_at = row.asked_by_id, clock.now()
    db.session.rollback()
    withdrawals.confirm(ref, season.actor("Fay"))
    with pytest.raises(DatabaseError), transaction():
        db.session.execute(sa.text("UPDATE withdrawal SET amount = 1"))
    db.session.rollback()


# --- pages ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def on_sqlite(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only the page differs")


def test_the_pages(on_sqlite: None, app: Flask, season: Season) -> None:
    made = season.ready()
    settled(season, made)
    report.waive(made.application.ref, "Seen", season.actor("Olga"))
    olga = Inspector(app, budget=20).sign_in(season.who("Olga").id)
    assert "£258.33" in olga.get("/desk/funders").text and olga.queries <= 10
    assert "£41.67" in olga.get("/desk/funders/harbour").text
    assert "A garden for Mossgate" in olga.get("/desk/funders/harbour/letter").text
    for year, sentence in (("never", "like 2026-27"), ("2041-42", "has not begun"), ("2026-28", "like 2026-27")):
        assert sentence in olga.get(f"/desk/funders/harbour/letter?year={year}", 404).text
        assert "/desk/funders/harbour" in set(olga.links()), "the way on"
    olga.get("/desk/funders/nobody", 404)
    file = olga.client.get("/desk/funders/harbour/statement.csv").get_data(as_text=True)
    assert file.splitlines()[1].endswith(",Small Sparks,300.00,0.00,41.67,0.00,41.67,258.33")
    rounds.open_fund("winter", "Warm Winter", "", RoundRules(), season.actor("Olga"))
    id_ = db.session.scalars(sa.select(Funder.id).where(Funder.code == "harbour")).one()
    rounds.contribute(queries.fund_by_code("winter").id, id_, Pence(5_00), clock.today(), "", season.actor("Olga"))
    assert "Warm Winter" in olga.get("/desk/funders/harbour/letter").text
    assert olga.client.get("/desk/funders/harbour/letter.pdf").data.startswith(b"%PDF")
    olga.get("/desk/funders/harbour/take-out/small-sparks")
    olga.submit("Ask a second person", 422, amount="300", reason="They leave")
    olga.submit("Ask a second person", amount="258.33", reason="They leave").follow()
    ref = withdrawals.all_waiting()[0][0].ref
    fay = Inspector(app, budget=15).sign_in(season.who("Fay").id)
    fay.get(f"/desk/funders/council/withdrawals/{ref}", 404)
    fay.get("/desk/funders")
    fay.get(f"/desk/funders/harbour/withdrawals/{ref}")
    assert "They leave" in fay.text
    olga.get(f"/desk/funders/harbour/withdrawals/{ref}")
    olga.submit("Leave it in the fund")
