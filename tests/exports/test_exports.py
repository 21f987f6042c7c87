"""Exports against real books: golden bytes, the same sums as the ledger on every day, filters, manifests, the command line."""

import csv
import hashlib
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import text, update

from portal import clock
from portal.clock import held_at
from portal.db import db, transaction
from portal.errors import Refused
from portal.exports import filters, packs
from portal.exports.filters import Filter
from portal.grants.model import Application, Payee
from portal.history import SCHEME, Actor, events_of
from portal.ledger import queries as books
from portal.ledger.periods import seal
from portal.people.model import Organisation
from portal.places.model import Scheme
from tests.conftest import Store
from tests.exports.small import TODAY, Small
from tests.grants.season import assert_books_are_right, person

E3, E4 = "vcse-grants-register", "lga-spend"
GOLDEN_E3 = """\
Date awarded,Period start,Period end,Department,Beneficiary,Registration number,Purpose,Amount,Grant reference,Programme,Ward code,Ward name,Amount paid,Status
2026-06-02,2026-07-02,2026-08-31,Communities,Mossgate Gardeners,,Raised beds that neighbours look after.,250.00,{garden},Small Sparks,E05099001,Mossgate,250.00,Paid
2026-06-02,2026-07-02,2026-08-31,Communities,St Chad,0123456,Raised beds that neighbours look after.,120.00,{hall},Small Sparks,E05099001,Mossgate,100.00,Paid
2026-08-01,2026-08-31,2026-10-30,Communities,St Chad,0123456,Raised beds that neighbours look after.,70.00,{lamps},Small Sparks,E05099001,Mossgate,0.00,Offered
"""
GOLDEN_E4 = """\
Estuary Council,,Communities,,,Mossgate Gardeners,{gardeners},,,Yes,10/06/2026,{garden},250.00,0.00,A garden for Mossgate,,None,
Estuary Council,,Communities,,,St Chad,{chad},,0123456,Yes,10/06/2026,{hall},120.00,0.00,'=Chairs for the hall,,None,
Estuary Council,,Communities,,,REDACTED PERSONAL DATA,,,,No,10/06/2026,{bench},80.00,0.00,A bench by the bus stop,,None,
Estuary Council,,Communities,,,Mill House Trust,,,,No,10/06/2026,{books},60.00,0.00,Books for the stairs,,None,
Estuary Council,,Communities,,,Mossgate Gardeners,{gardeners},,,Yes,06/07/2026,{garden},-250.00,0.00,A garden for Mossgate,,None,
Estuary Council,,Communities,,,Mossgate Gardeners,{gardeners},,,Yes,20/07/2026,{garden again},250.00,0.00,A garden for Mossgate,,None,
Estuary Council,,Communities,,,St Chad,{chad},,0123456,Yes,03/08/2026,{hall back},-20.00,0.00,'=Chairs for the hall,,None,
"""


@pytest.fixture
def app(small: Small, store: Store) -> Flask:
    """The app of the small scheme; `small` has begun its context."""
    return store.app


def made(name: str, form: str = "csv", chosen: Filter | None = None) -> bytes:
    return b"".join(packs.chunks(name, form, packs.fitting(name, form, chosen or filters.of_year("2026-27")), packs.Totals()))


def lines(name: str, chosen: Filter | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(name, "csv", chosen).decode(), newline="")))


def pence(sums: list[dict[str, str]], column: str) -> int:
    return sum(round(float(row[column]) * 100) for row in sums)


def paid_by_the_books(day: date) -> int:
    """What all payees have, by effective date at the end of a day."""
    return sum(line.balance for line in books.trial_balance("GBP", day) if line.code.startswith("payee:"))


# --- what is in them -----------------------------------------------------------------------------------------------------


def test_the_register_of_grants_to_the_byte(small: Small) -> None:
    assert made(E3) == GOLDEN_E3.format(**small.bids).replace("\n", "\r\n").encode()


def test_the_spend_file_to_the_byte(small: Small) -> None:
    names = small.money | {"gardeners": small.organisations["Mossgate Gardeners"], "chad": small.organisations["St Chad"]}
    wanted = GOLDEN_E4.format(**names).splitlines()
    wanted[:4] = sorted(wanted[:4], key=lambda line: line.split(",")[11])  # one day's lines go by their number
    found = made(E4).decode().split("\r\n")
    assert found[1:] == [*wanted, ""]


def test_excel_and_json_hold_the_same(small: Small) -> None:
    for name in (E3, E4):
        plain = lines(name)
        sheet = openpyxl.load_workbook(io.BytesIO(made(name, "xlsx"))).worksheets[0]
        cells = list(sheet.iter_rows(values_only=True))
        assert list(cells[0]) == list(plain[0])
        days = packs.EXPORTS[name].day_format
        for row, wanted in zip(cells[1:], plain, strict=True):
            for cell, words in zip(row, wanted.values(), strict=True):
                assert _as_words(cell, days) == words
        facts = json.loads(made(name, "json"))
        column = packs.EXPORTS[name].columns[packs.EXPORTS[name].total]
        assert [round(fact[column] * 100) for fact in facts] == [round(float(row[column]) * 100) for row in plain]


def _as_words(cell: object, days: str) -> str:
    match cell:
        case None:
            return ""
        case date():
            return cell.strftime(days)
        case int() | float():
            return f"{cell:.2f}"
    return str(cell)


def test_the_same_books_give_the_same_bytes(small: Small) -> None:
    for name in (E3, E4, packs.LEDGER):
        for form in packs.formats(name):
            assert made(name, form) == made(name, form), (name, form)


def test_sums_are_the_books_on_every_day(small: Small) -> None:
    """Bounces, a second try and a refund: whatever day is looked at, the files and the books say the same."""
    assert_books_are_right()
    day = date(2026, 6, 1)
    while day <= date(2026, 8, 10):
        to_day = Filter(date(2026, 4, 1), day, basis="paid", as_at=day)
        assert pence(lines(E4, to_day), "Net Amount") == paid_by_the_books(day), day
        day += timedelta(days=1)
    assert paid_by_the_books(date(2026, 7, 5)) == 510_00 and paid_by_the_books(date(2026, 7, 6)) == 260_00
    # what the register leaves out went to Rita and to the school
    for day in (date(2026, 6, 10), date(2026, 7, 6), date(2026, 7, 20), date(2026, 8, 3)):
        year = Filter(date(2026, 4, 1), date(2027, 3, 31), as_at=day)
        assert pence(lines(E3, year), "Amount paid") == paid_by_the_books(day) - 80_00 - 60_00, day


def test_a_published_quarter_stays_as_it_was(small: Small) -> None:
    """What came back in July is July's, and does not change what was said of June."""
    june = lines(E4, filters.of_year("2026-27", part="q1"))
    july = lines(E4, filters.of_year("2026-27", part="q2"))
    assert (pence(june, "Net Amount"), pence(july, "Net Amount")) == (510_00, -20_00)
    assert [row["Transaction number"] for row in july] == [small.money[name] for name in ("garden", "garden again", "hall back")]


def test_the_journal_is_the_trial_balance(small: Small) -> None:
    found: dict[str, int] = {}
    for line in made(packs.LEDGER, "hledger").decode().splitlines():
        if line.startswith("    ") and line.endswith(" GBP"):
            name, amount, _unit = line.split()
            found[name] = found.get(name, 0) - round(float(amount) * 100)
    ours = {line.balance for line in books.trial_balance("GBP")}
    assert {balance for balance in found.values() if balance} == ours
    assert sum(found.values()) == 0


# --- individuals ---------------------------------------------------------------------------------------------------------


def test_no_individual_is_in_a_file(small: Small) -> None:
    """Also when their name is on a host's account, or they wrote it into a title."""
    with transaction():
        db.session.execute(update(Payee).where(Payee.name == "Mill House Trust").values(name="Rosa"))
        db.session.execute(
            update(Application).where(Application.ref == small.bids["garden"]).values(title="Ring 01375 555 123, or rita@example.org")
        )
        db.session.execute(update(Application).where(Application.ref == small.bids["hall"]).values(public_summary="Chairs\nfor\tRM17 6SL"))
    for name in (E3, E4):
        for form in packs.formats(name):
            everything = made(name, form)
            for secret in (b"Rita", b"Rosa", b"rita@example.org", b"01375 555 123", b"RM17", b"The account"):
                assert secret not in everything, (name, form, secret)
    assert [row["Supplier (beneficiary) name"] for row in lines(E4)].count("REDACTED PERSONAL DATA") == 2
    assert lines(E3)[1]["Purpose"] == "Chairs for [left out]"
    assert "Ring [left out], or [left out]" in [row["Purpose of spend (summary)"] for row in lines(E4)]


def test_awards_to_a_person_or_a_school_are_not_in_the_register(small: Small) -> None:
    assert {row["Beneficiary"] for row in lines(E3)} == {"Mossgate Gardeners", "St Chad"}
    with transaction():
        db.session.execute(update(Organisation).values(kind="business"))
    assert lines(E3) == []
    assert {row["VCSE grant"] for row in lines(E4)} == {"No"}


# --- filters -------------------------------------------------------------------------------------------------------------


def test_filters(small: Small) -> None:
    def references(**chosen: str) -> list[str]:
        return [row["Grant reference"] for row in lines(E3, filters.of_year("2026-27", **chosen))]

    bids = small.bids
    assert references() == [bids["garden"], bids["hall"], bids["lamps"]]
    assert references(part="q1") == [bids["garden"], bids["hall"]]
    assert references(part="m8") == [bids["lamps"]]
    assert references(fund="small-sparks", area="mossgate") == references()
    assert references(area="pump") == [bids["lamps"]], "and it is in the list of Mossgate too, where the pump is"
    paid = packs.fitting(E3, "csv", filters.of_year("2026-27", part="q1"), basis="paid")
    assert [
        row["Grant reference"] for row in csv.DictReader(io.StringIO(b"".join(packs.chunks(E3, "csv", paid, packs.Totals())).decode()))
    ] == [bids["hall"]], "the bank sent the garden's money back"


def test_only_what_exceeds_the_threshold(small: Small) -> None:
    with transaction():
        db.session.execute(update(Scheme).values(spend_threshold=120_00))
    assert {row["Net Amount"] for row in lines(E4)} == {"250.00", "-250.00"}


def test_what_changed_since_it_was_last_taken(small: Small) -> None:
    from dataclasses import replace

    from portal.grants import award, pay

    def since(name: str) -> list[dict[str, str]]:
        return lines(name, replace(packs.fitting(name, "csv", filters.of_year("2026-27")), changed_since=packs.last_taken(name)))

    assert len(since(E3)) == 3 and len(since(E4)) == 7, "nobody took it yet: everything"
    for name in (E3, E4):
        packs.log_download(name, "csv", filters.of_year("2026-27"), SCHEME)
    with held_at(TODAY + timedelta(hours=1)):
        assert since(E3) == [] and since(E4) == []
        award.accept(small.season.award(small.bids["lamps"]).ref, small.season.actor("Rita"))
        again = small.season.award(small.bids["garden"]).ref
        pay.refund(again, small.season.award(small.bids["garden"]).amount, clock.today(), "Cancelled", small.season.actor("Fay"))
        assert [row["Grant reference"] for row in since(E3)] == [small.bids["garden"], small.bids["lamps"]]
        assert [row["Net Amount"] for row in since(E4)] == ["-250.00"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"year": "2026"}, "Write the financial year like 2026-27."),
        ({"year": "2026-28"}, "Write the financial year like 2026-27."),
        ({"year": "9999-00"}, "Write the financial year like 2026-27."),
        ({"year": "0000-01"}, "Write the financial year like 2026-27."),
        ({"basis": "felt"}, "Choose whether"),
        ({"part": "q5"}, "Choose a part"),
        ({"fund": "moon"}, "There is no fund called moon."),
        ({"area": "moon"}, "There is no area called moon."),
    ],
)
def test_filters_that_do_not_fit(small: Small, change: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        filters.of_year(**{"year": "2026-27", **change})


def test_every_part_of_a_year() -> None:
    first, last = date(2026, 4, 1), date(2027, 3, 31)
    parts = {part: filters._days(first, last, part) for part in filters.PARTS}
    for kind, number in (("q", 4), ("m", 12)):
        some = sorted(days for part, days in parts.items() if part.startswith(kind))
        assert len(some) == number and some[0][0] == first and some[-1][1] == last
        assert all(one[1] + timedelta(days=1) == other[0] for one, other in itertools.pairwise(some))
    assert parts["m2"] == (date(2027, 2, 1), date(2027, 2, 28)) and parts["q3"] == (date(2026, 10, 1), date(2026, 12, 31))


# --- manifest and command line -------------------------------------------------------------------------------------------


def run(app: Flask, *words: str) -> tuple[int, str]:
    answer = app.test_cli_runner().invoke(args=["export", *words])
    return answer.exit_code, answer.output.strip()


def test_a_pack_and_its_manifest(app: Flask, small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "for us"
    for name, form, year in (
        (E3, "csv", "2026-27"),
        (E4, "xlsx", "2026-27"),
        (E4, "json", "2025-26"),
        ("ledger", "beancount", "2026-27"),
        (E3, "csv", "2026-27"),
    ):
        code, said = run(app, name, "--year", year, "--format", form, "--output", str(folder))
        assert (code, len(said.splitlines())) == (0, 1), said
    listed = {each["file"]: each for each in json.loads((folder / "manifest.json").read_text())["files"]}
    assert set(listed) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for name, about in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == about["sha256"]
        assert about["ledger_head"] == seal(db.session.connection())
        assert about["made_at"] == "2026-08-15T10:00:00+00:00" and about["made_by"] == "command line"
    register = listed[f"{E3}-2026-04-01-to-2027-03-31.csv"]
    assert (register["rows"], register["total_pence"], register["basis"], register["schema_version"]) == (3, 440_00, "awarded", "1")
    assert register["filter"]["as_at"] == "2026-08-15"
    spent = listed[f"{E4}-2026-04-01-to-2027-03-31.xlsx"]
    assert (spent["rows"], spent["total_pence"], spent["basis"]) == (7, paid_by_the_books(date(2026, 8, 15)), "paid")
    assert listed[f"{E4}-2025-04-01-to-2026-03-31.json"]["rows"] == 0
    whole = listed["ledger.beancount"]
    assert whole["rows"] == db.session.execute(text("SELECT count(*) FROM ledger_entry")).scalar()
    assert whole["total_pence"] == db.session.execute(text("SELECT sum(amount) FROM ledger_transfer WHERE unit = 'GBP'")).scalar()
    assert [event.data["file"] for event in events_of(f"export:{E4}")] == [spent["file"], f"{E4}-2025-04-01-to-2026-03-31.json"]


def test_a_manifest_shows_that_the_past_was_edited(small: Small) -> None:
    head = packs.Totals()
    b"".join(packs.chunks(E3, "csv", filters.of_year("2026-27"), head))
    with transaction():
        from portal.ledger.posting import Line, post

        post(
            [Line("funder:council", "fund:small-sparks:available", 1)], key="more", kind="test", about="x:1", sentence="One penny",
            actor=Actor().code, effective_on=date(2026, 6, 1),
        )  # fmt: skip
    after = packs.Totals()
    b"".join(packs.chunks(E3, "csv", filters.of_year("2026-27"), after))
    assert (after.digest.hexdigest(), after.rows) == (head.digest.hexdigest(), head.rows)
    assert after.head != head.head


def test_the_command_line_says_no_in_one_line(app: Flask, small: Small, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "manifest.json").write_text("[1]")
    out = ("--output", str(tmp_path / "out"))
    for words, sentence in (
        (("spending", *out), "There is no export called spending. There are: " + ", ".join([*packs.EXPORTS, packs.LEDGER]) + "."),
        ((E3, "--year", "26-27", *out), "Write the financial year like 2026-27."),
        ((E3, "--format", "pdf", *out), "This file comes as csv or xlsx or json."),
        (("ledger", "--format", "csv", *out), "This file comes as hledger or beancount."),
        (("ledger", "--fund", "small-sparks", *out), "The ledger goes out whole: choose no fund, no area and no changes."),
        ((E4, "--basis", "awarded", *out), "This file goes by the day of the payment. Choose that, or nothing."),
        ((E3, "--fund", "=1+1", *out), "There is no fund called =1+1."),
        ((E3, "--output", str(tmp_path / "file")), f"cannot write to {tmp_path / 'file'}: File exists"),
        ((E3, "--output", str(tmp_path / "theirs")), "There is a manifest.json already that we did not write. Choose an empty folder."),
    ):
        assert run(app, *words) == (1, f"kindling: {sentence}")
    assert not (tmp_path / "out").exists(), "a refusal leaves nothing behind"
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["manifest.json"]


def test_a_file_that_breaks_off_is_not_there(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_what: object) -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(packs.files.WRITERS, "csv", broken)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="No space"):
        packs.write(E3, "csv", filters.of_year("2026-27"), tmp_path, "test")
    assert list(tmp_path.iterdir()) == []


# --- size ----------------------------------------------------------------------------------------------------------------


def test_many_payments_stream(small: Small) -> None:
    """Memory is judged, never time: it would need ten times as much to hold them. The rows are copies of one real payment."""
    series = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)"
    columns = "award_id, payee_id, run_id, amount, status, two_hands, prepared_by_id, prepared_at, approved_by_id, approved_at, released_by_id, released_at, settled_on"
    with transaction():
        db.session.execute(
            text(
                f"INSERT INTO payment (ref, instalment, {columns}) {series} SELECT 'TXN-' || n, 1000 + n, {columns} FROM payment, n"
                f" WHERE ref = '{small.money['bench']}'"
            )
        )
    size, pieces, totals = 0, 0, packs.Totals()
    tracemalloc.start(1)
    try:
        for piece in packs.chunks(E4, "csv", packs.fitting(E4, "csv", filters.of_year("2026-27")), totals):
            size, pieces = size + len(piece), pieces + 1
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert totals.rows == 20_007 and size > 2_000_000 and pieces > 30
    assert held < 3_000_000
    assert person("Watch").name == "Watch", "the session still works afterwards"
