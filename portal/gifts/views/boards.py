"""The boards, one gift or wish, putting one up (also as a stranger, who signs in at the end), keeping and ending it."""

import io
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, g, request, send_file
from flask_login import current_user

from portal import clock, photos
from portal.errors import NotFound, Refused
from portal.events import queries as events
from portal.gifts import drafts, forms, lists, notes, parties, posts, promises, rules, suggestions, talks, weekly
from portal.gifts.lists import Board, Filters
from portal.gifts.model import GiftDraft, GiftParty, GiftPost
from portal.people import queries as people
from portal.people.model import Organisation
from portal.people.views import area_id, sent_picture, settings
from portal.places import queries as places
from portal.web.filters import day
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may
from portal.words import _

boards = Blueprint("gift_boards", __name__)
LIST = "/gifts/"


def groups() -> Sequence[Organisation]:
    """Organisations for which the reader may post and answer."""
    return people.organisations_of(current_user.id) if current_user.is_authenticated and current_user.acts_for else []


def neighbour(post: GiftPost) -> str:
    """ "Maya in Mossgate", or "A neighbour in Mossgate" for who has not signed in."""
    if post.party.organisation_id is not None or current_user.is_authenticated:
        return _("%(name)s in %(area)s", name=parties.first_name(post.party), area=post.area.name)
    return _("A neighbour in %(area)s", area=post.area.name)


# --- boards --------------------------------------------------------------------------------------------------------------


@boards.get(LIST)
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    """Everywhere that reaches the reader, newest first: chips, search, pages."""
    area = places.area_by_code(request.args.get("area", "")) if request.args.get("area") else None
    event = events.for_all(request.args.get("event", ""))
    if event is None and request.args.get("event"):
        raise NotFound(_("We cannot find that event."))
    return _board(_seen(area=area, event=event), LIST)


@boards.get("/gifts/areas/<code>")
@allow("anyone")
@limiter.limit("120/minute")
def area_board(code: str) -> Any:
    """The board of an area, with all that lies in it; to be put on a poster there."""
    area = places.area(code)
    return _board(_seen(area=area), f"/gifts/areas/{code}")


@boards.get("/gifts/hubs/<ref>")
@allow("anyone")
@limiter.limit("120/minute")
def hub_board(ref: str) -> Any:
    """The board of a hub: what it gives and wishes itself, and what neighbours put there."""
    hub = people.organisation_by_ref(ref)
    if hub.archived_at is not None:
        raise NotFound(_("We do not know that group."))
    return _board(_seen(hub=hub), f"/gifts/hubs/{ref}")


def _seen(**which: Any) -> Board:
    """A board as the reader may see it."""
    helps = current_user.areas("connector", "officer") if current_user.is_authenticated else frozenset()
    return Board(homes=lists.homes_of(current_user), helps=helps, **which)


def _board(board: Board, here: str) -> Any:
    own = parties.own(current_user)
    kind, sort = request.args.get("kind", ""), request.args.get("sort", "")
    filters = Filters(kind if kind in ("gift", "wish") else "", sort if sort in rules.SORT_NAMES else "")
    typed = request.args.get("q", "")[:200]
    found = lists.search(typed, board, filters, own=[each.id for each in own], before=whole_number(request.args.get("before"), 0) or None)
    everywhere = places.areas() if here == LIST else []
    asked = {
        "q": typed,
        "kind": filters.kind,
        "sort": filters.sort,
        "area": board.area.code if board.area is not None and here == LIST else "",
        "event": board.event.ref if board.event is not None else "",
    }
    return page(
        "gifts/board.html", board=board, here=here, found=found, filters=filters, asked=asked, typed=typed, chips=_chips(here, asked), neighbour=neighbour,
        own=[each.id for each in own], areas=[area for area in everywhere if area.kind != "scheme"] if here == LIST and board.event is None else [],
        fitting=_fitting(own, board.homes, {area.id: area.parent_id for area in everywhere}) if here == LIST and not request.args else [], weekly=_weekly(own) if here == LIST else None,
        older=_address(here, asked | {"before": str(found.rows[-1].id)}) if found.more else None, first=not request.args.get("before"),
    )  # fmt: skip


def _fitting(own: Sequence[GiftParty], homes: Collection[int], above: Mapping[int, int | None]) -> Sequence[suggestions.Suggestion]:
    return suggestions.for_reader(current_user, own, homes, above) if current_user.is_authenticated else []


def _weekly(own: Sequence[GiftParty]) -> tuple[str, list[tuple[str, str, str]]] | None:
    """How the reader's weekly letter is set, and what one tap changes. No query."""
    if not current_user.is_authenticated:
        return None
    row = next((each.weekly for each in own if each.person_id == current_user.id), None)
    return weekly.in_words(row), weekly.choices(row)


def _address(here: str, asked: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{here}?{query}" if query else here


def _chips(here: str, asked: dict[str, str]) -> dict[str, list[tuple[str, str, bool]]]:
    kinds = (("", _("All")), ("gift", _("Gifts")), ("wish", _("Wishes")))
    sorts = [("", _("Every sort")), *((value, _(words)) for value, words in rules.SORT_NAMES.items())]
    return {
        name: [(words, _address(here, asked | {name: value}), asked[name] == value) for value, words in some]
        for name, some in (("kind", kinds), ("sort", sorts))
    }


@boards.get("/gifts/rules")
@allow("anyone")
def good_to_know() -> Any:
    """What goes and what does not: food, medicines, money, children, meeting."""
    return page("gifts/rules.html")


@boards.get("/gifts/mine")
@allow("signed in")
def mine() -> Any:
    """What needs me, what is promised and lent, my posts, and two numbers."""
    ids = [each.id for each in parties.own(current_user)]
    rows = lists.of_parties(ids, before=whole_number(request.args.get("before"), 0) or None, limit=lists.PAGE + 1) if ids else []
    return page(
        "gifts/mine.html", rows=rows[: lists.PAGE], parts=_parts(rows[: lists.PAGE]), ids=ids, coming=promises.coming(ids) if ids else [], talks=talks.of_parties(ids, limit=10) if ids else [],
        counted=promises.counters(ids) if ids else (0, 0), states={post.id: rules.state_of(post, clock.today()) for post in rows}, names=rules.STATE_NAMES, first_name=parties.first_name, is_waiting=talks.is_waiting,
        older=f"/gifts/mine?before={rows[lists.PAGE - 1].id}" if len(rows) > lists.PAGE else None,
    )  # fmt: skip


def _parts(rows: Sequence[GiftPost]) -> list[tuple[str, list[GiftPost]]]:
    """Posts of somebody under a heading each: on the boards, waiting or paused, over."""
    today = clock.today()
    on = [post for post in rows if rules.state_of(post, today) == "open"]
    waiting = [post for post in rows if post.status in ("held", "paused")]
    over = [post for post in rows if post not in on and post not in waiting]
    return [(_("On the boards"), on), (_("Not on the boards just now"), waiting), (_("Over"), over)]


# --- one of them ---------------------------------------------------------------------------------------------------------


@boards.get("/gifts/<ref>")
@allow("anyone")
def one(ref: str) -> Any:
    """One gift or wish: for its owner with what they may do, for others with the way to answer."""
    post = lists.readable(ref, current_user)
    own = parties.own(current_user)
    yours = any(each.id == post.party_id for each in own)
    known = talks.with_me(post, [each.id for each in own]) if own and not yours else None
    desk = not yours and may("help others", post)
    spoken_for = desk and post.basis is not None and not parties.is_reached(post.party)  # the desk says for them what became of it
    return page(
        "gifts/one.html", post=post, yours=yours, desk=desk, spoken_for=spoken_for, known=known, live=lists.is_live(post), who=neighbour(post),
        state=rules.STATE_NAMES[rules.state_of(post, clock.today())], sort=rules.sort_name(post.kind, post.sort),
        talks=talks.about_post(post) if yours or spoken_for else [], food=post.kind == "gift" and post.sort == "give" and rules.is_food(post.title, post.text),
        reaches=forms.REACHES, first_name=parties.first_name, neighbour=neighbour, is_waiting=talks.is_waiting,
        fitting=suggestions.for_post(post, current_user, own) if yours and lists.is_live(post) else [],
    )  # fmt: skip


@boards.get("/n/<int:number>")
@allow("anyone")
@limiter.limit("60/minute")
def note(number: int) -> Any:
    """A sticky note: what it has become, or the way to put it up."""
    found = notes.by_number(number)
    if found.post is not None:
        return see_other(f"/gifts/{found.post.ref}")
    place = {"note": str(number), "area": found.sheet.area.code}
    if found.sheet.hub is not None:
        place["hub"] = found.sheet.hub.ref
    if found.sheet.event is not None:
        place["event"] = found.sheet.event.ref
    return see_other(f"/gifts/new?{urlencode(place)}")


@boards.get("/gifts/photos/<ref>.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """The picture of a post, to those who may read the post; to be kept by everybody while the post is for all."""
    post = lists.of_photo(ref)
    for_all = lists.is_for_all(post)
    if not for_all:
        lists.readable(post.ref, current_user)
    if post.photo_file is None:
        raise NotFound(_("That photo is gone."))
    g.private = not for_all
    return _picture(send_file(photos.path(post.photo_file, settings().data_dir), mimetype="image/jpeg", max_age=3600 if for_all else 0))


def _picture(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- putting one up ------------------------------------------------------------------------------------------------------


@boards.route("/gifts/new", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("15/minute", methods=["POST"])
def new() -> Any:
    """Give something or ask for something. A stranger types first, and says who they are on the next page; what cannot stay as it is comes
    back here (`draft`).
    """
    own, kept, kind = groups(), _kept(), request.args.get("kind", "")
    form = forms.Post(data=_start(kind, kept) if request.method == "GET" else None)
    form.fill(kept.typed["kind"] if kept is not None else kind, own, people.hubs())
    made: list[str] = []

    def put_up() -> None:
        typed, picture = form.typed_values(), sent_picture() or _kept_picture(kept, form)
        if current_user.is_authenticated:
            made.append(_put_up(typed, picture, form.once_key(current_user.id), form.whose.data or "", bool(form.grown.data)))
        else:
            _judge(typed)
            made.append(drafts.put_aside(typed, picture))

    if done(form, put_up):
        if kept is not None:
            drafts.done_with(kept.ref)
        return put_up_page(made[0]) if current_user.is_authenticated else see_other(f"/gifts/drafts/{made[0]}")
    photo_again(form)
    return form_page(
        "gifts/form.html", form, post=None, kept=kept, kind=kind if kind in ("gift", "wish") else "", groups=own, asks_age=_asks_age(), desk=False,
        back=f"/gifts/drafts/{kept.ref}" if kept is not None else LIST,
    )  # fmt: skip


def _kept() -> GiftDraft | None:
    """What was typed before, to be said in another way. When its day passes meanwhile, what is sent stands by itself."""
    ref = request.args.get("draft", "")
    if not ref:
        return None
    g.private = True
    try:
        return drafts.of(ref)
    except NotFound:
        if request.method == "GET":
            raise
        return None


def _kept_picture(kept: GiftDraft | None, form: forms.Post) -> photos.Picture | None:
    return drafts.picture_of(kept) if kept is not None and not form.without_photo.data else None


def _start(kind: str, kept: GiftDraft | None) -> dict[str, Any]:
    if kept is not None:
        return forms.again(kept.typed)
    home = next((each.code for each in places.areas() if each.id == current_user.area_id), request.args.get("area", ""))
    event = events.for_all(request.args.get("event", ""))
    return {
        "kind": kind, "area": home, "days": str(rules.USUAL), "quantity": 1, "reach": "scheme", "hub": request.args.get("hub", ""),
        "event": event.ref if event else "", "note": request.args.get("note", "")[:9],
    }  # fmt: skip


def _asks_age() -> bool:
    return current_user.is_authenticated and not any(
        each.person_id == current_user.id and each.grown_at is not None for each in parties.own(current_user)
    )


def _judge(typed: dict[str, Any]) -> None:
    """What can be seen to be wrong before anybody signs in."""
    if (wrong := rules.judged(draft_of(typed), (), clock.today())) is not None:
        raise Refused(wrong.sentence, wrong.field)


def draft_of(typed: dict[str, Any]) -> rules.Draft:
    """What was typed, as the rules judge it."""
    hub = hub_id(typed["hub"])
    return forms.draft(typed, area_id(typed["area"]), -1 if typed["hub"] and hub is None else hub, event_id(typed.get("event", "")))


def hub_id(ref: str) -> int | None:
    """The hub with a reference; None: none is asked for, or there is none."""
    return next((each.id for each in people.hubs() if each.ref == ref), None) if ref else None


def event_id(ref: str) -> int | None:
    """The same of an event that everybody may know of."""
    found = events.for_all(ref)
    return found.id if found is not None else None


def _put_up(typed: dict[str, Any], picture: photos.Picture | None, once_key: str, whose: str, grown: bool) -> str:
    group = people.organisation_by_ref(whose).id if whose else None
    note = whole_number(typed.get("note"), 0) or None
    return posts.post(
        draft_of(typed),
        current_user,
        organisation_id=group,
        grown=grown,
        picture=picture,
        data_dir=settings().data_dir,
        note=note,
        once_key=once_key,
    )


def put_up_page(ref: str) -> Any:
    """On to the page of what was put up."""
    held = lists.by_ref(ref).status == "held"
    flash(
        _("Thank you! A person looks at it first, and then it stands on the board.")
        if held
        else _("It stands on the board now. Thank you!")
    )
    return see_other(f"/gifts/{ref}")


def photo_again(form: Any) -> None:
    """A browser does not send a photo twice by itself: say so where something else was wrong."""
    sent = request.files.get("photo")
    if form.errors and not form.photo.errors and sent is not None and sent.filename:
        form.refuse(_("Choose the photo once more, please."), "photo")


@boards.route("/gifts/drafts/<ref>", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("30/minute")
def draft(ref: str) -> Any:
    """What a stranger typed, as it will stand there: they sign in, and one tap puts it up."""
    g.private = True
    kept = drafts.of(ref)
    form = forms.Say()
    if not current_user.is_authenticated:
        return page(
            "gifts/draft.html",
            draft=kept,
            form=None,
            sort=rules.sort_name(kept.typed["kind"], kept.typed["sort"]),
            area=_area_name(kept),
            groups=[],
            asks_age=False,
        )
    form.fill(own := groups())
    made: list[str] = []

    def put_up() -> None:
        made.append(_put_up(kept.typed, drafts.picture_of(kept), f"draft:{ref}", form.whose.data or "", bool(form.grown.data)))

    form.words.validators = []
    if done(form, put_up):
        drafts.done_with(ref)
        return put_up_page(made[0])
    return form_page(
        "gifts/draft.html",
        form,
        draft=kept,
        sort=rules.sort_name(kept.typed["kind"], kept.typed["sort"]),
        area=_area_name(kept),
        groups=own,
        asks_age=_asks_age(),
    )


def _area_name(kept: GiftDraft) -> str:
    found = places.area_by_code(kept.typed["area"])
    return found.name if found is not None else ""


@boards.get("/gifts/drafts/<ref>.jpg")
@allow("anyone")
def draft_photo(ref: str) -> Response:
    """The photo of what a stranger typed, for who has its reference."""
    picture = drafts.picture_of(drafts.of(ref))
    if picture is None:
        raise NotFound(_("That photo is gone."))
    g.private = True
    return _picture(send_file(io.BytesIO(picture.data), mimetype="image/jpeg", max_age=0))


# --- keeping and ending --------------------------------------------------------------------------------------------------


@boards.route("/gifts/<ref>/edit", methods=["GET", "POST"])
@allow("signed in")
def edit(ref: str) -> Any:
    """Say it in another way."""
    post = lists.readable(ref, current_user)
    yours = parties.acts_as(current_user, post.party)
    if not yours and not may("help others", post):
        raise NotFound(_("We cannot find that gift or wish."))
    start = {
        "kind": post.kind, "title": post.title, "sort": post.sort, "area": post.area.code, "days": str(rules.USUAL), "quantity": post.quantity, "text": post.text,
        "until_day": post.until_day, "alt": post.photo_alt, "reach": post.reach, "hub": post.hub.ref if post.hub is not None else "", "event": post.event.ref if post.event is not None else "", "version": post.version,
    }  # fmt: skip
    form = forms.Post(data=start).fill(post.kind, [], people.hubs())

    def change() -> None:
        posts.edit(
            ref, draft_of(form.typed_values()), current_user, shown=whole_number(form.version.data), basis=None if yours else form.basis.data,
            picture=sent_picture(), without_photo=bool(form.without_photo.data), data_dir=settings().data_dir,
        )  # fmt: skip

    if done(form, change):
        flash(_("Changed."))
        return see_other(f"/gifts/{ref}")
    photo_again(form)
    return form_page("gifts/form.html", form, post=post, kind=post.kind, groups=[], asks_age=False, desk=not yours, back=f"/gifts/{ref}")


@boards.post("/gifts/<ref>/renew")
@allow("signed in")
def renew(ref: str) -> Any:
    """One tap: it stays, or is back."""
    row = posts.renew(ref, current_user, basis=request.form.get("basis"))
    held, until = row.status == "held", day(row.ends_on)
    flash(_("A person looks at it first, and then it stands on the board.") if held else _("It is on the board until %(day)s.", day=until))
    return see_other(f"/gifts/{ref}")


@boards.post("/gifts/<ref>/pause")
@allow("signed in")
def pause(ref: str) -> Any:
    posts.pause(ref, current_user, basis=request.form.get("basis"))
    flash(_("Paused. It is on no board until you put it up again."))
    return see_other(f"/gifts/{ref}")


@boards.post("/gifts/<ref>/end")
@allow("signed in")
def end(ref: str) -> Any:
    posts.end(ref, current_user, basis=request.form.get("basis"))
    flash(_("It is off the board. Thank you!"))
    return see_other(f"/gifts/{ref}")
