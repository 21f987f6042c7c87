"""E6: what moved, for the council's own ledger, by month or by payment run. Debits equal credits; nothing goes out twice.

A journal holds what no journal held before: the first of a month is the month, a further one only what came after. Each line
of ours may be in one journal only, by month or by run; the database says so. To take one again gives the same bytes.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, insert, literal, or_, select
from sqlalchemy.orm import aliased

from portal import clock, once
from portal.books.closing import month_end
from portal.books.funds import Places
from portal.books.layout import MOVEMENTS, SIDES, Codes, Layout, layout
from portal.books.model import Journal, JournalLine
from portal.db import db, one_at_a_time, transaction
from portal.errors import Conflict, NotFound, Refused
from portal.exports import files, grants
from portal.exports.packs import TAKEN
from portal.grants.model import Contribution, Fund, Payment, PaymentRun, QuickSpark, Refund
from portal.grants.pooled_model import Withdrawal
from portal.history import Actor, record
from portal.ledger.model import Account, Entry, Transfer
from portal.money import Pence, financial_year
from portal.refs import new_ref
from portal.words import N_, _

COLUMNS = (  # frozen in the file; a page says them in the reader's language
    N_("Journal date"), N_("Period"), N_("Journal ref"), N_("Line no"), N_("Cost centre"), N_("Subjective code"), N_("Project code"), N_("VAT code"), N_("Debit"), N_("Credit"), N_("Net"),
    N_("VAT"), N_("Narrative"), N_("Source ref"),
)  # fmt: skip
DAY_FORMAT = "%Y-%m-%d"
NARRATIVE = 50
MONTHS = 12  # on a page


@dataclass(frozen=True)
class Movement:
    """One of our transfers, as the council's ledger sees it; `turned`: it undoes one of its kind, so debit and credit change sides."""

    transfer_id: int
    day: date
    movement: str
    turned: bool
    fund_id: int
    pence: int
    narrative: str
    source: str


@dataclass(frozen=True)
class Preview:
    """What a month or a run would send now. `missing`: (fund, movement) in words that have no codes yet."""

    title: str
    rows: Sequence[files.Row]
    pence: int
    missing: Sequence[tuple[Fund, str]]
    made: Sequence[Journal]


def period(day: date) -> str:
    """YYYYPP of the financial year: August 2026 is 202605, March 2027 is 202612."""
    return f"{financial_year(day)[:4]}{(day.month - 4) % 12 + 1:02d}"


def months(before: str = "") -> tuple[Sequence[date], str | None]:
    """Months that are over, each by its last day, newest first: the last, or those before a month ("2026-08"); and where the next page goes
    on, if anything moved before. One query.
    """
    last = month_of(before)
    first = db.session.scalar(select(func.min(Entry.effective_on))) or clock.today()
    day = min(last or clock.today(), clock.today()).replace(day=1) - timedelta(days=1)
    found: list[date] = []
    while len(found) < MONTHS and (day >= first or not (found or last)):
        found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return found, f"{found[-1]:%Y-%m}" if found and day >= first else None


def month_of(text: str) -> date | None:
    """The first day of a month like "2026-08"; None for anything else."""
    return date(int(text[:4]), int(text[5:]), 1) if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text) else None


def journals(before: int | None = None, limit: int = 50) -> tuple[Sequence[Journal], int | None]:
    """Journals that were made, newest first, and where the next page goes on. One query."""
    return _page(select(Journal), Journal.id, before, limit)


def runs(before: int | None = None, limit: int = 12) -> tuple[Sequence[PaymentRun], int | None]:
    """Payment runs, newest first, and where the next page goes on. One query."""
    return _page(select(PaymentRun), PaymentRun.id, before, limit)


def _page(query: Select[Any], key: Any, before: int | None, limit: int) -> tuple[Sequence[Any], int | None]:
    if before is not None:
        query = query.where(key < before)
    rows = db.session.scalars(query.order_by(key.desc()).limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def by_ref(ref: str) -> Journal:
    """One journal. NotFound."""
    found = db.session.scalar(select(Journal).where(Journal.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that journal."))
    return found


# --- what would go out ---------------------------------------------------------------------------------------------------


def preview(kind: str, of: str) -> Preview:
    """What a month ("2026-08") or a run (its reference) would send now. NotFound. Refused: a month that is not over."""
    found, known = movements(_chosen(kind, of)), layout()
    lacking = _missing(found, known)
    made = db.session.scalars(select(Journal).where(Journal.kind == kind, Journal.of == of).order_by(Journal.number)).all()
    rows = list(_rows(found, _codes(found, known), "", _day(found, kind)))
    return Preview(of, rows, sum(each.pence for each in found), lacking, made)


def _chosen(kind: str, of: str) -> ColumnElement[bool]:
    """Which transfers: those of a month's days; those of the payments of a run."""
    if kind == "run":
        run = db.session.scalar(select(PaymentRun).where(PaymentRun.ref == of))
        if run is None:
            raise NotFound(_("We cannot find that payment run."))
        key = literal("payment:") + cast(Payment.id, String)
        keys = select(key + literal(":settled")).where(Payment.run_id == run.id).union_all(
            select(key + literal(":bounced")).where(Payment.run_id == run.id)
        )  # fmt: skip
        return Entry.key.in_(keys)
    first = month_of(of) if kind == "month" else None
    if first is None:
        raise NotFound(_("We cannot find that month."))
    if month_end(first) >= clock.today():
        raise Refused(_("A month can go out when it is over."))
    return and_(Entry.effective_on >= first, Entry.effective_on <= month_end(first))


def _day(found: Sequence[Movement], kind: str) -> date:
    """The date of a journal: the last day of its month, or of a run the last on which something of it moved."""
    last = max((each.day for each in found), default=clock.today())
    return month_end(last) if kind == "month" else last


def movements(where: ColumnElement[bool]) -> Sequence[Movement]:
    """What no journal has held yet, in the order of the books: money from and to funders, to payees, and back. About ten queries."""
    query = _moved().where(where, Transfer.id.not_in(select(JournalLine.transfer_id)))
    return _understood(db.session.execute(query).all())


def _moved() -> Any:
    out, into = aliased(Account), aliased(Account)
    ends = [account.code.startswith(start) for account in (out, into) for start in ("funder:", "payee:")]
    return (
        select(
            Transfer.id,
            Transfer.amount,
            Transfer.effective_on,
            Entry.key,
            Entry.kind,
            Entry.sentence,
            out.code.label("out"),
            into.code.label("into"),
        )
        .join(Entry, Entry.id == Transfer.entry_id)
        .join(out, out.id == Transfer.debit_id)
        .join(into, into.id == Transfer.credit_id)
        .where(Transfer.unit == "GBP", or_(*ends))
        .order_by(Transfer.id)
    )


def _understood(rows: Sequence[Any]) -> Sequence[Movement]:
    if not rows:
        return []
    places, sources = Places(), _sources(rows)
    found = []
    for row in rows:
        kind = _kind(row.out.split(":")[0], row.into.split(":")[0], row.kind)
        if kind is None:
            continue
        fund = next(each[1] for code in (row.out, row.into) if (each := places.of(code)) is not None)
        source = sources.get(":".join(row.key.split(":")[:2]), "")
        found.append(
            Movement(row.id, row.effective_on, *kind, fund, row.amount, grants.one_line(row.sentence)[:NARRATIVE].rstrip(), source)
        )
    return found


def _kind(out: str, into: str, kind: str) -> tuple[str, bool] | None:
    """(movement, turned) of a transfer by the kinds of its two accounts; None where the council's ledger has nothing of it."""
    match out, into:
        case "funder", "fund":
            return "contribution", False
        case "fund", "funder":
            return ("contribution", True) if kind == "reversal" else ("given_back", False)
        case "run", "payee":
            return "paid", False
        case "payee", "award":
            return "paid", True
        case "payee", "fund":
            return "refund", False
        case "float", "payee":
            return "quick", False
        case "payee", "float":
            return "quick", True
    return None


def _sources(rows: Sequence[Any]) -> Mapping[str, str]:
    """The public reference of the thing that each key names: of the payment, the refund, the contribution, the withdrawal, the quick spark."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        kind, _colon, number = row.key.partition(":")
        if number.split(":")[0].isdecimal():
            wanted.setdefault(kind, set()).add(int(number.split(":")[0]))
    tables: Mapping[str, Any] = {
        "payment": Payment, "refund": Refund, "contribution": Contribution, "withdrawal": Withdrawal, "quick": QuickSpark,
    }  # fmt: skip
    found: dict[str, str] = {}
    for kind, model in tables.items():
        ids = sorted(wanted.get(kind, ()))
        for start in range(0, len(ids), 500):
            some = db.session.execute(select(model.id, model.ref).where(model.id.in_(ids[start : start + 500])))
            found |= {f"{kind}:{id_}": str(ref) for id_, ref in some}
    return found


def _missing(found: Sequence[Movement], known: Layout) -> Sequence[tuple[Fund, str]]:
    lacking = sorted({(each.fund_id, each.movement) for each in found if (each.fund_id, each.movement, "debit") not in known})
    funds = {fund.id: fund for fund in db.session.scalars(select(Fund).where(Fund.id.in_({id_ for id_, _movement in lacking})))}
    return [(funds[id_], movement) for id_, movement in lacking]


def _codes(found: Sequence[Movement], known: Layout) -> dict[str, list[str]]:
    """The codes that these movements need, as a journal keeps them."""
    pairs = sorted({(each.fund_id, each.movement) for each in found})
    return {f"{fund}:{movement}:{side}": known.get((fund, movement, side), Codes()).as_list() for fund, movement in pairs for side in SIDES}


def _rows(found: Sequence[Movement], codes: Mapping[str, list[str]], ref: str, day: date) -> Iterator[files.Row]:
    """Two rows a movement: its debit and its credit, equal."""
    number = 0
    nothing = files.Money(Pence(0))
    for each in found:
        for side in SIDES:
            number += 1
            debit = (side == "debit") != each.turned
            mine, net = files.Money(Pence(each.pence)), files.Money(Pence(each.pence if debit else -each.pence))
            sums = (mine, nothing, net, nothing) if debit else (nothing, mine, net, nothing)
            yield (day, period(day), ref, number, *codes[f"{each.fund_id}:{each.movement}:{side}"], *sums, each.narrative, each.source)


# --- what goes out -------------------------------------------------------------------------------------------------------


def make(kind: str, of: str, actor: Actor, *, once_key: str | None = None) -> str:
    """Make the journal of all that a month or a run has not sent yet; returns its reference. A second sending gives the first result.

    Refused: a month that is not over, nothing new, codes that are missing (it names them). NotFound: no such month or run.
    """
    with transaction():
        if once_key and (done := once.claim(once_key)) is not None:
            return done
        one_at_a_time("journal")
        found, known = movements(_chosen(kind, of)), layout()
        number = 1 + (db.session.scalar(select(func.max(Journal.number)).where(Journal.kind == kind, Journal.of == of)) or 0)
        if not found and number > 1:
            raise Refused(_("All of this has gone out already. Take the journal that holds it again instead."))
        if not found:
            raise Refused(_("Nothing moved that your ledger has to know of, or it has gone out in another journal."))
        if lacking := _missing(found, known):
            said = ", ".join(f"{fund.name}: {_(MOVEMENTS[movement][0])}" for fund, movement in lacking)
            raise Refused(_("Codes are missing for %(what)s. Write them down first.", what=said))
        assert actor.person_id is not None
        journal = Journal(
            ref=new_ref("JNL"), kind=kind, of=of, number=number, day=_day(found, kind), made_by_id=actor.person_id, made_at=clock.now(),
            pence=sum(each.pence for each in found), codes=_codes(found, known), sha256="",
        )  # fmt: skip
        journal.sha256 = hashlib.sha256(b"".join(_bytes(journal, found))).hexdigest()
        db.session.add(journal)
        db.session.flush()
        lines = [
            {"transfer_id": each.transfer_id, "journal_id": journal.id, "fund_id": each.fund_id, "movement": each.movement}
            for each in found
        ]
        db.session.execute(insert(JournalLine), lines)
        record(f"journal:{journal.id}", "made", actor, ref=journal.ref, of=of, pence=journal.pence, sha256=journal.sha256)
        if once_key:
            once.keep(once_key, journal.ref)
        return journal.ref


def _bytes(journal: Journal, found: Sequence[Movement]) -> Iterator[bytes]:
    return files.csv_chunks(COLUMNS, _rows(found, journal.codes, journal.ref, journal.day), DAY_FORMAT)


def held(journal: Journal) -> Sequence[Movement]:
    """The movements that a journal holds, from the books."""
    return _understood(
        db.session.execute(
            _moved().where(Transfer.id.in_(select(JournalLine.transfer_id).where(JournalLine.journal_id == journal.id)))
        ).all()
    )


def shown(journal: Journal) -> Sequence[files.Row]:
    """The rows of a journal that was made."""
    return list(_rows(held(journal), journal.codes, journal.ref, journal.day))


def file_name(journal: Journal) -> str:
    """`gl-journal-2026-08-JNL-....-.....csv`."""
    return f"gl-journal-{journal.of}-{journal.ref}.csv" if journal.kind == "month" else f"gl-journal-{journal.ref}.csv"


def take(ref: str, actor: Actor) -> bytes:
    """The file of a journal, the same bytes each time; who takes it is on record. Conflict: it would not be the same."""
    with transaction():
        journal = by_ref(ref)
        data = b"".join(_bytes(journal, held(journal)))
        if hashlib.sha256(data).hexdigest() != journal.sha256:
            raise Conflict(_("This file would not be the one that went out first. Tell whoever looks after the portal."))
        record("export:gl-journal", TAKEN, actor, format="csv", file=file_name(journal), filter={"journal": ref})
        return data
