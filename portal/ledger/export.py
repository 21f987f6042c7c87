"""The books for other programs: every transfer as hledger or Beancount read it (E10).

Our balance is credits minus debits; theirs is debits minus credits. So each amount is written with their sign, and a
balance of theirs is ours with the sign turned. Accounts keep our code, made a legal name under the root of their kind.
"""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.db import db
from portal.ledger.model import Account, Entry, Transfer

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
    "hold": "Liabilities",
    "memo": "Equity",
}
FORMATS = ("hledger", "beancount")


def amount(unit: str, value: int) -> str:
    """A number with its commodity: pounds with two decimals, minutes whole."""
    if unit != "GBP":
        return f"{value} {unit}"
    whole, part = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}.{part:02d} GBP"


def account_name(code: str, kind: str) -> str:
    """A name legal in both programs: `fund:small-sparks` gives `Assets:Fund:Small-sparks`.

    Beancount wants each part to begin with a capital or digit and to hold letters, digits and dashes only. Our codes differ
    by more than one capital, so different codes stay different.
    """
    parts = []
    for part in code.split(":"):
        plain = re.sub(r"[^A-Za-z0-9-]", lambda found: f"u{ord(found[0]):x}", part)
        parts.append(plain[:1].upper() + plain[1:])
    return ":".join([ROOTS[kind], *parts])


def lines(format_name: str) -> Iterator[str]:
    """The whole journal, a piece of text per entry, in the order of recording."""
    return _hledger() if format_name == "hledger" else _beancount()


def _hledger() -> Iterator[str]:
    yield "; Kindling ledger. Units: GBP pounds, MIN minutes of time credit, MATCH minutes of match.\ncommodity 1000.00 GBP\ncommodity 1000. MIN\ncommodity 1000. MATCH\n\n"
    for _code, kind, code in _accounts():
        yield f"account {account_name(code, kind)}\n"
    for head, rows in _entries():
        yield f"\n{head.effective_on.isoformat()} {_one_line(head.sentence, ';|')}  ; key: {_one_line(head.key, ',')}\n"
        for row in rows:
            yield f"    {account_name(row.credit_code, row.credit_kind)}  {amount(row.unit, -row.amount)}\n"
            yield f"    {account_name(row.debit_code, row.debit_kind)}  {amount(row.unit, row.amount)}\n"


def _beancount() -> Iterator[str]:
    yield '; Kindling ledger. Units: GBP pounds, MIN minutes of time credit, MATCH minutes of match.\noption "operating_currency" "GBP"\n'
    first = db.session.scalar(select(Entry.effective_on).order_by(Entry.effective_on).limit(1))
    if first is None:
        return
    for unit, kind, code in _accounts():
        yield f"{first.isoformat()} open {account_name(code, kind)} {unit}\n"
    for head, rows in _entries():
        yield f'\n{head.effective_on.isoformat()} * "{_quoted(head.sentence)}"\n  key: "{_quoted(head.key)}"\n'
        if head.reverses_id:
            yield f'  reverses: "{head.reverses_id}"\n'
        for row in rows:
            yield f"  {account_name(row.credit_code, row.credit_kind)}  {amount(row.unit, -row.amount)}\n"
            yield f"  {account_name(row.debit_code, row.debit_kind)}  {amount(row.unit, row.amount)}\n"


def _accounts() -> Iterator[Any]:
    yield from db.session.execute(select(Account.unit, Account.kind, Account.code).order_by(Account.code)).yield_per(1000)


def _entries() -> Iterator[tuple[Any, list[Any]]]:
    debit, credit = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(
            Entry.id, Entry.key, Entry.effective_on, Entry.sentence, Entry.reverses_id, Transfer.unit, Transfer.amount,
            debit.code.label("debit_code"), debit.kind.label("debit_kind"), credit.code.label("credit_code"), credit.kind.label("credit_kind"),
        )
        .join(Transfer, Transfer.entry_id == Entry.id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .order_by(Entry.id, Transfer.line)
        .execution_options(yield_per=2000)
    )  # fmt: skip
    held: list[Any] = []
    for row in rows:
        if held and held[0].id != row.id:
            yield held[0], held
            held = []
        held.append(row)
    if held:
        yield held[0], held


def _one_line(text: str, without: str) -> str:
    return " ".join("".join(" " if letter in without else letter for letter in text).split())


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
