"""E8: what deserves a second look before a run. One row a payment beside which something stands, a column for each kind.

The rows are those of finance's pages (`grants.second_look`), judged as they stand at the end of the filter's as-at day.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.exports import files
from portal.exports.filters import Filter
from portal.exports.grants import one_line
from portal.grants import desk, nearby
from portal.grants.model import Fund
from portal.grants.second_look import KINDS, Look
from portal.places import queries as places

VERSION = "1"
COLUMNS = (
    "Payment", "State", "Prepared on", "Amount", "Grant reference", "Programme", "Paid to", "Receipts", "Account changed", "Same account", "Tie",
    "Just under a limit", "Split", "Same applicant",
)  # fmt: skip
DAY_FORMAT = "%d/%m/%Y"
TOTAL = COLUMNS.index("Amount")
BASES = ("paid",)
BATCH = 200


def rows(chosen: Filter) -> Iterator[files.Row]:
    """By order of payment. Payments that were called off are not told."""
    first, before = clock.start_of_day(chosen.first_day), clock.start_of_day(chosen.last_day + timedelta(days=1))
    if chosen.changed_since is not None:
        first = max(first, chosen.changed_since)
    now = min(clock.end_of_day(chosen.until), clock.now())
    area = places.within(chosen.area) if chosen.area else None
    after = 0
    while lines := desk.to_look_at(first, before, after=after, fund=chosen.fund, areas=area, limit=BATCH):
        after = lines[-1].payment.id
        funds = _funds()
        found = nearby.beside(lines, now=now).looks
        for line in lines:
            if found[line.payment.id]:
                yield _row(line, funds[line.award.fund_id], found[line.payment.id])


def _funds() -> dict[int, str]:
    return dict(db.session.execute(select(Fund.id, Fund.name)).tuples().all())


def _row(line: desk.Line, fund: str, looks: Sequence[Look]) -> files.Row:
    said = {kind: " ".join(look.sentence for look in looks if look.kind == kind) for kind in KINDS}
    return (
        line.payment.ref, line.payment.status, clock.london_day(line.payment.prepared_at), files.Money(line.payment.amount), line.award.ref, fund,
        one_line(line.payee.name), *(one_line(sentence) for sentence in said.values()),
    )  # fmt: skip
