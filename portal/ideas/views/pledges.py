""" "I'm in", with an account by two taps or without one; and a neighbour's own page behind a link."""

from typing import Any

from flask import Blueprint, flash, g, request
from flask_login import current_user

from portal.errors import Refused
from portal.ideas import counting, forms, pledges, queries
from portal.money import Minutes, hours
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, see_other
from portal.web.policy import allow, require
from portal.words import _

idea_pledges = Blueprint("idea_pledges", __name__)
QUICK = (60, 120, 180, 300, 480)  # minutes that one tap says


@idea_pledges.route("/ideas/<ref>/in", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def say_in(ref: str) -> Any:
    """How many hours? Signed in, one tap on a number is enough."""
    idea = queries.readable(ref, current_user)
    if idea.status == "joined":
        return see_other(f"/ideas/{queries.root_of(idea).ref}/in")
    my = counting.of_person_on(idea, current_user.id) if current_user.is_authenticated else None
    form = forms.In(data={"minutes": my.minutes} if my is not None else None).fill()
    key = form.once_key(current_user.id or "")
    if current_user.is_authenticated and (tap := whole_number(request.form.get("tap"))) > 0:
        pledges.say_in(ref, tap, current_user)
        return _thanks(ref, tap)
    made: list[str] = []

    def say() -> None:
        minutes = form.minutes.data or 0
        if current_user.is_authenticated:
            pledges.say_in(ref, minutes, current_user, once_key=key)
        else:
            made.append(
                pledges.say_in_without(ref, form.name.data, minutes, form.contact.data, once_key=key, another=bool(form.another.data))
            )

    if done(form, say):
        if made and made[0]:
            flash(_("Thank you! You are in."))
            return see_other(f"/ideas/in/{counting.token_of(counting.by_ref(made[0]))}")
        if made:
            flash(_("Thank you! We have sent you a link. There you can say that it was you, change it, or take it back."))
            return see_other(f"/ideas/{ref}")
        return _thanks(ref, form.minutes.data or 0)
    return form_page("ideas/in.html", form, idea=idea, my=my, quick=QUICK, live=queries.is_live(idea), back=f"/ideas/{ref}")


def _thanks(ref: str, minutes: int) -> Any:
    flash(_("Thank you! You are in with %(hours)s.", hours=hours(minutes)))
    return see_other(f"/ideas/{ref}")


@idea_pledges.post("/ideas/<ref>/out")
@allow("signed in")
def say_out(ref: str) -> Any:
    """Not any more."""
    pledges.say_out(ref, current_user)
    flash(_("You are out again. That is fine."))
    return see_other(f"/ideas/{ref}")


@idea_pledges.route("/ideas/<ref>/paper", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("60/minute", methods=["POST"])
def paper(ref: str) -> Any:
    """A connector types who said "I'm in" on paper or at the door."""
    idea = queries.by_ref(ref)
    require("help others", idea)
    form = forms.In().fill()

    def write() -> None:
        pledges.write_down(
            ref,
            form.name.data,
            form.minutes.data or 0,
            form.contact.data,
            current_user,
            basis=form.basis.data,
            once_key=form.once_key(current_user.id),
        )

    if done(form, write):
        flash(_("%(name)s is in.", name=form.name.data))
        return see_other(f"/ideas/{ref}")
    return form_page("ideas/paper.html", form, idea=idea, back=f"/ideas/{ref}")


# --- a neighbour's own page ----------------------------------------------------------------------------------------------


def _page(token: str, form: Any) -> Any:
    g.private = True
    pledge, sent = counting.opened(token)
    idea = queries.by_id(pledge.idea_id)
    root = queries.root_of(idea)
    response = form_page(
        "ideas/neighbour.html", form, pledge=pledge, idea=idea, root=root, token=token, waits=counting.waits(pledge),
        to_prove=sent and pledge.proved_at is None and (pledge.status == "in" or counting.waits(pledge)),
        live=queries.is_live(root), became=queries.became([root.id]).get(root.id, ()), state=queries.STATE_WORDS[root.status],
        public=queries.for_all(root), address=counting.link_of(pledge, counting.SENT if sent else counting.DOOR),
        next_link=queries.next_link([pledge.id]),
    )  # fmt: skip
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@idea_pledges.get("/ideas/in/<token>")
@allow("anyone")
@limiter.limit("60/minute")
def neighbour(token: str) -> Any:
    """What they said, what became of it, and changing it."""
    pledge, _sent = counting.opened(token)
    return _page(token, forms.Change(formdata=None, data={"minutes": pledge.minutes}))


@idea_pledges.post("/ideas/in/<token>/<any(yes, change, out):act>")
@allow("anyone")
@limiter.limit("30/minute")
def act(token: str, act: str) -> Any:
    """Yes, it was me; another number; not any more."""
    form = forms.Change()
    if act == "yes":
        pledges.prove(token)
        flash(_("Thank you!"))
    elif act == "out":
        pledges.take_back(token)
        flash(_("You are out again. That is fine. Thank you for telling us."))
    elif form.validate():
        try:
            pledges.change(token, form.minutes.data or Minutes(0))
        except Refused as why:
            form.refuse(why.sentence, why.field)
            return _page(token, form)
        flash(_("Changed. Thank you!"))
    else:
        return _page(token, form)
    return see_other(f"/ideas/in/{token}")
