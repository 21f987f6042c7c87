"""The wall and its cards: looking, pinning, changing, ending."""

from typing import Any
from urllib.parse import urlencode

import segno
from flask import Blueprint, Response, flash, g, request, send_file
from flask_login import current_user
from markupsafe import Markup

from portal import clock, photos
from portal.errors import NotFound
from portal.events import queries as events
from portal.ideas import cards, care, counting, forms, joining, prints, queries
from portal.ideas.model import Idea
from portal.ideas.rules import DAYS
from portal.people.forms import area_choices
from portal.people.views import area_id, sent_picture, settings
from portal.places import queries as places
from portal.places.model import Scheme
from portal.web.filters import day
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, pdf_page, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

idea_cards = Blueprint("idea_cards", __name__)
CHIPS = {"open": N_("On the wall"), "taken": N_("Under way"), "done": N_("Happened"), "archived": N_("Earlier")}
HELD = N_("Thank you! A neighbour who helps looks at your card first. That takes two working days at most.")
MOST_NAMES = 6  # first names that a card shows


def the_scheme() -> Scheme:
    """The scheme, for what is printed."""
    found = places.scheme()
    if found is None:
        raise NotFound(_("We cannot find that page."))
    return found


def mine_or_desk(ref: str) -> tuple[Idea, bool]:
    """A card that the reader may change, and whether as a connector; not found for everybody else."""
    idea = queries.by_ref(ref)
    if queries.is_owner(current_user, idea):
        return idea, False
    require("help others", idea)
    return idea, True


# --- the wall ------------------------------------------------------------------------------------------------------------


@idea_cards.get("/ideas/")
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    """What neighbours would like to do, newest first: chips, search, pages."""
    state = request.args.get("state", "open")
    area = places.area_by_code(request.args["area"]) if request.args.get("area") else None
    event = events.for_all(request.args.get("event", ""))
    filters = queries.Filters(state if state in queries.SHOWN else "open", area, event)
    typed = request.args.get("q", "")[:200]
    found = queries.search(typed, filters, before=whole_number(request.args.get("before"), 0) or None)
    asked = {
        "q": typed,
        "state": filters.state if filters.state != "open" else "",
        "area": area.code if area else "",
        "event": event.ref if event else "",
    }
    return page(
        "ideas/index.html", found=found, filters=filters, asked=asked, typed=typed, areas=area_choices(_("Everywhere")), whose=queries.whose,
        chips=[(_(words), _address(asked | {"state": value if value != "open" else ""}), filters.state == value) for value, words in CHIPS.items()],
        older=_address(asked | {"before": str(found.rows[-1].id)}) if found.more else None, first=not request.args.get("before"),
    )  # fmt: skip


def _address(asked: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/ideas/?{query}" if query else "/ideas/"


@idea_cards.get("/i/<int:number>")
@allow("anyone")
@limiter.limit("60/minute")
def by_number(number: int) -> Any:
    """The short address on a paper note."""
    return see_other(f"/ideas/{queries.by_number(number).ref}")


@idea_cards.get("/ideas/mine")
@allow("signed in")
def mine() -> Any:
    """My cards in whatever state, what waits for my yes, and what I am in."""
    before = whole_number(request.args.get("before"), 0) or None
    rows = queries.of_person(current_user.id, before=before, limit=queries.PAGE + 1)
    return page(
        "ideas/mine.html", rows=rows[: queries.PAGE], states=queries.STATE_WORDS, today=clock.today(), joins=joining.waiting_for(current_user.id),
        pledged=counting.of_person(current_user.id), whose=queries.whose,
        older=f"/ideas/mine?before={rows[queries.PAGE - 1].id}" if len(rows) > queries.PAGE else None,
    )  # fmt: skip


# --- one of them ---------------------------------------------------------------------------------------------------------


@idea_cards.get("/ideas/<ref>")
@allow("anyone")
@limiter.limit("120/minute")
def one(ref: str) -> Any:
    """One card: for everybody with the way to be in, for its owner and who helps there with what they may do."""
    idea = queries.readable(ref, current_user)
    yours, desk = queries.is_owner(current_user, idea), queries.helps(current_user, idea)
    if idea.status == "joined" and not (yours or desk):
        return see_other(f"/ideas/{queries.root_of(idea).ref}")
    some = counting.neighbours_of(idea)
    my = next((each for each in some if each.key == f"person:{current_user.id}"), None)
    live = queries.is_live(idea)
    return page(
        "ideas/one.html", idea=idea, yours=yours, desk=desk, live=live, whose=queries.whose(idea), names=[each.pledge.name for each in some], unreached=sum(each.unreached for each in some) if yours or desk else 0,
        most_names=MOST_NAMES, my=my, state=queries.STATE_WORDS[idea.status],
        next_link=queries.next_link([each.id for each in my.all]) if my is not None and idea.status == "taken" else "",
        root=queries.root_of(idea), others=queries.joined_into(idea.id), became=queries.became([idea.id]).get(idea.id, ()),
        alike=queries.alike_to(idea.title, idea.text, idea.area_id, but=[idea.id]) if live and (yours or desk) else [],
        joins=joining.of_idea(idea) if yours or desk else [], may_undo=joining.may_undo, days=DAYS, today=clock.today(),
        address=prints.short_address(idea), svg=_qr(idea),
    )  # fmt: skip


def _qr(idea: Idea) -> Markup:
    picture = segno.make(prints.short_address(idea), error="m").svg_inline(
        scale=4, border=2, omitsize=True, title=_("QR code of this idea")
    )
    return Markup(picture)  # made by segno from our own address  # noqa: S704  # nosec


@idea_cards.get("/ideas/photos/<ref>.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """The picture of a card, to those who may read the card."""
    idea = queries.of_photo(ref)
    for_all = queries.for_all(idea)
    if not for_all:
        queries.readable(idea.ref, current_user)
    if idea.photo_file is None:
        raise NotFound(_("That photo is gone."))
    g.private = not for_all
    response = send_file(photos.path(idea.photo_file, settings().data_dir), mimetype="image/jpeg", max_age=3600 if for_all else 0)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@idea_cards.get("/ideas/<ref>/card.pdf")
@allow("anyone")
@limiter.limit("12/minute")
def paper(ref: str) -> Response:
    """One card on paper, with its number and QR code."""
    idea = queries.readable(ref, current_user)
    return pdf_page(
        prints.cards(_("Idea %(number)d", number=idea.number), [idea], the_scheme(), large=request.args.get("large") == "1"),
        f"idea-{idea.number}",
    )


# --- writing one ---------------------------------------------------------------------------------------------------------


@idea_cards.route("/ideas/new", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def new() -> Any:
    """Pin an idea to the wall; a connector also for somebody else (`?for=somebody`)."""
    behalf = request.values.get("for") == "somebody" and may("help others")
    form = forms.Card(data={"area": _home(), "event": request.args.get("event", "")[:20]} if request.method == "GET" else None).fill()
    made: list[str] = []

    def pin() -> None:
        made.append(
            cards.post(
                form.draft(area_id(form.area.data)), current_user, basis=form.basis.data if behalf else None, for_somebody=behalf, picture=sent_picture(),
                data_dir=settings().data_dir, once_key=form.once_key(current_user.id),
            )
        )  # fmt: skip

    if done(form, pin):
        idea = queries.by_ref(made[0])
        if idea.status == "held" and not current_user.is_authenticated:
            return page("ideas/thanks.html", idea=idea)
        flash(
            _(HELD)
            if idea.status == "held"
            else _("It is on the wall as number %(number)d. Show it to your neighbours!", number=idea.number)
        )
        return see_other(f"/ideas/{made[0]}")
    return form_page(
        "ideas/card_form.html", form, idea=None, behalf=behalf, desk=behalf, stranger=not current_user.is_authenticated, back="/ideas/"
    )


def _home() -> str:
    area = next((each for each in places.areas() if each.id == current_user.area_id), None) if current_user.area_id else None
    return area.code if area is not None else ""


@idea_cards.route("/ideas/<ref>/edit", methods=["GET", "POST"])
@allow("signed in")
def edit(ref: str) -> Any:
    """Say it in another way."""
    idea, desk = mine_or_desk(ref)
    start = {"title": idea.title, "area": idea.area.code, "text": idea.text, "alt": idea.photo_alt, "version": idea.version}
    form = forms.Card(data=start).fill()

    def change() -> None:
        cards.edit(
            ref, form.draft(area_id(form.area.data)), current_user, shown=whole_number(form.version.data), basis=form.basis.data if desk else None,
            picture=sent_picture(), without_photo=bool(form.without_photo.data), data_dir=settings().data_dir,
        )  # fmt: skip

    if done(form, change):
        flash(_(HELD) if queries.by_ref(ref).status == "held" else _("Changed."))
        return see_other(f"/ideas/{ref}")
    return form_page(
        "ideas/card_form.html", form, idea=idea, behalf=False, desk=desk and cards.has_owner(idea), stranger=False, back=f"/ideas/{ref}"
    )


@idea_cards.post("/ideas/<ref>/renew")
@allow("signed in")
def renew(ref: str) -> Any:
    """One tap: it stays, or is back. A connector says how they know with it."""
    idea = cards.renew(ref, current_user, basis=request.form.get("basis") or None)
    flash(_(HELD) if idea.status == "held" else _("It is on the wall until %(day)s.", day=day(idea.ends_on)))
    return see_other(f"/ideas/{ref}")


@idea_cards.route("/ideas/<ref>/end", methods=["GET", "POST"])
@allow("signed in")
def end(ref: str) -> Any:
    """It happened, or is not needed any more."""
    idea, desk = mine_or_desk(ref)
    form = forms.End().fill(desk=desk)
    if done(form, lambda: cards.end(ref, form.how.data, current_user, basis=form.basis.data or None)):
        flash(_("Lovely! Everybody who is in hears of it.") if form.how.data == "done" else _("Done."))
        return see_other(f"/ideas/{ref}")
    return form_page("ideas/end.html", form, idea=idea, desk=desk and cards.has_owner(idea), back=f"/ideas/{ref}")


@idea_cards.route("/ideas/<ref>/whose", methods=["GET", "POST"])
@allow("help others")
def whose(ref: str) -> Any:
    """A nobody's card becomes somebody's."""
    idea = queries.by_ref(ref)
    require("help others", idea)
    form = forms.Whose(data={"name": idea.owner_name}).fill()
    if done(form, lambda: cards.hand_over(ref, form.name.data, form.contact.data, current_user, basis=form.basis.data)):
        flash(_("Written down."))
        return see_other(f"/ideas/{ref}")
    return form_page("ideas/whose.html", form, idea=idea, back=f"/ideas/{ref}")


@idea_cards.route("/ideas/<ref>/report", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("10/minute", methods=["POST"])
def report(ref: str) -> Any:
    """Somebody says that something is wrong with a card."""
    idea = queries.readable(ref, current_user)
    form = forms.Report()
    if done(form, lambda: care.report(ref, form.words.data, current_user, once_key=form.once_key(current_user.id or ""))):
        flash(_("Thank you for telling us. Somebody looks at it within two working days."))
        return see_other(f"/ideas/{ref}")
    return form_page("ideas/report.html", form, idea=idea, back=f"/ideas/{ref}")
