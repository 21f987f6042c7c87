"""The books in the demo: codes of a council's ledger, a journal that went out, a month that two people closed, and one that waits."""

from datetime import timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.books import closing, journal, layout
from portal.grants import queries as grants
from portal.history import Actor

if TYPE_CHECKING:
    from portal.demo.story import Story

SUBJECTIVE = {
    "contribution": ("0100", "7300"),
    "paid": ("4610", "0100"),
    "refund": ("0100", "4610"),
    "quick": ("4615", "0110"),
    "given_back": ("7300", "0100"),
}


def tell(story: "Story") -> None:
    """Told when everything else has been."""
    officer, manager = (Actor(story.staff[each].id) for each in ("finance-officer", "finance-manager"))
    with story.at(story.now):
        for fund in grants.funds():
            for movement, codes in SUBJECTIVE.items():
                both = {side: layout.Codes("00320", code, "NBH-01", "OS") for side, code in zip(layout.SIDES, codes, strict=True)}
                layout.set_codes(fund.code, movement, both, officer)
        for month in journal.months()[0]:
            if journal.preview("month", f"{month:%Y-%m}").rows:
                journal.make("month", f"{month:%Y-%m}", officer)
                break
        old = [day for day in closing.choices() if clock.today() - day > timedelta(days=400)]
        closing.ask(old[0], officer)
        closing.confirm(old[0], manager)
        closing.ask(closing.month_end(old[0] + timedelta(days=1)), manager)
