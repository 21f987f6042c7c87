"""A round of forty ideas before a panel of twelve, laid into the demo's database: what a whole sitting needs before a browser opens it.

Run beside a running server, as `python -m tests.browser.forty ACT [JSON]`; prints JSON. Everybody acts through the rooms' own
functions, as their pages do.
"""

import json
import random
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal import clock
from portal.db import db, transaction
from portal.grants import apply, decide, rounds
from portal.grants import queries as grants
from portal.grants.model import Funder
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import Pence
from portal.outbox import Message
from portal.panels import actions, marking, queries, seats
from portal.panels.model import Matter, Sitting
from portal.people.access import Who
from portal.people.actions import ask_for_code, create_person
from portal.people.model import Person, Role
from portal.places.model import Area

DOMAIN = "@forty.example"
BIDS = 40
SEATS = 12  # 0 is the chair; 1, 2 and 3 are tied to one idea each; 11 has no phone and gives in paper sheets
POT = 4_000_00


def _who(ref: str) -> Who:
    found = db.session.scalars(select(Person).where(Person.ref == ref)).one()
    roles = db.session.scalars(select(Role.name).where(Role.person_id == found.id)).all()
    return Who(found.id, found.ref, found.name, found.area_id, frozenset((role, None) for role in roles))


def _address(name: str) -> str:
    return name.lower().replace(" ", ".") + DOMAIN


def _people(tag: str, kind: str, number: int) -> list[Who]:
    with transaction():
        made = [create_person(f"{kind} {place:02} {tag}", email=_address(f"{kind} {place:02} {tag}")) for place in range(number)]
        refs = [one.ref for one in made]
    return [_who(ref) for ref in refs]


def lay(tag: str, rule: str) -> Mapping[str, Any]:
    """The panel, the fund, the round and its forty ideas, sent while it was open and now with the panel."""
    with transaction():
        officer = create_person(f"Olga {tag}", email=_address(f"Olga {tag}"))
        second = create_person(f"Otto {tag}", email=_address(f"Otto {tag}"))
        for each in (officer, second):
            db.session.flush()
            db.session.add(Role(person_id=each.id, name="officer", since=clock.today(), reason="test"))
        refs = [officer.ref, second.ref]
    olga, otto = (_who(ref) for ref in refs)
    actor = Actor(olga.id)
    sitting = _people(tag, "Seat", SEATS)
    asking = _people(tag, "Neighbour", BIDS)
    rules = RoundRules(
        marking=True, decision=rule, quorum=5, pot=None if rule == "threshold" else Pence(POT), neighbours=0, ratio_percent=0,
        majority_percent=0 if rule == "equal_shares" else 50,
    )  # fmt: skip
    source = random.Random(40)
    with clock.held_at(clock.now() - timedelta(days=20)):
        panel_ref = seats.create_panel(olga, f"Panel {tag}", "Forty ideas")
        for number, one in enumerate(sitting):
            seats.add_seat(olga, panel_ref, one.ref, term_start=clock.today(), term_end=None, reason="Elected", chair=number == 0)
        rounds.open_fund(tag.lower(), f"Fund {tag}", "", rules, actor)
        fund = grants.fund_by_code(tag.lower())
        fund_id = fund.id
        funder = db.session.scalars(select(Funder.id).order_by(Funder.id)).first()
        assert funder is not None
        rounds.contribute(fund_id, funder, Pence(POT), clock.today(), "", actor)
        panel_id = queries.panel(panel_ref).id
        closes = clock.now() + timedelta(days=15)
        round_ref = rounds.plan_round(
            fund_id, panel_id, f"Round {tag}", clock.now(), closes, clock.today() + timedelta(days=60), rules, actor
        )
        rounds.open_round(round_ref, actor)
        area = db.session.scalars(select(Area.id).where(Area.parent_id.is_not(None)).order_by(Area.id)).first()
        bids = []
        for number, one in enumerate(asking):
            first = clock.today() + timedelta(days=120)
            bid = apply.start(round_ref, one.id, Actor(one.id))
            answers = {
                "title": f"Idea {number + 1:02} {tag}", "idea": "Raised beds by the old pump.", "place": "The green", "who_for": "Everybody here", "better": "We meet.",
                "public_summary": "Raised beds that neighbours look after.", "first_day": first, "last_day": first + timedelta(days=60), "pay_route": "group",
                "pay_to": "Gardeners", "area_id": area,
            }  # fmt: skip
            cost = Pence(source.choice((100_00, 150_00, 200_00, 250_00)))
            version = apply.save(bid, 1, "idea", answers, Actor(one.id), lines=[apply.Line("Timber and soil", cost)])
            apply.send(bid, version, Actor(one.id), sure=True)
            bids.append(bid)
    rounds.move_rounds()
    decide.put_round_to_panel(round_ref, actor)
    matters = [db.session.scalars(select(Matter).where(Matter.about == f"bid:{grants.bid(bid).id}")).one().ref for bid in bids]
    found = db.session.scalars(select(Sitting).where(Sitting.panel_id == panel_id)).one()
    return {
        "panel": panel_ref, "sitting": found.ref, "round": round_ref, "bids": bids, "matters": matters, "seats": [one.ref for one in sitting],
        "names": [one.name for one in sitting], "officers": [olga.ref, otto.ref], "tag": tag,
    }  # fmt: skip


def likes(seat: int, number: int) -> int:
    """0 to 3: two thirds of the seats like the first half of the ideas, the others the second half, all of them in their own way."""
    mine = (number < BIDS // 2) == (seat < 8)
    return (2 if mine else 0) + (seat * 7 + number * 3) % 2


def _given(seat: int, number: int) -> dict[int, tuple[int, str]]:
    return {question: (likes(seat, number), "As I see it" if question == 0 else "") for question in range(3)}


def mark(laid: Mapping[str, Any], done: list[list[int]]) -> Mapping[str, Any]:
    """Every seat marks every idea but those of `done`: pairs of seat and idea that a browser did. The last seat is typed in by an officer."""
    olga = _who(laid["officers"][0])
    skip = {(seat, number) for seat, number in done}
    for seat, ref in enumerate(laid["seats"]):
        who = _who(ref)
        for number, matter in enumerate(laid["matters"]):
            if (seat, number) in skip:
                continue
            if seat == SEATS - 1:
                marking.enter_marks(olga, laid["panel"], matter, ref, _given(seat, number), f"P-{number:03}")
            else:
                actions.declare(who, laid["panel"], matter, "none")
                marking.mark(who, laid["panel"], matter, _given(seat, number))
    return {}


def vote(laid: Mapping[str, Any], done: list[list[int]]) -> Mapping[str, Any]:
    """Every seat votes on every idea but those of `done`: yes to what it likes."""
    olga = _who(laid["officers"][0])
    skip = {(seat, number) for seat, number in done}
    for seat, ref in enumerate(laid["seats"]):
        who = _who(ref)
        for number, matter in enumerate(laid["matters"]):
            if (seat, number) in skip:
                continue
            choice = "yes" if likes(seat, number) >= 2 else "no"
            if seat == SEATS - 1:
                actions.enter_vote(olga, laid["panel"], matter, ref, choice, "From the sheet", "paper", f"V-{number:03}")
            else:
                actions.vote(who, laid["panel"], matter, choice, "As I see it")
    return {}


def letters(laid: Mapping[str, Any], done: list[str]) -> Mapping[str, Any]:
    """The officer writes the reason of every idea but those of `done`."""
    olga = Actor(_who(laid["officers"][0]).id)
    for bid in laid["bids"]:
        if bid not in done:
            decide.write_letter(bid, "The panel weighed it with all the others.", (), None, olga)
    return {}


def link(name: str) -> str:
    """Where somebody signs in, as their e-mail says it."""
    ticket = ask_for_code(
        "email", _address(name), purpose="sign-in", next_path="/", network=name, secret_key=current_app.config["SECRET_KEY"], base_url=""
    )
    said = db.session.scalars(select(Message.short).where(Message.key == f"code:{ticket}")).one()
    return said.rpartition(" ")[2]


ACTS: Mapping[str, Callable[..., Any]] = {"lay": lay, "mark": mark, "vote": vote, "letters": letters, "link": link}

if __name__ == "__main__":
    from wsgi import app  # made from the environment of the running server

    with app.app_context():
        print(json.dumps(ACTS[sys.argv[1]](*map(json.loads, sys.argv[2:]))))
