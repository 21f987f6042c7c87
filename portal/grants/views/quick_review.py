"""Quick sparks before a panel: a float to grant, and the list of a month to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.db import db
from portal.errors import Refused
from portal.grants import floats, quick_review
from portal.grants import quick as sparks
from portal.grants.forms import quick as forms
from portal.grants.model import Fund, QuickFloat
from portal.money import pounds, round_pounds
from portal.panels import views as panel_views
from portal.panels.model import Panel, Seat
from portal.people import queries as people
from portal.web.filters import month as month_words
from portal.web.forms import Form, one_line
from portal.web.limits import limiter
from portal.web.pages import form_page, see_other
from portal.web.policy import allow
from portal.words import _

quick_reviews = Blueprint("quick_reviews", __name__)


# --- a float to grant ----------------------------------------------------------------------------------------------------


def titles(abouts: Sequence[str]) -> Mapping[str, str]:
    """What is asked, in a line each: two queries."""
    found = floats.requests(floats.request_id(each) for each in abouts)
    names = people.names(each.person_id for each in found.values())
    return {floats.matter_about(each): _title(each, names) for each in found.values()}


def hides(abouts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The connector: the list of quick sparks that everybody reads names none."""
    found = floats.requests(floats.request_id(each) for each in abouts)
    names = people.names(each.person_id for each in found.values())
    return {floats.matter_about(each): [names.get(each.person_id, "")] for each in found.values()}


def _title(request_: Any, names: Mapping[int, str]) -> str:
    words = {"amount": round_pounds(request_.amount), "name": names.get(request_.person_id, "")}
    if request_.kind == "topup":
        return _("%(amount)s more for the quick sparks of %(name)s", **words)
    return _("A float of %(amount)s for the quick sparks of %(name)s", **words)


def asks(about: str) -> Sequence[tuple[str, str]]:
    """What a seat must know to say whether it is tied."""
    found = floats.requests([floats.request_id(about)])[floats.request_id(about)]
    rows = [(_("Connector"), people.person(found.person_id).name), (_("Fund"), found.fund.name)]
    if found.asked_by_id != found.person_id:
        rows.append((_("Asked by"), people.person(found.asked_by_id).name))
    return rows


def seen_by_panel(about: str) -> Mapping[str, Any]:
    """What is asked and why; for more of it, what became of the money so far."""
    found = floats.requests([floats.request_id(about)])[floats.request_id(about)]
    held = db.session.get(QuickFloat, found.float_id) if found.float_id else None
    return {
        "title": _title(found, people.names([found.person_id])), "amount": found.amount, "reason": found.reason, "fund": db.session.get_one(Fund, found.fund_id).name,
        "most": floats.most_of(found.fund), "held": held, "given": sparks.sparks_of(float_id=held.id, limit=10) if held else [],
    }  # fmt: skip


for kind in floats.KINDS:
    panel_views.SHOWS[kind] = panel_views.Showing(titles, hides, asks, "grants/_quick_for_panel.html", seen_by_panel)


# --- the list of a month -------------------------------------------------------------------------------------------------


def on_panel(panel: Panel, _seat: Seat | None) -> Sequence[tuple[str, str, str, str]]:
    """A line for each list on the page of a panel."""
    return [
        (
            _("Quick sparks of %(month)s: %(number)d, %(sum)s", month=month_words(each.review.month), number=each.number, sum=round_pounds(each.pence)),
            f"/panels/{panel.ref}/quick/{each.review.month:%Y-%m}", _("to read") if each.review.closed_at is None else _("read"),
            "warm" if each.review.closed_at is None else "good",
        )
        for each in quick_review.months_of(panel.id)
    ]  # fmt: skip


panel_views.ALSO_ON.append(on_panel)


@quick_reviews.route("/panels/<ref>/quick/<month>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("60/minute", methods=["POST"])
def review(ref: str, month: str) -> Any:
    """A seat reads, asks about a line, says that it has read; the chair notes what came of it."""
    seen = quick_review.look(current_user, ref, month)
    act = request.form.get("act", "")
    if act not in ("read", "ask", "close"):  # then what was typed says what was meant
        act = "close" if "c-outcome" in request.form else "ask" if "q-words" in request.form else ""
    asked = one_line(request.form.get("spark"))[:20]
    question, close = forms.Question(prefix="q-") if act == "ask" else forms.Question(formdata=None, prefix="q-"), forms.Close(prefix="c-")
    form: Any = {"ask": question, "close": close}.get(act, Form())
    if request.method == "POST" and form.validate():
        try:
            match act:
                case "read":
                    quick_review.mark_read(current_user, ref, month)
                    flash(_("Thank you for reading."))
                case "ask":
                    quick_review.question(current_user, ref, month, asked, question.words.data)
                    flash(_("Asked. The connector hears of it, and the answer stands here."))
                case "close":
                    quick_review.close(current_user, ref, month, close.outcome.data)
                    flash(_("Noted. The register says that the panel has looked at these."))
                case _:
                    raise Refused(_("Choose what to do with this list."))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            return see_other(f"/panels/{ref}/quick/{month}")
    if request.method != "POST" or act != "close":
        close = forms.Close(formdata=None, prefix="c-")
    names = people.names([*(each.float.person_id for each in seen.sparks), seen.review.closed_by_id])
    return form_page(
        "grants/quick_review.html", form if request.method == "POST" else question, seen=seen, panel=seen.panel, review=seen.review, names=names, question=question, close=close,
        asked=asked, remarks=sparks.remarks_of([each.id for each in seen.sparks]), closes=quick_review.may_close(current_user, seen), payees=forms.PAYEES,
        plain=Form(formdata=None), today=clock.today(), total=pounds(seen.pence),
        lost=question.words.data if act == "ask" and asked not in {each.ref for each in seen.sparks} else "",
    )  # fmt: skip
