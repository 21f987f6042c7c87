"""The first line of every file, as programs of others rely on it: a change here is a new version there."""

import pytest

from portal.exports import packs
from portal.exports.publish import giving

HEADERS = {
    "360giving-organisations": ",".join(giving.ORGANISATIONS),  # held letter by letter in test_giving
    "360giving-individuals": ",".join(giving.INDIVIDUALS),
    "vcse-grants-register": (
        "Date awarded,Period start,Period end,Department,Beneficiary,Registration number,Purpose,Amount,Grant reference,Programme,Ward code,Ward name,"
        "Amount paid,Status"
    ),
    "lga-spend": (
        "Organisation name,Organisation code,Directorate / service where expenditure occurred,Service category label,Service category URI,"
        "Supplier (beneficiary) name,Local supplier (beneficiary) internal reference,Supplier registered company number,"
        "Supplier registered charity number,VCSE grant,Date,Transaction number,Net Amount,Irrecoverable VAT,Purpose of spend (summary),"
        "Procurement classification: Council's procurement category name,Card Transaction (GPC|CCC|None),Contract reference"
    ),
    "duplicates": (
        "Payment,State,Prepared on,Amount,Grant reference,Programme,Paid to,Receipts,Account changed,Same account,Tie,Just under a limit,Split,"
        "Same applicant"
    ),
    "time-credits": "Month,Ward code,Activity type,People,Hours given,Hours received,Rate,Rate source,Value",
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_is_frozen(name: str) -> None:
    export = packs.EXPORTS[name]
    assert ",".join(export.columns) == HEADERS[name]
    assert export.version == "1" and export.name == name
