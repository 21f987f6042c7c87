"""Who of the programme has looked at whose record lately, so that the list has something to show."""

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.people import seen

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """An officer, finance and a connector were shown a few records."""
    looks = (("officer", "details"), ("finance", "idea"), ("connector", "member"), ("officer", "people"))
    for days, (role, page) in zip((20, 12, 6, 2), looks, strict=True):
        by = next(who for who in story.staff.values() if who.has_somewhere(role))
        with story.at(story.ago(days) + timedelta(hours=1)):
            seen.note(by, page, story.residents[: 3 if page == "people" else 1])
