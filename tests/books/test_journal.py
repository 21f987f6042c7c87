"""E6: debits equal credits, codes stay text, nothing goes out twice by month or by run, and the same journal is the same bytes."""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.books import journal, layout
from portal.books.model import JournalCode, JournalLine
from portal.db import db, transaction
from portal.errors import NotFound, Refused
from portal.grants import pay
from portal.grants.model import PaymentRun
from portal.history import events_of
from portal.ledger.model import Entry
from portal.money import Pence
from tests.client import Inspector
from tests.exports.small import Small, at

FUND = "small-sparks"


def mapped(small: Small, *movements: str) -> None:
    """Codes with noughts in front for these movements, or for all."""
    for number, movement in enumerate(movements or layout.MOVEMENTS):
        both = {side: layout.Codes("00120", f"0{number}{side[0].upper()}", "P-7", "E") for side in layout.SIDES}
        layout.set_codes(FUND, movement, both, small.season.actor("Fay"))


def rows(ref: str, small: Small) -> Sequence[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(journal.take(ref, small.season.actor("Fay")).decode())))


def pence(text_: str) -> int:
    return round(float(text_) * 100)


def test_nothing_goes_out_before_its_codes_are_there(small: Small) -> None:
    fay = small.season.actor("Fay")
    mapped(small, "contribution")
    with pytest.raises(Refused, match="Codes are missing for Small Sparks: Paid to somebody"):
        journal.make("month", "2026-06", fay)
    assert [(fund.code, movement) for fund, movement in journal.preview("month", "2026-06").missing] == [(FUND, "paid")]
    mapped(small)
    assert journal.make("month", "2026-06", fay).startswith("JNL-")


def test_a_month_as_the_ledger_wants_it(small: Small) -> None:
    mapped(small)
    ref = journal.make("month", "2026-06", small.season.actor("Fay"))
    found = rows(ref, small)
    assert list(found[0]) == list(journal.COLUMNS) and len(found) == 2 * 5, "one contribution and four payments"
    assert sum(pence(row["Debit"]) for row in found) == sum(pence(row["Credit"]) for row in found) == 1510_00
    assert sum(pence(row["Net"]) for row in found) == 0
    assert {row["Journal ref"] for row in found} == {ref} and {row["Period"] for row in found} == {"202603"}
    assert [row["Line no"] for row in found] == [str(number) for number in range(1, 11)] and found[0]["Journal date"] == "2026-06-30"
    assert found[0]["Cost centre"] == "00120" and found[2]["Subjective code"] == "01D" and all(len(row["Narrative"]) <= 50 for row in found)
    assert {row["Source ref"][:3] for row in found} == {"CON", "TXN"}
    assert journal.by_ref(ref).sha256 == hashlib.sha256(journal.take(ref, small.season.actor("Fay"))).hexdigest()
    assert events_of("export:gl-journal")[-1].data["filter"] == {"journal": ref}


def test_what_comes_after_goes_out_as_a_difference(small: Small) -> None:
    """July is taken; then a refund is dated into it. The first journal stays; a second one holds only the refund. New codes change neither."""
    mapped(small)
    fay = small.season.actor("Fay")
    first = journal.make("month", "2026-07", fay)
    before = journal.take(first, fay)
    with pytest.raises(Refused, match="gone out already"):
        journal.make("month", "2026-07", fay)
    pay.refund(small.season.award(small.bids["bench"]).ref, Pence(7_00), date(2026, 7, 30), "Cheaper", fay)
    second = journal.make("month", "2026-07", fay)
    assert journal.by_ref(second).number == 2 and [(row["Debit"], row["Credit"]) for row in rows(second, small)] == [
        ("7.00", "0.00"),
        ("0.00", "7.00"),
    ]
    layout.set_codes(FUND, "paid", {side: layout.Codes(subjective="NEW") for side in layout.SIDES}, fay)
    assert journal.take(first, fay) == before and b"NEW" not in before


def test_a_bounce_turns_the_payment_round(small: Small) -> None:
    mapped(small)
    found = rows(journal.make("month", "2026-07", small.season.actor("Fay")), small)
    back = [row for row in found if row["Narrative"].startswith("Sent back")]
    assert [(row["Subjective code"], row["Debit"], row["Credit"], row["Net"]) for row in back] == [
        ("01D", "0.00", "250.00", "-250.00"),
        ("01C", "250.00", "0.00", "250.00"),
    ]


def test_what_went_out_by_run_does_not_go_out_by_month(small: Small) -> None:
    mapped(small)
    fay = small.season.actor("Fay")
    first_run = db.session.scalars(select(PaymentRun.ref).order_by(PaymentRun.id)).first()
    assert first_run is not None
    run = journal.make("run", first_run, fay)
    assert journal.by_ref(run).pence == 510_00 + 250_00, "paid, and what the bank sent back"
    month = journal.make("month", "2026-06", fay)
    assert {row["Source ref"][:3] for row in rows(month, small)} == {"CON"}
    assert db.session.scalars(select(JournalLine.transfer_id)).all()
    with pytest.raises(Refused, match="gone out already"):
        journal.make("run", first_run, fay)


def test_a_second_tap_gives_the_first_journal(small: Small) -> None:
    mapped(small)
    fay = small.season.actor("Fay")
    assert journal.make("month", "2026-06", fay, once_key="x") == journal.make("month", "2026-06", fay, once_key="x")


def test_only_what_is_over_and_there(small: Small) -> None:
    fay = small.season.actor("Fay")
    with pytest.raises(Refused, match="when it is over"):
        journal.make("month", "2026-08", fay)
    with pytest.raises(Refused, match="Nothing moved"):
        journal.make("month", "2026-05", fay)
    for kind, of in (("month", "2026-13"), ("month", "June"), ("run", "RUN-NONE-HERE"), ("year", "2026-06")):
        with pytest.raises(NotFound):
            journal.make(kind, of, fay)
    with clock.held_at(at(9, 1)), pytest.raises(Refused, match="Codes are missing"):
        journal.make("month", "2026-08", fay)


@pytest.mark.parametrize(
    ("codes", "field"),
    [
        (layout.Codes(), "debit_subjective"),
        (layout.Codes(subjective="=1+1"), "debit_subjective"),
        (layout.Codes(subjective="1", project="-7"), "debit_project"),
        (layout.Codes(subjective="1", vat="a,b"), "debit_vat"),
    ],
)
def test_codes_that_no_ledger_takes(small: Small, codes: layout.Codes, field: str) -> None:
    with pytest.raises(Refused) as why:
        layout.set_codes(FUND, "paid", dict.fromkeys(layout.SIDES, codes), small.season.actor("Fay"))
    assert why.value.field == field
    with pytest.raises(NotFound):
        layout.set_codes(FUND, "lost", dict.fromkeys(layout.SIDES, layout.Codes(subjective="1")), small.season.actor("Fay"))


def test_a_change_of_codes_is_on_record(small: Small) -> None:
    mapped(small, "paid")
    mapped(small, "paid")
    (event,) = (each for each in events_of(f"fund:{small.season.fund_id}") if each.kind == "journal_codes_set")
    assert event.data["debit"] == {"old": ["", "", "", ""], "new": ["00120", "00D", "P-7", "E"]}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET sha256 = replace(sha256, 'a', 'b')",
        "DELETE FROM journal_line",
        "DELETE FROM journal",
        "INSERT INTO journal_line SELECT * FROM journal_line",
        "UPDATE journal_line SET journal_id = journal_id + 1",
        "INSERT INTO journal_code (fund_id, movement, side, cost_centre, subjective, project, vat) VALUES (1, 'paid', 'debit', '', '', '', '')",
        "INSERT INTO journal_code (fund_id, movement, side, cost_centre, subjective, project, vat) VALUES (1, 'paid', 'debit', '', '7', '', '')",
    ],
)
def test_the_database_has_the_last_word(small: Small, statement: str) -> None:
    mapped(small)
    journal.make("month", "2026-06", small.season.actor("Fay"))
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(statement))


def test_periods_of_the_financial_year() -> None:
    assert [journal.period(day) for day in (date(2026, 4, 1), date(2027, 3, 31), date(2028, 2, 29), date(2026, 12, 31))] == [
        "202601",
        "202612",
        "202711",
        "202609",
    ]


def test_the_pages(scheme: Flask, small: Small) -> None:
    """Blocked with the way on; mapped on a form; looked at; made; taken twice, the same."""
    fay = Inspector(scheme).sign_in(small.season.who("Fay").id).get("/finance/books/journal")
    assert "/finance/books/journal/month/2026-07" in list(fay.links())
    fay.get("/finance/books/journal/month/2026-06")
    assert "Before this can go out" in fay.text and "Make this journal" not in fay.text
    fay.get(f"/finance/books/journal/layout/{FUND}/paid").submit("Keep these codes", 422, debit_cost_centre="00120")
    assert "Write the subjective code." in fay.text and "00120" in fay.text
    for movement in ("paid", "contribution"):
        fay.get(f"/finance/books/journal/layout/{FUND}/{movement}").submit(
            "Keep these codes", debit_subjective="0400", credit_subjective="0900"
        ).follow()
    fay.get("/finance/books/journal/month/2026-06").submit("Make this journal").follow()
    assert "£1,510.00" in fay.text
    here = fay.path
    fay.submit("Take the file (CSV)", status=200)
    first = fay.text
    assert fay.get(here).submit("Take the file (CSV)", status=200).text == first and ",0400," in first
    fay.get("/finance/books/journal/month/2026-06")
    assert "All of this has gone out." in fay.text
    fay.get("/finance/books/journal/month/2026-08", status=409)
    olga = Inspector(scheme).sign_in(small.season.who("Olga").id).get(here)
    assert "Take the file" not in olga.text
    olga.get(f"/finance/books/journal/layout/{FUND}/paid", status=404)
    with transaction():
        assert db.session.scalars(select(JournalCode)).all()


def test_months_runs_and_files_go_back_to_the_first(small: Small) -> None:
    """Two years later: a dozen months at a time, and none before anything moved."""
    mapped(small)
    fay = small.season.actor("Fay")
    made = [journal.make("month", of, fay, once_key=of) for of in ("2026-06", "2026-07")]
    with clock.held_at(datetime(2028, 9, 10, 9, tzinfo=UTC)):
        found: list[date] = []
        before: str | None = ""
        while before is not None:
            some, before = journal.months(before)
            found += some
        first = db.session.scalar(select(func.min(Entry.effective_on)))
        assert first is not None and found == sorted(set(found), reverse=True)
        assert found[0] == date(2028, 8, 31) and found[-1].replace(day=1) == first.replace(day=1)
    (newest,), more = journal.journals(limit=1)
    (oldest,), none = journal.journals(more, limit=1)
    assert [newest.ref, oldest.ref] == made[::-1] and none is None
    (run,), more = journal.runs(limit=1)
    assert journal.runs(more, limit=5)[0] and run not in journal.runs(more, limit=5)[0]


def test_the_page_pages(scheme: Flask, small: Small) -> None:
    with clock.held_at(datetime(2028, 9, 10, 9, tzinfo=UTC)):
        fay = Inspector(scheme, 40).sign_in(small.season.who("Fay").id).get("/finance/books/journal")
        assert "Earlier months" in fay.text
        fay.get(next(link for link in fay.links() if "month=2027-09" in link))
        assert "August 2027" in fay.text and "Back to the newest" in fay.text
