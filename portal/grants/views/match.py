"""The applicant's list of neighbours, and a neighbour's own page, which needs no account."""

from collections.abc import Sequence
from typing import Any

import segno
from flask import Blueprint, flash, g, request
from flask_login import current_user
from markupsafe import Markup

from portal import clock
from portal.errors import NotFound, Refused
from portal.grants import from_idea, goods, kept, match, match_offers, queries, worked
from portal.grants.forms import match as forms
from portal.grants.forms.decide import Nothing
from portal.grants.model import Application, Award, Delivery, Photo, Pledge
from portal.grants.rules import PledgeFact, meter
from portal.grants.views.apply import acting_on
from portal.history import Actor
from portal.money import Minutes, parse_hours
from portal.people import queries as people
from portal.places import queries as places
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

neighbours = Blueprint("neighbours", __name__)


def its_bid(ref: str, *, desk: bool = False) -> Application:
    """The bid, for the applicant's side; for hours, connectors and officers too."""
    application = queries.bid(ref)
    if not (desk and may("help others", application)):
        require("edit this bid", application)
    return application


def acting(application: Application, basis: str = "") -> Actor:
    """Who acts, for whom and on what basis, at one idea."""
    if basis or not may("edit this bid", application):
        return Actor(current_user.id, application.person_id if current_user.id != application.person_id else None, basis or None)
    return acting_on(application)


@neighbours.get("/grants/<ref>/match")
@allow("signed in")
def index(ref: str) -> Any:
    return _index(its_bid(ref, desk=True), forms.Invite(formdata=None))


def _index(application: Application, form: Any) -> Any:
    pledges = queries.pledges_of(application.id)
    award = queries.award_of(application.id)
    hours = worked.hours_for(award, pledges)
    deliveries, gifts = queries.deliveries_of(award.id) if award else [], kept.gifts_of(application.id)
    return form_page(
        "grants/match.html", form, application=application, pledges=pledges, meter=queries.meter_of(application, pledges, gifts), award=award, planned=_planned(application),
        records=hours.of, elsewhere=hours.elsewhere, twins=worked.twins_of(hours.everything), deliveries=deliveries,
        given=goods.meters(application, pledges, hours.everything, deliveries, gifts) if award else None, gifts=gifts, may_be=worked.may_be, has_no_address=match.has_no_address,
        photos=photos_of(deliveries), live=award is not None and award.status in goods.LIVE, me=f"person:{current_user.id}", doors=match.all_at_the_door(pledges),
        checks_at_the_door=award is not None and match.may_check_at_the_door(application, current_user.id),
        why_at_the_door=match.why_at_the_door, kinds=forms.KINDS, offers=match_offers.offers_for(application), open=application.status in match.MAY_ASK, rules=queries.rules_of(application),
    )  # fmt: skip


def photos_of(deliveries: Sequence[Delivery]) -> dict[str, Photo]:
    """The photo of each line that has one, by how events name it. One query, or none."""
    names = [f"delivery:{row.id}" for row in deliveries]
    return {photo.about: photo for photo in queries.photos_of(*names)} if names else {}


def _planned(application: Application) -> dict[str, Any]:
    """What so many neighbours with so many hours each would make of the meter: fills as you type."""
    people_text, each_text = request.args.get("people", "")[:6], request.args.get("each", "")[:20]
    found: dict[str, Any] = {"people": people_text, "each": each_text, "meter": None}
    if (people := whole_number(people_text)) >= 0 and each_text:
        try:
            each = parse_hours(each_text)
        except ValueError:
            return found
        facts = [PledgeFact(str(number), "hours", each) for number in range(min(people, 60))]
        found["meter"] = meter(application.asked, facts, queries.rules_of(application))
    return found


@neighbours.get("/grants/<ref>/meter")
@allow("signed in")
def planned(ref: str) -> Any:
    application = its_bid(ref, desk=True)
    return (
        page("grants/match.html", block="plan", application=application, planned=_planned(application))
        if request.headers.get("HX-Request")
        else see_other(f"/grants/{ref}/match?{request.query_string.decode()}")
    )


@neighbours.post("/grants/<ref>/match/invite")
@allow("signed in")
@limiter.limit("30/minute")
def invite(ref: str) -> Any:
    application = its_bid(ref, desk=True)
    form = forms.Invite()
    if form.validate():
        try:
            made = match.invite(ref, form.name.data, form.contact.data, acting(application), once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            if form.contact.data is None:
                return see_other(f"/grants/{ref}/match/{made}/link")
            flash(_("Asked. %(name)s gets a message with a link now.", name=form.name.data))
            return see_other(f"/grants/{ref}/match")
    return _index(application, form)


@neighbours.route("/grants/<ref>/match/paper", methods=["GET", "POST"])
@allow("signed in")
def paper(ref: str) -> Any:
    """Typed from a paper sheet, or said at the door."""
    application = its_bid(ref, desk=True)
    form = forms.OnPaper().fill()
    if form.validate_on_submit():
        try:
            match.enter(
                ref, form.name.data, form.contact.data, form.kind.data, form.minutes.data or Minutes(0), form.planning.data or Minutes(0),
                form.value.data or 0, form.what.data, acting(application, form.basis.data or ""), once_key=form.once_key(current_user.id),
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s is in the list.", name=form.name.data))
            return see_other(f"/grants/{ref}/match")
    return form_page("grants/match_paper.html", form, application=application)


def pledge_of(application: Application, ref: str) -> Pledge:
    """One neighbour in the list of an idea. NotFound."""
    found = next((pledge for pledge in queries.pledges_of(application.id) if pledge.ref == ref), None)
    if found is None:
        raise NotFound(_("We cannot find that neighbour in the list."))
    return found


@neighbours.get("/grants/<ref>/match/<pledge>/link")
@allow("signed in")
def link(ref: str, pledge: str) -> Any:
    application = its_bid(ref, desk=True)
    found = pledge_of(application, pledge)
    if match.link_waits(application, found, current_user.id):
        return form_page("grants/match_link_ask.html", Nothing(), application=application, pledge=found)
    address = match.link_of(found)
    picture = segno.make(address, error="m").svg_inline(scale=5, border=2, omitsize=True, title=_("Link for %(name)s", name=found.name))
    svg = Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec
    return page(
        "grants/match_link.html",
        application=application,
        pledge=found,
        address=address,
        svg=svg,
        scheme_phone=(places.scheme() or None),
        elsewhere=match.why_at_the_door(found) if match.at_the_door(found) else "",
    )


@neighbours.post("/grants/<ref>/match/<pledge>/link")
@allow("signed in")
def show_link(ref: str, pledge: str) -> Any:
    application = its_bid(ref, desk=True)
    match.show_link(ref, pledge, acting(application))
    return see_other(f"/grants/{ref}/match/{pledge}/link")


@neighbours.post("/grants/<ref>/match/<pledge>/<any(resend, remove):act>")
@allow("signed in")
def change(ref: str, pledge: str, act: str) -> Any:
    application = its_bid(ref, desk=True)
    if act == "resend":
        match.resend(ref, pledge, acting(application))
        flash(_("There is a fresh link now; the old one has ended."))
        if pledge_of(application, pledge).channel == "none":
            return see_other(f"/grants/{ref}/match/{pledge}/link")
    else:
        match.remove(ref, pledge, acting(application))
        flash(_("They are off the list."))
    return see_other(f"/grants/{ref}/match")


@neighbours.route("/grants/<ref>/match/<pledge>/hours", methods=["GET", "POST"])
@allow("signed in")
def hours(ref: str, pledge: str) -> Any:
    application = its_bid(ref, desk=True)
    found = pledge_of(application, pledge)
    form = forms.Did(data={"minutes": found.minutes or None})
    if form.validate_on_submit():
        assert form.day.data is not None and form.minutes.data is not None
        try:
            match.log_for(ref, pledge, form.day.data, form.minutes.data, form.what.data, acting(application), another=form.another.data)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(
                _("Written down. A second person checks it: a connector or an officer.")
                if match.at_the_door(found)
                else _("Written down. A second person checks it: %(name)s, a connector or an officer.", name=found.name)
            )
            return see_other(f"/grants/{ref}/match")
    return form_page("grants/match_hours.html", form, application=application, pledge=found, at_the_door=match.at_the_door(found))


def _shown() -> int:
    """The minutes that the button of this form showed; none that there can be when it did not say."""
    said = request.form.get("minutes", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else -1


def _another() -> bool:
    """Whether they said that it is another hour than the one that the page shows beside it."""
    return request.form.get("another") == "y"


@neighbours.post("/grants/<ref>/match/hours/<record>/check")
@allow("signed in")
def check(ref: str, record: str) -> Any:
    application = its_bid(ref, desk=True)
    match.check(ref, record, acting(application), shown=_shown(), another=_another())
    flash(_("Checked. The hours count."))
    return see_other(f"/grants/{ref}/match")


@neighbours.get("/grants/<ref>/match/hours/<record>/twice")
@allow("signed in")
def twice(ref: str, record: str) -> Any:
    """Hours to check, beside those that the same person may have on that day: is it the same hour?"""
    application = its_bid(ref, desk=True)
    award, pledges = queries.award_of(application.id), queries.pledges_of(application.id)
    hours = worked.hours_for(award, pledges)
    row = next((each for each in hours.everything if each.ref == record and each.checked_at is None), None)
    if row is None:
        raise NotFound(_("We cannot find those hours."))
    others = worked.twins_of(hours.everything).get(row.id, ())
    pairs = [(pledge, one) for one in (row, *others) for pledge in worked.may_be(one, pledges) if match.has_no_address(pledge)]
    mine = row.entered_by == f"person:{current_user.id}" or any(
        queries.worker_of(pledge) == row.worker
        and match.at_the_door(pledge)
        and not match.may_check_at_the_door(application, current_user.id)
        for pledge in pledges
    )
    return page("grants/match_twice.html", application=application, row=row, others=others, pairs=pairs, checks=not mine)


@neighbours.post("/grants/<ref>/match/<pledge>/is/<record>")
@allow("signed in")
def one_person(ref: str, pledge: str, record: str) -> Any:
    application = its_bid(ref, desk=True)
    match.one_person(ref, pledge, record, acting(application))
    flash(_("They are one neighbour now."))
    return see_other(f"/grants/{ref}/match")


@neighbours.route("/grants/<ref>/match/hours/<record>/<any(refuse, take_back):act>", methods=["GET", "POST"])
@allow("signed in")
def undo(ref: str, record: str, act: str) -> Any:
    application = its_bid(ref, desk=True)
    form = forms.Why()
    if form.validate_on_submit():
        try:
            (match.turn_down if act == "refuse" else match.take_back)(ref, record, form.reason.data, acting(application))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done. These hours do not count."))
            return see_other(f"/grants/{ref}/match")
    return form_page("grants/match_undo.html", form, application=application)


@neighbours.get("/desk/hours")
@allow("help others")
def to_check() -> Any:
    """Ideas whose neighbours' hours wait for a second person, for who looks after where they happen."""
    return page("grants/desk_hours.html", waiting=worked.to_check(current_user.areas("connector", "officer")))


# --- a neighbour's own page ----------------------------------------------------------------------------------------------


def private(response: Any) -> Any:
    """A page that is opened by a link alone: kept out of referrers and search."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def not_own(token: str) -> None:
    """Refuse whoever asks (or helps to ask) to answer for a neighbour: nobody makes and checks hours alone."""
    if may("edit this bid", queries.bid_by_id(match.by_token(token).application_id)):
        raise Refused(_("You are signed in as somebody who asks for this idea. Let your neighbour open the link on their own phone."))


def as_promised(pledge: Pledge, award: Award | None, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """What the form about other help says before anybody types: what was promised and did not come yet, on the last day that counts."""
    due = pledge.kind != "hours" and all(row.pledge_id != pledge.id for row in deliveries)
    day = min(clock.today(), award.last_day) if award else clock.today()
    kind = "goods" if pledge.kind == "hours" else pledge.kind
    return {"kind": kind, "what": pledge.what if due else "", "value": pledge.value if due else None, "day": day}


def neighbour_page(token: str, form: Any = None, did: Any = None, gave: Any = None) -> Any:
    """A neighbour's own page, with whichever form they have just sent."""
    g.private = True
    pledge = match.by_token(token)
    application = queries.bid_by_id(pledge.application_id)
    award = queries.award_of(application.id)
    deliveries = [row for row in queries.deliveries_of(award.id) if row.pledge_id == pledge.id] if award else []
    hours = worked.hours_for(award, [pledge])
    if form is None:
        given = {
            "kind": pledge.kind,
            "minutes": pledge.minutes or None,
            "planning": pledge.planning_minutes or None,
            "what": pledge.what,
            "value": pledge.value or None,
        }
        form = forms.Promise(formdata=None, data=given).fill()
    if did is None:
        did = forms.Did(formdata=None, prefix="did-", data={"minutes": pledge.minutes or None})
    if gave is None:
        gave = forms.Gave(formdata=None, prefix="gave-", data=as_promised(pledge, award, deliveries)).fill()
    shown = next((each for each in (did, gave) if each.errors), form)
    live = award is not None and award.status in goods.LIVE
    return private(
        form_page(
            "m/neighbour.html",
            shown,
            promise=form,
            did=did,
            gave=gave,
            deliveries=deliveries,
            kinds=forms.KINDS,
            token=token,
            pledge=pledge,
            application=application,
            asker=people.person(application.person_id).name,
            photos=queries.photos_of(f"bid:{application.id}"),
            records=hours.of.get(pledge.id, ()),
            twins=worked.twins_of(hours.everything),
            live=live,
            worker=queries.worker_of(pledge),
            award=award,
            begun=award is not None and award.first_day <= clock.today(),
            open=application.status in match.MAY_ASK,
            origin=from_idea.origin_of(application.id) if application.status not in match.MAY_ASK else None,
            at_the_door=match.at_the_door(pledge),
            own=may("edit this bid", application),
        )
    )


@neighbours.get("/m/<token>")
@allow("anyone")
@limiter.limit("60/minute")
def neighbour(token: str) -> Any:
    return neighbour_page(token)


@neighbours.post("/m/<token>/yes")
@allow("anyone")
@limiter.limit("30/minute")
def say_yes(token: str) -> Any:
    not_own(token)
    form = forms.Promise().fill()
    if form.validate():
        try:
            match.say_yes(
                token,
                form.kind.data or "hours",
                form.minutes.data or Minutes(0),
                form.planning.data or Minutes(0),
                form.value.data or 0,
                form.what.data,
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you! You are in."))
            return see_other(f"/m/{token}")
    return neighbour_page(token, form=form)


@neighbours.post("/m/<token>/no")
@allow("anyone")
@limiter.limit("30/minute")
def say_no(token: str) -> Any:
    not_own(token)
    match.say_no(token)
    flash(_("That is fine. Thank you for telling us."))
    return see_other(f"/m/{token}")


@neighbours.post("/m/<token>/did")
@allow("anyone")
@limiter.limit("30/minute")
def did_it(token: str) -> Any:
    not_own(token)
    form = forms.Did(prefix="did-")
    if form.validate():
        assert form.day.data is not None and form.minutes.data is not None
        try:
            match.did_it(token, form.day.data, form.minutes.data, form.what.data, another=form.another.data)
        except Refused as why:
            form.refuse(why.sentence, f"did-{why.field}" if why.field else None)
            if not form.errors:
                form.form_errors.append(why.sentence)
        else:
            checker = (
                _("An officer or a connector checks it.") if match.at_the_door(match.by_token(token)) else _("Whoever asked you checks it.")
            )
            flash(_("Thank you! It is written down.") + " " + checker)
            return see_other(f"/m/{token}")
    return neighbour_page(token, did=form)


@neighbours.post("/m/<token>/check/<record>")
@allow("anyone")
@limiter.limit("30/minute")
def check_own(token: str, record: str) -> Any:
    not_own(token)
    match.check_by_token(token, record, shown=_shown(), another=_another())
    flash(_("Thank you! The hours count now."))
    return see_other(f"/m/{token}")
