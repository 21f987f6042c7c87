"""Two records side by side: what stands under each, so that two people can see whether it is one, and what will move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from portal.db import db
from portal.events.model import Gathering, Guest
from portal.gifts.model import GiftParty, GiftPost
from portal.grants.model import Application, Award, Payee, Pledge
from portal.ideas.model import Idea, IdeaPledge
from portal.merging import judging
from portal.merging.judging import Record
from portal.money import hours, pounds
from portal.panels.model import Seat
from portal.people import queries as people
from portal.people.model import ActingFor, Organisation, Person, Role
from portal.places.model import Area
from portal.strengths.model import Strength
from portal.timebank.members import balance
from portal.web.forms import show_phone
from portal.words import N_, _


@dataclass(frozen=True)
class Row:
    """One line of the comparison: of the record that goes, and of the one that is kept."""

    label: str
    goes: str
    stays: str

    @property
    def same(self) -> bool:
        return self.goes == self.stays


KINDS = {"group": N_("Group"), "school": N_("School"), "hub": N_("Hub"), "business": N_("Business"), "charity": N_("Charity"), "council": N_("Council team")}  # fmt: skip


def details(old: Record, new: Record) -> Sequence[Row]:
    """Who they are, as we know it. Two queries."""
    areas = dict(db.session.execute(select(Area.id, Area.name).where(Area.id.in_({old.area_id, new.area_id} - {None}))).tuples().all())
    return [Row(label, *(one(each, areas) or _("None") for each in (old, new))) for label, one in _columns(old)]


def _columns(one: Record) -> Sequence[tuple[str, Any]]:
    lives = (_("Area"), lambda each, areas: areas.get(each.area_id, ""))
    if isinstance(one, Person):
        return [
            (_("Name"), lambda each, _areas: each.name),
            (_("E-mail"), lambda each, _areas: each.email),
            (_("Telephone"), lambda each, _areas: show_phone(each.phone) if each.phone else ""),
            (_("Postal address"), lambda each, _areas: each.postal_address.replace("\n", ", ")),
            lives,
            (_("With us since"), lambda each, _areas: each.joined_at.date().isoformat()),
        ]
    return [
        (_("Name"), lambda each, _areas: each.name),
        (_("What it is"), lambda each, _areas: _(KINDS[each.kind])),
        lives,
        (_("Charity number"), lambda each, _areas: each.charity_number),
        (_("Company number"), lambda each, _areas: each.company_number),
        (_("With us since"), lambda each, _areas: each.created_at.date().isoformat()),
    ]


PERSON_THINGS: Sequence[tuple[str, Any]] = (
    (N_("Ideas they asked money for"), Application.person_id),
    (N_("Promises of help to ideas"), Pledge.person_id),
    (N_("Ideas on the wall"), Idea.owner_id),
    (N_("Ideas they are in"), IdeaPledge.person_id),
    (N_("Seats on panels, also former ones"), Seat.person_id),
    (N_("Roles, also former ones"), Role.person_id),
    (N_("Groups they act for"), ActingFor.person_id),
    (N_("Events they organise"), Gathering.organiser_id),
    (N_("Places at events"), Guest.person_id),
    (N_("Entries on the map"), Strength.keeper_id),
)
GROUP_THINGS: Sequence[tuple[str, Any]] = (
    (N_("Ideas it asked money for"), Application.organisation_id),
    (N_("People who act for it"), ActingFor.organisation_id),
    (N_("Events it organises"), Gathering.organisation_id),
    (N_("Entries on the map"), Strength.organisation_id),
)


def things(old: Record, new: Record) -> Sequence[Row]:
    """What will move, counted, with the sums of money and time. Five queries."""
    persons = isinstance(old, Person)
    both = (old.id, new.id)
    whose = PERSON_THINGS if persons else GROUP_THINGS
    counted = [select(literal(label), column, func.count()).where(column.in_(both)).group_by(column) for label, column in whose]
    counted.append(_gifts(GiftParty.person_id if persons else GiftParty.organisation_id, both))
    found = {(label, id_): number for label, id_, number in db.session.execute(union_all(*counted)).tuples()}
    labels = [*(label for label, _column in whose), GIFTS]
    rows = [Row(_(label), *(str(found.get((label, each.id), 0)) for each in (old, new))) for label in labels]
    return [*_money(old, new), *_cards(old, new), *(row for row in rows if (row.goes, row.stays) != ("0", "0"))]


GIFTS = N_("Gifts and wishes")


def _gifts(column: Any, both: Sequence[int]) -> Select[Any]:
    query = select(literal(GIFTS), column, func.count()).join(GiftPost, GiftPost.party_id == GiftParty.id)
    return query.where(column.in_(both)).group_by(column)


def _money(old: Record, new: Record) -> Sequence[Row]:
    column = Application.person_id if isinstance(old, Person) else Application.organisation_id
    query = select(column, func.count(), func.sum(Award.amount)).join(Award, Award.application_id == Application.id)
    rows = db.session.execute(query.where(column.in_((old.id, new.id))).group_by(column)).tuples()
    found = {id_: _("%(number)d of together %(sum)s", number=number, sum=pounds(int(amount))) for id_, number, amount in rows}
    given = select(Payee.given_by_id, func.count()).where(Payee.given_by_id.in_((old.id, new.id))).group_by(Payee.given_by_id)
    accounts = dict(db.session.execute(given).tuples().all()) if isinstance(old, Person) else {}
    lines = [Row(_("Grants"), *(found.get(each.id, "0") for each in (old, new)))] if found else []
    if accounts:
        lines.append(Row(_("Accounts they gave for a grant"), *(str(accounts.get(each.id, 0)) for each in (old, new))))
    return lines


def _cards(old: Record, new: Record) -> Sequence[Row]:
    some = judging.cards(old, new)
    if some == (None, None):
        return []
    said = [
        _("None") if card is None else f"{card.ref}, {_('has ended')}" if card.status == "left" else f"{card.ref}, {hours(balance(card))}"
        for card in some
    ]
    return [Row(_("Timebank card"), *said)]


def alike(one: Record, text: str, areas: Any = None) -> Sequence[Record]:
    """Others that may be the same: of a name that begins like this, or with this address or number. At most 30."""
    if isinstance(one, Person):
        return [each for each in people.search(text, limit=31, areas=areas) if each.id != one.id][:30]
    return [each for each in groups(text) if each.id != one.id]


def groups(text: str, after: tuple[str, int] | None = None, limit: int = 30) -> Sequence[Organisation]:
    """Groups that are here, whose name holds what was typed, or of this number; by name, keyset-paged by (name, id)."""
    query = select(Organisation).where(Organisation.archived_at.is_(None))
    if wanted := text.strip().lower():
        pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(func.lower(Organisation.name).like(pattern, escape="\\") | (Organisation.ref == wanted.upper()))
    if after is not None:
        query = query.where((Organisation.name > after[0]) | ((Organisation.name == after[0]) & (Organisation.id > after[1])))
    return db.session.scalars(query.order_by(Organisation.name, Organisation.id).limit(limit)).all()
