"""Making one idea of two: asking, answering, taking apart."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal.errors import Conflict, NotFound, Refused
from portal.ideas import cards, forms, joining, queries
from portal.ideas.model import Idea
from portal.ideas.views.cards import mine_or_desk
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _

idea_joins = Blueprint("idea_joins", __name__)
ANSWERED = {
    "joined": N_("They are one idea now. Everybody who is in hears of it."),
    "declined": N_("They stay two ideas."),
    "asked": N_("Thank you. The other side has not said yes yet. When they do, the two are one idea."),
}


@idea_joins.route("/ideas/<ref>/join", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def ask(ref: str) -> Any:
    """Which other card wants the same (`?with=` its number), and which of the two stays."""
    idea, desk = mine_or_desk(ref)
    number = whole_number(request.values.get("with") or request.form.get("number"), 0)
    other = _other(idea, number)
    form = forms.Join(data={"number": number or None} if request.method == "GET" else None)
    form = form.fill(idea.title, other.title if other is not None else "")
    made: list[Any] = []

    def join() -> None:
        if other is None:
            raise Refused(_("Write the number of another card that is on the wall."), "number")
        first, second = (other, idea) if form.way.data == "from" else (idea, other)
        this = "idea" if first is idea else "into"
        that = "into" if first is idea else "idea"
        said = {"this": (this,), "other": (that,)}.get(form.said.data or "", joining.SIDES)
        made.append(joining.ask(first.ref, second.ref, current_user, basis=form.basis.data or None, said=said))

    if other is not None and "go" in request.form and done(form, join):
        if made[0].status == "joined":
            flash(_(ANSWERED["joined"]))
            return see_other(f"/ideas/{queries.root_of(queries.by_id(made[0].into_id)).ref}")
        flash(_("Asked. When they say yes, the two are one idea."))
        return see_other(f"/ideas/{ref}")
    if other is None and request.method == "POST":
        form.number.errors = [_("Write the number of another card that is on the wall.")]
    similar = queries.alike_to(idea.title, idea.text, idea.area_id, but=[idea.id], limit=6) if other is None else []
    return form_page(
        "ideas/join.html", form, idea=idea, other=other, similar=similar, back=f"/ideas/{ref}", whose=queries.whose,
        by_owner=not desk, speaks=desk and (cards.has_owner(idea) or (other is not None and cards.has_owner(other))),
    )  # fmt: skip


def _other(idea: Idea, number: int) -> Idea | None:
    if number < 1:
        return None
    try:
        found = queries.by_id(queries.by_number(number).id)
    except NotFound:
        return None
    return found if queries.is_live(found) and found.id != idea.id else None


@idea_joins.route("/ideas/joins/<ref>", methods=["GET", "POST"])
@allow("signed in")
def answer(ref: str) -> Any:
    """The other side's yes or no."""
    join = joining.by_ref(ref, current_user)
    own = any(queries.is_owner(current_user, card) for card in (join.idea, join.into))
    form = forms.Answer().fill()
    made: list[Any] = []

    def say() -> None:
        if request.form.get("say") not in ("yes", "no"):
            raise Refused(_("Say yes or no."))
        made.append(joining.answer(ref, request.form["say"] == "yes", current_user, basis=form.basis.data or None))

    back = "/ideas/mine" if own else "/ideas/desk/"
    try:
        if done(form, say):
            flash(_(ANSWERED[made[0].status]))
            return see_other(f"/ideas/{(join.into if made[0].status == 'joined' else join.idea).ref}")
    except Conflict as why:  # on another page or phone: the two cards say how they stand
        return page(
            "ideas/answer.html",
            status=409,
            problem=why.sentence,
            form=form,
            join=joining.by_ref(ref, current_user),
            own=own,
            whose=queries.whose,
            back=back,
        )
    return form_page("ideas/answer.html", form, join=join, own=own, whose=queries.whose, back=back)


@idea_joins.route("/ideas/joins/<ref>/undo", methods=["GET", "POST"])
@allow("help others")
def undo(ref: str) -> Any:
    """Take two apart again."""
    join = joining.by_ref(ref, current_user)
    form = forms.Undo()
    if done(form, lambda: joining.undo(ref, form.reason.data, current_user)):
        flash(_("They are two ideas again, each with who was in on it."))
        return see_other(f"/ideas/{join.idea.ref}")
    return form_page(
        "ideas/undo.html",
        form,
        join=join,
        until=joining.undo_until(join),
        may=join.status == "joined" and joining.may_undo(join),
        back=f"/ideas/{join.into.ref}",
    )
