"""E4: spending as the Local Government Association's "Spend" schema titles it, in its sequence; extra columns would come after.

What exceeds the scheme's threshold, in pounds net; refunds are negative lines; individuals are redacted.
"""

from collections.abc import Iterator

from portal.exports import files, grants
from portal.exports.filters import Filter
from portal.money import Pence
from portal.places import queries as places

VERSION = "1"
COLUMNS = (
    "Organisation name", "Organisation code", "Directorate / service where expenditure occurred", "Service category label",
    "Service category URI", "Supplier (beneficiary) name", "Local supplier (beneficiary) internal reference",
    "Supplier registered company number", "Supplier registered charity number", "VCSE grant", "Date", "Transaction number", "Net Amount",
    "Irrecoverable VAT", "Purpose of spend (summary)", "Procurement classification: Council's procurement category name",
    "Card Transaction (GPC|CCC|None)", "Contract reference",
)  # fmt: skip
DAY_FORMAT = "%d/%m/%Y"
TOTAL = COLUMNS.index("Net Amount")
REDACTED = "REDACTED PERSONAL DATA"


def supplier(line: grants.Money) -> str:
    """Who was paid: the host for a hosted grant, the applying organisation, and never an individual's name."""
    if line.route == "host" and line.payee_name:
        return line.payee_name
    return line.organisation or REDACTED


def rows(chosen: Filter) -> Iterator[files.Row]:
    """One row a settled payment or refund within the days of the filter."""
    scheme = places.scheme()
    publisher, department, threshold = (scheme.publisher_name, scheme.department, scheme.spend_threshold) if scheme else ("", "", 0)
    for line in grants.money(chosen):
        if abs(line.pence) <= threshold:
            continue
        yield (
            publisher, "", department, "", "", supplier(line), line.organisation_ref or "", line.company_number, line.charity_number,
            "Yes" if line.organisation_kind in grants.VCSE else "No", line.day, line.ref, files.Money(Pence(line.pence)), files.Money(Pence(0)),
            line.title, "", "None", "",
        )  # fmt: skip
