"""E3: the register of grants to voluntary, community and social enterprise bodies.

England's Local Government Transparency Code 2015 asks for all of them, of any amount, at least once a year.
"""

import heapq
from collections.abc import Iterator

from portal.exports import files, grants
from portal.exports.filters import Filter
from portal.money import Pence
from portal.places import queries as places

VERSION = "1"
COLUMNS = (
    "Date awarded", "Period start", "Period end", "Department", "Beneficiary", "Registration number", "Purpose", "Amount", "Grant reference",
    "Programme", "Ward code", "Ward name", "Amount paid", "Status",
)  # fmt: skip
DAY_FORMAT = "%Y-%m-%d"
TOTAL = COLUMNS.index("Amount")
STATUS = {
    "reserved": "Offered",
    "conditions_open": "Accepted",
    "ready_to_pay": "Accepted",
    "paid": "Paid",
    "reporting": "Paid",
    "closed": "Finished",
    "returned": "Returned",
}  # fmt: skip  an offer that was turned down, or that nobody took up, was never a grant


def rows(chosen: Filter) -> Iterator[files.Row]:
    """One row an award, or a quick spark, to a body; what went to individuals or shops is not in this file.

    Nor is an organisation that is called like a person: E2 has its award without a name, beside the same reference.
    """
    scheme = places.scheme()
    department = (scheme.department or scheme.name) if scheme else ""
    for award in heapq.merge(grants.awards(chosen), grants.quick_grants(chosen), key=lambda each: each.decided_on):
        if award.a_person or award.organisation_kind not in grants.VCSE or award.status not in STATUS:
            continue
        yield (
            award.decided_on, award.first_day, award.last_day, department, award.organisation, award.registration, award.purpose,
            files.Money(Pence(award.amount)), award.ref, award.fund, award.ward_code, award.ward_name, files.Money(Pence(award.paid)),
            STATUS[award.status],
        )  # fmt: skip
