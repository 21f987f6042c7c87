"""Quick sparks: the connector's pages on a phone, and the desk's floats."""

from typing import Any

from flask import Blueprint, flash, request
from flask_login import current_user

from portal import clock, photos
from portal.errors import NotFound, Refused
from portal.grants import floats, queries, quick_review
from portal.grants import quick as sparks
from portal.grants.forms import quick as forms
from portal.grants.model import Photo, QuickFloat, QuickSpark
from portal.grants.views import apply as apply_views
from portal.history import Actor, events_of
from portal.ledger import queries as books
from portal.money import Pence, pounds
from portal.panels import queries as panels
from portal.people import queries as people
from portal.people.views import actor, area_id, settings
from portal.web.pages import form_page, page, see_other
from portal.web.policy import allow, may
from portal.words import N_, _

quick = Blueprint("quick", __name__)

REQUEST_WORDS = {
    "with_panel": (N_("With the panel"), "calm"),
    "granted": (N_("Granted"), "good"),
    "no": (N_("The panel said no"), ""),
    "not_yet": (N_("Not yet"), "warm"),
    "no_quorum": (N_("Too few votes"), "warm"),
    "withdrawn": (N_("Taken back"), ""),
}
PAGE = 30


# --- the connector -------------------------------------------------------------------------------------------------------


@quick.get("/grants/quick/")
@allow("give quick sparks")
def index() -> Any:
    """What I hold, what I gave, which receipts are missing, what I asked the panel for."""
    held = sparks.floats_of(current_user.id)
    before = request.args.get("before", "")
    given = sparks.sparks_of(current_user.id, before=int(before[:18]) if before.isdecimal() else None, limit=PAGE + 1)
    return page(
        "grants/quick.html", floats=held, most={each.id: floats.most_of(each.fund) for each in held}, sparks=given[:PAGE],
        older=f"/grants/quick/?before={given[PAGE - 1].id}" if len(given) > PAGE else None, asked=sparks.requests_of(current_user.id),
        late=sparks.overdue(current_user.id), words=REQUEST_WORDS, left=sum(each.balance for each in held), today=clock.today(),
    )  # fmt: skip


@quick.route("/grants/quick/ask", methods=["GET", "POST"])
@allow("give quick sparks")
def ask() -> Any:
    """A connector asks the panel for a float, or for more."""
    form = forms.Ask().fill(*_choices())
    if form.validate_on_submit():
        try:
            _ask(form, current_user.ref)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The panel has your question now. We tell you what it says."))
            return see_other("/grants/quick/")
    return form_page("grants/quick_ask.html", form, back="/grants/quick/")


def _choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return [(fund.code, fund.name) for fund in queries.open_funds()], [(panel.ref, panel.name) for panel in panels.panels()]


def _ask(form: forms.Ask, person_ref: str) -> None:
    assert form.amount.data is not None
    floats.ask(
        person_ref, form.fund.data or "", form.panel.data or "", form.amount.data, form.reason.data, actor(),
        once_key=form.once_key(current_user.id),
    )  # fmt: skip


@quick.route("/grants/quick/new", methods=["GET", "POST"])
@allow("give quick sparks")
def new() -> Any:
    """Give one: a page, a tap."""
    held = sparks.floats_of(current_user.id)
    if not held:
        return see_other("/grants/quick/")
    form = forms.Spark(data={"basis": "in person", "area": _own_area()} if request.method == "GET" else None).fill(_named(held))
    if form.validate_on_submit():
        try:
            ref = _spend(form, form.float.data or held[0].ref, Actor(current_user.id, None, form.basis.data))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Given. Thank you!"))
            return see_other(f"/grants/quick/{ref}")
    return form_page(
        "grants/quick_new.html",
        form,
        floats=held,
        stop=sparks.in_the_way(held[0]),
        most=floats.most_of(held[0].fund),
        back="/grants/quick/",
        whose=None,
    )


def _named(held: Any) -> list[tuple[str, str]]:
    return [(each.ref, _("%(fund)s: %(left)s left", fund=each.fund.name, left=pounds(each.balance))) for each in held]


def _own_area() -> str:
    """Most help is round the corner."""
    from portal.places.queries import areas

    return next((area.code for area in areas() if area.id == current_user.area_id), "")


def _spend(form: forms.Spark, float_ref: str, by: Actor) -> str:
    assert form.amount.data is not None and form.spent_on.data is not None
    given = sparks.Given(
        what=form.what.data, helps=form.helps.data, area_id=area_id(form.area.data), amount=form.amount.data, spent_on=form.spent_on.data,
        payee_kind=form.payee_kind.data, payee_name=form.payee_name.data, not_ours=bool(form.not_ours.data),
    )  # fmt: skip
    return sparks.spend(
        float_ref, given, _picture("receipt"), _picture("photo"), form.alt.data, settings().data_dir, by, once_key=form.once_key(current_user.id)
    )  # fmt: skip


def _picture(name: str) -> photos.Picture | None:
    sent = request.files.get(name)
    if sent is None or not sent.filename:
        return None
    try:
        return photos.read(sent.read())
    except Refused as why:
        raise Refused(why.sentence, name) from why


@quick.get("/grants/quick/<ref>")
@allow("signed in")
def one(ref: str) -> Any:
    """One quick spark with its story: for its connector, officers, finance and the auditor."""
    return _one(_readable(ref), forms.Receipt(formdata=None), forms.Answer(formdata=None))


def _readable(ref: str) -> QuickSpark:
    found = sparks.by_ref(ref)
    if not (_mine(found) or may("open finance")):
        raise NotFound(_("We cannot find that quick spark."))
    return found


def _mine(spark: QuickSpark) -> bool:
    return bool(spark.float.person_id == current_user.id)


def _writable(ref: str) -> QuickSpark:
    """For those who add receipts and answer: its connector, and officers."""
    found = _readable(ref)
    if not (_mine(found) or may("run rounds")):
        raise NotFound(_("We cannot find that quick spark."))
    return found


def _one(found: QuickSpark, receipt: Any, answer: Any) -> Any:
    pictures = queries.photos_of(sparks.about(found), sparks.receipts_about(found))
    return form_page(
        "grants/quick_one.html", receipt if receipt.errors else answer, receipt=receipt, answer=answer, given=found, mine=_mine(found),
        receipts=[each for each in pictures if not each.public], photos=[each for each in pictures if each.public],
        remarks=sparks.remarks_of([found.id])[found.id], events=events_of(sparks.about(found)), payees=forms.PAYEES, bases=forms.BASES,
        names=people.names([found.float.person_id]), writes=_mine(found) or may("run rounds"), officer=may("run rounds") and not _mine(found), today=clock.today(),
    )  # fmt: skip


@quick.post("/grants/quick/<ref>/receipt")
@allow("signed in")
def receipt(ref: str) -> Any:
    found = _writable(ref)
    form = forms.Receipt()
    if form.validate():
        try:
            sparks.add_receipt(ref, _picture("receipt"), settings().data_dir, actor(), once_key=form.once_key(current_user.id))
        except Refused as why:
            form.refuse(why.sentence, "receipt" if why.field in ("receipt", "photo") else None)
        else:
            flash(_("The receipt is in. Thank you!"))
            return see_other(f"/grants/quick/{ref}")
    return _one(found, form, forms.Answer(formdata=None))


@quick.post("/grants/quick/<ref>/answer")
@allow("signed in")
def answer(ref: str) -> Any:
    found = _writable(ref)
    form = forms.Answer()
    if form.validate():
        try:
            quick_review.answer(ref, form.words.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The panel can read your answer now."))
            return see_other(f"/grants/quick/{ref}")
    return _one(found, forms.Receipt(formdata=None), form)


# --- the desk ------------------------------------------------------------------------------------------------------------


@quick.get("/desk/floats")
@allow("open finance")
def desk() -> Any:
    """Who holds how much, when they last gave, what receipts are missing; what waits at a panel."""
    held = sparks.desk_list("open")
    return page(
        "grants/quick_desk.html", held=held, ended=sparks.desk_list("closed", limit=30), waiting=sparks.requests_waiting(),
        total=sum(each.float.balance for each in held),
    )  # fmt: skip


@quick.route("/desk/floats/ask", methods=["GET", "POST"])
@allow("run rounds")
def ask_for() -> Any:
    """An officer asks a panel for a connector's float."""
    form = forms.AskFor().fill_for(*_choices(), [(one.ref, one.name) for one in people.holders("connector")])
    if form.validate_on_submit():
        try:
            _ask(form, form.person.data or "")
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The panel has the question now."))
            return see_other("/desk/floats")
    return form_page("grants/quick_ask.html", form, back="/desk/floats")


@quick.get("/desk/floats/<ref>")
@allow("open finance")
def float_(ref: str) -> Any:
    """One float: its quick sparks, and its lines in the books."""
    found = floats.by_ref(ref)
    before = request.args.get("before", "")
    given = sparks.sparks_of(float_id=found.id, before=int(before[:18]) if before.isdecimal() else None, limit=PAGE + 1)
    return page(
        "grants/quick_float.html", float=found, sparks=given[:PAGE], lines=books.statement(floats.account(found), limit=PAGE),
        older=f"/desk/floats/{ref}?before={given[PAGE - 1].id}" if len(given) > PAGE else None, names=people.names([found.person_id]),
        asked=[each for each in sparks.requests_of(found.person_id) if each.float_id == found.id], words=REQUEST_WORDS,
        connector=floats.is_connector(found.person_id), mine=found.person_id == current_user.id, today=clock.today(),
    )  # fmt: skip


@quick.route("/desk/floats/<ref>/spark", methods=["GET", "POST"])
@allow("run rounds")
def for_connector(ref: str) -> Any:
    """An officer types what a connector gave, from the slip."""
    found = floats.by_ref(ref)
    whose = people.person(found.person_id)
    form = forms.SparkFor(data={"basis": "in person"} if request.method == "GET" else None).fill(_named([found]))
    if form.validate_on_submit():
        try:
            made = _spend(form, ref, _by_slip(found, form))
        except Refused as why:
            form.refuse(why.sentence, "slip" if why.field == "basis" else why.field)
        else:
            flash(_("It is in the books."))
            return see_other(f"/grants/quick/{made}")
    return form_page(
        "grants/quick_new.html", form, floats=[found], stop=sparks.in_the_way(found), most=floats.most_of(found.fund), back=f"/desk/floats/{ref}", whose=whose.name
    )  # fmt: skip


def _by_slip(found: QuickFloat, form: forms.SparkFor) -> Actor:
    """Their own is simply theirs; a connector's is on the connector's behalf."""
    if found.person_id == current_user.id:
        return Actor(current_user.id, None, form.slip.data)
    return Actor(current_user.id, found.person_id, form.slip.data)


def _with_reason(form: Any, template: str, act: Any, done: Any, back: str, **context: Any) -> Any:
    """A page that asks why, and then acts. `done` is what is said, or makes it from what the act gave."""
    if form.validate_on_submit():
        try:
            result = act(form)
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(done(result) if callable(done) else done)
            return see_other(back)
    return form_page(template, form, back=back, **context)


@quick.route("/desk/floats/<ref>/return", methods=["GET", "POST"])
@allow("run rounds")
def take_back(ref: str) -> Any:
    found = floats.by_ref(ref)
    return _with_reason(
        forms.Why(), "grants/quick_return.html", lambda form: floats.take_back(ref, form.reason.data, actor()),
        lambda held: _("%(sum)s are back in the fund. The float has ended.", sum=pounds(held)), f"/desk/floats/{ref}", float=found, names=people.names([found.person_id]),
    )  # fmt: skip


@quick.route("/desk/floats/requests/<ref>/withdraw", methods=["GET", "POST"])
@allow("run rounds")
def withdraw(ref: str) -> Any:
    found = floats.request_by_ref(ref)
    return _with_reason(
        forms.Why(), "grants/quick_withdraw.html", lambda form: floats.withdraw(ref, form.reason.data, actor()), _("The request is taken back."),
        "/desk/floats", request_=found, names=people.names([found.person_id]),
    )  # fmt: skip


@quick.route("/desk/quick/<ref>/waive", methods=["GET", "POST"])
@allow("run rounds")
def waive(ref: str) -> Any:
    return _with_reason(
        forms.Why(), "grants/quick_waive.html", lambda form: sparks.waive(ref, form.reason.data, actor()), _("The receipt is let go."),
        f"/grants/quick/{ref}", given=sparks.by_ref(ref),
    )  # fmt: skip


@quick.route("/desk/quick/<ref>/put-right", methods=["GET", "POST"])
@allow("run rounds")
def put_right(ref: str) -> Any:
    return _with_reason(
        forms.PutRight(), "grants/quick_put_right.html", lambda form: sparks.put_right(ref, form.reason.data, actor()),
        _("Taken back. Both lines stay in the books."), f"/grants/quick/{ref}", given=sparks.by_ref(ref),
    )  # fmt: skip


@quick.route("/desk/funds/<code>/quick", methods=["GET", "POST"])
@allow("run rounds")
def limit(code: str) -> Any:
    """The most for one quick spark of a fund."""
    fund = queries.fund_by_code(code)
    form = forms.Limit(data={"most": floats.most_of(fund)})
    return _with_reason(
        form, "grants/quick_limit.html", lambda form: floats.set_limit(code, form.most.data or Pence(0), form.reason.data, actor()), _("Saved."),
        f"/desk/funds/{code}", fund=fund,
    )  # fmt: skip


# --- photos --------------------------------------------------------------------------------------------------------------


def _public_photo(row: Photo) -> tuple[bool, bool]:
    return row.public, row.public


def _receipt_photo(row: Photo) -> tuple[bool, bool]:
    """Never for everybody: its connector, officers, finance and the auditor."""
    return False, current_user.is_authenticated and (_mine(sparks.photo_of(row)) or may("open finance"))


apply_views.OTHER_PHOTOS["quick"] = _public_photo
apply_views.OTHER_PHOTOS["quick-receipt"] = _receipt_photo
