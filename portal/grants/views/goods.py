"""What neighbours gave beside hours: said on their own page, written down for them, and checked."""

from typing import Any

from flask import Blueprint, flash, g, request
from flask_login import current_user

from portal import photos
from portal.errors import NotFound, Refused
from portal.grants import goods, match, queries
from portal.grants.forms import match as forms
from portal.grants.goods import ByLink, ForIdea, Given, Hand
from portal.grants.model import Delivery, Photo
from portal.grants.views import apply as apply_views
from portal.grants.views.match import acting, as_promised, its_bid, neighbour_page, not_own, pledge_of, private
from portal.people.views import settings
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow, may
from portal.words import _

other_help = Blueprint("other_help", __name__)


def _given(form: forms.Gave) -> Given:
    assert form.value.data is not None and form.day.data is not None
    return Given(form.kind.data or "", form.what.data, form.value.data, form.day.data)


def _picture(form: forms.Gave) -> photos.Picture | None:
    sent = request.files.get(form.photo.name)
    return photos.read(sent.read()) if sent is not None and sent.filename else None


def _shown() -> int:
    """The version that the button of this form showed."""
    return whole_number(request.form.get("version", ""))


def _of_line(row: Delivery) -> forms.Gave:
    """The form as a line stands; what is sent fills it instead."""
    return forms.Gave(data={"kind": row.kind, "what": row.what, "value": row.value, "day": row.day}).fill()


# --- by the neighbour's link ---------------------------------------------------------------------------------------------


def _checker(token: str) -> str:
    return _("An officer or a connector checks it.") if match.at_the_door(match.by_token(token)) else _("Whoever asked you checks it.")


@other_help.post("/m/<token>/gave")
@allow("anyone")
@limiter.limit("30/minute")
def say(token: str) -> Any:
    not_own(token)
    form = forms.Gave(prefix="gave-").fill()
    if form.validate():
        try:
            goods.say(token, _given(form), _picture(form), settings().data_dir, once_key=form.once_key(f"link:{match.by_token(token).id}"))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Thank you! It is written down.") + " " + _checker(token))
            return see_other(f"/m/{token}")
    return neighbour_page(token, gave=form)


@other_help.post("/m/<token>/gave/<ref>/<any(check, withdraw):act>")
@allow("anyone")
@limiter.limit("30/minute")
def judge_own(token: str, ref: str, act: str) -> Any:
    not_own(token)
    _judge(ByLink(token), ref, act)
    return see_other(f"/m/{token}")


def _line_of_link(token: str, ref: str) -> Delivery:
    pledge = match.by_token(token)
    found = goods.delivery_of(queries.bid_by_id(pledge.application_id).ref, ref)
    if found.pledge_id != pledge.id:
        raise NotFound(_("We cannot find that line."))
    return found


@other_help.route("/m/<token>/gave/<ref>", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("30/minute")
def change_own(token: str, ref: str) -> Any:
    g.private = True
    row = _line_of_link(token, ref)
    if request.method == "POST":
        not_own(token)
    if row.entered_by != queries.worker_of(match.by_token(token)) or row.status != "delivered":
        return see_other(f"/m/{token}")
    return _change(ByLink(token), row, f"/m/{token}", private_page=True)


@other_help.route("/m/<token>/gave/<ref>/refuse", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("30/minute")
def refuse_own(token: str, ref: str) -> Any:
    g.private = True
    row = _line_of_link(token, ref)
    if request.method == "POST":
        not_own(token)
    return private(_undo(ByLink(token), row, "refuse", f"/m/{token}"))


# --- by the applicant's side, a connector, an officer --------------------------------------------------------------------


@other_help.route("/grants/<ref>/match/<pledge>/gave", methods=["GET", "POST"])
@allow("signed in")
def write(ref: str, pledge: str) -> Any:
    application = its_bid(ref, desk=True)
    found = pledge_of(application, pledge)
    award = queries.award_of(application.id)
    form = forms.Gave(data=as_promised(found, award, queries.deliveries_of(award.id) if award else [])).fill()
    if form.validate_on_submit():
        try:
            goods.write(
                ref, pledge, _given(form), _picture(form), settings().data_dir, acting(application), once_key=form.once_key(current_user.id)
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(
                _("Written down. A second person checks it: a connector or an officer.")
                if match.at_the_door(found)
                else _("Written down. A second person checks it: %(name)s, a connector or an officer.", name=found.name)
            )
            return see_other(f"/grants/{ref}/match")
    return form_page(
        "grants/gave.html", form, back=f"/grants/{ref}/match", name=found.name, application=application, row=None, at_the_door=match.at_the_door(found)
    )  # fmt: skip


@other_help.route("/grants/<ref>/match/gave/<delivery>", methods=["GET", "POST"])
@allow("signed in")
def change(ref: str, delivery: str) -> Any:
    application = its_bid(ref, desk=True)
    row = goods.delivery_of(ref, delivery)
    by = acting(application)
    if row.entered_by != by.code or row.status != "delivered":
        return see_other(f"/grants/{ref}/match")
    return _change(ForIdea(ref, by), row, f"/grants/{ref}/match")


@other_help.post("/grants/<ref>/match/gave/<delivery>/<any(check, withdraw):act>")
@allow("signed in")
def judge(ref: str, delivery: str, act: str) -> Any:
    application = its_bid(ref, desk=True)
    _judge(ForIdea(ref, acting(application)), delivery, act, officer=may("handle bids", application))
    return see_other(f"/grants/{ref}/match")


@other_help.route("/grants/<ref>/match/gave/<delivery>/<any(refuse, take_back):act>", methods=["GET", "POST"])
@allow("signed in")
def undo(ref: str, delivery: str, act: str) -> Any:
    application = its_bid(ref, desk=True)
    return _undo(ForIdea(ref, acting(application)), goods.delivery_of(ref, delivery), act, f"/grants/{ref}/match")


# --- the same for both ---------------------------------------------------------------------------------------------------


def _judge(hand: Hand, ref: str, act: str, *, officer: bool = False) -> None:
    if act == "check":
        goods.check(hand, ref, _shown(), officer=officer)
        flash(_("Thank you! It counts now."))
    else:
        goods.withdraw(hand, ref, settings().data_dir)
        flash(_("It is out again."))


def _change(hand: Hand, row: Delivery, back: str, *, private_page: bool = False) -> Any:
    ref, version, form = row.ref, row.version, _of_line(row)
    if form.validate_on_submit():
        try:
            goods.correct(hand, ref, _shown(), _given(form), _picture(form), settings().data_dir)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("It is put right."))
            return see_other(back)
    if request.method == "POST":
        version = _shown()
    shown = form_page("grants/gave.html", form, back=back, name="", application=None, row=row, version=version, at_the_door=False)
    return private(shown) if private_page else shown


def _undo(hand: Hand, row: Delivery, act: str, back: str) -> Any:
    ref, form = row.ref, forms.Why()
    if form.validate_on_submit():
        try:
            if act == "refuse":
                goods.turn_down(hand, ref, form.reason.data, settings().data_dir)
            else:
                assert isinstance(hand, ForIdea)
                goods.take_back(hand.bid_ref, ref, form.reason.data, hand.actor)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done. It does not count."))
            return see_other(back)
    return form_page("grants/gave_undo.html", form, back=back, row=row)


# --- photos --------------------------------------------------------------------------------------------------------------


def _photo(row: Photo) -> tuple[bool, bool]:
    """Never for everybody: for the applicant's side, officers, finance, and whoever may check at the door."""
    application = goods.bid_of_photo(row)
    return False, may("see this bid", application) or may("help others", application)


apply_views.OTHER_PHOTOS["delivery"] = _photo
