"""The books for other programs: every transfer as hledger or Beancount read it (E10).

Our balance is credits minus debits; theirs is debits minus credits. So each amount is written with their sign, and a
balance of theirs is ours with the sign turned. Accounts keep our code, made a legal name under the root of their kind.
An entry's key is hledger's code and Beancount's `key`; a reversal names the key of what it puts right in `reverses`.
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

    Beancount wants each part to begin with a capital or digit and to hold letters, digits and dashes only.
    """
    parts = []
    for part in code.split(":"):
        plain = re.sub(r"[^A-Za-z0-9-]", lambda found: f"u{ord(found[0]):x}", part)
        plain = plain[:1].upper() + plain[1:]
        parts.append(plain if plain[:1].isalnum() else f"0{plain}")
    return ":".join([ROOTS[kind], *parts])


def account_names() -> dict[int, tuple[str, str]]:
    """Name and unit of every account by its id. Where two codes would come to one name, the younger account adds its id."""
    names: dict[int, tuple[str, str]] = {}
    taken: set[str] = set()
    for id_, code, kind, unit in db.session.execute(select(Account.id, Account.code, Account.kind, Account.unit).order_by(Account.id)):
        name = account_name(code, kind)
        while name in taken:
            name += f"-{id_}"
        taken.add(name)
        names[id_] = (name, unit)
    return names


def lines(format_name: str) -> Iterator[str]:
    """The whole journal, a piece of text per entry, in the order of recording."""
    return _hledger() if format_name == "hledger" else _beancount()


def begins_entry(piece: str) -> bool:
    """Whether an entry begins with this piece of `lines`: a blank line stands before each, and nowhere else."""
    return piece.startswith("\n")


def _hledger() -> Iterator[str]:
    yield "; Kindling ledger. Units: GBP pounds, MIN minutes of time credit, MATCH minutes of match.\ncommodity 1000.00 GBP\ncommodity 1000. MIN\ncommodity 1000. MATCH\n\n"
    names = account_names()
    for name, _unit in sorted(names.values()):
        yield f"account {name}\n"
    for head, rows in _entries():
        reverses = f"  ; reverses: {_plain(head.reverses, ',')}" if head.reverses else ""
        # the code in brackets comes first always: a sentence that begins with a bracket or star would be read as one
        yield f"\n{head.effective_on.isoformat()} ({_plain(head.key, '()')}) {_plain(head.sentence, ';|')}{reverses}\n"
        for row in rows:
            yield f"    {names[row.credit_id][0]}  {amount(row.unit, -row.amount)}\n    {names[row.debit_id][0]}  {amount(row.unit, row.amount)}\n"


def _beancount() -> Iterator[str]:
    yield '; Kindling ledger. Units: GBP pounds, MIN minutes of time credit, MATCH minutes of match.\noption "operating_currency" "GBP"\n'
    first = db.session.scalar(select(Entry.effective_on).order_by(Entry.effective_on).limit(1))
    if first is None:
        return
    names = account_names()
    for name, unit in sorted(names.values()):
        yield f"{first.isoformat()} open {name} {unit}\n"
    for head, rows in _entries():
        yield f'\n{head.effective_on.isoformat()} * "{_quoted(head.sentence)}"\n  key: "{_quoted(head.key)}"\n'
        if head.reverses:
            yield f'  reverses: "{_quoted(head.reverses)}"\n'
        for row in rows:
            yield f"  {names[row.credit_id][0]}  {amount(row.unit, -row.amount)}\n  {names[row.debit_id][0]}  {amount(row.unit, row.amount)}\n"


def _entries() -> Iterator[tuple[Any, list[Any]]]:
    undone = aliased(Entry)
    rows = db.session.execute(
        select(
            Entry.id, Entry.key, Entry.effective_on, Entry.sentence, undone.key.label("reverses"), Transfer.unit, Transfer.amount,
            Transfer.debit_id, Transfer.credit_id,
        )
        .join(Transfer, Transfer.entry_id == Entry.id)
        .outerjoin(undone, undone.id == Entry.reverses_id)
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


def _plain(text: str, without: str = "") -> str:
    """On one line, without control characters and those that mean something there."""
    return " ".join("".join(" " if letter in without or letter < " " or letter == "\x7f" else letter for letter in text).split())


def _quoted(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace('"', '\\"')
