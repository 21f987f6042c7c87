"""One's own page of introductions and of being asked to lead; and, for coordinators, a quiet view of who links whom."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, g, request
from flask_login import current_user

from portal import clock
from portal.connecting import actions, began, forms, leaving, picture, queries, rules, signs
from portal.connecting.model import Openness
from portal.errors import NotFound, Refused
from portal.people import queries as people
from portal.refs import clean_ref
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import _

assert leaving  # what is told and forgotten when somebody leaves
connecting = Blueprint("connecting", __name__)
MINE = "/connecting/"
DESK = "/connecting/desk/"
LINKS = "/connecting/desk/introductions"
MOST_CHOICES = 300
NAMES: dict[str, Any] = {
    "outcomes": rules.OUTCOME_NAMES,
    "answers": rules.ANSWER_NAMES,
    "page_of": began.page_of,
    "rests_until": rules.rests_until,
}


# --- one's own page ------------------------------------------------------------------------------------------------------


@connecting.route(MINE, methods=["GET", "POST"])
@allow("signed in")
def mine() -> Any:
    """What this is, in plain words; whether it is on; and every line that is noted of the reader."""
    g.private = True
    form = forms.Yes()
    if done(form, lambda: actions.say_yes(current_user, grown=bool(form.grown.data))):
        flash(_("Thank you. You may be introduced and asked now. You can stop at any moment, here."))
        return see_other(MINE)
    open_ = queries.openness_of(current_user.id)
    if open_ is None:
        return form_page("connecting/mine.html", form, open=None)
    return form_page(
        "connecting/mine.html", form, open=open_, introductions=queries.introductions_of(current_user.id), asks=queries.asks_of(current_user.id),
        looks=queries.looks_of(current_user.id), signs=signs.of([current_user.id])[current_user.id], **NAMES,
    )  # fmt: skip


@connecting.route("/connecting/stop", methods=["GET", "POST"])
@allow("signed in")
def stop() -> Any:
    """Asks once more, and says what goes."""
    g.private = True
    if request.method == "GET":
        return page("connecting/stop_mine.html", open=queries.openness_of(current_user.id) is not None)
    actions.stop(current_user)
    flash(_("Stopped. Everything that was noted of you here is deleted."))
    return see_other(MINE)


@connecting.post("/connecting/never")
@allow("signed in")
def never() -> Any:
    """Whether they want to be asked to lead."""
    actions.never_ask(current_user, request.form.get("never") == "1")
    flash(_("Saved."))
    return see_other(MINE)


@connecting.post("/connecting/introductions/<ref>/delete")
@allow("signed in")
def delete_introduction(ref: str) -> Any:
    actions.forget_introduction(ref, current_user)
    flash(_("Deleted."))
    return see_other(LINKS if request.form.get("back") == "desk" else MINE)


@connecting.post("/connecting/asks/<ref>/delete")
@allow("signed in")
def delete_ask(ref: str) -> Any:
    actions.forget_ask(ref, current_user)
    flash(_("Deleted."))
    return see_other(DESK if request.form.get("back") == "desk" else MINE)


@connecting.post("/connecting/asks/<ref>/answer")
@allow("signed in")
def answer_mine(ref: str) -> Any:
    actions.answer_mine(ref, request.form.get("answer", ""), current_user)
    flash(_("Thank you for your answer."))
    return see_other(MINE)


# --- for coordinators ----------------------------------------------------------------------------------------------------


@connecting.get(DESK)
@allow("help others")
def desk() -> Any:
    """Who might be asked to lead next; the reasons show after the reader has said that they look, which those people see."""
    g.private = True
    everybody = request.args.get("show") == "all"
    after = request.args.get("after", "")
    rows = queries.people(
        current_user.areas("connector", "officer"), current_user, askable=not everybody, after=_place(after), limit=queries.PAGE + 1
    )
    shown = rows[: queries.PAGE]
    ids = [each.person_id for each in shown]
    seen = queries.looked_today(ids, current_user)
    older = _at(DESK, show="all" if everybody else "", after=shown[-1].person.ref) if len(rows) > len(shown) else None
    return page(
        "connecting/desk.html", rows=shown, asks=queries.last_asks(seen), seen=seen, signs=signs.of(seen), everybody=everybody, after=after,
        today=clock.today(), older=older, **NAMES,
    )  # fmt: skip


def _at(path: str, **asked: str) -> str:
    """The address of a page, with what is asked of it."""
    said = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{said}" if said else path


def _place(ref: str) -> tuple[str, str] | None:
    if not ref:
        return None
    someone = people.person_by_ref(ref)
    return someone.name, someone.ref


@connecting.post("/connecting/desk/look")
@allow("help others")
@limiter.limit("60/minute")
def look() -> Any:
    """Say that one looks, at one entry or at those of a page."""
    refs = request.form.getlist("person")[: queries.PAGE]
    actions.look(refs, current_user, introduced=bool(request.form.get("one")))
    if request.form.get("one"):
        return see_other(f"/connecting/desk/people/{refs[0]}" if refs else DESK)
    return see_other(_at(DESK, show="all" if request.form.get("show") == "all" else "", after=request.form.get("after", "")))


@connecting.post("/connecting/desk/introductions/look")
@allow("help others")
@limiter.limit("60/minute")
def look_at_introductions() -> Any:
    """Say that one looks at the people of a page of introductions."""
    actions.look_at_introductions(request.form.getlist("row")[: queries.PAGE], current_user)
    before = whole_number(request.form.get("before"), 0)
    return see_other(_at(LINKS, show="began" if request.form.get("show") == "began" else "", before=str(before or "")))


@connecting.get("/connecting/desk/people/<ref>")
@allow("help others")
def entry(ref: str) -> Any:
    """One person's entry: a door first, and behind it what is noted and what speaks for asking them."""
    g.private = True
    return _entry(queries.entry(ref, current_user))


def _entry(whose: Openness, ask_form: Any = None) -> Any:
    """The one way to it: the door stands until the reader has said today that they look at everybody who is named behind it."""
    introductions = queries.introductions_of(whose.person_id)
    named = {each for row in introductions for each in (row.one_id, row.two_id)}
    seen = queries.looked_today({whose.person_id, *named}, current_user)
    if whose.person_id not in seen or not all(queries.shown_to(row, seen, current_user) for row in introductions):
        return page("connecting/door.html", whose=whose)
    asks = queries.asks_of(whose.person_id)
    return form_page(
        "connecting/entry.html", ask_form or forms.Ask(formdata=None), whose=whose, asks=asks, waiting=next((each for each in asks if not each.answer), None),
        introductions=introductions, signs=signs.of([whose.person_id])[whose.person_id], why_not=actions.why_not_ask(whose),
        answer=forms.Answer(formdata=None).fill(), today=clock.today(), **NAMES,
    )  # fmt: skip


@connecting.route("/connecting/desk/people/<ref>/stop", methods=["GET", "POST"])
@allow("help others")
def stop_for(ref: str) -> Any:
    """They told the reader that they stop."""
    g.private = True
    whose = queries.entry(ref, current_user)
    form = forms.Basis().fill()
    if done(form, lambda: actions.stop_for(ref, current_user, form.basis.data)):
        flash(_("Stopped. Everything that was noted of them here is deleted."))
        return see_other(DESK)
    return form_page("connecting/stop.html", form, whose=whose)


@connecting.route("/connecting/desk/yes", methods=["GET", "POST"])
@allow("help others")
@limiter.limit("20/minute", methods=["POST"])
def yes_for() -> Any:
    """The yes of somebody without e-mail and telephone."""
    form = forms.YesFor().fill()
    if done(form, lambda: _say_yes_for(form)):
        flash(_("Written down. A letter tells them how it works and how to stop."))
        return see_other(f"{DESK}?show=all")
    return form_page("connecting/yes.html", form)


def _say_yes_for(form: Any) -> None:
    try:
        actions.say_yes_for(clean_ref(form.number.data) or "", current_user, form.basis.data, grown=bool(form.grown.data))
    except NotFound as why:
        raise Refused(why.sentence, "number") from why


@connecting.post("/connecting/desk/people/<ref>/ask")
@allow("help others")
def ask(ref: str) -> Any:
    """Note that they were asked."""
    g.private = True
    form = forms.Ask()
    if done(form, lambda: actions.ask(ref, form.words.data, current_user, once_key=form.once_key(current_user.id))):
        flash(_("Noted. Nobody asks them twice."))
        return see_other(f"/connecting/desk/people/{ref}")
    return _entry(queries.entry(ref, current_user), form)


@connecting.post("/connecting/desk/people/<ref>/asks/<question>/answer")
@allow("help others")
def answered(ref: str, question: str) -> Any:
    """What they said."""
    actions.answered(ref, question, request.form.get("answer", ""), current_user)
    flash(_("Noted."))
    return see_other(f"/connecting/desk/people/{ref}")


@connecting.get(LINKS)
@allow("help others")
def introductions() -> Any:
    """Who links whom: a table, and a picture of the same."""
    g.private = True
    led = request.args.get("show") == "began"
    before = whole_number(request.args.get("before"), 0) or None
    rows = queries.introductions(current_user.areas("connector", "officer"), began=led, before=before, limit=queries.PAGE + 1)
    shown = rows[: queries.PAGE]
    seen = queries.looked_today({each for row in shown for each in (row.one_id, row.two_id)}, current_user)
    unseen = [row for row in shown if not queries.shown_to(row, seen, current_user)]
    open_ = [row for row in shown if row not in unseen]
    older = _at(LINKS, show="began" if led else "", before=str(shown[-1].id)) if len(rows) > len(shown) else None
    return page(
        "connecting/introductions.html", rows=open_, unseen=unseen, before=before, began=led, picture=picture.drawn(open_),
        older=older, **NAMES,
    )  # fmt: skip


@connecting.route("/connecting/desk/introduce", methods=["GET", "POST"])
@allow("help others")
def introduce() -> Any:
    """Note that one has brought two people together."""
    g.private = True
    areas = current_user.areas("connector", "officer")
    some = queries.people(areas, current_user, limit=MOST_CHOICES)
    start = {"one": request.args.get("one", ""), "day": clock.today()}
    form = forms.Introduce(data=start if request.method == "GET" else None).fill(some)

    def note() -> None:
        assert form.day.data is not None
        actions.introduce(
            form.one.data, form.two.data, form.words.data, form.day.data, current_user, once_key=form.once_key(current_user.id)
        )

    if done(form, note):
        flash(_("Noted. Both see it on their own page."))
        return see_other(LINKS)
    return form_page(
        "connecting/introduce.html",
        form,
        enough=len(some) > 1,
        everywhere=areas is None,
        others=_who_helps_everywhere() if areas is not None else [],
    )


def _who_helps_everywhere() -> list[str]:
    """Names of those who note an introduction of two who live in different areas."""
    return [each.name for each in people.holders("officer", "connector")]


@connecting.route("/connecting/desk/introductions/<ref>", methods=["GET", "POST"])
@allow("help others")
def came_of_it(ref: str) -> Any:
    """What came of one introduction."""
    g.private = True
    row = queries.introduction(ref, current_user)
    if not queries.shown_to(row, queries.looked_today({row.one_id, row.two_id}, current_user), current_user):
        return see_other(LINKS)
    form = forms.Outcome(data={"outcome": row.outcome, "led_to": row.led_to}).fill()
    if done(form, lambda: actions.came_of_it(ref, form.outcome.data, form.led_to.data, current_user)):
        flash(_("Saved."))
        return see_other(LINKS)
    return form_page("connecting/outcome.html", form, row=row)
