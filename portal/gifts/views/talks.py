"""Being interested, writing to each other, promising, meeting, handing over, saying thank you, bringing back."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, request
from flask_login import current_user

from portal import clock
from portal.calendars import calendar_file
from portal.errors import NotFound
from portal.gifts import care, forms, lists, loans, parties, promises, suggestions, talks
from portal.gifts.model import GiftPost
from portal.gifts.promises import is_open
from portal.gifts.talks_model import GiftPromise
from portal.gifts.views.boards import groups, neighbour
from portal.people import queries as people
from portal.web.limits import limiter
from portal.web.pages import done, form_page, see_other
from portal.web.policy import allow
from portal.words import _

gift_talks = Blueprint("gift_talks", __name__)
TALKS = "/gifts/talks"


@gift_talks.route("/gifts/<ref>/interested", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def interested(ref: str) -> Any:
    """Write to whoever put it up, for oneself or for a group."""
    post = lists.readable(ref, current_user)
    if parties.acts_as(current_user, post.party):
        return see_other(f"/gifts/{ref}")
    own = parties.own(current_user)
    form = forms.Say(data=_because(post) if request.method == "GET" else None).fill(mine := groups())
    begun: list[str] = []

    def write() -> None:
        group = people.organisation_by_ref(form.whose.data).id if form.whose.data else None
        begun.append(
            talks.interested(
                ref,
                form.words.data,
                current_user,
                organisation_id=group,
                grown=bool(form.grown.data),
                once_key=form.once_key(current_user.id),
            )
        )

    if done(form, write):
        flash(_("Sent. They hear of it now, and we tell you when they answer."))
        return see_other(f"{TALKS}/{begun[0]}")
    asks_age = not any(each.person_id == current_user.id and each.grown_at is not None for each in own)
    return form_page("gifts/interested.html", form, post=post, who=neighbour(post), groups=mine, asks_age=asks_age, back=f"/gifts/{ref}")


def _because(post: GiftPost) -> dict[str, str]:
    """What to begin with when a suggestion led here: for whom, and the reader's own post in a sentence, to be changed or sent as it is."""
    mine = suggestions.answering(request.args.get("for", ""), current_user, post)
    if mine is None:
        return {}
    values = {"title": mine.title}
    words = (
        _("Hello! I wrote on the board: “%(title)s”. Shall we bring the two together?", **values)
        if mine.party.organisation is None
        else _("Hello! We wrote on the board: “%(title)s”. Shall we bring the two together?", **values)
    )
    return {"words": words, "whose": mine.party.organisation.ref if mine.party.organisation is not None else ""}


@gift_talks.route(f"{TALKS}/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def thread(ref: str) -> Any:
    """What the two said, what is promised, and a box for the next message."""
    seen = talks.sides(ref, current_user)
    form = forms.Say().fill()
    if done(form, lambda: talks.say(ref, form.words.data, current_user, once_key=form.once_key(current_user.id))):
        flash(_("Sent."))
        return see_other(f"{TALKS}/{ref}")
    row, owner = promises.latest(seen.talk), seen.me.id == seen.talk.owner_id
    return form_page(
        "gifts/talk.html", form, talk=seen.talk, me=seen.me, name=parties.first_name(seen.them), said=talks.thread(seen.talk), promise=row, now=clock.now(),
        open=row is not None and is_open(row), closing=forms.Close(formdata=None), owner=owner, may_promise=owner and promises.may_promise(seen.talk),
    )  # fmt: skip


@gift_talks.post(f"{TALKS}/<ref>/close")
@allow("signed in")
def close(ref: str) -> Any:
    form = forms.Close()
    talks.close(ref, current_user, block=bool(form.block.data))
    flash(_("Closed. You do not hear from them any more.") if form.block.data else _("Closed. You can open it again."))
    return see_other(f"{TALKS}/{ref}")


@gift_talks.post(f"{TALKS}/<ref>/reopen")
@allow("signed in")
def reopen(ref: str) -> Any:
    talks.reopen(ref, current_user)
    flash(_("Open again."))
    return see_other(f"{TALKS}/{ref}")


@gift_talks.route(f"{TALKS}/<ref>/wrong/<int:number>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("10/minute", methods=["POST"])
def wrong(ref: str, number: int) -> Any:
    """Something is wrong with a message: somebody looks at it."""
    seen = talks.sides(ref, current_user)
    said = next((each for each in talks.thread(seen.talk) if each.id == number and each.from_id == seen.them.id), None)
    if said is None:
        raise NotFound(_("We cannot find that message."))
    form = forms.Wrong()
    if done(form, lambda: care.something_wrong(ref, number, form.words.data, current_user)):
        flash(_("Thank you for telling us. Somebody looks at it and tells you what came of it."))
        return see_other(f"{TALKS}/{ref}")
    return form_page(
        "gifts/wrong.html",
        form,
        heading=_("Something wrong?"),
        quoted=said.words,
        name=parties.first_name(seen.them),
        back=f"{TALKS}/{ref}",
    )


@gift_talks.route(f"{TALKS}/<ref>/promise", methods=["GET", "POST"])
@allow("signed in")
def promise(ref: str) -> Any:
    """Promise it to the one who wrote."""
    seen = talks.sides(ref, current_user)
    if seen.me.id != seen.talk.owner_id:
        raise NotFound(_("We cannot find that page."))
    name, post = parties.first_name(seen.them), seen.talk.post
    form = forms.Promise()

    def act() -> None:
        promises.promise(ref, form.quantity.data or 0, current_user, back_on=form.back_on.data, once_key=form.once_key(current_user.id))

    if done(form, act):
        flash(
            _("Promised to %(name)s. Now say when and where you meet.", name=name)
            if post.kind == "gift"
            else _("You said yes to %(name)s. Now say when and where you meet.", name=name)
        )
        return see_other(f"{TALKS}/{ref}")
    return form_page("gifts/promise.html", form, post=post, name=name, back=f"{TALKS}/{ref}")


# --- the promise ---------------------------------------------------------------------------------------------------------

PROMISES = "/gifts/promises"


@gift_talks.route(f"{PROMISES}/<ref>/meet", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def meet(ref: str) -> Any:
    """When and where."""
    row, seen = promises.of_sides(ref, current_user)
    back, name = f"{TALKS}/{seen.talk.ref}", parties.first_name(seen.them)
    form = forms.Meet(data=_typed(row) if request.method == "GET" else None)
    if done(form, lambda: promises.meet(ref, form.starts_at(), form.place.data, current_user)):
        flash(_("%(name)s hears of it now. Both of you have a file for your calendar.", name=name))
        return see_other(back)
    return form_page("gifts/meet.html", form, name=name, title=seen.talk.post.title, back=back)


def _typed(row: GiftPromise) -> dict[str, object]:
    if row.starts_at is None:
        return {}
    begins = row.starts_at.astimezone(clock.LONDON)
    return {"day": begins.date(), "at": begins.time(), "place": row.place}


@gift_talks.get(f"{PROMISES}/<ref>.ics")
@allow("signed in")
def calendar(ref: str) -> Response:
    """The file for a calendar, for the two sides."""
    row, seen = promises.of_sides(ref, current_user)
    response = make_response(calendar_file([promises.happening(row, seen)]))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{row.ref}.ics"'
    return response


@gift_talks.route(f"{PROMISES}/<ref>/<any(off, undo, thanks, address, longer):act>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def act(ref: str, act: str) -> Any:
    """One small question about a promise: why it is off, a thank you, an address, a later day."""
    row, seen = promises.of_sides(ref, current_user)
    back, name = f"{TALKS}/{seen.talk.ref}", parties.first_name(seen.them)
    may = {"thanks": row.taker_id, "address": row.giver_id, "longer": row.giver_id}.get(act, seen.me.id) == seen.me.id
    if not may:
        raise NotFound(_("We cannot find that page."))
    given = {"address": row.address, "back_on": row.back_on} if request.method == "GET" else None
    form: Any = {"thanks": forms.Thanks, "address": forms.Address, "longer": forms.Longer}.get(act, forms.Words)(data=given)
    sent = {
        "off": lambda: promises.let_go(ref, form.words.data, current_user),
        "undo": lambda: promises.not_so(ref, form.words.data, current_user),
        "thanks": lambda: promises.thank(ref, form.words.data, current_user),
        "address": lambda: promises.show_address(ref, form.address.data, current_user),
        "longer": lambda: loans.longer(ref, form.back_on.data, current_user),
    }
    if done(form, sent[act]):
        flash(_said(act, name, bool(act == "address" and form.address.data)))
        return see_other(back)
    return form_page("gifts/act.html", form, act=act, name=name, title=seen.talk.post.title, back=back)


def _said(act: str, name: str, shown: bool) -> str:
    return {
        "off": _("Called off. %(name)s hears of it now.", name=name),
        "undo": _("Thank you for saying so. It is free for others again."),
        "thanks": _("Lovely! %(name)s hears it now.", name=name),
        "address": _("%(name)s can see it now, and nobody else.", name=name) if shown else _("%(name)s cannot see it any more.", name=name),
        "longer": _("%(name)s hears of it now.", name=name),
    }[act]


@gift_talks.post(f"{PROMISES}/<ref>/<any(handed, missed, back):how>")
@allow("signed in")
def happened(ref: str, how: str) -> Any:
    """It was handed over, they did not meet, or what was lent is back: one tap."""
    _row, seen = promises.of_sides(ref, current_user)
    talk = seen.talk.ref
    {"handed": promises.handed, "missed": promises.missed, "back": loans.came_back}[how](ref, current_user)
    flash(
        {
            "handed": _("Lovely!"),
            "missed": _("Thank you for saying so. These things happen."),
            "back": _("Good to have it back. Thank you!"),
        }[how]
    )
    return see_other(f"{TALKS}/{talk}")
