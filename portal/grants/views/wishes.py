"""Neighbours first: which lines of an idea are asked on the gift boards, asking for one, and stopping."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import Refused
from portal.gifts import asking
from portal.grants import from_idea, kept, queries, wishes
from portal.grants.forms import wishes as forms
from portal.grants.model import Application
from portal.money import Pence
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

line_wishes = Blueprint("line_wishes", __name__)


def shown(application: Application) -> dict[str, Any]:
    """What pages of an idea show of it: what was asked and what came, and whether more can be asked now."""
    asked = wishes.of_bid(application.id)
    return {
        "asked": asked, "wish_states": wishes.STATES, "not_needed": Pence(sum(each.saved for each in asked)),
        "may_ask": may("edit this bid", application) and wishes.may_ask(application, application.award),
    }  # fmt: skip


def to_ask(application: Application) -> dict[str, Any]:
    """The same for pages from which lines are asked for: line by line, with gifts on the boards like them."""
    some = shown(application)
    return some | {
        "asked_of": wishes.by_line(some["asked"]), "key_of": wishes.key_of, "how_many_in": wishes.how_many_in,
        "suggested": wishes.suggested(application, some["asked"], current_user) if some["may_ask"] else {},
    }  # fmt: skip


def after_the_end(ref: str) -> None:
    """A bid has just ended: its card goes back to the wall, and neighbours are not asked for it any more."""
    from_idea.open_again(ref)
    wishes.follow(ref)


@line_wishes.get("/grants/<ref>/wishes")
@allow("signed in")
def index(ref: str) -> Any:
    """Line by line; who gave what only for the applicant's side and for who helps others there."""
    application = queries.whole_bid(ref)
    require("see this bid", application)
    mine = may("edit this bid", application)
    return page(
        "grants/wishes.html", application=application, mine=mine, near=mine or may("help others", application),
        gifts=kept.gifts_of(application.id), **to_ask(application),
    )  # fmt: skip


@line_wishes.route("/grants/<ref>/wishes/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("15/minute", methods=["POST"])
def new(ref: str) -> Any:
    """Ask neighbours for one line, by its key."""
    application = queries.whole_bid(ref)
    require("edit this bid", application)
    line = wishes.line_by(application.lines, key := request.args.get("line", ""))
    first = application.first_day
    start = {"title": line.what[:80], "until_day": first if first is not None and first > clock.today() else None}
    form = forms.Ask(data=start if request.method == "GET" else None).fill()
    if form.validate_on_submit():
        wish = wishes.Wish(
            form.title.data, form.sort.data, form.pieces.data or 0, form.still.data or Pence(0), form.until_day.data, form.text.data
        )
        try:
            wishes.ask(ref, key, wish, current_user, grown=bool(form.grown.data), once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, {"quantity": "pieces"}.get(why.field or "", why.field))
        else:
            flash(_("Asked. Neighbours write to you on the gift board, and you say yes please to one of them."))
            return see_other(f"/grants/{ref}/wishes")
    return form_page(
        "grants/wish.html", form, application=application, line=line, key=key, how_many_in=wishes.how_many_in,
        asks_age=current_user.id != application.helper_id and asking.asks_age(current_user),
        suggested=wishes.suggested(application, wishes.of_bid(application.id), current_user).get(line.id),
    )  # fmt: skip


@line_wishes.post("/grants/<ref>/wishes/<post>/stop")
@allow("signed in")
def stop(ref: str, post: str) -> Any:
    require("edit this bid", queries.bid(ref))
    wishes.stop(ref, post, current_user)
    flash(_("Neighbours are not asked for this any more. Whoever offered it hears so."))
    return see_other(f"/grants/{ref}/wishes")


@line_wishes.post("/grants/<ref>/wishes/<post>/take")
@allow("signed in")
def take(ref: str, post: str) -> Any:
    """Somebody gives what a line would buy: ask them for it."""
    require("edit this bid", queries.bid(ref))
    pieces = whole_number(request.form.get("pieces", "1"))
    wishes.take_up(ref, request.form.get("line", ""), post, current_user, pieces=pieces)
    flash(_("Now write to them. When they hand it over, it counts for your idea."))
    return see_other(f"/gifts/{post}")
