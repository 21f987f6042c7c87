"""The officer's pages from a sent bid to the letters: to the panel, the reasons, the release in two hands."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, request
from flask_login import current_user
from sqlalchemy import select

from portal.db import db
from portal.errors import NotFound, Refused
from portal.grants import apply, decide, desk, queries, wishes
from portal.grants.forms import decide as forms
from portal.grants.forms.apply import ROUTES, SECTION_NAMES
from portal.grants.model import Application, Round
from portal.grants.moves import about as about_of
from portal.grants.rules import RoundRules
from portal.grants.ties import bid_of
from portal.grants.views import apply as apply_views
from portal.grants.views import award as award_views
from portal.grants.views import match as match_views
from portal.grants.views import report as report_views
from portal.grants.views import rounds as round_views
from portal.grants.views import wishes as wish_views
from portal.grants.views.corrections import put_right
from portal.history import Actor
from portal.money import hours, pounds
from portal.panels import queries as panel_queries
from portal.panels import sittings
from portal.panels import views as panel_views
from portal.panels.forms import CHOICE_WORDS, MARK_WORDS, OUTCOME_WORDS
from portal.panels.model import CHOICES, Matter
from portal.people import queries as people
from portal.people.model import Organisation
from portal.people.shield import shielded
from portal.people.views import actor, needs_proof
from portal.places.model import Area
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _, _n

decisions = Blueprint("decisions", __name__, url_prefix="/desk")


# --- what a panel's seat sees of a bid -----------------------------------------------------------------------------------


def titles(abouts: Sequence[str]) -> Mapping[str, str]:
    """Names of bids, in one query."""
    rows = db.session.execute(select(Application.id, Application.title).where(Application.id.in_([bid_of(each) for each in abouts])))
    return {f"bid:{id_}": title for id_, title in rows}


def hides(abouts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Whoever asks, and their neighbours: as in the register."""
    found = queries.names_in([bid_of(each) for each in abouts])
    return {f"bid:{id_}": names for id_, names in found.items()}


def asks(about: str) -> Sequence[tuple[str, str]]:
    """What a seat must know to say whether it is tied: who asks, for which group, where. Only here are persons named."""
    bid = queries.bid_by_id(bid_of(about))
    rows = [
        (_("Who asks"), people.person(bid.person_id).name),
        (_("Group"), _group(bid)),
        (_("Where"), _place(bid)),
        (_("Paid to"), bid.pay_to),
    ]
    return [(label, value) for label, value in rows if value]


def _group(bid: Application) -> str:
    return bid.group_name if bid.organisation_id is None else db.session.get_one(Organisation, bid.organisation_id).name


def _place(bid: Application) -> str:
    return ", ".join(part for part in (bid.place, bid.area.name if bid.area else "") if part)


def seen_by_panel(about: str) -> Mapping[str, Any]:
    """The bid as a seat reads it, and nothing else of it: this list is all that a panel sees. Whose group it is only where the
    round says so; who wrote it and how to reach them never.
    """
    bid = queries.bid_by_id(bid_of(about))
    asked, rules = wishes.of_bid(bid.id), RoundRules.load(bid.round.rules)
    meter = queries.meter_of(bid, gifts=None if asked else [])
    return {
        "id": bid.id, "asked_first": asked, "wish_states": wishes.STATES, "not_needed": sum(each.saved for each in asked),
        "group": "" if rules.anonymous else _group(bid), "history": queries.history_of(bid),
        "title": bid.title, "idea": bid.idea, "place": _place(bid), "who_for": bid.who_for, "better": bid.better, "first_day": bid.first_day, "last_day": bid.last_day,
        "lines": [(line.what, line.amount) for line in bid.lines], "asked": bid.asked, "route": ROUTES.get(bid.pay_route, ""), "meter": meter,
        "criteria": rules.criteria, "photos": [photo for photo in queries.photos_of(about) if photo.public],
    }  # fmt: skip


def ask_applicant(about: str, sections: Sequence[str], note: str, answer_by: date, actor: Actor) -> None:
    """The panel asks for parts again: as an officer does."""
    apply.ask_more(queries.bid_by_id(bid_of(about)).ref, sections, note, answer_by, actor)


def for_everybody(about: str) -> panel_views.Public:
    """What the register will print of a bid, shielded as it will be there: for a screen that a whole hall reads. Three queries."""
    bid = queries.bid_by_id(bid_of(about))
    pledges = queries.pledges_of(bid.id)
    hidden = [people.person(bid.person_id).name, *(pledge.name for pledge in pledges)]
    meter = queries.meter_of(bid, pledges)
    facts = [
        (_("Where"), bid.area.name if bid.area else ""), (_("They ask for"), pounds(bid.asked)),
        (_("Neighbours put in"), _("%(have)s of about %(need)d hours", have=hours(meter.counted_minutes), need=meter.whole_hours)),
    ]  # fmt: skip
    return panel_views.Public(shielded(bid.title, hidden), shielded(bid.public_summary, hidden), [fact for fact in facts if fact[1]])


def read_by_residents(abouts: Sequence[str]) -> Mapping[str, panel_views.ForResidents]:
    """Bids on an area ballot, as the register will print them: the name, the short text and the area. Never whose they are: the page
    leaves names out. One query.
    """
    rows = db.session.execute(
        select(Application.id, Application.title, Application.public_summary, Area.name)
        .outerjoin(Area, Area.id == Application.area_id)
        .where(Application.id.in_([bid_of(each) for each in abouts]))
    )
    return {f"bid:{id_}": panel_views.ForResidents(title, summary, area or "") for id_, title, summary, area in rows}


panel_views.SHOWS["bid"] = panel_views.Showing(
    titles, hides, asks, "grants/_for_panel.html", seen_by_panel, SECTION_NAMES, ask_applicant, for_everybody, read_by_residents
)


def _seat_may_see(bid: Application) -> bool:
    """Photos open to a seat that has said that nothing ties it to the bid."""
    return panel_queries.may_read(current_user.id, about_of(bid))


apply_views.ALSO_READ.append(_seat_may_see)


def judge_the_bid() -> None:
    """Before every page about a bid: an officer of an area handles what lies there, and a declared tie hides it from whoever sits on
    the panel and holds another role too.
    """
    ref = (request.view_args or {}).get("ref", "")
    if not ref.startswith("SPK-") or not current_user.has_somewhere("officer", "finance", "auditor"):
        return
    if (
        getattr(current_app.view_functions[request.endpoint or ""], "policy", "") == "handle bids"
        and current_user.areas("officer") is not None
    ):
        require("handle bids", queries.bid(ref))
    hidden = decide.hidden_from(current_user.id)
    if hidden and queries.bid(ref).id in hidden:
        raise NotFound(_("We cannot find that page."))


for _pages in (
    apply_views.bids,
    wish_views.line_wishes,
    match_views.neighbours,
    report_views.reports,
    award_views.awards,
    round_views.desk_rounds,
    decisions,
    put_right,
):
    _pages.before_request(judge_the_bid)


# --- with the panel ------------------------------------------------------------------------------------------------------


@decisions.get("/decisions")
@allow("run rounds")
def index() -> Any:
    """Where bids are on the way to a decision, and what waits for a second person."""
    releases = desk.releases_to_second()
    rounds = {each.id: each for each in db.session.scalars(select(Round).where(Round.id.in_({release.round_id for release in releases})))}
    return page(
        "grants/desk_decisions.html",
        rounds=desk.rounds_to_decide(),
        releases=releases,
        round_of=rounds,
        names=people.names(each.prepared_by_id for each in releases),
    )


@decisions.get("/rounds/<ref>/release")
@allow("run rounds")
def round_(ref: str) -> Any:
    """A round's bids by where they stand, the letters still to write, and the release."""
    one = queries.round_by_ref(ref)
    hidden = decide.hidden_from(current_user.id)
    bids = {status: [bid for bid in some if bid.id not in hidden] for status, some in desk.waiting_bids(one).items()}
    matters = desk.matters_of([bid for some in bids.values() for bid in some])
    waiting = decide.waiting_releases(one.id)
    panels = {panel.id: panel for panel in panel_queries.panels()}
    return page(
        "grants/desk_release.html", round=one, bids=bids, matters=matters, waiting=waiting, outcomes=OUTCOME_WORDS, form=forms.Nothing(), panels=panels,
        sitting=sittings.by_about(about_of(one)), in_release={id_ for release in waiting for id_ in release.application_ids},
    )  # fmt: skip


@decisions.post("/rounds/<ref>/to-panel")
@allow("run rounds")
def round_to_panel(ref: str) -> Any:
    number = decide.put_round_to_panel(ref, actor())
    flash(_n("One idea is with the panel now.", "%(num)d ideas are with the panel now.", number))
    return see_other(f"/desk/rounds/{ref}/release")


@decisions.post("/bids/<ref>/to-panel")
@allow("handle bids")
def to_panel(ref: str) -> Any:
    decide.put_to_panel(ref, actor())
    flash(_("The idea is with the panel now."))
    return see_other(f"/desk/bids/{ref}")


def _back(bid: Application) -> str:
    """To the bids of the round, for whoever runs it; else to the one that was theirs to handle."""
    return f"/desk/rounds/{bid.round.ref}/release" if may("run rounds") else f"/desk/bids/{bid.ref}"


def _with_reason(ref: str, template: str, act: Any, done: str) -> Any:
    """A page that asks why, and then acts."""
    bid = queries.bid(ref)
    form = forms.Reason()
    if form.validate_on_submit():
        try:
            act(ref, form.reason.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(done)
            return see_other(_back(bid))
    return form_page(template, form, bid=bid, back=_back(bid))


@decisions.route("/bids/<ref>/from-panel", methods=["GET", "POST"])
@allow("handle bids")
def from_panel(ref: str) -> Any:
    return _with_reason(ref, "grants/desk_from_panel.html", decide.take_back, _("The idea is back with you."))


@decisions.route("/bids/<ref>/undo", methods=["GET", "POST"])
@allow("handle bids")
def undo(ref: str) -> Any:
    return _with_reason(ref, "grants/desk_undo.html", decide.undo_decision, _("The panel decides this idea anew."))


# --- the letters ---------------------------------------------------------------------------------------------------------


@decisions.route("/bids/<ref>/letter", methods=["GET", "POST"])
@allow("handle bids")
def letter(ref: str) -> Any:
    """The reason as the letter says it, with what the panel wrote beside it."""
    bid = queries.bid(ref)
    matter: Matter | None = desk.matters_of([bid]).get(bid.id)
    by_question = _by_question(matter) if matter else []
    draft = "" if bid.decision_reason or matter is None else _draft(matter, by_question)
    form = forms.Letter(data={"reason": bid.decision_reason or draft, "conditions": "\n".join(bid.conditions), "place": bid.reserve_place})
    if form.validate_on_submit():
        try:
            decide.write_letter(ref, form.reason.data, form.listed() if bid.decided == "yes" else [], form.place.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(_next_letter(bid))
    return form_page(
        "grants/desk_letter.html", form, bid=bid, matter=matter, reasons=desk.reasons_of(matter) if matter else [], outcomes=OUTCOME_WORDS, choices=CHOICE_WORDS,
        by_question=by_question, draft=draft, back=_back(bid),
    )  # fmt: skip


def _next_letter(written: Application) -> str:
    """Where whoever writes letters goes on: where all go out together, the next one that this officer may write; or the list."""
    left = decide.letters_to_write(written.round, current_user.id) if written.round.together else []
    mine = [bid for bid in left if may("handle bids", bid)]
    if not mine:
        flash(_("The letter is written."))
        return _back(written)
    flash(
        _n(
            "The letter is written. One more to write: this one.",
            "The letter is written. %(num)d more to write: this is the next.",
            len(mine),
        )
    )
    return f"/desk/bids/{mine[0].ref}/letter"


def _draft(matter: Matter, by_question: Sequence[tuple[str, list[tuple[str, int]], list[str]]]) -> str:
    """A first reason out of the tally and the middle mark of each question, for whoever writes the letter to make human."""
    if matter.tally is not None and matter.tally.get("ballots"):
        return _("%(yes)d of %(voted)d residents who voted want it.", yes=matter.tally["yes"], voted=matter.tally["ballots"])
    said = []
    for question, counted, _why in by_question:
        marks = [words for words, number in counted for _each in range(number)]
        if marks:
            said.append(_("%(question)s %(mark)s.", question=question, mark=_(marks[len(marks) // 2])))
    if not said or matter.tally is None:
        return ""
    voted = sum(matter.tally[choice] for choice in CHOICES)
    votes = _("%(yes)d of %(voted)d who voted said yes.", yes=matter.tally["yes"], voted=voted)
    return " ".join((votes, _("What the panel thought, in the middle of its marks:"), *said))


def _by_question(matter: Matter) -> list[tuple[str, list[tuple[str, int]], list[str]]]:
    """What the panel thought by each of its questions, without names: (question, [(mark in words, how many)], [lines why])."""
    counted = desk.marks_by_question(matter)
    return [
        (question, [(MARK_WORDS[mark], marks.count(mark)) for mark in MARK_WORDS if mark in marks], why) for question, marks, why in counted
    ]


@decisions.post("/rounds/<ref>/prepare")
@allow("run rounds")
def prepare(ref: str) -> Any:
    release = decide.prepare_release(ref, request.form.getlist("bid")[:300], actor())
    flash(_("Read every letter once more. Then a second person releases them."))
    return see_other(f"/desk/releases/{release}")


@decisions.get("/releases/<ref>")
@allow("run rounds")
def release(ref: str) -> Any:
    """Every letter as it will go out, and who gets money."""
    one = decide.release_by_ref(ref)
    open_ = one.released_at is None and one.cancelled_at is None
    hidden = decide.hidden_from(current_user.id)
    planned = [each for each in decide.plan(one) if each.bid.id not in hidden] if open_ else []
    to = people.names(each.bid.person_id for each in planned)
    names = people.names([one.prepared_by_id, one.released_by_id])
    round_ = db.session.get_one(Round, one.round_id)
    total = sum(each.bid.asked for each in planned if each.what == "offered")
    return page("grants/desk_letters.html", release=one, planned=planned, to=to, names=names, round=round_, total=total, open=open_)


@decisions.post("/releases/<ref>/release")
@allow("run rounds")
def send(ref: str) -> Any:
    if (proof := needs_proof()) is not None:
        return proof
    number = decide.release(ref, actor())
    flash(_n("One letter is on its way.", "%(num)d letters are on their way.", number))
    return see_other(f"/desk/releases/{ref}")


@decisions.post("/releases/<ref>/cancel")
@allow("run rounds")
def cancel(ref: str) -> Any:
    decide.cancel_release(ref, actor())
    flash(_("The release is taken back. Nothing was sent."))
    one = db.session.get_one(Round, decide.release_by_ref(ref).round_id)
    return see_other(f"/desk/rounds/{one.ref}/release")
