"""Bank statements as banks export them, and what is made of a line: pure functions."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal import clock
from portal.errors import Refused
from portal.grants.bank_lines import Held, Sent, choices, references
from portal.grants.statement import Said, read
from portal.money import Pence

DAY = date(2026, 6, 3)
PAID = Said(DAY, Pence(-250_00), "BACS MOSSGATE GARDENERS SPK-7F3K-9QXA", 1)
BACK = Said(date(2026, 6, 5), Pence(250_00), "UNPAID SPK7F3K9QXA", 1)

LAYOUTS = {
    "one signed amount": b"Date,Description,Amount,Balance\n03/06/2026,BACS MOSSGATE GARDENERS SPK-7F3K-9QXA,-250.00,1000.00\n05/06/2026,UNPAID SPK7F3K9QXA,250.00,1250.00\n",
    "paid in and out, lines above": "\ufeffAccount Name:,Estuary\nBalance:,\"£1,250.00\"\n\nDate,Transaction type,Description,Paid out,Paid in,Balance\n"
    '"03 Jun 2026",BP,BACS MOSSGATE GARDENERS SPK-7F3K-9QXA,£250.00,,"£1,000.00"\n"05 Jun 2026",CR,UNPAID SPK7F3K9QXA,,£250.00,"£1,250.00"\n'.encode(),
    "debit and credit": b"Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance\r\n"
    b"03/06/2026,FPO,'40-12-34,87654321,BACS MOSSGATE GARDENERS SPK-7F3K-9QXA,250,,1000\r\n05/06/2026,FPI,'40-12-34,87654321,UNPAID SPK7F3K9QXA,,250,1250\r\n",
    "amount and memo": b"Number,Date,Account,Amount,Subcategory,Memo\n ,03/06/2026,40-12-34 87654321,-250.00,PAYMENT,BACS MOSSGATE GARDENERS SPK-7F3K-9QXA\n"
    b" ,05/06/2026,40-12-34 87654321,250.00,FT,UNPAID SPK7F3K9QXA\n",
    "value, in semicolons and Windows' letters": "Date;Type;Description;Value\n2026-06-03;D;BACS MOSSGATE GARDENERS SPK-7F3K-9QXA;(250.00)\n03-Jun-26;;;\n2026-06-05;C;UNPAID SPK7F3K9QXA;250.00 CR\n".encode("cp1252"),
    "amount and which side": b"Date,Details,Debit/Credit,Amount (GBP)\n03/06/26,BACS MOSSGATE GARDENERS SPK-7F3K-9QXA,Debit,250.00\n05/06/26,UNPAID SPK7F3K9QXA,Credit,250.00\n",
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_banks(layout: str) -> None:
    found = read(LAYOUTS[layout])
    assert (found.lines, found.problems) == ([PAID, BACK], [])


def test_alike_lines_are_counted_and_strange_ones_told() -> None:
    found = read(
        b"Date,Description,Amount\n03/06/2026,TEA,-1.50\n03/06/2026,TEA,-1.50\n31/02/2026,TEA,-1.50\n03/06/2026,TEA,lots\n29/02/2024,LEAP,\xa31\n,,\n03/06/2026\n"
    )
    assert [(line.text, line.nth) for line in found.lines] == [("TEA", 1), ("TEA", 2), ("LEAP", 1)]
    assert found.problems == ["Line 4: we cannot read the day.", "Line 5: we cannot read the amount."]


@pytest.mark.parametrize(
    ("head", "line", "pence"),
    [
        ("Date,Description,Amount", '03/06/2026,X,"-250,00"', None),
        ("Date,Description,Amount", '03/06/2026,X,"-1,25"', None),
        ("Date,Description,Amount", '03/06/2026,X,"1,234,567.89"', 1_234_567_89),
        ("Date,Description,Amount", '03/06/2026,X,"12,34,567.89"', None),
        ("Date;Description;Amount", "03/06/2026;X;-250,00", -250_00),
        ("Date;Description;Amount", "03/06/2026;X;1.250,50", 1_250_50),
        ("Date;Description;Amount", "03/06/2026;X;1 250,50", 1_250_50),
        ("Date;Description;Amount", "03/06/2026;X;1,250", 1_250_00),
        ("Date;Description;Amount", "03/06/2026;X;250,5", None),
        ("Date;Description;Amount", "03/06/2026;X;1.250", None),
    ],
)
def test_a_comma_is_never_guessed(head: str, line: str, pence: int | None) -> None:
    found = read(f"{head}\n{line}\n".encode())
    assert [each.pence for each in found.lines] == ([] if pence is None else [pence])
    assert found.problems == (["Line 2: we cannot read the amount."] if pence is None else [])


def test_money_without_a_day_and_days_that_cannot_be_are_told() -> None:
    far = (clock.today() + timedelta(days=400)).strftime("%d/%m/%Y")
    found = read(f"Date,Description,Amount\n,FEE,-3.00\n31/12/1999,OLD,-3\n{far},FAR,-3\n01/01/2000,FIRST,-3\n,,\n".encode())
    assert [line.text for line in found.lines] == ["FIRST"]
    assert found.problems == ["Line 2: it has a sum and no day.", "Line 3: that day cannot be right.", "Line 4: that day cannot be right."]


@pytest.mark.parametrize(
    ("data", "pence"),
    [
        ("Date,Description,Paid out,Paid in\n03/06/2026,A,250,\n03/06/2026,PUT RIGHT,-20,\n03/06/2026,C,,-5\n", [-250_00, 20_00, -5_00]),
        ("Date,Description,Paid out,Paid in\n03/06/2026,A,-250,\n03/06/2026,B,-20,\n03/06/2026,PUT RIGHT,5,\n", [-250_00, -20_00, 5_00]),
        ("Date,Details,Debit/Credit,Amount\n03/06/2026,A,D,250\n03/06/2026,PUT RIGHT,D,-20\n03/06/2026,C,C,-5\n", [-250_00, 20_00, -5_00]),
        ("Date,Details,Debit/Credit,Amount\n03/06/2026,A,D,-250\n03/06/2026,B,C,20\n", [-250_00, 20_00]),
    ],
)
def test_a_correction_keeps_its_sign(data: str, pence: list[int]) -> None:
    assert [each.pence for each in read(data.encode()).lines] == pence


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot find the columns"),
        (b"%PDF-1.4 \x00\x01", "cannot find the columns"),
        (b"Date,Description\n03/06/2026,TEA\n", "cannot find the columns"),
        (b"Date,Paid in\n03/06/2026,1\n", "cannot find the columns"),
        (b'Date,Description,Amount\n"' + b"x" * 200_000, "cannot read that file"),
        (b"x" * 1_000_001, "too large"),
        (b"Date,Description,Amount\n" + b"03/06/2026,TEA,-1\n" * 2001, "more than 2000 lines"),
    ],
)
def test_what_is_no_statement(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(data)


def test_our_references_in_a_text() -> None:
    assert references("BACS SPK7F3K9QXA AND SPK 2222 3333, spk-4444-5555 XSPK-1111-0000") == {
        "SPK-7F3K-9QXA",
        "SPK-2222-3333",
        "SPK-4444-5555",
    }


def sent(ref: str, bid: str, pence: int = 250_00, status: str = "released", told: frozenset[str] = frozenset()) -> Sent:
    return Sent(ref, bid, "Garden", pence, status, DAY, told)


class TestWhatALineMayBe:
    OURS = frozenset({"SPK-7F3K-9QXA"})

    def values(self, pence: int, day: date, *some: Sent, held: tuple[Held, ...] = (), refs: frozenset[str] = OURS) -> list[str]:
        return [each.value for each in choices(pence, day, refs, some, held)]

    def test_money_out_is_a_payment_of_that_sum(self) -> None:
        mine, other = sent("TXN-1", "SPK-7F3K-9QXA"), sent("TXN-2", "SPK-2222-2222")
        assert self.values(-250_00, DAY, other, mine) == ["arrived:TXN-1", "arrived:TXN-2"], "ours first"
        assert self.values(-250_01, DAY, mine) == []
        assert self.values(-250_00, DAY, sent("TXN-1", "SPK-7F3K-9QXA", told=frozenset({"arrived"}))) == []
        assert self.values(-250_00, DAY, held=(Held("AWD-1", "SPK-7F3K-9QXA", "Garden", 250_00),)) == []

    def test_of_two_payments_for_one_idea_the_last_before_that_day(self) -> None:
        """The first came back and was paid again: the line of November tells of the second, the one of June of the first."""
        first, again = sent("TXN-1", "SPK-7F3K-9QXA", status="bounced"), sent("TXN-2", "SPK-7F3K-9QXA")
        again = replace(again, released_on=DAY + timedelta(days=150))
        for order in ((first, again), (again, first)):
            assert self.values(-250_00, DAY + timedelta(days=151), *order)[0] == "arrived:TXN-2"
            assert self.values(250_00, DAY + timedelta(days=151), *order)[0] == "came_back:TXN-2"
            assert self.values(-250_00, DAY + timedelta(days=1), *order)[0] == "arrived:TXN-1"

    def test_money_in_was_sent_back_or_is_a_refund(self) -> None:
        mine = sent("TXN-1", "SPK-7F3K-9QXA", status="settled")
        held = Held("AWD-1", "SPK-7F3K-9QXA", "Garden", 250_00)
        assert self.values(250_00, date(2026, 6, 17), mine, held=(held,)) == ["came_back:TXN-1", "refund:AWD-1"]
        assert self.values(250_00, date(2026, 6, 18), mine, held=(held,)) == ["refund:AWD-1", "came_back:TXN-1"], "so late it is a refund"
        assert self.values(10_00, DAY, mine, held=(held,)) == ["refund:AWD-1"]
        assert self.values(250_01, DAY, mine, held=(held,)) == [], "more than was paid"
        assert [each.by_reference for each in choices(10_00, DAY, frozenset(), [mine], [held])] == [False]
