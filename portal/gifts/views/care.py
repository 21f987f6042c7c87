"""Saying that something is wrong; and, for who looks after a place, what waits for a look, the log, and whom we keep away."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock
from portal.errors import NotFound, Refused
from portal.gifts import care, forms, lists, parties, posts, promises, rules, talks
from portal.gifts.talks_model import GiftLook
from portal.people import queries as people
from portal.refs import clean_ref
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, require
from portal.words import N_, _

gift_care = Blueprint("gift_care", __name__)
DESK = "/gifts/desk/"
WHY = {
    "new": N_("Somebody new"),
    "worry": N_("A word to look at"),
    "report": N_("A neighbour says that something is wrong"),
    "message": N_("A neighbour says that a message is wrong"),
}
DECIDED = {"shown": N_("On the board"), "taken_down": N_("Taken down"), "settled": N_("Dealt with")}


@gift_care.route("/gifts/<ref>/report", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("10/minute", methods=["POST"])
def report(ref: str) -> Any:
    """Something is wrong with a post: somebody looks at it."""
    post = lists.readable(ref, current_user)
    form = forms.Wrong()
    if done(form, lambda: care.report(ref, form.words.data, current_user)):
        flash(_("Thank you for telling us. Somebody looks at it and tells you what came of it."))
        return see_other("/gifts/")
    return form_page("gifts/wrong.html", form, heading=_("Something wrong?"), quoted=post.title, name="", back=f"/gifts/{ref}")


@gift_care.route("/gifts/<ref>/take-down", methods=["GET", "POST"])
@allow("help others")
def take_down(ref: str) -> Any:
    """Off the boards for good, with the reason to its owner."""
    post = lists.readable(ref, current_user)
    require("help others", post)
    form = forms.TakeDown()
    if done(form, lambda: posts.take_down(ref, form.reason.data, current_user)):
        flash(_("Taken down. Its owner hears why."))
        return see_other(DESK)
    return form_page("gifts/take_down.html", form, post=post, back=f"/gifts/{ref}")


@gift_care.get(DESK)
@allow("help others")
def desk() -> Any:
    """What waits for a look where somebody looks after a place, the most pressing first."""
    rows = care.waiting(current_user.areas("connector", "officer"), current_user)
    names = people.names(each.answerable_id for each in rows)
    stopped = care.stopped() if current_user.has("connector", "officer") else []
    return page("gifts/desk.html", rows=rows, names=names, why=WHY, today=clock.today(), stopped=stopped, full_name=parties.full_name)


@gift_care.route("/gifts/desk/looks/<int:number>", methods=["GET", "POST"])
@allow("help others")
def look(number: int) -> Any:
    """One of them: the post, or the message with what was said around it, and what shall happen."""
    found = care.look(number, current_user)
    if found.decided_at is not None:
        raise NotFound(_("A colleague has dealt with this meanwhile."))
    form = forms.Decide().fill(found.kind, held=found.post.status == "held")

    def decide() -> None:
        care.decide(number, form.decision.data, form.reason.data, current_user, stop=bool(form.stop.data))

    if done(form, decide):
        flash(_("Thank you. It is in the log."))
        return see_other(DESK)
    return form_page(
        "gifts/look.html", form, look=found, beside=care.beside(found), why=WHY[found.kind], said=_around(found), sort=rules.sort_name(found.post.kind, found.post.sort), today=clock.today(),
        names=people.names([found.answerable_id]), full_name=parties.full_name(found.post.party), back=DESK,
    )  # fmt: skip


def _around(found: GiftLook) -> list[tuple[str, str, bool]]:
    """(who, words, whether it is the one) of the talk in which a message was reported."""
    if found.said is None:
        return []
    talk = talks.by_id(found.said.talk_id)
    names = {talk.owner_id: parties.first_name(talk.owner), talk.other_id: parties.first_name(talk.other)}
    return [(names[each.from_id], each.words, each.id == found.said_id) for each in talks.thread(talk)]


@gift_care.get("/gifts/desk/log")
@allow("help others")
def log() -> Any:
    """Every decision, with who decided it and why."""
    before = whole_number(request.args.get("before"), 0) or None
    rows = care.log(current_user.areas("connector", "officer"), current_user, before=before, limit=care.PAGE + 1)
    return page(
        "gifts/log.html", rows=rows[: care.PAGE], why=WHY, decided=DECIDED,
        older=f"/gifts/desk/log?before={rows[care.PAGE - 1][0].id}" if len(rows) > care.PAGE else None,
    )  # fmt: skip


@gift_care.route("/gifts/desk/say", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("20/minute", methods=["POST"])
def find() -> Any:
    """Somebody calls with the number in their letter."""
    form = forms.Number()
    number = clean_ref(form.number.data or "") or ""
    if done(form, lambda: _known(number)):
        return see_other(f"/gifts/desk/say/{number}")
    return form_page("gifts/say_find.html", form, back=DESK)


def _known(number: str) -> None:
    try:
        talks.to_speak_for(number, current_user)
    except NotFound as why:
        raise Refused(why.sentence, "number") from why


@gift_care.route("/gifts/desk/say/<ref>", methods=["GET", "POST"])
@allow("help others")
def speak(ref: str) -> Any:
    """Pass on what one of the two says; what they wrote before stays between them."""
    talk = talks.to_speak_for(ref, current_user)
    row = promises.latest(talk)
    standing = row if row is not None and row.status == "promised" else None
    sides = [(str(side.id), parties.first_name(side)) for side in (talk.owner, talk.other)]
    form = forms.Speak().fill(sides, promised=standing is not None)

    def pass_on() -> None:
        how: Any = {"for_party": whole_number(form.side.data), "basis": form.basis.data}
        if form.act.data == "promise":
            promises.promise(ref, 1, current_user, once_key=form.once_key(current_user.id), **how)
        elif form.act.data == "words" or standing is None:
            talks.say(ref, form.words.data, current_user, once_key=form.once_key(current_user.id), **how)
        elif form.act.data == "off":
            promises.let_go(standing.ref, form.words.data, current_user, **how)
        else:
            promises.handed(standing.ref, current_user, **how)

    if done(form, pass_on):
        flash(_("Passed on."))
        return see_other(DESK)
    return form_page("gifts/say.html", form, post=talk.post, promise=standing, back="/gifts/desk/say")


@gift_care.post("/gifts/desk/parties/<int:number>/again")
@allow("help others")
def again(number: int) -> Any:
    """Let somebody back who was kept away."""
    care.let_again(number, request.form.get("reason", "").strip()[:300], current_user)
    flash(_("They may post and answer again."))
    return see_other(DESK)
