"""Rounds of the demo: one that is always open, and those with a day on which the panel decides, each way of sharing a pot among them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.demo import (
    one_bid,
    words,
)
from portal.grants import award, decide, match, queries, rounds
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels import marking, sittings
from portal.panels import queries as panel_queries
from portal.people.access import Who

if TYPE_CHECKING:
    from portal.demo.story import Story

START = timedelta(days=730)

# How far each bid of the story goes, and what becomes of it.
STOPS = (
    "draft", "sent", "more_asked", "with_panel", "decided", "no", "not_yet", "offered", "turned_down", "conditions", "ready", "prepared", "approved",
    "released", "bounced", "paid", "report_started", "report_sent", "report_more_asked", "late", "closed", "closed", "closed", "returned", "waived",
    "withdrawn", "ineligible", "given_back", "closed", "closed",
)  # fmt: skip


def rolling(story: "Story") -> None:
    """One rolling round for the two years, in which every end of a bid occurs."""
    story.rolling = ref = story.round("Small Sparks, all year round", story.fund, START.days - 10, None, None)
    with story.at(story.ago(START.days - 10)):
        rounds.open_round(ref, Actor(story.staff["council-officer"].id))
    early = {"closed", "returned", "waived", "no", "turned_down", "given_back", "late"}
    for number, stop in enumerate(STOPS):
        old = stop in early
        days = (
            640 - number * 17
            if old
            else {
                "draft": 2,
                "sent": 4,
                "more_asked": 8,
                "with_panel": 7,
                "decided": 9,
                "offered": 11,
                "withdrawn": 30,
                "ineligible": 45,
            }.get(stop, 24 + number)
        )
        if stop in ("report_started", "report_sent", "report_more_asked", "paid"):
            days = 40 + number  # before the report is due
        if stop == "late":
            days = 150
        one_bid.bid(story, ref, number, float(days), stop)
        story.say(f"  {number + 1} of {len(STOPS)} ideas")


def dated(story: "Story") -> None:
    """A dated round in each state: finished, released, deciding, closed, open, planned."""
    officer = Actor(story.staff["council-officer"].id)
    first = _past(story, "First Sparks", story.fund, 700, ("no", "no"), 60)
    with story.at(story.ago(640)):
        rounds.finish_round(first, officer)
    _past(story, "Warm Winter, last winter", story.winter, 380, ("yes", "yes", "yes", "yes", "no"), 40)
    _shared(story, "Summer Sparks", 170, 160, told=True, rules=RoundRules(marking=True, decision="most_votes", pot=Pence(500_00)))
    _shared(story,
        "Sparks for school gates", 75, 90, told=False,
        rules=RoundRules(marking=True, anonymous=False, decision="equal_shares", ballots="marks", pot=Pence(400_00)),
    )  # fmt: skip
    equal = RoundRules(marking=True, decision="equal_shares", pot=Pence(600_00))
    deciding = story.round("Autumn Sparks", story.fund, 40, 10, -10, equal)
    with story.at(story.ago(40)):
        rounds.open_round(deciding, officer)
    story.deciding = refs = [one_bid.bid(story, deciding, 50 + number, 20 - number, "sent") for number in range(9)]
    with story.at(story.ago(9)):
        rounds.move_rounds()
        decide.put_round_to_panel(deciding, officer)
    _half_way(story, refs)
    closed = story.round("Sparks for play", story.fund, 30, 1.5, -20)
    with story.at(story.ago(30)):
        rounds.open_round(closed, officer)
    for number in range(2):
        one_bid.bid(story, closed, 70 + number, 6 - number, "sent")
    story.round("Winter Sparks", story.fund, 5, -25, -45)
    rounds.move_rounds()
    story.round("Spring Sparks", story.fund, -60, -90, -110)


def _past(story: "Story", name: str, fund_id: int, opens: float, votes: Sequence[str], number: int) -> str:
    """A dated round that was told: the first two yes are lived to their end, the others never answer. `opens` days ago."""
    officer, second = Actor(story.staff["council-officer"].id), Actor(story.staff["second-officer"].id)
    past = story.round(name, fund_id, opens, opens - 30, opens - 50, RoundRules(most=Pence(150_00)))
    with story.at(story.ago(opens)):
        rounds.open_round(past, officer)
    refs = [one_bid.bid(story, past, number + place, opens - 10 - place, "sent", small=True) for place in range(len(votes))]
    with story.at(story.ago(opens - 31)):
        rounds.move_rounds()
        match.expire()
        decide.put_round_to_panel(past, officer)
    for place, ref in enumerate(refs):
        with story.at(story.ago(opens - 40 - place)):
            one_bid._vote(story, ref, votes[place])
    with story.at(story.ago(opens - 48)):
        for place, ref in enumerate(refs):
            reason = story.random.choice(words.REASONS[queries.bid(ref).decided or "no"])
            decide.write_letter(ref, reason, [], place + 1 if votes[place] == "yes" else None, officer)
        decide.release(decide.prepare_release(past, [], officer), second)
        match.expire()
    for place, ref in enumerate(refs[:2]):
        if queries.bid(ref).status == "offered":
            one_bid._paid(story, ref, number + place, opens - 44, "closed", Actor(queries.bid(ref).person_id))
    with story.at(story.ago(opens - 65)):
        award.lapse()
    return past


def _shared(story: "Story", name: str, opens: float, number: int, *, told: bool, rules: RoundRules) -> None:
    """A round whose pot was shared: with its letters out, or counted and with a change that waits for its second person."""
    officer, second = Actor(story.staff["council-officer"].id), Actor(story.staff["second-officer"].id)
    ref = story.round(name, story.fund, opens, opens - 30, opens - 60 if told else opens - 90, rules)
    with story.at(story.ago(opens)):
        rounds.open_round(ref, officer)
    refs = [one_bid.bid(story, ref, number + place, opens - 10 - place, "sent") for place in range(5)]
    with story.at(story.ago(opens - 31)):
        rounds.move_rounds()
        match.expire()
        decide.put_round_to_panel(ref, officer)
    matters = [panel_queries.matters_about(f"bid:{queries.bid(each).id}")[-1] for each in refs]
    with story.at(story.ago(opens - 35)):
        for seat, member in enumerate(story.panel):
            for place, matter in enumerate(matters):
                tie = "friend" if (seat, place) == (2, 4) else "none"
                if panels.declare(member, story.panel_ref, matter.ref, tie):
                    mark(story, member, matter.ref, seat + place)
    with story.at(story.ago(opens - 38)):
        sitting = sittings.by_about(f"round:{queries.round_by_ref(ref).id}")
        assert sitting is not None
        marking.reveal_ready(story.staff["council-officer"], story.panel_ref, sitting.ref)
        marking.say(story.panel[1], story.panel_ref, matters[0].ref, "I walked past there on Sunday. It is needed.")
        for seat, member in enumerate(story.panel):
            for place, matter in enumerate(matters):
                if (seat, place) == (2, 4):
                    continue
                choice = "no" if (seat + place) % 4 == 3 or (place == 3 and seat > 1) else "yes"
                panels.vote(member, story.panel_ref, matter.ref, choice, story.random.choice(words.REASONS[choice]))
        sittings.count(story.staff["council-officer"], story.panel_ref, sitting.ref)
        paid = next(each for each in sittings.line_of(sitting, sittings.matters_of(sitting)) if each.funded)
        change = sittings.propose(
            story.staff["council-officer"],
            story.panel_ref,
            sitting.ref,
            paid.matter.ref,
            False,
            "The hall that they need was sold after they asked.",
        )
        if not told:
            return
        sittings.second(story.staff["second-officer"], story.panel_ref, sitting.ref, change)
    with story.at(story.ago(opens - 42)):
        for each in refs:
            decide.write_letter(each, story.random.choice(words.REASONS[queries.bid(each).decided or "no"]), [], None, officer)
        decide.release(decide.prepare_release(ref, [], officer), second)
        match.expire()


def mark(story: "Story", member: Who, matter: str, number: int, questions: int = 3) -> None:
    given = {
        question: ((number + question) % 4, "I know the people there." if (number + question) % 5 == 0 else "")
        for question in range(questions)
    }
    marking.mark(member, story.panel_ref, matter, given)


def _half_way(story: "Story", refs: Sequence[str]) -> None:
    """A sitting in the middle: one idea talked about, one marked by all, one by some, one by nobody."""
    matters = [panel_queries.matters_about(f"bid:{queries.bid(each).id}")[-1].ref for each in refs]
    with story.at(story.ago(5)):
        for seat, member in enumerate(story.panel):
            for place in range(2):
                panels.declare(member, story.panel_ref, matters[place], "none")
                mark(story, member, matters[place], seat + place)
        for member in story.panel[:2]:
            panels.declare(member, story.panel_ref, matters[2], "none")
            mark(story, member, matters[2], 2, 2 if member is story.panel[1] else 3)
        panels.declare(story.panel[3], story.panel_ref, matters[3], "neighbour", "Lives across the road")
    with story.at(story.ago(4)):
        marking.say(story.panel[0], story.panel_ref, matters[0], "Who looks after it in winter?")
        marking.say(story.panel[2], story.panel_ref, matters[0], "The school said it would. I asked.")
        panels.vote(story.panel[1], story.panel_ref, matters[0], "yes", "It is wanted here")
