"""A street of two wards whose neighbours are members of the timebank, and who answer what they are asked."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from portal import clock
from portal.db import db, transaction
from portal.people.access import Who
from portal.places.model import WardCode
from portal.surveys import change, equality, neighbours
from portal.surveys.views import PAGES
from tests.timebank.bank import Bank, open_bank

assert PAGES  # and with them whatever hears of who leaves
BEGAN = datetime(2024, 5, 10, 10, tzinfo=UTC)  # in 2024-25
AGAIN = datetime(2025, 6, 10, 10, tzinfo=UTC)  # in 2025-26
NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
SAID = {"trust": "most", "know": "some", "help": "surely"}


def open_street() -> Bank:
    """Begun in 2024. Olga is the officer, Cass a connector; Maya, Idris and Walter live there."""
    with clock.held_at(BEGAN):
        street = open_bank()
        with transaction():
            for number, area in enumerate(street.areas.values()):
                db.session.add(WardCode(area_id=area, ons_code=f"E0509900{number}", valid_from=date(2015, 5, 7)))
    return street


def many(street: Bank, number: int, area: str = "mossgate", name: str = "N") -> list[Who]:
    """So many more neighbours in an area."""
    with clock.held_at(BEGAN):
        return [street.join(f"{name}{area}{each}", area) for each in range(number)]


def say(who: Who, moment: str = "start", at: datetime = BEGAN, **said: str) -> bool:
    """Answer the three questions."""
    with clock.held_at(at):
        return neighbours.answer(who, moment, 1, {**SAID, **said})


def tell(who: Who, at: datetime = AGAIN, pot: str = equality.TIMEBANK, **said: str) -> bool:
    """Answer the questions about oneself."""
    with clock.held_at(at):
        return equality.answer(who, pot, 1, said)


def told(year: str, place: str = "", question: str = "trust") -> Mapping[str, tuple[int | None, int | None, int | None]]:
    """The figures of one of the three questions: by answer, at the start, then of who answered twice before and after."""
    with clock.held_at(NOW):
        found = next(each for each in change.read(year, place).told if each.question.code == question)
    return {line.answer: (line.start, line.before, line.after) for line in found.lines}
