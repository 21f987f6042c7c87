"""Data protection at the desk: who saw what, what is kept how long, and copies for who asks on paper."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, request, stream_with_context
from flask_login import current_user
from wtforms import RadioField

from portal import clock
from portal.exports import files
from portal.history import Actor
from portal.people import copies, keeping, seen
from portal.people import queries as people
from portal.people.forms import ROLE_NAMES, bases
from portal.people.views import actor, needs_proof, saw
from portal.web.forms import Form, Line, Needed, PlainDayField, WholeNumberField, whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow
from portal.words import N_, _

privacy = Blueprint("privacy", __name__, url_prefix="/desk/privacy")
PAGE = 50
LOOKED = ("whom", "by", "since", "until")
COLUMNS = ("when_utc", "who", "who_number", "role", "whose", "whose_number", "what", "about")


class Looked(Form):
    whom = Line(N_("Whose record? Number, e-mail or telephone"))
    by = Line(N_("Who looked? Number, e-mail or telephone"))
    since = PlainDayField(N_("From"), description=N_("Like 2026-03-31."))
    until = PlainDayField(N_("Until"), description=N_("Like 2026-03-31."))

    def asked(self) -> seen.Asked | None:
        """What is looked for; None, with a sentence at each field, where it cannot be understood."""
        self.validate()
        whom, by = self._person(self.whom), self._person(self.by)
        since, until = self.since.data, self.until.data
        if since is not None and until is not None and since > until:
            self.refuse(_("The last day comes before the first. Change one of them."), "until")
        return None if self.errors else seen.Asked(whom, by, since, until)

    def _person(self, field: Line) -> int | None:
        found = next(iter(people.search(field.data, limit=1, names=False)), None) if field.data else None
        if field.data and found is None:
            self.refuse(_("We know nobody by “%(text)s”. Write their number, e-mail address or telephone.", text=field.data), field.name)
        return found.id if found else None


class Days(Form):
    days = WholeNumberField(N_("Days"), [Needed(N_("Write a number of days."))])
    reason = Line(N_("Why?"), [Needed(N_("Write why, in a few words."))], most=300)


class Copy(Form):
    basis = RadioField(N_("How did they ask?"), [Needed(N_("Say how they asked: on paper, by telephone or face to face."))])
    reason = Line(N_("How do you know that it is they who ask?"), [Needed(N_("Write how you know, in a few words."))], most=300)
    kind = RadioField(N_("What do they need?"), [Needed(N_("Choose pages to print or a file."))])

    def fill(self) -> "Copy":
        self.basis.choices = bases()
        self.kind.choices = [("pages", _("Pages to print")), ("json", _("A file that any program can read (JSON)"))]
        return self


@privacy.get("/")
@allow("look after privacy")
def index() -> Any:
    return page("privacy/index.html")


@privacy.get("/seen")
@allow("look after privacy")
def seen_by() -> Any:
    """Who was shown whose record: of one person, by one person, between two days."""
    form = _looked()
    asked = form.asked()
    found = seen.looks(asked, whole_number(request.args.get("before"), 0) or None, PAGE + 1) if asked else []
    if asked and asked.whom_id is not None:
        saw("looks", asked.whom_id)
    search = urlencode({name: request.args[name] for name in LOOKED if request.args.get(name)})
    return form_page(
        "privacy/seen.html", form, lines=found[:PAGE], search=search, pages=seen.PAGES, roles=ROLE_NAMES,
        older=f"/desk/privacy/seen?{search}&before={found[PAGE - 1].id}" if len(found) > PAGE else None,
    )  # fmt: skip


@privacy.get("/seen.csv")
@allow("look after privacy")
@limiter.limit("12/minute")
def seen_csv() -> Any:
    """The same as a file, all of it; the page, with its sentences, where what was asked cannot be understood."""
    asked = _looked().asked()
    if asked is None:
        return seen_by()
    if asked.whom_id is not None:
        saw("looks", asked.whom_id)
    response = Response(stream_with_context(files.csv_chunks(COLUMNS, _rows(asked))), content_type=files.TYPES["csv"])
    response.headers["Content-Disposition"] = f'attachment; filename="who-saw-what-{clock.today()}.csv"'
    return response


def _rows(asked: seen.Asked) -> Iterator[tuple[str, ...]]:
    for line in seen.all_looks(asked):
        yield line.at.strftime("%Y-%m-%dT%H:%M:%SZ"), line.by, line.by_ref, line.role, line.whom, line.whom_ref, line.page, line.about


def _looked() -> Looked:
    return Looked(formdata=request.args, meta={"csrf": False})


# --- how long ------------------------------------------------------------------------------------------------------------


@privacy.get("/keeping")
@allow("look after privacy")
def kept() -> Any:
    """Each kind of data: its rule, what goes, and how much is due now."""
    events = keeping.changes()
    return page(
        "privacy/keeping.html", plan=keeping.plan(), events=events, names=people.names(event.actor_id for event in events),
        what={each.name: each.what for each in keeping.KEEPERS},
    )  # fmt: skip


@privacy.route("/keeping/<name>", methods=["GET", "POST"])
@allow("look after privacy")
def keep_for(name: str) -> Any:
    """For how many days one kind of data is kept."""
    kept = keeping.keeper(name)
    form = Days(data={"days": keeping.days_of()[name]})
    if done(form, lambda: keeping.set_days(name, form.days.data, form.reason.data, actor())):
        flash(_("Saved. What is due goes tonight."))
        return see_other("/desk/privacy/keeping")
    return form_page("privacy/keep_for.html", form, kept=kept, most=keeping.MOST_DAYS)


# --- copies --------------------------------------------------------------------------------------------------------------


@privacy.route("/copy/<ref>", methods=["GET", "POST"])
@allow("look after privacy")
@limiter.limit("10/minute", methods=["POST"])
def copy(ref: str) -> Any:
    """Everything that we hold about somebody who asks for it without signing in, for an officer who knows that it is they."""
    someone = people.person_by_ref(ref)
    form = Copy().fill()
    if not form.validate_on_submit():
        return form_page("privacy/copy.html", form, someone=someone)
    if (proof := needs_proof()) is not None:
        return proof
    everything = copies.for_who_asks(someone.id, form.reason.data, Actor(current_user.id, someone.id, form.basis.data))
    saw("copy", someone.id)
    if form.kind.data == "json":
        response = Response(copies.as_json(everything), content_type=files.TYPES["json"])
        response.headers["Content-Disposition"] = f'attachment; filename="data-of-{ref}.json"'
        return response
    return page("privacy/copy_pages.html", someone=someone, everything=everything, today=clock.today())
