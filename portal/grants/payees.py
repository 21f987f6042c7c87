"""Account numbers: what they look like, how they are shown, how the same one is recognised. Pure functions but for the key."""

import re

from portal import vault
from portal.words import _

NAME_MOST = 40
ADDRESS_MOST = 300
_OUTWARD = re.compile(r"\b([A-Z]{1,2}[0-9][0-9A-Z]?) ?[0-9][A-Z]{2}\b")


def clean_sort_code(text: str) -> str:
    """Six digits from "20-00-00" or "20 00 00". ValueError, with a sentence, for anything else."""
    digits = re.sub(r"[\s\-–.]", "", text)
    if not re.fullmatch(r"[0-9]{6}", digits) or digits == "000000":
        raise ValueError(_("Write the sort code with its six digits, like 20-12-34."))
    return digits


def clean_account_number(text: str) -> str:
    """Eight digits; shorter ones (six or seven) get the noughts in front that banks leave out. ValueError otherwise."""
    digits = re.sub(r"[\s\-–]", "", text)
    if not re.fullmatch(r"[0-9]{6,8}", digits) or not digits.strip("0"):
        raise ValueError(_("Write the account number with its eight digits, like 12345678."))
    return digits.zfill(8)


def clean_company_number(text: str) -> str:
    """Eight characters as Companies House has them: "1234567" gives "01234567", "sc 123456" gives "SC123456". ValueError otherwise."""
    number = re.sub(r"[\s\-–.]", "", text).upper()
    if re.fullmatch(r"[0-9]{6,8}", number) and number.strip("0"):
        return number.zfill(8)
    if not re.fullmatch(r"[A-Z]{2}[0-9]{5}[0-9R]", number):
        raise ValueError(_("Write the company number with its eight characters, like 01234567 or SC123456."))
    return number


def masked(sort_code: str, account_number: str) -> str:
    """ "••-••-34 ••••5678": enough to recognise one's own. Empty for no account."""
    return f"••-••-{sort_code[-2:]} ••••{account_number[-4:]}" if account_number else ""


def fingerprints(sort_code: str, account_number: str) -> tuple[str, ...]:
    """Keyed hashes of an account, newest key first: the first is kept, any recognises it."""
    return vault.marks("payee", f"{sort_code}:{account_number}")


def masked_address(address: str) -> str:
    """ "••• RM17 •••", or "•••" where no postcode stands in it: enough to recognise one's own."""
    found = _OUTWARD.search(address.upper())
    return f"••• {found[1]} •••" if found else "•••"


def clean_cheque_number(text: str) -> str:
    """Digits without the noughts in front, so that the bank's "000123" is our 123. ValueError, with a sentence, for anything else."""
    digits = re.sub(r"[\s\-–.]", "", text)
    if not re.fullmatch(r"[0-9]{1,12}", digits) or not digits.strip("0"):
        raise ValueError(_("Write the number on the cheque with its digits, like 100123."))
    return digits.lstrip("0")
