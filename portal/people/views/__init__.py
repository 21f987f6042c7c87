"""Signing in and out, one's own page, and the desk's list of people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, flash, g, make_response, request, session
from flask_login import current_user

from portal import photos
from portal.config import Settings
from portal.errors import Refused
from portal.history import Actor, Event
from portal.people import actions, caring, copies, forms, held, invitations, merged, queries, second, seen, sessions
from portal.people.access import Lying, proved_lately
from portal.people.model import Organisation, Person
from portal.places import queries as places
from portal.places.model import Area
from portal.web import logs
from portal.web.forms import show_phone
from portal.web.limits import limiter
from portal.web.pages import form_page, page, safe_path, see_other
from portal.web.policy import allow, may, require
from portal.words import N_, _

people = Blueprint("people", __name__)
demo_people = Blueprint("demo_people", __name__)

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


def settings() -> Settings:
    """The settings of this app."""
    found: Settings = current_app.extensions["kindling"]
    return found


def device() -> str:
    """ "Chrome on Android": enough for a person to know which browser it is, and no more."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), _("A browser"))
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return _("%(browser)s on %(system)s", browser=browser, system=system) if system else browser


def actor() -> Actor:
    """The person of this request, as events and the books name them."""
    return Actor(current_user.id)


def needs_proof() -> Any:
    """None when they proved who they are lately; else the way to do it, which comes back here. A form that was sent waits meanwhile."""
    if proved_lately(current_user):
        return None
    if request.method == "GET":
        return see_other("/people/prove?next=" + quote(request.full_path.rstrip("?")))
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    held.hold(current_user.session_id, held.Held(request.full_path.rstrip("?"), fields))
    return see_other("/people/prove?next=/people/go-on")


def saw(page: str, *whom: int | None, about: str = "") -> None:
    """This page shows what we hold about these people. It is written down when the page is there, and not for the people themselves."""
    g.setdefault("saw", []).append((page, [each for each in whom if each is not None], about))


@people.after_app_request
def note_who_saw_what(response: Response) -> Response:
    """In a transaction of its own, like the mark when a session was last seen; a page that cannot be noted is not shown."""
    shown = g.pop("saw", [])
    if response.status_code in (200, 422):
        for page_, whom, about in shown:
            seen.note(current_user, page_, whom, about)
    return response


@people.app_template_global()
def names_of(events: Iterable[Event]) -> Mapping[int, str]:
    """Who did what happened, for pages of rooms below this one; one query."""
    return queries.names(event.actor_id for event in events)


def area_id(code: str) -> int | None:
    area = places.area_by_code(code) if code else None
    return area.id if area else None


def own_areas() -> Sequence[Area]:
    """Areas in use where the person of this request helps others, theirs first."""
    mine = [area for area in places.areas() if area.kind != "scheme" and may("help others", Lying(area.id))]
    return sorted(mine, key=lambda area: (area.id != current_user.area_id, area.name))


def sent_picture() -> photos.Picture | None:
    """The photo of the form that was sent, if there is one. Refused: not one that we can read."""
    sent = request.files.get("photo")
    return photos.read(sent.read()) if sent is not None and sent.filename else None


def begin_session(token: str) -> None:
    """A fresh cookie for a fresh session: nothing of the old one is carried over."""
    session.clear()
    session.permanent = True
    session["_user_id"] = token
    session["_fresh"] = True


def renew_session() -> None:
    """They have just proved who they are: a fresh cookie for the same session."""
    session["_user_id"] = actions.renew_session(current_user.session_id)


# --- signing in ----------------------------------------------------------------------------------------------------------


@people.route("/people/sign-in", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def sign_in() -> Any:
    form = forms.SignIn()
    next_path = safe_path(request.values.get("next"))
    if form.validate_on_submit():
        assert form.address.data is not None
        channel, address = form.address.data
        try:
            session["ticket"] = send_code(channel, address, "sign-in", next_path)
        except Refused as why:
            form.refuse(why.sentence, "address")
        else:
            session["sent_to"] = show_phone(address) if channel == "sms" else address
            return see_other("/people/sign-in/code")
    return form_page("people/sign_in.html", form, next_path=next_path, persons=queries.demo_persons() if settings().demo else [])


def send_code(channel: str, address: str, purpose: str, next_path: str, person_id: int | None = None) -> str:
    """Send a link and a code; returns the ticket for this browser. Refused as for `ask_for_code`."""
    return actions.ask_for_code(
        channel, address, purpose=purpose, next_path=next_path, network=request.remote_addr or "", secret_key=settings().secret_key,
        base_url=settings().base_url, person_id=person_id,
    )  # fmt: skip


@people.route("/people/sign-in/code", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def code() -> Any:
    if "ticket" not in session:
        return see_other("/people/sign-in")
    g.private = True
    form = forms.Code()
    if form.validate_on_submit():
        try:
            done = actions.use_code(session["ticket"], form.code.data, purpose="sign-in", device=device(), secret_key=settings().secret_key)
        except Refused as why:
            logs.refused("wrong code", purpose="sign-in")
            form.refuse(why.sentence, why.field or "code")
        else:
            return _signed_in(done)
    return form_page("people/code.html", form, sent_to=session.get("sent_to", ""), action="/people/sign-in/code")


@people.route("/people/sign-in/link/<link>", methods=["GET", "POST"])
@allow("anyone")
@limiter.limit("20/minute", methods=["POST"])
def link(link: str) -> Any:
    if request.method == "POST":
        purpose = actions.purpose_of_link(link)
        session_id = current_user.session_id if current_user.is_authenticated else None
        try:
            done = actions.use_link(link, device=device(), person_id=current_user.id, session_id=session_id)
        except Refused:
            logs.refused("wrong link", purpose=purpose)
            raise
        if purpose == "prove":
            session.pop("proving", None)
            renew_session()
            return see_other(safe_path(done.next_path))
        if purpose == "change":
            flash(_("Your new address is in place."))
            return see_other("/people/me")
        return _signed_in(done)
    return page("people/link.html", link=link, purpose=actions.purpose_of_link(link))


def _signed_in(done: actions.SignedIn) -> Any:
    if done.token is None:
        session["joining"] = done.code_id
        return see_other("/people/welcome")
    return _signed_in_with(done.token, done.next_path)


def _signed_in_with(token: str, next_path: str | None) -> Any:
    """Whose roles sleep is asked for the second factor at once; their own pages are open without."""
    begin_session(token)
    who = sessions.who_has(token, second=settings().second_factor)
    path = safe_path(next_path)
    if who is None or not who.asleep:
        return see_other(path)
    return see_other(("/people/prove?next=" if who.factor else "/people/me/second-factor?next=") + quote(path))


@people.route("/people/welcome", methods=["GET", "POST"])
@allow("anyone")
def welcome() -> Any:
    if "joining" not in session:
        return see_other("/people/sign-in")
    g.private = True
    form = forms.Welcome().fill()
    if form.validate_on_submit():
        try:
            token, next_path = actions.join(session["joining"], form.name.data, area_id(form.area.data), device())
        except Refused as why:
            form.refuse(why.sentence)
        else:
            begin_session(token)
            return see_other(safe_path(next_path))
    return form_page("people/welcome.html", form)


@people.post("/people/sign-out")
@allow("signed in")
def sign_out() -> Any:
    actions.sign_out(current_user.session_id, current_user.id)
    return _gone(see_other("/"))


@people.post("/people/sign-out-everywhere")
@allow("signed in")
def sign_out_everywhere() -> Any:
    actions.sign_out_everywhere(current_user.id, actor())
    return _gone(see_other("/"))


def _gone(response: Any) -> Any:
    session.clear()
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@people.post("/people/me/sessions/<int:session_id>/end")
@allow("signed in")
def end_session(session_id: int) -> Any:
    actions.sign_out(session_id, current_user.id)
    if session_id == current_user.session_id:
        return _gone(see_other("/"))
    flash(_("That browser is signed out."))
    return see_other("/people/me")


# --- one's own page ------------------------------------------------------------------------------------------------------


@people.route("/people/me", methods=["GET", "POST"])
@allow("signed in")
def me() -> Any:
    someone = queries.person(current_user.id)
    area = next((area.code for area in places.areas() if area.id == someone.area_id), "")
    given = {
        "name": someone.name,
        "area": area,
        "channel": someone.channel,
        "postal_address": someone.postal_address,
        "large_print": someone.large_print,
    }
    form = forms.Profile(data=given).fill()
    if form.validate_on_submit():
        try:
            actions.change_profile(
                someone.id, name=form.name.data, area_id=area_id(form.area.data), channel=form.channel.data, large_print=bool(form.large_print.data),
                postal_address=form.postal_address.data,
            )  # fmt: skip
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved."))
            return see_other("/people/me")
    return form_page(
        "people/me.html", form, someone=someone, sessions=queries.sessions_of(someone.id), organisations=queries.organisations_of(someone.id),
        settings=[setting(someone) for setting in queries.SETTINGS], phone=show_phone(someone.phone) if someone.phone else "",
    )  # fmt: skip


@people.route("/people/me/address", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("10/minute", methods=["POST"])
def address() -> Any:
    if current_user.factor and (proof := needs_proof()) is not None:
        return proof  # whoever can only read their e-mail does not lead it elsewhere
    form = forms.NewAddress()
    if form.validate_on_submit():
        if (proof := needs_proof()) is not None:
            return proof  # nor does whoever found a phone
        assert form.address.data is not None
        channel, new = form.address.data
        try:
            session["changing"] = send_code(channel, new, "change", "/people/me", current_user.id)
        except Refused as why:
            form.refuse(why.sentence, "address")
        else:
            session["sent_to"] = new
            return see_other("/people/me/address/code")
    return form_page("people/address.html", form)


@people.route("/people/me/address/code", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("20/minute", methods=["POST"])
def address_code() -> Any:
    if "changing" not in session:
        return see_other("/people/me/address")
    form = forms.Code()
    if form.validate_on_submit():
        try:
            actions.use_code(session["changing"], form.code.data, purpose="change", device=device(), secret_key=settings().secret_key)
        except Refused as why:
            logs.refused("wrong code", purpose="change")
            form.refuse(why.sentence, "code")
        else:
            session.pop("changing", None)
            flash(_("Your new address is in place."))
            return see_other("/people/me")
    return form_page("people/code.html", form, sent_to=session.get("sent_to", ""), action="/people/me/address/code")


@people.route("/people/me/data", methods=["GET", "POST"])
@allow("signed in")
def data() -> Any:
    form = forms.Leave()
    if form.validate_on_submit():
        if current_user.factor and (proof := needs_proof()) is not None:
            return proof  # whoever can only read their e-mail neither takes nor ends what is theirs
        try:
            files = actions.delete_me(current_user.id, actor())
        except Refused as why:
            form.refuse(why.sentence)
        else:
            for file in files:
                photos.drop(file, settings().data_dir)
            return _gone(see_other("/people/goodbye"))
    return form_page(
        "people/data.html", form, keeps=queries.why_not_leave(current_user.id), looks=seen.at_me(current_user.id), pages=seen.PAGES,
        roles=forms.ROLE_NAMES,
    )  # fmt: skip


@people.get("/people/me/data.json")
@allow("signed in")
@limiter.limit("10/minute")
def data_json() -> Any:
    if current_user.factor and (proof := needs_proof()) is not None:
        return proof
    response = make_response(copies.as_json(queries.all_about(current_user.id)))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@people.get("/people/goodbye")
@allow("anyone")
def goodbye() -> Any:
    return page("people/goodbye.html")


@people.route("/people/groups/new", methods=["GET", "POST"])
@allow("signed in")
def new_organisation() -> Any:
    form = forms.NewOrganisation().fill()
    if form.validate_on_submit():
        actions.found_group(
            current_user.id, form.name.data, form.kind.data, area_id(form.area.data), form.charity_number.data, form.company_number.data
        )
        flash(_("You now act for %(name)s.", name=form.name.data))
        return see_other(safe_path(request.values.get("next"), "/people/me"))
    return form_page("people/new_organisation.html", form, next_path=safe_path(request.values.get("next"), "/people/me"))


def _my_group(ref: str) -> Organisation:
    found = queries.organisation_by_ref(ref)
    require("act for this group", found.id)
    return found


@people.route("/people/groups/<ref>", methods=["GET", "POST"])
@allow("signed in")
@limiter.limit("10/minute", methods=["POST"])
def group(ref: str) -> Any:
    """A group's page for those who act for it; the form asks somebody to act for it too."""
    found = _my_group(ref)
    form = forms.Invite()
    if form.validate_on_submit():
        assert form.address.data is not None
        try:
            invitations.invite(found.id, form.name.data, form.address.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Asked. %(name)s gets a message with a link now.", name=form.name.data))
            return see_other(f"/people/groups/{ref}")
    return form_page(
        "people/group.html", form, group=found, acting=queries.acting_for(found.id), waiting=invitations.waiting(found.id),
        kinds=forms.ORGANISATION_KINDS,
    )  # fmt: skip


@people.post("/people/groups/<ref>/invitations/<invitation>/withdraw")
@allow("signed in")
def withdraw_invitation(ref: str, invitation: str) -> Any:
    invitations.withdraw(_my_group(ref).id, invitation, actor())
    flash(_("Taken back. The link does not work any more."))
    return see_other(f"/people/groups/{ref}")


@people.post("/people/groups/<ref>/leave")
@allow("signed in")
def leave_group(ref: str) -> Any:
    found = _my_group(ref)
    actions.stop_acting_for(current_user.id, found.id, actor())
    flash(_("You do not act for %(name)s any more.", name=found.name))
    return see_other("/people/me")


@people.get("/people/join/<link>")
@allow("anyone")
@limiter.limit("30/minute")
def invitation(link: str) -> Any:
    """What the link is for. Opening it does nothing: mail programs open links by themselves."""
    g.private = True
    response = page("people/invitation.html", link=link, asked=invitations.by_link(link))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@people.post("/people/join/<link>")
@allow("signed in")
@limiter.limit("10/minute")
def accept_invitation(link: str) -> Any:
    g.private = True
    ref = invitations.accept(link, current_user.id)
    flash(_("Welcome. You act for this group from now on."))
    return see_other(f"/people/groups/{ref}")


@people.app_template_global()
def acting_for(bid: Any) -> str:
    """For the strip on pages of a bid: for whom this person acts there, or nothing when it is for themselves."""
    if not current_user.is_authenticated or bid is None:
        return ""
    if current_user.id == bid.helper_id and current_user.id != bid.person_id:
        return _("You are writing for %(name)s.", name=queries.person(bid.person_id).name)
    if current_user.can("act for this group", bid.organisation_id):
        return _("You act for %(name)s.", name=queries.organisation(bid.organisation_id).name)
    return ""


# --- the desk ------------------------------------------------------------------------------------------------------------


@people.get("/desk/people")
@allow("manage people")
def desk_people() -> Any:
    text = request.args.get("q", "")[:100]
    after = None
    if match := re.fullmatch(r"(PER-[0-9A-Z]{4}-[0-9A-Z]{4})", request.args.get("after", "")):
        last = queries.person_by_ref(match[1])
        after = (last.name, last.id)
    areas = None if current_user.has("administrator") else current_user.areas("officer")
    found = queries.search(text, after, limit=31, areas=areas)
    older = f"/desk/people?q={quote(text)}&after={found[29].ref}" if len(found) > 30 else None
    saw("people", *(each.id for each in found[:30]))
    return page("people/desk_list.html", found=found[:30], q=text, older=older)


people.add_app_template_filter(show_phone, "phone")


@people.get("/desk/people/<ref>")
@allow("manage people")
def desk_person(ref: str) -> Any:
    if (now := merged.person_now(queries.person_by_ref(ref).id)) is not None and may("manage people", now):
        flash(_("This record has become one with another. This is the one that is kept."))
        return see_other(f"/desk/people/{now.ref}")
    return _desk_person(ref, forms.GrantRole().fill(areas=current_user.can("grant roles")))


def _managed(ref: str) -> Any:
    """The person, for administrators and for officers of where they live. NotFound, or NotYours, which reads the same."""
    someone = queries.person_by_ref(ref)
    require("manage people", someone)
    saw("details", someone.id)
    return someone


def _desk_person(ref: str, form: Any) -> Any:
    someone = _managed(ref)
    return form_page(
        "people/desk_person.html", form, someone=someone, roles=queries.roles_of(someone.id), organisations=queries.organisations_of(someone.id),
        sessions=queries.sessions_of(someone.id), story=queries.story_of(f"person:{someone.id}"), role_names=forms.ROLE_NAMES, phone=show_phone(someone.phone) if someone.phone else "",
        event_words=EVENT_WORDS, factor=second.factor_of(someone.id) if may("reset second factors") else None,
    )  # fmt: skip


@people.route("/desk/people/<ref>/details", methods=["GET", "POST"])
@allow("manage people")
@limiter.limit("30/minute", methods=["POST"])
def desk_details(ref: str) -> Any:
    """Change for somebody how they are reached and where they live."""
    someone = _managed(ref)
    form = details_form(someone)
    if form.validate_on_submit():
        try:
            caring.change_details(someone.id, details_of(form), form.reason.data, Actor(current_user.id, someone.id, form.basis.data))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Saved. They are told, if we can reach them."))
            return see_other(f"/desk/people/{ref}" if may("manage people", queries.person_by_ref(ref)) else "/desk/people")
    return form_page(
        "people/details.html", form, name=someone.name, back=f"/desk/people/{ref}", why_not=caring.why_not(someone, current_user.id)
    )


def details_form(someone: Person, area: str | None = None) -> forms.Details:
    """The form of somebody's details, as they stand or as they were typed. `area`: the code of where they live; None: as they told us."""
    if area is None:
        area = next((each.code for each in places.areas() if each.id == someone.area_id), "")
    return forms.Details(data={**asdict(caring.Details.of(someone)), "area": area}).fill()


def details_of(form: forms.Details) -> caring.Details:
    """What was typed."""
    return caring.Details(
        name=form.name.data, email=form.email.data, phone=form.phone.data, postal_address=form.postal_address.data, channel=form.channel.data,
        large_print=bool(form.large_print.data), area_id=area_id(form.area.data),
    )  # fmt: skip


EVENT_WORDS = {
    "joined": N_("Joined"), "signed_in": N_("Signed in"), "signed_out": N_("Signed out"), "signed_out_everywhere": N_("Signed out everywhere"),
    "details_changed": N_("The desk changed details"), "profile_changed": N_("Changed their profile"), "home_changed": N_("Changed where their home is"), "address_changed": N_("Changed an address"), "role_granted": N_("Was given a role"),
    "role_ended": N_("A role ended"), "deleted": N_("Was deleted"), "copy_made": N_("The desk made a copy of everything for them"), "second_set": N_("Set up the second step"), "second_given": N_("Gave a code of the second step"),
    "second_recovery": N_("Used a recovery code"), "second_codes_made": N_("Made new recovery codes"), "second_wrong": N_("Five wrong codes of the second step"),
    "merging_asked": N_("Somebody asked to join this record with another"), "merging_dropped": N_("It was not joined with another record after all"),
    "merged": N_("Another record was joined with this one"), "merged_into": N_("Became one with another record"), "second_removed": N_("Does without the second step"), "second_reset": N_("The second step was taken away"),
}  # fmt: skip


@people.post("/desk/people/<ref>/roles")
@allow("grant roles")
def grant_role(ref: str) -> Any:
    form = forms.GrantRole().fill()
    someone = queries.person_by_ref(ref)
    if form.validate():
        try:
            actions.grant_role(someone.id, form.role.data, form.reason.data, actor(), area_id(form.area.data))
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("Done. They have the role from now on."))
            return see_other(f"/desk/people/{ref}")
    return _desk_person(ref, form)


@people.route("/desk/people/<ref>/roles/<int:role_id>/end", methods=["GET", "POST"])
@allow("grant roles")
def end_role(ref: str, role_id: int) -> Any:
    someone = queries.person_by_ref(ref)
    role = queries.role_of(someone.id, role_id)
    form = forms.EndRole()
    if form.validate_on_submit():
        try:
            actions.end_role(someone.id, role_id, form.reason.data, actor())
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("The role has ended."))
            return see_other(f"/desk/people/{ref}")
    return form_page("people/end_role.html", form, someone=someone, role=_(forms.ROLE_NAMES[role.name]))


@people.get("/desk/roles")
@allow("grant roles")
def desk_roles() -> Any:
    """Who may do what, today; and what was given and ended lately."""
    events = queries.role_events()
    names = queries.names([int(event.about.partition(":")[2]) for event in events] + [event.actor_id for event in events])
    held = queries.roles_in_force()
    roles = [(name, words, [(role, someone) for role, someone in held if role.name == name]) for name, words in forms.ROLE_NAMES.items()]
    return page("people/roles.html", roles=roles, events=events, names=names, role_names=forms.ROLE_NAMES)


@people.post("/desk/people/<ref>/sign-out")
@allow("manage people")
def desk_sign_out(ref: str) -> Any:
    actions.sign_out_everywhere(_managed(ref).id, actor())
    flash(_("They are signed out everywhere."))
    return see_other(f"/desk/people/{ref}")


@people.route("/desk/people/new", methods=["GET", "POST"])
@allow("help others")
def desk_new_person() -> Any:
    form = forms.NewPerson().fill()
    if form.validate_on_submit():
        try:
            ref = actions.enter_person(
                form.name.data, form.email.data, form.phone.data, area_id(form.area.data), form.postal_address.data, actor()
            )
        except Refused as why:
            form.refuse(why.sentence, why.field)
        else:
            flash(_("%(name)s is with us now.", name=form.name.data))
            return see_other(f"/desk/people/{ref}" if current_user.can("manage people", queries.person_by_ref(ref)) else "/desk/")
    return form_page("people/desk_new.html", form)


# --- the demo ------------------------------------------------------------------------------------------------------------


@demo_people.post("/people/sign-in/demo")
@allow("anyone")
def demo_sign_in() -> Any:
    return _signed_in_with(actions.begin_demo_session(request.form.get("person", ""), device()), request.form.get("next"))


__all__ = ["actor", "area_id", "demo_people", "needs_proof", "people", "require", "settings"]
