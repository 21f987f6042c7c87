"""Giving time away, and leaving."""

from typing import Any

from flask import flash
from flask_login import current_user

from portal import photos
from portal.errors import Refused
from portal.money import Minutes, hours
from portal.people.views import settings
from portal.timebank import forms, leaving, members, queries
from portal.timebank.members import name_of
from portal.timebank.views.hours import STATES, suffix, timebank, whose
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import _


@timebank.route("/timebank/give", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def give() -> Any:
    """Some of what one has, to the pot or to somebody."""
    mine = whose()
    has = members.balance(mine)
    form = forms.Give()
    form.fill(mine.area.name, members.recent(mine))
    if form.validate_on_submit():
        try:
            name = leaving.donate(
                mine.ref, form.whom(), form.time.data or 0, form.note.data, current_user, once_key=form.once_key(current_user.id)
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Given: %(time)s to %(name)s. Thank you!", time=hours(form.time.data or 0), name=name))
            return see_other(f"/timebank/{suffix(mine)}")
    return form_page("timebank/give.html", form, me=mine, has=has, as_=suffix(mine), name=name_of(mine))


@timebank.route("/timebank/leave", methods=["GET", "POST"])
@allow("signed in")
def leave() -> Any:
    """Leave the timebank, and say where the hours go."""
    mine = whose()
    has = members.balance(mine)
    form = forms.Leave()
    form.fill(mine.area.name, members.recent(mine))
    if form.validate_on_submit():
        try:
            files = leaving.leave(mine.ref, form.whom() if has > 0 else leaving.POT, form.note.data, current_user)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            for file in files:
                photos.drop(file, settings().data_dir)
            flash(_("You have left the timebank. You can come back at any time."))
            return see_other("/timebank/")
    waiting, under_way = queries.unsettled(mine, current_user)
    return form_page(
        "timebank/leave.html", form, me=mine, has=Minutes(has), as_=suffix(mine), name=name_of(mine), open=[*waiting, *under_way], in_words=queries.in_words, states=STATES,
    )  # fmt: skip
