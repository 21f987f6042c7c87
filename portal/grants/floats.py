"""Floats for quick sparks: asked for, granted and topped up by a panel and nobody else, given back to the fund.

Money moves as the table in design 3 says: fund → float, and back. Locks are taken in the order matter, request, fund,
float, so that a count, a request that is taken back and a float that goes back never wait for each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Select, select

from portal import clock, once
from portal.db import db, must_be_in_transaction, transaction
from portal.errors import NotFound, Refused
from portal.grants import pooled, rounds
from portal.grants.model import FloatRequest, Fund, QuickFloat
from portal.grants.rules import RoundRules
from portal.history import Actor, record
from portal.ledger import queries as books
from portal.ledger.posting import Line, open_account, post
from portal.money import Pence, pounds
from portal.outbox import Text, address_of, queue
from portal.panels import actions as panels
from portal.panels import queries as panel_queries
from portal.panels.model import Matter
from portal.panels.rules import Threshold
from portal.people.model import Person, Role
from portal.people.queries import addressee_of, in_force, person, person_by_ref
from portal.refs import new_ref
from portal.words import _

KINDS = ("float", "topup")  # what a matter is about: the first money, or more of it


def account(float_: QuickFloat) -> str:
    """The ledger account of what a connector holds."""
    return f"float:{float_.id}"


def about(float_: QuickFloat) -> str:
    """How events, messages and the books name a float. "float:<id>" is a matter about a request."""
    return f"quick-float:{float_.id}"


def matter_about(request: FloatRequest) -> str:
    """How a panel's matter names a request."""
    return f"{request.kind}:{request.id}"


def request_id(matter: str) -> int:
    """The id of the request that a matter is about: "topup:17" gives 17."""
    return int(matter.partition(":")[2])


def is_connector(person_id: int) -> bool:
    """Whether somebody holds the role of a connector today."""
    return db.session.scalar(_role(person_id)) is not None


def _role(person_id: int) -> Select[int]:
    return (
        select(Role.id)
        .join(Person, Person.id == Role.person_id)
        .where(Role.person_id == person_id, Role.name == "connector", in_force(Role, clock.today()), Person.deleted_at.is_(None))
        .limit(1)
    )


# --- asking --------------------------------------------------------------------------------------------------------------


def ask(person_ref: str, fund_code: str, panel_ref: str, amount: Pence, reason: str, actor: Actor, *, once_key: str) -> str:
    """Ask a panel to put money into a connector's hand, or more of it where they hold a float of this fund; returns the request.

    A second tap gives the first request. Refused: not a connector, no reason, no sum, more than the fund has, asked already, a closed fund.
    """
    with transaction():
        if (done := once.claim(once_key)) is not None:
            return done
        who, panel = person_by_ref(person_ref), panel_queries.panel(panel_ref)
        fund = _locked_fund(fund_code)
        rounds.must_be_open(fund)
        if not is_connector(who.id):
            raise Refused(_("%(name)s is not a connector. Only connectors hold a float.", name=who.name), "person")
        if not reason:
            raise Refused(_("Write why, in a few words. The panel reads it."), "reason")
        if amount < 1:
            raise Refused(_("Write how much the float needs."), "amount")
        free = books.balance(rounds.available(fund))
        if amount > free:
            raise Refused(_("The fund has %(free)s left. Ask for less, or wait until money comes in.", free=pounds(max(0, free))), "amount")
        mine = (FloatRequest.person_id == who.id, FloatRequest.fund_id == fund.id, FloatRequest.status == "with_panel")
        if db.session.scalar(select(FloatRequest.id).where(*mine)) is not None:
            raise Refused(_("The panel has been asked already. Wait for its answer, or have the first request taken back."))
        held = of_person(who.id, fund.id)
        made = FloatRequest(
            ref=new_ref("FRQ"), kind="topup" if held else "float", fund_id=fund.id, person_id=who.id, panel_id=held.panel_id if held else panel.id,
            float_id=held.id if held else None, amount=amount, reason=reason, asked_by_id=actor.person_id, asked_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        record(f"float-request:{made.id}", "asked", actor, reason=reason, amount=amount, fund=fund.code, person=who.id)
        rules = RoundRules.load(fund.rules)
        rule = Threshold(rules.quorum, rules.majority(shared=False), rules.on_tie)
        by = clock.today() + timedelta(days=rules.decide_within_days)
        panels.open_matter(made.panel_id, matter_about(made), rule, by, actor)
        once.keep(once_key, made.ref)
        return made.ref


def withdraw(request_ref: str, reason: str, actor: Actor) -> None:
    """Take a request back from its panel before it has counted. Refused: no reason, answered or taken back already."""
    with transaction():
        found = request_by_ref(request_ref)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        end_request(found.id, reason, actor)


def end_request(id_: int, reason: str, actor: Actor) -> None:
    """Take a request back from its panel, as a part of an action. The matter is locked first, as its count does it.

    Refused: answered or taken back meanwhile.
    """
    panels.withdraw_matter(matter_about(db.session.get_one(FloatRequest, id_)), actor, reason)
    request = _locked_request(id_)
    if request.status != "with_panel":
        raise Refused(_("The panel has answered meanwhile, or somebody took the request back. Look at the page again."))
    _end(request, "withdrawn", actor, reason)


def _end(request: FloatRequest, status: str, actor: Actor, reason: str | None = None) -> None:
    request.status, request.ended_at = status, clock.now()
    record(f"float-request:{request.id}", status, actor, reason=reason)


# --- the panel's word ----------------------------------------------------------------------------------------------------


def tied_by_nature(abouts: Sequence[str]) -> Mapping[str, frozenset[int]]:
    """Nobody decides about their own float. One query."""
    ids = [request_id(each) for each in abouts]
    found = dict(db.session.execute(select(FloatRequest.id, FloatRequest.person_id).where(FloatRequest.id.in_(ids))).tuples().all())
    return {each: frozenset({found[request_id(each)]} if request_id(each) in found else ()) for each in abouts}


def when_closed(matter: Matter, actor: Actor) -> None:
    """The panel has counted: part of the closing, which a Refused undoes. A yes moves the money.

    Refused: the fund does not have it, or they are not a connector any more.
    """
    must_be_in_transaction()
    request = _locked_request(request_id(matter.about))
    assert request.status == "with_panel", "whoever ends a request takes its matter back first"
    if matter.outcome == "yes":
        _grant(request, actor)
        _end(request, "granted", actor)
    else:
        _end(request, matter.outcome or "no_quorum", actor)
    _tell_answer(request)


def _grant(request: FloatRequest, actor: Actor) -> None:
    fund = rounds.locked_fund(request.fund_id)
    someone = person(request.person_id)
    if not is_connector(someone.id):
        raise Refused(_("%(name)s is not a connector any more, so nothing can be counted. Take the request back.", name=someone.name))
    if request.kind == "float":
        float_ = QuickFloat(
            ref=new_ref("FLT"), fund_id=fund.id, person_id=request.person_id, panel_id=request.panel_id, status="open", opened_at=clock.now(),
            balance=Pence(0), spent=Pence(0),
        )  # fmt: skip
        db.session.add(float_)
        db.session.flush()
        request.float_id = float_.id
        open_account(account(float_), "GBP", "hold", _("Float for quick sparks %(ref)s", ref=float_.ref), floor=0)
    else:
        assert request.float_id is not None
        float_ = locked(request.float_id)
    post(
        [Line(rounds.available(fund), account(float_), request.amount)], key=f"{matter_about(request)}:granted", kind="float", about=about(float_),
        sentence=_("The panel granted %(amount)s for quick sparks", amount=pounds(request.amount)), actor=actor.code,
        refusals={
            rounds.available(fund): _(
                "The fund does not have %(amount)s left, so nothing was counted. Wait until money comes in, or take the request back.",
                amount=pounds(request.amount),
            )
        },
    )  # fmt: skip
    pooled.freeze(fund, request)
    float_.balance = Pence(float_.balance + request.amount)
    record(about(float_), "granted" if request.kind == "float" else "topped_up", actor, amount=request.amount, request=request.ref)


def _tell_answer(request: FloatRequest) -> None:
    values = {"amount": pounds(request.amount), "link": address_of("/grants/quick/")}
    texts: dict[str, Callable[[], Text]] = {
        "granted": lambda: Text(
            subject=_("%(amount)s for quick sparks are yours to give", **values),
            body=_(
                "The panel said yes: %(amount)s more are in your float for quick sparks.\n\nAt the door, on your phone:\n\n%(link)s",
                **values,
            ),
            short=_("The panel said yes: %(amount)s more are in your float for quick sparks. %(link)s", **values),
        ),
        "no": lambda: Text(
            subject=_("The panel’s answer about your float"),
            body=_("The panel said no to %(amount)s for your float. Call us, and we tell you what was said.", **values),
            short=_("The panel said no to %(amount)s for your float. Call us, and we tell you what was said.", **values),
        ),
    }
    later = Text(
        subject=_("The panel’s answer about your float"),
        body=_(
            "The panel has not said yes to %(amount)s for your float yet. Call us, and we tell you what it would like to know. You can ask again.",
            **values,
        ),
        short=_("The panel has not said yes to %(amount)s for your float yet. Call us. You can ask again.", **values),
    )
    text = texts[request.status]() if request.status in texts else later
    queue(f"float-request:{request.id}:answer", addressee_of(person(request.person_id)), text, about=f"float-request:{request.id}")


# --- giving back ---------------------------------------------------------------------------------------------------------


def take_back(float_ref: str, reason: str, actor: Actor) -> Pence:
    """What a float still holds goes back to its fund, and the float ends; returns how much. A second tap changes nothing.

    What was asked of the panel for it is taken back too. Refused: no reason.
    """
    with transaction():
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        id_ = by_ref(float_ref).id
        for asked in db.session.scalars(
            select(FloatRequest.id).where(FloatRequest.float_id == id_, FloatRequest.status == "with_panel")
        ).all():
            end_request(asked, reason, actor)
        float_ = locked(id_)
        if float_.status == "closed":
            return Pence(0)
        held = float_.balance
        if held:
            to_fund(float_, held, f"{account(float_)}:returned", reason, actor)
        float_.balance, float_.status, float_.closed_at = Pence(0), "closed", clock.now()
        record(about(float_), "returned", actor, reason=reason, amount=held)
        values = {"amount": pounds(held), "reason": reason}
        text = Text(
            subject=_("Your float for quick sparks has ended"),
            body=_("Your float for quick sparks has ended. %(amount)s went back to the fund.\n\nWhy: %(reason)s", **values),
            short=_("Your float for quick sparks has ended. %(amount)s went back to the fund.", **values),
        )
        queue(f"quick-float:{float_.id}:returned", addressee_of(person(float_.person_id)), text, about=about(float_))
        return held


def to_fund(float_: QuickFloat, amount: int, key: str, reason: str, actor: Actor) -> None:
    """Money of a float back to its fund, as a part of an action that has locked the float."""
    post(
        [Line(account(float_), rounds.available(float_.fund), amount)], key=key, kind="returned", about=about(float_),
        sentence=_("Back from the float %(ref)s: %(reason)s", ref=float_.ref, reason=reason), actor=actor.code, on_behalf=actor.on_behalf_code,
        basis=actor.basis,
    )  # fmt: skip


def set_limit(fund_code: str, most: Pence, reason: str, actor: Actor) -> None:
    """The most that one quick spark of a fund may cost, from now on. Refused: no reason, nothing, more than the smallest grant."""
    with transaction():
        fund = _locked_fund(fund_code)
        rules = RoundRules.load(fund.rules)
        if not reason:
            raise Refused(_("Write why, in a few words. It is kept."), "reason")
        if most < 1:
            raise Refused(_("Write the most that one quick spark may cost."), "most")
        if most > rules.least:
            raise Refused(_("From %(least)s on it is a grant, and the panel decides about each.", least=pounds(rules.least)), "most")
        fund.rules = {**fund.rules, "quick_most": most}
        record(f"fund:{fund.id}", "quick_limit_set", actor, reason=reason, most=most)


# --- loading and locking -------------------------------------------------------------------------------------------------


def most_of(fund: Fund) -> Pence:
    """The most that one quick spark of a fund may cost."""
    return RoundRules.load(fund.rules).quick_most


def by_ref(ref: str) -> QuickFloat:
    """One float. NotFound."""
    found = db.session.scalar(select(QuickFloat).where(QuickFloat.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that float."))
    return found


def of_person(person_id: int, fund_id: int) -> QuickFloat | None:
    """The float of a fund that somebody holds, if they hold one."""
    return db.session.scalar(
        select(QuickFloat).where(QuickFloat.person_id == person_id, QuickFloat.fund_id == fund_id, QuickFloat.status == "open")
    )


def locked(id_: int) -> QuickFloat:
    """The float, locked, as a part of an action."""
    must_be_in_transaction()
    query = select(QuickFloat).where(QuickFloat.id == id_).with_for_update(of=QuickFloat).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def request_by_ref(ref: str) -> FloatRequest:
    """What was asked of a panel. NotFound."""
    found = db.session.scalar(select(FloatRequest).where(FloatRequest.ref == ref))
    if found is None:
        raise NotFound(_("We cannot find that request."))
    return found


def requests(ids: Iterable[int]) -> Mapping[int, FloatRequest]:
    """Requests by id. One query."""
    return {row.id: row for row in db.session.scalars(select(FloatRequest).where(FloatRequest.id.in_(list(ids))))}


def _locked_request(id_: int) -> FloatRequest:
    query = select(FloatRequest).where(FloatRequest.id == id_).with_for_update(of=FloatRequest)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _locked_fund(code: str) -> Fund:
    id_ = db.session.scalar(select(Fund.id).where(Fund.code == code))
    if id_ is None:
        raise NotFound(_("We cannot find that fund."))
    return rounds.locked_fund(id_)


for kind in KINDS:
    panels.CLOSED[kind] = when_closed
    panel_queries.TIED_BY_NATURE[kind] = tied_by_nature
