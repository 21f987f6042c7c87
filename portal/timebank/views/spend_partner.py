"""A partner's side of spend offers: its page, making offers, the till, files; and the desk of coordinators."""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, flash, g, request
from flask_login import current_user

from portal import clock, photos
from portal.errors import NotFound, NotYours, Refused
from portal.money import Minutes
from portal.people import queries as people
from portal.people.model import Organisation
from portal.people.views import actor, area_id, settings
from portal.refs import clean_ref
from portal.tables import safe_text
from portal.timebank import caring, members, spend, spend_offers, till
from portal.timebank import spend_queries as queries
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.timebank.spend_rules import PER, clock_words, times_in_words
from portal.timebank.views import spend_forms as forms
from portal.timebank.views.spend import OFFER_STATES, STATES, joined, readable, spend_pages
from portal.web.filters import day as day_words
from portal.web.forms import plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _, _n

EVENTS = {
    "made": N_("Made"), "changed": N_("Changed"), "approved": N_("Approved"), "sent_back": N_("Sent back"), "ended": N_("Ended"), "called_off": N_("A day called off"),
}  # fmt: skip
BOOKING_EVENTS = {
    "booked": N_("Booked"), "waiting": N_("On the waiting list"), "moved_up": N_("A place became free"), "came": N_("Came without booking"),
    "redeemed": N_("Taken at the till"), "questioned": N_("Something wrong?"), "stands": N_("It stands"), "undone": N_("Undone"), "missed": N_("Not used"),
    "cancelled": N_("Given back"), "late": N_("Given back late"), "excused": N_("Mark let go"), "off": N_("Called off"), "passed": N_("No place became free"),
}  # fmt: skip
PROOFS = {"code": N_("by the six digits of the booking"), "name": N_("by the card")}


# --- whose partner -------------------------------------------------------------------------------------------------------


def _mine() -> list[Member]:
    """Organisations that are members and for which this person acts."""
    return [each for each in members.own(current_user) if each.organisation_id is not None]


def _partner(mine: Sequence[Member] | None = None) -> Member:
    """The one of them that the address names, else the first. NotFound: none."""
    found = members.chosen(_mine() if mine is None else mine, request.values.get("as", ""))
    if found is None:
        raise NoPartner
    return found


class NoPartner(Exception):
    """Who opens a partner's page acts for none: the first of these pages says how to become one."""


@spend_pages.errorhandler(NoPartner)
def no_partner(_problem: NoPartner) -> Any:
    return see_other("/timebank/spend/partner")


def _own(ref: str) -> SpendOffer:
    found = readable(ref)
    if not members.acts_as(current_user, found.partner):
        raise NotFound(_("We cannot find that offer."))
    return found


# --- a partner's page ----------------------------------------------------------------------------------------------------


@spend_pages.get("/timebank/spend/partner")
@allow("signed in")
def partner() -> Any:
    """Today, this month, and everything that is offered; to who acts for no member, how a group becomes one."""
    mine = _mine()
    if not mine:
        return _join(forms.JoinAs(formdata=None).fill())
    found = _partner(mine)
    first = clock.today().replace(day=1)
    return page(
        "timebank/spend_partner.html", partner=found, name=name_of(found), others=[each for each in mine if each.id != found.id], as_=f"?as={found.ref}",
        offers=queries.offers_of(found), today=queries.of_day(found, clock.today()), month=queries.month_of(found, first), unused=queries.unused(found, 10),
        balance=members.balance(found), states=OFFER_STATES, booking_states=STATES, clock=clock_words, short=_short, first=first,
    )  # fmt: skip


def _short(member: Member) -> str:
    """How a partner's lists name somebody: the first name, and the end of the number, which tells two Mayas apart."""
    return _("%(name)s (%(end)s)", name=till.first_name(member), end=member.ref[-4:])


def _may_join() -> list[Organisation]:
    known = {each.organisation_id for each in members.own(current_user)}
    return [each for each in people.organisations_of(current_user.id) if each.id not in known]


def _join(form: Any) -> Any:
    return form_page("timebank/spend_join.html", form, organisations=_may_join(), open=members.rules() is not None)


@spend_pages.route("/timebank/spend/partner/join", methods=["GET", "POST"])
@allow("signed in")
def join() -> Any:
    """A group for which this person acts becomes a member of the timebank."""
    form = forms.JoinAs().fill()
    chosen = next((each for each in _may_join() if each.ref == request.form.get("organisation")), None)
    if form.is_submitted() and chosen is None:
        form.refuse(_("Choose a group for which you act."))
    elif form.validate_on_submit() and chosen is not None:
        try:
            card = members.join_organisation(chosen.id, area_id(form.area.data) or 0, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Welcome! Your group is a member of the timebank."))
            return see_other(f"/timebank/spend/partner?as={card}")
    return _join(form)


@spend_pages.get("/timebank/spend/partner/day")
@allow("signed in")
def day() -> Any:
    """Who has a place on a day: a list to print and lay beside the door."""
    found = _partner()
    chosen = min(
        max(plain_day(request.args.get("day"), clock.today()), clock.today() - timedelta(days=400)), clock.today() + timedelta(days=400)
    )
    step = timedelta(days=1)
    g.private = True
    return page(
        "timebank/spend_day.html", partner=found, name=name_of(found), as_=f"?as={found.ref}", day=chosen, rows=queries.of_day(found, chosen), states=STATES,
        clock=clock_words, short=_short, before=joined("/timebank/spend/partner/day", f"?as={found.ref}", day=chosen - step),
        after=joined("/timebank/spend/partner/day", f"?as={found.ref}", day=chosen + step),
    )  # fmt: skip


@spend_pages.get("/timebank/spend/partner/redemptions.csv")
@allow("signed in")
@limiter.limit("20/minute")
def file() -> Response:
    """What was redeemed in a month, with first names and ends of numbers, as the lists show them, and nothing else of anybody."""
    found = _partner()
    try:
        first = date.fromisoformat(f"{request.args.get('month', '')[:7]}-01")
    except ValueError:
        first = clock.today().replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1) if first < date(9999, 12, 1) else first
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["day", "offer", "first name", "end of number", "minutes", "state"])
    for when, title, name, number, minutes, state in queries.redemptions(found, first, last):
        writer.writerow([when.isoformat(), safe_text(title), safe_text(name), number[-4:], minutes, state])
    g.private = True
    response = Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename=redemptions-{first:%Y-%m}.csv"
    return response


# --- making offers -------------------------------------------------------------------------------------------------------


def _picture() -> photos.Picture | None:
    sent = request.files.get("photo")
    return photos.read(sent.read()) if sent is not None and sent.filename else None


@spend_pages.route("/timebank/spend/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    found = _partner()
    form = forms.Offer(data=forms.Offer.begin(found.area.code) if request.method == "GET" else None).fill()
    like_cash = None
    if form.validate_on_submit():
        try:
            ref = spend_offers.make(
                found.ref, form.offered(), _picture(), form.alt.data, settings().data_dir, current_user, once_key=form.once_key(current_user.id),
                ask_officer=bool(request.form.get("ask_officer")),
            )  # fmt: skip
        except Refused as why:
            like_cash = _refuse(form, why)
        else:
            flash(_("Thank you! A coordinator looks at it, and we tell you when members can see it."))
            return see_other(f"/timebank/spend/{ref}")
    return form_page(
        "timebank/spend_new.html", form, partner=found, name=name_of(found), as_=f"?as={found.ref}", offer=None, like_cash=like_cash
    )


def _refuse(form: Any, why: Refused) -> bool:
    """Show a refusal at its field; whether it is the filter's."""
    form.refuse(why.sentence, forms.FIELDS.get(why.field or "", why.field))
    return isinstance(why, spend_offers.LikeCash)


@spend_pages.route("/timebank/spend/<ref>/change", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def change(ref: str) -> Any:
    found = _own(ref)
    form = forms.Offer(data=forms.Offer.of(found) if request.method == "GET" else None).fill()
    like_cash = None
    if form.validate_on_submit():
        try:
            spend_offers.change(
                ref, whole_number(request.form.get("version")), form.offered(), _picture(), form.alt.data, settings().data_dir, current_user,
                ask_officer=bool(request.form.get("ask_officer")),
            )  # fmt: skip
        except Refused as why:
            like_cash = _refuse(form, why)
        else:
            flash(_("Saved."))
            return see_other(f"/timebank/spend/{ref}")
    return form_page(
        "timebank/spend_new.html",
        form,
        partner=found.partner,
        name=name_of(found.partner),
        as_=f"?as={found.partner.ref}",
        offer=found,
        like_cash=like_cash,
    )


@spend_pages.route("/timebank/spend/<ref>/end", methods=["GET", "POST"])
@allow("signed in")
def end(ref: str) -> Any:
    """Its partner, or a coordinator with a reason, ends an offer."""
    found = readable(ref)
    own = members.acts_as(current_user, found.partner)
    if not own and not may("help others", found):
        raise NotFound(_("We cannot find that offer."))
    form: Any = forms.WhyMaybe() if own else forms.Why()
    if form.validate_on_submit():
        try:
            spend_offers.end(ref, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Ended. Who had a place is told."))
            return see_other(f"/timebank/spend/partner?as={found.partner.ref}" if own else "/timebank/spend/desk")
    return form_page("timebank/spend_end.html", form, offer=found)


@spend_pages.route("/timebank/spend/<ref>/off", methods=["GET", "POST"])
@allow("signed in")
def off(ref: str) -> Any:
    """A day does not take place."""
    found = _own(ref)
    form = forms.Off(data={"day": clock.today()} if request.method == "GET" else None)
    if form.validate_on_submit():
        assert form.day.data is not None
        try:
            count = spend_offers.call_off(ref, form.day.data, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(
                _n(
                    "Called off: %(day)s. One person is told.",
                    "Called off: %(day)s. %(num)d people are told.",
                    count,
                    day=day_words(form.day.data),
                )
            )
            return see_other(f"/timebank/spend/partner?as={found.partner.ref}")
    return form_page("timebank/spend_off.html", form, offer=found)


# --- the till ------------------------------------------------------------------------------------------------------------


@spend_pages.route("/timebank/spend/till", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def stand() -> Any:
    """Type what somebody shows or says; what was taken today stands below, to be undone."""
    found = _partner()
    form = forms.Till(data={"shown": clean_ref(request.args.get("number", "")) or ""} if request.method == "GET" else None)
    if form.validate_on_submit():
        try:
            token = till.recognise(found.ref, form.shown.data, form.digits.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/timebank/spend/till/{token}?as={found.ref}")
    g.private = True
    return form_page(
        "timebank/spend_till.html", form, partner=found, name=name_of(found), as_=f"?as={found.ref}", clock=clock_words, short=_short,
        today=[each for each in queries.of_day(found, clock.today()) if each.status == "redeemed"],
    )  # fmt: skip


@spend_pages.route("/timebank/spend/till/<token>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def serve(token: str) -> Any:
    """Who stands there, what they may have now; one tap takes the time."""
    g.private = True
    found = _partner()
    try:
        seen = till.known(found, token, current_user)
    except Refused as why:
        flash(why.sentence)
        return see_other(f"/timebank/spend/till?as={found.ref}")
    form = forms.Tap()
    if form.validate_on_submit():
        try:
            done = till.redeem(found.ref, token, request.form.get("ref", "")[:20], current_user, once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence)
        else:
            flash(_("Done: %(title)s for %(name)s. They have a message.", title=done.offer.title, name=till.first_name(seen.member)))
            return see_other(f"/timebank/spend/till?as={found.ref}")
    return form_page(
        "timebank/spend_serve.html", form, partner=found, name=name_of(found), as_=f"?as={found.ref}", first=till.first_name(seen.member), token=token,
        choices=till.choices(found, seen), clock=clock_words,
    )  # fmt: skip


def _at_partner(ref: str) -> SpendBooking:
    """A booking at a partner for which this person acts. NotFound."""
    found = queries.booking(ref)
    if found is None or not members.acts_as(current_user, found.offer.partner):
        raise NotFound(_("We cannot find that booking."))
    return found


@spend_pages.route("/timebank/spend/partner/bookings/<ref>/undo", methods=["GET", "POST"])
@allow("signed in")
def undo(ref: str) -> Any:
    """The partner undoes what was taken today."""
    found = _at_partner(ref)
    return _with_reason(
        found,
        till.undo,
        _("Undone. The time is back with the member, who is told."),
        "timebank/spend_undo.html",
        f"/timebank/spend/till?as={found.offer.partner.ref}",
    )


@spend_pages.route("/timebank/spend/partner/bookings/<ref>/excuse", methods=["GET", "POST"])
@allow("signed in")
def excuse(ref: str) -> Any:
    """The partner lets a mark go."""
    found = _at_partner(ref)
    return _with_reason(
        found,
        spend.excuse,
        _("Let go. It counts no more."),
        "timebank/spend_excuse.html",
        f"/timebank/spend/partner?as={found.offer.partner.ref}",
    )


def _with_reason(found: SpendBooking, act: Any, done: str, template: str, back: str) -> Any:
    """A page that asks why, and then acts."""
    form = forms.Why()
    if form.validate_on_submit():
        try:
            act(found.ref, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(done)
            return see_other(back)
    return form_page(
        template, form, booking=found, offer=found.offer, back=back, who=_short(found.member), clock=clock_words, state=STATES[found.status]
    )


# --- the desk ------------------------------------------------------------------------------------------------------------


@spend_pages.get("/timebank/spend/desk")
@allow("help others")
def desk() -> Any:
    """Offers to look at, and what members say is wrong."""
    areas = current_user.areas("connector", "officer")
    return page(
        "timebank/spend_desk.html",
        offers=queries.to_look_at(areas),
        wrong=queries.questioned(areas),
        name=name_of,
        clock=clock_words,
        twice=spend_offers.look_twice,
    )


@spend_pages.route("/timebank/spend/desk/<ref>", methods=["GET", "POST"])
@allow("help others")
def look(ref: str) -> Any:
    """Look at an offer: approve it, or say what to change."""
    found = queries.offer(ref)
    if found is None or not may("help others", found):
        raise NotYours(_("We cannot find that offer."))
    form = forms.Look()
    if form.validate_on_submit():
        act = spend_offers.send_back if request.form.get("send_back") else spend_offers.approve
        try:
            act(ref, form.reason.data, current_user, shown=whole_number(request.form.get("version")))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Sent back. The partner is told.") if act is spend_offers.send_back else _("It is open. The partner is told."))
            return see_other("/timebank/spend/desk")
    return form_page(
        "timebank/spend_look.html", form, offer=found, partner=name_of(found.partner), in_words=times_in_words(found.windows), per=PER[found.per],
        state=OFFER_STATES[found.status], story=people.story_of(spend_offers.about(found)), words=EVENTS,
        officer=current_user.has_in(found.area_id, "officer"), own=members.acts_as(current_user, found.partner),
        twice=spend_offers.look_twice(found),
    )  # fmt: skip


@spend_pages.route("/timebank/spend/desk/bookings/<ref>", methods=["GET", "POST"])
@allow("help others")
def question(ref: str) -> Any:
    """What a member says is wrong with what was taken: undo it, or say that it stands."""
    found = queries.booking(ref)
    if found is None or not till.coordinates(current_user, found):
        raise NotFound(_("We cannot find that booking."))
    form = forms.Why()
    if form.validate_on_submit():
        act = till.stands if request.form.get("stands") else till.undo
        try:
            act(ref, form.reason.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done. They are told."))
            return see_other("/timebank/spend/desk")
    story = people.story_of(spend.about(found))
    proof = next((event.data.get("proof", "") for event, _name in story if event.kind == "redeemed"), "")
    return form_page(
        "timebank/spend_question.html", form, reached=caring.sides((found.member, found.offer.partner), current_user), booking=found, offer=found.offer, member=name_of(found.member), partner=name_of(found.offer.partner), story=story,
        words=BOOKING_EVENTS, state=STATES[found.status], clock=clock_words, proof=_(PROOFS[proof]) if proof in PROOFS else "", minutes=Minutes(found.minutes),
    )  # fmt: skip
