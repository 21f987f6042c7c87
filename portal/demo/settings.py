"""What the scheme says of itself: what an hour counts for, by whom and since when."""

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.history import Actor
from portal.money import Pence
from portal.settings import rates

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """An administrator said both rates; the next one for new rounds is to come."""
    by = Actor(next(who.id for who in story.staff.values() if who.has("administrator")))
    today = story.now.date()
    council = "Estuary Borough Council (fictional)"
    for purpose, pence, days, year in (
        ("match", 12_00, -400, "2025-26"),
        ("figures", 12_60, -400, "2025-26"),
        ("match", 12_40, 120, "2027-28"),
    ):
        with story.at(story.ago(30)):
            rates.set_rate(rates.Rate(purpose, today + timedelta(days=days), Pence(pence), council, year), by)
