"""Pages of care: how careful a kind of help must be, what was seen of a member, who waits for it, who has gone quiet."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.people import queries as people
from portal.people.views import actor
from portal.timebank import caring, evidence, evidence_lists, kinds, members, quiet, safety
from portal.timebank.members import name_of
from portal.timebank.views import safety_forms as forms
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _

time_safety = Blueprint("time_safety", __name__)

PAGE = evidence_lists.PAGE
LISTS = {"waiting": N_("They wait"), "helping": N_("They help already"), "review": N_("To look at again")}


# --- what the scheme says ------------------------------------------------------------------------------------------------


@time_safety.route("/timebank/desk/kinds/<code>/care", methods=["GET", "POST"])
@allow("run rounds")
def care(code: str) -> Any:
    """How careful a kind of help must be."""
    found = next((each for each in kinds.everything() if each.code == code), None)
    if found is None:
        raise NotFound(_("We do not know that kind of help."))
    form = forms.Care(data={"risk": found.risk} if request.method == "GET" else None).fill()
    if done(form, lambda: safety.set_level(code, form.risk.data, actor())):
        flash(_("Saved."))
        return see_other("/timebank/desk/kinds")
    rules = members.open_rules()
    asked = {level: safety.in_words(level, rules) for level in safety.LEVELS}
    hints = {level: _("Asks for %(what)s.", what=what) if what else _("Asks for nothing.") for level, what in asked.items()}
    return form_page("timebank/desk_care.html", form, kind=found, hints=hints)


@time_safety.route("/timebank/desk/safety", methods=["GET", "POST"])
@allow("run rounds")
def rules() -> Any:
    """What each level asks, from which age people join, and when a member is quiet."""
    stands = members.open_rules()
    form = forms.Rules(data=forms.Rules.given(stands) if request.method == "GET" else None).fill()

    def save() -> None:
        safety.set_rules(form.table(), least_age=int(form.least_age.data), quiet_days=form.quiet_days.data or 0, actor=actor())

    if done(form, save):
        flash(_("Saved."))
        return see_other("/timebank/desk/rules")
    return form_page("timebank/desk_safety.html", form)


# --- what was seen of a member -------------------------------------------------------------------------------------------


@time_safety.route("/timebank/desk/members/<ref>/evidence", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/minute", methods=["POST"])
def seen(ref: str) -> Any:
    """What stands about a member, for what they wait, and a form for what was seen."""
    member = members.helped(ref, current_user)
    own = members.acts_as(current_user, member)
    seers = [] if own else evidence.seers(member)
    mine = str(current_user.id) if any(each.id == current_user.id for each in seers) else ""
    choices = evidence.kinds_for(member)
    start = {"seen_by": mine, "kind": choices[0] if len(choices) == 1 else None} if request.method == "GET" else None
    form = forms.Seen(data=start).fill(choices, seers)

    def write() -> None:
        evidence.write_down(
            ref, form.kind.data, form.seen_on.data, form.review_on.data, whole_number(form.seen_by.data), current_user,
            given_by=form.given_by.data if form.given_by else "", once_key=form.once_key(current_user.id),
        )  # fmt: skip

    if done(form, write):
        flash(_("Written down."))
        return see_other(f"/timebank/desk/members/{ref}/evidence")
    held = evidence.of_member(member)
    return form_page(
        "timebank/desk_seen.html", form, member=member, name=name_of(member), own=own, held=held, kinds=safety.KINDS,
        wanted=evidence.wanted_by(member), levels=safety.FOR, young=safety.is_young(member), today=clock.today(),
        early=evidence_lists.early([member], {member.id: safety.counted(held)}).get(member.id), reached=caring.reached(member, current_user),
    )  # fmt: skip


@time_safety.post("/timebank/desk/members/<ref>/evidence/<int:number>/end")
@allow("help others")
def end(ref: str, number: int) -> Any:
    """It counts no more."""
    evidence.end(number, ref, current_user)
    flash(_("Ended. It counts no more."))
    return see_other(f"/timebank/desk/members/{ref}/evidence")


@time_safety.post("/timebank/desk/evidence/<int:number>/not-needed")
@allow("help others")
def not_needed(number: int) -> Any:
    """Somebody waits no more."""
    evidence.not_needed(number, current_user)
    flash(_("Off the list. If they try again, they stand there again."))
    return see_other("/timebank/desk/evidence")


@time_safety.get("/timebank/desk/evidence")
@allow("help others")
def lists() -> Any:
    """Who waits, who helps already, what is to be looked at again."""
    which = request.args.get("list", "waiting")
    if which not in LISTS:
        raise NotFound(_("We cannot find that page."))
    skip = min(max(whole_number(request.args.get("skip"), 0), 0), 10_000)
    read: Any = {"waiting": evidence_lists.waiting, "helping": evidence_lists.helping, "review": evidence_lists.to_review}[which]
    rows = read(current_user.areas("connector", "officer"), skip, PAGE + 1)
    return page(
        "timebank/desk_evidence.html", which=which, rows=rows[:PAGE], early=evidence_lists.early(rows[:PAGE]) if which == "helping" else {}, name=name_of, levels=safety.FOR, kinds=safety.KINDS, today=clock.today(),
        tab_list=[(_(words), f"/timebank/desk/evidence?list={each}", each == which) for each, words in LISTS.items()],
        newer=f"/timebank/desk/evidence?list={which}&skip={skip - PAGE}" if skip >= PAGE else None,
        older=f"/timebank/desk/evidence?list={which}&skip={skip + PAGE}" if len(rows) > PAGE else None,
    )  # fmt: skip


# --- members gone quiet --------------------------------------------------------------------------------------------------


@time_safety.get("/timebank/desk/quiet")
@allow("help others")
def gone_quiet() -> Any:
    """Members of whom nothing was heard, with the ways to ask how they are."""
    skip = min(max(whole_number(request.args.get("skip"), 0), 0), 10_000)
    rows = quiet.quiet(current_user.areas("connector", "officer"), skip=skip, limit=PAGE + 1)
    return page(
        "timebank/desk_quiet.html", rows=rows[:PAGE], days=members.open_rules().quiet_days, addressee=people.addressee_of, me=current_user.id,
        newer=f"/timebank/desk/quiet?skip={skip - PAGE}" if skip >= PAGE else None,
        older=f"/timebank/desk/quiet?skip={skip + PAGE}" if len(rows) > PAGE else None,
    )  # fmt: skip


@time_safety.post("/timebank/desk/members/<ref>/ask-after")
@allow("help others")
@limiter.limit("60/minute")
def ask_after(ref: str) -> Any:
    """Somebody asks, or has asked, how a member is."""
    how = request.form.get("how", "")
    try:
        quiet.ask_after(ref, how, current_user)
    except Refused as why:
        flash(why.sentence)
    else:
        flash(_("Sent. They hear from you.") if how == "asked" else _("Thank you. They are off this list for a while."))
    return see_other("/timebank/desk/quiet")
