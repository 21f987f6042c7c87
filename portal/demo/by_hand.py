"""Paid by hand in the demo: a cheque that is in the post, and a bench that the council has bought and that has not come yet."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.db import db
from portal.demo import one_bid
from portal.grants import award, cheques, pay, purchases, queries, rounds
from portal.grants.model import Award, Payment
from portal.grants.rules import RoundRules
from portal.history import Actor

if TYPE_CHECKING:
    from portal.demo.story import Story


def tell(story: "Story") -> None:
    """Told after the rest of the story, so that nothing before it changes."""
    _cheque(story)
    _purchase(story)


def _cheque(story: "Story") -> None:
    first, second, third = (Actor(story.staff[name].id) for name in ("council-officer", "finance-officer", "finance-manager"))
    ref = story.round("Sparks for new neighbours", story.fund, 40, None, None, RoundRules(cheques=True))
    with story.at(story.ago(40)):
        rounds.open_round(ref, first)
    bid = queries.bid(one_bid.bid(story, ref, 122, 20, "ready", by=story.residents[60], route=award.CHEQUE))
    made = one_bid.its_award(bid.ref)
    with story.at(story.ago(13)):
        award.give_address(made, "Noor Haddad", "12 Sample Street\nEstuary\nZZ1 1AA", Actor(bid.person_id))
    with story.at(story.ago(6)):
        payment = pay.prepare(made, None, first)
        pay.approve(payment, second)
        run = pay.release_run([payment], third)
    with story.at(story.ago(5)):
        cheques.write_all(run, "100217", second)


def _purchase(story: "Story") -> None:
    bid = queries.bid(one_bid.bid(story, story.rolling, 123, 18, "paid", by=story.residents[61], route=award.BOUGHT))
    payment = db.session.scalars(select(Payment.ref).join(Award, Award.id == Payment.award_id).where(Award.application_id == bid.id)).one()
    with story.at(story.ago(8)):
        purchases.note(payment, "A bench of oak, with a plate for its name", "PO-2041", Actor(story.staff["finance-officer"].id))
