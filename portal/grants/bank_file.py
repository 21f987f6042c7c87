"""The bank's files of a run, as pure functions: the same facts give the same bytes (design 6, E5).

A CSV without a header, and Standard 18 lines of 100 characters: the payments, then one contra line of their total.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.money import Pence, plain_pounds

WIDTH = 18  # of a name and of a reference
CREDIT, CONTRA = "99", "17"  # transaction codes
_NO_PARTS = str.maketrans({"Ø": "O", "Ł": "L", "Æ": "AE", "Œ": "OE", "Đ": "D", "Þ": "TH", "'": "", "’": "", "‘": ""})


@dataclass(frozen=True)
class BankAccount:
    """Six digits, eight digits, and the name on it as the scheme writes it."""

    sort_code: str
    number: str
    name: str


@dataclass(frozen=True)
class Credit:
    """Money to an account, with the reference that the bank line is matched by."""

    to: BankAccount
    amount: Pence
    reference: str


def fitted(text: str) -> str:
    """A name or reference as the bank's file can hold it: capitals, figures and . & / - in 18 characters. Empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.upper().translate(_NO_PARTS)).encode("ascii", "ignore").decode()
    words = " ".join(re.sub(r"[^A-Z0-9.&/ -]", " ", plain).split())
    return words.lstrip(".&/- ")[:WIDTH].rstrip()


def name_for_bank(name: str, reference: str) -> str:
    """A payee's name as the file holds it; the reference where nothing of the name can be written."""
    return fitted(name) or fitted(reference)


def as_csv(origin: BankAccount, credits: Sequence[Credit], on: date) -> bytes:
    """No header, CRLF: sort code, account, name, pounds, code, our sort code, account, name, reference, day."""
    rows = [
        (
            each.to.sort_code, each.to.number, name_for_bank(each.to.name, each.reference), plain_pounds(each.amount), CREDIT, origin.sort_code,
            origin.number, fitted(origin.name), fitted(each.reference), on.strftime("%d/%m/%Y"),
        )
        for each in credits
    ]  # fmt: skip
    return "".join(",".join(row) + "\r\n" for row in rows).encode("ascii")


def as_standard_18(origin: BankAccount, credits: Sequence[Credit]) -> bytes:
    """A line of 100 characters a payment, and the contra line of their total. The day is that of the submission, which is the bank's."""
    lines = [
        _line(each.to, CREDIT, origin, each.amount, fitted(each.reference), name_for_bank(each.to.name, each.reference)) for each in credits
    ]
    total = Pence(sum(each.amount for each in credits))
    lines.append(_line(origin, CONTRA, origin, total, "CONTRA", fitted(origin.name)))
    return "".join(line + "\r\n" for line in lines).encode("ascii")


def _line(to: BankAccount, code: str, origin: BankAccount, amount: int, reference: str, name: str) -> str:
    ours = fitted(origin.name)
    line = f"{to.sort_code}{to.number}0{code}{origin.sort_code}{origin.number}    {amount:011}{ours:<18}{reference:<18}{name:<18}"
    assert len(line) == 100, "numbers have their digits, sums at most eleven"
    return line
