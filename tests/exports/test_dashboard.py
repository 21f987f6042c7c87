"""The dashboard's numbers are the files' numbers, whatever is chosen."""

from datetime import date

import pytest
from flask import Flask

from portal.errors import Refused
from portal.exports import filters, packs
from portal.exports.dashboard import figures, report
from portal.exports.dashboard.figures import Sum
from portal.exports.filters import Filter
from portal.ledger import queries as books
from tests.client import Inspector
from tests.conftest import Store
from tests.exports.small import Small
from tests.tagged import Tagged


def total(name: str, chosen: Filter) -> tuple[int, int]:
    totals = packs.Totals()
    for _row in packs.counted(packs.EXPORTS[name], packs.fitting(name, "csv", chosen), totals):
        pass
    return totals.rows, totals.pence


def agrees(chosen: Filter) -> figures.Figures:
    found = figures.read(chosen)
    assert (found.bodies.number, found.bodies.pence) == total("vcse-grants-register", chosen)
    assert found.net == total("lga-spend", chosen)[1]
    for sums in (found.by_fund.values(), found.by_ward.values(), [promised for promised, _spent in found.by_month.values()]):
        assert sum(each.pence for each in sums) == found.granted.pence and sum(each.number for each in sums) == found.granted.number
    assert sum(spent.pence for _promised, spent in found.by_month.values()) == found.net
    return found


def test_they_are_the_files(small: Small) -> None:
    year = agrees(filters.of_year("2026-27"))
    assert (year.granted, year.offered, year.bodies) == (Sum(5, 580_00), Sum(1, 70_00), Sum(3, 440_00))
    assert (year.paid, year.back, year.net) == (Sum(4, 510_00), Sum(1, -20_00), 490_00)
    assert year.net == sum(line.balance for line in books.trial_balance("GBP") if line.code.startswith("payee:")), "and the books'"
    june, july = (agrees(filters.of_year("2026-27", part=part)) for part in ("m6", "m7"))
    assert (june.granted, june.net, july.granted, july.net) == (Sum(4, 510_00), 510_00, Sum(), 0)
    assert list(june.by_month) == [date(2026, 6, 1)] and len(year.by_month) == 12 and year.minutes == 0
    pump = agrees(filters.of_year("2026-27", area="pump"))
    assert (pump.granted, list(pump.by_ward)) == (Sum(1, 70_00), ["Mossgate"])
    assert agrees(filters.of_year("2026-27", fund="small-sparks")).minutes is None, "hours belong to no fund"
    assert agrees(filters.of_year("2020-21")).granted == Sum()


def test_the_page_and_the_report(small: Small, store: Store) -> None:
    app: Flask = store.app
    fay = Inspector(app, budget=15).sign_in(small.season.who("Fay").id).get("/finance/figures")
    for text in ("£580.00 in 5", "£440.00 in 3", "£490.00", "Mossgate, 5 grants", "Jun 2026"):
        assert text in fay.text, text
    assert "None." in fay.get("/finance/figures?year=2019-20").text
    assert "There is a problem" in fay.get("/finance/figures?year=2026-99&fund=x", status=422).text
    drawn = Tagged(fay.client.get("/finance/figures.pdf?year=2026-27").data)
    assert "£440.00 in 3" in drawn.text() and "Grants and time" in drawn.text() and drawn.elements("Table")
    Inspector(app, budget=15).sign_in(small.season.who("Rita").id).get("/finance/figures", status=404)


def test_the_report_says_what_was_chosen(small: Small) -> None:
    chosen = filters.of_year("2026-27", fund="small-sparks", area="pump")
    assert report.narrowed(chosen) == ["Small Sparks", "By the pump"]
    with pytest.raises(Refused):
        filters.of_year("2026-27", fund="nothing")
