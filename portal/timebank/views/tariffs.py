"""What two organisations agreed that things count: their lines, agreeing, ending, and writing hours down by one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import Conflict, NotFound, Refused
from portal.refs import clean_ref
from portal.timebank import exchange as exchanges
from portal.timebank import members, tariffs
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.rules import MOST_A_DAY
from portal.timebank.tariff_model import Tariff
from portal.timebank.views import tariff_forms as forms
from portal.timebank.views.hours import Nothing
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

time_tariffs = Blueprint("time_tariffs", __name__)

HOME = "/timebank/tariff"
PREFIX = {"answer": "", "no": "no-", "end": "end-"}  # of the forms that stand on one page
STATES = {
    "proposed": (N_("waits for an answer"), "calm"), "agreed": (N_("agreed"), "good"), "declined": (N_("not agreed"), ""), "withdrawn": (N_("taken back"), ""),
    "ended": (N_("over"), ""),
}  # fmt: skip
EVENTS = {
    "proposed": N_("Proposed"), "agreed": N_("Agreed"), "declined": N_("Not agreed"), "withdrawn": N_("Taken back"), "ended": N_("Ended"),
    "replaced": N_("Another figure was agreed"),
}  # fmt: skip


def _wanted() -> str | None:
    return clean_ref(request.values.get("as", "")[:40])


def _organisation() -> Member | None:
    """The organisation whose page this is: one that the person acts for, or one that they may help; None when they act for none."""
    wanted, mine = request.values.get("as", "")[:40], [each for each in members.own(current_user) if each.organisation_id is not None]
    if not wanted or any(each.ref == clean_ref(wanted) for each in mine):
        return members.chosen(mine, wanted)
    found = members.by_ref(wanted)
    if found.organisation_id is None or not may("help others", found):
        raise members.unknown()
    return found


def _others(side: Member) -> bool:
    return not members.acts_as(current_user, side)


def _path(line: Tariff, side: Member, end: str = "") -> str:
    return f"{HOME}/{line.ref}{end}?as={side.ref}"


@time_tariffs.get("/timebank/tariff")
@allow("signed in")
def index() -> Any:
    """An organisation's lines: what waits, what is in force, what is over."""
    me = _organisation()
    if me is None:
        return page("timebank/tariff.html", me=None)
    lines = tariffs.lines_of(me)
    return page(
        "timebank/tariff.html", me=me, name=name_of(me), others=_others(me), states=STATES, units=tariffs.UNITS, name_of=name_of, answers=tariffs.sides,
        waiting=[each for each in lines if each.status == "proposed"], agreed=[each for each in lines if each.status == "agreed"],
        over=[each for each in lines if each.over_at is not None],
        mine=[each for each in members.own(current_user) if each.organisation_id is not None and each.id != me.id],
    )  # fmt: skip


@time_tariffs.route("/timebank/tariff/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    """Propose a line; with ?like=… another figure for one that is there."""
    me = _organisation()
    if me is None:
        return see_other(HOME)
    partners = tariffs.partners(me)
    form = forms.Propose(data=_like(me) if request.method == "GET" else None).fill(partners, members.categories(), name_of(me))
    form.for_others(_others(me))
    if form.validate_on_submit():
        try:
            ref = tariffs.propose(
                me.ref, form.other.data, form.way.data == forms.GIVES, form.what.data, form.kind.data, form.unit.data, form.minutes.data or 0, current_user,
                once_key=form.once_key(current_user.id), basis=form.how(),
            )  # fmt: skip
        except (Refused, NotFound) as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Proposed. The other side has a message, and says yes or no."))
            return see_other(f"{HOME}/{ref}?as={me.ref}")
    return form_page("timebank/tariff_new.html", form, me=me, name=name_of(me), others=_others(me), partners=bool(partners))


def _like(me: Member) -> dict[str, Any]:
    like = clean_ref(request.args.get("like", "")[:40])
    if like is None:
        return {}
    line, side = tariffs.seen_by(like, current_user, me.ref)
    other = line.receiver if side.id == line.giver_id else line.giver
    return {
        "other": other.ref, "way": forms.GIVES if side.id == line.giver_id else forms.GETS, "what": line.what, "unit": line.unit, "minutes": line.minutes,
        "kind": line.category.code,
    }  # fmt: skip


@time_tariffs.get("/timebank/tariff/<ref>")
@allow("signed in")
def one(ref: str) -> Any:
    return _one(*tariffs.seen_by(ref, current_user, _wanted()), None)


def _one(line: Tariff, side: Member, form: Any) -> Any:
    """The page of a line, with whichever form was just sent."""
    kept: dict[str, Any] = {}
    for name, kind in (("answer", forms.Answer), ("no", forms.No), ("end", forms.End)):
        kept[name] = form if isinstance(form, kind) else kind(formdata=None, prefix=PREFIX[name])
        if kept[name] is not form:
            kept[name].for_others(_others(side))
    proposer, other = tariffs.sides(line)
    return form_page(
        "timebank/tariff_line.html", form or Nothing(formdata=None), line=line, me=side, name=name_of(side), other=line.receiver if side.id == line.giver_id else line.giver,
        others=_others(side), proposed=side.id == proposer.id, may_agree=side.id == other.id and line.entered_by != f"person:{current_user.id}", forms=kept,
        state=STATES[line.status], unit=_(tariffs.UNITS[line.unit]), counted=tariffs.counted, uses=tariffs.uses_of(line), story=tariffs.story_of(line), events=EVENTS,
        name_of=name_of, as_=f"?as={side.ref}",
    )  # fmt: skip


def _did(ref: str, form: Any, act: Callable[[Member, str | None], None], said: str) -> Any:
    """Do something with a line; what is refused stands on its page."""
    line, side = tariffs.seen_by(ref, current_user, _wanted())
    form.for_others(_others(side))
    if form.validate_on_submit():
        try:
            act(side, form.how())
        except (Refused, Conflict) as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(said)
            return see_other(_path(line, side))
    return _one(*tariffs.seen_by(ref, current_user, side.ref), form)


@time_tariffs.post("/timebank/tariff/<ref>/agree")
@allow("signed in")
def agree(ref: str) -> Any:
    said = _("Agreed. From now on both of you can write down how many there were.")
    return _did(ref, forms.Answer(), lambda _side, basis: tariffs.agree(ref, current_user, basis=basis), said)


@time_tariffs.post("/timebank/tariff/<ref>/no")
@allow("signed in")
def no(ref: str) -> Any:
    form = forms.No(prefix=PREFIX["no"])
    return _did(
        ref, form, lambda _side, basis: tariffs.answer_no(ref, form.reason.data, current_user, basis=basis), _("The other side is told.")
    )


@time_tariffs.post("/timebank/tariff/<ref>/withdraw")
@allow("signed in")
def withdraw(ref: str) -> Any:
    return _did(ref, forms.Answer(), lambda _side, basis: tariffs.withdraw(ref, current_user, basis=basis), _("Taken back."))


@time_tariffs.post("/timebank/tariff/<ref>/end")
@allow("signed in")
def end(ref: str) -> Any:
    form = forms.End(prefix=PREFIX["end"])
    said = _("It is over. What is written down already stays as it is.")
    return _did(ref, form, lambda side, basis: tariffs.end(ref, side.ref, form.reason.data, current_user, basis=basis), said)


@time_tariffs.route("/timebank/tariff/<ref>/log", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def log(ref: str) -> Any:
    """How many, on which day: the hours follow."""
    line, side = tariffs.seen_by(ref, current_user, _wanted())
    if line.status != "agreed":
        return see_other(_path(line, side))
    form = forms.Log()
    form.for_others(_others(side))
    if form.validate_on_submit():
        assert form.number.data is not None and form.day.data is not None
        try:
            made = tariffs.log(
                ref, side.ref, form.number.data, form.day.data, current_user, once_key=form.once_key(current_user.id), again=request.form.get("again") == "1",
                basis=form.how(),
            )  # fmt: skip
        except exchanges.Twice as same:
            return _twice(same, line, side, line.minutes * form.number.data)
        except (Refused, Conflict) as why:
            form.refuse(why.sentence, {"minutes": "number"}.get(why.field or "", why.field))
        else:
            return see_other(f"/timebank/exchanges/{made}?as={side.ref}")
    return form_page(
        "timebank/tariff_log.html", form, line=line, me=side, name=name_of(side), others=_others(side), unit=_(tariffs.UNITS[line.unit]),
        other=line.receiver if side.id == line.giver_id else line.giver, name_of=name_of, as_=f"?as={side.ref}",
        steps=[(tariffs.counted(line.unit, number), line.minutes * number) for number in (1, 2, 3) if line.minutes * number <= MOST_A_DAY],
    )  # fmt: skip


def _twice(same: exchanges.Twice, line: Tariff, side: Member, minutes: int) -> Any:
    """It looks like an hour that is there already: the same one, or another?"""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "again")]
    standing = exchanges.by_ref(same.ref)
    return page(
        "timebank/twice.html", sentence=same.sentence, ref=same.ref, theirs=same.theirs, shown=standing.minutes, minutes=minutes, typed=typed,
        action=_path(line, side, "/log"), as_=f"?as={side.ref}", form=Nothing(), status=409,
    )  # fmt: skip
