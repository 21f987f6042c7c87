"""What people type into fields, and what we make of it."""

import pytest
from flask import Flask

from portal.web.forms import parse_phone


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("07700 900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("(01375) 000000", "+441375000000"),
        ("016977 2345", "+44169772345"),  # the short numbers of a few villages
        ("+353 1 234 5678", "+35312345678"),
    ],
)
def test_a_whole_telephone_number_is_taken(app: Flask, typed: str, kept: str) -> None:
    assert parse_phone(typed) == kept


@pytest.mark.parametrize("typed", ["07700", "07700 900", "07700 90012", "900123", "0137500", "+44 7700", "no", "1" * 30])
def test_a_part_of_one_reaches_nobody_and_is_not_taken(app: Flask, typed: str) -> None:
    with pytest.raises(ValueError, match="07700 900123"):
        parse_phone(typed)
