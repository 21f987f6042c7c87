"""E4: spending as the Local Government Association's "Spend" schema titles it, in its sequence; extra columns would come after.

What exceeds the scheme's threshold, in pounds net; what came back is a negative line; individuals are redacted.
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


def rows(chosen: Filter) -> Iterator[files.Row]:
    """One row a movement of money to a payee, or back, within the days of the filter."""
    scheme = places.scheme()
    if scheme is None:
        return
    publisher, department = scheme.publisher_name or scheme.name, scheme.department or scheme.name
    for line in grants.money(chosen):
        if abs(line.pence) <= scheme.spend_threshold:
            continue
        yield (
            publisher, "", department, "", "", line.supplier, line.organisation_ref, line.company_number, line.charity_number,
            "Yes" if line.vcse else "No", line.day, line.ref, files.Money(Pence(line.pence)), files.Money(Pence(0)), line.purpose, "", "None", "",
        )  # fmt: skip
