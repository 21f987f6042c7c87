"""Our journal as hledger and Beancount read it: the balance of each account, and ours beside them."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import realization

from portal.ledger import export, queries


def ours() -> Mapping[str, str]:
    """By the account's name in the journal: "-250.07 GBP"."""
    found = {}
    for unit in ("GBP", "MIN", "MATCH"):
        for line in queries.trial_balance(unit):
            found[export.account_name(line.code, line.kind)] = export.amount(unit, -line.balance)
    return found


def hledger_says(folder: Path) -> Mapping[str, str]:
    """The same from hledger, after its strict check. Skips, with one line, where it is not installed."""
    if not shutil.which("hledger"):
        assert not os.environ.get("CI"), "hledger is missing"
        pytest.skip("hledger is not installed here: its proof is left out")
    file = folder / "ledger.journal"
    file.write_text("".join(export.lines("hledger")))
    plain = {"LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
    subprocess.run(["hledger", "-f", file, "check", "--strict"], check=True, env=plain)
    printed = subprocess.run(
        ["hledger", "-f", file, "bal", "--flat", "-N", "-O", "csv", "--layout=bare"], check=True, capture_output=True, text=True, env=plain
    ).stdout
    theirs = {}
    for line in printed.splitlines()[1:]:
        name, unit, value = (cell.strip('"') for cell in line.split(","))
        theirs[name] = f"{value} {unit}"
    return theirs


def beancount_says(folder: Path) -> Mapping[str, str]:
    """The same from Beancount, which finds no error."""
    file = folder / "ledger.beancount"
    file.write_text("".join(export.lines("beancount")))
    entries, errors, _options = loader.load_file(str(file))
    assert errors == []
    theirs = {}
    for account in realization.iter_children(realization.realize(entries)):  # type: ignore[no-untyped-call]
        for position in account.balance:
            theirs[account.account] = f"{position.units.number} {position.units.currency}"
    return theirs
