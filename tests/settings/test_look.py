"""The colours of a scheme: what people could not read is refused with the nearest that they can, and the night is made to be read."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.db import transaction
from portal.errors import Refused
from portal.settings import colours

WILD = ["#6b2145", "#1b6b3a", "#000000", "#0b3d91", "#7a1fa2", "#8a3b00", "#005a5b", "#5c0000"]


def test_contrast_is_the_one_of_the_guidelines() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 1) == 21.0
    assert colours.contrast("#777777", "#ffffff") < 4.5 < colours.contrast("#767676", "#ffffff")


@pytest.mark.parametrize("brand", WILD)
@pytest.mark.parametrize("action", WILD)
def test_whatever_passes_by_day_can_be_read_by_night(brand: str, action: str) -> None:
    colours.judge(brand, action)
    night = colours.by_night(brand, action)
    for surface in (colours.NIGHT, colours.CARD_NIGHT, colours.SOFT_NIGHT):
        assert colours.contrast(night["govuk-link-colour"], surface) >= 4.5
        assert colours.contrast(night["k-action"], surface) >= 3
    assert colours.contrast(colours.WHITE, night["k-brand"]) >= 4.5
    for back in ("k-action", "k-action-hover", "k-chosen"):
        assert colours.contrast(colours.INK, night[back]) >= 4.5
    day = colours.by_day(brand, action)
    assert colours.contrast(colours.WHITE, day["k-action-hover"]) >= 4.5


@pytest.mark.parametrize(("brand", "action", "field", "what"), [
    ("#ffcc00", colours.ACTION, "brand", "White words on the header"), ("#c2571a", colours.ACTION, "brand", "Links on the page"),
    (colours.BRAND, "#7fd39b", "action", "White words on the button"), (colours.BRAND, "#fdf8ef", "action", "The edge of the button"),
])  # fmt: skip
def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest(brand: str, action: str, field: str, what: str) -> None:
    with pytest.raises(Refused, match=what) as refused:
        colours.judge(brand, action)
    assert refused.value.field == field
    near = refused.value.sentence.rstrip(".").split(" ")[-1]
    colours.judge(*((near, action) if field == "brand" else (brand, near)))


@pytest.mark.parametrize("typed", ["", "red", "#12345", "#1234567", "url(x)", "#12345g", "}body{"])
def test_only_colours_are_colours(typed: str) -> None:
    with pytest.raises(Refused, match="Write a colour"):
        colours.understood(typed, "brand")
    assert colours.understood(" 6B2145", "brand") == "#6b2145"


def test_the_database_keeps_no_half_a_colour(app: Flask) -> None:
    with pytest.raises(IntegrityError), transaction():
        from portal.db import db

        db.session.execute(
            text("INSERT INTO scheme (id, name, short_name, about, email, telephone, postal_address, publisher_name, publisher_prefix, department, spend_threshold, brand) VALUES (1, 'A', 'A', '', 'a', 'b', '', '', '', '', 0, 'red')")
        )  # fmt: skip
