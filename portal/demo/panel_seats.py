"""Seats of the demo: a panel with terms that end, a substitute, and a call that residents answer."""

from datetime import timedelta
from typing import TYPE_CHECKING

from portal import clock
from portal.db import db
from portal.grants import queries
from portal.panels import actions as panels
from portal.panels import conduct, offers, seats, ties
from portal.panels import queries as panel_queries
from portal.people.access import Who
from portal.people.model import Person

if TYPE_CHECKING:
    from portal.demo.story import Story


def resident(story: "Story", number: int) -> Who:
    return story._who(db.session.get_one(Person, story.residents[number]))


def tell(story: "Story") -> None:
    """Who came and went on the panel, its substitutes and guests, offers to sit, and ties that others noted."""
    officer, second = story.staff["council-officer"], story.staff["second-officer"]
    chair, ravi, kelly, abdul, nia = story.panel
    former, called, guest, newest = resident(story, 230), resident(story, 231), resident(story, 232), resident(story, 2)
    today = clock.london_day(story.now)
    with story.at(story.ago(520)):
        seats.set_chair(officer, story.panel_ref, ravi.ref, True, "Joan is away for the summer")
        seats.add_seat(officer, story.panel_ref, former.ref, term_start=clock.today(), term_end=None, reason="Drawn by lot")
    with story.at(story.ago(430)):
        seats.set_chair(officer, story.panel_ref, ravi.ref, False, "Joan is back")
    with story.at(story.ago(210)):
        seats.end_seat(officer, story.panel_ref, former.ref, clock.today(), "Moved to another town")
    with story.at(story.ago(60)):
        seats.add_seat(
            officer, story.panel_ref, called.ref, kind="substitute", term_start=clock.today(), term_end=today + timedelta(days=20), reason="Second in the draw"
        )  # fmt: skip
        conduct.accept_on_paper(officer, story.panel_ref, called.ref, 1, "Signed sheet 4")
    with story.at(story.ago(31)):
        other = seats.create_panel(
            officer, "Saltmarsh and Priory panel", "Decides about small things on the marsh side",
            [area.id for area in story.areas if area.name in ("Saltmarsh", "Priory")], takes_guests=True,
        )  # fmt: skip
        conduct.publish(second, other, conduct.DEFAULT, "The same as the other panel", 0)
    with story.at(story.ago(12)):
        seats.edit_panel(
            officer, story.panel_ref, name="Estuary Small Sparks panel", purpose="Neighbours who decide about small grants", area_ids=[], takes_guests=True,
            reason="Agreed at the open evening",
        )  # fmt: skip
    with story.at(story.ago(11)):
        offers.join(guest, story.panel_ref, 1)
    with story.at(story.ago(3)):
        seats.add_seat(
            officer,
            story.panel_ref,
            newest.ref,
            kind="substitute",
            term_start=clock.today(),
            term_end=None,
            reason="Offered at the open evening",
        )  # has not read the code of conduct yet
    _offers(story, other)
    first, second_idea, third = (
        panel_queries.matters_about(f"bid:{queries.bid(ref).id}")[0].ref for ref in (story.deciding[place] for place in (1, 7, 8))
    )
    with story.at(story.ago(2.2)):  # one idea has so many ties that a substitute is called
        panels.declare(kelly, story.panel_ref, first, "none")
        panels.vote(kelly, story.panel_ref, first, "yes", "It is time")
        panels.declare(chair, story.panel_ref, first, "none")
        for member, tie in ((ravi, "friend"), (abdul, "money"), (nia, "neighbour")):
            panels.declare(member, story.panel_ref, first, tie)
    with story.at(story.ago(2.1)):
        ties.declare_for(chair, story.panel_ref, first, kelly.ref, "family", "Her sister leads the group")
        for member in (*story.panel, guest):  # and another so many that nobody is left
            panels.declare(member, story.panel_ref, second_idea, "neighbour")
        ties.declare_for(officer, story.panel_ref, third, abdul.ref, "member", "His name stands on their poster")
    with story.at(story.ago(1.5)):
        seat = panel_queries.seat_of(kelly.id, panel_queries.panel(story.panel_ref).id)
        assert seat is not None
        ties.object_to(kelly, story.panel_ref, ties.said_of(seat)[0].interest.id, "My sister left the group last year.")
        ties.correct(second, story.panel_ref, third, abdul.ref, "It is another man of the same name")


def _offers(story: "Story", other: str) -> None:
    officer = story.staff["council-officer"]
    for number, panel_ref, why in (
        (0, story.panel_ref, "I have lived here for thirty years and like to hear new ideas."), (1, other, "I walk on the marsh every day."),
        (240, other, "I was on the board of the school."), (241, story.panel_ref, "I would like to help."), (242, other, "To meet people."),
    ):  # fmt: skip
        with story.at(story.ago(8)):
            offers.offer(resident(story, number), panel_ref, why)
    known = {each.person.id: each.offer.ref for each in offers.waiting()}
    with story.at(story.ago(6)):
        offers.say_no(officer, known[story.residents[1]], "There are three of your street on it already. Please ask again in spring.")
        offers.say_yes(officer, known[story.residents[240]], kind="member", term_start=clock.today(), term_end=None, words="Welcome!")
        offers.withdraw(resident(story, 242), other)
