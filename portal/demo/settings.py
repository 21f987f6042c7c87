"""What the scheme says of itself: what an hour counts for, by whom and since when, and when the council is closed."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.history import Actor
from portal.money import Pence
from portal.settings import days_off, rates

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """An administrator said both rates, of which the next one for new rounds is to come, and that the council closes after Christmas."""
    by = Actor(next(who.id for who in story.staff.values() if who.has("administrator")))
    council = "Estuary Borough Council (fictional)"
    for purpose, pence, ago, later, year in (
        ("match", 12_00, 400, 0, "2025-26"),
        ("figures", 12_60, 400, 0, "2025-26"),
        ("match", 12_40, 30, 150, "2027-28"),
    ):
        with story.at(story.ago(ago)):
            rates.set_rate(rates.Rate(purpose, clock.today() + timedelta(days=later), Pence(pence), council, year), by)
    with story.at(story.ago(30)):
        days_off.add(_closure(story.now.date()), "The cabinet closes the offices each year", by)


def _closure(day: date) -> days_off.Closure:
    """The days between Christmas and New Year that come next."""
    year = day.year if day < date(day.year, 12, 24) else day.year + 1
    return days_off.Closure("Between Christmas and New Year", date(year, 12, 27), date(year, 12, 31))
