"""Applying on a phone: one question a page, saved as it is left; and the bid with its story."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, g, make_response, request, send_file
from flask_login import current_user

from portal import photos
from portal.errors import Conflict, NotFound, Refused
from portal.grants import appeals, apply, decide, from_idea, queries, rounds, timeline, wishes, worked
from portal.grants import award as awards
from portal.grants.forms import apply as forms
from portal.grants.forms.rounds import DECISIONS, way_of
from portal.grants.model import Application, Photo
from portal.grants.moves import about
from portal.grants.rules import SECTIONS, RoundRules
from portal.grants.views import wishes as line_views
from portal.history import Actor
from portal.money import Pence, parse_pounds, plain_pounds
from portal.panels.forms import Ask
from portal.people import queries as people
from portal.people.views import area_id, saw, settings
from portal.places import queries as places
from portal.web.forms import one_line, whole_number
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import N_, _

bids = Blueprint("bids", __name__)

SHORT_ROWS = 2
# what rooms above say to who has just sent an idea: a sentence, where it leads, and the words of the link
ALSO_SENT: list[Callable[[Application], Sequence[tuple[str, str, str]]]] = []
# a question of a room above that comes after one of the six in a draft: the section → its address, or "" where it is not asked
ALSO_ASKED: dict[str, Callable[[Application], str]] = {}


def acting_on(application: Application) -> Actor:
    """Who acts on this bid: the applicant's side for itself, a helper for the applicant on the basis they gave."""
    if current_user.id == application.helper_id and current_user.id != application.person_id:
        return Actor(current_user.id, application.person_id, application.helper_basis)
    return Actor(current_user.id)


@bids.get("/grants/")
@allow("anyone")
def index() -> Any:
    open_ = queries.open_rounds()
    mine = queries.bids_of(current_user.id, current_user.acts_for) if current_user.is_authenticated else []
    rules = {round_.id: RoundRules.load(round_.rules) for round_ in open_}
    return page("grants/index.html", open_rounds=open_, rules=rules, mine=mine, coming=None if open_ else queries.next_round())


@bids.get("/grants/new")
@allow("anyone")
def new() -> Any:
    round_ = queries.round_by_ref(request.args.get("round", ""))
    organisations = people.organisations_of(current_user.id) if current_user.is_authenticated else []
    return page(
        "grants/apply_start.html", round=round_, rules=(rules := RoundRules.load(round_.rules)), organisations=organisations, form=forms.Money(),
        takes=rounds.takes_bids(round_), decisions=DECISIONS, way=way_of(rules), areas=places.names_of(rules.areas),
    )  # fmt: skip


@bids.post("/grants/new")
@allow("signed in")
def start() -> Any:
    form = forms.Money()
    organisation_id = None
    if ref := request.form.get("organisation", ""):
        organisation = people.organisation_by_ref(ref)
        if organisation.id not in current_user.acts_for:
            raise NotFound(_("We do not know that group."))
        organisation_id = organisation.id
    made = apply.start(
        request.form.get("round", ""),
        current_user.id,
        Actor(current_user.id),
        organisation_id=organisation_id,
        once_key=form.once_key(current_user.id),
    )
    return see_other(f"/grants/{made}/idea")


@bids.route("/desk/apply", methods=["GET", "POST"])
@allow("help others")
def on_behalf() -> Any:
    """A connector types for somebody who is at the door or on the telephone."""
    form = forms.OnBehalf().fill()
    open_ = queries.open_rounds()
    if form.validate_on_submit():
        basis = " ".join(part for part in (form.basis.data, form.sheet.data) if part)
        try:
            made = apply.start_for(
                request.form.get("round", ""), form.name.data, form.contact.data, area_id(form.area.data), form.postal_address.data, basis,
                current_user.id, once_key=form.once_key(current_user.id),
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/grants/{made}/idea")
    return form_page("grants/apply_behalf.html", form, open_rounds=open_)


# --- the six questions ---------------------------------------------------------------------------------------------------


def _mine(ref: str) -> Application:
    application = queries.bid(ref)
    require("edit this bid", application)
    return application


def _rows(typed: Any) -> list[apply.Line]:
    """Rows of the budget as typed: what-0, cost-0, what-1, …"""
    rows = []
    for number in range(apply.MOST_LINES):
        if f"what-{number}" not in typed and f"cost-{number}" not in typed:
            continue
        what, cost = one_line(typed.get(f"what-{number}"))[:120], one_line(typed.get(f"cost-{number}"))[:40]
        amount: Pence | None = None
        if cost:
            try:
                amount = parse_pounds(cost)
            except ValueError:
                amount = None
        rows.append(apply.Line(what, amount, "" if amount is not None else cost))
    return rows


def _shown(rows: list[apply.Line]) -> list[dict[str, Any]]:
    """Rows for the page, with the sentence of what is wrong with each."""
    shown = []
    for row in rows:
        wrong = ""
        if row.typed:
            wrong = _("Write the amount in pounds, like 45 or 45.50.")
        shown.append({"what": row.what, "cost": plain_pounds(row.amount) if row.amount is not None else row.typed, "wrong": wrong})
    return shown


def _form(section: str, application: Application) -> Any:
    match section:
        case "idea":
            area = next((area.code for area in places.areas() if area.id == application.area_id), "")
            return forms.Idea(data={"title": application.title, "idea": application.idea, "place": application.place, "area": area}).fill()
        case "who":
            return forms.WhoFor(obj=application)
        case "help":
            return forms.Help(obj=application)
        case "when":
            return forms.When(obj=application)
        case "pay":
            return forms.Pay(obj=application).fill(cheques=queries.rules_of(application).cheques)
        case _:
            return forms.Money()


def _answers(section: str, form: Any) -> dict[str, Any]:
    match section:
        case "idea":
            return {"title": form.title.data, "idea": form.idea.data, "place": form.place.data, "area_id": area_id(form.area.data or "")}
        case "who":
            return {"who_for": form.who_for.data, "better": form.better.data, "public_summary": form.public_summary.data}
        case "help":
            return {"group_name": form.group_name.data}
        case "when":
            return {"first_day": form.first_day.data, "last_day": form.last_day.data}
        case "pay":
            return {"pay_route": form.pay_route.data if form.pay_route.data in forms.ROUTES else "", "pay_to": form.pay_to.data}
        case _:
            return {}


@bids.route("/grants/<ref>/<any(idea, who, money, help, when, pay):section>", methods=["GET", "POST"])
@allow("signed in")
def question(ref: str, section: str) -> Any:
    application = _mine(ref)
    form = _form(section, application)
    rows = (
        _rows(request.form) if request.method == "POST" else [apply.Line(line.what, line.amount, line.typed) for line in application.lines]
    )
    if request.method == "GET" and section not in apply.sections_open(application):
        raise Refused(_("This part can no longer be changed."))
    if request.method == "POST":
        good = form.validate()
        version = request.form.get("version", "")
        remove = request.form.get("remove", "")
        if 0 <= (gone := whole_number(remove)) < len(rows):
            del rows[gone]
        try:
            # whatever can be understood is kept, complete or not; what cannot is shown back with its sentence
            kept = {name: value for name, value in _answers(section, form).items() if not _wrong(form, name)}
            new = apply.save(
                ref,
                whole_number(version),
                section,
                kept,
                acting_on(application),
                lines=rows if section == "money" else None,
            )
        except Conflict:
            if request.headers.get("X-Draft"):
                return make_response("", 409)
            raise
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            if request.headers.get("X-Draft"):
                response = make_response("", 204)
                response.headers["X-Version"] = str(new)
                return response
            bad_row = section == "money" and any(row.typed for row in rows) and "add" not in request.form and not remove
            if good and not bad_row:
                return _onward(ref, section, application, rows, remove)
            if bad_row:
                form.refuse(_("Write each amount in pounds, like 45 or 45.50."))
            application = queries.bid(ref)
    picture = queries.photos_of(about(application)) if section == "idea" else []
    extra: dict[str, Any] = {}
    if section == "money":
        extra = {"most": queries.most_for(application), "places": _places(rows)} | line_views.to_ask(application)
    if section == "help":
        extra = {"pledges": queries.pledges_of(application.id), "meter": queries.meter_of(application)}
    wanted = request.args.get("rows", "")
    shown = min(whole_number(wanted, SHORT_ROWS), apply.MOST_LINES)
    while section == "money" and len(rows) < max(shown, SHORT_ROWS):
        rows.append(apply.Line("", None))
    return form_page(
        f"grants/apply_{section}.html", form, application=application, section=section, number=SECTIONS.index(section) + 1, rows=_shown(rows),
        photos=picture, rules=queries.rules_of(application), back=_back(ref, section, application), routes=forms.ROUTES,
        problem_row=any(row.typed for row in rows) and request.method == "POST", **extra,
    )  # fmt: skip


def _places(rows: list[apply.Line]) -> list[int]:
    """For each row that is shown its place in the budget, which has no empty rows."""
    filled = [bool(row.what or row.typed or row.amount is not None) for row in rows]
    return [sum(filled[:number]) for number in range(len(rows))]


def _wrong(form: Any, name: str) -> bool:
    field = form[name] if name in form else form["area"] if name == "area_id" and "area" in form else None
    return bool(field is not None and field.errors)


def _onward(ref: str, section: str, application: Application, rows: list[apply.Line], removed: str) -> Any:
    """Where the button leads: more rows, home, back to the answers, or the next question."""
    if section == "money" and "add" in request.form:
        return see_other(f"/grants/{ref}/money?rows={len(rows) + 1}#what-{len(rows)}")
    if section == "money" and 0 <= (asked := whole_number(request.form.get("wish"))) < len(rows):
        lines, place = queries.bid(ref).lines, _places(rows)[asked]
        return see_other(f"/grants/{ref}/wishes" + (f"/new?line={wishes.key_of(lines[place])}" if place < len(lines) else ""))
    if removed:
        return see_other(f"/grants/{ref}/money#rows")
    if "photo" in request.files and request.files["photo"].filename:
        try:
            picture = photos.read(request.files["photo"].read())
            apply.add_photo(ref, picture, one_line(request.form.get("alt"))[:200], settings().data_dir, acting_on(application))
        except Refused as why:
            form = _form(section, queries.bid(ref))
            form.form_errors.append(why.sentence)
            return form_page(
                "grants/apply_idea.html", form, application=queries.bid(ref), section="idea", number=1, rows=[], photos=queries.photos_of(about(application)),
                rules=queries.rules_of(application), back=_back(ref, section, application), routes=forms.ROUTES, problem_row=False,
            )  # fmt: skip
        if "more_photos" in request.form:
            return see_other(f"/grants/{ref}/idea#photos")
    if "later" in request.form:
        flash(_("Saved. You can go on whenever you like, on this phone or another one."))
        return see_other(f"/grants/{ref}")
    if "check" in request.form or application.status != "draft":
        return see_other(f"/grants/{ref}/check")
    if section in ALSO_ASKED and (address := ALSO_ASKED[section](application)):
        return see_other(address)
    following = SECTIONS[SECTIONS.index(section) + 1 :]
    return see_other(f"/grants/{ref}/{following[0] if following else 'check'}")


def _back(ref: str, section: str, application: Application) -> str:
    place = SECTIONS.index(section)
    return f"/grants/{ref}/{SECTIONS[place - 1]}" if place and application.status == "draft" else f"/grants/{ref}"


@bids.post("/grants/<ref>/photos/<photo>/remove")
@allow("signed in")
def remove_photo(ref: str, photo: str) -> Any:
    application = _mine(ref)
    apply.remove_photo(ref, photo, settings().data_dir, acting_on(application))
    flash(_("The photo is gone."))
    return see_other(f"/grants/{ref}/idea")


@bids.get("/photos/<ref>.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """A picture, to those who may see what it belongs to; public ones once the decision was released."""
    row = queries.photo_by_ref(ref)
    if (elsewhere := OTHER_PHOTOS.get(row.about.partition(":")[0])) is not None:
        for_all, may_read = elsewhere(row)
    else:
        row, application = queries.photo(ref)
        for_all = row.public and application.told and application.decided == "yes"
        may_read = for_all or photo_readers(application)
    if not may_read:
        raise NotFound(_("That photo is gone."))
    g.private = not for_all
    response = send_file(photos.path(row.file, settings().data_dir), mimetype="image/jpeg", max_age=3600 if for_all else 0)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def photo_readers(application: Application) -> bool:
    """Whether this reader may see pictures that are not public; the panel's views add themselves here."""
    return bool(current_user.can("see this bid", application)) or any(ask(application) for ask in ALSO_READ)


ALSO_READ: list[Any] = []
# photos of things that are no bid: the first word of `about` → whether it is for everybody, and for this reader
OTHER_PHOTOS: dict[str, Callable[[Photo], tuple[bool, bool]]] = {}


# --- check, send, afterwards ---------------------------------------------------------------------------------------------


@bids.get("/grants/<ref>/check")
@allow("signed in")
def check(ref: str) -> Any:
    application = _mine(ref)
    if application.status not in ("draft", "sent", "more_asked"):
        return see_other(f"/grants/{ref}")
    return _check(application, forms.Send())


def _check(application: Application, form: Any) -> Any:
    asked = queries.open_more_asked(application.id) if application.status == "more_asked" else None
    meter = queries.meter_of(application)
    return form_page(
        "grants/apply_check.html", form, application=application, problems=apply.problems(application), warnings=apply.warnings(application, meter),
        section_names=forms.SECTION_NAMES, routes=forms.ROUTES, area=_area(application), meter=meter,
        photos=queries.photos_of(about(application)), open_sections=apply.sections_open(application, asked), asked=asked,
        rules=queries.rules_of(application),
    )  # fmt: skip


@bids.post("/grants/<ref>/send")
@allow("signed in")
def send(ref: str) -> Any:
    application = _mine(ref)
    form = forms.Send()
    if not form.validate():
        return _check(application, form)
    version = request.form.get("version", "")
    try:
        if application.status == "more_asked":
            apply.answer_more(ref, whole_number(version), acting_on(application))
            flash(_("Thank you. Your answers are with us."))
            return see_other(f"/grants/{ref}")
        apply.send(
            ref,
            whole_number(version),
            acting_on(application),
            sure=bool(form.sure.data),
            once_key=form.once_key(current_user.id),
        )
    except Refused as why:
        form.refuse(why.sentence, why.field)
        return _check(queries.bid(ref), form)
    return see_other(f"/grants/{ref}/sent")


@bids.get("/grants/<ref>/sent")
@allow("signed in")
def sent(ref: str) -> Any:
    application = _mine(ref)
    if application.sent_at is None:
        return see_other(f"/grants/{ref}")
    also = [line for said in ALSO_SENT for line in said(application)]
    return page("grants/apply_sent.html", application=application, meter=queries.meter_of(application), also=also)


@bids.route("/grants/<ref>/withdraw", methods=["GET", "POST"])
@allow("signed in")
def withdraw(ref: str) -> Any:
    application = _mine(ref)
    form = forms.Withdraw()
    if form.validate_on_submit():
        apply.withdraw(ref, form.reason.data, acting_on(application))
        line_views.after_the_end(ref)
        flash(_("Your idea is withdrawn. You can start again whenever you like."))
        return see_other(f"/grants/{ref}")
    return form_page("grants/apply_withdraw.html", form, application=application)


@bids.get("/grants/<ref>")
@allow("signed in")
def bid(ref: str) -> Any:
    application = queries.whole_bid(ref)
    require("see this bid", application)
    award = application.award
    mine = current_user.can("edit this bid", application)
    if not mine:
        saw("idea", application.person_id, about=ref)
    waits = award is not None and award.status in ("conditions_open", "ready_to_pay") and application.pay_route in awards.TOLD_ROUTES
    appealed = queries.appeals_of(application.id)
    asked = queries.open_more_asked(application.id) if application.status == "more_asked" else None
    story = queries.told_story_of(application, award) if mine else queries.story_of(application, award)
    wished = line_views.shown(application)
    as_card = any(event.kind == "began_as_idea" for event in story)
    return page(
        "grants/bid.html", application=application, award=award, mine=mine, hours=worked.hours_for(award, ()),
        story=timeline.told(story, near=mine or current_user.can("handle bids", application)),
        meter=queries.meter_of(application, gifts=None if wished["asked"] else []), state=state_words(application, mine), kept=awards.kept(award) if award is not None else None, area=_area(application),
        photos=queries.photos_of(about(application)), open_sections=apply.sections_open(application, asked), asked=asked,
        routes=forms.ROUTES, shown_status=_shown_status(application, mine), section_names=forms.SECTION_NAMES,
        appeals=appealed, may_appeal=appeals.may_appeal(application, appealed) if mine else None,
        most=queries.most_for(application) if award is not None and award.status == "closed" else None,
        wished=wished, offer_over=award is not None and award.status == "reserved" and awards.status_now(award) == "lapsed",
        origin=from_idea.origin_of(application.id) if as_card else None,
        left_behind=from_idea.left_behind(application.id) if as_card and mine else [],
        account_missing=waits and award is not None and awards.current_payee(award) is None,
    )  # fmt: skip


def _area(application: Application) -> str:
    return application.area.name if application.area else ""


def _shown_status(application: Application, mine: bool) -> str:
    """The applicant sees "with the panel" until the letters go out together."""
    return "with_panel" if mine and application.status == "decided" else application.status


def state_words(application: Application, mine: bool = True) -> tuple[str, str]:
    """Where an idea stands, in words and as a tone. How its grant ended is said in the words of the public register."""
    award = application.award if application.status == "accepted" else None
    return ENDED_WORDS.get(award.status if award is not None else "") or STATUS_WORDS.get(_shown_status(application, mine), ("", ""))


ENDED_WORDS: dict[str, tuple[str, str]] = {"closed": (N_("Finished"), "good"), "returned": (N_("Money came back"), "")}
STATUS_WORDS: dict[str, tuple[str, str]] = {
    "draft": (N_("Not sent yet"), ""),
    "sent": (N_("Sent"), "calm"),
    "more_asked": (N_("We have a question"), "warm"),
    "with_panel": (N_("With the panel"), "calm"),
    "decided": (N_("Decided, not told yet"), "warm"),
    "offered": (N_("A grant is offered"), "good"),
    "accepted": (N_("Accepted"), "good"),
    "declined": (N_("Not this time"), ""),
    "lapsed": (N_("On the reserve list or lapsed"), ""),
    "withdrawn": (N_("Withdrawn"), ""),
    "ineligible": (N_("Not in this round"), ""),
}


# --- the desk ------------------------------------------------------------------------------------------------------------


@bids.get("/desk/bids")
@allow("handle bids")
def desk_bids() -> Any:
    status = request.args.get("status", "")
    after = None
    if last := request.args.get("after", ""):
        held = queries.bid(last)
        after = (held.sent_at, held.id) if held.sent_at else None
    found = queries.bids(
        status=status if status in STATUS_WORDS else "",
        round_ref=request.args.get("round", ""),
        after=after,
        limit=31,
        areas=current_user.areas("officer"),
    )
    asked = {"status": status, "round": request.args.get("round", "")}
    older = (
        "/desk/bids?" + urlencode({**{name: value for name, value in asked.items() if value}, "after": found[29].ref})
        if len(found) > 30
        else None
    )
    hidden = decide.hidden_from(current_user.id)
    return page(
        "grants/desk_bids.html",
        found=[one for one in found[:30] if one.id not in hidden],
        older=older,
        chosen=status,
        words=STATUS_WORDS,
        names=people.names(one.person_id for one in found),
    )


@bids.get("/desk/bids/<ref>")
@allow("handle bids")
def desk_bid(ref: str) -> Any:
    return _desk_bid(ref, Ask().fill(forms.SECTION_NAMES), forms.Ineligible(prefix="no-"))


def _desk_bid(ref: str, form: Any, no_form: Any) -> Any:
    application = queries.whole_bid(ref)
    snapshots, pledges = queries.snapshots_of(application.id), queries.pledges_of(application.id)
    wished = line_views.shown(application)
    return form_page(
        "grants/desk_bid.html", form, no_form=no_form, application=application, person=people.person(application.person_id),
        meter=queries.meter_of(application, pledges, None if wished["asked"] else []), pledges=pledges, story=timeline.told(queries.story_of(application, application.award)), area=_area(application),
        state=STATUS_WORDS[application.status], photos=queries.photos_of(about(application)), changes=_changes(snapshots), routes=forms.ROUTES,
        problems=apply.problems(application), award=application.award, rules=queries.rules_of(application),
        hours=worked.hours_for(application.award, ()), **wished,
    )  # fmt: skip


def _changes(snapshots: Any) -> list[dict[str, Any]]:
    """What is different between the last two sendings, answer by answer."""
    if len(snapshots) < 2:
        return []
    before, after = snapshots[-2].content, snapshots[-1].content
    return [{"what": name, "before": before.get(name), "after": after[name]} for name in after if before.get(name) != after[name]]


@bids.post("/desk/bids/<ref>/ask")
@allow("handle bids")
def ask_more(ref: str) -> Any:
    form = Ask().fill(forms.SECTION_NAMES)
    if form.validate():
        assert form.answer_by.data is not None
        try:
            apply.ask_more(ref, form.sections.data or [], form.note.data, form.answer_by.data, Actor(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Asked. They get a message now."))
            return see_other(f"/desk/bids/{ref}")
    return _desk_bid(ref, form, forms.Ineligible(prefix="no-", formdata=None))


@bids.post("/desk/bids/<ref>/ineligible")
@allow("handle bids")
def ineligible(ref: str) -> Any:
    form = forms.Ineligible(prefix="no-")
    if form.validate():
        apply.set_ineligible(ref, form.reason.data, Actor(current_user.id))
        flash(_("Done. They get a letter that says why."))
        return see_other(f"/desk/bids/{ref}")
    return _desk_bid(ref, form, form)
