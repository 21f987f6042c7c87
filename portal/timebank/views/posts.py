"""Pages of offers and requests: the list, one of them, writing one, who may help, and a coordinator's requests."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, g, request, send_file
from flask_login import current_user

from portal import clock, photos
from portal.errors import NotFound, Refused
from portal.people.forms import area_choices
from portal.people.views import area_id, settings
from portal.places import queries as places
from portal.refs import clean_card, clean_ref
from portal.timebank import caring, conversations, matching, members, notices, posts, posts_leaving, search
from portal.timebank.model import Member
from portal.timebank.posts_model import Post
from portal.timebank.views import post_forms as forms
from portal.web.filters import day
from portal.web.forms import whole_number
from portal.web.limits import limiter
from portal.web.pages import done, form_page, page, see_other
from portal.web.policy import allow, may, require
from portal.words import _

posts_pages = Blueprint("posts", __name__)
assert posts_leaving  # what is told and forgotten when somebody leaves
LIST = "/timebank/posts"


def neighbour(member: Member, named: bool) -> str:
    """ "Maya in Mossgate", or "A neighbour in Mossgate" for who is no member."""
    if member.person_id is None or named:
        return _("%(name)s in %(area)s", name=notices.first_name(member), area=member.area.name)
    return _("A neighbour in %(area)s", area=member.area.name)


# --- the list ------------------------------------------------------------------------------------------------------------


@posts_pages.get(LIST)
@allow("anyone")
@limiter.limit("120/minute")
def index() -> Any:
    """What neighbours offer and ask, newest first: chips, search, pages."""
    chosen = places.area_by_code(request.args.get("area", "")) if request.args.get("area") else None
    viewer = search.viewer_of(current_user, chosen)
    kinds = members.categories()
    kind, category = request.args.get("kind", ""), request.args.get("category", "")
    filters = search.Filters(
        kind if kind in ("offer", "request") else "", category if category in {each.code for each in kinds} else "",
        request.args.get("near") == "1" and viewer.area is not None,
    )  # fmt: skip
    typed = request.args.get("q", "")[:200]
    found = search.search(typed, viewer, filters, before=whole_number(request.args.get("before"), 0) or None)
    asked = {
        "q": typed,
        "kind": filters.kind,
        "category": filters.category,
        "near": "1" if filters.near else "",
        "area": chosen.code if chosen else "",
    }
    older = _address(asked | {"before": str(found.rows[-1].id)}) if found.more else None
    return page(
        "timebank/posts.html", found=found, viewer=viewer, filters=filters, asked=asked, typed=typed, kinds=kinds, neighbour=neighbour, older=older,
        chips=_chips(asked, viewer), category_chips=_category_chips(asked, kinds), areas=area_choices(_("Anywhere")) if viewer.member is None else [],
        first=not request.args.get("before"),
    )  # fmt: skip


def _address(asked: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{LIST}?{query}" if query else LIST


def _chips(asked: dict[str, str], viewer: search.Viewer) -> list[tuple[str, str, bool]]:
    chips = [
        (words, _address(asked | {"kind": value}), asked["kind"] == value)
        for value, words in (("", _("All")), ("offer", _("Offers")), ("request", _("Requests")))
    ]
    if viewer.area is not None:
        near = not asked["near"]
        chips.append((_("Only %(area)s", area=viewer.area.name), _address(asked | {"near": "1" if near else ""}), not near))
    return chips


def _category_chips(asked: dict[str, str], kinds: Any) -> list[tuple[str, str, bool]]:
    chips = [(_("Every kind"), _address(asked | {"category": ""}), not asked["category"])]
    return chips + [(_(each.name), _address(asked | {"category": each.code}), asked["category"] == each.code) for each in kinds]


@posts_pages.get(f"{LIST}/mine")
@allow("signed in")
def mine() -> Any:
    """My own, and those of the groups for which I act, in whatever state."""
    own = members.own(current_user)
    if not own:
        return see_other("/timebank/join?next=/timebank/posts/mine")
    before = whole_number(request.args.get("before"), 0) or None
    rows = posts.of_members([each.id for each in own], before=before, limit=search.PAGE + 1)
    return page(
        "timebank/posts_mine.html", rows=rows[: search.PAGE], own=own, states=posts.STATES, today=clock.today(),
        older=f"{LIST}/mine?before={rows[search.PAGE - 1].id}" if len(rows) > search.PAGE else None,
    )  # fmt: skip


# --- one of them ---------------------------------------------------------------------------------------------------------


@posts_pages.get(f"{LIST}/<ref>")
@allow("anyone")
def one(ref: str) -> Any:
    """One offer or request: for its owner with what they may do, for others with the way to answer."""
    post = posts.readable(ref, current_user)
    own = members.own(current_user) if current_user.is_authenticated else []
    yours = any(each.id == post.member_id for each in own)
    desk = current_user.is_authenticated and not yours and may("help others", post.member)
    writing = [each for each in own if each.status == "active" and each.id != post.member_id]
    known = conversations.with_me(post, [each.id for each in own]) if own and not yours else None
    return page(
        "timebank/post.html", post=post, yours=yours, desk=desk, own=own, writing=writing, known=known, live=posts.is_live(post), state=posts.STATES[post.status],
        talks=conversations.about_post(post) if yours else [], who=neighbour(post.member, bool(own) or desk), form=forms.Say(formdata=None).fill(writing),
        reaches=forms.REACHES, today=clock.today(), days=posts.DAYS[post.kind], first_name=notices.first_name,
    )  # fmt: skip


@posts_pages.get(f"{LIST}/photos/<ref>.jpg")
@allow("anyone")
def photo(ref: str) -> Response:
    """The picture of a post, to those who may read the post; for everybody while it is in the lists."""
    post = posts.of_photo(ref)
    live = posts.is_live(post)
    if not live:
        posts.readable(post.ref, current_user)
    if post.photo_file is None:
        raise NotFound(_("That photo is gone."))
    g.private = not live
    response = send_file(photos.path(post.photo_file, settings().data_dir), mimetype="image/jpeg", max_age=3600 if live else 0)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- writing one ---------------------------------------------------------------------------------------------------------


@posts_pages.route(f"{LIST}/new", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def new() -> Any:
    """Offer something or ask for something; a coordinator also for a member (`?for=` the number on the card)."""
    given = clean_ref(request.args.get("for", ""))
    whom = members.by_ref(given) if given else None
    if whom is not None and not members.acts_as(current_user, whom):
        members.helped(whom.ref, current_user)
    own = [whom] if whom is not None else members.own(current_user)
    if not own:
        return see_other("/timebank/join?next=/timebank/posts/new")
    kind = request.args.get("kind", "")
    start = {"kind": kind, "area": own[0].area.code, "reach": "linked"}
    form = forms.Post(data=start if request.method == "GET" else None).fill(own, members.categories())
    helped = whom if whom is not None and not members.acts_as(current_user, whom) else None
    made: list[str] = []

    def post_it() -> None:
        made.append(
            posts.post(
                form.whose.data or own[0].ref, form.draft(form.kind.data or "", area_id(form.area.data)), current_user,
                basis=form.basis.data if helped is not None else None, picture=_picture(), data_dir=settings().data_dir, once_key=form.once_key(current_user.id),
            )
        )  # fmt: skip

    if done(form, post_it):
        if form.kind.data == "request":
            flash(_("It is in the list now. See who may help."))
            return see_other(f"{LIST}/{made[0]}/helpers")
        flash(_("It is in the list now. Thank you!"))
        return see_other(f"{LIST}/{made[0]}")
    return form_page(
        "timebank/post_form.html", form, post=None, kind=kind if kind in ("offer", "request") else "", own=own, helped=helped, back=LIST
    )


def _picture() -> photos.Picture | None:
    sent = request.files.get("photo")
    return photos.read(sent.read()) if sent is not None and sent.filename else None


def _writable(ref: str) -> tuple[Post, bool]:
    """A post that the reader may change, and whether as a coordinator; not found for everybody else."""
    post = posts.by_ref(ref)
    yours = members.acts_as(current_user, post.member)
    if not yours:
        require("help others", post.member)
    return post, not yours


@posts_pages.route(f"{LIST}/<ref>/edit", methods=["GET", "POST"])
@allow("signed in")
def edit(ref: str) -> Any:
    """Say it in another way."""
    post, desk = _writable(ref)
    start = {
        "kind": post.kind, "title": post.title, "category": post.category.code, "area": post.area.code, "reach": post.reach, "when_words": post.when_words,
        "text": post.text, "from_day": post.from_day, "until_day": post.until_day, "tags": post.tags, "alt": post.photo_alt, "version": post.version,
    }  # fmt: skip
    form = forms.Post(data=start).fill([post.member], members.categories())

    def change() -> None:
        posts.edit(
            ref, form.draft(post.kind, area_id(form.area.data)), current_user, shown=whole_number(form.version.data), basis=form.basis.data if desk else None,
            picture=_picture(), without_photo=bool(form.without_photo.data), data_dir=settings().data_dir,
        )  # fmt: skip

    if done(form, change):
        flash(_("Changed."))
        return see_other(f"{LIST}/{ref}")
    return form_page(
        "timebank/post_form.html",
        form,
        post=post,
        kind=post.kind,
        own=[post.member],
        helped=post.member if desk else None,
        back=f"{LIST}/{ref}",
    )


@posts_pages.post(f"{LIST}/<ref>/renew")
@allow("signed in")
def renew(ref: str) -> Any:
    """One tap: it stays, or is back."""
    until = posts.renew(ref, current_user).ends_on
    flash(_("It is in the list until %(day)s.", day=day(until)))
    return see_other(f"{LIST}/{ref}")


@posts_pages.post(f"{LIST}/<ref>/pause")
@allow("signed in")
def pause(ref: str) -> Any:
    posts.pause(ref, current_user)
    flash(_("Paused. It is in no list until you put it up again."))
    return see_other(f"{LIST}/{ref}")


@posts_pages.post(f"{LIST}/<ref>/end")
@allow("signed in")
def end(ref: str) -> Any:
    how = request.form.get("how", "")
    posts.end(ref, how, current_user)
    flash(_("Lovely! It is out of the list.") if how == "met" else _("It is out of the list."))
    return see_other(f"{LIST}/{ref}")


# --- answering, asking ---------------------------------------------------------------------------------------------------


@posts_pages.route(f"{LIST}/<ref>/answer", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def answer(ref: str) -> Any:
    """Write to whoever posted it. A coordinator there may do it for a member, by the number on the card."""
    post = posts.readable(ref, current_user)
    own = [each for each in members.own(current_user) if each.status == "active" and each.id != post.member_id]
    desk = may("help others") and request.values.get("behalf") == "1"
    if not own and not desk:
        return see_other(f"/timebank/join?next={LIST}/{ref}/answer")
    form = forms.Say().fill(own)
    begun: list[str] = []

    def write() -> None:
        mine = own[0].ref if own else ""
        if desk:
            mine = clean_card(form.number.data or "") or ""
            if not mine:
                raise Refused(_("Write the number on their card, like MEM-2345-6789."), "number")
        elif form.whose.data:
            mine = form.whose.data
        try:
            begun.append(
                conversations.answer(
                    ref,
                    mine,
                    form.words.data,
                    current_user,
                    basis=form.basis.data if desk else None,
                    once_key=form.once_key(current_user.id),
                )
            )
        except NotFound as why:
            if not desk:
                raise
            raise Refused(why.sentence, "number") from why

    if done(form, write):
        flash(_("Sent. They hear of it now, and we tell you when they answer."))
        return see_other("/timebank/desk/requests" if desk else f"/timebank/conversations/{begun[0]}")
    return form_page(
        "timebank/post_answer.html", form, post=post, own=own, desk=desk, who=neighbour(post.member, True), back=f"{LIST}/{ref}"
    )


@posts_pages.route(f"{LIST}/<ref>/helpers", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("30/minute", methods=["POST"])
def helpers(ref: str) -> Any:
    """Who may help with a request, and why; asking one of them is one tap."""
    post, desk = _writable(ref)
    if post.kind != "request":
        raise NotFound(_("We cannot find that page."))
    form = forms.Invite().fill()
    helper = clean_ref(request.form.get("helper", "")) or ""

    def invite() -> None:
        whom = members.by_ref(helper)
        words = _("Hello %(name)s, could you help with this? “%(title)s”", name=notices.first_name(whom), title=post.title)
        conversations.invite(ref, helper, words, current_user, basis=form.basis.data if desk else None)

    if done(form, invite):
        flash(_("Asked. They hear of it now, and we tell you when they answer."))
        return see_other(f"{LIST}/{ref}/helpers")
    return form_page(
        "timebank/post_helpers.html",
        form,
        post=post,
        desk=desk,
        live=posts.is_live(post),
        suggested=matching.helpers_for(post),
        first_name=notices.first_name,
        name=members.name_of,
        reached=lambda member: caring.reached(member, current_user) if desk else (),
    )


# --- a coordinator -------------------------------------------------------------------------------------------------------


@posts_pages.get("/timebank/desk/requests")
@allow("help others")
def desk_requests() -> Any:
    """What nobody has met for two weeks, the oldest first, with who asked and how to reach them."""
    after = whole_number(request.args.get("after"), 0) or None
    rows = posts.unmet(current_user.areas("connector", "officer"), after=after, limit=search.PAGE + 1)
    return page(
        "timebank/desk_requests.html", rows=rows[: search.PAGE], today=clock.today(), london_day=clock.london_day,
        older=f"/timebank/desk/requests?after={rows[search.PAGE - 1].id}" if len(rows) > search.PAGE else None,
    )  # fmt: skip


@posts_pages.route(f"{LIST}/<ref>/manage", methods=["GET", "POST"])
@allow("help others")
def manage(ref: str) -> Any:
    """Do for a member what they say by telephone or on paper."""
    post, desk = _writable(ref)
    if not desk:
        return see_other(f"{LIST}/{ref}")
    form = forms.Manage().fill(post.kind)

    def act() -> None:
        basis = form.basis.data
        if form.act.data in ("met", "ended"):
            posts.end(ref, form.act.data, current_user, basis=basis)
        elif form.act.data == "pause":
            posts.pause(ref, current_user, basis=basis)
        else:
            posts.renew(ref, current_user, basis=basis)

    if done(form, act):
        flash(_("Done."))
        return see_other(f"{LIST}/{ref}")
    return form_page("timebank/post_manage.html", form, post=post, back=f"{LIST}/{ref}")


@posts_pages.route(f"{LIST}/<ref>/take-down", methods=["GET", "POST"])
@allow("help others")
def take_down(ref: str) -> Any:
    """Out of the lists for good, with the reason to its owner."""
    post, desk = _writable(ref)
    if not desk:
        return see_other(f"{LIST}/{ref}")
    form = forms.TakeDown()
    if done(form, lambda: posts.take_down(ref, form.reason.data, current_user)):
        flash(_("Taken down. Its owner hears why."))
        return see_other(f"{LIST}/{ref}")
    return form_page("timebank/post_take_down.html", form, post=post, back=f"{LIST}/{ref}")
