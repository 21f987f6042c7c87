"""The officer's funds and rounds."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.grants import closing, large, pooled, queries, rounds
from portal.grants.forms import rounds as forms
from portal.grants.forms.decide import Nothing
from portal.grants.model import Funder, Round
from portal.grants.rules import RoundRules
from portal.history import Actor
from portal.money import pounds
from portal.panels import queries as panels
from portal.people import queries as people
from portal.people.views import needs_proof
from portal.places import queries as places
from portal.settings import limits
from portal.web.forms import whole_number
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

desk_rounds = Blueprint("desk_rounds", __name__)

STATUS_WORDS = {
    "planned": (N_("Planned"), ""),
    "open": (N_("Open"), "good"),
    "closed": (N_("Closed"), "calm"),
    "deciding": (N_("Being decided"), "calm"),
    "released": (N_("Decisions are out"), "good"),
    "finished": (N_("Finished"), ""),
}


def _actor() -> Actor:
    return Actor(current_user.id)


@desk_rounds.get("/desk/funds")
@allow("open finance")
def funds() -> Any:
    found = queries.funds()
    return page("grants/desk_funds.html", funds=found, money=queries.figures_of(*found), funders=queries.funders())


@desk_rounds.route("/desk/funds/new", methods=["GET", "POST"])
@allow("run rounds")
def new_fund() -> Any:
    form = forms.NewFund(data=forms.Rules.of(rounds.with_rate_of_today(RoundRules())))
    if form.validate_on_submit():
        try:
            rounds.open_fund(form.code.data, form.name.data, form.purpose.data, form.rules(RoundRules()), _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The fund is open. Record what comes in, then plan a round."))
            return see_other(f"/desk/funds/{form.code.data}")
    return form_page("grants/desk_fund_new.html", form)


@desk_rounds.route("/desk/funders/new", methods=["GET", "POST"])
@allow("run rounds")
def new_funder() -> Any:
    form = forms.NewFunder()
    if form.validate_on_submit():
        try:
            rounds.add_funder(form.code.data, form.name.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s can put money in now.", name=form.name.data))
            return see_other("/desk/funds")
    return form_page("grants/desk_funder_new.html", form)


@desk_rounds.get("/desk/funds/<code>")
@allow("open finance")
def fund(code: str) -> Any:
    return _fund(code, forms.NewContribution(formdata=None).fill(queries.funders()))


def _fund(code: str, form: Any) -> Any:
    found = queries.fund_by_code(code)
    whose = pooled.positions(found)
    return form_page(
        "grants/desk_fund.html", form, fund=found, money=pooled.figures(whose.values()), pooled=whose, contributions=queries.contributions_of(found),
        rounds=queries.rounds(found), words=STATUS_WORDS, rules=RoundRules.load(found.rules), closing=closing.waiting(found), large=large.waiting(found),
        funder_names=dict(form.funder.choices), story=(story := closing.story_of(found)), names=people.names(event.actor_id for event in story), story_words=STORY_WORDS,
    )  # fmt: skip


@desk_rounds.post("/desk/funds/<code>/contributions")
@allow("run rounds")
def contribute(code: str) -> Any:
    found, funders = queries.fund_by_code(code), queries.funders()
    form = forms.NewContribution().fill(funders)
    if form.validate():
        funder: Funder | None = next((funder for funder in funders if funder.code == form.funder.data), None)
        assert funder is not None and form.amount.data is not None and form.received_on.data is not None
        try:
            if form.amount.data < 1:
                raise Refused(_("Write how much came in."), "amount")
            write_down = large.ask if form.amount.data > limits.of(limits.LARGE) else rounds.contribute
            write_down(
                found.id,
                funder.id,
                form.amount.data,
                form.received_on.data,
                form.reference.data,
                _actor(),
                once_key=form.once_key(current_user.id),
                another=form.another.data,
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            so_much = write_down is large.ask
            flash(
                _("A second person must confirm so much. Tell them that it waits.") if so_much else _("The contribution is in the books.")
            )
            return see_other(f"/desk/funds/{code}")
    return _fund(code, form)


@desk_rounds.route("/desk/funds/<code>/large/<ref>", methods=["GET", "POST"])
@allow("release payments")
def large_one(code: str, ref: str) -> Any:
    """A large sum that came in: the second person puts it into the books, or it is dropped."""
    row, fund, funder = large.by_ref(ref)
    if fund.code != code:
        raise NotFound(_("We cannot find that."))
    form, act = Nothing(), request.form.get("act", "")
    if request.method == "POST" and act not in ("confirm", "drop"):
        raise NotFound(_("We cannot find that page."))
    if act == "confirm" and (proof := needs_proof()) is not None:
        return proof
    if done(form, lambda: (large.confirm if act == "confirm" else large.drop)(ref, _actor())):
        flash(_("The contribution is in the books.") if act == "confirm" else _("It was dropped. Nothing is in the books."))
        return see_other(f"/desk/funds/{code}")
    by = people.names([row.asked_by_id, row.done_by_id])
    return form_page("grants/desk_large.html", form, row=row, fund=fund, funder=funder, by=by, me=current_user.id)


@desk_rounds.route("/desk/funds/<code>/contributions/<ref>/reverse", methods=["GET", "POST"])
@allow("run rounds")
def reverse(code: str, ref: str) -> Any:
    form = forms.Why()
    found = queries.fund_by_code(code)
    row = next((row for row, _name, _undone in queries.contributions_of(found) if row.ref == ref), None)
    if row is None:
        raise NotFound(_("We cannot find that contribution."))
    if form.validate_on_submit():
        try:
            rounds.reverse_contribution(ref, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Taken back. Both lines stay in the books."))
            return see_other(f"/desk/funds/{code}")
    return form_page("grants/desk_reverse.html", form, fund=found, contribution=row)


STORY_WORDS = {
    "opened": N_("Opened"), "quick_limit_set": N_("The most for one quick spark was changed"), "closing_asked": N_("Asked to close it"),
    "closing_taken_back": N_("It stays as it is"), "closed": N_("Closed"), "given_back": N_("Given back to the funders"), "reopened": N_("Reopened"),
    "withdrawal_asked": N_("Asked to give money back to a funder"), "withdrawal_taken_back": N_("The money of that funder stays"), "withdrawn": N_("Given back to a funder"),
    "large_asked": N_("A large sum came in, and waits for a second person"), "large_confirmed": N_("A second person confirmed a large sum"), "large_dropped": N_("A large sum was a mistake"),
}  # fmt: skip


@desk_rounds.route("/desk/funds/<code>/close", methods=["GET", "POST"])
@allow("release payments")
def close_fund(code: str) -> Any:
    """Close a fund: an officer asks with a reason; where money goes back to the funders, a second person looks at the sums and does it."""
    found = queries.fund_by_code(code)
    act = request.form.get("act", "")
    form: Any = Nothing() if act in ("close", "cancel") else forms.Why()
    if form.validate_on_submit():
        if act == "close" and (proof := needs_proof()) is not None:
            return proof
        try:
            match act:
                case "close":
                    back = closing.confirm(code, whole_number(request.form.get("seen")), _actor())
                    flash(_("Done. %(amount)s went back to the funders. The fund is closed.", amount=pounds(back)))
                case "cancel":
                    closing.cancel(code, _actor())
                    flash(_("The fund stays as it is."))
                case _:
                    require("run rounds")
                    if closing.ask(code, form.reason.data, _actor()):
                        flash(_("The fund is closed."))
                    else:
                        flash(_("A second person must do it now. Tell them that it waits."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/desk/funds/{code}")
    waits = closing.waiting(found)
    return form_page(
        "grants/desk_fund_close.html", form, fund=found, closing=waits,
        in_the_way=closing.in_the_way(found), shares=(shares := closing.shares(found)), free=sum(shares.values()), funders=pooled.funder_names(), me=current_user.id,
        names=people.names([waits.asked_by_id] if waits else []),
    )  # fmt: skip


@desk_rounds.route("/desk/funds/<code>/reopen", methods=["GET", "POST"])
@allow("run rounds")
def reopen_fund(code: str) -> Any:
    found = queries.fund_by_code(code)
    form = forms.Why()
    if form.validate_on_submit():
        try:
            closing.reopen(code, form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The fund is open again. Record what comes in, then plan a round."))
            return see_other(f"/desk/funds/{code}")
    return form_page("grants/desk_fund_reopen.html", form, fund=found)


# --- rounds --------------------------------------------------------------------------------------------------------------


def _panels() -> list[tuple[str, str]]:
    return [(panel.ref, panel.name) for panel in panels.panels()]


def _planned(form: forms.PlanRound, base: RoundRules) -> tuple[int, str, datetime, datetime | None, date | None, RoundRules]:
    """What a valid form plans, in the order that `rounds.plan_round` and `change_round` take it."""
    assert form.opens_on.data is not None and form.panel.data
    opens = clock.start_of_day(form.opens_on.data)
    closes = clock.end_of_day(form.closes_on.data) if form.closes_on.data else None
    return panels.panel(form.panel.data).id, form.name.data, opens, closes, form.decide_by.data if closes else None, form.rules(base)


@desk_rounds.route("/desk/funds/<code>/rounds/new", methods=["GET", "POST"])
@allow("run rounds")
def new_round(code: str) -> Any:
    found = queries.fund_by_code(code)
    base = RoundRules.load(found.rules)
    form = forms.PlanRound(data=forms.PlanRound.of(rounds.with_rate_of_today(base))).fill(_panels())
    if form.validate_on_submit():
        try:
            ref = rounds.plan_round(found.id, *_planned(form, base), _actor(), vote_until=form.vote_until.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The round is planned. It opens by itself on its day, or now by hand."))
            return see_other(f"/desk/rounds/{ref}")
    return form_page("grants/desk_round_new.html", form, fund=found, round=None)


@desk_rounds.get("/desk/rounds")
@allow("run rounds")
def all_rounds() -> Any:
    found = queries.rounds()
    return page(
        "grants/desk_rounds.html", rounds=found, words=STATUS_WORDS, states={one.id: rounds.state_at(one, clock.now()) for one in found}
    )


@desk_rounds.get("/desk/rounds/<ref>")
@allow("run rounds")
def round_(ref: str) -> Any:
    return _round(queries.round_by_ref(ref), forms.Extend(formdata=None))


def _round(found: Round, form: Any) -> Any:
    return form_page(
        "grants/desk_round.html", form, round=found, rules=(rules := RoundRules.load(found.rules)), state=rounds.state_at(found, clock.now()),
        words=STATUS_WORDS, decisions=forms.DECISIONS, way=forms.way_of(rules), areas=places.names_of(rules.areas) if rules.voters == "area" else [], bids=queries.bids(round_ref=found.ref, limit=100),
    )  # fmt: skip


@desk_rounds.route("/desk/rounds/<ref>/change", methods=["GET", "POST"])
@allow("run rounds")
def change(ref: str) -> Any:
    found = queries.round_by_ref(ref)
    given = forms.PlanRound.given(found) | {"panel": next((panel.ref for panel in panels.panels() if panel.id == found.panel_id), "")}
    form = forms.PlanRound(data=given).fill(_panels())
    if form.validate_on_submit():
        try:
            rounds.change_round(ref, *_planned(form, RoundRules.load(found.rules)), _actor(), vote_until=form.vote_until.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved."))
            return see_other(f"/desk/rounds/{ref}")
    return form_page("grants/desk_round_new.html", form, fund=found.fund, round=found)


@desk_rounds.post("/desk/rounds/<ref>/<any(open, close, finish):act>")
@allow("run rounds")
def move(ref: str, act: str) -> Any:
    planned = queries.round_by_ref(ref).status == "planned"
    {"open": rounds.open_round, "close": rounds.close_round, "finish": rounds.finish_round}[act](ref, _actor())
    flash(
        {
            "open": _("The round is open. Its rules are frozen."),
            "close": _("The round is closed."),
            "finish": _("The round is called off.") if planned else _("The round is finished."),
        }[act]
    )
    return see_other(f"/desk/rounds/{ref}")


@desk_rounds.post("/desk/rounds/<ref>/extend")
@allow("run rounds")
def extend(ref: str) -> Any:
    found = queries.round_by_ref(ref)
    form = forms.Extend()
    if form.validate():
        assert form.until.data is not None
        try:
            rounds.extend(ref, clock.end_of_day(form.until.data), form.reason.data, _actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Everybody has more time now. Who has not sent an idea yet hears of it."))
            return see_other(f"/desk/rounds/{ref}")
    return _round(found, form)


@desk_rounds.get("/desk/extend")
@allow("handle bids")
def find_to_extend() -> Any:
    """An applicant calls with a reference: to the page that gives this one idea more time."""
    return see_other(f"/desk/bids/{queries.bid(request.args.get('ref', '').strip().upper()[:20]).ref}/extend")


@desk_rounds.route("/desk/bids/<ref>/extend", methods=["GET", "POST"])
@allow("handle bids")
def extend_one(ref: str) -> Any:
    application = queries.bid(ref)
    back = f"/desk/rounds/{application.round.ref}" if may("run rounds") else f"/desk/bids/{ref}"
    form = forms.Extend()
    if form.validate_on_submit():
        assert form.until.data is not None
        try:
            rounds.extend(
                application.round.ref, clock.end_of_day(form.until.data), form.reason.data, _actor(), application_id=application.id
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("They have more time now, and we tell them so."))
            return see_other(back)
    return form_page("grants/desk_extend.html", form, application=application, back=back)
