"""From the offer to an award that can be paid: accept, decline, lapse, conditions, where the money goes, giving back.

Money moves as the table in design 3 says: fund → reserved → payable, and back. Locks are taken in the order bid, award,
payments, fund, so that two actions never wait for each other.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from portal import clock, vault
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused, Unknown
from portal.grants import letters, pooled, rounds
from portal.grants.model import Application, Award, Fund, Payee, Payment, Release, Round
from portal.grants.moves import about, begin, move
from portal.grants.payees import fingerprints, masked, masked_address
from portal.grants.report import let_report_go, open_report
from portal.grants.rules import RoundRules
from portal.grants.ties import must_not_be_their_own
from portal.history import SCHEME, Actor, record
from portal.ledger import queries as books
from portal.ledger.posting import Line, open_account, post
from portal.money import Pence
from portal.outbox import Text, address_of, queue
from portal.panels import sittings
from portal.people.queries import addressee_of, person
from portal.places.model import Area
from portal.places.queries import ward_on
from portal.refs import new_ref
from portal.words import _
from portal.work.actions import close_purpose, open_purpose

REMIND = timedelta(days=3)  # before the last day to accept
KEEP_DETAILS = timedelta(days=30)  # after the money has arrived
NUMBERED_ROUTES = ("group", "host", "receipts")  # paid into an account; what the council buys needs none
BOUGHT = "council_buys"  # the council pays shops; whom is said with each payment
REPAID = "receipts"  # they buy first; what stands on receipts is paid back
CHEQUE = "cheque"  # no account: a name and an address are enough
TOLD_ROUTES = (*NUMBERED_ROUTES, CHEQUE)  # they tell us where the money goes
UNPAID = ("reserved", "conditions_open", "ready_to_pay")


def reserved(award: Award) -> str:
    """The ledger account of what is promised but not accepted."""
    return f"award:{award.id}:reserved"


def payable(award: Award) -> str:
    """The ledger account of what is accepted but not yet paid."""
    return f"award:{award.id}:payable"


# --- the offer -----------------------------------------------------------------------------------------------------------


def offer(bid: Application, fund: Fund, actor: Actor, *, released_by_id: int | None, seconded_by_id: int) -> Award:
    """Promise a bid its money, as a part of an action that locked its fund: award, reservation in the books, letter.

    Refused: the fund is short, or closed.
    """
    must_be_in_transaction()
    rounds.must_be_open(fund)
    rules = RoundRules.load(bid.round.rules)
    today = clock.today()
    if bid.area_id is None or bid.first_day is None or bid.last_day is None:
        raise Refused(
            _("“%(title)s” does not say where and when, so nothing can be promised. Ask whoever has the idea first.", title=bid.title)
        )
    area = db.session.get_one(Area, bid.area_id)
    ward_code, ward_name = ward_on(area, today)
    award = Award(
        ref=new_ref("AWD"), application_id=bid.id, fund_id=fund.id, amount=bid.asked, conditions=[{"text": each} for each in bid.conditions],
        area_id=area.id, ward_code=ward_code, ward_name=ward_name, decided_on=today, offered_at=clock.now(),
        accept_by=today + timedelta(days=rules.accept_within_days), first_day=bid.first_day, last_day=bid.last_day,
        report_due=bid.last_day + timedelta(days=rules.report_within_days), released_by_id=released_by_id, seconded_by_id=seconded_by_id,
    )  # fmt: skip
    db.session.add(award)
    db.session.flush()
    begin(award, "offered", actor, amount=award.amount)
    open_account(reserved(award), "GBP", "hold", _("Reserved for %(ref)s", ref=bid.ref), floor=0)
    open_account(payable(award), "GBP", "liability", _("Payable to %(ref)s", ref=bid.ref), floor=0)
    post(
        [Line(rounds.available(fund), reserved(award), award.amount)], key=f"award:{award.id}:offered", kind="offer", about=about(award),
        sentence=_("Offered to %(ref)s", ref=bid.ref), actor=actor.code,
        refusals={rounds.available(fund): _("The fund does not have that much money left.")},
    )  # fmt: skip
    pooled.freeze(fund, award)
    tell(bid, "offered", letters.offered(bid, award.amount, bid.conditions, award.accept_by, accept_link(award)), award)
    return award


def offer_reserves() -> int:
    """Offer money that came back to the first on each reserve list, in order, while it lasts (the worker's work)."""
    offered = 0
    while (found := _next_on_reserve()) is not None:
        with transaction():
            bid = db.session.scalar(
                select(Application).where(Application.id == found).with_for_update().execution_options(populate_existing=True)
            )
            if bid is None or bid.status != "lapsed" or bid.reserve_place is None:
                continue  # somebody else was quicker
            fund = rounds.locked_fund(bid.round.fund_id)
            if _free_for(bid.round_id, fund.code) < bid.asked:
                continue
            release = next(each for each in reversed(_releases(bid.round_id)) if bid.id in each.application_ids)
            move(bid, "offered_from_reserve", SCHEME)
            bid.reserve_place, bid.released_at, bid.appeal_by = None, clock.now(), letters.appeal_by()
            offer(bid, fund, SCHEME, released_by_id=release.released_by_id, seconded_by_id=release.prepared_by_id)
            offered += 1
    return offered


def _next_on_reserve() -> int | None:
    """The first bid of a reserve list whose fund can pay it. The others of its round wait behind it, also smaller ones."""
    seen: set[int] = set()
    for bid_id, round_id, asked, code in db.session.execute(
        select(Application.id, Application.round_id, Application.asked, Fund.code)
        .join(Round, Round.id == Application.round_id)
        .join(Fund, Fund.id == Round.fund_id)
        .where(Application.status == "lapsed", Application.reserve_place.is_not(None), Round.status != "finished")
        .order_by(Application.round_id, Application.reserve_place)
    ):
        if round_id in seen:
            continue
        seen.add(round_id)
        if _free_for(round_id, code) >= asked:
            return int(bid_id)
    return None


def _free_for(round_id: int, code: str) -> int:
    """What a round may still promise, in pence: what its fund has free, and no more than its shared pot has left."""
    free = books.balance(f"fund:{code}:available")
    sitting = sittings.by_about(f"round:{round_id}")
    if sitting is None or sitting.pot is None:
        return free
    promised = db.session.scalar(
        select(func.coalesce(func.sum(Award.amount), 0))
        .join(Application, Application.id == Award.application_id)
        .where(Application.round_id == round_id, Award.status.not_in(("lapsed", "declined", "returned")))
    )
    return min(free, sitting.pot - int(promised or 0))


def _releases(round_id: int) -> Sequence[Release]:
    return db.session.scalars(
        select(Release).where(Release.round_id == round_id, Release.released_at.is_not(None)).order_by(Release.id)
    ).all()


# --- yes or no -----------------------------------------------------------------------------------------------------------


def accept_link(award: Award) -> str:
    """The whole address of the page with the button, which needs no sign-in."""
    return address_of(f"/a/{award.ref}/{vault.marks('accept', award.ref)[0][:20]}")


def award_of_link(ref: str, mark: str) -> Award:
    """The award that a link in a letter opens. NotFound: a link that we did not make."""
    if not any(hmac.compare_digest(mark.encode(), each[:20].encode()) for each in vault.marks("accept", ref)):
        raise Unknown(_("We cannot find that page. Copy the whole link from the letter."))
    return award_by_ref(ref)


def status_now(award: Award) -> str:
    """What a reader should see: an offer whose day has passed has lapsed, also before the worker comes by. Writes nothing."""
    return "lapsed" if award.status == "reserved" and clock.today() > award.accept_by else award.status


def kept(award: Award) -> Pence:
    """What the idea has of its grant: the promise while it stands, afterwards what was paid and did not come back."""
    return award.amount if award.status in UNPAID else award.paid


def accept(ref: str, actor: Actor) -> None:
    """Say yes. A second tap changes nothing. Refused: lapsed, declined or given back; the last day has passed.

    With all conditions met the money becomes payable at once.
    """
    with transaction():
        bid, award = locked(ref)
        if award.status in ("conditions_open", "ready_to_pay", "paid", "reporting", "closed"):
            return
        if award.status == "reserved" and status_now(award) == "lapsed":
            raise Refused(
                _("The time to say yes ended on %(day)s. Call us: perhaps the money is still there.", day=letters.in_words(award.accept_by))
            )
        move(award, "accepted", actor, refusal=_("This offer is not open any more. Call us if you think that is wrong."))
        move(bid, "accepted", actor)
        award.accepted_at = clock.now()
        open_purpose(about(award), bid.title, award.area_id, award.first_day, award.last_day)
        tell(bid, "accepted", letters.accepted(bid, award, bid.pay_route in TOLD_ROUTES, bid.pay_route == REPAID), award)
        _when_ready(bid, award, actor)


def decline(ref: str, actor: Actor, reason: str | None = None) -> None:
    """Say no to an offer: its money goes back to the fund. Refused: accepted, lapsed or declined already."""
    with transaction():
        bid, award = locked(ref)
        move(award, "turned_down", actor, reason=reason, refusal=_("This offer is not open any more."))
        move(bid, "turned_down", actor, reason=reason)
        give_back(award, [reserved(award)], "declined", actor)


def lapse() -> int:
    """End the offers whose last day has passed: their money goes back to the fund (the worker's work)."""
    today = clock.today()
    count = 0
    for ref in db.session.scalars(select(Award.ref).where(Award.status == "reserved", Award.accept_by < today).limit(500)).all():
        with transaction():
            bid, award = locked(ref)
            if award.status != "reserved" or award.accept_by >= clock.today():
                continue  # they said yes a moment ago
            move(award, "lapsed", SCHEME)
            move(bid, "lapsed", SCHEME)
            give_back(award, [reserved(award)], "lapsed", SCHEME)
            tell(bid, "lapsed", letters.lapsed(bid, award), award)
            count += 1
    return count


def remind() -> int:
    """Remind those who have not answered, three days before the last day, once (the worker's work)."""
    today = clock.today()
    told = 0
    due = db.session.scalars(
        select(Award).where(Award.status == "reserved", Award.accept_by >= today, Award.accept_by <= today + REMIND).limit(500)
    ).all()
    for award_id, ref in [(award.id, award.ref) for award in due]:
        if _was_reminded(award_id):
            continue
        with transaction():
            bid, award = locked(ref)
            if award.status == "reserved" and clock.london_day(award.offered_at) < today:  # not on the day of a short offer
                told += tell(bid, "reminded", letters.reminder(bid, award, accept_link(award)), award)
    return told


def _was_reminded(award_id: int) -> bool:
    from portal.outbox import Message

    return db.session.scalar(select(Message.id).where(Message.key == f"award:{award_id}:reminded")) is not None


# --- conditions ----------------------------------------------------------------------------------------------------------


def meet_condition(ref: str, number: int, actor: Actor) -> None:
    """An officer has seen that a condition (0 is the first) is met. Twice changes nothing.

    NotFound: no such condition. Refused: it waits for none any more, or one's own.
    """
    with transaction():
        bid, award = locked(ref)
        must_not_be_their_own([bid], actor)
        if award.status not in ("reserved", "conditions_open", "ready_to_pay"):
            raise Refused(_("This award does not wait for conditions any more."))
        if not 0 <= number < len(award.conditions):
            raise NotFound(_("There is no such condition."))
        if award.conditions[number].get("met_at"):
            return
        met = {"met_at": clock.now().isoformat(), "met_by": actor.person_id}
        award.conditions = [each | met if place == number else each for place, each in enumerate(award.conditions)]
        record(about(award), "condition_met", actor, reason=str(award.conditions[number]["text"]))
        _when_ready(bid, award, actor)


def unmet(award: Award) -> Mapping[int, str]:
    """What is still needed before an award can be paid: number → words. Nothing once it is payable, or ended."""
    if award.status not in ("reserved", "conditions_open"):
        return {}
    return {number: str(each["text"]) for number, each in enumerate(award.conditions) if not each.get("met_at")}


def drop_conditions(bid: Application, award: Award, numbers: Collection[int], why: str, actor: Actor) -> list[str]:
    """Ask for these conditions no more, as a part of an action that has locked both; returns their words. `why`: the appeal's reference."""
    must_be_in_transaction()
    asked = unmet(award)
    assert asked.keys() >= set(numbers), "only what is still needed can fall away"
    gone = {"met_at": clock.now().isoformat(), "met_by": actor.person_id, "dropped": why}
    award.conditions = [each | gone if number in numbers else each for number, each in enumerate(award.conditions)]
    for number in sorted(numbers):
        record(about(award), "condition_dropped", actor, reason=asked[number], appeal=why)
    _when_ready(bid, award, actor)
    return [asked[number] for number in sorted(numbers)]


def wait_longer(award: Award, until: date, actor: Actor) -> None:
    """Let an offer wait for its yes at least until a day, as a part of an action that has locked it."""
    must_be_in_transaction()
    if award.status == "reserved" and award.accept_by < until:
        award.accept_by = until
        record(about(award), "accept_by_moved", actor, until=until.isoformat())


def _when_ready(bid: Application, award: Award, actor: Actor) -> None:
    """Accepted and every condition met: the money becomes payable."""
    if award.status != "conditions_open" or not all(each.get("met_at") for each in award.conditions):
        return
    move(award, "conditions_met", actor)
    post(
        [Line(reserved(award), payable(award), award.amount)], key=f"award:{award.id}:accepted", kind="acceptance", about=about(award),
        sentence=_("Accepted by %(ref)s", ref=bid.ref), actor=actor.code, on_behalf=actor.on_behalf_code, basis=actor.basis,
    )  # fmt: skip
    if bid.pay_route == REPAID:
        open_report(award, actor)


# --- where the money goes ------------------------------------------------------------------------------------------------


def current_payee(award: Award) -> Payee | None:
    """The payee in force, if somebody gave the details."""
    return db.session.scalar(select(Payee).where(Payee.award_id == award.id, Payee.replaced_at.is_(None)))


def give_details(ref: str, name: str, sort_code: str, account_number: str, actor: Actor) -> None:
    """Say which account the money goes to, or change it. `sort_code` six digits, `account_number` eight (see payees).

    A change starts a waiting period and calls off a payment that has not left. The applicant is told of both. The same
    details again change nothing. Refused: not accepted, nothing left to pay, bought by the council, a payment is on its way.
    """
    with transaction():
        bid, award = locked(ref)
        if bid.pay_route not in NUMBERED_ROUTES:
            raise Refused(
                _("This grant is paid by cheque, so no account is needed.")
                if bid.pay_route == CHEQUE
                else _("The council buys the things for this idea, so no account is needed.")
            )
        where = Where(name, f"{sort_code}:{account_number}", masked(sort_code, account_number), fingerprints(sort_code, account_number))
        _keep_where(bid, award, where, actor)


def give_address(ref: str, name: str, address: str, actor: Actor) -> None:
    """Say whose name stands on the cheque and where it is sent, or change it; otherwise as `give_details`. No proof of identity is asked for.

    Refused: another way to be paid, no name, no address, and as there.
    """
    if not name:
        raise Refused(_("Write the name that shall stand on the cheque."), "name")
    if not address:
        raise Refused(_("Write the address that the cheque shall go to."), "address")
    with transaction():
        bid, award = locked(ref)
        if bid.pay_route != CHEQUE:
            raise Refused(_("This grant is not paid by cheque."))
        _keep_where(bid, award, Where(name, address, masked_address(address), _marks_of_address(name, address)), actor)


@dataclass(frozen=True)
class Where:
    """Where money goes: the name, what is sealed, what is shown of it, and by which marks the same is known again."""

    name: str
    secret: str = ""
    masked: str = ""
    marks: tuple[str, ...] = ("",)


def _marks_of_address(name: str, address: str) -> tuple[str, ...]:
    return vault.marks("cheque", " ".join(f"{name} {address}".casefold().replace(",", " ").split()))


def marks_of(payee: Payee) -> tuple[str, ...]:
    """The marks of an account, or of a cheque's name and address, under each key; what was kept, where it is forgotten."""
    if not payee.sealed:
        return (payee.fingerprint,) if payee.fingerprint else ()
    secret = vault.unseal(payee.sealed)
    return _marks_of_address(payee.name, secret) if payee.route == CHEQUE else fingerprints(*secret.split(":"))


def _keep_where(bid: Application, award: Award, where: Where, actor: Actor) -> None:
    if award.status not in ("conditions_open", "ready_to_pay"):
        raise Refused(
            _("We ask for the account after you said yes and before the money is paid.")
            if bid.pay_route != CHEQUE
            else _("We ask for the address after you said yes and before the cheque is sent.")
        )
    old = current_payee(award)
    if old is not None and old.sealed and old.fingerprint in where.marks and old.name == where.name:
        return
    for payment in live_payments(award):
        if payment.status == "released":
            raise Refused(
                _("A cheque is on its way to the old address. Call us at once if that is wrong.")
                if bid.pay_route == CHEQUE
                else _("A payment is on its way to the old account. Call us at once if that account is wrong.")
            )
        if payment.status in ("prepared", "approved"):
            reason = _("The name or address was changed.") if bid.pay_route == CHEQUE else _("The account was changed.")
            move(payment, "cancelled", actor, reason=reason)
    payee = _add_payee(award, bid.pay_route, where, actor.person_id or bid.person_id, old is not None)
    record(about(award), "details_changed" if old else "details_given", actor, payee=payee.ref)
    tell(bid, f"details:{payee.ref}", letters.details_given(bid, payee, old is not None), award)


@dataclass(frozen=True)
class Supplier:
    """Whom the council buys from: a firm with its company number, if it has one, or a person, whom no file names."""

    name: str
    company_number: str = ""
    individual: bool = False


@dataclass(frozen=True)
class Order:
    """What the council buys with a payment, and the number of the order, where it is known."""

    what: str
    ref: str = ""


def supplied_by(award: Award, supplier: Supplier, actor: Actor) -> Payee:
    """The payee of an award that the council buys for, made when it is new, as a part of an action that has locked the award.

    Refused: no name, a person with a company number.
    """
    must_be_in_transaction()
    judge(supplier)
    same = select(Payee).where(
        Payee.award_id == award.id, Payee.route == BOUGHT, Payee.name == supplier.name, Payee.company_number == supplier.company_number,
        Payee.individual == supplier.individual,
    )  # fmt: skip
    found = db.session.scalars(same.order_by(Payee.id)).first()
    if found is None:
        found = _add_payee(award, BOUGHT, Where(supplier.name), actor.person_id or award.application.person_id, False)
        found.company_number, found.individual = supplier.company_number, supplier.individual
        record(about(award), "supplier_named", actor, payee=found.ref)
    return found


def judge(supplier: Supplier) -> None:
    """Refused: no name, a person with a company number."""
    if not supplier.name:
        raise Refused(_("Write who is paid, as it stands on the bill."), "supplier")
    if supplier.individual and supplier.company_number:
        raise Refused(_("A person has no company number. Take away the number, or the tick."), "company_number")


def _add_payee(award: Award, route: str, where: Where, by: int, changed: bool) -> Payee:
    now = clock.now()
    wait = RoundRules.load(award.application.round.rules).bank_wait_days if changed else 0
    old = current_payee(award)
    if old is not None:
        old.replaced_at = now
        db.session.flush()
    payee = Payee(
        ref=new_ref("PAY"), award_id=award.id, route=route, name=where.name, given_by_id=by, given_at=now, usable_from=now + timedelta(days=wait),
        sealed=vault.seal(where.secret) if where.secret else "", masked=where.masked, fingerprint=where.marks[0],
    )  # fmt: skip
    db.session.add(payee)
    db.session.flush()
    return payee


def same_account(payee: Payee) -> Sequence[Award]:
    """Awards of somebody else that were paid, or are to be paid, into the same account: finance takes a second look."""
    if not payee.sealed:
        return []
    marks = marks_of(payee)
    mine = db.session.get_one(Award, payee.award_id).application
    found = db.session.scalars(
        select(Award).join(Payee, Payee.award_id == Award.id).where(Payee.fingerprint.in_(marks), Award.id != payee.award_id).limit(20)
    ).all()
    return [
        each
        for each in dict.fromkeys(found)
        if each.application.person_id != mine.person_id
        and (mine.organisation_id is None or each.application.organisation_id != mine.organisation_id)
    ]


def purge_details() -> int:
    """Forget account numbers thirty days after the money has arrived and nothing is left to pay (the worker's work)."""
    count = 0
    with transaction():
        for payee in db.session.scalars(to_forget().limit(500)):
            payee.sealed, payee.purged_at = "", clock.now()
            record(f"award:{payee.award_id}", "details_forgotten", SCHEME, payee=payee.ref)
            count += 1
    return count


def to_forget() -> Select[Payee]:
    """Payees whose account number has no more use."""
    before = clock.today() - KEEP_DETAILS
    under_way = select(Payment.payee_id).where(Payment.status.in_(("prepared", "approved", "released")))
    late = select(Payment.payee_id).where(Payment.status == "settled", Payment.settled_on > before)
    ready = select(Award.id).where(Award.status.in_(UNPAID))
    gone = select(Award.id).where(Award.status.in_(("returned", "lapsed", "declined")))
    return select(Payee).where(
        Payee.sealed != "",
        Payee.id.not_in(under_way),
        Payee.id.not_in(late),
        Payee.award_id.not_in(ready) | (Payee.replaced_at < clock.now() - KEEP_DETAILS),
        Payee.id.in_(select(Payment.payee_id)) | Payee.replaced_at.is_not(None) | Payee.award_id.in_(gone),
    )


# --- giving back before it is paid ---------------------------------------------------------------------------------------


def withdraw(ref: str, actor: Actor, reason: str | None = None) -> None:
    """Give an award back before any of it is paid: the money returns to the fund. Refused: paid, or on its way."""
    with transaction():
        bid, award = locked(ref)
        if award.paid or any(payment.status in ("released", "settled") for payment in live_payments(award)):
            raise Refused(_("Some of the money is paid or on its way. Call us, and we sort it out together."))
        for payment in live_payments(award):
            move(payment, "cancelled", actor, reason=_("The award was given back."))
        move(award, "withdrawn", actor, reason=reason, refusal=_("This award has ended already."))
        move(bid, "withdrawn", actor, reason=reason)
        give_back(award, [reserved(award), payable(award)], "withdrawn", actor)
        let_report_go(award, actor, _("The award was given back."))
        close_purpose(about(award))
        tell(bid, "withdrawn", letters.withdrawn(bid, award.amount), award)


def give_back(award: Award, accounts: Sequence[str], why: str, actor: Actor) -> None:
    """What these accounts hold goes back to the fund, under the key `award:<id>:<why>`. Part of an action."""
    must_be_in_transaction()
    held = books.balances(accounts)
    lines = [Line(code, rounds.available(award.fund), amount) for code, amount in held.items() if amount]
    assert lines, "an award that is not paid holds its money"
    post(
        lines, key=f"award:{award.id}:{why}", kind="returned", about=about(award), sentence=_("Back from %(ref)s", ref=award.application.ref),
        actor=actor.code, on_behalf=actor.on_behalf_code, basis=actor.basis,
    )  # fmt: skip


# --- loading and locking -------------------------------------------------------------------------------------------------


def award_by_ref(ref: str) -> Award:
    """One award with its bid and fund. NotFound."""
    found = db.session.scalar(select(Award).where(Award.ref == ref).options(joinedload(Award.application), joinedload(Award.fund)))
    if found is None:
        raise NotFound(_("We cannot find that award."))
    return found


def locked(ref: str) -> tuple[Application, Award]:
    """An award and its bid, locked in the order of the house, as a part of an action. NotFound."""
    must_be_in_transaction()
    bid_id = db.session.scalar(select(Award.application_id).where(Award.ref == ref))
    bid = db.session.scalar(select(Application).where(Application.id == bid_id).with_for_update().execution_options(populate_existing=True))
    award = db.session.scalar(select(Award).where(Award.ref == ref).with_for_update().execution_options(populate_existing=True))
    if bid is None or award is None:
        raise NotFound(_("We cannot find that award."))
    return bid, award


def live_payments(award: Award) -> Sequence[Payment]:
    """Payments that are prepared, approved, on their way or settled; in the order of their instalments."""
    return db.session.scalars(
        select(Payment)
        .where(Payment.award_id == award.id, Payment.status.not_in(("bounced", "cancelled")))
        .order_by(Payment.instalment)
        .with_for_update()
    ).all()


def tell(bid: Application, what: str, text: Text, award: Award) -> bool:
    """Say something about an award to the applicant, once; whether it was new. Part of an action."""
    return queue(f"award:{award.id}:{what}", addressee_of(person(bid.person_id)), text, about=about(bid))
