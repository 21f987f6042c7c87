"""A panel in a hall: the page of whoever runs the meeting, the big screen that everybody reads, and what is tapped.

Page and screen follow by polling: two queries beside who asks, and 204 while nothing has changed.
"""

from datetime import datetime
from typing import Any

from flask import Response, flash, make_response, request
from flask_login import current_user
from htmx_flask import request as htmx_request

from portal import clock
from portal.errors import Conflict, NotFound, NotYours, Refused
from portal.panels import actions, forms, hall, marking, queries
from portal.panels.model import Hall
from portal.panels.views.matters import panels, showing_of, titles_of
from portal.web.limits import limiter
from portal.web.pages import page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

HANDS = {"yes": N_("Yes"), "no": N_("No"), "not_yet": N_("Not yet"), "abstain": N_("Abstain")}


def _address(ref: str, sitting_ref: str | None) -> str:
    return f"/panels/{ref}/sittings/{sitting_ref}/hall" if sitting_ref is not None else f"/panels/{ref}/hall"


@panels.get("/<ref>/hall")
@panels.get("/<ref>/sittings/<sitting_ref>/hall")
@allow("signed in")
def in_hall(ref: str, sitting_ref: str | None = None) -> Any:
    """The meeting: for an officer and the chair to run, for every other seat what is on the table, without what ties them."""
    here = hall.place(ref, sitting_ref)
    seen = hall.stamp(here, current_user)
    return _unchanged(seen) or _hall_page(here, seen, None)


@panels.get("/<ref>/hall/screen")
@panels.get("/<ref>/sittings/<sitting_ref>/hall/screen")
@allow("signed in")
def screen(ref: str, sitting_ref: str | None = None) -> Any:
    """The big screen: what everybody may read of what is on the table, the time, and the hands once they are all raised."""
    here = hall.place(ref, sitting_ref)
    seen = hall.stamp(here, current_user)
    if (unchanged := _unchanged(seen)) is not None:
        return unchanged
    room = hall.room(current_user, here, marks=False)
    if not room.leads:
        raise NotFound(_("We cannot find that page."))
    row = room.table
    public = showing_of(row.matter.about).public if row is not None and row.runs else None
    response = page(
        "panels/hall_screen.html", block="room", room=room, row=row, public=public(row.matter.about) if public and row else None, stamp=seen, words=HANDS,
        address=_address(ref, sitting_ref), look=request.args.get("look", ""), **_time(here.hall),
    )  # fmt: skip
    return _stamped(response, seen)


@panels.post("/<ref>/hall")
@panels.post("/<ref>/sittings/<sitting_ref>/hall")
@allow("signed in")
@limiter.limit("300/minute")
def tap(ref: str, sitting_ref: str | None = None) -> Any:
    """One tap. Where a script runs it is kept on the device until this answers: 204, or in plain words why not."""
    quiet, form = "X-Tap" in request.headers, forms.Tap()
    try:
        if not form.validate():
            raise Refused(" ".join(str(each) for some in form.errors.values() for each in some))
        one = form.tap()
        if one.act == "reveal":
            marking.reveal(current_user, ref, one.matter)
        elif one.act == "close":
            actions.close(current_user, ref, one.matter)
            flash(_("Counted. Keep it to yourself until the letters have gone out."))
        else:
            key = form.once_key(current_user.id) + f":{one.act}:{one.matter}:{one.person}:{one.choice}"
            hall.tap(current_user, ref, sitting_ref, one, once_key=key)
    except (Refused, Conflict, NotFound, NotYours) as why:
        if quiet:
            return Response(why.sentence, 409, mimetype="text/plain")
        if isinstance(why, NotFound | NotYours):
            raise
        form.refuse(why.sentence, why.field)
        here = hall.place(ref, sitting_ref)
        return _hall_page(here, hall.stamp(here, current_user), form)
    return Response(status=204) if quiet else see_other(_address(ref, sitting_ref))


def _hall_page(here: hall.Place, seen: str, form: forms.Tap | None) -> Any:
    room = hall.room(current_user, here)
    if room.seat is not None and not queries.accepted(room.seat) and not may("manage panels"):
        return see_other(f"/panels/{here.panel.ref}/conduct")
    response = page(
        "panels/hall.html", block="room", status=422 if form is not None else 200, room=room, row=room.table, stamp=seen, form=form or forms.Tap(formdata=None),
        titles=titles_of([each.matter.about for each in room.rows if not each.hidden]), words=HANDS, mark_words=forms.MARK_WORDS, sources=forms.SOURCE_WORDS,
        today=clock.today(), address=_address(here.panel.ref, here.sitting.ref if here.sitting else None), **_time(here.hall),
    )  # fmt: skip
    return _stamped(response, seen)


def _time(found: Hall | None) -> dict[str, Any]:
    now = clock.now()
    return {"now": _milliseconds(now), "left": hall.seconds_left(found, now), "ends": _milliseconds(found.ends_at) if found is not None and found.ends_at else ""}  # fmt: skip


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _unchanged(seen: str) -> Response | None:
    if htmx_request.htmx and seen in request.if_none_match:
        return _stamped(make_response("", 204), seen)
    return None


def _stamped(response: Response, seen: str) -> Response:
    """With the server's time, by which every screen counts down alike."""
    response.set_etag(seen)
    response.headers["X-Now"] = str(_milliseconds(clock.now()))
    return response
