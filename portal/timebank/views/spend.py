"""What members can do with their time: the list, one offer, booking, giving back, something wrong."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, flash, g, request, send_file
from flask_login import current_user

from portal import clock, photos
from portal.errors import NotFound, Refused
from portal.people.views import settings
from portal.places import queries as places
from portal.refs import clean_ref
from portal.timebank import members, spend, till
from portal.timebank import spend_queries as queries
from portal.timebank.members import name_of
from portal.timebank.model import Member
from portal.timebank.spend_model import SpendBooking, SpendOffer
from portal.timebank.spend_places import taken, times_of
from portal.timebank.spend_rules import AHEAD, PER, clock_words, times_in_words
from portal.timebank.views import spend_forms as forms
from portal.timebank.views.hours import NotJoined, first_join, suffix
from portal.web.forms import one_line, plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

spend_pages = Blueprint("spend", __name__)
spend_pages.register_error_handler(NotJoined, first_join)

PAGE = 20
SHOWN = 14  # days of times on one page
STATES = {
    "waiting": (N_("on the waiting list"), "warm"), "booked": (N_("booked"), "good"), "redeemed": (N_("used"), "good"), "undone": (N_("undone: the time is back"), ""),
    "cancelled": (N_("given back"), ""), "late": (N_("given back late"), "warm"), "missed": (N_("not used"), "warm"), "off": (N_("called off"), ""),
    "passed": (N_("no place became free"), ""),
}  # fmt: skip
OFFER_STATES = {
    "waiting": (N_("a coordinator looks at it"), "calm"), "sent_back": (N_("change something first"), "warm"), "open": (N_("open"), "good"),
    "ended": (N_("ended"), ""),
}  # fmt: skip


# --- whose page ----------------------------------------------------------------------------------------------------------


def for_whom(needed: bool = True) -> tuple[Member | None, str, bool]:
    """(the member, what the address must keep saying, whether somebody helps them). `as` names one of mine, or whom I may help."""
    if not current_user.is_authenticated:
        return None, "", False
    wanted, mine = request.values.get("as", "")[:40], members.own(current_user)
    if wanted and not any(each.ref == clean_ref(wanted) for each in mine):
        helped = members.helped(clean_ref(wanted) or "", current_user)
        return helped, f"?as={helped.ref}", True
    found = members.chosen(mine, wanted)
    if found is None and needed:
        raise NotJoined
    return found, suffix(found) if found else "", False


def _me() -> tuple[Member, str, bool]:
    found, as_, helps = for_whom()
    assert found is not None
    return found, as_, helps


def joined(path: str, as_: str, **more: object) -> str:
    """An address with whose page it is, and more."""
    pairs = [as_.removeprefix("?")] if as_ else []
    pairs += [f"{name}={quote(str(value))}" for name, value in more.items() if value not in (None, "", False)]
    return path + ("?" + "&".join(pairs) if pairs else "")


# --- the list ------------------------------------------------------------------------------------------------------------


@spend_pages.get("/timebank/spend/")
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    """What there is, the newest first; by place, and by what one has."""
    me, as_, helps = for_whom(needed=False)
    area, afford = one_line(request.args.get("area"))[:60], me is not None and bool(request.args.get("afford"))
    has = members.balance(me) if me else None
    most = has - members.floor_of(me, members.open_rules()) if me is not None and has is not None and afford else None
    before = whole_number(request.args.get("before"), 0) or None
    found = queries.open_offers(area, most, before, PAGE + 1)
    older = joined("/timebank/spend/", as_, area=area, afford=afford and 1, before=found[PAGE - 1].id) if len(found) > PAGE else None
    return page(
        "timebank/spend_index.html", offers=found[:PAGE], older=older, first=before is None, me=me, as_=as_, helps=helps, has=has, area=area, afford=afford,
        areas=[each for each in places.areas() if each.kind != "scheme"], times=times_in_words, name=name_of(me) if me else "",
        partner=current_user.is_authenticated and bool(current_user.acts_for),
    )  # fmt: skip


# --- one offer -----------------------------------------------------------------------------------------------------------


def readable(ref: str) -> SpendOffer:
    """An offer that this reader may see: everybody what is or was open, its partner and coordinators also what waits. NotFound."""
    found = queries.offer(ref)
    if found is not None:
        seen = found.status == "open" or (found.status == "ended" and found.opened_at is not None)
        if seen or (current_user.is_authenticated and (members.acts_as(current_user, found.partner) or may("help others", found))):
            return found
    raise NotFound(_("We cannot find that offer."))


@spend_pages.get("/timebank/spend/<ref>")
@allow("anyone")
def one(ref: str) -> Any:
    me, as_, helps = for_whom(needed=False)
    return _one(ref, forms.Book(formdata=None).fill(helps), me, as_, helps)


def _one(ref: str, form: Any, me: Member | None, as_: str, helps: bool) -> Any:
    found = readable(ref)
    since = plain_day(request.args.get("from"), clock.today())
    last = clock.today() + timedelta(days=AHEAD)
    since = min(max(since, clock.today()), last)
    shown = min(SHOWN, (last - since).days + 1)
    bookable = found.status == "open" and found.ahead
    times = [each for each in times_of(found, since, shown) if each.starts_at > clock.now()] if bookable else []
    mine = {(each.day, each.begins): each for each in queries.mine_at(me, found, clock.today())} if me else {}
    later = since + timedelta(days=SHOWN)
    has, kept = spend.has_and_kept(me) if me else (None, 0)
    return form_page(
        "timebank/spend_one.html", form, offer=found, me=me, as_=as_, helps=helps, times=times, taken=taken(found, times) if times else {}, mine=mine,
        in_words=times_in_words(found.windows), per=PER[found.per], clock=clock_words, has=has, kept=kept, state=OFFER_STATES[found.status],
        later=joined(f"/timebank/spend/{ref}", as_, **{"from": later.isoformat()}) if bookable and later <= last else None, states=STATES,
        own=current_user.is_authenticated and members.acts_as(current_user, found.partner), name=name_of(me) if me else "", partner=name_of(found.partner),
        today=clock.today(),
    )  # fmt: skip


@spend_pages.post("/timebank/spend/<ref>/book")
@allow("signed in")
@limiter.limit("60/minute")
def book(ref: str) -> Any:
    """Keep a place at the time of the button ("2026-11-30 600"), or wait for one ("2026-11-30 600 wait")."""
    me, as_, helps = _me()
    form = forms.Book().fill(helps)
    day, begins, wait = (*request.form.get("when", "")[:40].split(" "), "", "", "")[:3]
    try:
        done = spend.book(
            ref,
            plain_day(day, date.min),
            whole_number(begins),
            me.ref,
            current_user,
            wait=wait == "wait",
            basis=form.basis.data if helps else None,
        )
    except Refused as why:
        form.refuse(why.sentence, why.field if why.field == "basis" else None)
        return _one(ref, form, me, as_, helps)
    flash(_("The place is kept.") if done.status == "booked" else _("You are on the waiting list. We tell you when a place is free."))
    return see_other(f"/timebank/spend/bookings/{done.ref}{as_}")


@spend_pages.get("/timebank/spend/<ref>/photo.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """The picture of an offer, to who may see the offer."""
    found = readable(ref)
    if found.photo_file is None:
        raise NotFound(_("That photo is gone."))
    for_all = found.status == "open"
    g.private = not for_all
    response = send_file(photos.path(found.photo_file, settings().data_dir), mimetype="image/jpeg", max_age=300 if for_all else 0)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- bookings ------------------------------------------------------------------------------------------------------------


@spend_pages.get("/timebank/spend/mine")
@allow("signed in")
def mine() -> Any:
    """My places to come, and what became of the others."""
    me, as_, helps = _me()
    before = whole_number(request.args.get("before"), 0) or None
    found = queries.past(me, before, PAGE + 1)
    older = joined("/timebank/spend/mine", as_, before=found[PAGE - 1].id) if len(found) > PAGE else None
    standing = queries.coming(me) if before is None else []
    return page(
        "timebank/spend_mine.html", me=me, as_=as_, helps=helps, name=name_of(me), coming=[each for each in standing if not each.over],
        just_over=[each for each in standing if each.over], past=found[:PAGE],
        older=older, first=before is None, states=STATES, clock=clock_words,
    )  # fmt: skip


def _booking(ref: str) -> tuple[SpendBooking, bool]:
    """A booking of mine, or of whom I may help (True). NotFound for everybody else."""
    found = queries.booking(ref)
    if found is not None:
        if members.acts_as(current_user, found.member):
            return found, False
        if may("help others", found.member):
            return found, True
    raise NotFound(_("We cannot find that booking."))


@spend_pages.get("/timebank/spend/bookings/<ref>")
@allow("signed in")
def booking(ref: str) -> Any:
    return _booking_page(ref, forms.Wrong(formdata=None))


def _booking_page(ref: str, form: Any) -> Any:
    g.private = True
    found, helps = _booking(ref)
    as_ = f"?as={found.member.ref}" if helps else suffix(found.member)
    open_ = found.status in ("waiting", "booked") and found.starts_at > clock.now()
    return form_page(
        "timebank/spend_booking.html", form, booking=found, offer=found.offer, helps=helps, as_=as_, name=name_of(found.member), partner=name_of(found.offer.partner),
        code=spend.code_of(found) if found.status == "booked" else "", state=STATES[found.status], clock=clock_words, can_give_back=open_,
        late=open_ and found.status == "booked" and clock.now() > found.free_until, wrong=form if isinstance(form, forms.Wrong) else forms.Wrong(formdata=None),
        cancel=form if isinstance(form, forms.Book) else forms.Book(formdata=None).fill(helps), line=queries.place_in_line(found) if found.status == "waiting" else 0,
        own=members.acts_as(current_user, found.offer.partner),
    )  # fmt: skip


@spend_pages.get("/timebank/spend/bookings/<ref>.ics")
@allow("signed in")
def booking_calendar(ref: str) -> Response:
    """The file for a calendar, for whose booking it is."""
    g.private = True
    found, _helps = _booking(ref)
    response = Response(spend.calendar_of(found), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.ref}.ics"'
    return response


@spend_pages.post("/timebank/spend/bookings/<ref>/cancel")
@allow("signed in")
def cancel(ref: str) -> Any:
    """Give a place back, or wait no longer."""
    found, helps = _booking(ref)
    form = forms.Book().fill(helps)
    try:
        done = spend.cancel(ref, current_user, basis=form.basis.data if helps else None)
    except Refused as why:
        form.refuse(why.sentence, why.field if why.field == "basis" else None)
        return _booking_page(ref, form)
    flash(
        _("Given back. Thank you for telling us.")
        if done.status == "cancelled"
        else _("Given back. It was late, so the partner sees it; it costs nothing.")
    )
    return see_other(joined("/timebank/spend/mine", f"?as={found.member.ref}" if helps else suffix(found.member)))


@spend_pages.post("/timebank/spend/bookings/<ref>/wrong")
@allow("signed in")
@limiter.limit("20/minute")
def wrong(ref: str) -> Any:
    """Something wrong with what was taken: a coordinator looks at it."""
    _booking(ref)
    form = forms.Wrong()
    if form.validate():
        try:
            till.something_wrong(ref, form.words.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you for telling us. A coordinator looks at it and tells you."))
            return see_other(f"/timebank/spend/bookings/{ref}")
    return _booking_page(ref, form)
