"""The bank's files to the byte, and names as they are cut."""

from datetime import date

import pytest

from portal.grants.bank_file import BankAccount, Credit, as_csv, as_standard_18, fitted, name_for_bank
from portal.money import Pence

OURS = BankAccount("401234", "87654321", "Estuary Borough Council")
CREDITS = [
    Credit(BankAccount("201234", "12345678", "Mossgate Gardeners"), Pence(250_00), "SPK-7F3K-9QXA"),
    Credit(BankAccount("112233", "00012345", "Zoë O’Brien & Söhne, (Kent)"), Pence(1_05), "SPK-2222-3333"),
]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Mossgate Gardeners", "MOSSGATE GARDENERS"),
        ("Mossgate Gardeners of the Estuary", "MOSSGATE GARDENERS"),
        ("The Mill House Trust, Mossgate", "THE MILL HOUSE TRU"),
        ("Zoë O’Brien & Söhne", "ZOE OBRIEN & SOHNE"),
        ("Straße 7/8 (Nord)", "STRASSE 7/8 NORD"),
        ("Ærø Łódź", "AERO LODZ"),
        ("=HYPERLINK(1),2\r\n", "HYPERLINK 1 2"),
        ("-Friends-", "FRIENDS-"),
        ("Друзья", ""),
        ("ACTION GROUP FOR  X", "ACTION GROUP FOR X"),
        ("SEVENTEEN LETTERS X", "SEVENTEEN LETTERS"),
        ("", ""),
    ],
)
def test_a_name_as_the_file_holds_it(text: str, cut: str) -> None:
    assert fitted(text) == cut and len(cut) <= 18


def test_a_name_of_which_nothing_is_left_is_the_reference() -> None:
    assert name_for_bank("Друзья", "SPK-7F3K-9QXA") == "SPK-7F3K-9QXA" == fitted("SPK-7F3K-9QXA")


def test_the_csv_to_the_byte() -> None:
    assert as_csv(OURS, CREDITS, date(2028, 2, 29)) == (
        b"201234,12345678,MOSSGATE GARDENERS,250.00,99,401234,87654321,ESTUARY BOROUGH CO,SPK-7F3K-9QXA,29/02/2028\r\n"
        b"112233,00012345,ZOE OBRIEN & SOHNE,1.05,99,401234,87654321,ESTUARY BOROUGH CO,SPK-2222-3333,29/02/2028\r\n"
    )


def test_standard_18_to_the_byte() -> None:
    assert as_standard_18(OURS, CREDITS).decode().split("\r\n") == [
        "20123412345678099" "40123487654321    00000025000ESTUARY BOROUGH COSPK-7F3K-9QXA     MOSSGATE GARDENERS",
        "11223300012345099" "40123487654321    00000000105ESTUARY BOROUGH COSPK-2222-3333     ZOE OBRIEN & SOHNE",
        "40123487654321017" "40123487654321    00000025105ESTUARY BOROUGH COCONTRA            ESTUARY BOROUGH CO",
        "",
    ]  # fmt: skip
    assert {len(line) for line in as_standard_18(OURS, CREDITS).split(b"\r\n")[:-1]} == {100}
