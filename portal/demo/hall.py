"""A sitting of today in the demo: marked and talked about, half way through the hands in a hall."""

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.demo import dated, one_bid
from portal.grants import decide, queries, rounds
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels import hall, marking, sittings
from portal.panels import queries as panel_queries

if TYPE_CHECKING:
    from portal.demo.story import Story

TIES = {(3, 1): "money", (0, 3): "family"}  # (seat, idea): Joan, who has the chair, leaves the room for the fourth


def tell(story: "Story") -> None:
    """Told after the rest of the story, so that nothing before it changes."""
    officer = story.staff["council-officer"]
    rules = RoundRules(marking=True, decision="most_votes", pot=Pence(500_00))
    ref = story.round("Sparks for long evenings", story.fund, 32, 4, 0, rules)
    with story.at(story.ago(32)):
        rounds.open_round(ref, Actor(officer.id))
    bids = [one_bid.bid(story, ref, 130 + place, 20 - place, "sent") for place in range(5)]
    with story.at(story.ago(3)):
        rounds.move_rounds()
        decide.put_round_to_panel(ref, Actor(officer.id))
    matters = [panel_queries.matters_about(f"bid:{queries.bid(each).id}")[-1].ref for each in bids]
    with story.at(story.ago(2)):
        for seat, member in enumerate(story.panel):
            for place, matter in enumerate(matters):
                if panels.declare(member, story.panel_ref, matter, TIES.get((seat, place), "none")):
                    dated.mark(story, member, matter, seat + place)
        sitting = sittings.by_about(f"round:{queries.round_by_ref(ref).id}")
        assert sitting is not None
        marking.reveal_ready(officer, story.panel_ref, sitting.ref)
    with story.at(story.ago(1)):
        panels.vote(story.panel[4], story.panel_ref, matters[0], "yes", "I cannot come to the hall in time.")
    there = [member.ref for member in story.panel]
    taps = [hall.Tap("came", person=person) for person in there]
    taps += [
        hall.Tap("put", matters[0]),
        hall.Tap("hands", matters[0], choice="yes"),
        hall.Tap("hands", matters[0], there[2], "no", "Too late in the year"),
    ]
    taps += [hall.Tap("hands", matters[0], there[3], "abstain"), hall.Tap("put", matters[1])]
    for number, tap in enumerate(taps):
        with story.at(story.now - timedelta(minutes=20 - number)):
            hall.tap(officer, story.panel_ref, sitting.ref, tap, once_key=f"demo hall {number}")
