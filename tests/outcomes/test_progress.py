"""The table of progress, the figures beside it, and the files and dashboard that say the same."""

import csv
import io
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.db import db, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.exports import achieved, files, filters, time
from portal.exports.dashboard import figures, report
from portal.exports.dashboard.figures import GRANTED, OFFERED
from portal.grants import pay, queries
from portal.grants import report as reports
from portal.grants.model import Award, Report
from portal.money import Minutes, Pence, financial_year
from portal.outcomes import catalogue, counting, hopes, progress
from portal.outcomes.model import Progress
from portal.outcomes.progress import Written
from portal.places import queries as places
from tests.grants.season import Season, begin


@pytest.fixture
def season(app: Flask) -> Season:
    """Figures are set by hand here, so the books are not asked."""
    made = begin()
    catalogue.begin(made.actor("Olga"))
    return made


def granted(season: Season, title: str, *places_in_list: int) -> str:
    """An idea that chose these lines of the list, and whose money has come."""
    ref = season.sent(title, 60_00)
    picked = [catalogue.offered()[place].ref for place in places_in_list]
    hopes.choose(ref, season.bid(ref).version, picked, season.actor("Rita"))
    pay.settle(season.released(season.ready(ref)).ref, clock.today(), season.actor("Fay"))
    db.session.rollback()
    return ref


def told(season: Season, ref: str, **far: str) -> None:
    """How far each came ("o1" the first), and the report sent."""
    answers = {int(name[1:]): hopes.Answer(how_far, "") for name, how_far in far.items()}
    hopes.tell(ref, reports.of_bid(season.bid(ref)).version, answers, season.actor("Rita"))
    with transaction():
        award = season_award(ref)
        db.session.execute(update(Report).where(Report.award_id == award).values(status="sent", sent_at=clock.now()))


def season_award(ref: str) -> int:
    found = queries.award_of(queries.bid(ref).id)
    assert found is not None
    return found.id


def this_year() -> filters.Filter:
    return filters.of_year(financial_year(clock.today()))


def test_each_change_keeps_old_and_new(season: Season) -> None:
    olga, mossgate = season.actor("Olga"), places.area("mossgate")
    progress.change(
        "support",
        None,
        0,
        Written("Tea on Tuesdays\nA telephone tree", "More people answer", "A poster", "Hub team", date(2026, 12, 1)),
        olga,
    )
    progress.change("support", mossgate, 0, Written("Lunch club"), olga)
    with pytest.raises(Conflict):
        progress.change("support", None, 0, Written("Mine"), olga)
    progress.change("support", None, 1, Written("Tea on Tuesdays"), olga)
    progress.change("support", None, 2, Written("Tea on Tuesdays"), olga)
    first, second = progress.story("support", None)
    assert first.data["before"]["doing"] == "" and first.data["after"]["by"] == "2026-12-01"
    assert second.data["before"]["who"] == "Hub team" and second.data["after"]["who"] == ""
    rows = progress.table(None, public=False)
    assert len(rows) == 5 and rows[0].doing == ["Tea on Tuesdays"] and rows[0].version == 2
    assert progress.table(mossgate, public=False)[0].doing == ["Lunch club"]


def test_what_it_refuses(season: Season) -> None:
    olga = season.actor("Olga")
    with pytest.raises(NotFound):
        progress.change("joy", None, 0, Written("x"), olga)
    with pytest.raises(NotFound):
        progress.one("joy", None)
    with pytest.raises(NotFound):
        progress.area_of("nowhere")
    with pytest.raises(Refused, match="Twenty lines"):
        progress.change("support", None, 0, Written("\n".join("x" * 21)), olga)


def test_the_database_has_the_last_word(season: Season) -> None:
    olga, mossgate = season.actor("Olga"), places.area("mossgate")
    progress.change("support", None, 0, Written("Tea"), olga)
    progress.change("support", mossgate, 0, Written("Tea"), olga)
    row = {
        "heading": "support", "area_id": None, "version": 1, "doing": "", "marker": "", "next_step": "", "who": "", "changed_at": clock.now(),
        "changed_by_id": olga.person_id,
    }  # fmt: skip
    for wrong in ({}, {"area_id": mossgate.id}, {"heading": "joy"}):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(insert(Progress).values({**row, **wrong}))


def test_a_grant_counts_once_by_what_came_furthest(season: Season) -> None:
    assert set(counting.PROMISED) == {*OFFERED, *GRANTED}, "as the dashboard counts grants"
    first = granted(season, "Beds", 0, 1, 2)  # two of connections, one of support
    granted(season, "Tea", 0)
    told(season, first, o1="a_little", o2="a_lot", o3="not_yet")
    with transaction():
        db.session.execute(update(Award).values(delivered=90))
    sums = counting.by_heading(counting.Which())
    assert (sums["connections"].grants, sums["connections"].parts, sums["connections"].minutes) == (2, (1, 0, 0, 1), 180)
    assert (sums["support"].grants, sums["support"].parts) == (1, (0, 0, 1, 0)) and sums["services"].grants == 0
    assert counting.by_heading(counting.Which(area="mossgate"))["support"].grants == 1
    assert counting.by_heading(counting.Which(fund="nothing"))["support"].grants == 0
    assert counting.by_heading(counting.Which(date(2020, 4, 1), date(2021, 3, 31)))["support"].grants == 0
    with transaction():
        db.session.execute(update(Award).values(status="declined"))
    assert counting.by_heading(counting.Which())["support"].grants == 0, "what was turned down achieved nothing"


def test_dashboard_and_file_say_the_same(season: Season, app: Flask) -> None:
    first = granted(season, "Beds", 0, 2)
    granted(season, "Tea", 0)
    told(season, first, o1="a_lot", o2="not_yet")
    found = figures.read(this_year())
    lines = list(csv.reader(io.StringIO(achieved.content(this_year(), public=False).decode())))
    assert tuple(lines[0]) == achieved.COLUMNS
    for heading, words in (("connections", "Facilitating connections"), ("support", "Building mutual support")):
        of_file = [line for line in lines[1:] if line[2] == words]
        sums = found.achieved[heading]
        assert sum(int(line[3]) for line in of_file) == sums.grants
        assert tuple(sum(int(line[place]) for line in of_file) for place in range(4, 8)) == sums.parts
    public = achieved.content(this_year(), public=True).decode()
    assert "under 5" in public and ",2," not in public and ",1," not in public
    assert report.came(found)[0][:3] == ("Building mutual support", "1", "0")


def test_the_estimate_is_apart_from_money(season: Season) -> None:
    """Hours first, then hours x rate with each rate that it was made of; no sum of money holds it."""
    may, june = (
        (month, "", "Gardening", 7, files.Hours(Minutes(600)), files.Hours(Minutes(600)), files.Money(Pence(rate)), source, files.Money(Pence(10 * rate)))
        for month, rate, source in (("2026-05", 12_00, "ONS median, 2025"), ("2026-06", 13_00, "ONS median, 2026"))
    )  # fmt: skip
    few = ("2026-06", "", time.FEW, None, None, None, None, None, None)
    found = figures.read(this_year())
    before = report.facts(found)
    figures.add_hours(found, [may, few, june, may])
    assert (found.minutes, found.estimate) == (1800, 370_00)
    assert report.facts(found) == before, "no sum of money changed"
    assert report.given(found) == [("Hours given in the timebank", "30 h"), ("What it would cost to pay for them (an estimate)", "£370.00")]
    said = report.no_cash(found)
    assert "This is not cash" in said and "(£12.00 an hour: ONS median, 2025; £13.00 an hour: ONS median, 2026)" in said
    figures.add_hours(without := figures.read(this_year()), [])
    assert without.estimate is None and report.no_cash(without) == "" and len(report.given(without)) == 1
    assert report.given(figures.read(filters.of_year(financial_year(clock.today()), fund="small-sparks"))) == [], "hours belong to no fund"
