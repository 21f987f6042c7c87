"""Pages of conversations and promises, and of coordinators who pass words on or look at what is wrong."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, request
from flask_login import current_user

from portal import clock
from portal.calendars import calendar_file
from portal.errors import NotFound, Refused, Unknown
from portal.refs import clean_ref
from portal.timebank import caring, conversations, members, notices, promises
from portal.timebank.posts_model import Conversation, Promise
from portal.timebank.views import post_forms as forms
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

talks = Blueprint("talks", __name__)
TALKS = "/timebank/conversations"
PAGE = 20


# --- mine ----------------------------------------------------------------------------------------------------------------


@talks.get(TALKS)
@allow("signed in")
def index() -> Any:
    """My conversations and those of my groups, the latest first, and what is agreed."""
    own = members.own(current_user)
    ids = [each.id for each in own]
    rows = conversations.of_members(ids, before=whole_number(request.args.get("before"), 0) or None, limit=PAGE + 1) if ids else []
    return page(
        "timebank/talks.html", rows=rows[:PAGE], ids=ids, coming=promises.coming(ids) if ids else [], first_name=notices.first_name,
        older=f"{TALKS}?before={rows[PAGE - 1].id}" if len(rows) > PAGE else None,
    )  # fmt: skip


@talks.route(f"{TALKS}/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def thread(ref: str) -> Any:
    """What the two said, the day that they have, and a box for the next message."""
    seen = conversations.sides(ref, current_user)
    form = forms.Say().fill()
    if done(form, lambda: conversations.say(ref, form.words.data, current_user, once_key=form.once_key(current_user.id))):
        flash(_("Sent."))
        return see_other(f"{TALKS}/{ref}")
    giver, _receiver = promises.roles(seen.conversation)
    promise = promises.latest(seen.conversation)
    return form_page(
        "timebank/talk.html", form, talk=seen.conversation, me=seen.me, them=seen.them, name=notices.first_name(seen.them), said=conversations.thread(seen.conversation),
        promise=promise, day=clock.london_day(promise.starts_at) if promise else None, way="gave" if giver.id == seen.me.id else "received", now=clock.now(), closing=forms.Close(formdata=None),
    )  # fmt: skip


@talks.post(f"{TALKS}/<ref>/close")
@allow("signed in")
def close(ref: str) -> Any:
    form = forms.Close()
    conversations.close(ref, current_user, block=bool(form.block.data))
    flash(_("You do not hear from them any more.") if form.block.data else _("Closed. You can open it again."))
    return see_other(f"{TALKS}/{ref}")


@talks.post(f"{TALKS}/<ref>/reopen")
@allow("signed in")
def reopen(ref: str) -> Any:
    opened = conversations.reopen(ref, current_user)
    flash(_("Open again.") if opened else _("They may write to you again. They closed this conversation, so only they can open it."))
    return see_other(f"{TALKS}/{ref}")


@talks.route(f"{TALKS}/<ref>/wrong/<int:number>", methods=["GET", "POST"])
@allow("signed in")
def wrong(ref: str, number: int) -> Any:
    """Something is wrong with a message: a coordinator hears of it."""
    seen = conversations.sides(ref, current_user)
    said = next((each for each in conversations.thread(seen.conversation) if each.id == number and each.from_id == seen.them.id), None)
    if said is None:
        raise NotFound(_("We cannot find that message."))
    form = forms.Wrong()
    if done(form, lambda: conversations.something_wrong(ref, number, form.words.data, current_user)):
        flash(_("Thank you for telling us. A coordinator looks at it and tells you what came of it."))
        return see_other(f"{TALKS}/{ref}")
    return form_page("timebank/talk_wrong.html", form, said=said, name=notices.first_name(seen.them), back=f"{TALKS}/{ref}")


# --- a day ---------------------------------------------------------------------------------------------------------------


@talks.route(f"{TALKS}/<ref>/day", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def day(ref: str) -> Any:
    """Propose a day, a time and a place, or another one."""
    seen = conversations.sides(ref, current_user)
    standing = promises.latest(seen.conversation)
    standing = standing if standing is not None and standing.status in promises.STANDS else None
    form = forms.Day(data=_typed(standing) if request.method == "GET" and standing is not None else None)
    if done(
        form,
        lambda: promises.propose(
            ref, form.starts_at(), form.how_long(), form.place.data, current_user, once_key=form.once_key(current_user.id)
        ),
    ):
        flash(_("Sent. It stands when %(name)s says yes.", name=notices.first_name(seen.them)))
        return see_other(f"{TALKS}/{ref}")
    return form_page(
        "timebank/talk_day.html", form, talk=seen.conversation, name=notices.first_name(seen.them), standing=standing, back=f"{TALKS}/{ref}"
    )


def _typed(standing: Promise) -> dict[str, object]:
    begins = standing.starts_at.astimezone(clock.LONDON)
    return {"day": begins.date(), "at": begins.time(), "place": standing.place, "minutes": standing.minutes}


@talks.post("/timebank/promises/<ref>/accept")
@allow("signed in")
def accept(ref: str) -> Any:
    """Yes, that suits me."""
    _promise, seen = promises.of_sides(ref, current_user)
    talk = seen.conversation.ref
    promises.accept(ref, current_user, shown=whole_number(request.form.get("shown")))
    flash(_("Agreed. Both of you have it in writing, with a file for your calendar."))
    return see_other(f"{TALKS}/{talk}")


@talks.route("/timebank/promises/<ref>/off", methods=["GET", "POST"])
@allow("signed in")
def off(ref: str) -> Any:
    """Call it off, with a kind word."""
    promise, seen = promises.of_sides(ref, current_user)
    talk, name = seen.conversation.ref, notices.first_name(seen.them)
    form = forms.Off()
    if done(form, lambda: promises.cancel(ref, form.words.data, current_user)):
        flash(_("Called off. %(name)s hears of it now.", name=name))
        return see_other(f"{TALKS}/{talk}")
    return form_page("timebank/talk_off.html", form, promise=promise, name=name, back=f"{TALKS}/{talk}")


@talks.post("/timebank/promises/<ref>/happened")
@allow("signed in")
def happened(ref: str) -> Any:
    """It happened, or it did not; then the hours are one link away."""
    _promise, seen = promises.of_sides(ref, current_user)
    talk = seen.conversation.ref
    kept = request.form.get("how") == "kept"
    promises.tell_how_it_went(ref, kept, current_user)
    flash(_("Lovely! Now write the hours down.") if kept else _("Thank you for saying so. These things happen."))
    return see_other(f"{TALKS}/{talk}")


@talks.get("/timebank/promises/<ref>.ics")
@allow("signed in")
def calendar(ref: str) -> Response:
    """The file for a calendar, for the two sides."""
    promise, seen = promises.of_sides(ref, current_user)
    response = make_response(calendar_file([promises.meeting(promise, seen)]))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{promise.ref}.ics"'
    return response


# --- a coordinator -------------------------------------------------------------------------------------------------------


@talks.route("/timebank/desk/say", methods=["GET", "POST"])
@allow("help others")
def find() -> Any:
    """Somebody calls with the number in their letter."""
    form = forms.Number()
    if form.validate_on_submit():
        number = clean_ref(form.number.data) or ""
        try:
            conversations.by_ref(number)
        except NotFound as why:
            form.refuse(why.sentence, "number")
        else:
            return see_other(f"/timebank/desk/say/{number}")
    return form_page("timebank/desk_say_find.html", form, back="/timebank/desk/requests")


@talks.route("/timebank/desk/say/<ref>", methods=["GET", "POST"])
@allow("help others")
def speak(ref: str) -> Any:
    """Pass on what a member says who has no internet; what the two wrote before stays between them."""
    found = conversations.by_ref(ref)
    whom = [each for each in (found.owner, found.other) if current_user.can("help others", each)]
    if not whom or any(members.acts_as(current_user, each) for each in (found.owner, found.other)):
        raise Unknown(_("We cannot find that conversation. Check the number in the letter."))
    standing = promises.latest(found)
    proposed = standing if standing is not None and standing.status == "proposed" else None
    form = forms.Speak(data={"side": whom[0].ref} if request.method == "GET" and len(whom) == 1 else None).fill(whom)

    if done(form, lambda: _pass_on(found, proposed, form)):
        flash(_("Passed on."))
        return see_other("/timebank/desk/requests")
    return form_page("timebank/desk_say.html", form, talk=found, promise=proposed, first_name=notices.first_name, back="/timebank/desk/say")


def _pass_on(found: Conversation, proposed: Promise | None, form: Any) -> None:
    yes = bool(form.yes.data) and proposed is not None
    if not yes and not form.words.data:
        raise Refused(_("Write their words, or tick that they say yes to the day."), "words")
    ref, talk, side, basis, words = proposed.ref if proposed else "", found.ref, form.side.data, form.basis.data, form.words.data
    if yes:
        promises.accept(ref, current_user, shown=whole_number(request.form.get("shown")), for_member=side, basis=basis)
    if words:
        conversations.say(talk, words, current_user, for_member=side, basis=basis, once_key=form.once_key(current_user.id))


@talks.get("/timebank/desk/reports")
@allow("help others")
def desk_reports() -> Any:
    """What members say is wrong with a message, the longest waiting first."""
    rows = conversations.reports(current_user.areas("connector", "officer"), current_user)
    return page("timebank/desk_reports.html", rows=rows, name=members.name_of)


@talks.route("/timebank/desk/reports/<int:number>", methods=["GET", "POST"])
@allow("help others")
def desk_report(number: int) -> Any:
    """One of them: the message with what was said around it, and what comes of it."""
    seen = conversations.report_for(number, current_user)
    form = forms.Settle()
    if done(form, lambda: conversations.settle_report(number, form.outcome.data, current_user, close_it=bool(form.close_it.data))):
        flash(_("Settled. Whoever told us hears what came of it."))
        return see_other("/timebank/desk/reports")
    return form_page(
        "timebank/desk_report.html", form, seen=seen, said=conversations.thread(seen.conversation), name=members.name_of,
        reached=caring.sides((seen.by, seen.against), current_user),
    )  # fmt: skip
