"""The coordinator's desk of the timebank: what two cannot settle, members, the rules."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import NotFound, Refused
from portal.ledger import queries as books
from portal.money import Minutes
from portal.people import queries as people
from portal.people.views import actor, saw
from portal.timebank import areas, caring, forms, kinds, leaving, members, neighbour_queries, neighbours, queries, safety, today
from portal.timebank import exchange as exchanges
from portal.timebank.members import name_of
from portal.timebank.model import Exchange, Member
from portal.timebank.rules import TimeRules
from portal.timebank.views.hours import NEIGHBOUR_STATES, PAGE, STATES, Nothing
from portal.web.forms import whole_number
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _, _n

time_desk = Blueprint("time_desk", __name__)

WHY = {
    "logged": N_("Nobody answers"), "disputed": N_("They remember it differently"), "held": N_("The receiver is at their floor"),
    "settled": N_("Somebody says it is wrong"),
}  # fmt: skip
EVENTS = {
    "logged": N_("Written down"), "answered": N_("Answered"), "settled": N_("Put in the books"), "withdrawn": N_("Taken back"), "accepted": N_("Agreed"),
    "held": N_("Held"), "decided": N_("A coordinator decided"), "questioned": N_("Something wrong?"), "put_right": N_("A coordinator looked at it"), "moved": N_("Went over to another card"),
}  # fmt: skip
MEMBER_EVENTS = {
    "joined": N_("Joined"), "enrolled": N_("Joined at the desk"), "imported": N_("Came from another timebank"), "came_back": N_("Came back"), "changed": N_("Changed"), "floor_set": N_("Another floor"), "digits_changed": N_("New digits for the card"), "left": N_("Left"),
    "granted": N_("Hours from the community pot"), "donated": N_("Gave time away"), "joined_with": N_("Joined with another card"), "took_over": N_("Another card was joined with this one"),
    "evidence_seen": N_("Something was seen"), "evidence_ended": N_("Something that was seen has ended"), "evidence_not_needed": N_("Does not wait any more"),
    "details_changed": N_("Details were changed for them"), "break_begun": N_("A break began"), "break_ended": N_("A break ended"),
    "asked_after": N_("Somebody asked how they are"), "nudged": N_("A kind word was sent"),
}  # fmt: skip


@time_desk.get("/timebank/desk/")
@allow("help others")
def index() -> Any:
    """Today: everything that needs a coordinator, each with the page on which something is done about it."""
    text = request.args.get("q", "")[:100]
    here = current_user.areas("connector", "officer")
    rules, whole = members.rules(), request.args.get("all", "")
    heaps = [] if text.strip() else today.waiting(here, rules, current_user, whole)
    if whole:
        heaps = [heap for heap in heaps if heap.what == whole]
    return page(
        "timebank/desk.html", open=rules is not None, heaps=heaps, heading=today.heading, most=today.MOST, whole=bool(whole), q=text,
        found=members.search_all(text, here, reached=True) if text.strip() else [],
    )  # fmt: skip


def exchange_of_coordinator(ref: str) -> Exchange:
    found = queries.with_names(ref)
    if found is None or not (may("help others", found.giver) or may("help others", found.receiver)):
        raise NotFound(_("We cannot find that exchange."))
    return found


@time_desk.route("/timebank/desk/exchanges/<ref>", methods=["GET", "POST"])
@allow("help others")
def exchange(ref: str) -> Any:
    """One exchange with its story; a coordinator decides what it was, or puts right what is in the books."""
    found = exchange_of_coordinator(ref)
    form = forms.Decide(
        data={"time": found.settled_minutes or found.answered_minutes or found.minutes} if request.method == "GET" else None
    )
    if form.validate_on_submit() and form.time.data is not None:
        act = exchanges.put_right if found.status == "settled" else exchanges.decide
        try:
            act(ref, form.time.data, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, {"minutes": "time"}.get(why.field or "", why.field))
        else:
            flash(_("Done. Both are told."))
            return see_other(f"/timebank/desk/exchanges/{ref}")
    elif form.is_submitted() and form.time.data is None and not form.time.errors:
        form.time.errors = [_("Say how long it was; 0 when it does not count.")]
    side = any(members.acts_as(current_user, each) for each in (found.giver, found.receiver))
    typed = found.entered_by == f"person:{current_user.id}"
    _logger, answers = exchanges.sides(found)
    return form_page(
        "timebank/desk_exchange.html", form, tied=side or typed, answers=None if typed or members.acts_as(current_user, answers) else answers, exchange=found, giver=found.giver, receiver=found.receiver, state=STATES[found.status], why=WHY.get(found.status),
        open=found.status in ("logged", "disputed", "held", "settled"), story=people.story_of(exchanges.about(found)), words=EVENTS,
        sentence=queries.plain(found), reached=caring.sides(exchanges.sides(found), current_user), asked=(asked := neighbour_queries.about_exchange(found.id)),
        may_ask=asked is None and not side and (found.status == "disputed" or found.questioned_at is not None or (found.status not in ("logged", "held", "withdrawn") and neighbours.last_decision(found) is not None)),
    )  # fmt: skip


def _member(ref: str) -> Member:
    found = members.helped(ref, current_user)
    saw("member", found.person_id, about=ref)
    return found


@time_desk.route("/timebank/desk/members/<ref>", methods=["GET", "POST"])
@allow("help others")
def member(ref: str) -> Any:
    """One member: what they have, their lines, how far they may fall; write hours down for them."""
    found = _member(ref)
    scheme_rules = members.open_rules()
    form = forms.Floor(
        data={"hours": -found.hard_floor // 60 if found.hard_floor is not None else None} if request.method == "GET" else None
    )
    if form.validate_on_submit():
        floor = None if form.hours.data is None else Minutes(-60 * form.hours.data)
        try:
            members.allow_lower(ref, floor, form.reason.data, actor())
        except Refused as why:
            form.refuse(why.sentence, {"floor": "hours"}.get(why.field or "", why.field))
        else:
            flash(_("Saved."))
            return see_other(f"/timebank/desk/members/{ref}")
    before = whole_number(request.args.get("before"), 0) or None
    lines = queries.statement(found, before, PAGE + 1, to_member=False)
    has = members.balance(found) if before is not None else Minutes(lines[0].after if lines else 0)
    return form_page(
        "timebank/desk_member.html", form, own=members.acts_as(current_user, found), member=found, name=name_of(found), balance=has, floor=members.floor_of(found, scheme_rules),
        usual=scheme_rules.hard_floor, lines=lines[:PAGE], older=f"/timebank/desk/members/{ref}?before={lines[PAGE - 1].sequence}" if len(lines) > PAGE else None,
        story=people.story_of(members.about(found)) if before is None else [], words=MEMBER_EVENTS,
        reached=caring.reached(found, current_user),
    )  # fmt: skip


@time_desk.post("/timebank/desk/members/<ref>/digits")
@allow("help others")
def digits(ref: str) -> Any:
    """A card was lost."""
    members.change_digits(_member(ref).ref, current_user, Nothing().once_key(current_user.id))
    flash(_("The digits are new. Print the card again, and give it to them."))
    return see_other(f"/timebank/desk/members/{ref}")


@time_desk.route("/timebank/desk/members/<ref>/grant", methods=["GET", "POST"])
@allow("help others")
def grant(ref: str) -> Any:
    """Some of the pot for who cannot earn."""
    found = _member(ref)
    form = forms.Grant()
    if form.validate_on_submit():
        ask = bool(request.form.get("ask"))
        act = neighbours.propose if ask else leaving.grant
        try:
            act(found.area.code, ref, form.time.data or 0, form.reason.data, current_user, once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Three neighbours have been asked. You hear what they say.") if ask else _("Given. They are told."))
            return see_other(f"/timebank/desk/members/{ref}")
    left = Minutes(books.balance(members.pot(found.area)))
    return form_page(
        "timebank/desk_grant.html", form, own=members.acts_as(current_user, found), member=found, name=name_of(found), left=left, rules=members.open_rules(), days=leaving.POT_DAYS,
        had=leaving.had_from_pots(found),
        asked=neighbour_queries.grants_for([found.id]), states=NEIGHBOUR_STATES,
    )  # fmt: skip


@time_desk.route("/timebank/desk/rules", methods=["GET", "POST"])
@allow("run rounds")
def rules() -> Any:
    """Open the timebank, and say by which rules."""
    stands = members.rules()
    now = stands or TimeRules()
    given = {
        "soft_floor": -now.soft_floor // 60, "hard_floor": -now.hard_floor // 60, "settle_days": now.settle_days, "starting_credit": now.starting_credit,
    }  # fmt: skip
    form = forms.Rules(data=given if request.method == "GET" else None)
    if form.validate_on_submit():
        assert form.soft_floor.data is not None and form.hard_floor.data is not None and form.settle_days.data is not None
        try:
            members.set_rules(
                soft_floor=Minutes(-60 * form.soft_floor.data), hard_floor=Minutes(-60 * form.hard_floor.data), settle_days=form.settle_days.data,
                starting_credit=form.starting_credit.data or Minutes(0), figure_rate=now.figure_rate, figure_source=now.figure_source,
                actor=actor(),
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved.") if stands else _("The timebank is open."))
            return see_other("/timebank/desk/")
    return form_page("timebank/desk_rules.html", form, open=stands is not None)


@time_desk.route("/timebank/areas", methods=["GET", "POST"])
@allow("signed in")
def between_areas() -> Any:
    """What areas gave each other; an officer may say that two have become one. Small areas stand alone for coordinators only."""
    every = areas.positions()
    found = every if current_user.has_somewhere("connector", "officer") else areas.told_to_all(every)
    form = forms.JoinAreas(data={"old": request.args.get("old")} if request.method == "GET" else None)
    form.fill([(each.code, each.name) for each in every])
    if request.method == "POST":
        require("run rounds")
        if form.validate():
            try:
                if not request.form.get("sure"):
                    preview = areas.joining(form.old.data or "", form.new.data or "")
                    return form_page("timebank/areas.html", form, positions=found, preview=preview)
                moved = areas.join_areas(form.old.data or "", form.new.data or "", form.reason.data, actor())
            except Refused as why:
                form.refuse(why.sentence, why.field)
            else:
                flash(_n("Done. One member has moved.", "Done. %(num)d members have moved.", moved))
                return see_other("/timebank/areas")
    return form_page("timebank/areas.html", form, positions=found, preview=None)


@time_desk.route("/timebank/desk/kinds", methods=["GET", "POST"])
@allow("run rounds")
def all_kinds() -> Any:
    """Kinds of help, and a form for a new one."""
    members.open_rules()
    form = forms.Kind()
    if form.validate_on_submit():
        try:
            kinds.add(form.name.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s is a kind of help now.", name=form.name.data))
            return see_other("/timebank/desk/kinds")
    return form_page("timebank/desk_kinds.html", form, kinds=kinds.everything(), levels=safety.LEVELS)


@time_desk.route("/timebank/desk/kinds/<code>", methods=["GET", "POST"])
@allow("run rounds")
def kind(code: str) -> Any:
    """Call one something else."""
    found = next((each for each in kinds.everything() if each.code == code), None)
    if found is None:
        raise NotFound(_("We do not know that kind of help."))
    form = forms.Kind(data={"name": found.name} if request.method == "GET" else None)
    if form.validate_on_submit():
        try:
            kinds.rename(code, form.name.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved."))
            return see_other("/timebank/desk/kinds")
    return form_page("timebank/desk_kind.html", form, kind=found)


@time_desk.post("/timebank/desk/kinds/<code>/<any(retire, back):act>")
@allow("run rounds")
def retire_kind(code: str, act: str) -> Any:
    (kinds.retire if act == "retire" else kinds.bring_back)(code, actor())
    flash(_("It is offered no more. What was given keeps it.") if act == "retire" else _("It is offered again."))
    return see_other("/timebank/desk/kinds")
