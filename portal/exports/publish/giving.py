"""E1 and E2: grants to organisations and to individuals by the 360Giving Data Standard 1.4. Only what was signed off.

A person is "Individual Recipient", under a code drawn for this one award: two grants to one person cannot be put together. Amount
Disbursed is what arrived by the filter's as-at day; what came back is not taken off. Empty means that there is no value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, func, or_, select

from portal.db import db
from portal.exports import files
from portal.exports.filters import Filter
from portal.exports.grants import AT_ONCE, arrived, code, narrowed, on_days, one_line
from portal.exports.publish import settings, summaries
from portal.exports.publish.model import Summary
from portal.grants.model import Application, Award, Fund, Payment
from portal.history import Event
from portal.money import Pence
from portal.outbox import address_of
from portal.people.model import Organisation
from portal.places import queries as places
from portal.tables import is_risky

STANDARD = "1.4"
VERSION = "1"
DAY_FORMAT = "%Y-%m-%d"
PERSON = "Individual Recipient"
REASON, PURPOSE = "GTIR120", "GTIP160"  # social action, community projects: what a neighbour does is not about their own need
_BENEFICIARY = {
    "Beneficiary Location:Name": "beneficiaryLocation/0/name",
    "Beneficiary Location:Geographic Code": "beneficiaryLocation/0/geoCode",
    "Beneficiary Location:Geographic Code Type": "beneficiaryLocation/0/geoCodeType",
}
_FUNDER = {"Funding Org:Identifier": "fundingOrganization/0/id", "Funding Org:Name": "fundingOrganization/0/name"}
_LAST = {"Last Modified": "dateModified", "Data Source": "dataSource"}
# title of a column → where it stands in the JSON
ORGANISATIONS = {
    "Identifier": "id", "Title": "title", "Description": "description", "Currency": "currency", "Amount Applied For": "amountAppliedFor",
    "Amount Awarded": "amountAwarded", "Amount Disbursed": "amountDisbursed", "Award Date": "awardDate",
    "Planned Dates:Start Date": "plannedDates/0/startDate", "Planned Dates:End Date": "plannedDates/0/endDate",
    "Recipient Org:Identifier": "recipientOrganization/0/id", "Recipient Org:Name": "recipientOrganization/0/name",
    "Recipient Org:Charity Number": "recipientOrganization/0/charityNumber", "Recipient Org:Company Number": "recipientOrganization/0/companyNumber",
    "Recipient Org:Location:Name": "recipientOrganization/0/location/0/name",
    "Recipient Org:Location:Geographic Code": "recipientOrganization/0/location/0/geoCode",
    "Recipient Org:Location:Geographic Code Type": "recipientOrganization/0/location/0/geoCodeType",
    **_BENEFICIARY, "Beneficiary Location:Country Code": "beneficiaryLocation/0/countryCode",
    **_FUNDER, "Funding Org:Department": "fundingOrganization/0/department", "Grant Programme:Code": "grantProgramme/0/code",
    "Grant Programme:Title": "grantProgramme/0/title", "From An Open Call?": "fromOpenCall", "Location Scope": "locationScope",
    "Funding Type:Vocabulary": "fundingType/0/vocabulary", "Funding Type:Code": "fundingType/0/code", "Funding Type:Title": "fundingType/0/title", **_LAST,
}  # fmt: skip
INDIVIDUALS = {
    "Identifier": "id", "Title": "title", "Description": "description", "Currency": "currency", "Amount Awarded": "amountAwarded", "Award Date": "awardDate",
    "Recipient Ind:Identifier": "recipientIndividual/id", "Recipient Ind:Name": "recipientIndividual/name",
    "To Individuals Details:Primary Grant Reason": "toIndividualsDetails/primaryGrantReason",
    "To Individuals Details:Secondary Grant Reason": "toIndividualsDetails/secondaryGrantReason",
    "To Individuals Details:Grant Purpose": "toIndividualsDetails/grantPurpose/0",
    **_BENEFICIARY, **_FUNDER, "Grant Programme:Title": "grantProgramme/0/title", **_LAST,
}  # fmt: skip


def organisations(chosen: Filter) -> Iterator[files.Row]:
    """A row for each award to an organisation that was signed off as it stands now. Streamed."""
    who = settings.ready()
    wards = places.wards_on(chosen.until)
    for row in _grants(chosen, individuals=False):
        charity, company = _charity(row.charity_number), _company(row.company_number)
        home = wards.get(row.organisation_area, ("", ""))
        place = (None, None, None) if home == wards.get(row.area_id, ("", "")) else _place(*home)  # a ward is told once
        yield (
            f"{who.prefix}-{row.ref}", row.title, row.description, "GBP", _sum(row.asked), _sum(row.amount), _sum(row.settled), row.decided_on,
            row.first_day, row.last_day, charity or company or f"{who.prefix}-{row.organisation_ref}", plain(row.organisation),
            charity.rpartition("-")[2] or None, company.rpartition("-")[2] or None, *place,
            *_place(row.ward_code, row.ward_name), "GB", who.identifier, plain(who.name), plain(who.department) or None, row.fund_code, plain(row.fund),
            "Yes", "GLS060", "IATI Finance Type", "110", "Standard grant", _modified(row), address_of("/register/data/"),
        )  # fmt: skip


def individuals(chosen: Filter) -> Iterator[files.Row]:
    """A row for each award to a person that was signed off as it stands now; nobody is named. Streamed."""
    who = settings.ready()
    for row in _grants(chosen, individuals=True):
        yield (
            f"{who.prefix}-{row.ref}", row.title, row.description, "GBP", _sum(row.amount), row.decided_on, f"{who.prefix}-{row.code}", PERSON, REASON, None,
            PURPOSE, *_place(row.ward_code, row.ward_name), who.identifier, plain(who.name), plain(row.fund), _modified(row), address_of("/register/data/"),
        )  # fmt: skip


def left_out(chosen: Filter, *, individuals: bool) -> Mapping[str, int]:
    """How many awards of the filter are not in the file: those that wait for a signature, and those that were taken down. One query."""
    sides = summaries.individual if individuals else ~summaries.individual
    numbers = [func.count().filter(summaries.in_state(state)) for state in ("waiting", "taken_down")]
    query = on_days(
        select(*numbers)
        .select_from(Award)
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .outerjoin(Summary, Summary.award_id == Award.id)
        .where(summaries.promised(), sides),
        chosen,
    )
    return dict(zip(("waiting", "taken_down"), db.session.execute(narrowed(query, chosen)).one(), strict=True))


def _grants(chosen: Filter, *, individuals: bool) -> Iterator[Any]:
    settled = select(func.sum(Payment.amount)).where(Payment.award_id == Award.id, arrived(chosen.until)).scalar_subquery()
    told = select(func.max(Event.at)).where(Event.about == code("award", Award.id)).scalar_subquery()
    paid = (
        select(func.max(Event.at)).join(Payment, Event.about == code("payment", Payment.id)).where(Payment.award_id == Award.id).scalar_subquery()
    )  # fmt: skip
    query = (
        select(
            Award.decided_on, Award.first_day, Award.last_day, Award.amount, Award.area_id, Award.ward_code, Award.ward_name, Application.ref, Application.asked,
            Summary.title, Summary.description, Summary.code, Summary.signed_at, Fund.code.label("fund_code"), Fund.name.label("fund"),
            Organisation.ref.label("organisation_ref"), Organisation.name.label("organisation"), Organisation.area_id.label("organisation_area"),
            Organisation.charity_number, Organisation.company_number, settled.label("settled"), told.label("told_at"), paid.label("paid_at"),
        )
        .join(Application, Application.id == Award.application_id)
        .join(Fund, Fund.id == Award.fund_id)
        .join(Summary, Summary.award_id == Award.id)
        .outerjoin(Organisation, Organisation.id == Application.organisation_id)
        .where(summaries.promised(), summaries.in_state("signed"), summaries.individual if individuals else ~summaries.individual)
        .order_by(Award.decided_on, Award.id)
    )  # fmt: skip
    query = on_days(query, chosen)
    if chosen.changed_since is not None:
        since = chosen.changed_since
        moved = exists().where(Payment.award_id == Award.id, Event.about == code("payment", Payment.id), Event.at >= since)
        query = query.where(
            or_(exists().where(Event.about == code("award", Award.id), Event.at >= since), moved, Summary.signed_at >= since)
        )
    return iter(db.session.execute(narrowed(query, chosen).execution_options(yield_per=AT_ONCE)))


def plain(text: str) -> str:
    """A name on one line that begins with what no spreadsheet takes for a formula."""
    text = one_line(text)
    while is_risky(text):
        text = text[1:].lstrip()
    return text


def _sum(pence: int | None) -> files.Money | None:
    return files.Money(Pence(int(pence))) if pence else None


def _place(ward_code: str, name: str) -> tuple[str | None, str | None, str | None]:
    return plain(name) or None, ward_code or None, "WD" if ward_code else None


def _modified(row: Any) -> str:
    """The last thing that happened to an award, to its money or to its words."""
    last: datetime = max(each for each in (row.signed_at, row.told_at, row.paid_at) if each is not None)
    return last.astimezone(UTC).isoformat(timespec="seconds")


def _charity(number: str) -> str:
    """A charity's number as org-id.guide writes it; empty when it cannot be one."""
    number = re.sub(r"\s", "", number).upper()
    if found := re.fullmatch(r"(SC\d{6})|NIC?(\d{6})", number):
        return f"GB-SC-{found[1]}" if found[1] else f"GB-NIC-{found[2]}"
    return f"GB-CHC-{number}" if re.fullmatch(r"\d{6,8}(-\d{1,3})?", number) else ""


def _company(number: str) -> str:
    """A company's number with its eight characters; empty when it cannot be one."""
    number = re.sub(r"\s", "", number).upper()
    if re.fullmatch(r"\d{1,8}", number):
        return f"GB-COH-{number.zfill(8)}"
    return f"GB-COH-{number}" if re.fullmatch(r"[A-Z]{2}\d{6}", number) else ""


# --- as JSON -------------------------------------------------------------------------------------------------------------


def json_chunks(columns: Sequence[str], rows: Iterable[files.Row], day_format: str = DAY_FORMAT) -> Iterator[bytes]:
    """The package of the standard: its version, and the grants with their parts nested, one a line. `day_format` is the standard's own."""
    where = [(ORGANISATIONS | INDIVIDUALS)[column].split("/") for column in columns]
    yield f'{{"version": "{STANDARD}", "grants": ['.encode()
    between = "\n"
    for row in rows:
        grant: dict[str, Any] = {}
        for path, cell in zip(where, row, strict=True):
            if cell is not None and cell != "":
                _put(grant, path, files.cell_as_json(cell))
        yield (between + _written(grant)).encode()
        between = ",\n"
    yield b"\n]}\n"


def _put(grant: dict[str, Any], path: Sequence[str], value: str) -> None:
    for step in path[:-1]:
        grant = grant.setdefault(step, {})
    grant[path[-1]] = value


def _written(part: Any) -> str:
    """Parts keyed "0" are lists of one; what is at the end is written already."""
    if isinstance(part, str):
        return part
    if "0" in part:
        return f"[{_written(part['0'])}]"
    return "{" + ", ".join(f'"{name}": {_written(inner)}' for name, inner in part.items()) + "}"


WRITERS = {"json": json_chunks, "csv": files.csv_chunks, "xlsx": files.xlsx_chunks}
