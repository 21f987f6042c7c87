"""What was paid and what came back: the figures, the year end and the funds say the same, for each year and for all of them."""

from datetime import UTC, date, datetime

from portal import clock
from portal.books import funds, year_end
from portal.db import db
from portal.exports import filters
from portal.exports.dashboard import figures
from portal.grants import pay, quick
from portal.grants.model import QuickSpark
from portal.ledger import queries as ledger
from portal.money import Pence
from tests.exports.small import Small
from tests.exports.test_quick import season
from tests.grants.season import Season

assert season  # a fixture


def told(year: str) -> tuple[int, int]:
    """Paid and come back in a financial year, by each of the three; they are one."""
    found, end = figures.read(filters.of_year(year)), year_end.year_end(year)
    assert end.ok, [tie for tie in end.ties if tie.here != tie.there]
    sheets = {sheet.title: sheet.pence for sheet in end.sheets}
    begin = date(int(year[:4]), 3, 31)
    before, after = funds.sheet(begin).together, funds.sheet(end.last).together
    by = {
        "figures": (found.paid.pence, -found.back.pence), "year end": (sheets["Paid in year"], sheets["Recoveries"]),
        "funds": (after.paid - before.paid, after.refunded - before.refunded),
    }  # fmt: skip
    assert len(set(by.values())) == 1, by
    assert after.off == 0 and not funds.sheet(end.last).untied
    return by["figures"]


def test_a_bounce_a_refund_and_a_payment_over_the_end_of_the_year(small: Small) -> None:
    fay, otto = small.season.actor("Fay"), small.season.actor("Otto")
    assert told("2026-27") == (510_00, 20_00)
    with clock.held_at(datetime(2027, 4, 8, 9, tzinfo=UTC)):
        pay.bounce(small.money["bench"], date(2027, 4, 2), "Account closed", fay)  # had arrived in June
        pay.refund(small.season.award(small.bids["hall"]).ref, Pence(5_00), date(2027, 4, 1), "Less was needed", fay)
        assert (told("2026-27"), told("2027-28")) == ((510_00, 20_00), (-80_00, 5_00))
        payees = sum(each.balance for each in ledger.trial_balance("GBP") if each.code.startswith("payee:"))
        assert payees == 510_00 - 20_00 - 80_00 - 5_00
    assert otto


def test_a_quick_spark_that_was_taken_back(season: Season) -> None:
    """Given in May and taken back in June; another given in this year and taken back in the next."""
    with clock.held_at(datetime(2026, 8, 15, 9, tzinfo=UTC)):
        paid, back = told("2026-27")
        assert (paid, back) == (48_50, 12_00)
    with clock.held_at(datetime(2027, 4, 8, 9, tzinfo=UTC)):
        kettle = str(db.session.scalar(db.select(QuickSpark.ref).where(QuickSpark.what == "A kettle")))
        quick.put_right(kettle, "The shop gave the money back", season.actor("Olga"))
        assert (told("2026-27"), told("2027-28")) == ((48_50, 12_00), (0, 15_00))
