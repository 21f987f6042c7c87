"""What deserves a second look before money leaves: pure rules over what stands near a payment. They warn, and never block."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from portal import clock
from portal.grants.award import BOUGHT, REPAID
from portal.grants.desk import Line
from portal.grants.letters import in_words
from portal.money import pounds
from portal.words import N_, _, _n

NEAR = timedelta(days=90)  # two awards of one applicant that are decided within these days are told together
RECENT = timedelta(days=30)  # so long a changed account is told
JUST_UNDER = 5  # percent below a limit
GONE = ("lapsed", "declined", "returned")  # awards that came to nothing
KINDS = {
    "receipts": N_("Receipts"),
    "changed": N_("Account changed"),
    "same": N_("Same account"),
    "tie": N_("Tie"),
    "under": N_("Just under a limit"),
    "split": N_("Split"),
    "again": N_("Same applicant"),
}  # in the order in which they are told: the short word of a tag


@dataclass(frozen=True)
class Account:
    """An account that an award's money was to go to: its keyed mark, since when, until when it was the one, and what the bank said when it
    last sent a payment to it back."""

    mark: str
    given_at: datetime
    replaced_at: datetime | None
    bounced: str | None = None


@dataclass
class Near:
    """An award near a payment, its own among them, as the rules see it; sums in pence."""

    id: int
    ref: str
    amount: int
    paid: int
    status: str
    decided_on: date
    fund_id: int
    person_id: int
    organisation_id: int | None
    limits: frozenset[int]
    on_receipts: int = 0
    without_photo: int = 0
    under_way: int = 0  # in payments that have not arrived
    accounts: list[Account] = field(default_factory=list)


@dataclass(frozen=True)
class Hand:
    """Somebody who has a hand in a payment, or in the decision behind it, and the organisations that they act for."""

    name: str
    acts_for: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Look:
    """One thing to look at: its kind (of KINDS) and the sentence for whoever pays."""

    kind: str
    sentence: str

    @property
    def tag(self) -> str:
        return _(KINDS[self.kind])


def hands_of(line: Line) -> frozenset[int]:
    """Who has a hand in a payment: the three, and the two who let the decision go."""
    payment, award = line.payment, line.award
    some = (payment.prepared_by_id, payment.approved_by_id, payment.released_by_id, award.released_by_id, award.seconded_by_id)
    return frozenset(each for each in some if each is not None)


def looks(
    line: Line, near: Mapping[int, Near], marks: Iterable[str], declared: Iterable[int], hands: Mapping[int, Hand], now: datetime
) -> list[Look]:
    """What to look at, in the order of KINDS. `near`: awards by id, the payment's own among them; `marks`: of its account, under each
    key; `declared`: persons who said on the panel that something ties them to the idea.
    """
    own = near[line.award.id]
    others = [each for each in near.values() if each.id != own.id]
    said = [
        ("receipts", _receipts(line, own)),
        ("changed", _changed(line, own, now) or _came_back(line, own, frozenset(marks))),
        ("same", _same(own, others, frozenset(marks))),
        *(("tie", each) for each in _ties(line, frozenset(declared), hands)),
        ("under", _under(own)),
        *_applicant(own, others),
    ]
    return [Look(kind, sentence) for kind, sentence in said if sentence]


def _receipts(line: Line, own: Near) -> str:
    if line.bid.pay_route != REPAID:
        return ""
    wanted = own.paid + own.under_way
    if own.on_receipts < wanted:
        return _("Receipts show %(shown)s, and %(wanted)s would be paid back.", shown=pounds(own.on_receipts), wanted=pounds(wanted))
    if own.without_photo:
        return _n("One receipt has no photo.", "%(num)d receipts have no photo.", own.without_photo)
    return ""


def _changed(line: Line, own: Near, now: datetime) -> str:
    if line.payee.route == BOUGHT:
        return ""
    if _changed_since_approval(line, now):
        return _("The account was changed after this payment was approved.")
    earlier = [each for each in own.accounts if each.replaced_at is not None and each.given_at < line.payee.given_at]
    if not earlier or line.payee.given_at < now - RECENT:
        return ""
    return _("The account was changed on %(day)s. Before that it was another one.", day=in_words(clock.london_day(line.payee.given_at)))


def _changed_since_approval(line: Line, now: datetime) -> bool:
    changed, approved, arrived = line.payee.replaced_at, line.payment.approved_at, line.payment.settled_on
    if changed is None or approved is None or not approved < changed <= now:
        return False
    return arrived is None or clock.london_day(changed) <= arrived


def _came_back(line: Line, own: Near, marks: frozenset[str]) -> str:
    if line.payment.status in ("bounced", "cancelled"):
        return ""
    said = [account.bounced for account in own.accounts if account.mark in marks and account.bounced]
    return _("The bank sent an earlier payment to this account back: %(why)s", why=said[-1]) if said else ""


def _same(own: Near, others: Sequence[Near], marks: frozenset[str]) -> str:
    found = [each.ref for each in others if not _one_applicant(own, each) and any(account.mark in marks for account in each.accounts)]
    return _("The same account belongs to another applicant: %(refs)s.", refs=", ".join(sorted(found))) if found else ""


def _one_applicant(one: Near, other: Near) -> bool:
    return one.person_id == other.person_id or (one.organisation_id is not None and one.organisation_id == other.organisation_id)


def _ties(line: Line, declared: frozenset[int], hands: Mapping[int, Hand]) -> list[str]:
    payee = line.payee.name.casefold().split()
    found = []
    for id_ in sorted(hands_of(line) & hands.keys()):
        hand = hands[id_]
        if id_ in declared:
            found.append(_("%(name)s said on the panel that something ties them to this idea.", name=hand.name))
        if line.bid.organisation_id is not None and line.bid.organisation_id in hand.acts_for:
            found.append(_("%(name)s acts for the group that asked.", name=hand.name))
        if id_ == line.bid.person_id:
            found.append(_("%(name)s is whose idea it is.", name=hand.name))
        if id_ == line.bid.helper_id:
            found.append(_("%(name)s wrote the idea down for somebody.", name=hand.name))
        if payee and payee == hand.name.casefold().split():
            found.append(_("%(name)s has the name that the money goes to.", name=hand.name))
    return found


def _under(own: Near) -> str:
    limits = [limit for limit in own.limits if limit * (100 - JUST_UNDER) <= own.amount * 100 < limit * 100]
    if not limits:
        return ""
    return _("%(amount)s is just under the limit of %(limit)s.", amount=pounds(own.amount), limit=pounds(min(limits)))


def _applicant(own: Near, others: Sequence[Near]) -> list[tuple[str, str]]:
    """Other awards of the same applicant within NEAR: split, where together they are above what one could be; else just told."""
    nearby = [
        each for each in others if _one_applicant(own, each) and abs(each.decided_on - own.decided_on) <= NEAR and each.status not in GONE
    ]
    if not nearby:
        return []
    refs = ", ".join(sorted(each.ref for each in nearby))
    in_fund = [each for each in nearby if each.fund_id == own.fund_id]
    together = own.amount + sum(each.amount for each in in_fund)
    limit = min((each for each in own.limits if each >= max([own.amount, *(one.amount for one in in_fund)])), default=None)
    if in_fund and limit is not None and together > limit:
        return [("split", _("With %(refs)s the same applicant has %(sum)s from this fund; one award may be %(limit)s at most.", refs=refs, sum=pounds(together), limit=pounds(limit)))]  # fmt: skip
    return [("again", _("The same applicant was given %(refs)s within three months.", refs=refs))]
