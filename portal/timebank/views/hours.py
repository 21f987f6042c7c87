"""The timebank on a phone: join, write hours down, answer, see what one has."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import segno
from flask import Blueprint, Response, flash, g, request
from flask_login import current_user
from markupsafe import Markup

from portal import clock
from portal.errors import Conflict, NotFound, Refused
from portal.history import Actor
from portal.ledger import queries as books
from portal.money import Minutes, hours
from portal.outbox import address_of
from portal.people.views import actor, area_id
from portal.places import queries as places
from portal.refs import clean_ref
from portal.tables import safe_text
from portal.timebank import areas, evidence, figures, forms, health, members, neighbour_queries, neighbours, queries, safety, spend_queries
from portal.timebank import exchange as exchanges
from portal.timebank.members import account, name_of
from portal.timebank.model import Exchange, Member
from portal.web.forms import Form, one_line, plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, safe_path, see_other
from portal.web.policy import allow, may
from portal.words import N_, _
from portal.work import queries as works

timebank = Blueprint("timebank", __name__)

WAYS = {"gave": N_("I gave time"), "received": N_("I received time")}
CHIPS = (15, 30, 45, 60, 75, 90, 105, 120, 150, 180, 240, 300)
PAGE = 25
STATES = {
    "logged": (N_("waits for an answer"), "calm"), "disputed": (N_("a coordinator looks at it"), "warm"), "held": (N_("a coordinator looks at it"), "warm"),
    "settled": (N_("in the books"), "good"), "withdrawn": (N_("taken back"), ""), "refused": (N_("does not count"), ""), "reversed": (N_("put right: does not count"), ""),
}  # fmt: skip
NEIGHBOUR_STATES = {
    "open": (N_("neighbours look at it"), "calm"), "decided": (N_("decided, not in the books yet"), "warm"), "done": (N_("decided"), "good"),
    "lapsed": (N_("too few spoke in time"), ""), "overtaken": (N_("settled in another way"), ""),
}  # fmt: skip


class Nothing(Form):
    """A form of buttons alone."""


class NotJoined(Exception):
    """Who opens a page of members is none yet: they may become one, and come back."""


@timebank.errorhandler(NotJoined)
def first_join(_problem: NotJoined) -> Any:
    return see_other("/timebank/join?next=" + quote(request.full_path.rstrip("?") if request.method == "GET" else "/timebank/"))


# --- home, joining, oneself ----------------------------------------------------------------------------------------------


@timebank.get("/timebank/")
@allow("anyone")
def index() -> Any:
    """What waits for me and what I have; to a visitor, what a timebank is."""
    mine = members.own(current_user) if current_user.is_authenticated else []
    me = _chosen(mine)
    if me is None:
        return page("timebank/index.html", me=None, open=members.rules() is not None, mine=[])
    waiting, under_way = queries.unsettled(me, current_user)
    lines = queries.statement(me, limit=5)
    return page(
        "timebank/index.html", me=me, mine=mine, name=name_of(me), balance=lines[0].after if lines else 0, lowest=_lowest(me, lines), waiting=waiting, under_way=under_way,
        lines=lines, in_words=queries.in_words, states=STATES, as_=suffix(me), asked_of=queries.asked_of([each for each in mine if each.id != me.id], current_user),
        grants=neighbour_queries.grants_lately([me.id]),
    )  # fmt: skip


def _lowest(me: Member, lines: Sequence[queries.Line]) -> int | None:
    """How far a balance may fall, of who is below zero; None for all others. One query, or none."""
    return members.floor_of(me, members.open_rules()) if lines and lines[0].after < 0 else None


def _chosen(mine: Sequence[Member]) -> Member | None:
    return members.chosen(mine, request.args.get("as", ""))


def suffix(me: Member) -> str:
    """What the address of a page must say so that it stays with this member."""
    return "" if me.person_id == current_user.id else f"?as={me.ref}"


def _other_side(exchange: Exchange, me: Member) -> Member:
    return exchange.receiver if exchange.giver_id == me.id else exchange.giver


@timebank.route("/timebank/join", methods=["GET", "POST"])
@allow("signed in")
def join() -> Any:
    scheme_rules = members.open_rules()
    on = safe_path(request.values.get("next"), "/timebank/")
    if members.member_of(current_user.id) is not None:
        return see_other(on)
    form = forms.Join(data={"area": _home()} if request.method == "GET" else None).fill(scheme_rules.least_age)
    if form.validate_on_submit():
        try:
            members.join(current_user.id, area_id(form.area.data) or 0, bool(form.agreed.data), actor(), adult_on=form.until())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Welcome! You are a member of the timebank."))
            return see_other(on)
    return form_page(
        "timebank/join.html", form, words=_(members.AGREEMENT, age=scheme_rules.least_age), start=scheme_rules.starting_credit, next_path=on
    )


def _home() -> str:
    return next((area.code for area in places.areas() if area.id == current_user.area_id), "")


def whose() -> Member:
    """The member whose page this is: the person, or the organisation that the address names."""
    found = _chosen(members.own(current_user))
    if found is None:
        raise NotJoined
    return found


@timebank.route("/timebank/me", methods=["GET", "POST"])
@allow("signed in")
def me() -> Any:
    mine = whose()
    given = {"area": mine.area.code, "seen_outside": mine.seen_outside, "paused": mine.status == "paused"}
    form = forms.Me(data=given if request.method == "GET" else None).fill()
    if form.validate_on_submit():
        try:
            members.set_member(
                mine.ref, area_id=area_id(form.area.data) or 0, seen_outside=bool(form.seen_outside.data), paused=bool(form.paused.data), actor=actor()
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved."))
            return see_other(f"/timebank/{suffix(mine)}")
    return form_page(
        "timebank/me.html", form, me=mine, name=name_of(mine), as_=suffix(mine), held=evidence.of_member(mine), kinds=safety.KINDS,
        wanted=evidence.wanted_by(mine), today=clock.today(),
    )  # fmt: skip


@timebank.route("/timebank/card", methods=["GET", "POST"])
@allow("signed in")
def card() -> Any:
    """My number as letters and as a picture, to show or to print; new digits for a card that was lost."""
    mine = whose()
    if request.method == "POST":
        members.change_digits(mine.ref, current_user, Nothing().once_key(current_user.id))
        flash(_("The digits are new. Printed cards with the old ones no longer work at a till."))
        return see_other(f"/timebank/card{suffix(mine)}")
    address = address_of(f"/timebank/to/{mine.ref}")
    picture = segno.make(address, error="m").svg_inline(scale=5, border=2, omitsize=True, title=_("Card of %(name)s", name=name_of(mine)))
    svg = Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec
    return page("timebank/card.html", me=mine, name=name_of(mine), address=address, svg=svg, as_=suffix(mine), once=Nothing(formdata=None))


# --- writing hours down --------------------------------------------------------------------------------------------------


def _logger() -> tuple[Member, str]:
    """Whose side is written down, and what the address must keep saying: mine, or of somebody whom I may help.

    NotFound: I may not write for that one.
    """
    wanted = clean_ref(request.values.get("as", ""))
    mine = members.own(current_user)
    if wanted is None or any(each.ref == wanted for each in mine):
        found = _chosen(mine)
        if found is None:
            raise NotJoined
        return found, suffix(found)
    found = members.helped(wanted, current_user)
    return found, f"?as={found.ref}"


def _for_others(member: Member) -> bool:
    return not members.acts_as(current_user, member)


@timebank.get("/timebank/log")
@allow("signed in")
def log() -> Any:
    """The two ways, for who came without choosing one."""
    mine, as_ = _logger()
    return page("timebank/log.html", me=mine, name=name_of(mine), as_=as_, ways=WAYS, other=None, others=_for_others(mine))


@timebank.get("/timebank/to/<ref>")
@allow("signed in")
def to(ref: str) -> Any:
    """What the picture on somebody's card opens: did they help you, or you them?"""
    mine, as_ = _logger()
    other = members.by_ref(ref)
    if other.ref != ref:  # an old card
        return see_other(f"/timebank/to/{other.ref}{as_}")
    if other.id == mine.id:
        return see_other(f"/timebank/card{as_}")
    tills = spend_queries.has_offers(
        [each for each in members.own(current_user) if each.organisation_id is not None and each.id != other.id]
    )
    return page("timebank/log.html", me=mine, name=name_of(mine), as_=as_, ways=WAYS, other=other, others=_for_others(mine), tills=tills)


@timebank.get("/timebank/log/<any(gave, received):way>")
@allow("signed in")
@limiter.limit("60/minute")
def who(way: str) -> Any:
    """With whom: the recent ones first, or by name or number."""
    mine, as_ = _logger()
    text = request.args.get("q", "")[:100]
    found = members.search(text, mine) if text.strip() else []
    return page(
        "timebank/who.html", me=mine, name=name_of(mine), as_=as_, way=way, q=text, found=found, recent=members.recent(mine), others=_for_others(mine),
        organisations=[each for each in members.own(current_user) if each.id != mine.id and each.person_id is None],
    )  # fmt: skip


@timebank.route("/timebank/log/<any(gave, received):way>/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def how_long(way: str, ref: str) -> Any:
    """How long, and what kind: a tap on a time writes it down."""
    mine, as_ = _logger()
    other = members.by_ref(ref)
    others = _for_others(mine)
    giver = mine if way == "gave" else other
    purposes = works.open_purposes(clock.today(), (mine.area_id, other.area_id)) if giver.person_id is not None else []
    form = forms.Log(data=_beforehand(mine, other) if request.method == "GET" else None).fill(members.categories(), purposes)
    if not others:
        del form.basis
    if request.method == "POST" and (said := _time_of(form)) is not None and form.validate():
        assert form.day.data is not None
        by = Actor(current_user.id, mine.person_id, form.how()) if others else actor()
        try:
            made = exchanges.log(
                mine.ref, ref, way, said, form.kind.data, form.day.data, form.note.data, by, once_key=form.once_key(current_user.id),
                again=request.form.get("again") == "1", purpose_id=int(form.purpose.data) if form.purpose and form.purpose.data else None,
            )  # fmt: skip
        except exchanges.Twice as same:
            return _twice(same, form, said, way, other, as_)
        except Refused as why:
            form.refuse(why.sentence, {"minutes": "time"}.get(why.field or "", why.field))
        else:
            return see_other(f"/timebank/exchanges/{made}{as_}")
    return form_page("timebank/how_long.html", form, me=mine, name=name_of(mine), as_=as_, way=way, other=other, chips=CHIPS, others=others)


def _beforehand(mine: Member, other: Member) -> dict[str, Any]:
    """What the form begins with: the kind and day of what was arranged, when one comes from there; otherwise the kind of the last time."""
    day = min(plain_day(request.args.get("day"), clock.today()), clock.today())
    return {"kind": request.args.get("kind") or queries.last_kind(mine, other), "day": day}


def _time_of(form: forms.Log) -> int | None:
    """Minutes of the chip that was tapped, or as written; None, and the form says so, when there are none."""
    if (chip := whole_number(request.form.get("minutes"))) > 0:
        form.time.data, form.time.errors, form.time.raw_data = (
            Minutes(chip),
            [],
            None,
        )  # so that the box shows it, should the rest need a word
        return chip
    form.validate()
    if form.time.data is None and not form.time.errors:
        form.time.errors = [_("Say how long it was: tap a time, or write one.")]
    return form.time.data if form.time.data is not None else None


def _twice(same: exchanges.Twice, form: forms.Log, minutes: int, way: str, other: Member, as_: str) -> Any:
    """It looks like an hour that is there already: the same one, or another?"""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "again", "minutes", "time")]
    standing = exchanges.by_ref(same.ref)
    return page(
        "timebank/twice.html", sentence=same.sentence, ref=same.ref, theirs=same.theirs, shown=standing.minutes, minutes=minutes, typed=typed,
        kind=standing.category.name, note=standing.note, lost=form.note.data if same.theirs and form.note.data != standing.note else "",
        action=f"/timebank/log/{way}/{other.ref}{as_}", as_=as_, form=Nothing(), status=409,
    )  # fmt: skip


# --- one exchange --------------------------------------------------------------------------------------------------------


def exchange_of_side(ref: str) -> tuple[Exchange, Member]:
    """An exchange and the side of it on which I stand (or for which I may write). NotFound for everybody else."""
    found = queries.with_names(ref)
    if found is not None:
        both = exchanges.sides(found)
        wanted = clean_ref(request.values.get("as", ""))
        for side in sorted(both, key=lambda each: each.ref != wanted):
            if members.acts_as(current_user, side):
                return found, side
        for side in sorted(both, key=lambda each: each.ref != wanted):
            if may("help others", side):
                return found, side
    raise NotFound(_("We cannot find that exchange."))


def _one(ref: str, form: Any = None, **more: Any) -> Any:
    """The page of an exchange, with whichever form was just sent."""
    found, me = exchange_of_side(ref)
    logger, other = exchanges.sides(found)
    kept = {"code": forms.Digits, "answer": forms.Answer, "no": forms.No, "wrong": forms.Wrong}
    filled = {name: form if isinstance(form, kind) else kind(formdata=None) for name, kind in kept.items()}
    asked = neighbour_queries.about_exchange(found.id) if found.status != "logged" else None
    decision = exchanges.decision(found) if found.status in ("settled", "refused", "reversed") else None
    may_ask = asked is None and decision is not None and neighbours.may_still_ask(decision)
    return form_page(
        "timebank/exchange.html", form, exchange=found, me=me, logger=logger, other=other, name=name_of(_other_side(found, me)), forms=filled,
        sentence=queries.in_words(found, me), balance=Minutes(books.balance(account(me))), state=STATES[found.status], between=areas.of_exchange(found), helps=not members.acts_as(current_user, me),
        as_=suffix(me) if members.acts_as(current_user, me) else f"?as={me.ref}", heard=exchanges.can_be_heard(found) if found.status == "logged" and me.id == logger.id else True, counts=exchanges.counts_unanswered(found) if found.status == "logged" and me.id == logger.id else True,
        typed_it=found.entered_by == f"person:{current_user.id}", both=exchanges.speaks_for_both(found) if found.status == "logged" and me.id == logger.id else False, asked=asked, may_ask=may_ask, decision=decision if decision is not None and decision.actor_id is not None else None,
        again_to=f"/timebank/exchanges/{ref}/answer{suffix(me)}" if asked is None and exchanges.may_say_anew(found, me, current_user) else "", again=f"/timebank/log/{'gave' if found.giver_id == me.id else 'received'}/{_other_side(found, me).ref}", **more,
    )  # fmt: skip


@timebank.get("/timebank/exchanges/<ref>")
@allow("signed in")
def one(ref: str) -> Any:
    return _one(ref, Nothing(formdata=None))


@timebank.post("/timebank/exchanges/<ref>/answer")
@allow("signed in")
@limiter.limit("60/minute")
def answer(ref: str) -> Any:
    """Yes to the figure that was shown (`minutes`), or another one (`time`), or no."""
    _found, me = exchange_of_side(ref)
    shown, chip = whole_number(request.form.get("shown")), whole_number(request.form.get("minutes"))
    form: Any = forms.No() if request.form.get("no") else forms.Answer()
    words = form.words.data if isinstance(form, forms.No) else ""
    if chip < 0 and isinstance(form, forms.Answer):
        if not form.validate():
            return _one(ref, form)
        chip = form.time.data or 0
    elif isinstance(form, forms.No):
        chip = 0
    try:
        done = exchanges.answer(ref, chip, words, current_user, shown=shown, actor=_on_behalf(me))
    except Refused as why:
        form.refuse(why.sentence, {"minutes": "time"}.get(why.field or "", why.field))
        return _one(ref, form)
    except Conflict as why:
        return _as_it_stands(why, f"/timebank/exchanges/{ref}")
    flash(_said(done))
    if not members.acts_as(current_user, me):
        return see_other(f"/timebank/exchanges/{ref}?as={me.ref}")
    return see_other(f"/timebank/exchanges/{ref}" if done.status != "settled" or request.form.get("stay") else f"/timebank/{suffix(me)}")


def _as_it_stands(why: Conflict, path: str) -> Any:
    """It went on while the page was open: say how, and show how it stands now."""
    flash(why.sentence)
    return see_other(path)


def _on_behalf(me: Member) -> Actor | None:
    """Who types for somebody else names the basis; None for the member's own answer."""
    if members.acts_as(current_user, me):
        return None
    basis = request.form.get("basis", "")
    return Actor(current_user.id, me.person_id, basis if basis in forms.BASES else None)


def _said(done: Exchange) -> str:
    """What an answer brought about, in a sentence."""
    if done.status == "settled":
        return _("Thank you! It is in the books: %(time)s.", time=hours(done.settled_minutes or 0))
    if done.status == "held":
        return _("Thank you! A coordinator looks at it first. The hours are not lost.")
    return _("Thank you. We tell the other one, and a coordinator helps if you do not agree.")


@timebank.post("/timebank/exchanges/<ref>/code")
@allow("signed in")
@limiter.limit("20/minute")
def code(ref: str) -> Any:
    _found, me = exchange_of_side(ref)
    form = forms.Digits()
    if form.validate():
        try:
            done = exchanges.answer_by_code(ref, form.code.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        except Conflict as why:
            return _as_it_stands(why, f"/timebank/exchanges/{ref}{suffix(me)}")
        else:
            flash(_said(done))
            return see_other(f"/timebank/exchanges/{ref}{suffix(me)}")
    return _one(ref, form)


@timebank.post("/timebank/exchanges/<ref>/agree")
@allow("signed in")
def agree(ref: str) -> Any:
    """Take the other one's figure."""
    try:
        done = exchanges.accept_answer(ref, current_user, shown=whole_number(request.form.get("minutes")))
    except Conflict as why:
        return _as_it_stands(why, f"/timebank/exchanges/{ref}")
    flash(_said(done) if done.status != "withdrawn" else _("Taken back. Thank you for being fair."))
    return see_other(f"/timebank/exchanges/{ref}")


@timebank.post("/timebank/exchanges/<ref>/withdraw")
@allow("signed in")
def withdraw(ref: str) -> Any:
    try:
        exchanges.withdraw(ref, current_user)
    except Conflict as why:
        return _as_it_stands(why, f"/timebank/exchanges/{ref}")
    flash(_("Taken back."))
    return see_other(f"/timebank/exchanges/{ref}")


@timebank.post("/timebank/exchanges/<ref>/wrong")
@allow("signed in")
def wrong(ref: str) -> Any:
    form = forms.Wrong()
    if form.validate():
        try:
            exchanges.something_wrong(ref, form.words.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you for telling us. A coordinator looks at it and tells you both."))
            return see_other(f"/timebank/exchanges/{ref}")
    return _one(ref, form)


# --- by the link of a message --------------------------------------------------------------------------------------------


def _by_link(token: str, form: Any) -> Any:
    g.private = True
    found = exchanges.by_token(token)
    logger, other = exchanges.sides(found)
    own = current_user.is_authenticated and not members.acts_as(current_user, other) and members.acts_as(current_user, logger)
    response = form_page(
        "timebank/by_link.html", form, exchange=found, logger=logger, other=other, token=token, own=own, no=form if isinstance(form, forms.No) else forms.No(formdata=None),
        answer=form if isinstance(form, forms.Answer) else forms.Answer(formdata=None), state=STATES[found.status],
    )  # fmt: skip
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@timebank.get("/t/<token>")
@allow("anyone")
@limiter.limit("60/minute")
def by_link(token: str) -> Any:
    """The question that a message asked. Opening it does nothing: mail programs open links by themselves."""
    return _by_link(token, Nothing(formdata=None))


@timebank.post("/t/<token>")
@allow("anyone")
@limiter.limit("30/minute")
def answer_by_link(token: str) -> Any:
    found = exchanges.by_token(token)
    logger, other = exchanges.sides(found)
    if current_user.is_authenticated and members.acts_as(current_user, logger) and not members.acts_as(current_user, other):
        raise Refused(_("You wrote this down yourself. Let the other one open the link on their own phone."))
    shown, chip = whole_number(request.form.get("shown")), whole_number(request.form.get("minutes"))
    form: Any = forms.No() if request.form.get("no") else forms.Answer()
    if isinstance(form, forms.No):
        chip = 0
    elif chip < 0:
        if not form.validate():
            return _by_link(token, form)
        chip = form.time.data or 0
    try:
        done = exchanges.answer_by_token(token, chip, form.words.data if isinstance(form, forms.No) else "", shown=shown)
    except Conflict as why:
        return _as_it_stands(why, f"/t/{token}")
    except Refused as why:
        form.refuse(why.sentence, {"minutes": "time"}.get(why.field or "", why.field))
        return _by_link(token, form)
    flash(_said(done))
    return see_other(f"/t/{token}")


# --- the statement -------------------------------------------------------------------------------------------------------


@timebank.get("/timebank/statement")
@allow("signed in")
def statement() -> Any:
    mine = whose()
    before = whole_number(request.args.get("before"), 0) or None
    lines = queries.statement(mine, before, PAGE + 1)
    joint = "&" if suffix(mine) else "?"
    older = f"/timebank/statement{suffix(mine)}{joint}before={lines[PAGE - 1].sequence}" if len(lines) > PAGE else None
    return page(
        "timebank/statement.html", lowest=_lowest(mine, lines), me=mine, name=name_of(mine), as_=suffix(mine), lines=lines[:PAGE], older=older, first=before is not None,
        balance=lines[0].after if lines else 0,
    )  # fmt: skip


@timebank.get("/timebank/figures")
@allow("anyone")
@limiter.limit("60/minute")
def figures_page() -> Any:
    """How the timebank is: for everybody, with small numbers left out."""
    if members.rules() is None:
        return see_other("/timebank/")
    names = _place_names()
    first = figures.months(12)[-1][0]
    found = figures.cells(first, clock.today(), names)
    by_month, kinds = figures.by(found, 0), figures.by(found, 2)
    return page(
        "timebank/figures.html", health=health.health(names), areas=sorted(figures.by(found, 1).items()), kinds=sorted(((name, cell) for name, cell in kinds.items() if cell.given), key=lambda one: -one[1].given),
        months=[(first, told) for first, _last in figures.months(12) if (told := by_month.get(f"{first:%Y-%m}")) is not None and told.people], few_months=by_month.get(""),
    )  # fmt: skip


def _place_names() -> dict[int, str]:
    """Places as the open file tells them, by area id."""
    return {id_: name for id_, (_code, name) in places.wards_on(clock.today()).items()}


@timebank.get("/timebank/figures.csv")
@allow("anyone")
@limiter.limit("30/minute")
def health_file() -> Response:
    """How well it goes, as a table; numbers that could tell who somebody is are empty, as on the page."""
    found = health.health(_place_names()) if members.rules() is not None else None
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(
        ("Place", "Days from joining to the first hour", "Days from asking to done", "Gave and received, percent", "Requests that wait")
    )
    for name, numbers in [(_("Everywhere"), found.whole), *found.places] if found is not None else []:
        cells = (numbers.days_to_first, numbers.days_to_met, numbers.both_percent, numbers.unmet)
        writer.writerow(
            (safe_text(one_line(name)) or _("Places with few people"), *("" if cell is None else f"{cell:g}" for cell in cells))
        )
    for band in found.bands if found is not None and found.whole.unmet else ():
        name = _("Everywhere, waiting %(first)d to %(last)d days", first=band.first, last=band.last)
        writer.writerow((name, "", "", "", "" if band.number is None else band.number))
    response = Response(made.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="timebank-health.csv"'
    return response
