"""Telling how it went, and the officer's reading of it."""

from typing import Any

from flask import Blueprint, flash, make_response, request
from flask_login import current_user

from portal.errors import Conflict, Refused
from portal.grants import goods, kept, queries, report, worked
from portal.grants.forms import report as forms
from portal.grants.model import Application
from portal.grants.moves import about
from portal.grants.views import wishes as line_views
from portal.grants.views.apply import acting_on
from portal.history import Actor
from portal.people import queries as people
from portal.people.views import sent_picture, settings
from portal.web.forms import one_line, whole_number
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import _

reports = Blueprint("reports", __name__)


def _mine(ref: str) -> Application:
    application = queries.bid(ref)
    require("edit this bid", application)
    return application


@reports.get("/grants/<ref>/report")
@allow("signed in")
def show(ref: str) -> Any:
    return _show(_mine(ref))


def _show(application: Application, form: Any = None, receipt_form: Any = None) -> Any:
    found = report.of_bid(application)
    award = queries.award_of(application.id)
    assert award is not None
    form = form or forms.Tell(formdata=None, obj=found)
    receipt_form = receipt_form or forms.Receipt(formdata=None, prefix="r-")
    pledges = queries.pledges_of(application.id)
    hours, deliveries, gifts = worked.hours_for(award, pledges), queries.deliveries_of(award.id), kept.gifts_of(application.id)
    return form_page(
        "grants/report.html", receipt_form if receipt_form.errors else form, tell=form, receipt_form=receipt_form, application=application, report=found, award=award,
        spent=report.spent(found), owed=report.owed(award, found), paid_back=report.paid_back(award, found), photos=queries.photos_of(about(found)), pledges=pledges,
        records=hours.of, elsewhere=hours.elsewhere, deliveries=deliveries, meter=queries.meter_of(application, pledges, gifts),
        given=goods.meters(application, pledges, hours.everything, deliveries, gifts), gifts=gifts, editable=found.status in report.OPEN,
    )  # fmt: skip


@reports.post("/grants/<ref>/report/receipts")
@allow("signed in")
def add_receipt(ref: str) -> Any:
    application = _mine(ref)
    form = forms.Receipt(prefix="r-")
    if form.validate():
        assert form.amount.data is not None
        try:
            report.add_receipt(
                ref, form.what.data, form.amount.data, form.bought_on.data, sent_picture(), settings().data_dir, acting_on(application),
                once_key=form.once_key(current_user.id),
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence)
        else:
            flash(_("The receipt is in."))
            return see_other(f"/grants/{ref}/report#receipts")
    return _show(application, receipt_form=form)


@reports.post("/grants/<ref>/report/receipts/<int:number>/remove")
@allow("signed in")
def remove_receipt(ref: str, number: int) -> Any:
    application = _mine(ref)
    try:
        report.remove_receipt(ref, number, settings().data_dir, acting_on(application))
    except Refused as why:
        form = forms.Tell(formdata=None, obj=report.of_bid(application))
        form.refuse(why.sentence)
        return _show(application, form=form)
    flash(_("The receipt is out again."))
    return see_other(f"/grants/{ref}/report#receipts")


@reports.post("/grants/<ref>/report/words")
@allow("signed in")
def words(ref: str) -> Any:
    application = _mine(ref)
    form = forms.Tell()
    if not form.validate():
        return _show(application, form=form)
    version = request.form.get("version", "")
    try:
        new = report.save(
            ref,
            whole_number(version),
            form.happened.data,
            form.changed.data,
            bool(form.may_publish.data),
            acting_on(application),
        )
        picture = None if request.headers.get("X-Draft") else sent_picture()
        if picture is not None:
            report.add_photo(ref, picture, one_line(request.form.get("alt"))[:200], settings().data_dir, acting_on(application))
        if "send" in request.form:
            report.send(ref, acting_on(application))
            return see_other(f"/grants/{ref}/report/sent")
    except Conflict:
        if request.headers.get("X-Draft"):
            return make_response("", 409)
        raise
    except Refused as why:
        form.refuse(why.sentence, why.field if why.field != "photo" else None)
        return _show(application, form=form)
    if request.headers.get("X-Draft"):
        response = make_response("", 204)
        response.headers["X-Version"] = str(new)
        return response
    flash(_("Saved."))
    return see_other(f"/grants/{ref}/report#words")


@reports.get("/grants/<ref>/report/sent")
@allow("signed in")
def sent(ref: str) -> Any:
    application = _mine(ref)
    found = report.of_bid(application)
    if found.sent_at is None:
        return see_other(f"/grants/{ref}/report")
    award = queries.award_of(application.id)
    assert award is not None
    return page("grants/report_sent.html", application=application, owed=report.owed(award, found))


@reports.get("/desk/reports")
@allow("handle bids")
def desk() -> Any:
    waiting = report.waiting(areas=current_user.areas("officer"))
    return page("grants/desk_reports.html", waiting=waiting, names=people.names(application.person_id for _report, application in waiting))


@reports.get("/desk/reports/<ref>")
@allow("handle bids")
def desk_one(ref: str) -> Any:
    return _desk_one(ref, forms.Note(formdata=None), forms.Waive(formdata=None, prefix="w-"))


def _desk_one(ref: str, form: Any, waive_form: Any) -> Any:
    application = queries.bid(ref)
    found = report.of_bid(application)
    award = queries.award_of(application.id)
    assert award is not None
    pledges, deliveries = queries.pledges_of(application.id), queries.deliveries_of(award.id)
    return form_page(
        "grants/desk_report.html", waive_form if waive_form.errors else form, note_form=form, waive_form=waive_form, application=application, report=found, award=award,
        spent=report.spent(found), owed=report.owed(award, found), photos=queries.photos_of(about(found)), pledges=pledges,
        hours=worked.hours_for(award, pledges), deliveries=deliveries, receipt_photos=queries.photos_of(*[f"receipt:{one.id}" for one in found.receipts]),
        person=people.person(application.person_id), **line_views.shown(application),
    )  # fmt: skip


@reports.post("/desk/reports/<ref>/accept")
@allow("handle bids")
def accept(ref: str) -> Any:
    report.accept(ref, Actor(current_user.id))
    flash(_("Thank you. They hear from us now."))
    return see_other("/desk/reports")


@reports.post("/desk/reports/<ref>/ask")
@allow("handle bids")
def ask(ref: str) -> Any:
    form = forms.Note()
    if not form.validate():
        return _desk_one(ref, form, forms.Waive(formdata=None, prefix="w-"))
    report.ask_more(ref, form.note.data, Actor(current_user.id))
    flash(_("Asked. They get a message now."))
    return see_other("/desk/reports")


@reports.post("/desk/reports/<ref>/waive")
@allow("handle bids")
def waive(ref: str) -> Any:
    form = forms.Waive(prefix="w-")
    if not form.validate():
        return _desk_one(ref, forms.Note(formdata=None), form)
    report.waive(ref, form.reason.data, Actor(current_user.id))
    flash(_("The report is let go, and the grant is closed."))
    return see_other("/desk/reports")
