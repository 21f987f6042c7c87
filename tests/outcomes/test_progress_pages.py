"""The pages of progress and of what was achieved."""

import pytest
from flask import Flask

from portal import clock
from portal.grants import pay
from portal.money import financial_year
from portal.outcomes import catalogue, hopes
from tests.client import Inspector
from tests.grants.season import Season, begin
from tests.tagged import Tagged


@pytest.fixture
def season(app: Flask) -> Season:
    made = begin()
    catalogue.begin(made.actor("Olga"))
    ref = made.sent()
    hopes.choose(ref, made.bid(ref).version, [catalogue.offered()[0].ref], made.actor("Rita"))
    pay.settle(made.released(made.ready(ref)).ref, clock.today(), made.actor("Fay"))
    return made


def test_the_table_is_written_and_read(app: Flask, season: Season) -> None:
    olga = Inspector(app, budget=15).sign_in(season.who("Olga").id).get("/desk/progress")
    assert "Grants that hoped for it" in olga.text and "/desk/progress/support" in olga.links()
    olga.get("/desk/progress/support").submit("Keep this row", by_day="31", by_month="2", by_year="2027", doing="Tea", status=422)
    assert "Tea" in olga.text
    olga.get("/desk/progress/support").submit("Keep this row", doing="Tea on Tuesdays", next_step="A poster", who="Hub team").follow()
    assert "Tea on Tuesdays" in olga.text and "Hub team" in olga.text
    assert "Olga" in olga.get("/desk/progress/support").text
    olga.get("/desk/progress/support?area=mossgate").submit("Keep this row", doing="Lunch club").follow()
    assert "Lunch club" in olga.text and "Tea on Tuesdays" not in olga.text
    public = Inspector(app, budget=8).get("/register/progress")
    assert "Tea on Tuesdays" in public.text and "A poster" in public.text and "Hub team" not in public.text and "under 5" in public.text
    public.get("/register/progress?area=nowhere", status=404)
    public.get("/desk/progress", status=303)
    olga.get("/desk/progress/joy", status=404)
    Inspector(app).sign_in(season.who("Fay").id).get("/desk/progress", status=404)


def test_figures_report_and_files(app: Flask, season: Season) -> None:
    year = financial_year(clock.today())
    fay = Inspector(app, budget=15).sign_in(season.who("Fay").id).get("/finance/figures")
    assert "What it achieved" in fay.text and "Facilitating connections" in fay.text and "Hours given in the timebank" in fay.text
    fay.submit("The lines behind it (CSV)", status=200)
    assert "Facilitating connections,1,0,0,0,1" in fay.text
    assert f"outcomes-{year[:4]}" in fay.get("/finance/exports/log").text
    drawn = Tagged(fay.client.get(f"/finance/figures.pdf?year={year}").data)
    assert (
        "What it achieved" in drawn.text() and "Facilitating connections" in drawn.text() and "Hours that neighbours gave" in drawn.text()
    )
    public = Inspector(app, budget=8).get(f"/register/outcomes-{year}.csv")
    assert "Facilitating connections,under 5" in public.text
    public.get("/register/outcomes-2026-99.csv", status=404)
