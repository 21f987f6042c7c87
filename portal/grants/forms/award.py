"""What applicants type about an award: where the money goes, or why they give it back."""

from typing import Any

from portal.grants.payees import ADDRESS_MOST, NAME_MOST, clean_account_number, clean_sort_code
from portal.web.forms import Form, Line, Needed, Paragraphs
from portal.words import N_


class _Digits(Line):
    """Digits of an account, cleaned; what was typed is not shown back, so that it never stands in a page."""

    clean: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data:
            self.data = type(self).clean(self.data)

    def _value(self) -> str:
        return ""


class SortCode(_Digits):
    clean = staticmethod(clean_sort_code)


class AccountNumber(_Digits):
    clean = staticmethod(clean_account_number)


class Account(Form):
    name = Line(
        N_("Name on the account"),
        [Needed(N_("Write the name as the bank has it."))],
        description=N_("As it stands on the bank statement."),
        most=NAME_MOST,
    )
    sort_code = SortCode(
        N_("Sort code"),
        [Needed(N_("Write the sort code with its six digits, like 20-12-34."))],
        description=N_("Six digits, like 20-12-34."),
        most=20,
    )
    account_number = AccountNumber(
        N_("Account number"),
        [Needed(N_("Write the account number with its eight digits, like 12345678."))],
        description=N_("Eight digits, sometimes fewer."),
        most=20,
    )


class HiddenAddress(Paragraphs):
    """An address; what was typed is not shown back, so that it never stands in a page."""

    def _value(self) -> str:
        return ""


class ChequeTo(Form):
    """No proof of who somebody is: the bank that takes the cheque asks for it."""

    name = Line(
        N_("Name on the cheque"),
        [Needed(N_("Write the name that shall stand on the cheque."))],
        description=N_("Whoever pays it in. It must be the name that their bank knows."),
        most=NAME_MOST,
    )
    address = HiddenAddress(
        N_("Address for the envelope"),
        [Needed(N_("Write the address that the cheque shall go to."))],
        description=N_("With the postcode."),
        most=ADDRESS_MOST,
    )


class GiveUp(Form):
    reason = Paragraphs(N_("Why? (optional)"), description=N_("It helps us to do better."), most=500)
