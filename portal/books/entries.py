"""One entry with its story: its lines, who entered it and on what basis, what it is about, what it puts right, and its hash."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.books.groups import named
from portal.books.statement import said
from portal.books.words import KINDS
from portal.db import db
from portal.errors import NotFound
from portal.grants.model import Award, Contribution, Fund, Funder, Payment, QuickFloat, QuickSpark
from portal.grants.pooled_model import Withdrawal
from portal.ledger.model import Account, Entry, Transfer
from portal.ledger.posting import entry_digest
from portal.people import queries as people
from portal.people.access import Anybody
from portal.people.model import Role
from portal.timebank.model import Exchange
from portal.words import _


@dataclass(frozen=True)
class Side:
    """An account of a line, and the hash of its chain after the line."""

    id: int
    code: str
    name: str
    after: int
    head: str


@dataclass(frozen=True)
class Line:
    """So much from one account to another."""

    number: int
    amount: int
    debit: Side
    credit: Side


@dataclass(frozen=True)
class Link:
    """Where the thing that an entry is about can be looked at."""

    words: str
    href: str


@dataclass(frozen=True)
class Story:
    """Everything a page says about an entry. `by` and `behalf` are empty where nobody is named."""

    entry: Entry
    unit: str
    kind: str
    what: str
    lines: Sequence[Line]
    by: str
    behalf: str
    links: Sequence[Link]
    puts_right: Entry | None
    put_right_by: Entry | None
    digest: str


def story(entry_id: str, reader: Anybody) -> Story:
    """An entry for one reader: links only where they may go. NotFound. Eight queries at most."""
    entry = db.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound(_("We cannot find that entry."))
    unit, lines = _lines(entry)
    near = select(Entry).where((Entry.reverses_id == entry.id) | (Entry.id == (entry.reverses_id or "")))
    others = db.session.scalars(near).all()
    by, behalf = _people(entry, unit)
    return Story(
        entry, unit, _(KINDS.get(entry.kind, entry.kind)), said(unit, entry.kind, entry.sentence), lines, by, behalf, links_of(entry, reader),
        next((each for each in others if each.id == entry.reverses_id), None), next((each for each in others if each.reverses_id == entry.id), None),
        entry_digest({column.name: getattr(entry, column.name) for column in Entry.__table__.columns}),
    )  # fmt: skip


def _lines(entry: Entry) -> tuple[str, Sequence[Line]]:
    debit, credit = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(Transfer, debit, credit)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.entry_id == entry.id)
        .order_by(Transfer.line)
    ).all()
    lines = [
        Line(
            row.line, row.amount, Side(out.id, out.code, named(out.code, out.name), row.debit_after, row.debit_head),
            Side(into.id, into.code, named(into.code, into.name), row.credit_after, row.credit_head),
        )
        for row, out, into in rows
    ]  # fmt: skip
    return (rows[0][0].unit if rows else "GBP"), lines


def _people(entry: Entry, unit: str) -> tuple[str, str]:
    """Who entered it, and for whom. Of hours only those are named who have a job here: members are numbers in these pages."""
    ids = {code: _person(code) for code in (entry.actor, entry.on_behalf or "")}
    wanted = [id_ for id_ in ids.values() if id_ is not None]
    if unit != "GBP" and wanted:
        wanted = list(db.session.scalars(select(Role.person_id).where(Role.person_id.in_(wanted)).distinct()))
    names = people.names(wanted)
    somebody = _("Somebody who takes part")
    by = _("The portal itself") if ids[entry.actor] is None else names.get(ids[entry.actor] or 0, somebody)
    behalf = names.get(ids[entry.on_behalf or ""] or 0, somebody) if entry.on_behalf else ""
    return by, behalf


def _person(code: str) -> int | None:
    kind, _colon, number = code.partition(":")
    return int(number) if kind == "person" and number.isdecimal() else None


# --- what it is about ----------------------------------------------------------------------------------------------------


def links_of(entry: Entry, reader: Anybody) -> Sequence[Link]:
    """What an entry is about, and the payment that its key names, each with its page where this reader may open it."""
    abouts = dict.fromkeys([entry.about, ":".join(entry.key.split(":")[:2])])
    found = (
        FINDERS[kind](int(number), reader)
        for kind, _colon, number in (each.partition(":") for each in abouts)
        if kind in FINDERS and number.isdecimal()
    )
    return [each for each in found if each is not None]


def _award(id_: int, _reader: Anybody) -> Link | None:
    ref = db.session.scalar(select(Award.ref).where(Award.id == id_))
    return Link(_("The award %(ref)s", ref=ref), f"/finance/awards/{ref}") if ref else None


def _payment(id_: int, _reader: Anybody) -> Link | None:
    ref = db.session.scalar(select(Payment.ref).where(Payment.id == id_))
    return Link(_("The payment %(ref)s", ref=ref), f"/finance/payments/{ref}") if ref else None


def _fund(id_: int, _reader: Anybody) -> Link | None:
    row = db.session.execute(select(Fund.code, Fund.name).where(Fund.id == id_)).one_or_none()
    return Link(_("The fund %(name)s", name=row.name), f"/desk/funds/{row.code}") if row else None


def _contribution(id_: int, reader: Anybody) -> Link | None:
    fund = db.session.scalar(select(Contribution.fund_id).where(Contribution.id == id_))
    return _fund(fund, reader) if fund is not None else None


def _withdrawal(id_: int, _reader: Anybody) -> Link | None:
    query = select(Funder.code, Funder.name).join(Withdrawal, Withdrawal.funder_id == Funder.id).where(Withdrawal.id == id_)
    row = db.session.execute(query).one_or_none()
    return Link(_("The funder %(name)s", name=row.name), f"/desk/funders/{row.code}") if row else None


def _float(id_: int, _reader: Anybody) -> Link | None:
    ref = db.session.scalar(select(QuickFloat.ref).where(QuickFloat.id == id_))
    return Link(_("The float %(ref)s", ref=ref), f"/desk/floats/{ref}") if ref else None


def _quick(id_: int, reader: Anybody) -> Link | None:
    float_ = db.session.scalar(select(QuickSpark.float_id).where(QuickSpark.id == id_))
    return _float(float_, reader) if float_ is not None else None


def _exchange(id_: int, reader: Anybody) -> Link | None:
    if not reader.has("officer"):
        return None
    ref = db.session.scalar(select(Exchange.ref).where(Exchange.id == id_))
    return Link(_("The exchange %(ref)s", ref=ref), f"/timebank/exchanges/{ref}") if ref else None


FINDERS: Mapping[str, Callable[[int, Any], Link | None]] = {
    "award": _award, "payment": _payment, "fund": _fund, "contribution": _contribution, "withdrawal": _withdrawal, "quick-float": _float,
    "quick": _quick, "exchange": _exchange,
}  # fmt: skip
