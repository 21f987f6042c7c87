"""Sessions: what is on, opening one, signing up, who was there, closing it, and the coordinator's list."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import segno
from flask import Blueprint, Response, flash, request
from flask_login import current_user
from markupsafe import Markup

from portal import clock
from portal.calendars import Happening, calendar_file, in_words
from portal.errors import Conflict, NotFound, NotYours, Problem, Refused, Unknown
from portal.ledger import queries as books
from portal.money import hours, parse_hours
from portal.outbox import address_of
from portal.people.access import Who
from portal.places import queries as places
from portal.refs import clean_card, clean_ref
from portal.timebank import at_events, checkin, members, prints, session_closing, sessions
from portal.timebank import session_split as split
from portal.timebank.members import AGREEMENT, name_of
from portal.timebank.model import Member
from portal.timebank.rules import ADULT
from portal.timebank.session_messages import times
from portal.timebank.sessions_model import Attendance, TimeSession
from portal.timebank.views import session_forms as forms
from portal.web.filters import day as day_words
from portal.web.forms import one_line, plain_day, whole_number
from portal.web.limits import limiter
from portal.web.pages import form_page, page, pdf_page, see_other
from portal.web.policy import allow
from portal.words import _, _n
from portal.work import queries as works
from portal.work.model import Purpose

time_sessions = Blueprint("time_sessions", __name__)

HOME = "/timebank/sessions/"
SOON = 28  # days that the first page shows
EMPTY_LINES = 14  # of a printed register


def _member() -> Member | None:
    return members.member_of(current_user.id) if current_user.is_authenticated else None


def _run(ref: str) -> TimeSession:
    """A session, for who runs it; to anybody else it is missing."""
    session = sessions.by_ref(ref)
    sessions.must_run(current_user, session)
    return session


def _path(session: TimeSession, end: str = "") -> str:
    return f"{HOME}{session.ref}{end}"


def _act(form: Any, act: Callable[[], Any]) -> tuple[bool, Any]:
    """(whether it was done, what came of it); what was refused stands in the form."""
    try:
        return True, act()
    except (Refused, Conflict) as why:
        form.refuse(why.sentence, why.field)
    except NotFound as why:
        form.refuse(why.sentence)
    return False, None


# --- what is on ----------------------------------------------------------------------------------------------------------


@time_sessions.get("/timebank/sessions/")
@allow("anyone")
def index() -> Any:
    """What is on in the next weeks, for everybody; a member's own first."""
    return _index(forms.Code(formdata=None))


def _index(form: Any) -> Any:
    today = clock.today()
    rows = sessions.between(today, today + timedelta(days=SOON))
    run, come = sessions.mine(current_user) if current_user.is_authenticated else ((), ())
    return form_page("timebank/session_index.html", form, by_day=_by_day(rows), run=run, come=come, today=today, times=times)


def _by_day(rows: Sequence[sessions.Listed]) -> list[tuple[date, list[sessions.Listed]]]:
    found: dict[date, list[sessions.Listed]] = {}
    for row in rows:
        found.setdefault(row[0].day, []).append(row)
    return list(found.items())


@time_sessions.get("/timebank/sessions/calendar")
@allow("anyone")
def by_calendar() -> Any:
    """A week or a month as a list, with the ones before and after."""
    by = "week" if request.args.get("by") == "week" else "month"
    first, last = _span(by, _day_in(request.args.get("from", "")))
    code = request.args.get("area", "")
    area = places.area_by_code(code) if code else None
    rows = sessions.between(first, last, area.id if area else None, limit=500)
    before, after = (_span(by, first - timedelta(days=1))[0], last + timedelta(days=1))
    return page(
        "timebank/session_calendar.html", by=by, first=first, last=last, by_day=_by_day(rows), before=before, after=after, today=clock.today(),
        areas=[each for each in places.areas() if each.kind != "scheme"], area=area.code if area else "", times=times,
    )  # fmt: skip


def _day_in(text: str) -> date:
    """A day of an address, which anybody can write; today when it is none, or too far for a calendar."""
    today = clock.today()
    found = plain_day(text, today)
    return found if abs((found - today).days) < 2000 else today


def _span(by: str, day: date) -> tuple[date, date]:
    if by == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _calendar(name: str, some: Sequence[TimeSession]) -> Response:
    response = Response(calendar_file([_happening(each) for each in some], name), mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=calendar.ics"
    return response


def _happening(session: TimeSession) -> Happening:
    host = address_of("").split("://")[-1]
    starts, ends = (datetime.combine(session.day, at, clock.LONDON) for at in (session.starts, session.ends))
    return Happening(
        uid=f"{session.ref}@{host}", sequence=session.version - 1, status="CANCELLED" if session.status == "cancelled" else "CONFIRMED",
        starts_at=starts, minutes=(ends - starts) // timedelta(minutes=1), summary=session.title, place=f"{session.place}, {session.area.name}",
        description=session.what, url=address_of(_path(session)), changed_at=session.changed_at,
    )  # fmt: skip


@time_sessions.get("/timebank/sessions/<ref>.ics")
@allow("anyone")
def calendar_of(ref: str) -> Any:
    session = sessions.by_ref(ref)
    return _calendar(session.title, [session])


@time_sessions.get("/timebank/sessions/rotas/<ref>.ics")
@allow("anyone")
def calendar_of_rota(ref: str) -> Any:
    """Every time of a rota, also those that are over or called off, so that a calendar that had them is put right."""
    some = sessions.times_of(sessions.rota_by_ref(ref))
    return _calendar(some[0].title, some)


# --- one session ---------------------------------------------------------------------------------------------------------


@time_sessions.get("/timebank/sessions/<code>")
@allow("anyone")
def one(code: str) -> Any:
    """A session by its reference; or by the address of its poster, where one tap says "I'm here"."""
    if (ref := sessions.ref_of_token(code)) is not None:
        return _poster_page(sessions.by_ref(ref), code, forms.Nothing(formdata=None))
    return _one(sessions.by_ref(clean_ref(code) or code), forms.Nothing(formdata=None))


def _one(session: TimeSession, form: Any) -> Any:
    member, some = _member(), sessions.sign_ups(session)
    signed = next((each for each in some if member is not None and each.member_id == member.id), None)
    row = checkin.row_of(session, member) if member is not None else None
    put = session_closing.corrections(session) if row is not None and session.status == "closed" else {}
    later = sessions.times_of(session.rota, since=clock.today())[:6] if session.rota is not None else ()
    runs, going = sessions.runs(current_user, session), sum(each.state == "going" for each in some)
    return form_page(
        "timebank/session_one.html", form, session=session, times=times, member=member, signed=signed, row=row, going=going,
        short=sessions.pot_short(session, going) if runs and session.status == "open" else None,
        waiting=[each for each in some if each.state == "waiting"], stands=session_closing.stands(row, put) if row is not None else 0, later=later,
        pattern=in_words(session.rota.every, session.rota.first_day) if session.rota is not None else "", runs=runs,
        why=session_closing.why_own(session, row, put) if row is not None and session.status == "closed" else "", payer=sessions.payer_name(session), costs=split.costs(session),
        from_whom=split.in_words(session, sessions.payer_name(session)), today=clock.today(), some=some, name_of=name_of,
        checked_in=checkin.count(session) if session.status == "open" and session.day <= clock.today() else 0,
    )  # fmt: skip


def _poster_page(session: TimeSession, token: str, form: Any) -> Any:
    member = _member()
    row = checkin.row_of(session, member) if member is not None else None
    return form_page(
        "timebank/session_here.html",
        form,
        session=session,
        token=token,
        member=member,
        row=row,
        costs=split.costs(session),
        today=clock.today(),
        times=times,
    )


@time_sessions.post("/timebank/sessions/<token>/here")
@allow("signed in")
@limiter.limit("300/minute")  # a hall full of people may share one network
def here(token: str) -> Any:
    ref = sessions.ref_of_token(token)
    if ref is None:
        raise Unknown(_("We cannot find that session. Type the six digits of the poster instead."))
    form = forms.Nothing()
    done, _ref = _act(form, lambda: checkin.here_by_token(token, current_user))
    if not done:
        return _poster_page(sessions.by_ref(ref), token, form)
    flash(_("You are checked in. Thank you for coming!"))
    return see_other(HOME + ref)


@time_sessions.post("/timebank/sessions/code")
@allow("signed in")
@limiter.limit("120/minute")  # a hall full of people may share one network; wrong ones are counted for each person
def by_code() -> Any:
    """The six digits of a poster, typed."""
    form = forms.Code()
    if form.validate():
        done, ref = _act(form, lambda: checkin.here_by_code(form.code.data, current_user))
        if done:
            flash(_("You are checked in. Thank you for coming!"))
            return see_other(HOME + ref)
    return _index(form)


def _whose(session: TimeSession) -> str:
    """The card of the member that a button is about: their own, or one in the list of who runs it."""
    named = clean_card(request.form.get("member", "")[:40])
    if named is not None:
        return named
    member = _member()
    if member is None:
        raise Refused(_("Become a member of the timebank first."))
    return member.ref


@time_sessions.post("/timebank/sessions/<ref>/sign-up")
@allow("signed in")
@limiter.limit("60/minute")
def sign_up(ref: str) -> Any:
    session, form = sessions.by_ref(ref), forms.Nothing()
    done, state = _act(form, lambda: sessions.sign_up(ref, _whose(session), current_user))
    if not done:
        return _one(sessions.by_ref(ref), form)
    flash(
        _("There is a place for you. See you there!")
        if state == "going"
        else _("On the waiting list. You hear from us when a place is free.")
    )
    return see_other(_path(session))


@time_sessions.post("/timebank/sessions/<ref>/take-off")
@allow("signed in")
@limiter.limit("60/minute")
def take_off(ref: str) -> Any:
    session, form = sessions.by_ref(ref), forms.Nothing()
    done, _none = _act(form, lambda: sessions.take_off(ref, _whose(session), current_user))
    if not done:
        return _one(sessions.by_ref(ref), form)
    flash(_("Taken off the list. Thank you for saying so."))
    return see_other(_path(session))


# --- opening and changing ------------------------------------------------------------------------------------------------


def _payers(who: Who, mine: Sequence[Member]) -> tuple[list[tuple[str, str]], bool]:
    """(accounts that somebody may spend, with their names; whether they may type for others)."""
    own = [(f"member:{each.ref}", _("Me, from my own balance") if each.person_id == who.id else name_of(each)) for each in mine]
    pots = [
        (f"pot:{each.code}", _("The community pot of %(area)s, which has %(has)s", area=each.name, has=hours(has)))
        for each, has in sessions.pots_of(who)
    ]
    return own + pots, who.can("help others")


@time_sessions.route("/timebank/sessions/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    """Open a session; with ?like=… what an earlier one said stands there already, for the next time."""
    like, mine = clean_ref(request.args.get("like", "")[:40]), members.own(current_user)
    before = sessions.by_ref(like) if like is not None else None
    if before is None:
        start: dict[str, Any] = {"day": clock.today() + timedelta(days=1), "area": _own_area(mine)}
    else:
        start = forms.said(before) | {"day": max(before.day + timedelta(days=7), clock.today())}
        whose = before.giver or before.payer
        start["payer"] = f"member:{whose.ref}" if whose is not None else f"pot:{before.pot.code}" if before.pot else ""
        start["split"] = before.split
    form = forms.Open(data=start if request.method == "GET" else None).fill(members.categories(), _ideas())
    payers, helps = _payers(current_user, mine)
    form.fill_payers(payers, helps=helps)
    if len(payers) == 1 and not helps:
        form.payer.data = form.payer.data or payers[0][0]
    if payers and form.validate_on_submit():
        done, ref = _act(form, lambda: _open(form))
        if done:
            flash(_("It is open. Print the poster, and tell people."))
            return see_other(HOME + ref)
    return form_page("timebank/session_new.html", form, payers=payers, helps=helps, before=before, another=forms.ANOTHER)


def _ideas(session: TimeSession | None = None) -> Sequence[Purpose]:
    """Ideas for which hours can be given: on a session's day, or on some day from now on; those of the area first."""
    today = clock.today()
    if session is not None and session.day <= today:
        return works.open_purposes(session.day, (session.area_id,))
    return works.purposes_since(today - timedelta(days=31), (current_user.area_id,) if current_user.area_id else ())


def _own_area(mine: Sequence[Member]) -> str:
    """Where the card says that somebody is; of who is no member, where they live."""
    home = next((each.area_id for each in mine), current_user.area_id)
    return next((area.code for area in places.areas() if area.id == home), "")


def _open(form: forms.Open) -> str:
    payer, basis = form.payer.data or "", None
    if payer == forms.ANOTHER:
        number = clean_card(form.card.data)
        if number is None:
            raise Refused(_("Write the number on their card, like MEM-7F3K-9QXA."), "card")
        payer, basis = f"member:{number}", form.basis.data or ""
    try:
        return sessions.open_session(
            form.plan(), payer, current_user, once_key=form.once_key(current_user.id), every=form.every.data or "", until=form.until.data, basis=basis
        )  # fmt: skip
    except NotFound as why:
        raise Refused(why.sentence, "card") from why


@time_sessions.post("/timebank/sessions/for/<ref>")
@allow("signed in")
@limiter.limit("30/minute")
def open_for_event(ref: str) -> Any:
    """One tap on an event's page: its session, with its day, times and place."""
    made = at_events.open_for(ref, current_user, once_key=f"{current_user.id}:session for {ref}"[:200])
    flash(
        _(
            "It is open. Whoever is checked in at the event is here too. The hours come from: %(payer)s.",
            payer=sessions.payer_name(sessions.by_ref(made)),
        )
    )
    return see_other(HOME + made)


@time_sessions.route("/timebank/sessions/<ref>/change", methods=["GET", "POST"])
@allow("signed in")
def change(ref: str) -> Any:
    session = _run(ref)
    form = forms.Change(data=forms.said(session) | {"version": session.version} if request.method == "GET" else None)
    form.fill(members.categories(), _ideas())
    if form.validate_on_submit():
        done, count = _act(form, lambda: sessions.change(ref, form.plan(), current_user, shown=form.shown(), later=bool(form.later.data)))
        if done:
            flash(_n("Saved. Whoever signed up hears of it.", "%(num)d times are saved. Whoever signed up hears of it.", count))
            return see_other(_path(session))
        form.version.data = str(sessions.by_ref(ref).version)
    return form_page("timebank/session_change.html", form, session=session)


@time_sessions.route("/timebank/sessions/<ref>/cancel", methods=["GET", "POST"])
@allow("signed in")
def cancel(ref: str) -> Any:
    session = _run(ref)
    form = forms.Cancel()
    if form.validate_on_submit():
        done, count = _act(form, lambda: sessions.cancel(ref, form.reason.data, current_user, later=bool(form.later.data)))
        if done:
            flash(
                _n(
                    "Cancelled. Everybody who signed up is told.",
                    "%(num)d times are cancelled. Everybody who signed up is told.",
                    max(count, 1),
                )
            )
            return see_other(_path(session))
    some = sessions.sign_ups(session)
    return form_page("timebank/session_cancel.html", form, session=session, told=len(some), times=times)


@time_sessions.route("/timebank/sessions/<ref>/pot", methods=["GET", "POST"])
@allow("help others")
def pot(ref: str) -> Any:
    """A coordinator lets a community pot give the hours."""
    session = _run(ref)
    form = forms.PotPays()
    form.area.choices = [
        (each.code, _("%(area)s, which has %(has)s", area=each.name, has=hours(has))) for each, has in sessions.pots_of(current_user)
    ]
    if form.validate_on_submit():
        done, _none = _act(form, lambda: sessions.let_pot_pay(ref, form.area.data or "", form.reason.data, current_user))
        if done:
            flash(_("The community pot gives the hours now."))
            return see_other(_path(session, "/close"))
    return form_page("timebank/session_pot.html", form, session=session, payer=sessions.payer_name(session))


# --- paper ---------------------------------------------------------------------------------------------------------------


@time_sessions.get("/timebank/sessions/<ref>/poster")
@allow("signed in")
def poster(ref: str) -> Any:
    """To print and hang up: what it is, and how to check in."""
    session = _run(ref)
    address = address_of(HOME + sessions.token_of(session))
    picture = segno.make(address, error="m").svg_inline(scale=8, border=2, omitsize=True, title=_("Check in"))
    svg = Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec
    return page(
        "timebank/session_poster.html",
        session=session,
        svg=svg,
        address=address,
        short=address_of(HOME),
        times=times,
        costs=split.costs(session),
    )


@time_sessions.get("/timebank/sessions/<ref>/poster.pdf")
@allow("signed in")
@limiter.limit("30/minute")
def poster_file(ref: str) -> Response:
    """The same as a file to print; `?large=1` with larger letters."""
    session, shown = _run(ref), places.scheme()
    assert shown is not None, "a scheme has a session"
    return pdf_page(prints.poster(session, times(session), shown, large=request.args.get("large") == "1"), f"poster-{session.ref}")


@time_sessions.get("/timebank/sessions/<ref>/register")
@allow("signed in")
def register(ref: str) -> Any:
    """To print: who signed up, and empty lines."""
    session = _run(ref)
    some = [each for each in sessions.sign_ups(session) if each.state == "going"]
    return page(
        "timebank/session_register.html",
        session=session,
        some=some,
        empty=max(EMPTY_LINES - len(some) // 3, 6),
        times=times,
        name_of=name_of,
    )


@time_sessions.route("/timebank/sessions/<ref>/paper", methods=["GET", "POST"])
@allow("signed in")
def paper(ref: str) -> Any:
    """Type in what the register says."""
    session = _run(ref)
    form = forms.Sheet()
    ticked = [number for text in request.form.getlist("ticked")[:500] if (number := clean_ref(text[:40])) is not None]
    if form.validate_on_submit():
        done, typed = _act(
            form,
            lambda: checkin.from_paper(
                ref,
                form.sheet.data,
                ticked,
                form.names(),
                current_user,
                guests=bool(form.guests.data),
                once_key=form.once_key(current_user.id),
            ),
        )
        if done:
            flash(_what_was_typed(typed))
            return see_other(_path(session, "/check-in"))
    some = [each for each in sessions.sign_ups(session) if each.state == "going"]
    return form_page("timebank/session_paper.html", form, session=session, some=some, ticked=ticked, name_of=name_of)


def _what_was_typed(typed: checkin.Typed) -> str:
    parts = []
    if typed.members:
        parts.append(_("Checked in: %(names)s.", names=", ".join(typed.members)))
    if typed.guests:
        parts.append(_("Guests, without hours: %(names)s.", names=", ".join(typed.guests)))
    if typed.again:
        parts.append(_("In the list already: %(names)s.", names=", ".join(typed.again)))
    return " ".join(parts) or _("This sheet is in already.")


# --- checking in ---------------------------------------------------------------------------------------------------------


@time_sessions.get("/timebank/sessions/<ref>/check-in")
@allow("signed in")
def check_in(ref: str) -> Any:
    """Who is here, for the organiser: by name, by number, by hand; taps wait on the phone while there is no signal."""
    return _check_in(_run(ref), None)


def _check_in(session: TimeSession, form: Any) -> Any:
    rows = checkin.there(session)
    here_ids = {row.member_id for row in rows if row.member_id is not None}
    expected = [each.member for each in sessions.sign_ups(session) if each.state == "going" and each.member_id not in here_ids]
    known = sorted([*(row.member for row in rows if row.member is not None), *expected], key=lambda member: name_of(member).casefold())
    typed = one_line(request.args.get("q", ""))[:80]
    shown = form or forms.Tap(formdata=None)
    return form_page(
        "timebank/session_check_in.html", shown, session=session, known=known, there=here_ids, guests=[row for row in rows if row.member_id is None],
        q=typed, found=checkin.search(session, typed, current_user) if typed else (), name_of=name_of, today=clock.today(), total=len(rows), who=current_user.ref,
    )  # fmt: skip


@time_sessions.post("/timebank/sessions/<ref>/check-in")
@allow("signed in")
@limiter.limit("300/minute")
def tap(ref: str) -> Any:
    """One tap. Where a script runs it is kept on the phone until this answers: 204, or in plain words why not."""
    quiet, form = "X-Tap" in request.headers, forms.Tap()
    try:
        if not form.validate():
            raise Refused(" ".join(str(each) for some in form.errors.values() for each in some))
        checkin.tap(current_user, ref, _tapped(form), once_key=f"{form.once_key(current_user.id)}:{ref}:{form.act.data}"[:300])
    except Problem as why:
        if quiet:
            return Response(why.sentence, 409, mimetype="text/plain")
        if isinstance(why, NotYours):
            raise
        form.refuse(why.sentence, why.field)
        return _check_in(_run(ref), form)
    return Response(status=204) if quiet else see_other(f"{HOME}{ref}/check-in")


def _tapped(form: forms.Tap) -> checkin.Tap:
    number = clean_card(form.member.data) if form.member.data else ""
    if number is None or (form.act.data == "here" and not number):
        raise Refused(_("Write the number on their card, like MEM-7F3K-9QXA."), "member")
    return checkin.Tap(str(form.act.data)[:20], number, whole_number(form.row.data, 0), form.name.data)


@time_sessions.route("/timebank/sessions/<ref>/new-member", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def new_member(ref: str) -> Any:
    """Somebody at the session wants to be a member; who is younger than 18 joins at the desk."""
    session = _run(ref)
    row = whole_number(request.args.get("row"), 0)
    guest = next((each for each in checkin.there(session) if each.id == row and each.member_id is None), None) if row else None
    form = forms.NewMember(data={"name": guest.guest if guest else "", "row": row} if request.method == "GET" else None)
    if form.validate_on_submit():
        done, number = _act(
            form,
            lambda: checkin.new_member(
                ref, form.name.data, form.contact.data, bool(form.agreed.data), current_user, another=bool(form.another.data), once_key=form.once_key(current_user.id),
                row=whole_number(form.row.data, 0),
            ),
        )  # fmt: skip
        if done:
            flash(_("Welcome, %(name)s! The number for the card is %(number)s.", name=form.name.data, number=number))
            return see_other(_path(session, "/check-in"))
    return form_page("timebank/session_new_member.html", form, session=session, words=_(AGREEMENT, age=ADULT))


# --- closing -------------------------------------------------------------------------------------------------------------


@time_sessions.route("/timebank/sessions/<ref>/close", methods=["GET", "POST"])
@allow("signed in")
def close(ref: str) -> Any:
    """One figure for everybody, another one for some; the sum beside what the account has; then all at once."""
    session = _run(ref)
    if session.status == "closed":
        return see_other(_path(session, "/result"))
    rows = checkin.there(session)
    start = {"minutes": session.minutes, "purpose": str(session.purpose_id or "")}
    form = forms.Close(data=start if request.method == "GET" else None).fill(() if split.taken_from_many(session) else _ideas(session))
    typed = {row.id: one_line(request.form.get(f"each-{row.id}", ""))[:20] for row in rows if row.member_id is not None}
    each, wrong = _each(typed)
    if form.validate_on_submit() and not wrong and request.form.get("do") == "close":
        try:
            session_closing.close(
                ref,
                form.minutes.data,
                each,
                current_user,
                basis=form.basis.data or None,
                purpose_id=forms.idea_of(form),
                sure=bool(form.sure.data),
            )
        except (Refused, Conflict) as why:
            row_id = whole_number((why.field or "").removeprefix("each-"), -1)
            if row_id in typed:
                wrong[row_id] = why.sentence
            else:
                form.refuse(why.sentence, why.field)
        else:
            return see_other(_path(session, "/result"))
    lines = session_closing.preview(session, rows, form.minutes.data, each, current_user) if session.split else ()
    total, has = _total(rows, form.minutes.data, each, session, lines), books.balance(sessions.payer_account(session))
    short = _short(session, lines, has, total)
    for row_id, sentence in wrong.items():
        form.form_errors.append(f"{_name(rows, row_id)}: {sentence}")
    return form_page(
        "timebank/session_close.html", form, session=session, rows=rows, typed=typed, wrong=wrong, label=checkin.label, payer=sessions.payer_name(session),
        has=has, total=total, short=short, lines=lines, from_whom=split.in_words(session, sessions.payer_name(session)),
        from_many=split.taken_from_many(session),
        helps_giver=split.is_giver(current_user, session), may=sessions.may_close(current_user, session),
        basis=sessions.needs_basis(current_user, session), me=current_user.id, guests=sum(row.member_id is None for row in rows), today=clock.today(),
        helps=current_user.can("help others", session),
    )  # fmt: skip


def _name(rows: Sequence[Attendance], row_id: int) -> str:
    return next(checkin.label(row) for row in rows if row.id == row_id)


def _each(typed: dict[int, str]) -> tuple[dict[int, int], dict[int, str]]:
    """(minutes by line, where something was typed; what cannot be understood, in words)."""
    found: dict[int, int] = {}
    wrong: dict[int, str] = {}
    for row_id, text in typed.items():
        if text:
            try:
                found[row_id] = parse_hours(text)
            except ValueError as why:
                wrong[row_id] = str(why)
    return found, wrong


def _short(session: TimeSession, lines: Sequence[tuple[Attendance, Member, int]], has: int, total: int) -> str:
    """Who has too little, in words; "" when closing it now would do."""
    if split.taken_from_many(session):
        return " ".join(split.below([(member, figure) for _row, member, figure in lines]))
    return session_closing.too_little(session, total, has) if total > 0 and not session_closing.enough(session, has, total) else ""


def _total(
    rows: Sequence[Attendance],
    minutes: int | None,
    each: dict[int, int],
    session: TimeSession,
    lines: Sequence[tuple[Attendance, Member, int]],
) -> int:
    """What would be moved, as far as it can be said now: without guests, whoever pays, and who closes it."""
    if session.split == "pot":
        return 0 if minutes is None or split.is_giver(current_user, session) else minutes
    if session.split:
        return sum(figure for _row, _member, figure in lines)
    return sum(
        each.get(row.id, minutes or 0)
        for row in rows
        if row.member is not None and row.member_id != session.payer_id and row.member.person_id != current_user.id
    )


@time_sessions.get("/timebank/sessions/<ref>/result")
@allow("signed in")
def result(ref: str) -> Any:
    """What came of it, line by line, as it stands now."""
    session = _run(ref)
    if session.status != "closed":
        return see_other(_path(session))
    rows, put = checkin.there(session), session_closing.corrections(session)
    return page(
        "timebank/session_result.html", session=session, rows=rows, put=put, outcome=session_closing.outcome(session, rows, put), label=checkin.label,
        stands={row.id: session_closing.stands(row, put) for row in rows}, payer=sessions.payer_name(session), helps=current_user.can("help others", session),
        from_whom=split.in_words(session, sessions.payer_name(session)), from_many=split.taken_from_many(session),
        idea=session_closing.for_idea(session, rows, put), may_put_right={row.id for row in rows if session_closing.may_put_right(current_user, session, row)}, me=current_user.id, times=times,
    )  # fmt: skip


@time_sessions.route("/timebank/sessions/<ref>/wrong", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def wrong(ref: str) -> Any:
    """Somebody who was there says that their line is wrong."""
    session, member = sessions.by_ref(ref), _member()
    row = checkin.row_of(session, member) if member is not None else None
    if member is None or (row is None and sessions.sign_up_of(session, member) is None):
        raise NotYours(_("We cannot find that session."))
    form = forms.Wrong()
    if form.validate_on_submit():
        done, _none = _act(form, lambda: session_closing.something_wrong(ref, form.words.data, current_user))
        if done:
            flash(_("Thank you. A coordinator looks at it, and you hear from them."))
            return see_other(_path(session))
    put = session_closing.corrections(session) if row is not None else {}
    return form_page(
        "timebank/session_wrong.html", form, session=session, row=row, stands=session_closing.stands(row, put) if row is not None else 0
    )


# --- the desk ------------------------------------------------------------------------------------------------------------


@time_sessions.get("/timebank/desk/sessions")
@allow("help others")
def desk() -> Any:
    """What a coordinator has to look at: lines that are said to be wrong, own hours, sessions that nobody closed."""
    areas = current_user.areas("connector", "officer")
    return page(
        "timebank/session_desk.html", lines=session_closing.waiting_lines(areas), late=session_closing.not_closed(areas), label=checkin.label, me=current_user.id
    )  # fmt: skip


@time_sessions.route("/timebank/sessions/<ref>/lines/<int:row_id>", methods=["GET", "POST"])
@allow("signed in")
def line(ref: str, row_id: int) -> Any:
    """One person's line, put right or confirmed."""
    session = sessions.by_ref(ref)
    row = session_closing.line_of(session, row_id, current_user)
    put = session_closing.corrections(session).get(row_id, ())
    stands = put[-1].after if put else row.minutes or 0
    start = {"minutes": row.said if row.why == "own" and not put else stands, "shown": stands}
    form = forms.PutRight(data=start if request.method == "GET" else None)
    if form.validate_on_submit():
        shown = whole_number(form.shown.data)
        done, _none = _act(
            form,
            lambda: session_closing.put_right(ref, row_id, form.minutes.data or 0, form.reason.data, current_user, shown=shown),
        )
        if done:
            flash(_("Done. They are told, with the reason."))
            return see_other("/timebank/desk/sessions" if current_user.can("help others", session) else _path(session, "/result"))
        form.shown.data = str(stands)
    return form_page("timebank/session_line.html", form, session=session, row=row, put=put, stands=stands, label=checkin.label)


@time_sessions.route("/timebank/sessions/<ref>/forgotten", methods=["GET", "POST"])
@allow("help others")
def forgotten(ref: str) -> Any:
    """A coordinator writes down somebody who was forgotten."""
    session = _run(ref)
    form = forms.Forgotten(data={"minutes": session.minutes} if request.method == "GET" else None)
    if form.validate_on_submit():
        done, _none = _act(form, lambda: _add_forgotten(ref, form))
        if done:
            flash(_("It is in the books, and they are told."))
            return see_other(_path(session, "/result"))
    return form_page("timebank/session_forgotten.html", form, session=session)


def _add_forgotten(ref: str, form: forms.Forgotten) -> None:
    number = clean_card(form.who.data)
    if number is None:
        raise Refused(_("Write the number on their card, like MEM-7F3K-9QXA."), "who")
    try:
        session_closing.add_forgotten(ref, number, form.minutes.data or 0, form.reason.data, current_user)
    except NotFound as why:
        raise Refused(why.sentence, "who") from why


@time_sessions.route("/timebank/sessions/<ref>/reverse", methods=["GET", "POST"])
@allow("help others")
def reverse(ref: str) -> Any:
    """A coordinator takes all of it back."""
    session = _run(ref)
    form = forms.Why()
    if form.validate_on_submit():
        done, count = _act(form, lambda: session_closing.reverse_all(ref, form.reason.data, current_user))
        if done:
            flash(
                _n(
                    "Taken back for one person. Both entries stay in the books.",
                    "Taken back for %(num)d people. All entries stay in the books.",
                    count,
                )
            )
            return see_other(_path(session, "/result"))
    rows, put = checkin.there(session), session_closing.corrections(session)
    return form_page(
        "timebank/session_reverse.html",
        form,
        session=session,
        outcome=session_closing.outcome(session, rows, put),
        day=day_words(session.day),
    )
