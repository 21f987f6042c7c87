"""Money of several funders: an offer to double what neighbours raise, parts of two budgets, and one funder who would like some money back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.errors import Refused
from portal.grants import match_offers, top_slice, withdrawals
from portal.history import Actor
from portal.money import Pence, financial_year

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: Story) -> None:
    officer, finance = Actor(story.staff["council-officer"].id), Actor(story.staff["finance-officer"].id)
    first = clock.london_day(story.ago(400))
    with story.at(story.ago(399)):
        last = clock.london_day(story.now + timedelta(days=60))
        offer = match_offers.offer("harbour-trust", "small-sparks", "", 10_000, Pence(2_000_00), first, last, officer)
    with story.at(story.ago(6)):
        for raised in match_offers.raised_under(match_offers.by_ref(offer)):
            if raised.receipt and raised.line.status == "checked":
                try:
                    match_offers.give(raised.bid_ref, raised.line.ref, officer)
                except Refused:
                    continue  # an idea of the officer's own: a colleague sees that receipt
        parks = top_slice.begin("Parks (fictional)", 50, "small-sparks", "borough", officer)
        roads = top_slice.begin("Roads (fictional)", 25, "small-sparks", "borough", officer)
        year = financial_year(clock.today())
        top_slice.say_yes(top_slice.propose(parks, year, Pence(41_234_56), officer), finance)
        top_slice.propose(roads, year, Pence(180_000_00), officer)
    with story.at(story.ago(2)):
        withdrawals.ask("small-sparks", "harbour-trust", Pence(100_00), "They help another town too", officer)
